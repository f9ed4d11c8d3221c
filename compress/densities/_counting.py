"""Kernels that count samples into cells."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["count_cells", "extent", "split_linearly", "wrap"]

Floats = NDArray[np.float64]


@kernel("Tuple((f8, f8, i8))(const(f8[::1]))")
def extent(x: Floats) -> tuple[float, float, int]:
    """Smallest and largest finite value of `x`, and how many values are not finite."""
    low = np.inf
    high = -np.inf
    bad = 0
    for i in range(x.size):
        v = x[i]
        if v - v != 0.0:
            bad += 1
        else:
            low = min(low, v)
            high = max(high, v)
    return low, high, bad


@kernel("void(const(f8[::1]), const(f8[::1]), f8, f8, f8[::1])")
def count_cells(
    x: Floats, weights: Floats, inverse_width: float, first: float, counts: Floats
) -> None:
    """Add each sample to ``counts[floor(x * inverse_width) - first]``.

    `weights` has either the length of `x` or length 0 (every sample counts once).
    """
    unit = weights.size == 0
    if not unit and weights.size != x.size:
        raise ValueError("weights and samples differ in length")
    top = counts.size - 1
    for i in range(x.size):
        cell = int(math.floor(x[i] * inverse_width) - first)
        if cell < 0 or cell > top:
            raise ValueError("a sample lies outside the cells")
        counts[cell] += 1.0 if unit else weights[i]


@kernel("void(const(f8[::1]), const(f8[::1]), f8[::1])")
def split_linearly(v: Floats, weights: Floats, nodes: Floats) -> None:
    """Share each weight between the two nodes next to ``v`` in [0, 1], on a circle of nodes."""
    n = nodes.size
    if v.size != weights.size:
        raise ValueError("weights and positions differ in length")
    for i in range(v.size):
        position = v[i] * n
        j = int(position)
        j = max(0, min(n - 1, j))
        right = (position - j) * weights[i]
        nodes[j] += weights[i] - right
        k = j + 1
        if k == n:
            k = 0
        nodes[k] += right


@kernel("f8[::1](const(f8[::1]), f8, f8)")
def wrap(x: Floats, period: float, cut: float) -> Floats:
    """Move each value by whole periods into [cut, cut + period)."""
    out = np.empty(x.size)
    end = cut + period
    for i in range(x.size):
        v = x[i] - cut
        if not 0.0 <= v < period:
            v -= period * math.floor(v / period)
            # rounding of a quotient or a product may leave it one period off
            if v < 0.0:
                v += period
            if v >= period:
                v -= period
        v = cut + v
        out[i] = cut if v >= end else v
    return out
