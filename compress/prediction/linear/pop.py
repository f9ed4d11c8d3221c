"""Decoding of residuals: four sequences side by side, each sample by the scale before it.

As in `compress.coders.lanes_pop`, the inner loop is written out four times and leaves escapes to
an outer one, for numba would count references to arrays in it otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import locate, look_up, pop_escape, pop_interval, quantile
from compress.kernels import inlined
from compress.prediction.linear.scale import averaged, class_of, shift_of
from compress.prediction.linear.walk import Integers

__all__ = ["pop_four", "pop_one"]

_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)
_PRECISION = np.uint64(24)


@inlined(inline="always")
def _found(
    kind: Any,
    state: Any,
    bits: Any,
    chosen: Integers,
    cumulative: npt.NDArray[np.uint32],
    start: Integers,
    escape: npt.NDArray[np.bool_],
    entries: npt.NDArray[np.uint64],
) -> tuple[Any, Any, Any, Any, Any]:
    """Find the mass that a state points at: table, slot, distance to its start, mass, escape."""
    table = np.uint64(chosen[kind])
    wanted = quantile(state)
    entry = entries[(table << bits) + (wanted >> (_PRECISION - bits))]
    slot, rest, mass = look_up(wanted, entry)
    escaped = False
    if rest >= mass:
        first = np.uint64(start[table])
        last = np.uint64(start[table + _ONE]) - _TWO
        slot, rest, mass = locate(wanted, entry, first, last, cumulative)
        escaped = escape[table] and first + slot == last
    return table, slot, rest, mass, escaped


@inlined(inline="always")
def _with_low_bits(
    token: Any, kind: Any, bit: Any, room: Any, packed: npt.NDArray[np.uint64]
) -> tuple[Any, Any]:
    """Return the residual of a token, and where the next low bits begin."""
    width = np.uint64(shift_of(kind))
    # What is read beyond the end is refused after the block.
    at, used = min(bit, room) >> np.uint64(6), bit & np.uint64(63)
    # Shifted twice, for a shift by 64 is not defined.
    above = (packed[at + _ONE] << _ONE) << (np.uint64(63) - used)
    low = ((packed[at] >> used) | above) & ((_ONE << width) - _ONE)
    return (np.int64(token) << np.int64(width)) | np.int64(low), bit + width


@inlined(inline="always")
def pop_four(
    residuals: Integers,
    begin: Any,
    end: Any,
    averages: Integers,
    states: npt.NDArray[np.uint64],
    places: npt.NDArray[np.uint64],
    floors: npt.NDArray[np.uint64],
    bit: Any,
    room: Any,
    near: Any,
    far: Any,
    bits: Any,
    chosen: Integers,
    cumulative: npt.NDArray[np.uint32],
    start: Integers,
    lows: Integers,
    escape: npt.NDArray[np.bool_],
    entries: npt.NDArray[np.uint64],
    words: npt.NDArray[np.uint32],
    packed: npt.NDArray[np.uint64],
) -> tuple[Any, Any]:
    """Decode residuals from ``begin`` on, a multiple of four; stops before an escape.

    Returns the first that is not decoded, and the number of low bits.
    """
    state0, state1, state2, state3 = states[0], states[1], states[2], states[3]
    place0, place1, place2, place3 = places[0], places[1], places[2], places[3]
    floor0, floor1, floor2, floor3 = floors[0], floors[1], floors[2], floors[3]
    f0, f1, f2, f3 = averages[0], averages[1], averages[2], averages[3]
    s0, s1, s2, s3 = averages[4], averages[5], averages[6], averages[7]
    cut = _PRECISION - bits
    i = begin
    while i < end:
        kind = class_of(f0 + s0)
        table = np.uint64(chosen[kind])
        wanted = quantile(state0)
        entry = entries[(table << bits) + (wanted >> cut)]
        slot, rest, mass = look_up(wanted, entry)
        if rest >= mass:
            first, last = np.uint64(start[table]), np.uint64(start[table + _ONE]) - _TWO
            slot, rest, mass = locate(wanted, entry, first, last, cumulative)
            if escape[table] and first + slot == last:
                break
        state0, place0 = pop_interval(state0, place0, floor0, words, wanted - rest, mass)
        token = lows[table] + np.int64(slot)
        residual, bit = _with_low_bits(token, kind, bit, room, packed)
        residuals[i] = residual
        f0 = averaged(f0, residual, near)
        s0 = averaged(s0, residual, far)
        i += _ONE
        kind = class_of(f1 + s1)
        table = np.uint64(chosen[kind])
        wanted = quantile(state1)
        entry = entries[(table << bits) + (wanted >> cut)]
        slot, rest, mass = look_up(wanted, entry)
        if rest >= mass:
            first, last = np.uint64(start[table]), np.uint64(start[table + _ONE]) - _TWO
            slot, rest, mass = locate(wanted, entry, first, last, cumulative)
            if escape[table] and first + slot == last:
                break
        state1, place1 = pop_interval(state1, place1, floor1, words, wanted - rest, mass)
        token = lows[table] + np.int64(slot)
        residual, bit = _with_low_bits(token, kind, bit, room, packed)
        residuals[i] = residual
        f1 = averaged(f1, residual, near)
        s1 = averaged(s1, residual, far)
        i += _ONE
        kind = class_of(f2 + s2)
        table = np.uint64(chosen[kind])
        wanted = quantile(state2)
        entry = entries[(table << bits) + (wanted >> cut)]
        slot, rest, mass = look_up(wanted, entry)
        if rest >= mass:
            first, last = np.uint64(start[table]), np.uint64(start[table + _ONE]) - _TWO
            slot, rest, mass = locate(wanted, entry, first, last, cumulative)
            if escape[table] and first + slot == last:
                break
        state2, place2 = pop_interval(state2, place2, floor2, words, wanted - rest, mass)
        token = lows[table] + np.int64(slot)
        residual, bit = _with_low_bits(token, kind, bit, room, packed)
        residuals[i] = residual
        f2 = averaged(f2, residual, near)
        s2 = averaged(s2, residual, far)
        i += _ONE
        kind = class_of(f3 + s3)
        table = np.uint64(chosen[kind])
        wanted = quantile(state3)
        entry = entries[(table << bits) + (wanted >> cut)]
        slot, rest, mass = look_up(wanted, entry)
        if rest >= mass:
            first, last = np.uint64(start[table]), np.uint64(start[table + _ONE]) - _TWO
            slot, rest, mass = locate(wanted, entry, first, last, cumulative)
            if escape[table] and first + slot == last:
                break
        state3, place3 = pop_interval(state3, place3, floor3, words, wanted - rest, mass)
        token = lows[table] + np.int64(slot)
        residual, bit = _with_low_bits(token, kind, bit, room, packed)
        residuals[i] = residual
        f3 = averaged(f3, residual, near)
        s3 = averaged(s3, residual, far)
        i += _ONE
    states[0], states[1], states[2], states[3] = state0, state1, state2, state3
    places[0], places[1], places[2], places[3] = place0, place1, place2, place3
    averages[0], averages[1], averages[2], averages[3] = f0, f1, f2, f3
    averages[4], averages[5], averages[6], averages[7] = s0, s1, s2, s3
    return i, bit


@inlined(inline="always")
def pop_one(
    residuals: Integers,
    i: Any,
    averages: Integers,
    states: npt.NDArray[np.uint64],
    places: npt.NDArray[np.uint64],
    floors: npt.NDArray[np.uint64],
    bit: Any,
    room: Any,
    near: Any,
    far: Any,
    bits: Any,
    chosen: Integers,
    cumulative: npt.NDArray[np.uint32],
    start: Integers,
    lows: Integers,
    escape: npt.NDArray[np.bool_],
    entries: npt.NDArray[np.uint64],
    words: npt.NDArray[np.uint32],
    packed: npt.NDArray[np.uint64],
) -> Any:
    """Decode a residual, which may be an escape; returns the number of low bits."""
    lane = i & _THREE
    fast, slow = averages[lane], averages[lane + _THREE + _ONE]
    kind = class_of(fast + slow)
    state = states[lane]
    table, slot, rest, mass, escaped = _found(
        kind, state, bits, chosen, cumulative, start, escape, entries
    )
    state, place = pop_interval(
        state, places[lane], floors[lane], words, quantile(state) - rest, mass
    )
    token = lows[table] + np.int64(slot)
    if escaped:
        token, state, place = pop_escape(state, place, floors[lane], words, lows[table], slot)
    residual, bit = _with_low_bits(token, kind, bit, room, packed)
    residuals[i] = residual
    averages[lane] = averaged(fast, residual, near)
    averages[lane + _THREE + _ONE] = averaged(slow, residual, far)
    states[lane], places[lane] = state, place
    return bit
