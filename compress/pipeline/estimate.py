"""What would a plane cost? A cheap estimate of its code length, for choosing between plans."""

from __future__ import annotations

import numpy as np

from compress.prediction.model import Plane

__all__ = ["LEAF_BITS", "plane_bits", "sample_of"]

_SAMPLE = 1 << 14
_BLOCKS = 4
# A leaf's plan: model, parameters, length. About what a small table costs.
LEAF_BITS = 160.0
# Values further apart than a table is long cannot have masses of their own.
_TABLE_RANGE = 1 << 13


def sample_of(array: Plane, most: int = _SAMPLE) -> Plane:
    """Take a few slabs of an array, one below another, as an array of as many dimensions.

    Parameters
    ----------
    array : array, any dtype
    most : int
        Elements to take, about.

    Returns
    -------
    array
        C-contiguous; the array itself if it is small.
    """
    if array.size <= 2 * most or array.ndim == 0:
        return array
    sides = _block_sides(array.shape, most // _BLOCKS)
    inner = tuple(
        slice((n - side) // 2, (n - side) // 2 + side)
        for n, side in zip(array.shape[1:], sides[1:], strict=True)
    )
    rows = sides[0]
    blocks = max(1, min(_BLOCKS, array.shape[0] // rows))
    starts = np.linspace(0, array.shape[0] - rows, blocks).astype(np.int64).tolist()
    return np.concatenate([array[(slice(start, start + rows), *inner)] for start in starts])


def _block_sides(shape: tuple[int, ...], most: int) -> list[int]:
    """Sides of a block of about ``most`` elements, as equal as the shape lets them be."""
    sides = list(shape)
    order = sorted(range(len(shape)), key=lambda axis: shape[axis])
    left = float(most)
    for i, axis in enumerate(order):
        fair = max(1, round(left ** (1 / (len(order) - i))))
        sides[axis] = max(1, min(shape[axis], fair))
        left = max(1.0, left / sides[axis])
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
    plane = sample_of(plane)
    bits = _order0_bits(plane.reshape(-1), total)
    # Nothing is cheaper than a constant.
    if bits > 0.0 and plane.ndim > 0:
        bits = min([bits, *[_order0_bits(d.reshape(-1), total) for d in _residuals(plane)]])
    return bits * total + LEAF_BITS


def _residuals(plane: Plane) -> list[Plane]:
    residuals = []
    along = [axis for axis in range(plane.ndim) if plane.shape[axis] > 2][-3:]
    steps = [np.diff(plane, axis=axis) for axis in along]
    residuals += steps
    if len(along) > 1:
        last, above = along[-1], along[-2]
        residuals.append(np.diff(steps[-1], axis=above))
        west = steps[-1][
            tuple(slice(1, None) if a == above else slice(None) for a in range(plane.ndim))
        ]
        north = steps[-2][
            tuple(slice(1, None) if a == last else slice(None) for a in range(plane.ndim))
        ]
        residuals.append((west + north) >> 1)
    return residuals


def _order0_bits(values: Plane, total: int) -> float:
    """Bits per value under one table, of values of which there are ``total`` in all."""
    n = values.size
    if n == 0:
        return np.inf
    ordered = np.sort(values)
    low, high = int(ordered[0]), int(ordered[-1])
    if low == high:
        return 0.0
    bits = np.inf
    if high - low < _TABLE_RANGE:
        counts = np.bincount(ordered - low)
        counts = counts[counts > 0]
        # Miller and Madow: the entropy of a sample is too small by (K - 1) / 2n nats. The table
        # itself is listed once.
        bits = float(np.log2(n) - np.dot(counts, np.log2(counts)) / n)
        bits += 0.72 * (counts.size - 1) / n + 4.0 * counts.size / total
    # The m-spacing estimate (Vasicek, 1976) knows no comb, but densities of any range.
    m = max(1, int(np.sqrt(n) / 2))
    if n > 2 * m:
        width = ordered[m:].astype(np.float64) - ordered[:-m].astype(np.float64)
        spacing = float(np.mean(np.log2(np.maximum(width, 1.0)))) + float(np.log2(n / m))
        bits = min(bits, spacing)
    return min(bits, np.log2(float(high) - float(low) + 1) + 0.1)
