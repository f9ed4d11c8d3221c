"""How wide are numbers? Rough code lengths for detection. Encoder only."""

from __future__ import annotations

import numpy as np

from compress.transforms.step import Plane

__all__ = ["magnitude_bits", "spacing_bits"]


def magnitude_bits(numbers: Plane) -> float:
    """Bits of a number: the length of its magnitude, its sign, and what is below its leading bit.

    Parameters
    ----------
    numbers : numpy.ndarray of int64
        One-dimensional, around zero.
    """
    if numbers.size == 0:
        return 0.0
    lengths = np.frexp(np.abs(numbers.astype(np.float64)))[1]
    shares = np.bincount(lengths) / lengths.size
    shares = shares[shares > 0]
    return float(np.mean(lengths)) - float(np.sum(shares * np.log2(shares)))


def spacing_bits(numbers: Plane, step: int) -> float:
    """Bits of a number under the density of all (Vasicek, 1976).

    Parameters
    ----------
    numbers : numpy.ndarray of int64
        One-dimensional, more than ``step``.
    step : int
        Numbers in order of value between which spacings are taken.
    """
    ordered = np.sort(numbers).astype(np.float64)
    spacings = np.maximum(ordered[step:] - ordered[:-step], 1)
    return float(np.mean(np.log2(spacings)) + np.log2(numbers.size / step))
