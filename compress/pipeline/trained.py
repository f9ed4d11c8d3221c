"""Learn a model from a sample: from all of it, or from parts all over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.chunk import code_chunk, learn, smaller
from compress.pipeline.geometry import CHUNK_SAMPLES
from compress.pipeline.header import samples_per_element
from compress.pipeline.model import Model
from compress.sampling import sample_of

__all__ = ["learn_from", "learn_from_many"]

Array = NDArray[Any]
# Arrays by which models are judged; a search of each takes some milliseconds at level 1.
_JUDGES = 32
# Levels whose plans are tried for several arrays: tables that are learned beforehand suit short
# arrays, which say little of themselves.
_LEVELS = (1, 3, 4)


def learn_from(sample: Array, level: int) -> Model:
    """Learn from one array, of which blocks from all over are taken where it is large.

    Parameters
    ----------
    sample : array
        Not empty, in the order in which it lies in memory.
    level : int

    Returns
    -------
    Model
    """
    most = max(1, CHUNK_SAMPLES // samples_per_element(sample.dtype))
    # It is taken whole up to twice as many.
    return learn(sample_of(sample, max(1, most // 2)), level)


def learn_from_many(arrays: Sequence[Array], level: int) -> Model:
    """Learn from several arrays, such as those that the model will serve.

    They are learned from together, stacked or behind one another, by the search of the level and by
    quicker ones. What codes some of them, one by one, in the fewest bytes is the model.

    Parameters
    ----------
    arrays : sequence of arrays
        At least one, none empty, of one dtype; each in the order in which it lies in memory.
    level : int

    Returns
    -------
    Model
    """
    if len(arrays) == 1:
        return learn_from(arrays[0], level)
    some = _from_all_over(arrays)
    levels = sorted({min(level, other) for other in (*_LEVELS, level)})
    models = [learn_from(joined, low) for joined in _joined(some) for low in levels]
    judges = [some[i] for i in _spread(len(some), _JUDGES)]
    alone = [len(smaller(code_chunk(judge, 1, None, None))) for judge in judges]

    def n_bytes(model: Model) -> int:
        coded = [code_chunk(judge, 1, None, model).modelled for judge in judges]
        return sum(
            min(own, 1 + len(data)) if data is not None else own
            for own, data in zip(alone, coded, strict=True)
        )

    return min(models, key=n_bytes)


def _spread(count: int, most: int) -> list[int]:
    """List up to so many places that are spread evenly over a sequence."""
    return sorted({int(place) for place in np.linspace(0, count - 1, min(count, most))})


def _from_all_over(arrays: Sequence[Array]) -> list[Array]:
    """Take as many of the arrays as one chunk holds, about."""
    total = sum(array.size * samples_per_element(array.dtype) for array in arrays)
    count = max(2, len(arrays) * CHUNK_SAMPLES // max(total, CHUNK_SAMPLES))
    return [arrays[i] for i in _spread(len(arrays), count)]


def _joined(arrays: Sequence[Array]) -> list[Array]:
    """Put arrays together, in the ways that their shapes allow."""
    shapes = {array.shape for array in arrays}
    rows = min(map(len, shapes)) > 0 and len({(len(shape), *shape[1:]) for shape in shapes}) == 1
    # numpy would change the byte order.
    dtype = arrays[0].dtype
    parts = arrays if rows else [array.reshape(-1) for array in arrays]
    behind = np.concatenate(parts, dtype=dtype)
    return [np.stack(arrays, dtype=dtype), behind] if rows and len(shapes) == 1 else [behind]
