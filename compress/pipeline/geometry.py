"""How an array is cut into chunks: slabs that are contiguous in memory order.

A chunk spans whole rows of some axis `k`: the axes before k are cut into single indexes, axis k
into slabs of nearly equal height, the axes after k stay whole. So a chunk keeps as many
dimensions as fit, and one rule holds for signals, images and volumes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

__all__ = ["CHUNK_SAMPLES", "MOST_CHUNK_SAMPLES", "Geometry", "cut", "fold_axes", "with_axes"]

# Samples in a chunk: large enough that learning anew costs little, small enough that the int64
# planes of a chunk (8 MiB each) stay far below the memory that decoding may take.
CHUNK_SAMPLES = 1 << 20
# What a decoder accepts; a stream that cuts coarser is damaged or hostile.
MOST_CHUNK_SAMPLES = 1 << 21

# Of fields that are planned: several functions of numpy take no more.
MOST_AXES = 32

Index = tuple[int | slice, ...]


@dataclass(frozen=True, slots=True)
class Geometry:
    """The cut of an array.

    Attributes
    ----------
    shape : tuple of int
        Shape of the array.
    axis : int
        The axis that is cut into slabs (0 for a 0-d array).
    rows : int
        Height of a slab along that axis; the last one may be lower.
    """

    shape: tuple[int, ...]
    axis: int
    rows: int

    @property
    def n_chunks(self) -> int:
        """Number of chunks; an empty array has none."""
        if prod(self.shape) == 0:
            return 0
        if not self.shape:
            return 1
        return prod(self.shape[: self.axis]) * -(-self.shape[self.axis] // self.rows)

    def index(self, chunk: int) -> Index:
        """Return the index of a chunk in the array (a tuple of integers and slices)."""
        if not self.shape:
            return ()
        slabs = -(-self.shape[self.axis] // self.rows)
        lead, slab = divmod(chunk, slabs)
        leading: list[int] = []
        for size in reversed(self.shape[: self.axis]):
            lead, i = divmod(lead, size)
            leading.append(i)
        begin = slab * self.rows
        end = min(begin + self.rows, self.shape[self.axis])
        return (*reversed(leading), slice(begin, end))

    def chunk_shape(self, chunk: int) -> tuple[int, ...]:
        """Return the shape of a chunk."""
        if not self.shape:
            return ()
        cut_axis = self.index(chunk)[-1]
        assert isinstance(cut_axis, slice)  # noqa: S101 - by construction of `index`
        return (cut_axis.stop - cut_axis.start, *self.shape[self.axis + 1 :])

    @property
    def largest(self) -> int:
        """Elements of the largest chunk."""
        return prod(self.chunk_shape(0)) if self.n_chunks else 0

    def __iter__(self) -> Iterator[Index]:
        return (self.index(i) for i in range(self.n_chunks))


def cut(shape: tuple[int, ...], target: int) -> Geometry:
    """Cut an array into chunks of about `target` elements.

    Parameters
    ----------
    shape : tuple of int
    target : int
        Most elements in a chunk (a single row of the last axis cut is never cut further than
        this either: the last axis itself is cut where it is longer).

    Returns
    -------
    Geometry
    """
    if not shape or prod(shape) == 0:
        return Geometry(shape, 0, 1)
    axis = 0
    while axis < len(shape) - 1 and prod(shape[axis + 1 :]) > target:
        axis += 1
    most = max(1, target // prod(shape[axis + 1 :]))
    slabs = -(-shape[axis] // most)
    return Geometry(shape, axis, -(-shape[axis] // slabs))


def fold_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape in which a field is planned, coded and decoded: one of few axes.

    Where there are more than `MOST_AXES`, those of length 1 go, then the first ones become one.
    """
    if len(shape) <= MOST_AXES:
        return shape
    long = tuple(size for size in shape if size != 1)
    return with_axes(long, MOST_AXES) if len(long) > MOST_AXES else long


def with_axes(shape: tuple[int, ...], axes: int) -> tuple[int, ...]:
    """Return a shape of so many axes for the same samples.

    Axes of length 1 come in front, or the first ones become one; one axis is the fewest that an
    array with axes has.
    """
    spare = len(shape) - max(1, axes) if shape else -axes
    return (prod(shape[: spare + 1]), *shape[spare + 1 :]) if spare > 0 else (1,) * -spare + shape
