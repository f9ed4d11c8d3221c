"""A period: rows of that many samples, one below another.

What lay ``period`` samples back is then the neighbour above, and prediction in two dimensions sees
it, with what came before and after it. Works on the first axis, so it folds repeated blocks of
rows too. Parameter: the period. Children: the plane of shape (n // period, period, ...), and the
n mod period rows that are left, if any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.transforms.period import period_of
from compress.transforms.step import (
    STAGE_HOLES,
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

CODE = 10
NAME = "folded"

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, takes_narrow=True, encode_ns=0.1, decode_ns=0.5)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find a lag at which samples resemble each other more than neighbours do."""
    if array.ndim == 0 or array.size // max(array.shape[0], 1) > 1:
        return
    period = period_of(array.reshape(-1), context)
    if period is not None:
        yield (period,)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Cut into rows."""
    (period,) = parameters
    whole = array.shape[0] // period * period
    plane = array[:whole].reshape(whole // period, period, *array.shape[1:])
    children = [Child(plane, next_stage=STAGE_HOLES)]
    if whole < array.shape[0]:
        children.append(Child(array[whole:], "side", next_stage=STAGE_HOLES))
    return tuple(children)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the rows behind one another."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, (1, shape[0] if shape else 0))
    (period,) = parameters
    whole = shape[0] // period * period
    plane = read((whole // period, period, *shape[1:])).reshape(whole, *shape[1:])
    if whole == shape[0]:
        return plane
    return np.concatenate([plane, read((shape[0] - whole, *shape[1:]))])
