"""Error bounds that grow with the sample, for the steps that keep them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["DIGITS", "POINTWISE", "Bound", "Tolerance", "power_of_ten", "unit_exponents"]

POINTWISE, DIGITS = range(2)
# Powers of ten that a float64 holds.
_LARGEST_POWER = 308


class Tolerance(NamedTuple):
    """What a sample may be changed by, depending on the sample.

    Attributes
    ----------
    kind : int
        ``POINTWISE``: by at most `value` times its magnitude, below 1. ``DIGITS``: to the float
        that is nearest to a decimal number of `value` digits, which is at most half a unit of the
        last one away.
    value : float
    """

    kind: int
    value: float


# An absolute bound, one that grows with the sample, or none.
Bound = float | Tolerance | None


def power_of_ten(numbers: Any, exponents: Any) -> Any:
    """Multiply float64 numbers by powers of ten, by one rounding where the power is exact."""
    powers = np.array([float(10**i) for i in range(_LARGEST_POWER + 1)])
    up = powers[np.clip(exponents, 0, _LARGEST_POWER)]
    down = powers[np.clip(-exponents, 0, _LARGEST_POWER)]
    further = powers[np.clip(-exponents - _LARGEST_POWER, 0, _LARGEST_POWER)]
    return numbers * up / down / further


def unit_exponents(magnitudes: Any, digits: int) -> Any:
    """Give the power of ten that is a unit in the last of so many digits of positive numbers."""
    with np.errstate(all="ignore"):
        decade = np.floor(np.log10(magnitudes)).astype(np.int64)
        # The logarithm is off by one near powers of ten, at most.
        one = np.ones_like(magnitudes)
        decade -= magnitudes < power_of_ten(one, decade)
        decade += magnitudes >= power_of_ten(one, decade + 1)
    return decade - (digits - 1)
