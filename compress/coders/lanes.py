"""Kernels that code arrays of symbols: one lane, or four side by side.

``indexes`` is an int32 array, or ``None`` where table 0 serves all: numba compiles each case for
itself, when it is first needed. Lanes do not wait for each other, which hides the latency of the
arithmetic; four of them are written out because numba keeps only named variables in registers.
The inner loops call nothing that takes arrays apart from the primitives and leave what is rare
(escapes) to an outer loop: numba would count references to the arrays within the loop otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from compress.coders.ans import (
    ESCAPE_PIECES,
    Scalar,
    encode_symbol,
    escape_intervals,
    pop_escape,
    pop_interval,
    push_interval,
    quantile,
)

__all__ = ["BAD_TABLES", "DONE", "UNFINISHED", "decode_lanes", "encode_lanes", "push_intervals"]

# Verdicts; a symbol that cannot be encoded is reported as its negative position, less 1.
DONE = 0
UNFINISHED = 1
BAD_TABLES = 2

Indexes = npt.NDArray[np.int32] | None

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_PRECISION = np.uint64(24)
_NEVER = np.uint64((1 << 64) - 1)
_TOTAL = np.uint64(1 << 24)


@njit(cache=True, nogil=True)
def _fit(cumulative: np.ndarray, start: np.ndarray, low: np.ndarray, escape: np.ndarray) -> bool:
    """Whether the arrays fit each other, so that no slot can lie outside ``cumulative``."""
    tables = len(low)
    good = tables > 0 and len(start) == tables + 1 and len(escape) == tables
    if good:
        good = start[0] == 0 and start[tables] == len(cumulative)
        for t in range(tables):
            good = good and start[t + 1] - start[t] >= 2
    return good


@njit(forceinline=True)
def _locate(
    wanted: Scalar, first: Scalar, last: Scalar, cumulative: np.ndarray
) -> tuple[Scalar, Scalar, Scalar]:
    """Scan up from slot ``first`` to the one that holds ``wanted``; slot, start, mass."""
    slot = min(first, last)
    left = np.uint64(cumulative[slot])
    right = np.uint64(cumulative[slot + _ONE])
    while right <= wanted and slot < last:
        slot += _ONE
        left = right
        right = np.uint64(cumulative[slot + _ONE])
    return slot, left, right - left


@njit(cache=True, nogil=True)
def _pop_lane(
    words: np.ndarray,
    floor: Scalar,
    state: Scalar,
    place: Scalar,
    symbols: np.ndarray,
    first: int,
    step: int,
    stop: int,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    slots: np.ndarray,
    bits: Scalar,
) -> tuple[int, Scalar, Scalar]:
    """Pop the symbols ``first:stop:step``; returns the first not popped, state, place."""
    t: Scalar = 0
    i = first
    tables = len(low)
    last = np.uint64(start[1]) - _TWO
    shift = _PRECISION - bits
    escaped: Scalar = False
    while i < stop:
        while i < stop:
            if indexes is not None:
                t = np.int64(indexes[i])
                if not 0 <= t < tables:
                    break
                last = np.uint64(start[t + 1]) - _TWO
            wanted = quantile(state)
            slot = np.uint64(slots[(np.uint64(t) << bits) + (wanted >> shift)])
            slot, left, mass = _locate(wanted, slot, last, cumulative)
            state, place = pop_interval(state, place, floor, words, left, mass)
            symbols[i] = low[t] + (np.int64(slot) - start[t])
            escaped = slot == last and escape[t]
            if escaped:
                break
            i += step
        if not escaped:
            break
        symbols[i], state, place = pop_escape(
            state, place, floor, words, low[t], last - np.uint64(start[t])
        )
        escaped = False
        i += step
    return i, state, place


@njit(cache=True, nogil=True)
def _pop_four(
    words: np.ndarray,
    floors: Scalar,
    states: Scalar,
    places: Scalar,
    symbols: np.ndarray,
    first: int,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    slots: np.ndarray,
    bits: Scalar,
) -> int:
    """Pop groups of four symbols from ``first`` on, until one of a group is an escape."""
    i = first
    stop = len(symbols) - 3
    tables = len(low)
    shift = _PRECISION - bits
    s0, s1, s2, s3 = states[0], states[1], states[2], states[3]
    p0, p1, p2, p3 = places[0], places[1], places[2], places[3]
    f0, f1, f2, f3 = floors[0], floors[1], floors[2], floors[3]
    t0: Scalar = 0
    t1: Scalar = 0
    t2: Scalar = 0
    t3: Scalar = 0
    # What depends on the table is kept in variables: the compiler has to assume that a store to
    # ``symbols`` might change the arrays.
    last0 = last1 = last2 = last3 = np.uint64(start[1]) - _TWO
    out0 = out1 = out2 = out3 = last0 if escape[0] else _NEVER
    add0 = add1 = add2 = add3 = low[0] - start[0]
    row0 = row1 = row2 = row3 = _ZERO
    while i < stop:
        if indexes is not None:
            t0 = np.int64(indexes[i])
            t1 = np.int64(indexes[i + 1])
            t2 = np.int64(indexes[i + 2])
            t3 = np.int64(indexes[i + 3])
            if min(t0, t1, t2, t3) < 0 or max(t0, t1, t2, t3) >= tables:
                break
            last0 = np.uint64(start[t0 + 1]) - _TWO
            out0 = last0 if escape[t0] else _NEVER
            add0 = low[t0] - start[t0]
            row0 = np.uint64(t0) << bits
            last1 = np.uint64(start[t1 + 1]) - _TWO
            out1 = last1 if escape[t1] else _NEVER
            add1 = low[t1] - start[t1]
            row1 = np.uint64(t1) << bits
            last2 = np.uint64(start[t2 + 1]) - _TWO
            out2 = last2 if escape[t2] else _NEVER
            add2 = low[t2] - start[t2]
            row2 = np.uint64(t2) << bits
            last3 = np.uint64(start[t3 + 1]) - _TWO
            out3 = last3 if escape[t3] else _NEVER
            add3 = low[t3] - start[t3]
            row3 = np.uint64(t3) << bits
        q0, q1, q2, q3 = quantile(s0), quantile(s1), quantile(s2), quantile(s3)
        slot0 = np.uint64(slots[row0 + (q0 >> shift)])
        slot1 = np.uint64(slots[row1 + (q1 >> shift)])
        slot2 = np.uint64(slots[row2 + (q2 >> shift)])
        slot3 = np.uint64(slots[row3 + (q3 >> shift)])
        slot0, left0, mass0 = _locate(q0, slot0, last0, cumulative)
        slot1, left1, mass1 = _locate(q1, slot1, last1, cumulative)
        slot2, left2, mass2 = _locate(q2, slot2, last2, cumulative)
        slot3, left3, mass3 = _locate(q3, slot3, last3, cumulative)
        if (slot0 == out0) | (slot1 == out1) | (slot2 == out2) | (slot3 == out3):
            break
        s0, p0 = pop_interval(s0, p0, f0, words, left0, mass0)
        s1, p1 = pop_interval(s1, p1, f1, words, left1, mass1)
        s2, p2 = pop_interval(s2, p2, f2, words, left2, mass2)
        s3, p3 = pop_interval(s3, p3, f3, words, left3, mass3)
        symbols[i] = add0 + np.int64(slot0)
        symbols[i + 1] = add1 + np.int64(slot1)
        symbols[i + 2] = add2 + np.int64(slot2)
        symbols[i + 3] = add3 + np.int64(slot3)
        i += 4
    states[0], states[1], states[2], states[3] = s0, s1, s2, s3
    places[0], places[1], places[2], places[3] = p0, p1, p2, p3
    return i


@njit(cache=True, nogil=True)
def decode_lanes(
    words: np.ndarray,
    floors: np.ndarray,
    states: np.ndarray,
    places: np.ndarray,
    symbols: np.ndarray,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    slots: np.ndarray,
    bits: int,
) -> int:
    """Pop symbols, first to last, symbol i from lane i mod L.

    Parameters
    ----------
    words : ndarray, uint32
        The words of all lanes.
    floors, places : ndarray, uint64, shape (L,)
        Lane l has ``words[floors[l]:places[l]]`` left.
    states : ndarray, uint64, shape (L,)
        States and places are read and written.
    symbols : ndarray, int64
        Written.
    indexes : ndarray, int32, or None
    cumulative, start, low, escape
        The tables.
    slots : ndarray, uint32
        For each table and each value of the quantile's upper ``bits`` bits, the first slot that
        it can be in.
    bits : int

    Returns
    -------
    int
        A verdict; `UNFINISHED` where a lane has something left, which only the last block of a
        stream may not.
    """
    lanes = len(states)
    n = len(symbols)
    tables = len(low)
    if len(places) != lanes or len(floors) != lanes or not _fit(cumulative, start, low, escape):
        return BAD_TABLES
    if (indexes is not None and len(indexes) != n) or not 0 <= bits <= 24:
        return BAD_TABLES
    if len(slots) != tables << bits:
        return BAD_TABLES
    for lane in range(lanes):
        if places[lane] >= np.uint64(len(words)):
            return BAD_TABLES
    width = np.uint64(bits)
    begin = 0
    while begin < n:
        stop = n
        if lanes == 4:
            begin = _pop_four(
                words, floors, states, places, symbols, begin, indexes,
                cumulative, start, low, escape, slots, width,
            )  # fmt: skip
            stop = min(begin + 4, n)
        for lane in range(lanes):
            reached, states[lane], places[lane] = _pop_lane(
                words, floors[lane], states[lane], places[lane], symbols, begin + lane, lanes, stop,
                indexes, cumulative, start, low, escape, slots, width,
            )  # fmt: skip
            if reached < stop:
                return -1 - reached
        begin = stop
    for lane in range(lanes):
        if places[lane] != floors[lane] or states[lane] != _ZERO:
            return UNFINISHED
    return DONE


@njit(cache=True, nogil=True)
def _push_lane(
    symbols: np.ndarray,
    last: int,
    step: int,
    stop: int,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    words: np.ndarray,
    state: Scalar,
    place: Scalar,
    limit: Scalar,
) -> tuple[int, Scalar, Scalar]:
    """Push the symbols ``last:stop:-step``; returns the first not pushed, state, place."""
    pieces = np.empty((2, ESCAPE_PIECES), np.uint32)
    t: Scalar = 0
    i = last
    tables = len(low)
    first = np.uint64(start[0])
    escapes = escape[0]
    size = np.uint64(start[1] - start[0] - 1 - escapes)
    while i > stop:
        escaped: Scalar = False
        while i > stop:
            if indexes is not None:
                t = np.int64(indexes[i])
                if not 0 <= t < tables:
                    break
                first = np.uint64(start[t])
                escapes = escape[t]
                size = np.uint64(start[t + 1] - start[t] - 1 - escapes)
            # Wraps for symbols below, which makes them large.
            slot = np.uint64(symbols[i]) - np.uint64(low[t])
            escaped = slot >= size
            if escaped:
                break
            state, place = encode_symbol(state, place, limit, words, cumulative, first + slot)
            i -= step
        if not (escaped and escapes):
            break
        count = escape_intervals(symbols[i], low[t], size, pieces)
        for piece in range(count - 1, -1, -1):
            state, place = push_interval(
                state, place, limit, words, np.uint64(pieces[0, piece]), np.uint64(pieces[1, piece])
            )
        state, place = encode_symbol(state, place, limit, words, cumulative, first + size)
        i -= step
    return i, state, place


@njit(cache=True, nogil=True)
def _push_four(
    symbols: np.ndarray,
    last: int,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    words: np.ndarray,
    states: np.ndarray,
    places: np.ndarray,
    limits: np.ndarray,
) -> int:
    """Push groups of four symbols that end at ``last``, until one of a group is outside."""
    tables = len(low)
    s0, s1, s2, s3 = states[0], states[1], states[2], states[3]
    p0, p1, p2, p3 = places[0], places[1], places[2], places[3]
    e0, e1, e2, e3 = limits[0], limits[1], limits[2], limits[3]
    t0: Scalar = 0
    t1: Scalar = 0
    t2: Scalar = 0
    t3: Scalar = 0
    size0 = size1 = size2 = size3 = np.uint64(start[1] - start[0] - 1 - escape[0])
    first0 = first1 = first2 = first3 = np.uint64(start[0])
    low0 = low1 = low2 = low3 = np.uint64(low[0])
    i = last - 3
    while i >= 0:
        if indexes is not None:
            t0 = np.int64(indexes[i])
            t1 = np.int64(indexes[i + 1])
            t2 = np.int64(indexes[i + 2])
            t3 = np.int64(indexes[i + 3])
            if min(t0, t1, t2, t3) < 0 or max(t0, t1, t2, t3) >= tables:
                break
            first0 = np.uint64(start[t0])
            size0 = np.uint64(start[t0 + 1] - start[t0] - 1 - escape[t0])
            low0 = np.uint64(low[t0])
            first1 = np.uint64(start[t1])
            size1 = np.uint64(start[t1 + 1] - start[t1] - 1 - escape[t1])
            low1 = np.uint64(low[t1])
            first2 = np.uint64(start[t2])
            size2 = np.uint64(start[t2 + 1] - start[t2] - 1 - escape[t2])
            low2 = np.uint64(low[t2])
            first3 = np.uint64(start[t3])
            size3 = np.uint64(start[t3 + 1] - start[t3] - 1 - escape[t3])
            low3 = np.uint64(low[t3])
        slot0 = np.uint64(symbols[i]) - low0
        slot1 = np.uint64(symbols[i + 1]) - low1
        slot2 = np.uint64(symbols[i + 2]) - low2
        slot3 = np.uint64(symbols[i + 3]) - low3
        if (slot0 >= size0) | (slot1 >= size1) | (slot2 >= size2) | (slot3 >= size3):
            break
        s0, p0 = encode_symbol(s0, p0, e0, words, cumulative, first0 + slot0)
        s1, p1 = encode_symbol(s1, p1, e1, words, cumulative, first1 + slot1)
        s2, p2 = encode_symbol(s2, p2, e2, words, cumulative, first2 + slot2)
        s3, p3 = encode_symbol(s3, p3, e3, words, cumulative, first3 + slot3)
        i -= 4
    states[0], states[1], states[2], states[3] = s0, s1, s2, s3
    places[0], places[1], places[2], places[3] = p0, p1, p2, p3
    return i + 3


@njit(cache=True, nogil=True)
def encode_lanes(
    symbols: np.ndarray,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    words: np.ndarray,
    states: np.ndarray,
    places: np.ndarray,
    limits: np.ndarray,
) -> int:
    """Push symbols, last to first, symbol i in lane i mod L.

    Parameters
    ----------
    symbols : ndarray, int64
    indexes : ndarray, int32, or None
    cumulative, start, low, escape
        The tables.
    words : ndarray, uint32
        Room for all lanes.
    states, places : ndarray, uint64, shape (L,)
        Where each lane stands; read and written.
    limits : ndarray, uint64, shape (L,)
        Where each lane's room ends. A place beyond says that its words did not fit.

    Returns
    -------
    int
        A verdict.
    """
    lanes = len(states)
    n = len(symbols)
    if len(places) != lanes or len(limits) != lanes or not _fit(cumulative, start, low, escape):
        return BAD_TABLES
    if indexes is not None and len(indexes) != n:
        return BAD_TABLES
    for lane in range(lanes):
        if limits[lane] >= np.uint64(len(words)):
            return BAD_TABLES
    end = n - 1
    while end >= 0:
        stop = -1
        if lanes == 4:
            if end % 4 == 3:
                end = _push_four(
                    symbols, end, indexes, cumulative, start, low, escape,
                    words, states, places, limits,
                )  # fmt: skip
            stop = end - 1 - end % 4 if end >= 0 else -1
        for lane in range(lanes):
            reached, states[lane], places[lane] = _push_lane(
                symbols, end - (end - lane) % lanes, lanes, stop,
                indexes, cumulative, start, low, escape,
                words, states[lane], places[lane], limits[lane],
            )  # fmt: skip
            if reached > stop:
                return -1 - reached
        end = stop
    return DONE


@njit(cache=True, nogil=True)
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
        good = good and mass > _ZERO and start + mass <= _TOTAL
        state, place = push_interval(state, place, limit, words, start, max(mass, _ONE))
    states[0], places[0] = state, place
    return good
