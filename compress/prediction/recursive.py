"""Recursive least squares with forgetting, each sample weighted by its expected precision."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["bound", "predict", "reset", "update"]

# The inverse covariance starts at the identity, in units of the expected squared error, and its
# diagonal is kept below CAP: directions without excitation must not grow for ever.
CAP = 10.0


@njit(cache=True, nogil=True, error_model="numpy")
def reset(inverse: npt.NDArray[np.float64], row: int, n: int) -> None:
    """Set the inverse covariance to the identity."""
    for i in range(n):
        for j in range(n):
            inverse[row, i, j] = 0.0
        inverse[row, i, i] = 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def predict(
    weights: npt.NDArray[np.float64], row: int, features: npt.NDArray[np.float64], n: int
) -> float:
    """Take the inner product in a fixed order; ``n`` is a multiple of four."""
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    for i in range(0, n, 4):
        a += weights[row, i] * features[i]
        b += weights[row, i + 1] * features[i + 1]
        c += weights[row, i + 2] * features[i + 2]
        d += weights[row, i + 3] * features[i + 3]
    return (a + b) + (c + d)


@njit(cache=True, nogil=True, error_model="numpy")
def bound(inverse: npt.NDArray[np.float64], row: int, n: int) -> None:
    """Bring a matrix that `update` found wanting back: diagonal at most CAP, or start anew."""
    for i in range(n):
        if not -1e200 < inverse[row, i, i] < 1e200:
            reset(inverse, row, n)
            return
    for i in range(n):
        if inverse[row, i, i] > CAP:
            factor = math.sqrt(CAP / inverse[row, i, i])
            for j in range(n):
                inverse[row, i, j] *= factor
            for j in range(n):
                inverse[row, j, i] *= factor


@njit(cache=True, nogil=True, error_model="numpy")
def update(
    weights: npt.NDArray[np.float64],
    inverse: npt.NDArray[np.float64],
    row: int,
    features: npt.NDArray[np.float64],
    gain: npt.NDArray[np.float64],
    n: int,
    error: float,
    variance: float,
    forgetting: float,
) -> bool:
    """Learn from one sample; False where `bound` must follow.

    Parameters
    ----------
    weights, features, gain : ndarray of float64, shape (>= n,)
        ``gain`` is scratch.
    inverse : ndarray of float64, shape (>= n, >= n)
        Inverse covariance, exactly symmetric.
    n : int
        The order, a multiple of four.
    error : float
        Sample minus prediction.
    variance : float
        Its expected square, positive: samples that are known to be noisy teach less.
    forgetting : float
        Weight of the past per sample, below one.

    Notes
    -----
    No array is used under a condition: numba counts references where there is one.
    """
    for i in range(n):
        gain[i] = 0.0
    for j in range(n):
        feature = features[j]
        for i in range(0, n, 4):
            a = gain[i] + inverse[row, j, i] * feature
            b = gain[i + 1] + inverse[row, j, i + 1] * feature
            c = gain[i + 2] + inverse[row, j, i + 2] * feature
            d = gain[i + 3] + inverse[row, j, i + 3] * feature
            gain[i] = a
            gain[i + 1] = b
            gain[i + 2] = c
            gain[i + 3] = d
    power = 0.0
    other = 0.0
    for i in range(0, n, 2):
        power += gain[i] * features[i]
        other += gain[i + 1] * features[i + 1]
    power += other
    scale = forgetting * variance + power
    # Also for what is not a number.
    good = power >= 0.0 and scale < 1e200
    step = error / scale if good else 0.0
    for i in range(n):
        weights[row, i] += step * gain[i]
    scale = 1.0 / scale
    growth = 1.0 / forgetting
    scale = scale * growth
    for i in range(n):
        left = gain[i]
        for j in range(0, n, 4):
            # left * gain[j] commutes exactly, so the matrix stays symmetric.
            a = inverse[row, i, j] * growth - (left * gain[j]) * scale
            b = inverse[row, i, j + 1] * growth - (left * gain[j + 1]) * scale
            c = inverse[row, i, j + 2] * growth - (left * gain[j + 2]) * scale
            d = inverse[row, i, j + 3] * growth - (left * gain[j + 3]) * scale
            inverse[row, i, j] = a
            inverse[row, i, j + 1] = b
            inverse[row, i, j + 2] = c
            inverse[row, i, j + 3] = d
    most = 0.0
    for i in range(n):
        most = max(most, inverse[row, i, i])
    inverse[row, 0, 0] = inverse[row, 0, 0] if good else math.inf
    return good and most <= CAP
