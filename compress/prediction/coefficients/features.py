"""What is near a coefficient: in the blocks to the left and above, and in its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.coefficients.format import SIDE, SIZE

__all__ = ["collect"]


@kernel(error_model="numpy")
def _of(past: npt.NDArray[np.int64], block: int, k: int) -> float:
    return float(past[block + k]) if block >= 0 else 0.0


@kernel(error_model="numpy")
def _error(errors: npt.NDArray[np.float32], block: int, k: int, instead: float) -> float:
    return float(errors[block + k]) if block >= 0 else instead


@kernel(error_model="numpy")
def _size(past: npt.NDArray[np.int64], block: int, k: int, instead: float) -> float:
    return float(abs(past[block + k])) if block >= 0 else instead


@kernel(error_model="numpy")
def collect(
    features: npt.NDArray[np.float64],
    near: npt.NDArray[np.float64],
    past: npt.NDArray[np.int64],
    errors: npt.NDArray[np.float32],
    usual: npt.NDArray[np.float64],
    column: int,
    columns: int,
    here: int,
    left: int,
    up: int,
    k: int,
) -> None:
    """Write the features of the regression and the sizes nearby.

    Parameters
    ----------
    features : ndarray of float64, shape (FEATURES,)
        Written.
    near : ndarray of float64, shape (>= 4,)
        Written: errors of the blocks nearby at this place; their magnitudes there; magnitudes of
        lower frequencies of the block; magnitudes of frequencies nearby in the blocks to the left
        and above. The last two in units of this coefficient.
    past, errors : ndarray, shape (n,)
        The coefficients and how far they were from their predictions.
    usual : ndarray of float64, shape (64,)
        The mean magnitude at each place of late.
    column, columns : int
        Of the block, and how many there are.
    here, left, up : int
        Where the block begins, and those to its left and above; -1 where there is none.
    k : int
        The place in the block.
    """
    v, u = k // SIDE, k % SIDE
    for i in range(SIDE):
        features[i] = _of(past, left, v * SIDE + i)
        features[SIDE + i] = _of(past, up, i * SIDE + u)
    for i in range(4):
        features[16 + i] = past[here + k - 1 - i] if i < u else 0.0
        features[20 + i] = past[here + k - SIDE * (1 + i)] if i < v else 0.0
    corner = up - SIZE if up >= 0 and column > 0 else -1
    other = up + SIZE if up >= 0 and column + 1 < columns else -1
    features[24] = _of(past, corner, k)
    features[25] = _of(past, other, k)
    features[26] = past[here + k - SIDE - 1] if u > 0 and v > 0 else 0.0
    far = left - SIZE if column > 1 else -1
    features[27] = _of(past, far, k)
    own = usual[k]
    # Where there is no neighbour, what is usual.
    near[0] = (
        2.0 * _error(errors, left, k, own)
        + 2.0 * _error(errors, up, k, own)
        + _error(errors, corner, k, own)
        + _error(errors, other, k, own)
    ) / 6.0
    near[1] = (
        2.0 * _size(past, left, k, own)
        + 2.0 * _size(past, up, k, own)
        + _size(past, corner, k, own)
        + _size(past, other, k, own)
        + _size(past, far, k, own)
    ) / 7.0
    total, weight = 0.0, 0.0
    around, much = 0.0, 0.0
    for i in range(max(v - 2, 0), min(v + 3, SIDE)):
        for j in range(max(u - 2, 0), min(u + 3, SIDE)):
            m = i * SIDE + j
            distance = abs(i - v) + abs(j - u)
            if distance == 0 or m == 0:
                continue
            share = own / (usual[m] + 0.02)
            if i + j < v + u:
                w = 1.0 / distance
                total += w * abs(past[here + m]) * share
                weight += w
            elif distance <= 2:
                around += (_size(past, left, m, usual[m]) + _size(past, up, m, usual[m])) * share
                much += 2.0
    near[2] = total / weight if weight > 0.0 else near[1]
    near[3] = around / much if much > 0.0 else near[1]
