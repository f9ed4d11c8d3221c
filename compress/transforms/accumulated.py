"""Floats that were added up: each the float sum of the one before and a simple increment.

Time steps of 0.1 added again and again, and running sums of prices, drift away from the decimals
that they stand for, a rounding at a time. But the same additions give the same roundings: a sample
is ``previous + k / 10^d``, or ``previous + k * b``, correctly rounded. The first of a line follows
0, and so does what follows NaN or an infinity.

Parameters: operation and number as in `compress.transforms.scaled`, and the axis. Children: the
integers k, and by how many units in the last place the sums miss, which is 0 nearly everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.transforms.base import OVER, TIMES
from compress.transforms.ordered import to_plane
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

CODE = 31
NAME = "accumulated"
TRAITS = Traits(STAGE_NUMBERS, variant=(2,), encode_ns=30.0, decode_ns=10.0)

OVER_POWER_OF_TEN = 0
MAX_POWER = 22
LARGEST = float(1 << 53)
# Neighbours looked at, in two places.
SAMPLE = 256
# Share of them that must be such sums, and bits that increments must be shorter than the difference
# of neighbours as integers: sums of any increment fine enough are right.
SHARE, SHORTER = 0.8, 8.0
A_FEW, SHARE_OF_A_FEW = 32, 0.6


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take float32 and float64, which have the operations in machines."""
    return dtype.kind == "f" and dtype.itemsize in (4, 8)


def _factor(operation: int, number: int) -> float:
    if operation == OVER_POWER_OF_TEN:
        return float(10**number)
    return float(np.array([number], np.int64).view(np.float64)[0])


def _bits(number: float) -> int:
    return int(np.array([number]).view(np.int64)[0])


def _increments(numbers: Plane, operation: int, number: int, dtype: np.dtype[Any]) -> Array:
    factor = _factor(operation, number)
    wide = numbers.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(wide * factor if operation == TIMES else wide / factor, dtype)


def _before(lines: Array) -> Array:
    """Give what each sample is added to, along the middle one of three axes."""
    before = np.zeros_like(lines)
    before[:, 1:] = np.where(np.isfinite(lines[:, :-1]), lines[:, :-1], 0)
    return before


def _lines(array: Array, axis: int) -> Array:
    """View with axes before, along and behind the lines."""
    shape = array.shape
    count = shape[axis]
    behind = int(np.prod(shape[axis + 1 :]))
    return array.reshape(int(np.prod(shape[:axis])), count, behind)


def _describe(lines: Array, before: Array, operation: int, number: int) -> tuple[Plane, Plane]:
    """Integers, and what the sums miss."""
    factor = _factor(operation, number)
    with np.errstate(all="ignore"):
        steps = lines.astype(np.float64) - before
        numbers = np.rint(steps / factor if operation == TIMES else steps * factor)
        numbers[~(np.abs(numbers) <= LARGEST)] = 0
        whole = numbers.astype(np.int64)
        sums = before + _increments(whole, operation, number, lines.dtype)
    return whole, to_plane(lines) - to_plane(sums)


