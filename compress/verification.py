"""Whether an array came back as it should: bit for bit, or within an error bound."""

from __future__ import annotations

import math
import platform
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.errors import VerificationError
from compress.transforms.fields import are_numbers, take_apart

__all__ = ["check_restored"]

Array = NDArray[Any]
# Samples compared at a time: what is computed of them stays small beside the array.
_BLOCK = 1 << 18


def check_restored(
    array: Array, restored: Array | None, max_error: float | None, what: str
) -> None:
    """Raise `VerificationError` unless an array came back.

    Parameters
    ----------
    array : numpy.ndarray
    restored : numpy.ndarray or None
        None where it could not be decoded at all.
    max_error : float or None
        Bound for finite samples; all bits must agree without it.
    what : str
        How the array was coded, for the report.
    """
    fault = "does not decode" if restored is None else _difference(array, restored, max_error)
    if fault is not None:
        raise VerificationError(
            f"a fault of this library, nothing was written: {array.dtype} array of shape "
            f"{array.shape}, coded with {what}, {fault}. Please report this line, with the array "
            f"if you can (numpy {np.__version__}, {platform.machine()})"
        )


def _difference(array: Array, restored: Array, max_error: float | None) -> str | None:
    if array.dtype.str != restored.dtype.str or array.shape != restored.shape:
        return f"comes back as {restored.dtype} of shape {restored.shape}"
    numbers = are_numbers(array.dtype)
    pairs = zip(take_apart(array), take_apart(restored), numbers, strict=True)
    for place, (field, back, number) in enumerate(pairs):
        bound = max_error if number and field.dtype.kind in "fiu" else None
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


def _wrong(one: Array, other: Array, bound: float | None) -> Any:
    bits = f"u{one.dtype.itemsize}"
    different = one.view(bits) != other.view(bits)
    if bound is None or not different.any():
        return different
    return different & ~_within(one, other, bound)


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
