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

from compress.kernels import kernel

__all__ = ["BAD_TABLES", "DONE", "UNFINISHED", "Indexes", "fit_each_other"]

# Verdicts; a symbol that cannot be coded is reported as its negative position, less 1.
DONE = 0
UNFINISHED = 1
BAD_TABLES = 2

Indexes = npt.NDArray[np.int32] | None


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
