"""The kernels that code samples: residuals and their tokens, and back.

Four sequences are walked side by side, block by block. The decoder first decodes the residuals of
a block, each with the table of its scale class, then adds the predictions up. Predictions are
float64 sums in a fixed order, from the oldest sample to the latest. In planes that are not wide
all of these are integers times fractions that 53 bits hold nearly always; where they do not, both
sides round alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.coders.ans import locate, look_up, pop_escape, pop_interval, quantile
from compress.kernels import inlined, kernel
from compress.prediction.linear.lattice import MOST_ORDER, STEPS, Floats, step_up
from compress.prediction.linear.scale import CLASSES, RAMP_BITS, averaged, class_of, rate_at, shift_of

__all__ = ["NARROW", "Tables", "Walk", "residuals_of", "tokens_of", "walk_back"]

Integers = npt.NDArray[np.int64]

# Samples of planes that are not wide are below this in size, their residuals below four times it:
# sums of both are exact in float64.
NARROW = 1 << 50
_MOST_RESIDUAL = 1 << 52
# Predictions of wide planes are kept within int64.
_HIGHEST = float(1 << 62)
# Symbols of four sequences that the slow average takes at one rate.
_RAMP = np.uint64(4 << RAMP_BITS)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)
_WORD = np.uint64(64)
_PRECISION = np.uint64(24)


class Walk(NamedTuple):
    """What a plane's samples are coded by, beside the predictors.

    Attributes
    ----------
    block : int
        Samples of a sequence that have one predictor.
    centre : int
        What is taken off every sample; wraps modulo 2**64.
    wide : bool
        Whether samples less the centre reach `NARROW`.
    fast, slow : int
        Rates of the two averages.
    start : int
        The averages begin with two to this power.
    """

    block: int
    centre: int
    wide: bool
    fast: int
    slow: int
    start: int


class Tables(NamedTuple):
    """The tables of the classes; see `compress.tables.TableSet`.

    Attributes
    ----------
    cumulative, start, low, escape
        The tables.
    bits, entries : int and uint64 array (T << bits,)
        Their look-up.
    """

    cumulative: npt.NDArray[np.uint32]
    start: Integers
    low: Integers
    escape: npt.NDArray[np.bool_]
    bits: int
    entries: npt.NDArray[np.uint64]


@inlined(forceinline=True)
def _fits(
    sequences: Integers, orders: Integers, reflections: npt.NDArray[np.int8], how: Walk
) -> Any:
    """Whether arrays and numbers fit each other, so that no index can be outside."""
    rows, length = sequences.shape
    good = (
        rows > 0 and rows % 4 == 0 and how.block > 0
        and orders.shape[0] == rows and reflections.shape[0] == rows
        and orders.shape[1] * how.block >= length
        and reflections.shape[1] == orders.shape[1]
        and reflections.shape[2] == MOST_ORDER
        and 0 <= how.fast < 16 and 0 <= how.slow < 16
        and 0 <= how.start < 57
    )  # fmt: skip
    if good:
        for row in range(rows):
            for block in range(orders.shape[1]):
                order = orders[row, block]
                good = good and 0 <= order <= MOST_ORDER
                for i in range(MOST_ORDER):
                    good = good and abs(np.int64(reflections[row, block, i])) < STEPS
    return good


@inlined(forceinline=True)
def _predictor(reflections: npt.NDArray[np.int8], order: Any, weights: Floats) -> None:
    for i in range(order):
        step_up(weights, np.int64(reflections[i]), i)


@kernel()
def _predicted(past: Floats, count: int, weights: Floats, order: int, expected: Floats) -> None:
    """Predict ``count`` samples that stand in ``past`` behind `MOST_ORDER` earlier ones."""
    for i in range(count):
        expected[i] = 0.5
    lag = order
    # Four weights at a time, in their order: sums stay in registers.
    while lag >= 4:
        a, b, c, d = weights[lag - 1], weights[lag - 2], weights[lag - 3], weights[lag - 4]
        begin = np.uint64(MOST_ORDER - lag)
        for i in range(count):
            at = begin + np.uint64(i)
            total = expected[i] + a * past[at]
            total = total + b * past[at + np.uint64(1)]
            total = total + c * past[at + np.uint64(2)]
            expected[i] = total + d * past[at + np.uint64(3)]
        lag -= 4
    while lag > 0:
        a = weights[lag - 1]
        begin = np.uint64(MOST_ORDER - lag)
        for i in range(count):
            expected[i] += a * past[begin + np.uint64(i)]
        lag -= 1
    for i in range(count):
        expected[i] = np.floor(expected[i])


@inlined(forceinline=True)
def _total(past: Floats, at: Any, step: Any, weights: Floats, order: Any) -> Any:
    """Return a prediction before it is rounded down, from samples ``step`` apart."""
    total = 0.5
    for lag in range(order, 0, -1):
        total = total + weights[lag - 1] * past[at - step * lag]
    return total


@kernel()
def _predict_first(
    past: Floats, count: int, reflections: npt.NDArray[np.int8], order: int, expected: Floats
) -> None:
    """Predict the first samples of a sequence: each by an order as high as it has samples."""
    weights = np.zeros(MOST_ORDER)
    for i in range(min(order, count)):
        expected[i] = np.floor(_total(past, MOST_ORDER + i, 1, weights, i))
        step_up(weights, np.int64(reflections[i]), i)


@kernel()
def residuals_of(
    samples: Integers,
    begin: int,
    count: int,
    how: Walk,
    reflections: npt.NDArray[np.int8],
    order: int,
    past: Floats,
    expected: Floats,
    out: Integers,
) -> bool:
    """Write the residuals of a block; false where they are too large for a plane not wide.

    ``past`` and ``expected`` are scratch, of `MOST_ORDER` more entries than a block and of as many.
    """
    for i in range(MOST_ORDER):
        at = begin - MOST_ORDER + i
        past[i] = np.float64(samples[max(at, 0)] - how.centre) if at >= 0 else 0.0
    for i in range(count):
        past[MOST_ORDER + i] = np.float64(samples[begin + i] - how.centre)
    weights = np.zeros(MOST_ORDER)
    _predictor(reflections, order, weights)
    _predicted(past, count, weights, order, expected)
    if begin == 0:
        _predict_first(past, count, reflections, order, expected)
    if how.wide:
        for i in range(count):
            near = min(max(expected[i], -_HIGHEST), _HIGHEST)
            out[i] = samples[begin + i] - how.centre - np.int64(near)
        return True
    largest = 0.0
    for i in range(count):
        expected[i] = past[MOST_ORDER + i] - expected[i]
        largest = max(largest, abs(expected[i]))
    if not largest < _MOST_RESIDUAL:
        return False
    for i in range(count):
        out[i] = np.int64(expected[i])
    return True


@kernel(
    "i8(const(i8[:, ::1]), i8[:, ::1], i1[:, :, ::1], Walk(i8, i8, b1, i8, i8, i8), "
    "const(i8[::1]), i8[::1], i4[::1], u8[::1])"
)
def tokens_of(
    sequences: Integers,
    orders: Integers,
    reflections: npt.NDArray[np.int8],
    how: Walk,
    chosen: Integers,
    tokens: Integers,
    kinds: npt.NDArray[np.int32],
    packed: npt.NDArray[np.uint64],
) -> int:
    """Predict the samples of a plane, and write tokens, their tables and their low bits.

    Blocks whose residuals are too large get order 0. ``chosen`` says the table of each class.

    Returns
    -------
    int
        How many low bits there are; -1 if the arrays do not fit each other, or are too short.
    """
    rows, length = sequences.shape
    if not _fits(sequences, orders, reflections, how):
        return -1
    if tokens.size != sequences.size or kinds.size != tokens.size or packed.size == 0:
        return -1
    if chosen.size != CLASSES:
        return -1
    past = np.zeros(MOST_ORDER + how.block)
    expected = np.zeros(how.block)
    residuals = np.zeros((4, how.block), np.int64)
    classes = np.zeros(4 * how.block, np.uint8)
    fast = np.zeros(4, np.int64)
    slow = np.zeros(4, np.int64)
    place = filled = pending = _ZERO
    room = np.uint64(packed.size)
    for group in range(rows // 4):
        fast[:] = np.int64(1) << how.start
        slow[:] = np.int64(1) << how.start
        for block in range(orders.shape[1]):
            begin = block * how.block
            count = min(how.block, length - begin)
            if count <= 0:
                break
            for lane in range(4):
                row = 4 * group + lane
                if not residuals_of(
                    sequences[row], begin, count, how, reflections[row, block],
                    orders[row, block], past, expected, residuals[lane],
                ):  # fmt: skip
                    orders[row, block] = 0
                    residuals_of(
                        sequences[row], begin, count, how, reflections[row, block], 0,
                        past, expected, residuals[lane],
                    )  # fmt: skip
                f, s = fast[lane], slow[lane]
                for i in range(count):
                    residual = residuals[lane, i]
                    classes[4 * i + lane] = class_of(f + s)
                    f = averaged(f, residual, how.fast)
                    s = averaged(s, residual, rate_at(begin + i, how.slow))
                fast[lane], slow[lane] = f, s
            at = np.uint64((group * length + begin) * 4)
            for i in range(4 * count):
                kind = np.int64(classes[i])
                residual = residuals[i & 3, i >> 2]
                width = np.uint64(shift_of(kind))
                tokens[at] = residual >> np.int64(width)
                kinds[at] = chosen[kind]
                at += _ONE
                # There are fewer than 64 low bits, so that shifts are defined.
                value = np.uint64(residual) & ((_ONE << width) - _ONE)
                pending |= value << filled
                filled += width
                if filled >= _WORD:
                    if place + _ONE >= room:
                        return -1
                    packed[place] = pending
                    place += _ONE
                    filled -= _WORD
                    # The shift is less than 64, for then no bit of this value would be in.
                    pending = value >> (width - filled)
    packed[place] = pending
    return np.int64(place * _WORD + filled)


@inlined(forceinline=True)
def _warm_up(
    past: Floats,
    count: Any,
    reflections: npt.NDArray[np.int8],
    orders: Integers,
    row: Any,
    wide: Any,
    residuals: Integers,
) -> None:
    """Turn the first residuals of four sequences into samples; see `_predict_first`."""
    for lane in range(4):
        weights = np.zeros(MOST_ORDER)
        order = 0
        for i in range(count):
            at = 4 * (MOST_ORDER + i) + lane
            total = np.floor(_total(past, at, 4, weights, order))
            if wide:
                near = np.int64(min(max(total, -_HIGHEST), _HIGHEST))
                value = residuals[4 * i + lane] + near
                residuals[4 * i + lane] = value
                past[at] = np.float64(value)
            else:
                past[at] += total
            if order < orders[row + lane, 0]:
                step_up(weights, np.int64(reflections[row + lane, 0, order]), order)
                order += 1


@inlined(forceinline=True)
def _side_by_side(past: Floats, first: Any, count: Any, weights: Floats, order: Any) -> None:
    """Turn residuals into samples, four sequences at once; see `_predicted` for the order.

    ``past`` holds rows of four: `MOST_ORDER` earlier samples, then the residuals. ``weights`` are
    rows of four, that of the oldest sample first.
    """
    lags = np.uint64(4) * np.uint64(order)
    for i in range(first, count):
        at = np.uint64(4 * (MOST_ORDER + i))
        before = at - lags
        a, b, c, d = 0.5, 0.5, 0.5, 0.5
        j = _ZERO
        while j < lags:
            a = a + weights[j] * past[before + j]
            b = b + weights[j + np.uint64(1)] * past[before + j + np.uint64(1)]
            c = c + weights[j + np.uint64(2)] * past[before + j + np.uint64(2)]
            d = d + weights[j + np.uint64(3)] * past[before + j + np.uint64(3)]
            j += np.uint64(4)
        past[at] += np.floor(a)
        past[at + np.uint64(1)] += np.floor(b)
        past[at + np.uint64(2)] += np.floor(c)
        past[at + np.uint64(3)] += np.floor(d)


@inlined(forceinline=True)
def _finish(
    sequences: Integers, row: Any, begin: Any, count: Any, how: Walk, past: Floats
) -> Any:
    """Write what a block's samples are; false where a stream made them too large."""
    for lane in range(4):
        for i in range(count):
            value = past[np.uint64(4 * (MOST_ORDER + i) + lane)]
            if not abs(value) < _MOST_RESIDUAL:
                return False
            sequences[row + lane, begin + i] = np.int64(value) + how.centre
    return True


