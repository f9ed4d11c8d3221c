"""What would a plane cost? A cheap estimate of its code length, for choosing between plans."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.prediction.model import Plane

__all__ = ["LEAF_BITS", "WHOLE_AXIS", "plane_bits", "part_of", "sample_of"]

Array = NDArray[Any]
_SAMPLE = 1 << 14
_BLOCKS = 16
# Axes so short may be channels.
WHOLE_AXIS = 16
_GOLDEN = 0.6180339887498949
# A leaf's plan: model, parameters, length. About what a small table costs.
LEAF_BITS = 160.0
# What an escape costs beyond the bits of its value.
_ESCAPE_BITS = 4.0
# Values further apart than a table is long cannot have masses of their own.
_TABLE_RANGE = 1 << 12
INT64_MAX = (1 << 63) - 1


def sample_of(array: Array, most: int = _SAMPLE, blocks: int = _BLOCKS) -> Array:
    """Take a few blocks of an array, behind one another along its longest axis.

    Parameters
    ----------
    array : array, any dtype
    most : int
        Elements to take, about.
    blocks : int
        From how many places, at most.

    Returns
    -------
    array
        C-contiguous, of as many dimensions; axes up to `WHOLE_AXIS` are kept whole. The array
        itself if it is small.
    """
    if array.size <= 2 * most or array.ndim == 0:
        return array
    sides = _block_sides(array.shape, most // blocks)
    longest = int(np.argmax(array.shape))
    count = min(blocks, array.shape[longest] // sides[longest], most // prod(sides))
    count = max(1, count)
    taken = []
    for i in range(count):
        # Spread over all axes, or a frame around a picture would never be seen: multiples of
        # the golden ratio fill an interval evenly, its powers serve the other axes.
        cut = []
        for axis, (n, side) in enumerate(zip(array.shape, sides, strict=True)):
            place = (0.5 + i * _GOLDEN ** (1 + axis)) % 1.0
            start = round((i / max(count - 1, 1) if axis == longest else place) * (n - side))
            cut.append(slice(start, start + side))
        taken.append(array[tuple(cut)])
    # Either half of the blocks stands for the whole.
    return np.concatenate(taken[::2] + taken[1::2], axis=longest)


def part_of(array: Array, most: int) -> Array:
    """Take fewer, larger blocks of an array than `sample_of`, for what learns while it codes."""
    return sample_of(array, most, 8 if array.ndim == 1 else 16)


def _block_sides(shape: tuple[int, ...], most: int) -> list[int]:
    """Sides of a block of about ``most`` elements, as equal as the shape lets them be.

    Short axes are whole. A long one that comes first or last is longer than a short one can be,
    when all blocks are put together, so that steps can tell channels by a sample.
    """
    sides = list(shape)
    longest = int(np.argmax(shape))
    order = sorted(range(len(shape)), key=lambda axis: shape[axis])
    left = float(most)
    for i, axis in enumerate(order):
        side = max(1, round(left ** (1 / (len(order) - i))))
        if axis in (0, len(shape) - 1) and axis != longest:
            side = max(side, WHOLE_AXIS + 1)
        sides[axis] = shape[axis] if shape[axis] <= WHOLE_AXIS else min(shape[axis], side)
        left = max(1.0, left / sides[axis])
    if len(shape) > 1:
        sides[longest] = max(sides[longest], min(shape[longest], 2))
    return sides


def plane_bits(plane: Plane, total: int | None = None) -> float:
    """Estimate the bits that a plane costs.

    The smallest of the order-0 code lengths of its values and of its differences from simple
    predictions (previous sample, the one above, both and their planar combination).

    Parameters
    ----------
    plane : int64 array, any shape
    total : int, optional
        Samples of the plane of which this is a sample.

    Returns
    -------
    float
        Bits for all ``total`` samples.
    """
    total = plane.size if total is None else total
    if plane.size == 0 or total == 0:
        return 0.0
    shape = plane.shape
    plane = sample_of(plane)
    alone = _order0_bits(plane.reshape(-1), total)
    bits = alone
    # Nothing is cheaper than a constant.
    if alone > 0.0 and plane.ndim > 0:
        for axes, difference in _residuals(plane):
            left = _order0_bits(difference.reshape(-1), total)
            # The first samples along an axis have nothing to be predicted from.
            first = min(1.0, sum(1 / shape[axis] for axis in axes))
            bits = min(bits, left + max(alone - left, 0.0) * first)
    return bits * total + LEAF_BITS


def _residuals(plane: Plane) -> Iterator[tuple[tuple[int, ...], Plane]]:
    """Yield differences from simple predictions, with the axes that they look along."""
    along = [axis for axis in range(plane.ndim) if plane.shape[axis] > 1][-3:]
    steps = [np.diff(plane, axis=axis) for axis in along]
    yield from (((axis,), step) for axis, step in zip(along, steps, strict=True))
    if len(along) > 1:
        last, above = along[-1], along[-2]
        yield (above, last), np.diff(steps[-1], axis=above)
        west = steps[-1].swapaxes(0, above)[1:].swapaxes(0, above)
        north = steps[-2].swapaxes(0, last)[1:].swapaxes(0, last)
        yield (above, last), (west + north) >> 1


def _order0_bits(values: Plane, total: int) -> float:
    """Bits per value under one table, of values of which there are ``total`` in all."""
    n = values.size
    if n == 0:
        return np.inf
    ordered = np.sort(values)
    low, high = int(ordered[0]), int(ordered[-1])
    if low == high:
        return 0.0
    plain = float(np.log2(float(high) - float(low) + 1))
    # A table around the middle; what lies outside is escaped and costs its bits.
    floor = low if high - low < _TABLE_RANGE else max(low, int(ordered[n // 2]) - _TABLE_RANGE // 2)
    begin, end = np.searchsorted(ordered, [floor, min(floor + _TABLE_RANGE, INT64_MAX)]).tolist()
    counts = np.bincount(ordered[begin:end] - floor)
    counts = counts[counts > 0]
    outside = n - (end - begin)
    every = np.append(counts, outside) if outside else counts
    # Miller and Madow: the entropy of a sample is too small by (K - 1) / 2n nats. The table itself
    # is listed once.
    bits = float(np.log2(n) - np.dot(every, np.log2(every)) / n)
    bits += (
        0.72 * counts.size / n + 4.0 * counts.size / total + outside / n * (plain + _ESCAPE_BITS)
    )
    # The m-spacing estimate (Vasicek, 1976) knows no comb, but densities of any range.
    m = max(1, int(np.sqrt(n) / 2))
    if n > 2 * m and bits > np.log2(n / m):
        width = ordered[m:].astype(np.float64) - ordered[:-m].astype(np.float64)
        spacing = float(np.mean(np.log2(np.maximum(width, 1.0)))) + float(np.log2(n / m))
        bits = min(bits, spacing)
    return float(min(bits, plain + 0.1))
