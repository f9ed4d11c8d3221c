"""Coefficients rounded to what they are worth, and the bits of the integers."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.densities.conditional._descent import factor

__all__ = ["Rounded", "integer_bits", "rounded"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Of one group of coefficients: the exponent of the step, and the decay of the integers.
_STEP_BITS = 8.0
_DECAY_BITS = 6.0


# Raises the diagonal, so that no error is passed on along directions that say nothing: far along
# them the loss is not quadratic.
_RIDGE = 1e-3


class Rounded(NamedTuple):
    """Coefficients on their grids, and the bits of the integers."""

    theta: Floats
    bits: float


def rounded(
    theta: Floats, information: Floats, groups: Integers, n: float, finer: int = 0
) -> Rounded:
    """Round coefficients one after the other, each taking over the errors of those before it.

    The loss is quadratic, n e' I e / 2 with information I. With I = L L' a coefficient that makes
    up for the earlier errors loses n L_jj^2 e_j^2 / 2 alone, e_j uniform within its step. The
    step sqrt(12 / n) / L_jj balances that loss (half a nat) against the bits of the integer; a
    group shares one step, a power of two.

    Parameters
    ----------
    theta : ndarray of float64, shape (size,)
    information : ndarray of float64, shape (size, size)
        For one sample.
    groups : ndarray of int64, shape (size,)
        The group of each coefficient.
    n : float
        Number of samples.
    finer : int
        Halvings of the steps.
    """
    lower = factor(information, _RIDGE)
    pivots = np.diag(lower) ** 2
    steps = np.empty(theta.size)
    for group in np.unique(groups):
        at = groups == group
        exponent = round(0.5 * math.log2(12.0 / (max(n, 2.0) * float(pivots[at].mean()))))
        exponent -= finer
        steps[at] = math.ldexp(1.0, max(-60, min(60, exponent)))
    integers = np.empty(theta.size)
    error = np.zeros(theta.size)
    carried = np.zeros(theta.size)  # sum of L_ij e_i over the i done, for every j
    for j in range(theta.size - 1, -1, -1):
        goal = theta[j] - carried[j] / lower[j, j]
        integers[j] = np.rint(goal / steps[j])
        error[j] = integers[j] * steps[j] - theta[j]
        carried[:j] += lower[j, :j] * error[j]
    bits = sum(integer_bits(integers[groups == group]) for group in np.unique(groups))
    return Rounded(integers * steps, bits)


def integer_bits(integers: Floats) -> float:
    """Bits of a group of integers under a two-sided geometric distribution, and of its headers."""
    sizes = np.abs(integers)
    mean = float(sizes.mean())
    # the decay r with that mean magnitude, 2 r / (1 - r^2), to one of 64 values
    r = mean / (1.0 + math.sqrt(1.0 + mean * mean))
    r = min(max(round(64.0 * r), 1), 127 / 2) / 64.0 if r < 0.5 else 1.0 - _rounded_gap(1.0 - r)
    each = math.log2((1.0 + r) / (1.0 - r)) - sizes * math.log2(r)
    return float(each.sum()) + _STEP_BITS + _DECAY_BITS


def _rounded_gap(gap: float) -> float:
    """Gap below 1 in half octaves, down to 2^-15."""
    return float(2.0 ** (max(-30, round(2.0 * math.log2(gap))) / 2.0))
