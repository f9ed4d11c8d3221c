"""An adaptive linear prediction: recursive least squares in a fixed order of operations."""

from __future__ import annotations

import numpy as np

from compress.coders.ans import Scalar
from compress.kernels import inlined

__all__ = ["VARIANCE", "predict", "regress"]

VARIANCE = 1000.0
"""Of the coefficients at the start; values are scaled to 0 .. 1."""

_FORGET = 0.998


@inlined(inline="always")
def predict(coefficients: np.ndarray, regressors: np.ndarray) -> Scalar:
    """Give the linear prediction, kept within the alphabet (0 to 1)."""
    guess = 0.0
    for k in range(len(regressors)):
        guess += coefficients[k] * regressors[k]
    if not guess > 0.0:  # also what is not a number
        return 0.0
    if guess > 1.0:
        return 1.0
    return guess


@inlined(inline="always")
def regress(
    coefficients: np.ndarray,
    covariance: np.ndarray,
    regressors: np.ndarray,
    gain: np.ndarray,
    error: Scalar,
) -> None:
    """Do one step of recursive least squares with forgetting."""
    order = len(regressors)
    norm = _FORGET
    trace = 0.0
    for k in range(order):
        gain[k] = 0.0
        for m in range(order):
            gain[k] += covariance[k, m] * regressors[m]
        norm += gain[k] * regressors[k]
        trace += covariance[k, k]
    if not norm > 0.0:  # rounding has spoilt the covariance: learn it again
        for k in range(order):
            for m in range(order):
                covariance[k, m] = VARIANCE if k == m else 0.0
        return
    # without excitation the covariance would grow beyond bounds
    growth = 1.0 / _FORGET if trace < order * VARIANCE else 1.0
    for k in range(order):
        step = gain[k] / norm
        coefficients[k] += step * error
        for m in range(k + 1):
            value = (covariance[k, m] - step * gain[m]) * growth
            covariance[k, m] = value
            covariance[m, k] = value
