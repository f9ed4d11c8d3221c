"""Whether an array came back as it should: bit for bit, or within an error bound."""

from __future__ import annotations

import math
import platform
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.bounds import ranges_of
from compress.errors import VerificationError
from compress.transforms.fields import are_numbers, take_apart
from compress.transforms.tolerance import (
    DIGITS,
    POINTWISE,
    Bound,
    Tolerance,
    power_of_ten,
    unit_exponents,
)

__all__ = ["check_restored", "noise_excess"]

Array = NDArray[Any]
# Samples compared at a time: what is computed of them stays small beside the array.
_BLOCK = 1 << 18
# What float64 may be off by in a difference or a product; where it is off by more; the first
# integers that it skips.
_ROUNDING, _TINY, _INEXACT = 2.0**-50, 2.0**-1000, 2.0**53


def check_restored(
    array: Array, restored: Array | None, bounds: Bound | tuple[Bound, ...], what: str
) -> None:
    """Raise `VerificationError` unless an array came back.

    Parameters
    ----------
    array : numpy.ndarray
    restored : numpy.ndarray or None
        None where it could not be decoded at all.
    bounds : float, Tolerance or None, or a tuple of these
        For finite samples of all numbers, or one for each field; all bits must agree without it.
    what : str
        How the array was coded, for the report.
    """
    fault = "does not decode" if restored is None else _difference(array, restored, bounds)
    if fault is not None:
        raise VerificationError(
            f"a fault of this library, nothing was written: {array.dtype} array of shape "
            f"{array.shape}, coded with {what}, {fault}. Please report this line, with the array "
            f"if you can (numpy {np.__version__}, {platform.machine()})"
        )


def _difference(array: Array, restored: Array, bounds: Bound | tuple[Bound, ...]) -> str | None:
    if array.dtype.str != restored.dtype.str or array.shape != restored.shape:
        return f"comes back as {restored.dtype} of shape {restored.shape}"
    numbers = are_numbers(array.dtype)
    if not isinstance(bounds, tuple) or isinstance(bounds, Tolerance):
        bounds = (bounds,) * len(numbers)
    pairs = zip(take_apart(array), take_apart(restored), numbers, bounds, strict=True)
    for place, (field, back, number, stated) in enumerate(pairs):
        bound = stated if number and field.dtype.kind in "fiu" else None
        flat, flat_back = field.reshape(-1), back.reshape(-1)
        for begin in range(0, field.size, _BLOCK):
            one, other = flat[begin : begin + _BLOCK], flat_back[begin : begin + _BLOCK]
            wrong = _wrong(one, other, bound)
            if wrong.any():
                at = int(np.argmax(wrong))
                return (
                    f"differs in field {place}, sample {begin + at}: "
                    f"{one[at]!r} comes back as {other[at]!r}"
                )
    return None


def _wrong(one: Array, other: Array, bound: Bound) -> Any:
    bits = f"u{one.dtype.itemsize}"
    different = one.view(bits) != other.view(bits)
    if bound is None or not different.any():
        return different
    if isinstance(bound, float):
        return different & ~_within(one, other, bound)
    return different & ~_is_tolerated(one, other, bound)


def _is_tolerated(one: Array, other: Array, tolerance: Tolerance) -> Any:
    """Whether samples are as near to each other as a tolerance says, in exact arithmetic."""
    with np.errstate(all="ignore"):
        a, b = one.astype(np.float64), other.astype(np.float64)
        error, size = np.abs(a - b), np.abs(a)
        if tolerance.kind == DIGITS:
            units = unit_exponents(np.where(size > 0, size, 1.0), int(tolerance.value))
            most = 0.5 * power_of_ten(np.ones(a.size), units)
            most = most + (
                np.abs(np.spacing(other)).astype(np.float64) / 2 if _is_float(one) else 0
            )
        else:
            most = tolerance.value * size
        near = (error <= most) & (size > 0) & np.isfinite(a) & np.isfinite(b)
        if tolerance.kind == POINTWISE:
            # What rounding of this arithmetic could decide is looked at one by one.
            open_ = (np.abs(error - most) <= _ROUNDING * most) | (most < _TINY)
            open_ |= (size >= _INEXACT) & (not _is_float(one))
            for i in np.flatnonzero(open_ & (size > 0) & np.isfinite(a) & np.isfinite(b)):
                exact, back = Fraction(one[i].item()), Fraction(other[i].item())
                near[i] = abs(exact - back) <= Fraction(tolerance.value) * abs(exact)
    return near


def _is_float(array: Array) -> bool:
    return array.dtype.kind == "f"


def noise_excess(array: Array, restored: Array, decibels: float) -> float:
    """Give the root of the mean square error by what a PSNR allows: that of the worst field.

    Parameters
    ----------
    array, restored : numpy.ndarray
    decibels : float

    Returns
    -------
    float
        At most 1 where each field reaches the PSNR.
    """
    worst = 0.0
    pairs = zip(take_apart(array), take_apart(restored), ranges_of(array), strict=True)
    for field, back, extent in pairs:
        allowed = extent * 10.0 ** (-decibels / 20.0)
        if allowed > 0:
            one, other = field.reshape(-1), back.reshape(-1)
            squares, count = 0.0, 0
            for begin in range(0, field.size, _BLOCK):
                part = one[begin : begin + _BLOCK].astype(np.float64)
                good = np.isfinite(part)
                error = part[good] - other[begin : begin + _BLOCK].astype(np.float64)[good]
                squares += float(np.sum((error / allowed) ** 2))
                count += error.size
            worst = max(worst, math.sqrt(squares / count))
    return worst


def _within(one: Array, other: Array, bound: float) -> Any:
    """Whether samples are as near to each other as the bound says, in exact arithmetic."""
    if one.dtype.kind != "f":
        # Differences of 64-bit integers fit the unsigned ones, modulo 2^64.
        low, high = np.minimum(one, other), np.maximum(one, other)
        distance = high.astype(np.uint64) - low.astype(np.uint64)
        return distance <= np.uint64(min(math.floor(bound), (1 << 64) - 1))
    with np.errstate(all="ignore"):
        a, b = one.astype(np.float64), other.astype(np.float64)
        # a - b is error + rest without rounding (Knuth's two-sum).
        error = a - b
        part = error - a
        rest = (a - (error - part)) - (b + part)
        size = np.abs(error)
        # Half the difference where the difference is beyond the largest float64.
        far = np.isinf(error) & (np.abs(a / 2 - b / 2) <= bound / 2)
        near = (size < bound) | ((size == bound) & (np.sign(error) * rest <= 0)) | far
    return near & np.isfinite(a) & np.isfinite(b)
