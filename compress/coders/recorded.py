"""Intervals that are recorded in the order in which a decoder meets them, and coded afterwards.

A model that learns while it codes runs forward on both sides, but the coder encodes last to first.
So an encoder records, in one of two forms: a start and a mass of each interval (two uint32), or,
where there are but two intervals at a time, a decision: the mass of "yes", which comes first, and
the answer in the top bit (one uint32, half the memory). Masses of a decision sum to `TOTAL`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import Scalar, pop_interval, push_interval, quantile
from compress.coders.lanes import close_lane
from compress.kernels import kernel

__all__ = [
    "ANSWER_SHIFT",
    "TOTAL",
    "decision_bits",
    "encode_decisions",
    "encode_intervals",
    "interval_bits",
    "push_intervals",
    "uniform",
]

TOTAL = 1 << 24
"""What the masses of all that may come next sum to."""
ANSWER_SHIFT = 31
"""Where the answer of a decision stands, above the mass of "yes"."""

Words = npt.NDArray[np.uint32]

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_WHOLE = np.uint64(TOTAL)
_MASS = np.uint32(TOTAL - 1)
_ANSWER = np.uint32(ANSWER_SHIFT)
# Bits of a uniform value that are coded at a time.
_PIECE_LIMIT = (1 << 16) - 1


def encode_intervals(starts: Words, masses: Words) -> Words:
    """Encode recorded intervals; one lane.

    Parameters
    ----------
    starts, masses : ndarray, uint32, shape (n,)
        ``start + mass <= 2**24`` and ``mass >= 1``; as `compress.coders.ans` defines them.

    Returns
    -------
    ndarray, uint32
        constriction's words.

    Raises
    ------
    ValueError
        If the arrays differ in length or an interval is impossible.
    """
    left, mass = (np.ascontiguousarray(array, dtype=np.uint32) for array in (starts, masses))
    state, place = np.zeros(1, np.uint64), np.zeros(1, np.uint64)
    words = np.empty(len(left) + 1, np.uint32)
    if not push_intervals(left, mass, words, state, place):
        raise ValueError("starts and masses must be as many, and end within 0..2**24")
    return np.append(words[: int(place[0])], close_lane(int(state[0])))


def encode_decisions(decisions: Words) -> Words:
    """Encode recorded decisions; one lane.

    Parameters
    ----------
    decisions : ndarray, uint32, shape (n,)
        Masses of "yes" from 1 to 2**24 - 1, the answers at `ANSWER_SHIFT`.

    Returns
    -------
    ndarray, uint32
        constriction's words.

    Raises
    ------
    ValueError
        If a mass is 0.
    """
    state, place = np.zeros(1, np.uint64), np.zeros(1, np.uint64)
    words = np.empty(len(decisions) + 1, np.uint32)
    if not _push_decisions(decisions, words, state, place):
        raise ValueError("both answers of a decision must have a mass")
    return np.append(words[: int(place[0])], close_lane(int(state[0])))


def interval_bits(masses: Words) -> npt.NDArray[np.float64]:
    """Return the code length of each recorded interval."""
    return np.asarray(TOTAL.bit_length() - 1 - np.log2(masses))


def decision_bits(decisions: Words) -> float:
    """Return the code length of all recorded decisions."""
    yes = (decisions & _MASS).astype(np.float64) / TOTAL
    return -float(np.log2(np.where(decisions >> _ANSWER, yes, 1.0 - yes)).sum())


@kernel("b1(const(u4[::1]), const(u4[::1]), u4[::1], u8[::1], u8[::1])")
def push_intervals(
    starts: np.ndarray,
    masses: np.ndarray,
    words: np.ndarray,
    states: np.ndarray,
    places: np.ndarray,
) -> Any:
    """Push recorded intervals, last to first, in one lane; False if one is impossible."""
    n = len(starts)
    if len(masses) != n or len(states) != 1 or len(places) != 1:
        return False
    state, place = states[0], places[0]
    # One word a push at most, and a spare one.
    if len(words) == 0 or place + np.uint64(n) >= np.uint64(len(words)):
        return False
    limit = np.uint64(len(words) - 1)
    good: Scalar = True
    for i in range(n - 1, -1, -1):
        start = np.uint64(starts[i])
        mass = np.uint64(masses[i])
        good = good and mass > _ZERO and start + mass <= _WHOLE
        state, place = push_interval(state, place, limit, words, start, max(mass, _ONE))
    states[0], places[0] = state, place
    return good


@kernel("b1(const(u4[::1]), u4[::1], u8[::1], u8[::1])")
def _push_decisions(
    decisions: np.ndarray, words: np.ndarray, states: np.ndarray, places: np.ndarray
) -> Any:
    """Push recorded decisions, last to first, in one lane; False if one is impossible."""
    n = len(decisions)
    state, place = states[0], places[0]
    if place + np.uint64(n) >= np.uint64(len(words)):
        return False
    limit = np.uint64(len(words) - 1)
    good: Scalar = True
    for i in range(n - 1, -1, -1):
        yes = np.uint64(decisions[i] & _MASS)
        good = good and yes > _ZERO
        answer = decisions[i] >> _ANSWER
        start = _ZERO if answer else yes
        mass = max(yes, _ONE) if answer else _WHOLE - yes
        state, place = push_interval(state, place, limit, words, start, mass)
    states[0], places[0] = state, place
    return good


@kernel(error_model="numpy")
def uniform(
    decoding: bool,
    value: int,
    low: int,
    high: int,
    state: int,
    place: int,
    words: Words,
    starts: Words,
    masses: Words,
    recorded: int,
) -> tuple[int, int, int, int]:
    """Code a value that is uniform on ``low .. high - 1``, 16 bits at most at a time.

    Returns the value, the state and the place of the decoder, and the number of intervals that are
    recorded. One shorter than ``2**61`` takes four.
    """
    span = high - low
    found = low
    while span > 1:
        shift = 0
        while (span - 1) >> shift > _PIECE_LIMIT:
            shift += 1
        pieces = ((span - 1) >> shift) + 1
        mass = TOTAL // pieces
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
