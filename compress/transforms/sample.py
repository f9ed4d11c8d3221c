"""Values of a sample that may stand for something else than numbers. Encoder only."""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.transforms.ordered import to_plane
from compress.transforms.step import Array, Plane

__all__ = ["central_value", "fill_values", "isolated_values", "repeated_values"]

MAX_SPECIALS = 8


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
