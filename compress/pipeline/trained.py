"""Learn a model from a sample: from all of it, or from parts all over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.errors import CorruptError
from compress.pipeline.chunk import code_chunk, learn, smaller
from compress.pipeline.effort import EFFORT
from compress.pipeline.geometry import CHUNK_SAMPLES
from compress.pipeline.header import samples_per_element
from compress.pipeline.model import Model
from compress.pipeline.warm import (
    MAX_MESSAGE,
    MAX_SAMPLE,
    Warm,
    candidates,
    flat_shape,
    mapping_of,
    to_planes,
    write_warm,
)
from compress.sampling import sample_of
from compress.transforms.fields import field_specs, take_apart

__all__ = ["learn_from", "learn_from_many", "learn_messages"]

Array = NDArray[Any]
# Arrays by which models are judged; a search of each takes some milliseconds at level 1.
_JUDGES = 32
# Levels whose plans are tried for several arrays: tables that are learned beforehand suit short
# arrays, which say little of themselves.
_LEVELS = (1, 3, 4)
# Messages from which on it is worth to know how they begin; of so many, one judges.
_FEWEST, _EVERY = 8, 4
_MOST_AXES = 5
# Below it a model takes the place of a search, not of microseconds a message: time counts as there.
_ADAPTIVE_LEVEL = 5


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

    best = min(models, key=n_bytes)
    warm = learn_messages(arrays, level)
    return best if warm is None else replace(best, messages=write_warm(warm))


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


def learn_messages(arrays: Sequence[Array], level: int) -> Warm | None:
    """Learn what codes short messages of one shape, from several of them.

    Each way is learned from three quarters of them and judged by the rest.

    Parameters
    ----------
    arrays : sequence of arrays
        Of one dtype; each in the order in which it lies in memory.
    level : int

    Returns
    -------
    Warm or None
        None where they are few, of several shapes, long, or of several fields.
    """
    shapes, size = {array.shape for array in arrays}, arrays[0].size
    specs = field_specs(arrays[0].dtype, ())
    if len(shapes) > 1 or len(arrays) < _FEWEST or size > MAX_MESSAGE:
        return None
    if len(specs) != 1 or specs[0][1] != ():
        return None
    stacked = np.stack([arrays[i] for i in _spread(len(arrays), max(MAX_SAMPLE // size, 1))])
    stacked = stacked.astype(arrays[0].dtype, copy=False)
    mapping = mapping_of(take_apart(stacked)[0])
    if mapping is None or len(flat_shape(stacked.shape[1:])) > _MOST_AXES:
        return None
    planes = to_planes(stacked, mapping)
    if planes.min() < 0:
        return None
    judges = np.arange(len(planes)) % _EVERY == _EVERY - 1
    price = EFFORT[max(level, _ADAPTIVE_LEVEL)].decode_price
    found: Warm | None = None
    least = np.inf
    for code, parameters in candidates(planes[~judges], mapping, level):
        try:
            trial = Warm(
                stacked.dtype, planes.shape[1:], mapping, code, parameters, planes[~judges]
            )
        except CorruptError:
            continue
        _, lengths = trial.encode(stacked[judges])
        bits = 8.0 * float(np.where(lengths < 0, planes[0].nbytes, lengths).sum())
        cost = bits + price * trial.decode_ns * size * len(lengths)
        if cost < least:
            least, found = cost, trial
    if found is None:
        return None
    return Warm(found.dtype, found.shape, mapping, found.code, found.parameters, planes)
