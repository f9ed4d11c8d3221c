"""A plane whose values are all the same: the value is the parameter, nothing else is stored."""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.transforms.step import (
    INT64,
    Array,
    Parameters,
    Plane,
    Read,
    Shape,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 2
NAME = "constant"

accepts = is_plane


def propose(array: Array, level: int) -> Parameters | None:
    """Give the value if there is only one."""
    del level
    if array.size == 0:
        return (0,)
    first = array.flat[0]
    # Most arrays fail on the first thousand values, which saves the pass over all of them.
    if np.any(array.reshape(-1)[:1024] != first) or np.any(array != first):
        return None
    return (int(first),)


def forward(array: Array, parameters: Parameters) -> tuple[Plane, ...] | None:
    """No children."""
    return () if np.all(array == parameters[0]) else None


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Fill the shape with the value."""
    del read
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, INT64)
    return np.full(shape, parameters[0], np.int64)
