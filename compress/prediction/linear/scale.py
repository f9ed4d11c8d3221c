"""The scale class of a residual: two running averages of the magnitudes before it.

Averages are in 1/256. Their sum, in quarters of an octave, is the class. From the class follow
the plain low bits of a residual; the rest is its token.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import inlined

__all__ = [
    "CLASSES",
    "FRACTION",
    "PER_OCTAVE",
    "RAMP_BITS",
    "SHIFTS",
    "averaged",
    "class_of",
    "rate_at",
    "shift_of",
]

FRACTION = 8
PER_OCTAVE = 4
# Averages stay below 2**57, and so does their sum.
_MOST = 1 << 48
CLASSES = PER_OCTAVE * (48 + FRACTION + 2)
# The slow average begins at a rate of 2, and is slower by 1 after two to this power each.
RAMP_BITS = 3
# Quarters of an octave as bits of a float64: two of the mantissa, and the exponent less its bias.
_MANTISSA, _BIAS = 50, PER_OCTAVE * 1023
# Mean magnitudes of tokens where there are low bits: 8 to 16, of which the bins cost less than a
# thousandth of a bit.
_TOKEN_OCTAVES = FRACTION + 1 + 2

# `shift_of` of every class.
SHIFTS = np.maximum((np.arange(CLASSES) >> 2) - _TOKEN_OCTAVES, 0)


@inlined(forceinline=True)
def class_of(total: Any) -> Any:
    """Return the class of a sum of averages."""
    quarters: Any = np.float64(total + 1).view(np.int64) >> _MANTISSA
    return quarters - _BIAS


@inlined(forceinline=True)
def shift_of(kind: Any) -> Any:
    """Return the plain low bits of a class."""
    return max((kind >> 2) - _TOKEN_OCTAVES, 0)


@inlined(forceinline=True)
def averaged(average: Any, residual: Any, rate: Any) -> Any:
    """Return an average with one more residual in it; ``2**rate`` residuals count."""
    size = min(residual ^ (residual >> 63), _MOST)
    return average + (((size << FRACTION) - average) >> rate)


@inlined(forceinline=True)
def rate_at(place: Any, rate: Any) -> Any:
    """Return the rate of the slow average at a place of a sequence."""
    return min(rate, 2 + (place >> RAMP_BITS))
