"""Values of a sample that may stand for something else than numbers. Encoder only."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from compress.sampling import runs
from compress.transforms.ordered import to_plane
from compress.transforms.step import Array, Plane

__all__ = [
    "Statistics",
    "central_value",
    "fill_values",
    "isolated_among",
    "isolated_values",
    "repeated_values",
    "statistics_of",
]

MAX_SPECIALS = 8
# Samples that are counted: what is rarer than one in some hundreds shows by the bounds only.
SAMPLE = 1 << 12
# A range of so many values a sample is counted faster than sorted.
NARROW = 4


class Statistics(NamedTuple):
    """What several steps must know of a plane.

    Attributes
    ----------
    low, high : int
        Its bounds.
    sample : numpy.ndarray of int64
        Some of it: short runs, in their order.
    values, counts : numpy.ndarray of int64
        The distinct values of the sample in rising order, and how often each occurs.
    """

    low: int
    high: int
    sample: Plane
    values: Plane
    counts: Plane


def statistics_of(plane: Plane) -> Statistics:
    """Look at a plane that is not empty; `Context.once` spares all steps but one the look."""
    sample = runs(plane, SAMPLE)
    low, high = int(sample.min()), int(sample.max())
    if high - low < NARROW * sample.size:
        counts = np.bincount(sample - low)
        values = np.flatnonzero(counts)
        counts, values = counts[values], values + low
    else:
        values, counts = np.unique(sample, return_counts=True)
    return Statistics(int(plane.min()), int(plane.max()), sample, values, counts)


def central_value(values: Plane) -> np.int64:
    """Give the median as one of the values: as a float, it may be no int64 near the ends."""
    flat = values.reshape(-1)
    return np.int64(np.partition(flat, flat.size // 2)[flat.size // 2])


def repeated_values(values: Plane) -> tuple[int, ...]:
    """Up to eight values that occur more than once, the most frequent first."""
    distinct, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MAX_SPECIALS]
    return tuple(int(distinct[i]) for i in order if counts[i] > 1)


def isolated_values(values: Array) -> tuple[Any, ...]:
    """Repeated values far above or below all others: what fill values look like.

    Parameters
    ----------
    values : numpy.ndarray of int64 or float64
        A sample, one-dimensional, finite.

    Returns
    -------
    tuple of int or float
        Up to eight values; each repeats, and its distance to the rest exceeds the spread of the
        rest four times (and is more than 32 for integers).
    """
    distinct, counts = np.unique(values, return_counts=True)
    return isolated_among(distinct, counts)


def isolated_among(distinct: Array, counts: Plane) -> tuple[Any, ...]:
    """Find the same among distinct values in rising order; see `isolated_values`."""
    least = 8 if distinct.dtype.kind == "i" else 0
    low, high = 0, distinct.size - 1
    found: list[Any] = []
    while high - low >= 2 and len(found) < MAX_SPECIALS:
        # Python numbers: differences of int64 may not fit.
        first, second = distinct[low].item(), distinct[low + 1].item()
        last, before = distinct[high].item(), distinct[high - 1].item()
        if counts[high] > 1 and last - before > 4 * max(before - first, least):
            found.append(last)
            high -= 1
        elif counts[low] > 1 and second - first > 4 * max(last - second, least):
            found.append(first)
            low += 1
        elif (
            # One fill value at either end: the spread is that of what lies between.
            high - low >= 4
            and min(counts[low], counts[high]) > 1
            and min(last - before, second - first) > 4 * max(before - second, least)
        ):
            found += [last, first]
            low, high = low + 1, high - 1
        else:
            break
    return tuple(found[:MAX_SPECIALS])


def fill_values(array: Array, sample: Array) -> tuple[int, ...]:
    """Fill values of a field, as order-preserving integers; rare ones too if they are extremes.

    Parameters
    ----------
    array : numpy.ndarray
        A native field.
    sample : numpy.ndarray
        Some of it, one-dimensional.
    """
    flat = array.reshape(-1)
    if array.dtype.kind == "f":
        flat, sample = flat[np.isfinite(flat)], sample[np.isfinite(sample)]
    if flat.size == 0:
        return ()
    ends = np.array([flat.min(), flat.max()])
    often = [min(2, int(np.count_nonzero(flat == end))) for end in ends]
    values = np.concatenate([sample, np.repeat(ends, often)])
    if array.dtype.kind != "f":
        return isolated_values(to_plane(values))
    with np.errstate(over="ignore"):
        found = np.array(isolated_values(values.astype(np.float64)))
    return tuple(to_plane(found.astype(array.dtype)).tolist())
