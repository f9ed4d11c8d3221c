"""The decoder's kernel: block by block, the residuals of four sequences, then their samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import inlined, kernel
from compress.prediction.linear.lattice import MOST_ORDER, Floats, step_up
from compress.prediction.linear.pop import pop_four, pop_one
from compress.prediction.linear.scale import CLASSES, RAMP_BITS, rate_at
from compress.prediction.linear.walk import (
    HIGHEST,
    MOST_RESIDUAL,
    Integers,
    Reflections,
    Tables,
    Walk,
    fits_each_other,
    predictor_of,
    total_of,
)

__all__ = ["walk_back"]

# Symbols of four sequences that the slow average takes at one rate.
_RAMP = np.uint64(4 << RAMP_BITS)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)


@inlined(forceinline=True)
def _warm_up(
    past: Floats,
    count: Any,
    reflections: Reflections,
    orders: Integers,
    row: Any,
    wide: Any,
    residuals: Integers,
) -> None:
    """Turn the first residuals of four sequences into samples.

    Each is predicted by an order as high as it has samples before it.
    """
    for lane in range(4):
        weights = np.zeros(MOST_ORDER)
        order = 0
        for i in range(count):
            at = 4 * (MOST_ORDER + i) + lane
            total = np.floor(total_of(past, at, 4, weights, order))
            if wide:
                near = np.int64(min(max(total, -HIGHEST), HIGHEST))
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
    """Turn residuals into samples, four sequences at once.

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
def _finish(sequences: Integers, row: Any, begin: Any, count: Any, how: Walk, past: Floats) -> Any:
    """Write what a block's samples are; false where a stream made them too large."""
    for lane in range(4):
        for i in range(count):
            value = past[np.uint64(4 * (MOST_ORDER + i) + lane)]
            if not abs(value) < MOST_RESIDUAL:
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
            near = min(max(np.floor(total), -HIGHEST), HIGHEST)
            value = residuals[4 * i + lane] + np.int64(near)
            residuals[4 * i + lane] = value
            past[at] = np.float64(value)


@kernel(
    "i8(i8[:, ::1], i8[:, ::1], i1[:, :, ::1], Walk(i8, i8, b1, i8, i8, i8), const(i8[::1]), "
    "Tables(const(u4[::1]), const(i8[::1]), const(i8[::1]), const(b1[::1]), i8, const(u8[::1])), "
    "const(u4[::1]), const(u8[::1]), u8[::1], u8[::1], const(u8[::1]))"
)
def walk_back(
    sequences: Integers,
    orders: Integers,
    reflections: Reflections,
    how: Walk,
    chosen: Integers,
    tables: Tables,
    words: npt.NDArray[np.uint32],
    floors: npt.NDArray[np.uint64],
    states: npt.NDArray[np.uint64],
    places: npt.NDArray[np.uint64],
    packed: npt.NDArray[np.uint64],
) -> Any:
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
        not fits_each_other(sequences, orders, reflections, how)
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
                    at, bit = pop_four(
                        residuals, at, stop, averages, states, places, floors, bit, room, how.fast,
                        far, bits, chosen, cumulative, start, lows, escape, entries, words, packed,
                    )  # fmt: skip
                    # After an escape back to four.
                    while at < stop:
                        bit = pop_one(
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
                predictor_of(reflections[row + lane, block], orders[row + lane, block], one)
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
