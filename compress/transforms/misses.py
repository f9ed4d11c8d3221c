"""By how many units in the last place floats miss those of a rule: by sample, or by integer.

Arithmetic that rounds misses by little. Where a rule makes each float of an integer, and equal
integers miss alike, the misses of all integers in order are enough.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.transforms.ordered import from_plane, to_plane
from compress.transforms.special import Mask
from compress.transforms.step import Array, Plane, Read

__all__ = ["BY_INTEGER", "BY_SAMPLE", "EXACT", "add_misses", "listed_misses", "misses_of"]

EXACT, BY_SAMPLE, BY_INTEGER = range(3)
FURTHEST = 1 << 16
# Samples whose misses are looked up at a time.
_PART = 1 << 15


def misses_of(array: Array, restored: Array) -> tuple[Plane, Any]:
    """Distance in units of the last place, and whether it is small and the sample finite.

    Parameters
    ----------
    array, restored : numpy.ndarray of float
        What is there, and what the rule makes.
    """
    miss = to_plane(array) - to_plane(restored)
    near = np.isfinite(array) & (np.abs(miss) < FURTHEST)
    return miss, near


def listed_misses(numbers: Plane, misses: Plane) -> Plane | None:
    """Give the miss of each integer that occurs, in order; ``None`` if equal ones differ."""
    first, place = np.unique(numbers, return_index=True, return_inverse=True)[1:]
    listed: Plane = misses[first]
    return listed if np.array_equal(listed[place.reshape(-1)], misses) else None


def add_misses(read: Read, restored: Array, numbers: Plane, good: Mask, adjusted: int) -> Array:
    """Add what floats miss the rule by, read from a child.

    Parameters
    ----------
    read : callable
        As in `compress.transforms.step.Step.inverse`.
    restored : numpy.ndarray of float
        What the rule makes.
    numbers : numpy.ndarray of int64
        Of what.
    good : numpy.ndarray of bool
        Which samples follow the rule.
    adjusted : int
        `EXACT`, `BY_SAMPLE` or `BY_INTEGER`.

    Raises
    ------
    CorruptError
        A float with its miss is outside the range of the dtype.
    """
    if adjusted == EXACT:
        return restored
    exact = to_plane(restored)
    if adjusted == BY_SAMPLE:
        return from_plane(exact + read(numbers.shape), restored.dtype)
    # Places are looked for part by part: what numpy returns beside them takes five times as much.
    found = np.unique(numbers[good])
    misses = read(found.shape)
    flat, described, of = exact.reshape(-1), good.reshape(-1), numbers.reshape(-1)
    for i in range(0, flat.size, _PART):
        part = slice(i, i + _PART)
        mine = described[part]
        flat[part][mine] += misses[np.searchsorted(found, of[part][mine])]
    return from_plane(exact, restored.dtype)
