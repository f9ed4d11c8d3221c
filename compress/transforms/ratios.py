"""Floats that are ratios of small integers: shares, rates, percentages of counts, means.

A ratio of two counts has a full mantissa, and there are thousands of such ratios: neither decimals
nor a dictionary of floats describes them briefly. But two small integers do. So a sample is the
index of its ratio among all that occur, in rising order, and the ratios are listed: ``k / n`` in
lowest terms, correctly rounded, then times a whole number if that is not 1, correctly rounded again
(``k / n * 100`` is another float than ``100 * k / n``). NaN of 0 / 0, -0.0 and what is no ratio are
set apart by `compress.transforms.special`.

Children: those of `compress.transforms.special`, and behind the main plane the denominators and
the numerators less ``floor(k n' / n)``, where ``k / n`` is the ratio before and ``n'`` the
denominator: 0 or 1 where ratios are dense. Parameters: the whole number, whether operations are in
the precision of the field or in float64, layout and special values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.sampling import runs
from compress.transforms.ordered import from_plane, to_plane
from compress.transforms.sample import repeated_values
from compress.transforms.special import Mask, check_special, layouts, merge, set_apart
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

CODE = 30
NAME = "ratios"
TRAITS = Traits(
    STAGE_NUMBERS, variant=(2,), search_ns=10.0, encode_ns=110.0, held_bytes=44, decode_ns=5.0
)

NATIVE, DOUBLE = 0, 1
FACTORS = (1, 100, 1000, 10_000, 100_000, 1_000_000)
# Numerators and denominators; products of two fit 64 bits, and float32 holds each exactly.
LARGEST = 1 << 24
# Denominators that are tried, by size in bytes: of noise, one float in 2^13 (2^8) is such a ratio.
DENOMINATORS = {4: 1 << 8, 8: 1 << 20}
SAMPLE = 1024
# Share of a sample that must be ratios, of many denominators.
SHARE = 0.9
LEAST = 8
# What is noise shows in a few values.
A_FEW, SHARE_OF_A_FEW = 16, 0.7
# Convergents of a float64; those of a float32 end sooner.
LEVELS = {4: 14, 8: 28}
# Values whose convergents are held at once.
PIECE = 1 << 12


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take float32 and float64."""
    return dtype.kind == "f" and dtype.itemsize in DENOMINATORS


def _values(numerators: Plane, denominators: Plane, factor: int, precision: int, dtype: Any) -> Any:
    """Floats of ratios."""
    work = np.float64 if precision == DOUBLE else dtype
    ratios = numerators.astype(work) / denominators.astype(work)
    return (ratios * np.asarray(factor, work) if factor != 1 else ratios).astype(dtype)


@kernel("void(const(f8[::1]), i8, i8, i8[:, ::1], i8[:, ::1])")
def _expand(targets: Any, most: int, levels: int, numerators: Any, denominators: Any) -> None:
    """Write the convergents of continued fractions, one level a row; 0 / 0 behind the last."""
    for i in range(min(targets.size, numerators.shape[1], denominators.shape[1])):
        rest = targets[i]
        p, before_p, q, before_q = np.int64(1), np.int64(0), np.int64(0), np.int64(1)
        for level in range(min(levels, numerators.shape[0], denominators.shape[0])):
            whole = np.floor(rest)
            # Also false for NaN.
            if not abs(whole) < 1e9:
                break
            a = np.int64(whole)
            p, before_p = a * p + before_p, p
            q, before_q = a * q + before_q, q
            if q > most or abs(p) >= LARGEST:
                break
            numerators[level, i], denominators[level, i] = p, q
            if rest == whole:
                break
            rest = 1.0 / (rest - whole)


def _ratios(values: Array, factor: int, precision: int) -> tuple[Plane, Plane, Any]:
    """Numerators and denominators of the simplest ratios that give values, and which have any."""
    if values.size > PIECE:
        cuts = range(PIECE, values.size, PIECE)
        pieces = (_ratios(piece, factor, precision) for piece in np.split(values, cuts))
        numerators, denominators, found = map(np.concatenate, zip(*pieces, strict=True))
        return numerators, denominators, found
    levels = LEVELS[values.dtype.itemsize]
    flat = values.astype(np.float64) / factor
    shape = (levels, flat.size)
    numerators, denominators = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _expand(flat, DENOMINATORS[values.dtype.itemsize], levels, numerators, denominators)
    unsigned = f"u{values.dtype.itemsize}"
    with np.errstate(all="ignore"):
        made = _values(numerators, denominators, factor, precision, values.dtype)
    good = (made.view(unsigned) == values.view(unsigned)) & (denominators > 0)
    level, place = np.argmax(good, axis=0), np.arange(flat.size)
    found = good.any(axis=0)
    return (
        np.where(found, numerators[level, place], 0),
        np.where(found, denominators[level, place], 1),
        found,
    )


