"""Recursive least squares with forgetting, each sample weighted by its expected precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel

__all__ = ["bound", "predict", "reset", "update"]

# The inverse covariance starts at the identity, in units of the expected squared error, and its
# diagonal is kept below CAP: directions without excitation must not grow for ever.
CAP = 10.0
_ZERO, _ONE, _TWO, _THREE, _FOUR = (np.uint64(i) for i in range(5))


@kernel(error_model="numpy")
def reset(inverse: npt.NDArray[np.float64], row: Any, n: int) -> None:
    """Set the inverse covariance to the identity."""
    for i in range(n):
        for j in range(n):
            inverse[row, i, j] = 0.0
        inverse[row, i, i] = 1.0


@kernel(error_model="numpy")
def predict(
    weights: npt.NDArray[np.float64], row: Any, features: npt.NDArray[np.float64], n: int
) -> float:
    """Take the inner product in a fixed order; ``n`` is a multiple of four."""
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    r = np.uint64(row)
    for i in range(_ZERO, np.uint64(n), _FOUR):
        a += weights[r, i] * features[i]
        b += weights[r, i + _ONE] * features[i + _ONE]
        c += weights[r, i + _TWO] * features[i + _TWO]
        d += weights[r, i + _THREE] * features[i + _THREE]
    return (a + b) + (c + d)


@kernel(error_model="numpy")
def bound(inverse: npt.NDArray[np.float64], row: Any, n: int) -> None:
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


@kernel(error_model="numpy")
def update(
    weights: npt.NDArray[np.float64],
    inverse: npt.NDArray[np.float64],
    row: Any,
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
    No array is used under a condition: numba counts references where there is one. Indexes are
    unsigned: those that may be negative cost a comparison each and keep the loops from being
    vectorised, which made a 64 x 64 update six times slower.
    """
    r, m = np.uint64(row), np.uint64(n)
    for i in range(m):
        gain[i] = 0.0
    for j in range(_ZERO, m, _FOUR):
        a, b, c, d = features[j], features[j + _ONE], features[j + _TWO], features[j + _THREE]
        for i in range(m):
            gain[i] = (
                gain[i]
                + inverse[r, j, i] * a
                + inverse[r, j + _ONE, i] * b
                + inverse[r, j + _TWO, i] * c
                + inverse[r, j + _THREE, i] * d
            )
    power = 0.0
    other = 0.0
    for i in range(_ZERO, m, _TWO):
        power += gain[i] * features[i]
        other += gain[i + _ONE] * features[i + _ONE]
    power += other
    scale = forgetting * variance + power
    # Also for what is not a number.
    good = power >= 0.0 and scale < 1e200
    step = error / scale if good else 0.0
    for i in range(m):
        weights[r, i] += step * gain[i]
    scale = 1.0 / scale
    growth = 1.0 / forgetting
    scale = scale * growth
    most = 0.0
    for i in range(m):
        left = gain[i]
        for j in range(m):
            # left * gain[j] commutes exactly, so the matrix stays symmetric.
            inverse[r, i, j] = inverse[r, i, j] * growth - (left * gain[j]) * scale
        most = max(most, inverse[r, i, i])
    inverse[r, _ZERO, _ZERO] = inverse[r, _ZERO, _ZERO] if good else math.inf
    return good and most <= CAP
