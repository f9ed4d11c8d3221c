"""Intervals that are coded without a model, and the words of those that were recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import flush, pop_interval, push_interval, quantile
from compress.kernels import kernel

__all__ = ["FULL", "flat", "stack"]

FULL = 16777216
"""What the masses of a decision sum to."""
_ZERO = np.uint64(0)


@kernel(error_model="numpy")
def flat(
    decoding: bool,
    value: int,
    low: int,
    high: int,
    state: int,
    place: int,
    words: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    masses: npt.NDArray[np.uint32],
    recorded: int,
) -> tuple[int, int, int, int]:
    """Code a value that is uniform on ``low .. high - 1``, 16 bits at most at a time."""
    span = high - low
    found = low
    while span > 1:
        shift = 0
        while (span - 1) >> shift > 65535:
            shift += 1
        pieces = ((span - 1) >> shift) + 1
        mass = FULL // pieces
        if decoding:
            piece: Any = min(np.int64(quantile(state)) // mass, pieces - 1)
            state, place = pop_interval(
                state, place, _ZERO, words, np.uint64(piece * mass), np.uint64(mass)
            )
        else:
            piece = (value - found) >> shift
            starts[recorded] = piece * mass
            masses[recorded] = mass
            recorded += 1
        found += piece << shift
        span = 1 << shift
    return min(found, high - 1), state, place, recorded


@kernel(error_model="numpy")
def stack(
    starts: npt.NDArray[np.uint32],
    masses: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint32],
) -> int:
    """Code recorded intervals, the last one first; returns the number of words."""
    state = _ZERO
    place = _ZERO
    limit = np.uint64(len(words) - 1)
    for i in range(len(starts) - 1, -1, -1):
        state, place = push_interval(
            state, place, limit, words, np.uint64(starts[i]), np.uint64(masses[i])
        )
    count: int = flush(state, place, limit, words)
    return count
