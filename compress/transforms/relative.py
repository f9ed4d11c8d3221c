"""Levels whose distance grows with the sample: the lossy step for bounds relative to each sample.

The magnitude of a sample is a level, counted from the lowest one; the sign is that of the level,
and 0 is 0. The bound is checked on every sample, and what breaks it (NaN, infinities, -0.0, fill
values, and what is rounded too far) is set apart exactly by `compress.transforms.special`.

- ``POINTWISE``: level L is 2^(L / K). The fraction is multiplied out of the roots of 2 by square
  roots and products alone, so that every machine restores the same float.
- ``DIGITS``: level L is the L-th decimal number of K digits: 10^(K-1) to 10^K - 1, then the same
  with the next power of ten.

Parameters: the kind; K; the lowest level; the bits of the bound as a float64, which decoders do not
need; layout and special values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.ordered import to_plane
from compress.transforms.sample import MAX_SPECIALS, fill_values, repeated_values
from compress.transforms.special import Mask, check_special, layouts, merge, set_apart
from compress.transforms.step import (
    INT64,
    STAGE_HOLES,
    STAGE_NUMBERS,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
)
from compress.transforms.tolerance import (
    DIGITS,
    POINTWISE,
    Tolerance,
    power_of_ten,
    unit_exponents,
)

CODE = 41
NAME = "relative"
TRAITS = Traits(STAGE_NUMBERS, variant=(4,), encode_ns=150.0, held_bytes=128, decode_ns=40.0)
# Parameters before the layout.
_FIXED = 4

SAMPLE = 4096
# Levels an octave and digits that a float64 tells apart, and levels that there are at all.
MAX_LEVELS, MAX_DIGITS = 1 << 40, 15
MAX_LEVEL = 1 << 60
# Bits of a fraction of an octave: its level is off by 2^-40 of an octave at most.
_FRACTION_BITS = 40
# Decades of float64, subnormal ones included.
_LOWEST_DECADE = 324
# Share of a bound that rounding of the check itself may take.
_MARGIN = 1.0 - 2.0**-48
# Integers beyond are no float64.
_LARGEST = float(1 << 53)


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take floats and integers."""
    return dtype.kind in "fiu"


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Give levels for the tolerance of the context; nothing where floats are as far apart."""
    tolerance = context.max_error
    if not isinstance(tolerance, Tolerance) or not accepts(array.dtype):
        return
    every = _magnitudes(array.reshape(-1))
    usual = every[np.isfinite(every) & (every > 0)]
    if usual.size == 0:
        return
    count = _count(tolerance, array.dtype)
    if count is None:
        return
    lowest = int(_levels_of(np.array([usual.min()]), tolerance.kind, count)[0])
    head = tolerance.kind, count, lowest, _bits(tolerance.value)
    sample = runs(array, SAMPLE)
    exact = to_plane(sample)
    fills = fill_values(array, sample)
    good = _levels(sample, head)[1]
    if np.mean(good) < 0.5:
        return
    bad = repeated_values(exact[~good])
    specials = tuple(dict.fromkeys((*fills, *bad)))[:MAX_SPECIALS]
    for layout in layouts(array.shape, ~good | np.isin(exact, fills)):
        yield (*head, layout, *specials)


def _bits(number: float) -> int:
    return int(np.array([number]).view(np.int64)[0])


def _float(bits: int) -> float:
    return float(np.array([bits], np.int64).view(np.float64)[0])


def _count(tolerance: Tolerance, dtype: np.dtype[Any]) -> int | None:
    """Give K, or None where it would tell apart more numbers than the dtype does."""
    mantissa = np.finfo(dtype).nmant if dtype.kind == "f" else 52
    if tolerance.kind == DIGITS:
        digits = int(tolerance.value)
        return digits if digits <= MAX_DIGITS and digits < (mantissa + 1) * math.log10(2) else None
    # Half the distance of floats is for rounding a level to one.
    error = tolerance.value - 2.0 ** -(mantissa + 1)
    if error < 2.0**-mantissa:
        return None
    return math.ceil(1.0 / (math.log2(1.0 + error) - math.log2(1.0 - error)))


def _magnitudes(flat: Array) -> Any:
    with np.errstate(all="ignore"):
        return np.abs(flat.astype(np.float64))


def _levels_of(magnitudes: Any, kind: int, count: int) -> Plane:
    """Give the nearest levels of positive numbers."""
    with np.errstate(all="ignore"):
        if kind == POINTWISE:
            # Relative to the sample, as far from the last one below as from the first one above.
            error = math.tanh(0.5 * math.log(2.0) / count)
            shift = -(math.log2(1.0 + error) + math.log2(1.0 - error)) / 2.0
            levels = np.rint((np.log2(magnitudes) - shift) * count)
            return np.where(np.isfinite(levels), levels, 0.0).astype(np.int64)
        exponents = unit_exponents(magnitudes, count)
        numbers = np.rint(power_of_ten(magnitudes, -exponents))
        lowest = 10 ** (count - 1)
        numbers = np.where(np.isfinite(numbers), numbers, lowest).astype(np.int64)
        # The first number of the next decade is the one behind the last of this one.
        decades = exponents + (count - 1) + _LOWEST_DECADE
        counted: Plane = numbers - lowest + 9 * lowest * decades
        return counted


def _restore(plane: Plane, kind: int, count: int, lowest: int, dtype: np.dtype[Any]) -> Array:
    """Give the numbers of signed levels."""
    flat = plane.reshape(-1).astype(np.int64)
    levels = np.where(flat == 0, 0, np.abs(flat) - 1 + lowest)
    with np.errstate(all="ignore"):
        if kind == POINTWISE:
            octaves, rest = np.divmod(levels, count)
            table = _fractions(np.arange(count), count) if count < rest.size else None
            fractions = _fractions(rest, count) if table is None else table[rest]
            numbers = np.ldexp(fractions, np.clip(octaves, -2000, 2000).astype(np.intc))
        else:
            first = 10 ** (count - 1)
            decades, rest = np.divmod(levels, 9 * first)
            exponents = np.clip(decades, 0, 4000) - _LOWEST_DECADE - (count - 1)
            numbers = power_of_ten((rest + first).astype(np.float64), exponents)
        numbers = np.where(flat == 0, 0.0, np.copysign(numbers, flat))
        if dtype.kind != "f":
            numbers = np.rint(numbers)
            low, high = float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
            # The largest integers are no float64: what lies beyond is 0, which breaks the bound.
            inside = (numbers >= max(low, -_LARGEST)) & (numbers <= min(high, _LARGEST))
            numbers = np.where(inside, numbers, 0.0)
        restored: Array = numbers.astype(dtype)
    return restored.reshape(plane.shape)


def _fractions(rest: Plane, count: int) -> Any:
    """Give 2^(rest / count), bit by bit of that fraction."""
    powers, root, left = np.ones(rest.size), 2.0, rest
    for _ in range(_FRACTION_BITS):
        root = math.sqrt(root)
        left = 2 * left
        has = left >= count
        left = left - np.where(has, count, 0)
        powers = np.where(has, powers * root, powers)
    return powers


def _levels(array: Array, head: Parameters) -> tuple[Plane, Any]:
    """Give signed levels, and which of them keep the bound."""
    kind, count, lowest, bound = head
    flat = array.reshape(-1)
    magnitudes = _magnitudes(flat)
    usual = np.isfinite(magnitudes) & (magnitudes > 0)
    levels = _levels_of(np.where(usual, magnitudes, 1.0), kind, count) - lowest + 1
    usual &= (levels > 0) & (levels < MAX_LEVEL)
    plane = np.where(usual, np.where(flat < 0, -levels, levels), 0)
    good = usual | ((flat == 0) & ~np.signbit(flat.astype(np.float64)))
    back = _restore(plane, kind, count, lowest, array.dtype)
    good &= _within(flat, back, kind, _float(bound))
    return plane.reshape(array.shape), good.reshape(array.shape)


def _within(flat: Array, back: Array, kind: int, bound: float) -> Any:
    """Whether numbers are as near as the tolerance says, for certain."""
    with np.errstate(all="ignore"):
        numbers, restored = flat.astype(np.float64), back.astype(np.float64)
        error, size = np.abs(numbers - restored), np.abs(numbers)
        # Larger integers are rounded before they are subtracted.
        good = size < _LARGEST if flat.dtype.kind in "iu" else np.isfinite(restored)
        if kind == DIGITS:
            units = unit_exponents(np.where(size > 0, size, 1.0), int(bound))
            most = 0.5 * power_of_ten(np.ones(flat.size), units)
            if flat.dtype.kind == "f":
                most = most + np.abs(np.spacing(back)).astype(np.float64) / 2
        else:
            most = bound * size
    return good & ((error <= most * _MARGIN) | (error == 0))


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, the levels, and the values that break the bound."""
    layout, specials = check_special(NAME, parameters, _FIXED)
    plane, good = _levels(array, parameters[:_FIXED])
    exact = to_plane(array)
    for special in specials:
        good &= exact != special
    return set_apart([plane], good, exact, layout, specials, STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Give the numbers of the levels."""
    lowest = -MAX_LEVEL, MAX_LEVEL
    most = MAX_DIGITS if parameters[:1] == (DIGITS,) else MAX_LEVELS
    check_parameters(NAME, parameters[:_FIXED], (POINTWISE, DIGITS), (1, most), lowest, INT64)
    if not accepts(dtype):
        raise CorruptError(f"{NAME}: not for {dtype}")
    kind, count, first, _ = parameters[:_FIXED]

    def restore(plane: Plane, good: Mask) -> Array:
        del good
        return _restore(plane, kind, count, first, dtype)

    return merge(NAME, read, shape, dtype, check_special(NAME, parameters, _FIXED), restore=restore)
