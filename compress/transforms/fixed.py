"""Floats as fixed-point numbers: smooth through zero, and across powers of two.

As order-preserving integers, floats fan out towards zero, and their slope changes at every power
of two. Here a sample is ``q 2^-s``, cut towards zero, which is smooth wherever the field is, and
what lies below that grid: so many bits of the mantissa as `q` has fewer than the mantissa. These
are noise where the grid is as fine as the floats are in the upper part of their range, and are
packed. What is cut to zero is listed.

Children: those of `compress.transforms.special`, and behind the main plane `q` the packed bits,
56 to the word, lowest first, and the samples with q = 0, as order-preserving integers.
Parameters: bits of mantissa in use (that of float32 kept in float64 is 24), s, layout and special
values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.ordered import from_plane, to_plane
from compress.transforms.packed import pack, read_words, unpack
from compress.transforms.sample import MAX_SPECIALS, fill_values, repeated_values
from compress.transforms.special import check_special, layouts, merge, set_apart
from compress.transforms.step import (
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
from compress.transforms.truncated import common_zeros

CODE = 16
NAME = "fixed"
TRAITS = Traits(
    STAGE_NUMBERS, estimable=False, variant=(2,), encode_ns=35.0, held_bytes=40, decode_ns=27.0
)

SAMPLE = 8192
# Bits of mantissa with the leading one, and the largest exponent, by size in bytes.
FORMATS = {2: (11, 31), 4: (24, 255), 8: (53, 2047)}
# Of the main plane without its sign.
MOST_BITS = 62
# Samples that are restored at a time.
_PART = 1 << 15
# Where in the distribution of exponents the grid is tried to end.
GRIDS = (0.999, 0.9, 0.5, 0.1)
# Bits a sample that may be lost by a rough measure: what even scales gain, it does not see.
TOLERANCE = 0.25


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take floats."""
    return dtype.kind == "f" and dtype.itemsize in FORMATS


def _units(dtype: np.dtype[Any], precision: int) -> tuple[int, int]:
    """Exponents of the last bit in use, of the smallest and of the largest floats."""
    top = FORMATS[dtype.itemsize][1]
    smallest = 1 - (top >> 1) - (precision - 1)
    return smallest, smallest + top - 2


def _parts(plane: Plane, dtype: np.dtype[Any], precision: int) -> tuple[Plane, Plane, Any]:
    """Mantissas, exponents of their last bits, and which samples these describe."""
    mantissa, top = FORMATS[dtype.itemsize]
    drop = mantissa - precision
    magnitude = plane ^ (plane >> 63)
    exponent = magnitude >> (mantissa - 1)
    digits = magnitude & ((1 << (mantissa - 1)) - 1)
    digits += np.minimum(exponent, 1) << (mantissa - 1)
    fits = (exponent < top) & (digits & ((1 << drop) - 1) == 0)
    unit = np.maximum(exponent, 1) + (_units(dtype, precision)[0] - 1)
    return digits >> drop, unit, fits


def _bit_length(numbers: Plane) -> Plane:
    """Bits of non-negative integers below 2^63."""
    # The nearest float may be the next power of two.
    length = np.frexp(numbers.astype(np.float64))[1].astype(np.int64)
    length -= (numbers >> np.maximum(length - 1, 0) == 0) & (numbers > 0)
    return length


