"""How wide are numbers? Rough code lengths for detection. Encoder only."""

from __future__ import annotations

import numpy as np

from compress.kernels import kernel
from compress.transforms.step import Plane

__all__ = ["density_bits", "magnitude_bits", "mean_bits", "spacing_bits"]

# Samples that may lie outside a table.
_RARE = 1 / 256


def mean_bits(numbers: Plane, centre: int = 0) -> float:
    """Bits of a number's distance from a centre, about: the mean of ``log2(1 + distance)``.

    Parameters
    ----------
    numbers : numpy.ndarray of int64
        Any shape.
    centre : int

    Returns
    -------
    float
        0 where there are no numbers.
    """
    return float(_mean_bits(np.ascontiguousarray(numbers).reshape(-1), centre))


@kernel("f8(const(i8[::1]), i8)", error_model="numpy")
def _mean_bits(numbers: Plane, centre: int) -> float:
    logs = 0.0
    product = 1.0
    for i in range(numbers.size):
        # As floats: a distance may exceed int64.
        product *= 1.0 + abs(float(numbers[i]) - float(centre))
        # The product of eight distances is finite.
        if i & 7 == 7:
            logs += np.log2(product)
            product = 1.0
    return float(logs + np.log2(product)) / max(numbers.size, 1)


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
    ordered = np.sort(numbers)
    # As unsigned: a spacing may not fit, and floats would lose what is near the ends of int64.
    spacings = (ordered[step:] - ordered[:-step]).view(np.uint64).astype(np.float64)
    spacings = np.maximum(spacings, 1)
    return float(np.mean(np.log2(spacings)) + np.log2(numbers.size / step))


def density_bits(numbers: Plane, often: int, listed: float = 0.0, table: int = 1 << 62) -> float:
    """Bits of a number under one distribution, about.

    Parameters
    ----------
    numbers : numpy.ndarray of int64
        One-dimensional.
    often : int
        How often values must recur on the average for their entropy to count: that of few samples
        is too small.
    listed : float
        What a number costs beside its entropy where numbers lie further apart than a table is long.
    table : int
        How long that is.
    """
    if numbers.size < 2:
        return 0.0
    ordered, counts = np.unique(numbers, return_counts=True)
    if ordered.size == 1:
        return 0.0
    middle = np.searchsorted(np.cumsum(counts), numbers.size // 2)
    step = max(1, int(np.sqrt(numbers.size) / 2))
    bits = min(magnitude_bits(numbers - ordered[middle]), spacing_bits(numbers, step))
    if often * ordered.size < numbers.size:
        shares = counts / numbers.size
        # What a sample lacks of the entropy (Miller).
        entropy = float(-np.sum(shares * np.log2(shares))) + 0.72 * ordered.size / numbers.size
        low, high = np.quantile(numbers.astype(np.float64), (_RARE, 1 - _RARE))
        bits = min(bits, entropy + listed * bool(high - low > table))
    return bits
