"""Which earlier samples matter: scan order, channels, and the nearest causal offsets.

A *scan* is the order in which the axes are walked (the last one fastest), which of them is a
channel axis (each of its indices has a model of its own), and how far apart neighbours along
each axis count to be. From these few integers both sides derive the same offsets.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["Scan", "arrange", "margins", "nearest", "restore"]


@dataclass(frozen=True)
class Scan:
    """How an array is walked.

    Parameters
    ----------
    axes : tuple of int
        Axes of the array from the slowest to the fastest.
    channel : int
        Place in ``axes`` of the channel axis, or -1.
    steps : tuple of int
        Distance between neighbours along each of ``axes``, positive.
    grid : int
        Modulus under which residues are not equally frequent; 1 for none.
    holes : int
        1 if the smallest samples are holes, which predict nothing.
    """

    axes: tuple[int, ...]
    channel: int
    steps: tuple[int, ...]
    grid: int = 1
    holes: int = 0

    def states(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the number of channels, and the samples from one to the next."""
        if self.channel < 0:
            return 1, 1
        return shape[self.channel], int(np.prod(shape[self.channel + 1 :], dtype=np.int64))


def arrange(plane: npt.NDArray[np.int64], scan: Scan) -> npt.NDArray[np.int64]:
    """Return the samples in scan order, contiguous."""
    return np.ascontiguousarray(plane.transpose(scan.axes))


def restore(samples: npt.NDArray[np.int64], scan: Scan) -> npt.NDArray[np.int64]:
    """Undo `arrange`."""
    return np.ascontiguousarray(samples.transpose(np.argsort(scan.axes)))


def _within(
    shape: tuple[int, ...], scan: Scan, index: int, limit: int
) -> tuple[list[tuple[int, ...]], bool]:
    """Return causal offsets up to a distance, and whether the whole shape was covered."""
    ranges = []
    whole = True
    for axis, (size, step) in enumerate(zip(shape, scan.steps, strict=True)):
        reach = limit // step
        low, high = max(-reach, 1 - size), min(reach, size - 1)
        if axis == scan.channel:
            low, high = max(-reach, -index), min(reach, size - 1 - index)
            whole = whole and reach >= size - 1
        else:
            whole = whole and reach >= size - 1
        ranges.append(range(low, high + 1))
    zero = (0,) * len(shape)
    found = []
    for offset in itertools.product(*ranges):
        if offset >= zero:
            break
        distance = sum((o * s) ** 2 for o, s in zip(offset, scan.steps, strict=True))
        if distance <= limit * limit:
            found.append((distance, offset))
    # Of equally near ones, first those that differ along the fastest axes.
    found.sort(key=lambda item: (item[0], [abs(o) for o in item[1]], item[1]))
    return [offset for _, offset in found], whole


@lru_cache(maxsize=4096)
def nearest(shape: tuple[int, ...], scan: Scan, index: int, count: int) -> npt.NDArray[np.int64]:
    """Return the nearest causal neighbours.

    Parameters
    ----------
    shape : tuple of int
        In scan order.
    scan : Scan
    index : int
        Which channel (0 without a channel axis).
    count : int
        How many.

    Returns
    -------
    ndarray of int64, shape (count, len(shape))
        Offsets, the nearest first; the last is repeated when the array has fewer samples. Not to
        be written to: results are kept, because the search needs them many times.
    """
    limit = min(scan.steps)
    while True:
        found, whole = _within(shape, scan, index, limit)
        if len(found) >= count or whole:
            break
        limit = limit + max(1, limit // 2)
    if not found:
        found = [(0,) * (len(shape) - 1) + (-1,)]
    found = (found + [found[-1]] * count)[:count]
    offsets = np.array(found, np.int64).reshape(count, len(shape))
    offsets.flags.writeable = False
    return offsets


def margins(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how far from each border of each axis all offsets stay inside, shape (axes, 2)."""
    flat = offsets.reshape(-1, offsets.shape[-1])
    return np.stack([np.maximum(-flat.min(0), 0), np.maximum(flat.max(0), 0)], axis=1)
