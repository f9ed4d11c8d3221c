"""Cut a sequence into frames, each with a level and a scale of its own. Encoder only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.transforms.step import Plane

__all__ = ["BLOCK", "find_frames"]

# Frames begin at multiples of so many samples, but for the last touch.
BLOCK = 8
# Beginnings that are kept open; of more, every second one goes.
_OPEN = 48


@kernel(inline="never")
def _bits(count: Any, squares: Any) -> float:
    """Bits of so many samples of a normal distribution, from the squares about their mean."""
    # A step of one is as wide as noise of this variance.
    return float(0.5 * count * math.log2(squares / count + 1 / 12))


@kernel(inline="never")
def _joined(
    count: Any, mean: Any, squares: Any, other: Any, its_mean: Any, its_squares: Any
) -> tuple[float, float]:
    """Mean of two sets of samples together, and the squares about it."""
    total = count + other
    away = its_mean - mean
    return (
        mean + away * other / total,
        squares + its_squares + away * away * (count * other / total),
    )


@kernel("void(const(i8[::1]), f8, i8[::1])")
def _segment(values: Plane, overhead: float, came: Plane) -> None:
    """Find the cheapest cut into frames, each of so many bits and those of its samples.

    ``came`` gets, for each end in blocks, the beginning of the frame.
    """
    blocks = came.size - 1
    cost = np.zeros(blocks + 1)
    begins = np.zeros(_OPEN + 1, np.int64)
    means, squares = np.zeros(_OPEN + 1), np.zeros(_OPEN + 1)
    count = 0
    for block in range(blocks):
        begins[count], means[count], squares[count] = block, 0.0, 0.0
        count += 1
        first, end = block * BLOCK, min(block * BLOCK + BLOCK, values.size)
        mean, square = float(values[first]), 0.0
        for i in range(first + 1, end):
            mean, square = _joined(float(i - first), mean, square, 1.0, float(values[i]), 0.0)
        best = np.inf
        for j in range(count):
            before = float(first - begins[j] * BLOCK)
            means[j], squares[j] = _joined(
                before, means[j], squares[j], float(end - first), mean, square
            )
            length = before + end - first
            bits = cost[begins[j]] + _bits(length, squares[j]) + overhead
            if bits < best:
                best = bits
                came[block + 1] = begins[j]
        cost[block + 1] = best
        # A beginning that costs as much as a frame that ends here will not be the best again.
        kept = 0
        for j in range(count):
            length = float(end - begins[j] * BLOCK)
            if cost[begins[j]] + _bits(length, squares[j]) < best:
                begins[kept], means[kept], squares[kept] = begins[j], means[j], squares[j]
                kept += 1
        count = kept
        if count == _OPEN:
            kept = 0
            for j in range(count):
                if j % 2 == 0 or j >= count - 8 or came[block + 1] == begins[j]:
                    begins[kept], means[kept], squares[kept] = begins[j], means[j], squares[j]
                    kept += 1
            count = kept


@kernel("void(const(i8[::1]), i8[::1])")
def _touch_up(values: Plane, ends: Plane) -> None:
    """Move each end of a frame by less than a block, to where both frames cost least."""
    for k in range(ends.size - 1):
        begin = ends[k - 1] if k > 0 else 0
        first = max(begin + 1, ends[k] - BLOCK + 1)
        last = min(ends[k + 1] - 1, ends[k] + BLOCK - 1)
        # Squares behind each place, from the last one back.
        behind = np.zeros(last - first + 1)
        count, mean, square = 0.0, 0.0, 0.0
        for i in range(ends[k + 1] - 1, first - 1, -1):
            mean, square = _joined(count, mean, square, 1.0, float(values[i]), 0.0)
            count += 1.0
            if i <= last:
                behind[i - first] = _bits(count, square)
        best, found = np.inf, ends[k]
        count, mean, square = 0.0, 0.0, 0.0
        for i in range(begin, last):
            mean, square = _joined(count, mean, square, 1.0, float(values[i]), 0.0)
            count += 1.0
            if i + 1 >= first:
                bits = _bits(count, square) + behind[i + 1 - first]
                if bits < best:
                    best, found = bits, i + 1
        ends[k] = found


def find_frames(values: Plane, overhead: float) -> Plane:
    """Cut a sequence where its level or its scale changes.

    Parameters
    ----------
    values : numpy.ndarray of int64
        One-dimensional, not empty.
    overhead : float
        Bits that a frame costs beside its samples.

    Returns
    -------
    numpy.ndarray of int64
        Where each frame ends.
    """
    came = np.zeros(-(-values.size // BLOCK) + 1, np.int64)
    _segment(values, overhead, came)
    ends = []
    block = came.size - 1
    while block > 0:
        ends.append(min(block * BLOCK, values.size))
        block = int(came[block])
    found = np.array(ends[::-1], np.int64)
    _touch_up(values, found)
    return found
