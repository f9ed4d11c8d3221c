"""Functions of the plane model `causal` that are part of the format."""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.coding import pattern

__all__ = ["class_of", "product", "squash", "stretch", "student", "update"]

Floats = NDArray[np.float64]
LN2 = 0.6931471805599453
MOST = 10.0


def _exponential(x: float) -> float:
    x = x / 4096
    term = total = 1.0
    for i in range(1, 12):
        term = term * x / i
        total = total + term
    for _ in range(12):
        total = total * total
    return total


@cache
def _squashed() -> list[float]:
    return [1 / (1 + _exponential(12 - i / 64)) for i in range(1537)]


def _logarithm(x: float) -> float:
    twos = 0
    while x < 0.75:
        x = x * 2
        twos += 1
    z = (x - 1) / (x + 1)
    q = z * z
    total = 0.0
    for i in range(41, 0, -2):
        total = total * q + 1 / i
    return 2 * z * total - twos * LN2


@cache
def _logarithms() -> list[float]:
    return [
        (a - 40 + 1) * LN2 + _logarithm((1 + (i + 0.5) / 64) / 2)
        for a in range(41)
        for i in range(64)
    ]


def _log(x: float) -> float:
    return _logarithms()[min(max((pattern(x) >> 46) - 983 * 64, 0), 2623)]


def squash(x: float) -> float:
    """Logistic function, by a table."""
    x = x if x > -11.99 else -11.99
    x = x if x < 11.99 else 11.99
    return _squashed()[int(x * 64 + 768.5)]


def stretch(yes: float, no: float) -> float:
    """Logarithm of a ratio of two shares, within bounds."""
    return min(max(_log(yes + 1e-12) - _log(no + 1e-12), -12.0), 12.0)


def student(z: float) -> float:
    """Distribution of a t with four degrees of freedom."""
    q = z / sqrt(4 + z * z)
    return 0.5 + q * (3 - q * q) * 0.25


def class_of(x: float) -> int:
    """Class of a size, four an octave."""
    return min((pattern(x + 0.0625) >> 50) - 4076, 279)


def product(w: Floats, f: Floats) -> float:
    """Sum of products in four strands."""
    strands = np.zeros(4)
    for i in range(0, len(w), 4):
        strands = strands + w[i : i + 4] * f[i : i + 4]
    a, b, c, d = strands.tolist()
    total: float = (a + b) + (c + d)
    return total


def update(
    w: Floats, p: Floats, f: Floats, error: float, variance: float, forgetting: float
) -> None:
    """Recursive least squares: move weights and their inverse covariance, in place."""
    n = len(w)
    gain = np.zeros(n)
    for j in range(n):
        gain = gain + p[j] * f[j]
    even = odd = 0.0
    for i in range(0, n, 2):
        even = even + float(gain[i]) * float(f[i])
        odd = odd + float(gain[i + 1]) * float(f[i + 1])
    power = even + odd
    scale = forgetting * variance + power
    good = power >= 0 and scale < 1e200
    step = error / scale if good else 0.0
    w += step * gain
    growth = 1 / forgetting
    shrink = float(np.float64(1) / np.float64(scale)) * growth
    p[:] = p * growth - (gain[:, None] * gain[None, :]) * shrink
    most = 0.0
    for i in range(n):
        if p[i, i] > most:
            most = float(p[i, i])
    if good and not most > MOST:
        return
    diagonal = [float(p[i, i]) for i in range(n)]
    if not good or not all(-1e200 < entry < 1e200 for entry in diagonal):
        p[:] = np.eye(n)
        return
    for i in range(n):
        if p[i, i] > MOST:
            factor = sqrt(MOST / float(p[i, i]))
            p[i, :] *= factor
            p[:, i] *= factor