def _share(values: Array, choice: tuple[int, int]) -> float:
    return float(np.mean(_ratios(values, *choice)[2]))


def _bits(values: Array, choice: tuple[int, int]) -> float:
    """Bits of numerator and denominator; of a double for a value that is no ratio."""
    numerators, denominators, found = _ratios(values, *choice)
    bits = np.log2(1 + np.abs(numerators)) + np.log2(denominators)
    return float(np.mean(np.where(found, bits, 64.0)))


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for ratios of many denominators among the distinct values of a sample."""
    del context
    sample = runs(array, SAMPLE, 16)
    values = np.unique(sample[np.isfinite(sample) & (sample != 0)])
    if values.size < LEAST:
        return
    some = values[:: -(-values.size // A_FEW)]
    precisions = (NATIVE,) if array.dtype.itemsize == 8 else (NATIVE, DOUBLE)
    choices = [(factor, precision) for factor in FACTORS for precision in precisions]
    likely = [choice for choice in choices if _share(some, choice) >= SHARE_OF_A_FEW]
    if not likely:
        return
    # The first of equals has the smallest factor.
    factor, precision = min(likely, key=lambda choice: _bits(values, choice))
    _, denominators, found = _ratios(values, factor, precision)
    if np.mean(found) < SHARE:
        return
    # Where one denominator serves most, multiples of its inverse say more.
    distinct = np.unique(denominators[found])
    one = np.mean(distinct[-1] % denominators[found] == 0)
    ten = np.mean(10**6 % denominators[found] == 0)
    if distinct.size < LEAST or max(one, ten) > 1 / 2:
        return
    bad = ~np.isfinite(sample) | (np.signbit(sample) & (sample == 0))
    bad |= ~np.isin(sample, values[found]) & (sample != 0)
    specials = repeated_values(to_plane(sample[bad]))
    for layout in layouts(array.shape, bad):
        yield (factor, precision, layout, *specials)


@kernel("i8(i8[::1], const(i8[::1]), i8[::1], b1)")
def _predicted(numerators: Plane, denominators: Plane, remainders: Plane, undo: bool) -> int:
    """Numerators to remainders, or back; the place of one out of range, or -1."""
    k, n = np.int64(0), np.int64(1)
    for i in range(min(numerators.size, denominators.size, remainders.size)):
        predicted = k * denominators[i] // n
        n = denominators[i]
        if undo:
            if not -LARGEST * LARGEST < remainders[i] < LARGEST * LARGEST:
                return i
            numerators[i] = predicted + remainders[i]
            if abs(numerators[i]) >= LARGEST:
                return i
        else:
            remainders[i] = numerators[i] - predicted
        k = numerators[i]
    return -1


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, the indexes, denominators, numerators, and what is no ratio."""
    factor, precision = parameters[:2]
    layout, specials = check_special(NAME, parameters, 2)
    exact = to_plane(array)
    distinct, place = np.unique(exact, return_inverse=True)
    place = place.reshape(-1)
    numerators, denominators, found = _ratios(from_plane(distinct, array.dtype), factor, precision)
    good = found[place].reshape(array.shape)
    index = (np.cumsum(found) - 1)[place].reshape(array.shape)
    numerators, denominators = numerators[found], denominators[found]
    remainders = np.empty_like(numerators)
    _predicted(numerators, denominators, remainders, False)
    first, second, *listed = set_apart([index], good, exact, layout, specials, STAGE_HOLES)
    sides = [Child(plane, "side", next_stage=STAGE_HOLES) for plane in (denominators, remainders)]
    return (first, second, *sides, *listed)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Divide, and look the indexes up."""
    if not accepts(dtype):
        raise CorruptError(f"{NAME}: not for {dtype}")
    check_parameters(NAME, parameters[:2], (1, FACTORS[-1]), (NATIVE, DOUBLE))
    factor, precision = parameters[:2]

    def restore(main: Plane, good: Mask) -> Array:
        indexes = main[good]
        count = int(indexes.max()) + 1 if indexes.size else 0
        if count > indexes.size or (count and int(indexes.min()) < 0):
            raise CorruptError(f"{NAME}: an index is outside what {indexes.size} samples can have")
        denominators, remainders = read((count,)), read((count,))
        if count and not 1 <= int(denominators.min()) <= int(denominators.max()) < LARGEST:
            raise CorruptError(f"{NAME}: a denominator is outside 1 to {LARGEST - 1}")
        numerators = np.empty(count, np.int64)
        if _predicted(numerators, denominators, remainders, True) >= 0:
            raise CorruptError(f"{NAME}: a numerator has more than 24 bits")
        values = _values(numerators, denominators, factor, precision, dtype)
        restored = np.zeros(main.shape, dtype)
        restored[good] = values[indexes]
        return restored

    return merge(NAME, read, shape, dtype, check_special(NAME, parameters, 2), restore=restore)
