"""Steps that make floats, or values of any dtype but `i8`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.reader import RefusedError
from tests.reference_decoder.samples import (
    FLOATS,
    Array,
    Plane,
    Read,
    Shape,
    float_of,
    from_ordered,
    misses,
    need,
    packed,
    ranged,
    set_apart,
    to_ordered,
)

__all__ = [
    "accumulated", "affine", "fixed", "ordered", "quantised", "ratios", "scaled", "truncated",
]  # fmt: skip

Parameters = Sequence[int]
Good = NDArray[np.bool_]

_HIGHEST_POWER = 22
# Of a float's bytes: bits of its mantissa, and the exponent field of its infinities.
_LAYOUTS = {2: (11, 31), 4: (24, 255), 8: (53, 2047)}


def ordered(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 1."""
    need(len(p) == 0 and dtype != np.int64, "ordered")
    return from_ordered(read(shape), dtype)


def _factor(operation: int, number: int) -> float:
    if operation == 0:
        return float(10 ** ranged(number, 0, _HIGHEST_POWER))
    factor = float_of(number)
    need(np.isfinite(factor) and factor != 0.0, "a factor")
    return factor


def scaled(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 4."""
    need(len(p) >= 5 and dtype in FLOATS, "scaled")
    operation, rounding, adjusted = ranged(p[0], 0, 2), ranged(p[2], 0, 2), ranged(p[3], 0, 2)
    factor = _factor(operation, p[1])

    def restore(main: Plane, good: Good) -> Plane:
        wide = main.astype(np.float64)
        wide = wide * factor if operation == 2 else wide / factor
        if rounding:
            wide = wide.astype(np.float32 if rounding == 1 else np.float16).astype(np.float64)
        return misses(read, main, good, wide.astype(dtype), adjusted)

    return set_apart(read, shape, dtype, p[4:], restore)


def affine(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 33."""
    need(len(p) >= 5 and dtype in FLOATS[1:], "affine")
    scale, offset = float_of(p[0]), float_of(p[1])
    need(np.isfinite(scale) and np.isfinite(offset) and scale != 0.0, "a scale or an offset")
    precision = np.dtype("f8") if ranged(p[2], 0, 1) else dtype
    adjusted = ranged(p[3], 0, 2)

    def restore(main: Plane, good: Good) -> Plane:
        made = main.astype(precision) * np.array(scale).astype(precision)
        made = made + np.array(offset).astype(precision)
        return misses(read, main, good, made.astype(dtype), adjusted)

    return set_apart(read, shape, dtype, p[4:], restore)


def truncated(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 5."""
    need(len(p) >= 2 and dtype in FLOATS, "truncated")
    bits = 8 * dtype.itemsize
    shift = ranged(p[0], 1, bits - 2)

    def restore(main: Plane, good: Good) -> Plane:
        sign = main >> 63
        size = main ^ sign
        need(not (size[good] >= 1 << (bits - 1 - shift)).any(), "a truncated float")
        return (size << shift) ^ sign

    return set_apart(read, shape, dtype, p[1:], restore)


def quantised(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 14."""
    need(len(p) >= 4 and dtype.kind in "fiu", "quantised")
    need(p[0] == (dtype.kind != "f"), "a kind of quantisation")
    step = float_of(p[1])
    need(p[1] >= 3 if p[0] else np.isfinite(step) and step > 0.0, "a step")

    def restore(main: Plane, good: Good) -> Plane:
        del good
        if p[0] == 0:
            return to_ordered((main.astype(np.float64) * step).astype(dtype))
        made = main * np.int64(p[1])
        if dtype.itemsize == 8:
            return to_ordered(made.view(dtype))
        limits = np.iinfo(dtype)
        return np.clip(made, limits.min, limits.max)

    return set_apart(read, shape, dtype, p[3:], restore)


def fixed(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 16."""
    need(len(p) >= 3 and dtype in FLOATS, "fixed")
    mantissa, infinite = _LAYOUTS[dtype.itemsize]
    precision = ranged(p[0], 2, mantissa)
    least = 1 - infinite // 2 - (precision - 1)
    shift = ranged(p[1], -(least + infinite - 2), -least)

    def restore(main: Plane, good: Good) -> Plane:
        numbers, fit = main.ravel().tolist(), good.ravel().tolist()
        lengths = [abs(q).bit_length() for q in numbers]
        need(all(length <= 62 for length, ok in zip(lengths, fit, strict=True) if ok), "fixed")
        widths = [
            min(max(precision - length, 0), -shift - least) if q and ok else 0
            for q, length, ok in zip(numbers, lengths, fit, strict=True)
        ]
        fractions = packed(read, widths)
        out = []
        for q, length, w, t, ok in zip(numbers, lengths, widths, fractions, fit, strict=True):
            if not ok:
                out.append(0)
                continue
            above = max(length - precision, 0)
            need(abs(q) & ((1 << above) - 1) == 0, "bits beyond the precision")
            d = ((abs(q) >> above) << w) + t
            field = 0 if length + w < precision else above - w - (shift + least - 1)
            need(field < infinite, "an infinite exponent")
            low = (d << (mantissa - precision)) & ((1 << (mantissa - 1)) - 1)
            out.append(((field << (mantissa - 1)) + low) ^ (-1 if q < 0 else 0))
        x = np.array(out, np.int64).reshape(main.shape)
        zero = good & (main == 0)
        x[zero] = read((int(zero.sum()),))
        return x

    return set_apart(read, shape, dtype, p[2:], restore)


def ratios(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 30."""
    need(len(p) >= 3 and dtype in FLOATS[1:], "ratios")
    factor = ranged(p[0], 1, 1_000_000)
    precision = np.dtype("f8") if ranged(p[1], 0, 1) else dtype

    def restore(main: Plane, good: Good) -> Plane:
        index = main[good]
        need(not (index < 0).any(), "an index below 0")
        count = int(index.max()) + 1 if index.size else 0
        need(count <= index.size, "an index beyond the values")
        below, rests = read((count,)).tolist(), read((count,)).tolist()
        numerators = []
        k, n = 0, 1
        for denominator, rest in zip(below, rests, strict=True):
            need(1 <= denominator < 1 << 24 and abs(rest) < 1 << 48, "a ratio")
            k, n = k * denominator // n + rest, denominator
            need(abs(k) < 1 << 24, "a numerator")
            numerators.append(k)
        values = np.array(numerators, np.int64).astype(precision)
        values = values / np.array(below, np.int64).astype(precision)
        if factor > 1:
            values = values * precision.type(factor)
        x = np.zeros(main.shape, np.int64)
        x[good] = to_ordered(values.astype(dtype))[index]
        return x

    return set_apart(read, shape, dtype, p[2:], restore)


def accumulated(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 31."""
    need(len(p) == 3 and dtype in FLOATS[1:] and 0 not in shape, "accumulated")
    if p[0] not in (0, 2):
        raise RefusedError("an operation of sums")
    factor = _factor(p[0], p[1])
    axis = ranged(p[2], 0, len(shape) - 1)
    wide, missed = read(shape).astype(np.float64), np.moveaxis(read(shape), axis, 0)
    made = (wide / factor if p[0] == 0 else wide * factor).astype(dtype)
    increments = np.moveaxis(made, axis, 0)
    # One row of lines after another; a single line is a row of one.
    rows, of_rows = increments.reshape(shape[axis], -1), missed.reshape(shape[axis], -1)
    out = np.empty(rows.shape, dtype)
    before = np.zeros(rows.shape[1], dtype)
    for i, row in enumerate(rows):
        total = np.where(np.isfinite(before), before, dtype.type(0)) + row
        off = of_rows[i] != 0
        total[off] = from_ordered(to_ordered(total[off]) + of_rows[i][off], dtype)
        out[i] = before = total
    out = out.reshape(increments.shape)
    return np.ascontiguousarray(np.moveaxis(out, 0, axis))
