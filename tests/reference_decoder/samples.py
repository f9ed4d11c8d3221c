"""Ordered integers, samples set apart, misses and packed words: what several steps share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.reader import RefusedError

__all__ = [
    "FLOATS",
    "Array",
    "Plane",
    "Read",
    "Shape",
    "float_of",
    "from_ordered",
    "left_over",
    "misses",
    "need",
    "packed",
    "ranged",
    "set_apart",
    "to_ordered",
]

Array = NDArray[Any]
Plane = NDArray[np.int64]
Shape = tuple[int, ...]
Read = Callable[[Shape], Plane]
Restore = Callable[[Plane, NDArray[np.bool_]], Plane]

FLOATS = tuple(np.dtype(name) for name in ("f2", "f4", "f8"))
_LIMIT = 1 << 63


def need(good: Any, what: str) -> None:
    """Refuse what is not good."""
    if not good:
        raise RefusedError(what)


def ranged(value: int, low: int, high: int) -> int:
    """Give a parameter that is within its range."""
    need(low <= value <= high, f"a parameter is {value}, allowed are {low} to {high}")
    return value


def float_of(pattern: int) -> float:
    """Give the float64 with these bits."""
    return float(np.int64(pattern).view(np.float64))


def _integer(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"i{dtype.itemsize}")


def _fold_sign(x: Array, bits: int) -> Array:
    return np.where(x < 0, x ^ x.dtype.type((1 << (bits - 1)) - 1), x)


def to_ordered(values: Array) -> Plane:
    """Give the ordered integers of values."""
    dtype = values.dtype
    if dtype.kind == "f":
        patterns = np.ascontiguousarray(values).view(_integer(dtype))
        return _fold_sign(patterns, 8 * dtype.itemsize).astype(np.int64)
    if dtype == np.uint64:
        return (values ^ np.uint64(_LIMIT)).view(np.int64)
    return values.astype(np.int64)


def from_ordered(x: Plane, dtype: np.dtype[Any]) -> Array:
    """Give the values of ordered integers."""
    if dtype == np.uint64:
        return x.view(np.uint64) ^ np.uint64(_LIMIT)
    if dtype.kind == "b":
        low, high = 0, 1
    elif dtype.kind in "SU":
        low, high = 0, (1 << 8 * dtype.itemsize) - 1
    elif dtype.kind == "f":
        low, high = np.iinfo(_integer(dtype)).min, np.iinfo(_integer(dtype)).max
    else:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    need(not x.size or low <= int(x.min()) <= int(x.max()) <= high, "an ordered integer")
    if dtype.kind == "f":
        patterns = _fold_sign(x.astype(_integer(dtype)), 8 * dtype.itemsize)
        return np.ascontiguousarray(patterns).view(dtype)
    if dtype.kind in "SU":
        codes = np.ascontiguousarray(x.astype(f"u{dtype.itemsize}"))
        return codes.reshape(-1).view(dtype).reshape(x.shape)
    return x.astype(dtype)


def set_apart(
    read: Read, shape: Shape, dtype: np.dtype[Any], apart: Sequence[int], restore: Restore
) -> Array:
    """Restore good samples from a main plane, and put special and listed values into the holes.

    ``apart`` is the layout and the special values; ``restore`` takes the main plane and where it
    is good, may read more children, and gives ordered integers.
    """
    need(1 <= len(apart) <= 9, "a layout, and 0 to 8 special values")
    layout, *specials = apart
    ranged(layout, 0, 2)
    if layout == 2:
        marked = read(shape)
        lowest = marked == (marked.min() if marked.size else 0)
        codes = read((int(lowest.sum()),))
        mask = np.zeros(shape, np.int64)
        mask[lowest] = codes
        good = mask == 0
        main = np.where(good, marked, marked[good].min() if good.any() else 0)
    else:
        mask = read(shape)
        good = mask == 0
        main = read(shape if layout else (int(good.sum()),))
    need(bool(((mask >= 0) & (mask <= len(specials) + 1)).all()), "a mask")
    x = np.zeros(shape, np.int64)
    if layout == 0:
        x[good] = restore(main, np.ones(main.shape, np.bool_))
    else:
        x[good] = restore(main, good)[good]
    for code, special in enumerate(specials, 1):
        x[mask == code] = special
    others = mask == len(specials) + 1
    if others.any():
        x[others] = read((int(others.sum()),))
    return from_ordered(x, dtype)


def misses(
    read: Read, main: Plane, good: NDArray[np.bool_], restored: Array, adjusted: int
) -> Plane:
    """Give the ordered integers of restored samples, by how many they miss."""
    x = to_ordered(restored)
    with np.errstate(over="ignore"):
        if adjusted == 1:
            x = x + read(main.shape)
        elif adjusted == 2:
            found, place = np.unique(main[good], return_inverse=True)
            x[good] += read((found.size,))[place.ravel()]
    return x


def packed(read: Read, widths: Sequence[int]) -> list[int]:
    """Read numbers of known widths from words of 56 bits."""
    total = sum(widths)
    words = read((-(-total // 56),)).tolist()
    need(all(0 <= word < 1 << 56 for word in words), "a packed word")
    whole = int.from_bytes(b"".join(word.to_bytes(7, "little") for word in words), "little")
    out = []
    for width in widths:
        out.append(whole & ((1 << width) - 1))
        whole >>= width
    return out


def left_over(shape: Shape, axis: int, length: int) -> Shape:
    """Give a shape with another length of one axis."""
    return (*shape[:axis], length, *shape[axis + 1 :])
