"""One model learned from a dask array, which may be larger than any machine's memory.

``fit`` reads a part of some chunks, where these are: a worker that makes a chunk hands on its part,
and nothing else moves. The model then serves every chunk that is written, wherever it is coded:

>>> import dask.array as da
>>> from compress.integrations.zarr import FourierCompressCodec
>>> array = da.arange(100_000, chunks=10_000)
>>> codec = FourierCompressCodec(model=fit(array, level=3))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import dask.base
import numpy as np

from compress import Model
from compress import fit as fit_to
from compress.integrations.settings import check_dtype, check_settings

__all__ = ["fit"]

# Samples that are learned from, of all chunks together: `compress.fit` looks at no more.
_SAMPLES = 1 << 20
# Chunks that are looked into: of each at least 2^14 samples, which show what neighbours there are.
_CHUNKS = 64


def fit(array: Any, *, level: int = 5) -> Model:
    """Learn a model from chunks of a dask array, as `compress.fit` from an array.

    Parameters
    ----------
    array : dask.array.Array
        Of a dtype that can be compressed, with chunks of known sizes.
    level : int, optional
        As for `compress.fit`.

    Returns
    -------
    Model
        The same whatever the scheduler, the number of workers and the order in which they work.

    Raises
    ------
    TypeError, ValueError
        As `compress.fit`; also for what is no dask array, or one whose chunk sizes are not known.

    Notes
    -----
    Of up to 64 of the largest chunks, spread evenly over the array, the middle is taken, 2^20
    samples in all. Only these chunks are computed.
    """
    if not hasattr(array, "blocks") or not hasattr(array, "chunks"):
        raise TypeError(f"array must be a dask array, not {type(array).__name__}; use compress.fit")
    check_dtype(array.dtype)
    check_settings(level, None)
    if any(math.isnan(size) for sizes in array.chunks for size in sizes):
        raise ValueError("the chunks must be of known sizes: call array.compute_chunk_sizes()")
    if array.size == 0:
        raise ValueError(f"cannot fit a model to an empty array {array.shape}")
    places = _largest(array.chunks)
    chosen = [places[i] for i in _spread(len(places))]
    shape = tuple(sizes[i] for sizes, i in zip(array.chunks, chosen[0], strict=True))
    middle = _middle(shape, _SAMPLES // len(chosen))
    parts = [array.blocks[place][middle] if place else array for place in chosen]
    # In the order of the chunks, whichever is there first.
    # Of the declared dtype, as which they will be stored, for chunks may turn out to be of another.
    return fit_to(
        [np.asarray(part, array.dtype) for part in dask.base.compute(*parts)], level=level
    )


def _largest(chunks: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """List the chunks of the largest size, in order: parts of them are all of one shape."""
    axes = [[i for i, size in enumerate(sizes) if size == max(sizes)] for sizes in chunks]
    return list(product(*axes))


def _spread(count: int) -> list[int]:
    """List up to `_CHUNKS` places that are spread evenly over a sequence."""
    return sorted({int(place) for place in np.linspace(0, count - 1, min(count, _CHUNKS))})


def _middle(shape: tuple[int, ...], samples: int) -> tuple[slice, ...]:
    """Select the middle of a chunk: so many samples at most, near to a cube."""
    part = list(shape)
    while math.prod(part) > samples:
        longest = part.index(max(part))
        part[longest] = -(-part[longest] // 2)
    return tuple(
        slice((whole - n) // 2, (whole - n) // 2 + n) for whole, n in zip(shape, part, strict=True)
    )
