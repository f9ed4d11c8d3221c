"""Few distinct values: the index of each sample among the sorted values.

Sorted, so that order and neighbourhood survive: this also closes the gaps of a sparse histogram.
No parameters. Children: the indexes, then the sorted values, all of which occur.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.sampling import runs
from compress.transforms.distinct import distinct_values, positions_of, recurring_share
from compress.transforms.sample import statistics_of
from compress.transforms.step import (
    STAGE_HOLES,
    STAGE_WHOLE,
    Array,
    Child,
    Context,
    Found,
    NarrowPlane,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    found_on,
    is_plane,
)

CODE = 3
NAME = "dictionary"
LIMIT = 1 << 16
# So many samples a value are always worth a trial.
OFTEN = 8
# Fewer where the indexes are so many bits shorter than the values; listing one costs some too.
SHORTER, LISTED = 8.0, 4.0
# Less than this share of recurring samples pays for no list; looked at in so many samples.
LEAST_SHARE = 1 / 16
LONGEST = 1 << 18

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, takes_narrow=True, encode_ns=9.0, decode_ns=1.5)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for values that recur, at most 65,536, with gaps between them."""
    if array.size < OFTEN:
        return
    seen = context.once(statistics_of, array.reshape(-1))
    extent = seen.high - seen.low + 1
    if not _repays(array.size, extent, seen.values.size):
        return
    share = recurring_share(runs(array, LONGEST, LONGEST >> 6))
    if share < LEAST_SHARE:
        return
    if share < 1 - 2 / OFTEN and _shorter(extent, array.size * (1 - share)) < SHORTER:
        return
    values = distinct_values(array, min(LIMIT, array.size))
    if values is None or values.size < 2 or not _repays(array.size, extent, values.size):
        return
    if OFTEN * values.size > array.size:
        shorter = _shorter(extent, values.size)
        if shorter < SHORTER or (array.size - values.size) * shorter < LISTED * values.size:
            return
    yield Found((), array, values)


def _repays(samples: int, extent: int, count: int) -> bool:
    """Whether gaps between so many values can save what it costs to list these.

    Dense values gain nothing from being numbered. A value costs a bit at least; indexes are shorter
    by the gaps, about, or twice that where most samples lie where most gaps are.
    """
    return extent > count and 2 * samples * math.log2(extent / count) > count


def _shorter(extent: int, count: float) -> float:
    """Bits that the index among so many values is shorter than a value."""
    return math.log2(extent) - math.log2(count + 1)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give indexes and sorted values."""
    values = found_on(parameters, array)
    if values is None:
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
    wide = values.astype(np.int64, copy=False)
    plane = np.empty(shape, np.int64)
    if not _take(indexes.reshape(-1), wide, plane.reshape(-1)):
        raise AssertionError("indexes were checked")
    return plane


@kernel(*(f"b1(const({t}[::1]), const(i8[::1]), i8[::1])" for t in ("i2", "i4", "i8")))
def _take(indexes: NarrowPlane, values: Plane, out: Plane) -> bool:
    """Write the value of each index; false for an index of none."""
    if out.size != indexes.size:
        return False
    size, good = np.uint64(values.size), True
    for i in range(np.uint64(out.size)):
        index = np.uint64(np.int64(indexes[i]))
        if index < size:
            out[i] = values[index]
        else:
            good = False
    return good
