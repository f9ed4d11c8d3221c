"""What the kernels of `lanes_pop` and `lanes_push` have in common.

They code arrays of symbols: one lane, or four side by side. ``indexes`` is an int32 array, or
``None`` where table 0 serves all: numba compiles each case for itself, when it is first needed.
Lanes do not wait for each other, which hides the latency of the arithmetic; four of them are
written out because numba keeps only named variables in registers. The inner loops call nothing
that takes arrays apart from the primitives, do not let those read arrays under a condition, and
leave what is rare (escapes) to an outer loop: numba would count references to the arrays within
the loop otherwise. A loop that one kernel alone uses is inlined before it is compiled, which
spares compiling it by itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.kernels import kernel

__all__ = [
    "BAD_TABLES",
    "DONE",
    "UNFINISHED",
    "Indexes",
    "close_lane",
    "fit_each_other",
    "open_lane",
]

# Statuses; a symbol that cannot be coded is reported as its negative position, less 1.
DONE = 0
UNFINISHED = 1
BAD_TABLES = 2

Indexes = npt.NDArray[np.int32] | None
Words = npt.NDArray[np.uint32]


def open_lane(words: Words, floor: int, end: int) -> tuple[int, int]:
    """Return the state and the place from which ``words[floor:end]`` are decoded.

    The function for Python of what `compress.coders.ans.init` is for kernels. Raises
    `CorruptError` if the words end with a zero, which no encoder writes.
    """
    state = 0
    place = end
    while place > floor and end - place < 2:
        place -= 1
        state = state << 32 | int(words[place])
        if state == 0:
            raise CorruptError("the words of a lane end with a zero")
    return state, place


def close_lane(state: int) -> Words:
    """Return the words that end a lane whose encoder has this state; `open_lane` undoes it."""
    parts = [part for part in (state & 0xFFFFFFFF, state >> 32) if part or state >> 32]
    return np.array(parts, dtype=np.uint32)


@kernel()
def fit_each_other(
    cumulative: np.ndarray, start: np.ndarray, low: np.ndarray, escape: np.ndarray
) -> bool:
    """Whether the arrays fit each other, so that no slot can lie outside ``cumulative``."""
    tables = len(low)
    good = tables > 0 and len(start) == tables + 1 and len(escape) == tables
    if good:
        good = start[0] == 0 and start[tables] == len(cumulative)
        for t in range(tables):
            good = good and start[t + 1] - start[t] >= 2
    return good
