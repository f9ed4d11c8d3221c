"""Planes that are their own mirror image: along an axis, or about the diagonal of matrices.

Templates, windows and spectra are symmetric, and so are tables of distances and correlations. Half
of such a plane says all. Computed ones are often symmetric but for rounding: then the other half is
what it misses its mirror image by, a few units in the last place.

Parameters: the axis, or the number of axes for the diagonal of the last two; then 1 if the other
half is nearly the same. Children: the first half along the axis, with what is in the middle; or the
lower triangle as a rectangle, its last row beside its first one backwards and so on, so that
neighbours stay neighbours. Then, if nearly the same, what the other half has more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.spread import mean_bits
from compress.transforms.step import (
    STAGE_HOLES,
    STAGE_WHOLE,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 18
NAME = "mirrored"
EXACTLY, NEARLY = 0, 1
# Bits a sample by which what is missed must be below what neighbours differ by: keeping both halves
# as two planes costs a little, and pictures of even noise are never worth it.
CLOSER = 6.0

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, encode_ns=5.0, decode_ns=8.0)
accepts = is_plane


def _halves(array: Array, axis: int) -> tuple[Array, Array]:
    """First half without the middle, and the other half backwards, along the first axis."""
    moved = np.moveaxis(array, axis, 0)
    half = len(moved) // 2
    return moved[:half], moved[: -half - 1 : -1]


def _is_mirrored(array: Array, axis: int) -> bool:
    """Whether it is, by its ends first, which nearly all planes fail at."""
    first, second = _halves(array, axis)
    return len(first) > 0 and np.array_equal(first[0], second[0]) and np.array_equal(first, second)


def _is_square(array: Array) -> bool:
    return array.ndim >= 2 and array.shape[-1] == array.shape[-2] > 1 and array.size > 0


def _is_symmetric(array: Array) -> bool:
    return (
        _is_square(array)
        and np.array_equal(array[..., 0, :], array[..., :, 0])
        and np.array_equal(array, array.swapaxes(-1, -2))
    )


def _triangle(side: int) -> tuple[Any, Any]:
    """Rows and columns of the lower triangle of a matrix, in the shape of the rectangle."""
    even = 1 - side % 2
    row, column = np.ogrid[: (side + 1) // 2, : side + even]
    long = column < side - row
    rows = np.where(long, side - 1 - row, row - 1 + even)
    return rows, np.where(long, column, side - 1 + even - column)


def _are_near(some: Plane, others: Plane) -> bool:
    """Whether the differences are far smaller than those of neighbours."""
    steps = np.diff(some, axis=-1)
    return steps.size > 0 and mean_bits(others - some) + CLOSER < mean_bits(steps)


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look along all axes and across the diagonal, then again for what is nearly the same."""
    del context
    for axis in range(array.ndim):
        if _is_mirrored(array, axis):
            yield (axis,)
            return
    if _is_symmetric(array):
        yield (array.ndim,)
        return
    if not is_plane(array.dtype) or array.size < 16:
        return
    # The ends first, as above.
    for axis in range(array.ndim):
        first, second = (np.ascontiguousarray(half) for half in _halves(array, axis))
        ends = (first[:1], second[:1]) if array.ndim > 1 else (first[:64], second[:64])
        if first.size and _are_near(*ends) and _are_near(first, second):
            yield axis, NEARLY
            return
    if (
        _is_square(array)
        and _are_near(array[..., 0, :], array[..., :, 0])
        and _are_near(array, array.swapaxes(-1, -2))
    ):
        yield array.ndim, NEARLY


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Keep half of the plane, and what the other half has more."""
    axis, nearly = (*parameters, EXACTLY)[:2]
    if axis == array.ndim:
        if not _is_square(array) or not (nearly or _is_symmetric(array)):
            return None
        rows, columns = _triangle(array.shape[-1])
        half = array[..., rows, columns]
        more = array[..., columns, rows] - half
    else:
        if array.shape[axis] < 2 or not (nearly or _is_mirrored(array, axis)):
            return None
        size = array.shape[axis]
        half = array.take(range((size + 1) // 2), axis)
        more = np.flip(array, axis).take(range(size // 2), axis)
        more = more - array.take(range(size // 2), axis)
    main = Child(np.ascontiguousarray(half), next_stage=STAGE_HOLES)
    if not nearly:
        return (main,)
    return main, Child(np.ascontiguousarray(more), "side", next_stage=STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the other half beside it."""
    check_plane(NAME, dtype)
    if len(parameters) == 1:
        parameters = (*parameters, EXACTLY)
    check_parameters(NAME, parameters, (0, len(shape)), (EXACTLY, NEARLY))
    axis, nearly = parameters
    if axis == len(shape):
        if len(shape) < 2 or shape[-2] != shape[-1]:
            raise CorruptError(f"{NAME}: a plane of shape {shape} has no diagonal")
        return _inverse_about_diagonal(read, shape, nearly)
    size = shape[axis]
    half = read((*shape[:axis], (size + 1) // 2, *shape[axis + 1 :]))
    other = half.take(range(size // 2), axis)
    if nearly:
        other += read(other.shape)
    return np.concatenate([half, np.flip(other, axis)], axis=axis)


def _inverse_about_diagonal(read: Read, shape: Shape, nearly: int) -> Plane:
    rows, columns = _triangle(shape[-1])
    half = read((*shape[:-2], *rows.shape))
    plane = np.empty(shape, np.int64)
    plane[..., rows, columns] = half
    if not nearly:
        plane[..., columns, rows] = half
        return plane
    more = read(half.shape)
    # The diagonal is its own mirror image.
    if np.any(more[..., rows == columns]):
        raise CorruptError(f"{NAME}: a sample of the diagonal differs from itself")
    plane[..., columns, rows] = half + more
    return plane
