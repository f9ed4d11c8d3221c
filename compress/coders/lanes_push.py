"""Kernels that encode arrays of symbols; see `compress.coders.lanes`."""

from __future__ import annotations

import numpy as np

from compress.coders.ans import (
    ESCAPE_PIECES,
    Scalar,
    encode_symbol,
    escape_intervals,
    push_interval,
)
from compress.coders.lanes import BAD_TABLES, DONE, Indexes, fit_each_other
from compress.kernels import inlined, kernel

__all__ = ["encode_lanes"]


@inlined(inline="always")
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
            slot = np.uint64(np.int64(symbols[i])) - np.uint64(low[t])
            escaped = slot >= size
            if escaped:
                break
            state, place = encode_symbol(state, place, limit, words, cumulative, first + slot)
            i -= step
        if not (escaped and escapes):
            break
        count = escape_intervals(np.int64(symbols[i]), low[t], size, pieces)
        for piece in range(count - 1, -1, -1):
            state, place = push_interval(
                state, place, limit, words, np.uint64(pieces[0, piece]), np.uint64(pieces[1, piece])
            )
        state, place = encode_symbol(state, place, limit, words, cumulative, first + size)
        i -= step
    return i, state, place


@inlined(inline="always")
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
        slot0 = np.uint64(np.int64(symbols[i])) - low0
        slot1 = np.uint64(np.int64(symbols[i + 1])) - low1
        slot2 = np.uint64(np.int64(symbols[i + 2])) - low2
        slot3 = np.uint64(np.int64(symbols[i + 3])) - low3
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


@kernel(
    *(
        f"i8(const({symbols}[::1]), {indexes}, const(u4[::1]), const(i8[::1]), const(i8[::1]), "
        "const(b1[::1]), u4[::1], u8[::1], u8[::1], const(u8[::1]))"
        for symbols, indexes in (("i2", "None"), ("i8", "None"), ("i8", "const(i4[::1])"))
    )
)
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
    symbols : ndarray, int64, or int16 without indexes
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
        A status.
    """
    lanes = len(states)
    n = len(symbols)
    if (
        len(places) != lanes
        or len(limits) != lanes
        or not fit_each_other(cumulative, start, low, escape)
    ):
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
