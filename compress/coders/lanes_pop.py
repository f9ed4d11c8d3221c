"""Kernels that decode arrays of symbols; see `compress.coders.lanes`."""

from __future__ import annotations

import numpy as np

from compress.coders.ans import Scalar, locate, look_up, pop_escape, pop_interval, quantile
from compress.coders.lanes import BAD_TABLES, DONE, UNFINISHED, Indexes, fit_each_other
from compress.kernels import inlined, kernel

__all__ = ["decode_lanes"]

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)
_FOUR = np.uint64(4)
_PRECISION = np.uint64(24)
_MASK = np.uint64((1 << 24) - 1)
_WORD = np.uint64(32)
_REFILL = np.uint64(1 << 32)
_REFILL_SHIFT = np.uint64(8)


@inlined(inline="always")
def _pop_lane(
    words: np.ndarray,
    floor: Scalar,
    state: Scalar,
    place: Scalar,
    symbols: np.ndarray,
    first: Scalar,
    step: Scalar,
    stop: Scalar,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    entries: np.ndarray,
    bits: Scalar,
) -> tuple[Scalar, Scalar, Scalar]:
    """Pop the symbols ``first:stop:step``; returns the first not popped, state, place.

    One state waits for itself, so what counts is the latency from one to the next. The state is
    held as its upper 40 bits and its quantile: after a refill the quantile comes from the words
    alone, and the next look-up need not wait for the multiplication. For that the refill is a
    branch here.
    """
    t: Scalar = 0
    i = first
    tables = len(low)
    shift = _PRECISION - bits
    row = _ZERO
    lowest = low[0]
    slot = rest = mass = _ZERO
    high, wanted = state >> _PRECISION, state & _MASK
    escaped: Scalar = False
    # Wraps, compiled or not.
    narrow = symbols.dtype.type
    while i < stop:
        while i < stop:
            if indexes is not None:
                t = np.int64(indexes[i])
                if not 0 <= t < tables:
                    break
                row, lowest = np.uint64(t) << bits, low[t]
            entry = entries[row + (wanted >> shift)]
            slot, rest, mass = look_up(wanted, entry)
            if rest >= mass:
                base, last = np.uint64(start[t]), np.uint64(start[t + 1]) - _TWO
                slot, rest, mass = locate(wanted, entry, base, last, cumulative)
                escaped = escape[t] and base + slot == last
                if escaped:
                    break
            symbols[i] = narrow(lowest + np.int64(slot))
            state = high * mass + rest
            if state < _REFILL and place > floor:
                place -= _ONE
                word = np.uint64(words[place])
                wanted = word & _MASK
                high = (state << _REFILL_SHIFT) | (word >> _PRECISION)
            else:
                wanted = state & _MASK
                high = state >> _PRECISION
            i += step
        if not escaped:
            break
        state, place = pop_interval(
            (high << _PRECISION) | wanted, place, floor, words, wanted - rest, mass
        )
        symbol, state, place = pop_escape(state, place, floor, words, low[t], slot)
        symbols[i] = narrow(symbol)
        high, wanted = state >> _PRECISION, state & _MASK
        escaped = False
        i += step
    return i, (high << _PRECISION) | wanted, place


@inlined(forceinline=True)
def _refill(state: Scalar, place: Scalar, words: np.ndarray) -> tuple[Scalar, Scalar]:
    """Take a word in if it is due; there must be one."""
    # Without a branch: four lanes wait less for the arithmetic than for a wrong guess.
    filled = (state << _WORD) | np.uint64(words[place - _ONE])
    short = state < _REFILL
    return filled if short else state, place - _ONE if short else place