def _cut(plane: Plane, dtype: np.dtype[Any], precision: int, shift: int) -> tuple[Any, ...]:
    """Give main plane, bits below the grid and their number, and what is so described."""
    digits, unit, good = _parts(plane, dtype, precision)
    above = unit + shift
    good &= above <= MOST_BITS - precision
    below = np.clip(-above, 0, 63)
    size = np.where(good, digits >> below << np.clip(above, 0, MOST_BITS - precision), 0)
    width = np.where(size > 0, below, 0)
    sign = plane >> 63
    return (size ^ sign) - sign, digits & ((np.int64(1) << width) - 1), width, good


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Compare distances between neighbours on some grids with those of ordered integers."""
    del context
    if array.size < 16:
        return
    sample = runs(array, SAMPLE)
    plane = to_plane(sample)
    fills = fill_values(array, sample)
    plane_left = plane[np.isfinite(sample) & ~np.isin(plane, fills)]
    mantissa = FORMATS[array.dtype.itemsize][0]
    precision = mantissa - min(common_zeros(plane_left) or 0, mantissa - 2)
    digits, unit, good = _parts(plane_left, array.dtype, precision)
    plane_left = plane_left[good]
    unit = np.sort(unit[good & (digits > 0)])
    if unit.size < 16 or unit[0] == unit[-1]:
        return
    smallest = _units(array.dtype, precision)[0]
    most = min(MOST_BITS - precision - int(unit[-1]), -smallest)
    shifts = {min(-int(unit[int(part * (unit.size - 1))]), most) for part in GRIDS}
    costs = {shift: _cost(plane_left, array.dtype, precision, shift) for shift in shifts}
    shift = min(costs, key=lambda shift: (costs[shift], shift))
    plain = float(np.mean(_distance(plane_left >> (mantissa - precision))))
    if costs[shift] > plain + TOLERANCE:
        return
    bad = ~_cut(plane, array.dtype, precision, shift)[3]
    specials = tuple(dict.fromkeys((*fills, *repeated_values(plane[bad]))))[:MAX_SPECIALS]
    for layout in layouts(array.shape, bad | np.isin(plane, specials)):
        yield (precision, shift, layout, *specials)


def _distance(values: Plane) -> Any:
    """Bits of the distance from each sample to the next, about."""
    return np.log2(1 + np.abs(np.diff(values.astype(np.float64))))


def _cost(plane: Plane, dtype: np.dtype[Any], precision: int, shift: int) -> float:
    main, _, width, _ = _cut(plane, dtype, precision, shift)
    listed = np.mean((main == 0) & (plane != 0)) * 8 * dtype.itemsize
    return float(np.mean(_distance(main)) + np.mean(width) + listed)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, the numbers on the grid, what is below it, and what is nearer to zero."""
    precision, shift = parameters[:2]
    layout, specials = check_special(NAME, parameters, 2)
    exact = to_plane(array)
    flat = exact.reshape(-1)
    main, fraction, width, good = _cut(flat, array.dtype, precision, shift)
    for special in specials:
        good &= flat != special
    first, second, *listed = set_apart(
        [main.reshape(array.shape)],
        good.reshape(array.shape),
        exact,
        layout,
        specials,
        STAGE_HOLES,
    )
    words = pack(fraction[good], width[good])
    near_zero = flat[good & (main == 0)]
    sides = (Child(words, "side"), Child(near_zero, "side", next_stage=STAGE_HOLES))
    return (first, second, *sides, *listed)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the bits below the grid behind those above it."""
    if not accepts(dtype):
        raise CorruptError(f"{NAME}: not for {dtype}")
    mantissa, top = FORMATS[dtype.itemsize]
    check_parameters(NAME, parameters[:1], (2, mantissa))
    precision = parameters[0]
    smallest, largest = _units(dtype, precision)
    check_parameters(NAME, parameters[1:2], (-largest, -smallest))
    shift = parameters[1]

    def widths(flat: Plane, described: Any) -> tuple[Plane, Plane, Plane, Plane]:
        """Give sizes, their bits, and how many of them are above and below a mantissa."""
        sign = flat >> 63
        size = (flat ^ sign) - sign
        if size.size and not 0 <= int(size.min()) <= int(size.max()) < 1 << MOST_BITS:
            raise CorruptError(f"{NAME}: a number has more than {MOST_BITS} bits")
        length = _bit_length(size)
        below = np.clip(precision - length, 0, -shift - smallest)
        below[(size == 0) | ~described] = 0
        return size, length, np.maximum(length - precision, 0), below

    def joined(flat: Plane, described: Any, fraction: Plane) -> Plane:
        """Put numbers and fractions together as ordered integers."""
        size, length, above, below = widths(flat, described)
        if np.any(size & ((np.int64(1) << above) - 1)):
            raise CorruptError(f"{NAME}: a number has bits that its mantissa does not hold")
        digits = (size >> above << below) | fraction
        exponent = above - below - (shift + smallest - 1)
        exponent[length + below < precision] = 0
        if np.any(described & (exponent >= top)):
            raise CorruptError(f"{NAME}: a number is too large for {dtype}")
        low = (digits << (mantissa - precision)) & ((1 << (mantissa - 1)) - 1)
        plane: Plane = (np.clip(exponent, 0, top) << (mantissa - 1) | low) ^ (flat >> 63)
        return plane

    def restore(main: Plane, good: Any) -> Array:
        flat, described = main.reshape(-1), good.reshape(-1)
        # Part by part, which takes a third of the memory.
        parts = [slice(i, i + _PART) for i in range(0, flat.size, _PART)]
        below = np.empty(flat.size, np.int64)
        for part in parts:
            below[part] = widths(flat[part], described[part])[3]
        plane = unpack(read_words(NAME, read, int(below.sum())), below)
        del below
        for part in parts:
            plane[part] = joined(flat[part], described[part], plane[part])
        zero = (flat == 0) & described
        plane[zero] = read((int(np.count_nonzero(zero)),))
        return from_plane(plane.reshape(main.shape), dtype)

    return merge(NAME, read, shape, dtype, check_special(NAME, parameters, 2), restore=restore)
