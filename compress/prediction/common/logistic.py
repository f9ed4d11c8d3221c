"""Probabilities and their logits: the fixed functions that both sides of a stream share.

Nothing here calls a mathematical library: tables are made by ``+ - * /`` in a fixed order, so
that every machine has the same bits. They approximate the logistic function and its inverse;
the coder only needs encoder and decoder to agree on them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel

__all__ = ["LIMIT", "SQUASH", "STRETCH", "squash", "stretch", "student"]

# Logits are cut off here: a probability of 6e-6, or 0.00001 bit for the certain symbol.
LIMIT = 12.0
_STEPS = 64
# Logarithms of shares are tabulated by the bits of a float: so many bits below the exponent, from
# 2**-40 to 2.
_FRACTION_BITS = 6
_SHARE_BITS = 40


def _exponential(x: float) -> float:
    """Compute e**x by its series around 0 and repeated squaring."""
    halvings = 12
    x = x / 4096.0
    term = 1.0
    total = 1.0
    for i in range(1, 12):
        term = term * x / i
        total = total + term
    for _ in range(halvings):
        total = total * total
    return total


def _logarithm(x: float) -> float:
    """Compute the natural logarithm by the series of the inverse hyperbolic tangent."""
    twos = 0
    while x < 0.75:
        x = x * 2.0
        twos += 1
    z = (x - 1.0) / (x + 1.0)
    square = z * z
    total = 0.0
    for i in range(41, 0, -2):
        total = total * square + 1.0 / i
    return 2.0 * z * total - twos * 0.6931471805599453


def _squash_table() -> npt.NDArray[np.float64]:
    count = int(2 * LIMIT * _STEPS) + 1
    return np.array(
        [1.0 / (1.0 + _exponential(LIMIT - i / float(_STEPS))) for i in range(count)], np.float64
    )


def _stretch_table() -> npt.NDArray[np.float64]:
    steps = 1 << _FRACTION_BITS
    mantissas = [_logarithm((1.0 + (i + 0.5) / steps) / 2.0) for i in range(steps)]
    return np.array(
        [
            (exponent + 1) * 0.6931471805599453 + mantissa
            for exponent in range(-_SHARE_BITS, 1)
            for mantissa in mantissas
        ],
        np.float64,
    )


SQUASH = _squash_table()
STRETCH = _stretch_table()
_HALF_STEP = 0.5 + LIMIT * _STEPS
_SHIFT = 52 - _FRACTION_BITS
_FIRST = (1023 - _SHARE_BITS) << _FRACTION_BITS
_LAST = ((_SHARE_BITS + 1) << _FRACTION_BITS) - 1


@kernel(error_model="numpy")
def squash(logit: float, table: npt.NDArray[np.float64]) -> float:
    """Return the probability of a logit, to the nearest 64th, cut off at ``LIMIT``."""
    if not logit > -11.99:
        logit = -11.99
    if not logit < 11.99:
        logit = 11.99
    p: float = table[np.uint64(int(logit * 64.0 + _HALF_STEP))]
    return p


@kernel(error_model="numpy")
def stretch(yes: float, no: float, table: npt.NDArray[np.float64]) -> float:
    """Return the logarithm of the odds of two shares of 0 .. 1, cut off at ``LIMIT``.

    Both may be nearly zero, or below it by rounding: what is added to them is far more than that.
    """
    of_yes: Any = (np.float64(yes + 1e-12).view(np.int64) >> _SHIFT) - _FIRST
    of_no: Any = (np.float64(no + 1e-12).view(np.int64) >> _SHIFT) - _FIRST
    of_yes = np.uint64(min(max(of_yes, 0), _LAST))
    of_no = np.uint64(min(max(of_no, 0), _LAST))
    logit: float = min(max(table[of_yes] - table[of_no], -LIMIT), LIMIT)
    return logit


@kernel(error_model="numpy")
def student(z: float) -> float:
    """Return the cumulative Student t distribution with four degrees of freedom (algebraic)."""
    q = z / math.sqrt(4.0 + z * z)
    return 0.5 + q * (3.0 - q * q) * 0.25