@inlined(forceinline=True)
def _side_by_side_wide(
    past: Floats, first: Any, count: Any, weights: Floats, order: Any, residuals: Integers
) -> None:
    """Turn residuals into samples where these need all bits, in place."""
    for i in range(first, count):
        for lane in range(4):
            at = 4 * (MOST_ORDER + i) + lane
            total = 0.5
            for j in range(order):
                total = total + weights[4 * j + lane] * past[at - 4 * (order - j)]
            near = min(max(np.floor(total), -_HIGHEST), _HIGHEST)
            value = residuals[4 * i + lane] + np.int64(near)
            residuals[4 * i + lane] = value
            past[at] = np.float64(value)


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
def _pop_four(
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
def _pop_one(
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


@kernel(
    "i8(i8[:, ::1], i8[:, ::1], i1[:, :, ::1], Walk(i8, i8, b1, i8, i8, i8), const(i8[::1]), "
    "Tables(const(u4[::1]), const(i8[::1]), const(i8[::1]), const(b1[::1]), i8, const(u8[::1])), "
    "const(u4[::1]), const(u8[::1]), u8[::1], u8[::1], const(u8[::1]))"
)
def walk_back(
    sequences: Integers,
    orders: Integers,
    reflections: npt.NDArray[np.int8],
    how: Walk,
    chosen: Integers,
    tables: Tables,
    words: npt.NDArray[np.uint32],
    floors: npt.NDArray[np.uint64],
    states: npt.NDArray[np.uint64],
    places: npt.NDArray[np.uint64],
    packed: npt.NDArray[np.uint64],
) -> int:
    """Decode the samples of a plane.

    Parameters
    ----------
    sequences : int64 array (S, n)
        Written.
    orders, reflections : int64 and int8 arrays (S, blocks), (S, blocks, MOST_ORDER)
    how : Walk
    chosen : int64 array (CLASSES,)
        The table of each class.
    tables : Tables
    words : uint32 array
        The words of four lanes, and a spare one.
    floors, states, places : uint64 arrays (4,)
        Lane l has ``words[floors[l]:places[l]]`` left.
    packed : uint64 array
        The low bits, and two spare words.

    Returns
    -------
    int
        How many low bits there were; -1 if the arrays do not fit each other or the words do not
        end with the last sample.
    """
    rows, length = sequences.shape
    n_tables = tables.low.size
    if (
        not _fits(sequences, orders, reflections, how)
        or floors.size != 4 or states.size != 4 or places.size != 4
        or tables.escape.size != n_tables or chosen.size != CLASSES
        or tables.start.size != n_tables + 1
        or tables.start[n_tables] != tables.cumulative.size
        or not 0 <= tables.bits <= 24
        or tables.entries.size != n_tables << tables.bits
    ):  # fmt: skip
        return -1
    for lane in range(4):
        if not floors[lane] <= places[lane] < np.uint64(words.size):
            return -1
    for kind in range(CLASSES):
        if not 0 <= chosen[kind] < n_tables:
            return -1
    past = np.zeros(4 * (MOST_ORDER + how.block))
    residuals = np.zeros(4 * how.block, np.int64)
    one = np.zeros(MOST_ORDER)
    weights = np.zeros(4 * MOST_ORDER)
    cumulative, start, lows = tables.cumulative, tables.start, tables.low
    escape, entries, bits = tables.escape, tables.entries, np.uint64(tables.bits)
    averages = np.zeros(8, np.int64)
    bit = _ZERO
    room = np.uint64(max(packed.size - 2, 0)) << np.uint64(6)
    for group in range(rows // 4):
        averages[:] = np.int64(1) << how.start
        past[: 4 * MOST_ORDER] = 0.0
        for block in range(orders.shape[1]):
            begin = block * how.block
            count = min(how.block, length - begin)
            if count <= 0:
                break
            # ---- residuals
            at, end = _ZERO, np.uint64(4 * count)
            while at < end:
                # Where a sequence begins, the slow average is not slow yet.
                far = rate_at(begin + np.int64(at >> _TWO), how.slow)
                stop = min(end, at + _RAMP) if far < how.slow else end
                while at < stop:
                    at, bit = _pop_four(
                        residuals, at, stop, averages, states, places, floors, bit, room, how.fast,
                        far, bits, chosen, cumulative, start, lows, escape, entries, words, packed,
                    )  # fmt: skip
                    # After an escape back to four.
                    while at < stop:
                        bit = _pop_one(
                            residuals, at, averages, states, places, floors, bit, room, how.fast,
                            far, bits, chosen, cumulative, start, lows, escape, entries, words,
                            packed,
                        )  # fmt: skip
                        at += _ONE
                        if at & _THREE == _ZERO:
                            break
            if bit > room:
                return -1
            # ---- samples
            row = 4 * group
            order = 0
            for lane in range(4):
                order = max(order, orders[row + lane, block])
            for lane in range(4):
                one[:] = 0.0
                _predictor(reflections[row + lane, block], orders[row + lane, block], one)
                for j in range(order):
                    weights[4 * j + lane] = one[order - 1 - j]
            if not how.wide:
                for i in range(4 * count):
                    past[4 * MOST_ORDER + i] = np.float64(residuals[i])
            first = 0
            if block == 0:
                first = min(order, count)
                _warm_up(past, first, reflections, orders, row, how.wide, residuals)
            if how.wide:
                _side_by_side_wide(past, first, count, weights, order, residuals)
                for lane in range(4):
                    for i in range(count):
                        sequences[row + lane, begin + i] = residuals[4 * i + lane] + how.centre
            else:
                _side_by_side(past, first, count, weights, order)
                if not _finish(sequences, row, begin, count, how, past):
                    return -1
            for i in range(4 * MOST_ORDER):
                past[i] = past[4 * count + i]
    for lane in range(4):
        if states[lane] != _ZERO or places[lane] != floors[lane]:
            return -1
    return np.int64(bit)
