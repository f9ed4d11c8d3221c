"""The grid of chunks of a file: tiles of equal shape, cut off at the ends of the array.

The first axis is the one along which the array grows. All tiles that share their rows are a slab,
and are numbered in C order within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

__all__ = ["Grid", "Part", "usual_chunks"]

# Samples in a tile of an array of several axes: a corner of it is there in a millisecond or two at
# level 1. One of 2^20 is 1 to 3 % smaller, for models learn anew in each.
_TILE_SAMPLES = 1 << 18
# Samples in a chunk of one axis.
_RUN_SAMPLES = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """What a selection takes of one chunk.

    Attributes
    ----------
    slab, tile : int
        Which chunk.
    inside : tuple of slice
        Of the chunk.
    target : tuple of slice
        Where it goes in the selected box.
    """

    slab: int
    tile: int
    inside: tuple[slice, ...]
    target: tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """An array of at least one axis, and the chunks that it is cut into.

    Attributes
    ----------
    shape : tuple of int
    chunks : tuple of int
        As many; 1 or more each.
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Chunks along each axis."""
        pairs = zip(self.shape, self.chunks, strict=True)
        return tuple(-(-size // chunk) for size, chunk in pairs)

    @property
    def n_tiles(self) -> int:
        """Chunks of a slab."""
        return prod(self.counts[1:])

    @property
    def n_chunks(self) -> int:
        """Chunks of the array."""
        return prod(self.counts)

    @property
    def largest(self) -> int:
        """Elements of the largest chunk."""
        return prod(map(min, self.shape, self.chunks))

    def tiles(self) -> Iterator[tuple[slice, ...]]:
        """Yield where each tile of a slab lies on the axes after the first."""
        for place in product(*map(range, self.counts[1:])):
            yield tuple(
                slice(i * chunk, min((i + 1) * chunk, size))
                for i, chunk, size in zip(place, self.chunks[1:], self.shape[1:], strict=True)
            )

    def rows(self, slab: int) -> int:
        """Rows of a slab."""
        return min(self.chunks[0], self.shape[0] - slab * self.chunks[0])

    def chunk_shape(self, slab: int, tile: int) -> tuple[int, ...]:
        """Shape of a chunk."""
        sizes = []
        pairs = list(zip(self.counts, self.chunks, self.shape, strict=True))[1:]
        for count, chunk, size in reversed(pairs):
            tile, i = divmod(tile, count)
            sizes.append(min(chunk, size - i * chunk))
        return (self.rows(slab), *reversed(sizes))

    def parts(self, box: tuple[range, ...]) -> Iterator[Part]:
        """Yield what a box takes of each chunk that it touches, in the order of the file.

        Parameters
        ----------
        box : tuple of range
            The indexes taken along each axis, rising.
        """
        axes = [list(_along(one, chunk)) for one, chunk in zip(box, self.chunks, strict=True)]
        counts = self.counts
        for place in product(*axes):
            tile = 0
            for (i, _, _), count in zip(place[1:], counts[1:], strict=True):
                tile = tile * count + i
            inside = tuple(part for _, part, _ in place)
            target = tuple(part for _, _, part in place)
            yield Part(place[0][0], tile, inside, target)


def _along(taken: range, chunk: int) -> Iterator[tuple[int, slice, slice]]:
    """Yield the chunks that indexes touch: number, slice of the chunk, slice of the indexes."""
    done = 0
    while done < len(taken):
        first = taken[done]
        i = first // chunk
        # As many as lie before the end of the chunk.
        count = len(range(first, min((i + 1) * chunk, taken[-1] + 1), taken.step))
        begin = first - i * chunk
        last = begin + (count - 1) * taken.step
        yield i, slice(begin, last + 1, taken.step), slice(done, done + count)
        done += count


def usual_chunks(rest: tuple[int, ...], each: int) -> tuple[int, ...]:
    """Return the chunks of an array whose rows have a shape, where nobody says.

    Parameters
    ----------
    rest : tuple of int
        Shape without the first axis.
    each : int
        Samples of an element.

    Returns
    -------
    tuple of int
        Short axes stay whole; of the others the longest is halved until a chunk is about a cube.
    """
    if not rest:
        return (max(1, _RUN_SAMPLES // each),)
    most = max(1, _TILE_SAMPLES // each)
    sizes = [max(size, 1) for size in rest]
    # The first axis takes part as if it were as long as the longest other.
    while prod(sizes) * max(sizes) > most and max(sizes) > 1:
        longest = sizes.index(max(sizes))
        sizes[longest] = -(-sizes[longest] // 2)
    return (max(1, most // prod(sizes)), *sizes)
