"""A pattern that comes again and again with other noise: the pattern once, and the noise.

What lay a period back is known already, but with its own noise, so the difference of two samples
has that twice. Here all periods say what the pattern is. Works on one axis. Parameter: the
period. Children: the pattern, and the samples less the pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.period import period_of
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

CODE = 17
NAME = "seasonal"
# Fewer periods do not tell the pattern from the noise.
LEAST = 8
# Samples by which patterns are compared, in whole periods.
SPREAD_OF = 1 << 14

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, search_ns=40.0, encode_ns=160.0, decode_ns=1.5)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find a period that is there often enough."""
    if array.ndim != 1:
        return
    period = period_of(array, context)
    if period is not None and LEAST * period <= array.size:
        yield (period,)


def _spread(noise: Plane) -> tuple[float, float]:
    """Entropy of the distribution of noise, and its width where all samples differ."""
    counts = np.unique(noise, return_counts=True)[1]
    share = counts / noise.size
    return float(-np.sum(share * np.log2(share))), float(np.std(noise.astype(np.float64)))


def _patterns(rows: Plane) -> list[Plane]:
    """List what the pattern may be: the means of normal noise, the ends of noise that has ends."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    # From the lowest sample on, so that floats are as exact as they can be.
    above = (rows - low).view(np.uint64).astype(np.float64)
    middle = (high - low).view(np.uint64) >> np.uint64(1)
    centres = [np.rint(np.mean(above, axis=0)), np.rint(np.median(above, axis=0))]
    found = [low + np.minimum(centre, 2.0**62).astype(np.int64) for centre in centres]
    return [*found, low, low + middle.view(np.int64)]


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Choose the pattern that leaves least, and subtract it."""
    (period,) = parameters
    if array.ndim != 1 or not 0 < period <= array.size:
        return None
    rows = array[: array.size // period * period].reshape(-1, period)
    some = rows[:: max(1, array.size // SPREAD_OF)]
    pattern = min(_patterns(rows), key=lambda pattern: _spread(some - pattern))
    noise = array - np.resize(pattern, array.size)
    return Child(pattern, "side", next_stage=STAGE_HOLES), Child(noise, next_stage=STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Add the pattern."""
    check_plane(NAME, dtype)
    if len(shape) != 1:
        raise CorruptError(f"{NAME}: not for {len(shape)} axes")
    check_parameters(NAME, parameters, (1, shape[0]))
    pattern = read((parameters[0],))
    plane: Plane = read(shape) + np.resize(pattern, shape)
    return plane
