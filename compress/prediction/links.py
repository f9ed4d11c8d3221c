"""Probabilities and their logits: the fixed functions that both sides of a stream share.

Nothing here calls a mathematical library: tables are made by ``+ - * /`` in a fixed order, so
that every machine has the same bits. They approximate the logistic function and its inverse;
the coder only needs encoder and decoder to agree on them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["LIMIT", "SQUASH", "STRETCH", "squash", "stretch", "student"]

# Logits are cut off here: a probability of 6e-6, or 0.00001 bit for the certain symbol.
LIMIT = 12.0
_STEPS = 64
# The stretch table has all probabilities in steps of 2**-12, then those below 2**-6 in steps of
# 2**-18.


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
    count = int(2 * LIMIT * _STEPS) + 2
    return np.array(
        [1.0 / (1.0 + _exponential(LIMIT - i / float(_STEPS))) for i in range(count)], np.float64
    )


def _stretch_table() -> npt.NDArray[np.float64]:
    coarse = [(i + 0.5) / 4096.0 for i in range(4096)]
    fine = [(i + 0.5) / 262144.0 for i in range(4097)]
    return np.array([_logarithm(p) - _logarithm(1.0 - p) for p in coarse + fine], np.float64)


SQUASH = _squash_table()
STRETCH = _stretch_table()


@njit(cache=True, nogil=True, error_model="numpy")
def squash(logit: float, table: npt.NDArray[np.float64]) -> float:
    """Return the probability of a logit, cut off at ``LIMIT``."""
    if not logit > -11.99:
        logit = -11.99
    if not logit < 11.99:
        logit = 11.99
    place = (logit + 12.0) * 64.0
    i = int(place)
    p: float = table[i] + (place - i) * (table[i + 1] - table[i])
    return p


@njit(cache=True, nogil=True, error_model="numpy")
def stretch(p: float, table: npt.NDArray[np.float64]) -> float:
    """Return the logit of a probability in 0 .. 1."""
    if 0.015625 < p < 0.984375:
        logit: float = table[int(p * 4096.0)]
    elif p <= 0.5:
        logit = table[4096 + int(max(p, 0.0) * 262144.0)]
    else:
        logit = -table[4096 + int(max(1.0 - p, 0.0) * 262144.0)]
    return logit


@njit(cache=True, nogil=True, error_model="numpy")
def student(z: float) -> float:
    """Return the cumulative Student t distribution with four degrees of freedom (algebraic)."""
    q = z / math.sqrt(4.0 + z * z)
    return 0.5 + q * (3.0 - q * q) * 0.25
