"""Binary logarithms and powers in integers, for the weights of particles on both sides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.tables.knots import inverse_scales

__all__ = ["LOG_BITS", "log2_masses", "weights_of"]

Integers = npt.NDArray[np.int64]

LOG_BITS = 16
"""Fractional bits of logarithms."""
_MANTISSA = 30


def log2_masses(masses: npt.ArrayLike) -> Integers:
    """Binary logarithms of integers from 1 to 2^30, rounded down to `LOG_BITS` fractional bits.

    A bit at a time: the square of a mantissa below 2 is below 2 or gives the next bit.
    """
    m = np.asarray(masses, np.int64)
    whole = np.frexp(m.astype(np.float64))[1].astype(np.int64) - 1
    x = m << (_MANTISSA - whole)
    result = whole
    for _ in range(LOG_BITS):
        x = (x * x) >> _MANTISSA
        more = x >> (_MANTISSA + 1)
        x >>= more
        result = 2 * result + more
    return result


def weights_of(logs: Integers) -> Integers:
    """Integer weights, at least 1, in the ratio of powers of 2; fewer than 64 sum to below 2^24.

    Parameters
    ----------
    logs : ndarray, int64
        Binary logarithms with `LOG_BITS` fractional bits; rounded to a 64th.
    """
    below = (logs.max() - logs) >> (LOG_BITS - 6)
    # Beyond 2^-17 nothing but the least weight is left.
    octave = np.minimum(below >> 6, 40)
    return np.asarray((inverse_scales()[below & 63] >> (5 + octave)) + 1)