@inlined(inline="always")
def _pop_four(
    words: np.ndarray,
    floors: Scalar,
    states: Scalar,
    places: Scalar,
    symbols: np.ndarray,
    first: Scalar,
    indexes: Indexes,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    entries: np.ndarray,
    bits: Scalar,
) -> Scalar:
    """Pop symbols from ``first`` on, a multiple of four; returns the first not popped.

    Stops before an escape, and where a lane has no words left.
    """
    i = first
    end = np.uint64(len(symbols) & -4)
    tables = len(low)
    shift = _PRECISION - bits
    s0, s1, s2, s3 = states[0], states[1], states[2], states[3]
    p0, p1, p2, p3 = places[0], places[1], places[2], places[3]
    f0, f1, f2, f3 = floors[0], floors[1], floors[2], floors[3]
    t: Scalar = 0
    row = _ZERO
    lowest = low[0]
    base, last = np.uint64(start[0]), np.uint64(start[1]) - _TWO
    escapes = escape[0]
    good: Scalar = True
    narrow = symbols.dtype.type
    while good and i < end and p0 > f0 and p1 > f1 and p2 > f2 and p3 > f3:
        # A symbol takes one word at most, so within these groups no lane runs out.
        groups = min(p0 - f0, p1 - f1, p2 - f2, p3 - f3)
        stop = i + min(end - i, _FOUR * groups)
        good = False
        while i < stop:
            if indexes is not None:
                t = np.int64(indexes[i])
                if not 0 <= t < tables:
                    break
                row, lowest = np.uint64(t) << bits, low[t]
            wanted = quantile(s0)
            entry = entries[row + (wanted >> shift)]
            slot, rest, mass = look_up(wanted, entry)
            if rest >= mass:
                if indexes is not None:
                    base, last = np.uint64(start[t]), np.uint64(start[t + 1]) - _TWO
                    escapes = escape[t]
                slot, rest, mass = locate(wanted, entry, base, last, cumulative)
                if escapes and base + slot == last:
                    break
            s0, p0 = _refill((s0 >> _PRECISION) * mass + rest, p0, words)
            symbols[i] = narrow(lowest + np.int64(slot))
            if indexes is not None:
                t = np.int64(indexes[i + _ONE])
                if not 0 <= t < tables:
                    i += _ONE
                    break
                row, lowest = np.uint64(t) << bits, low[t]
            wanted = quantile(s1)
            entry = entries[row + (wanted >> shift)]
            slot, rest, mass = look_up(wanted, entry)
            if rest >= mass:
                if indexes is not None:
                    base, last = np.uint64(start[t]), np.uint64(start[t + 1]) - _TWO
                    escapes = escape[t]
                slot, rest, mass = locate(wanted, entry, base, last, cumulative)
                if escapes and base + slot == last:
                    i += _ONE
                    break
            s1, p1 = _refill((s1 >> _PRECISION) * mass + rest, p1, words)
            symbols[i + _ONE] = narrow(lowest + np.int64(slot))
            if indexes is not None:
                t = np.int64(indexes[i + _TWO])
                if not 0 <= t < tables:
                    i += _TWO
                    break
                row, lowest = np.uint64(t) << bits, low[t]
            wanted = quantile(s2)
            entry = entries[row + (wanted >> shift)]
            slot, rest, mass = look_up(wanted, entry)
            if rest >= mass:
                if indexes is not None:
                    base, last = np.uint64(start[t]), np.uint64(start[t + 1]) - _TWO
                    escapes = escape[t]
                slot, rest, mass = locate(wanted, entry, base, last, cumulative)
                if escapes and base + slot == last:
                    i += _TWO
                    break
            s2, p2 = _refill((s2 >> _PRECISION) * mass + rest, p2, words)
            symbols[i + _TWO] = narrow(lowest + np.int64(slot))
            if indexes is not None:
                t = np.int64(indexes[i + _THREE])
                if not 0 <= t < tables:
                    i += _THREE
                    break
                row, lowest = np.uint64(t) << bits, low[t]
            wanted = quantile(s3)
            entry = entries[row + (wanted >> shift)]
            slot, rest, mass = look_up(wanted, entry)
            if rest >= mass:
                if indexes is not None:
                    base, last = np.uint64(start[t]), np.uint64(start[t + 1]) - _TWO
                    escapes = escape[t]
                slot, rest, mass = locate(wanted, entry, base, last, cumulative)
                if escapes and base + slot == last:
                    i += _THREE
                    break
            s3, p3 = _refill((s3 >> _PRECISION) * mass + rest, p3, words)
            symbols[i + _THREE] = narrow(lowest + np.int64(slot))
            i += _FOUR
        else:
            good = True
    states[0], states[1], states[2], states[3] = s0, s1, s2, s3
    places[0], places[1], places[2], places[3] = p0, p1, p2, p3
    return i


@kernel(
    "i8(const(u4[::1]), const(u8[::1]), u8[::1], u8[::1], i8[::1], None, const(u4[::1]), "
    "const(i8[::1]), const(i8[::1]), const(b1[::1]), const(u8[::1]), i8)",
    "i8(const(u4[::1]), const(u8[::1]), u8[::1], u8[::1], i8[::1], const(i4[::1]), "
    "const(u4[::1]), const(i8[::1]), const(i8[::1]), const(b1[::1]), const(u8[::1]), i8)",
)
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
    entries: np.ndarray,
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
    symbols : ndarray of int64, or of int32 or int16, modulo which symbols are then
        Written.
    indexes : ndarray, int32, or None
    cumulative, start, low, escape
        The tables.
    entries : ndarray, uint64
    bits : int
        The look-up: `compress.coders.Tables.lookup`.

    Returns
    -------
    int
        A status; `UNFINISHED` where a lane has something left, which only the last block of a
        stream may not.
    """
    lanes = len(states)
    n = len(symbols)
    tables = len(low)
    if (
        len(places) != lanes
        or len(floors) != lanes
        or not fit_each_other(cumulative, start, low, escape)
    ):
        return BAD_TABLES
    if (indexes is not None and len(indexes) != n) or not 0 <= bits <= 24:
        return BAD_TABLES
    if len(entries) != tables << bits:
        return BAD_TABLES
    for lane in range(lanes):
        if places[lane] >= np.uint64(len(words)):
            return BAD_TABLES
    width = np.uint64(bits)
    step, end = np.uint64(lanes), np.uint64(n)
    begin: Scalar = _ZERO
    while begin < end:
        stop = end
        if lanes == 4:
            begin = _pop_four(
                words, floors, states, places, symbols, begin, indexes,
                cumulative, start, low, escape, entries, width,
            )  # fmt: skip
            # After an escape back to four; where a lane has no words left, the end is near.
            resume: Scalar = True
            for lane in range(lanes):
                resume = resume and places[lane] > floors[lane]
            if resume:
                stop = min((begin | _THREE) + _ONE, end)
        for turn in range(lanes):
            i = begin + np.uint64(turn)
            lane = i % step
            reached, states[lane], places[lane] = _pop_lane(
                words, floors[lane], states[lane], places[lane], symbols, i, step, stop,
                indexes, cumulative, start, low, escape, entries, width,
            )  # fmt: skip
            if reached < stop:
                return -1 - int(reached)
        begin = stop
    for lane in range(lanes):
        if places[lane] != floors[lane] or states[lane] != _ZERO:
            return UNFINISHED
    return DONE
