"""Differences of neighbours along an axis, modulo 2^64. The first ones stay as they are.

For models that do not predict. Parameter: the axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.transforms.sample import runs
from compress.transforms.step import (
    Array,
    Parameters,
    Plane,
    Read,
    Shape,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 13
NAME = "delta"

accepts = is_plane


def propose(array: Array, level: int) -> Parameters | None:
    """Take the axis with the smallest differences if they are smaller than the values."""
    del level
    best, cost = None, _size(array - _middle(array)) - 0.1 if array.size else 0.0
    for axis in range(array.ndim):
        if array.size == 0 or array.shape[axis] < 3:
            continue
        size = _size(np.diff(array, axis=axis))
        if size < cost:
            best, cost = axis, size
    return None if best is None else (best,)


def _middle(array: Array) -> Any:
    return np.int64(np.median(runs(array, 1024)))


def _size(array: Array) -> float:
    sample = runs(np.ascontiguousarray(array), 8192).astype(np.float64)
    return float(np.mean(np.log2(1 + np.abs(sample))))


def forward(array: Array, parameters: Parameters) -> tuple[Plane, ...] | None:
    """Give the differences."""
    (axis,) = parameters
    first = np.zeros_like(array[(slice(None),) * axis + (slice(0, 1),)])
    return (np.diff(array, axis=axis, prepend=first),)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Add up."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, (0, len(shape) - 1))
    return np.cumsum(read(shape), axis=parameters[0], dtype=np.int64)
