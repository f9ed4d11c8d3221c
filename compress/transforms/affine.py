"""Floats on a grid with an offset: packed integers times a scale plus an offset, standard scores.

Files of weather models keep 16-bit integers, and what reads them gives ``k * scale + offset`` as
floats with full mantissas; columns that were standardised are ``(k - mean) / deviation``. Either is
a grid. A sample is the product and the sum, each correctly rounded, or it misses that by some units
in the last place: of all samples, or of all integers in order, where equal integers miss alike.
NaN and what is on no grid are set apart by `compress.transforms.special`.

Parameters: the bits of scale and offset as float64, whether operations are in the precision of the
field or in float64, adjusted (see `compress.transforms.misses`), layout and special values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.grid import find_grid
from compress.transforms.misses import (
    BY_INTEGER,
    BY_SAMPLE,
    EXACT,
    add_misses,
    listed_misses,
    misses_of,
)
from compress.transforms.ordered import to_plane
from compress.transforms.sample import repeated_values
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

CODE = 33
NAME = "affine"
TRAITS = Traits(STAGE_NUMBERS, variant=(4,), encode_ns=40.0, held_bytes=44, decode_ns=10.0)

NATIVE, DOUBLE = 0, 1
MANTISSA = {4: 24, 8: 53}
LARGEST = float(1 << 53)
SAMPLE = 1024
# Share of a sample that makes misses needless, and how often an integer must occur for misses by
# integer.
ALL, OFTEN = 0.998, 2
# Bits a sample that the grid must save.
WORTH = 2.0
# Decimals are left to another step: of so few digits, in a few values.
A_FEW, MOST_DIGITS, DECIMAL_SHARE = 32, 12, 0.8
DECIMALS = {4: 2.0**18, 8: 2.0**40}


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take float32 and float64."""
    return dtype.kind == "f" and dtype.itemsize in MANTISSA


def _bits(number: float) -> int:
    return int(np.array([number]).view(np.int64)[0])


def _float(bits: int) -> float:
    return float(np.array([bits], np.int64).view(np.float64)[0])


def _restore(plane: Plane, scale: float, offset: float, precision: int, dtype: Any) -> Array:
    work = np.dtype(np.float64) if precision == DOUBLE else dtype
    with np.errstate(all="ignore"):
        product = plane.reshape(-1).astype(work) * np.asarray(scale, work)
        restored = product + np.asarray(offset, work)
        return np.asarray(restored.astype(dtype)).reshape(plane.shape)


def _integers(array: Array, scale: float, offset: float) -> Plane:
    """Nearest integers; 0 for what is not finite or too far."""
    with np.errstate(all="ignore"):
        numbers = np.rint((array.reshape(-1).astype(np.float64) - offset) / scale)
        numbers[~(np.abs(numbers) <= LARGEST)] = 0
    return numbers.astype(np.int64).reshape(array.shape)


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find the grid of the distinct values in a sample, and the scale and offset that fit best."""
    del context
    sample = runs(array, SAMPLE, 16)
    values = np.unique(sample[np.isfinite(sample)])
    mantissa = MANTISSA[array.dtype.itemsize]
    if values.size < 16:
        return
    if _are_decimals(values[:: -(-values.size // A_FEW)]):
        return
    wide = values.astype(np.float64)
    unit = max(abs(float(wide[0])), abs(float(wide[-1]))) * 2.0**-mantissa
    # Sums of the largest floats overflow, and such grids miss.
    with np.errstate(over="ignore", invalid="ignore"):
        choices = [
            (*grid, precision)
            for grid in find_grid(wide, unit)
            for precision in ((NATIVE,) if mantissa == MANTISSA[8] else (DOUBLE, NATIVE))
        ]
    if not choices:
        return
    scale, offset, precision = min(choices, key=lambda choice: _missed(values, *choice))
    plane = _integers(sample, scale, offset)
    miss, good = misses_of(sample, _restore(plane, scale, offset, precision, array.dtype))
    if not good.any():
        return
    adjusted = EXACT if np.mean(miss[good] == 0) > ALL else BY_SAMPLE
    needed = np.log2(1 + np.ptp(plane[good])) + float(np.mean(np.log2(1 + 2 * np.abs(miss[good]))))
    exact = to_plane(sample[good]).astype(np.float64)
    if needed + WORTH > float(np.log2(1 + np.ptp(exact))):
        return
    if adjusted:
        plane = _integers(array, scale, offset)
        missed, near = misses_of(array, _restore(plane, scale, offset, precision, array.dtype))
        listed = listed_misses(plane[near], missed[near])
        if listed is not None and OFTEN * listed.size <= plane.size:
            adjusted = BY_INTEGER
    else:
        good &= miss == 0
    specials = repeated_values(to_plane(sample[~good]))
    for layout in layouts(array.shape, ~good):
        yield (_bits(scale), _bits(offset), precision, adjusted, layout, *specials)


def _are_decimals(values: Array) -> bool:
    """Whether a power of ten describes values, which is simpler and quickly seen."""
    factors = 10.0 ** np.arange(MOST_DIGITS)[:, np.newaxis]
    with np.errstate(all="ignore"):
        wide = np.rint(values.astype(np.float64) * factors)
        right = ((wide / factors).astype(values.dtype) == values) & (
            np.abs(wide) < DECIMALS[values.dtype.itemsize]
        )
    return bool(np.any(np.mean(right, axis=1) > DECIMAL_SHARE))


def _missed(values: Array, scale: float, offset: float, precision: int) -> float:
    """Bits of what values miss a grid by, on the average."""
    restored = _restore(_integers(values, scale, offset), scale, offset, precision, values.dtype)
    return float(np.mean(np.log2(1 + np.abs(misses_of(values, restored)[0].astype(np.float64)))))


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, the integers, the misses if adjusted, and the values that do not fit."""
    scale, offset = map(_float, parameters[:2])
    precision, adjusted = parameters[2:4]
    layout, specials = check_special(NAME, parameters, 4)
    plane = _integers(array, scale, offset)
    exact = to_plane(array)
    miss, good = misses_of(array, _restore(plane, scale, offset, precision, array.dtype))
    mains = [plane]
    if adjusted == EXACT:
        good &= miss == 0
        return set_apart(mains, good, exact, layout, specials, STAGE_HOLES)
    good &= ~np.isin(exact, specials)
    if adjusted == BY_SAMPLE:
        return set_apart([*mains, miss], good, exact, layout, specials, STAGE_HOLES)
    listed = listed_misses(plane[good], miss[good])
    if listed is None:
        return None
    mask, main, *rest = set_apart(mains, good, exact, layout, specials, STAGE_HOLES)
    return (mask, main, Child(listed, "side", next_stage=STAGE_HOLES), *rest)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Multiply and add."""
    if not accepts(dtype):
        raise CorruptError(f"{NAME}: not for {dtype}")
    ranges = (INT64, INT64, (NATIVE, DOUBLE), (EXACT, BY_INTEGER))
    check_parameters(NAME, parameters[:4], *ranges)
    scale, offset = map(_float, parameters[:2])
    precision, adjusted = parameters[2:4]
    if not (np.isfinite(scale) and np.isfinite(offset)) or scale == 0:
        raise CorruptError(f"{NAME}: no grid has scale {scale} and offset {offset}")

    def restore(plane: Plane, good: Mask) -> Array:
        restored = _restore(plane, scale, offset, precision, dtype)
        return add_misses(read, restored, plane, good, adjusted)

    return merge(NAME, read, shape, dtype, check_special(NAME, parameters, 4), restore=restore)
