"""How many bits would integers cost under one learned density? An estimate from a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["order0_bits"]


def order0_bits(values: NDArray[np.int64]) -> float:
    """Estimate the order-0 code length of integers, from a sample of them.

    The smaller of two: the entropy of the distinct values with what it costs to list them
    (few values that recur), and the m-spacing estimate of differential entropy at bin width 1
    (Vasicek, 1976: smooth densities of any shape and range).

    Parameters
    ----------
    values : int64 array, any shape
        The sample.

    Returns
    -------
    float
        Bits per sample; 0 for an empty sample.
    """
    n = values.size
    if n == 0:
        return 0.0
    ordered = np.sort(values, axis=None)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(np.append(starts, n))
    by_value = float(np.log2(n) - np.dot(counts, np.log2(counts)) / n)
    # Each value must be listed: its gap to the one before, and Miller and Madow's correction.
    gaps = np.diff(ordered[starts].astype(np.float64))
    by_value += float(np.sum(np.log2(np.maximum(gaps, 1.0)) + 2.72)) / n
    m = max(1, int(np.sqrt(n) / 2))
    if n <= 2 * m:
        return by_value
    # As floats, for the distance of two int64 can exceed int64; precision is no concern here.
    width = ordered[m:].astype(np.float64) - ordered[:-m].astype(np.float64)
    by_spacing = float(np.mean(np.log2(np.maximum(width, 1.0)))) + float(np.log2(n / m))
    return min(by_value, by_spacing)