@kernel(
    "b1(const(f8[:, :, ::1]), const(i8[:, :, ::1]), f8[:, :, ::1], i8[:, :, ::1], i8)",
    "b1(const(f4[:, :, ::1]), const(i8[:, :, ::1]), f4[:, :, ::1], i4[:, :, ::1], i8)",
)
def _add_up(increments: Any, misses: Plane, values: Any, bits: Any, sign: int) -> bool:
    """Add up lines; ``bits`` are those of ``values``, ``sign`` all of them but the sign.

    Returns whether all misses led to a float.
    """
    outer, count, inner = values.shape
    if increments.shape != values.shape or misses.shape != values.shape:
        return False
    if bits.shape != values.shape:
        return False
    low, high = np.int64(-sign - 1), np.int64(sign)
    zero = values.dtype.type(0)
    for i in range(outer):
        for j in range(count):
            for k in range(inner):
                before = values[i, j - 1, k] if j > 0 else zero
                if not np.isfinite(before):
                    before = zero
                values[i, j, k] = before + increments[i, j, k]
                miss = misses[i, j, k]
                if miss != 0:
                    number = np.int64(bits[i, j, k])
                    number = number ^ sign if number < 0 else number
                    if sign != np.int64(0x7FFFFFFFFFFFFFFF) and (
                        miss < low - number or miss > high - number
                    ):
                        return False
                    number = number + miss
                    bits[i, j, k] = number ^ sign if number < 0 else number
    return True


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Try increments of few decimals, and one that is the same everywhere, along every axis."""
    del context
    if array.ndim == 0 or array.size < 16:
        return
    for axis in reversed(range(array.ndim)):
        found = _increment(array, axis) if array.shape[axis] >= 16 else None
        if found is not None:
            yield *found, axis


def _increment(array: Array, axis: int) -> tuple[int, int] | None:
    count = array.shape[axis]
    lines = np.moveaxis(array, axis, -1)
    pieces = []
    for place in (0, 1):
        # The first line, and the middle one from its middle on.
        line = lines[tuple(side // 2 * place for side in lines.shape[:-1])]
        start = (count - min(count, SAMPLE)) // 2 * place
        pieces.append(line[start : start + SAMPLE])
    before = np.concatenate([piece[:-1] for piece in pieces])
    after = np.concatenate([piece[1:] for piece in pieces])
    finite = np.isfinite(before) & np.isfinite(after) & (before != after)
    if np.count_nonzero(finite) < 12:
        return None
    before, after = before[finite], after[finite]
    apart = np.abs((to_plane(after) - to_plane(before)).astype(np.float64))
    limit = float(np.mean(np.log2(1 + apart))) - SHORTER
    for choice in _choices(before, after):
        numbers, misses = _describe(after, before, *choice)
        if float(np.mean(np.log2(1 + np.abs(numbers)))) > limit:
            continue
        if np.mean(misses == 0) >= SHARE and not _are_multiples(after, choice):
            return choice
    return None


def _are_multiples(values: Array, choice: tuple[int, int]) -> bool:
    """Whether the samples are such numbers themselves, which is simpler."""
    misses = _describe(values, np.zeros_like(values), *choice)[1]
    return bool(np.mean(misses == 0) >= SHARE)


def _choices(before: Array, after: Array) -> Iterator[tuple[int, int]]:
    constant = _constant(before, after)
    if constant is not None:
        yield TIMES, _bits(constant)
    # All powers at once, on a few neighbours.
    few = slice(None, None, -(-before.size // A_FEW))
    before, after = before[few], after[few]
    factors = 10.0 ** np.arange(MAX_POWER + 1)[:, np.newaxis]
    with np.errstate(all="ignore"):
        numbers = np.rint((after.astype(np.float64) - before) * factors)
        sums = before + (numbers / factors).astype(before.dtype)
    for power in np.flatnonzero(np.mean(sums == after, axis=1) >= SHARE_OF_A_FEW)[:2].tolist():
        yield OVER_POWER_OF_TEN, power


def _constant(before: Array, after: Array) -> float | None:
    """Increment that nearly all neighbours allow, the shortest decimal if there is one."""
    steps = after.astype(np.float64) - before
    # Half a unit in the last place of the sum.
    with np.errstate(over="ignore"):  # of the largest float
        room = np.spacing(np.abs(after)).astype(np.float64) / 2
    middle = float(np.median(steps))
    usual = np.abs(steps - middle) <= room + np.median(room)
    if np.mean(usual) < SHARE:
        return None
    low, high = float(np.max((steps - room)[usual])), float(np.min((steps + room)[usual]))
    # The simplest number of those allowed; rounding to even may allow no more than an end.
    middle = (low + high) / 2
    short = (float(f"{middle:.{digits}g}") for digits in range(1, 17))
    inside = next((number for number in short if low <= number <= high), middle)
    with np.errstate(all="ignore"):
        right = [
            np.count_nonzero(before + np.asarray(number, before.dtype) == after)
            for number in (inside, middle, low, high)
        ]
    return (inside, middle, low, high)[int(np.argmax(right))] or None


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the integers and the misses."""
    operation, number, axis = parameters
    if axis >= array.ndim or array.size == 0:
        return None
    lines = _lines(array, axis)
    numbers, misses = _describe(lines, _before(lines), operation, number)
    return (
        Child(numbers.reshape(array.shape), next_stage=STAGE_HOLES),
        Child(misses.reshape(array.shape), "side", next_stage=STAGE_HOLES),
    )


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Add up."""
    if not accepts(dtype):
        raise CorruptError(f"{NAME}: not for {dtype}")
    check_parameters(NAME, parameters, (0, TIMES), INT64, (0, len(shape) - 1))
    operation, number, axis = parameters
    if 0 in shape:
        raise CorruptError(f"{NAME}: no samples are never added up")
    if operation == OVER_POWER_OF_TEN and not 0 <= number <= MAX_POWER:
        raise CorruptError(f"{NAME}: 10^{number} is no exact number")
    factor = _factor(operation, number)
    if operation == OVER or not np.isfinite(factor) or factor == 0:
        raise CorruptError(f"{NAME}: operation {operation} with {factor}")
    numbers = read(shape)
    increments = _lines(_increments(numbers, operation, number, dtype), axis)
    misses = _lines(read(shape), axis)
    values = np.empty(misses.shape, dtype)
    bits = values.view(f"i{dtype.itemsize}")
    sign = (1 << (8 * dtype.itemsize - 1)) - 1
    # Sums may overflow to infinity, and misses of float64 wrap around.
    with np.errstate(all="ignore"):
        whole = _add_up(increments, misses, values, bits, np.int64(sign))
    if not whole:
        raise CorruptError(f"{NAME}: a sum and what it misses are no {dtype}")
    return values.reshape(shape)
