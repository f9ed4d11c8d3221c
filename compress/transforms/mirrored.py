"""Planes that are their own mirror image: along an axis, or about the diagonal of a matrix.

Templates, windows and spectra are symmetric, and so are tables of distances and correlations. Half
of such a plane says all. Parameter: the axis, or the number of axes for the diagonal. Child: the
first half along the axis, with what is in the middle; or the lower triangle as a rectangle, its
last row beside its first one backwards and so on, so that neighbours stay neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
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

CODE = 18
NAME = "mirrored"

TRAITS = Traits(STAGE_WHOLE, whole_plane=True)
accepts = is_plane


def _is_mirrored(array: Array, axis: int) -> bool:
    """Whether it is, by its ends first, which nearly all planes fail at."""
    moved = np.moveaxis(array, axis, 0)
    half = len(moved) // 2
    return (
        half > 0
        and np.array_equal(moved[0], moved[-1])
        and np.array_equal(moved[:half], moved[: -half - 1 : -1])
    )


def _is_symmetric(array: Array) -> bool:
    return (
        array.ndim == 2
        and array.shape[0] == array.shape[1] > 1
        and np.array_equal(array[0], array[:, 0])
        and np.array_equal(array, array.T)
    )


def _triangle(side: int) -> tuple[Any, Any]:
    """Rows and columns of the lower triangle of a matrix, in the shape of the rectangle."""
    even = 1 - side % 2
    row, column = np.ogrid[: (side + 1) // 2, : side + even]
    long = column < side - row
    rows = np.where(long, side - 1 - row, row - 1 + even)
    return rows, np.where(long, column, side - 1 + even - column)


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look along all axes, then across the diagonal."""
    del context
    for axis in range(array.ndim):
        if _is_mirrored(array, axis):
            yield (axis,)
            return
    if _is_symmetric(array):
        yield (array.ndim,)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Keep half of the plane."""
    (axis,) = parameters
    if axis == array.ndim:
        if not _is_symmetric(array):
            return None
        return (Child(array[_triangle(len(array))], next_stage=STAGE_HOLES),)
    if not _is_mirrored(array, axis):
        return None
    half = array[(slice(None),) * axis + (slice((array.shape[axis] + 1) // 2),)]
    return (Child(np.ascontiguousarray(half), next_stage=STAGE_HOLES),)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the other half beside it."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, (0, len(shape)))
    (axis,) = parameters
    if axis == len(shape):
        if len(shape) != 2 or shape[0] != shape[1]:
            raise CorruptError(f"{NAME}: a plane of shape {shape} has no diagonal")
        rows, columns = _triangle(shape[0])
        plane = np.empty(shape, np.int64)
        plane[rows, columns] = read(rows.shape)
        plane[columns, rows] = plane[rows, columns]
        return plane
    size = shape[axis]
    half = read((*shape[:axis], (size + 1) // 2, *shape[axis + 1 :]))
    mirrored = np.flip(half, axis)
    return np.concatenate(
        [half, mirrored[(slice(None),) * axis + (slice(size % 2, None),)]], axis=axis
    )
