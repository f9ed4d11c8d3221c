"""Distinct values of a plane, by a hash table. Encoder only."""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.transforms.step import Plane

__all__ = ["distinct_values", "positions_of", "recurring_share"]


# Samples looked at, and how many at least say anything.
SAMPLE, LEAST = 2048, 64
# A range of so many values a sample is marked rather than hashed: a few bytes a value.
NARROW = 2


@kernel(inline="never")
def _hash(value: Any, mask: Any) -> Any:
    # Factors and halves below 2^32: no product overflows, with the kernels compiled or not.
    low = np.uint64(value & np.int64(0xFFFFFFFF)) * np.uint64(0x9E3779B1)
    high = np.uint64((value >> np.int64(32)) & np.int64(0xFFFFFFFF)) * np.uint64(0x85EBCA77)
    mixed = (low >> np.uint64(12)) ^ (high >> np.uint64(9)) ^ low
    return np.int64(mixed & np.uint64(0x7FFFFFFF)) & mask


@kernel("i8(const(i8[::1]), i8, i8[::1], i8[::1])")
def _insert(values: Plane, limit: int, keys: Plane, where: Any) -> int:
    """Give each distinct value a number, in order of appearance.

    ``where`` holds number + 1 per slot (0: free) and ``keys`` the value per number. Returns how
    many there are, or -1 as soon as there are more than ``limit``.
    """
    mask = np.int64(where.size - 1)
    count = 0
    for i in range(values.size):
        value = values[i]
        slot = _hash(value, mask)
        while where[slot] != 0 and keys[where[slot] - 1] != value:
            slot = (slot + 1) & mask
        if where[slot] == 0:
            if count == limit:
                return -1
            keys[count] = value
            count += 1
            where[slot] = count
    return count


@kernel("i8(const(i8[::1]), const(i8[::1]), const(i8[::1]), i8[::1])")
def _look_up(values: Plane, keys: Plane, where: Any, out: Plane) -> int:
    """Write the number of each value; return how many values have none (they get -1)."""
    mask = np.int64(where.size - 1)
    missing = 0
    for i in range(values.size):
        value = values[i]
        slot = _hash(value, mask)
        while where[slot] != 0 and keys[where[slot] - 1] != value:
            slot = (slot + 1) & mask
        if where[slot] == 0:
            missing += 1
            out[i] = -1
        else:
            out[i] = where[slot] - 1
    return missing


def _table(limit: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.zeros(1 << (2 * max(limit, 8) - 1).bit_length(), np.int64)


@kernel("i8(const(i8[::1]), i8, i8[::1])")
def _pick(values: Plane, mask: int, out: Plane) -> int:
    """Pick the values of one class of hashes, as many as there is room for."""
    count = 0
    for i in range(values.size):
        if _hash(values[i], mask) == 0:
            if count == out.size:
                break
            out[count] = values[i]
            count += 1
    return count


def recurring_share(plane: Plane) -> float:
    """Share of samples whose value occurred before, about.

    Looks at all samples of some values, rather than at some samples of all values: those hardly
    recur in a part of a plane that has thousands of values.
    """
    classes = 1 << max(0, (plane.size // SAMPLE).bit_length() - 1)
    picked = np.empty(4 * SAMPLE, np.int64)
    count = int(_pick(plane.reshape(-1), classes - 1, picked))
    if count < LEAST:
        # One value is nearly all, or none is in this class.
        return 1.0
    return 1.0 - np.unique(picked[:count]).size / count


def distinct_values(plane: Plane, limit: int) -> Plane | None:
    """Sorted distinct values of a plane.

    Parameters
    ----------
    plane : numpy.ndarray of int64
    limit : int
        Give up as soon as there are more.

    Returns
    -------
    numpy.ndarray of int64 or None
        Sorted, at most ``limit`` of them; ``None`` when there are more.
    """
    low, high = (int(plane.min()), int(plane.max())) if plane.size else (0, 0)
    if high - low < NARROW * plane.size:
        found = np.zeros(high - low + 1, np.bool_)
        found[plane.reshape(-1) - low] = True
        values = np.flatnonzero(found) + low
        return values if values.size <= limit else None
    keys = np.empty(limit, np.int64)
    count = int(_insert(plane.reshape(-1), limit, keys, _table(limit)))
    return None if count < 0 else np.sort(keys[:count])


def positions_of(plane: Plane, values: Plane) -> Plane | None:
    """Index of each element of a plane among sorted distinct values.

    Returns
    -------
    numpy.ndarray of int64 or None
        Of the plane's shape; ``None`` when an element is not among the values.
    """
    low, high = int(values[0]), int(values[-1])
    if high - low < NARROW * plane.size:
        if plane.min() < low or plane.max() > high:
            return None
        numbers = np.full(high - low + 1, -1, np.int64)
        numbers[values - low] = np.arange(values.size)
        found: Plane = numbers[plane - low]
        return None if values.size < numbers.size and found.min() < 0 else found
    where, keys = _table(values.size), np.empty(values.size, np.int64)
    if int(_insert(values, values.size, keys, where)) != values.size:
        return None
    out = np.empty(plane.shape, np.int64)
    # Sorted values were numbered in order of appearance, so the number is the index.
    missing = _look_up(plane.reshape(-1), keys, where, out.reshape(-1))
    return None if missing else out
