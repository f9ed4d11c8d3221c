"""Levels at most ``max_error`` from every sample: the lossy step, exact where it cannot hold.

A float is ``level * step``, rounded to its dtype; an integer is ``level * step`` cut to the range
of its dtype. The bound is checked on every sample with exact arithmetic, and what breaks it (by
rounding, by overflow, NaN, infinities, fill values, -0.0) is set apart exactly by
`compress.transforms.special`.

Parameters: 0 and the bits of two float64, step and bound, for floats, or 1 and the integer step
and bound; layout and special values.
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

CODE = 14
NAME = "quantised"
TRAITS = Traits(STAGE_NUMBERS, variant=(3,), encode_ns=8.0, held_bytes=36, decode_ns=2.0)

LARGEST = float(1 << 53)
SAMPLE = 4096
FLOAT, INTEGER = range(2)


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take floats and integers."""
    return dtype.kind in "fiu"


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Give levels for the error bound of the context; nothing without one."""
    if not isinstance(context.max_error, float) or not accepts(array.dtype):
        return
    found = _levels_within(array, context.max_error)
    if found is None:
        return
    head, specials, holes = found
    for layout in layouts(array.shape, holes):
        yield (*head, layout, *specials)


def _levels_within(
    array: Array, max_error: float
) -> tuple[Parameters, tuple[int, ...], Mask] | None:
    """Give kind, step and bound, the special values, and which samples are set apart.

    ``None`` where levels would save nothing (a bound below the spacing of most samples).
    """
    sample = runs(array, SAMPLE)
    fills = fill_values(array, sample)
    if array.dtype.kind != "f":
        bound = int(min(max_error, 1 << 60))
        if bound < 1:
            return None
        holes = np.isin(to_plane(sample), fills)
        return (INTEGER, 2 * bound + 1, bound), fills, holes
    plane = to_plane(sample)
    finite = sample[np.isfinite(sample) & ~np.isin(plane, fills) & ~_negative_zeros(sample)]
    if finite.size == 0 or 2 * max_error < _spacing(finite):
        return None
    step = min(_steps(finite, max_error), key=lambda s: _cost(finite, s, max_error))
    good = _levels(finite, step, max_error)[1]
    if np.mean(good) < 0.5:
        return None
    good = _levels(sample, step, max_error)[1]
    bad = repeated_values(plane[~good])
    specials = tuple(dict.fromkeys((*fills, *bad)))[:MAX_SPECIALS]
    holes = ~good | np.isin(plane, fills)
    return (FLOAT, _bits(step), _bits(max_error)), specials, holes


def _spacing(finite: Array) -> float:
    # Half the largest float, for numpy steps upwards and would overflow.
    size = np.minimum(np.abs(finite), np.finfo(finite.dtype).max / 2)
    return float(np.median(np.spacing(size).astype(np.float64)))


def _steps(finite: Array, max_error: float) -> list[float]:
    """Give steps worth a try: twice the bound, and multiples of the spacing of the samples."""
    largest = float(np.finfo(np.float64).max)
    steps = [min(2 * max_error, largest)]
    spacing = _spacing(finite)
    units = math.floor(max_error / spacing) if max_error / spacing < 1 << 20 else 0
    if units:
        # Samples that are multiples of the spacing sit in the middle of odd numbers of them.
        steps += [(2 * units + 1) * spacing, 2 * units * spacing]
    if 2 * max_error > 2 * spacing:
        steps.append(2 * max_error - spacing)
    return steps


def _cost(finite: Array, step: float, max_error: float) -> float:
    _, good = _levels(finite, step, max_error)
    share = float(np.mean(good))
    return (1 - share) * 8 * finite.dtype.itemsize - share * math.log2(step)


def _bits(number: float) -> int:
    return int(np.array([number]).view(np.int64)[0])


def _float(bits: int) -> float:
    return float(np.array([bits], np.int64).view(np.float64)[0])


def _restore(plane: Plane, step: float, dtype: Any) -> Array:
    with np.errstate(all="ignore"):
        restored: Array = (plane.reshape(-1).astype(np.float64) * step).astype(dtype)
    return restored.reshape(plane.shape)


def _levels(array: Array, step: float, max_error: float) -> tuple[Plane, Any]:
    """Levels of floats, and which of them keep the bound."""
    with np.errstate(all="ignore"):
        numbers = array.reshape(-1).astype(np.float64)
        levels = np.rint(numbers / step)
        levels[~(np.abs(levels) <= LARGEST)] = 0
        plane = levels.astype(np.int64)
        back = _restore(plane, step, array.dtype).astype(np.float64)
        # numbers - back is error + rest without rounding (Knuth's two-sum).
        error = numbers - back
        part = error - numbers
        rest = (numbers - (error - part)) - (back + part)
        size = np.abs(error)
        good = (size < max_error) | ((size == max_error) & (np.sign(error) * rest <= 0))
        good &= np.isfinite(back)
        good &= ~_negative_zeros(array.reshape(-1))
    return plane.reshape(array.shape), good.reshape(array.shape)


def _negative_zeros(array: Array) -> Any:
    """Which samples are -0.0, which no level restores: a fill value may be one."""
    return (array == 0) & np.signbit(array)


def _integer_levels(array: Array, bound: int) -> tuple[Plane, Any]:
    """Levels of integers, and which of them stay within 64 bits."""
    step = 2 * bound + 1
    if array.dtype != np.uint64:
        array = array.astype(np.int64)
    quotient, rest = np.divmod(array, array.dtype.type(step))
    plane = np.asarray(quotient).astype(np.int64) + (np.asarray(rest) > bound)
    good = np.ones(array.shape, np.bool_)
    if array.dtype.itemsize == 8:
        info = np.iinfo(array.dtype)
        # The smallest int64 is "not a time" where these are times: no other sample may become it.
        good = (array <= info.max - bound) & ((array > info.min + bound) | (info.min == 0))
    return plane, good


def _restore_integers(plane: Plane, step: int, dtype: np.dtype[Any]) -> Array:
    flat = plane.reshape(-1)
    if dtype.itemsize < 8:
        # A wrapped product of a damaged level is cut to the range like any other.
        low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        return np.clip(flat * step, low, high).astype(dtype).reshape(plane.shape)
    numbers = flat.view(np.uint64) * np.uint64(step)
    return numbers.view(dtype).reshape(plane.shape)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, the levels, and the values that break the bound."""
    kind, step, bound = parameters[:3]
    layout, specials = check_special(NAME, parameters, 3)
    if kind == FLOAT:
        plane, good = _levels(array, _float(step), _float(bound))
    else:
        plane, good = _integer_levels(array, bound)
    exact = to_plane(array)
    for special in specials:
        good &= exact != special
    return set_apart([plane], good, exact, layout, specials, STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Multiply."""
    check_parameters(NAME, parameters[:3], (FLOAT, INTEGER), INT64, INT64)
    kind, step, _ = parameters[:3]
    if dtype.kind not in ("f" if kind == FLOAT else "iu"):
        raise CorruptError(f"{NAME}: not for {dtype}")
    width = _float(step)
    if kind == FLOAT and not (math.isfinite(width) and width > 0):
        raise CorruptError(f"{NAME}: a step of {width}")
    if kind == INTEGER and step < 3:
        raise CorruptError(f"{NAME}: a step of {step}")

    def restore(plane: Plane, good: Mask) -> Array:
        del good
        if kind == FLOAT:
            return _restore(plane, width, dtype)
        return _restore_integers(plane, step, dtype)

    return merge(NAME, read, shape, dtype, check_special(NAME, parameters, 3), restore=restore)
