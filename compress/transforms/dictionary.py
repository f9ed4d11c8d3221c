"""Few distinct values: the index of each sample among the sorted values.

Sorted, so that order and neighbourhood survive: this also closes the gaps of a sparse histogram.
No parameters. Children: the indexes, then the sorted values, all of which occur.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.distinct import distinct_values, positions_of
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

CODE = 3
NAME = "dictionary"
LIMIT = 1 << 16
SAMPLE = 4096

TRAITS = Traits(STAGE_WHOLE, whole_plane=True)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for at most a value in eight samples, 65,536 values, and gaps between them."""
    del context
    flat = array.reshape(-1)
    limit = min(LIMIT, flat.size // 8)
    if flat.size > 4 * SAMPLE:
        # Evenly spaced runs: if half of a sample is distinct values, the whole has too many.
        start = np.linspace(0, flat.size - 64, SAMPLE // 64).astype(np.int64)
        sample = flat[start[:, None] + np.arange(64)]
        if distinct_values(sample, SAMPLE // 2) is None:
            return
    values = distinct_values(flat, limit)
    if values is None or values.size < 2:
        return
    # Dense values gain nothing from being numbered.
    if int(values[-1]) - int(values[0]) < values.size:
        return
    yield ()


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give indexes and sorted values."""
    del parameters
    values = distinct_values(array, min(LIMIT, array.size))
    if values is None:
        return None
    indexes = positions_of(array, values)
    if indexes is None:
        return None
    return Child(indexes, next_stage=STAGE_HOLES), Child(values, "side", next_stage=STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Look the indexes up."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters)
    indexes = read(shape)
    count = int(indexes.max()) + 1 if indexes.size else 0
    if count > indexes.size or (indexes.size and int(indexes.min()) < 0):
        raise CorruptError(f"{NAME}: an index is outside what {indexes.size} samples can have")
    values = read((count,))
    return np.asarray(values[indexes.reshape(-1)]).reshape(shape)
