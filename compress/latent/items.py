"""Items: small arrays of one shape, whole numbers from 0 to a largest one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError

__all__ = ["as_rows", "read_shape"]

Integers = npt.NDArray[np.int64]


def read_shape(integers: Iterator[int]) -> tuple[int, ...]:
    """Read the shape of an item: its length, then itself."""
    length = next(integers)
    if not 0 <= length <= 8:
        raise CorruptError(f"an item cannot have {length} axes")
    shape = tuple(next(integers) for _ in range(length))
    if any(not 0 < side <= 1 << 16 for side in shape) or math.prod(shape) > 1 << 16:
        raise CorruptError(f"an item cannot have the shape {shape}")
    return shape


def as_rows(X: npt.ArrayLike, shape: tuple[int, ...], top: int) -> Integers:  # noqa: N803
    """Items as rows of int64.

    Raises
    ------
    TypeError
        If they are not numbers.
    ValueError
        If they have another shape, or are not whole numbers from 0 to ``top``.
    """
    items = np.asarray(X)
    if items.dtype.kind not in "biuf":
        raise TypeError(f"items must be numbers, got {items.dtype}")
    if items.ndim != len(shape) + 1 or items.shape[1:] != tuple(shape):
        raise ValueError(f"items must have shape (n, *{tuple(shape)}), got {items.shape}")
    if items.dtype.kind == "f" and not np.all(items == np.floor(items)):
        raise ValueError("items must be whole numbers, and none may be NaN or infinite")
    if items.size and (items.min() < 0 or items.max() > top):
        raise ValueError(f"samples must lie in 0..{top}, got {items.min()}..{items.max()}")
    return np.ascontiguousarray(items.reshape(len(items), math.prod(shape)), np.int64)
