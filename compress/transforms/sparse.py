"""A plane that is one value nearly everywhere: the exceptions and the gaps between their places.

Parameters: the common value and the number of exceptions. Children: the exceptions, and how many
common values stand before each of them (both one-dimensional).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.sample import statistics_of
from compress.transforms.step import (
    INT64,
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

CODE = 7
NAME = "sparse"
LONG_SAMPLE = 1 << 14
RARE = 1 / 32
# Gaps of exceptions that keep a distance cost so much less than independent ones, which cost what
# flags cost.
REGULAR = 0.95

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, search_ns=1.0, encode_ns=1.0, decode_ns=1.0)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Take the most frequent value if others are rare."""
    if array.size < 16:
        return
    seen = context.once(statistics_of, array.reshape(-1))
    values, counts = seen.values, seen.counts
    common = values[int(np.argmax(counts))]
    if values.size != 2 and seen.sample.size - int(counts.max()) > 4 * RARE * seen.sample.size:
        return
    exceptions = int(np.count_nonzero(array != common))
    if exceptions and (
        exceptions <= RARE * array.size or (values.size == 2 and _are_regular(array, common))
    ):
        yield (int(common), exceptions)


def _are_regular(array: Array, common: Any) -> bool:
    """Whether gaps between exceptions, one after another, cost less than flags would."""
    part = array.reshape(-1)[:LONG_SAMPLE] != common
    gaps = np.diff(np.flatnonzero(part))
    share = float(np.mean(part))
    if gaps.size < 16 or share > 1 / 2:
        return False
    counts = np.unique(gaps, return_counts=True)[1] / gaps.size
    rest = 1 - share
    flags = -share * np.log2(share) - rest * np.log2(rest)
    return bool(-share * np.sum(counts * np.log2(counts)) < REGULAR * flags)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give exceptions and gaps."""
    common, exceptions = parameters
    flat = array.reshape(-1)
    places = np.flatnonzero(flat != common).astype(np.int64)
    if places.size != exceptions:
        return None
    gaps = np.diff(places, prepend=np.int64(-1)) - 1
    return Child(flat[places], next_stage=STAGE_HOLES), Child(gaps, "side", next_stage=STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Write the exceptions into a constant plane."""
    check_plane(NAME, dtype)
    size = math.prod(shape)
    check_parameters(NAME, parameters, INT64, (0, size))
    common, exceptions = parameters
    values, gaps = read((exceptions,)), read((exceptions,))
    # With every gap within the array, the sum cannot overflow.
    if exceptions and (int(gaps.min()) < 0 or int(gaps.max()) >= size):
        raise CorruptError(f"{NAME}: a gap is outside the {size} samples")
    if exceptions > 1 and int(gaps.max()) * exceptions > INT64[1]:
        raise CorruptError(f"{NAME}: the gaps are impossible")
    places = np.cumsum(gaps + 1) - 1
    if exceptions and int(places[-1]) >= size:
        raise CorruptError(f"{NAME}: an exception is outside the {size} samples")
    plane = np.full(size, common, np.int64)
    plane[places] = values
    return plane.reshape(shape)
