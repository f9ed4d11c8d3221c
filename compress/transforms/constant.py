"""A plane whose values are all the same: the value is the parameter, nothing else is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.transforms.step import (
    INT64,
    NARROW,
    STAGE_WHOLE,
    Array,
    Child,
    Context,
    Parameters,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 2
NAME = "constant"

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, search_ns=0.1, encode_ns=1.0, decode_ns=1.0)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Give the value if there is only one."""
    del context
    if array.size == 0:
        yield (0,)
        return
    first = array.flat[0]
    # Most arrays fail on the first thousand values, which saves the pass over all of them.
    if np.any(array.reshape(-1)[:1024] != first) or np.any(array != first):
        return
    yield (int(first),)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """No children."""
    return () if np.all(array == parameters[0]) else None


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Fill the shape with the value."""
    del read
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, INT64)
    value = parameters[0]
    dtype = next(d for d in NARROW if np.iinfo(d).min <= value <= np.iinfo(d).max)
    return np.full(shape, value, dtype)
