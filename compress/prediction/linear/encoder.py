"""The encoder's kernel: residuals, their tokens and low bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.linear.lattice import MOST_ORDER, Floats, step_up
from compress.prediction.linear.scale import CLASSES, averaged, class_of, rate_at, shift_of
from compress.prediction.linear.walk import (
    HIGHEST,
    MOST_RESIDUAL,
    Integers,
    Reflections,
    Walk,
    fits_each_other,
    predictor_of,
    total_of,
)

__all__ = ["residuals_of", "tokens_of"]

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_WORD = np.uint64(64)


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


@kernel()
def _predict_first(
    past: Floats, count: int, reflections: Reflections, order: int, expected: Floats
) -> None:
    """Predict the first samples of a sequence: each by an order as high as it has samples."""
    weights = np.zeros(MOST_ORDER)
    for i in range(min(order, count)):
        expected[i] = np.floor(total_of(past, MOST_ORDER + i, 1, weights, i))
        step_up(weights, np.int64(reflections[i]), i)


@kernel()
def residuals_of(
    samples: Integers,
    begin: int,
    count: int,
    how: Walk,
    reflections: Reflections,
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
    predictor_of(reflections, order, weights)
    _predicted(past, count, weights, order, expected)
    if begin == 0:
        _predict_first(past, count, reflections, order, expected)
    if how.wide:
        for i in range(count):
            near = min(max(expected[i], -HIGHEST), HIGHEST)
            out[i] = samples[begin + i] - how.centre - np.int64(near)
        return True
    largest = 0.0
    for i in range(count):
        expected[i] = past[MOST_ORDER + i] - expected[i]
        largest = max(largest, abs(expected[i]))
    if not largest < MOST_RESIDUAL:
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
    reflections: Reflections,
    how: Walk,
    chosen: Integers,
    tokens: Integers,
    kinds: npt.NDArray[np.int32],
    packed: npt.NDArray[np.uint64],
) -> Any:
    """Predict the samples of a plane, and write tokens, their tables and their low bits.

    Blocks whose residuals are too large get order 0. ``chosen`` says the table of each class.

    Returns
    -------
    int
        How many low bits there are; -1 if the arrays do not fit each other, or are too short.
    """
    rows, length = sequences.shape
    if not fits_each_other(sequences, orders, reflections, how):
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
