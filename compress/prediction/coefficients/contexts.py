"""Circumstances of a coefficient under which its decisions are counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.coefficients.format import SIDE
from compress.prediction.coefficients.start import size_class
from compress.prediction.common.cells import mingle

__all__ = ["describe"]


@kernel(error_model="numpy")
def _cut(value: int, most: int) -> int:
    return min(max(value, -most), most)


@kernel(error_model="numpy")
def _at(past: npt.NDArray[np.int64], block: int, k: int) -> Any:
    found: Any = past[block + k] if block >= 0 else np.int64(0)
    return found


@kernel(error_model="numpy")
def describe(
    keys: npt.NDArray[np.int64],
    past: npt.NDArray[np.int64],
    near: npt.NDArray[np.float64],
    here: int,
    left: int,
    up: int,
    k: int,
    zone: int,
    centre: float,
    nonzero: int,
    classes: npt.NDArray[np.int64],
) -> None:
    """Hash the contexts of a coefficient.

    Parameters
    ----------
    keys : ndarray of int64, shape (CONTEXTS,)
        Written.
    past, near, here, left, up, k
        See `compress.prediction.coefficients.features.collect`.
    zone : int
        The band of frequency.
    centre : float
        The prediction.
    nonzero : int
        How many coefficients of the block so far are not zero.
    classes : ndarray of int64
        Of the sizes that the distributions expect.
    """
    v, u = k // SIDE, k % SIDE
    beside, above = _at(past, left, k), _at(past, up, k)
    west = past[here + k - 1] if u > 0 else np.int64(0)
    north = past[here + k - SIDE] if v > 0 else np.int64(0)
    corner = past[here + k - SIDE - 1] if u > 0 and v > 0 else np.int64(0)
    west2 = past[here + k - 2] if u > 1 else np.int64(0)
    north2 = past[here + k - 2 * SIDE] if v > 1 else np.int64(0)
    s1 = size_class(near[1])
    s2 = size_class(near[2])
    s3 = size_class(near[3])
    phase = int(min(max(centre * 4.0, -40.0), 40.0) + 40.5)
    for j in range(keys.size):
        keys[j] = mingle(j + 1, k)
    keys[0] = mingle(mingle(keys[0], min(abs(beside), 3) * 4 + min(abs(above), 3)), s2 >> 1)
    keys[1] = mingle(keys[1], s1 * 64 + s2)
    keys[2] = mingle(keys[2], s2 * 64 + nonzero)
    keys[3] = mingle(keys[3], _cut(west, 3) * 7 + _cut(north, 3))
    keys[4] = mingle(keys[4], _cut(beside, 3) * 7 + _cut(above, 3))
    keys[5] = mingle(keys[5], phase)
    keys[6] = mingle(mingle(7, zone), phase * 64 + classes[0])
    keys[7] = mingle(keys[7], s3 * 64 + s2)
    keys[8] = mingle(keys[8], s1 * 64 + s3)
    keys[9] = mingle(keys[9], classes[0] * 64 + classes[1])
    near_by = min(abs(west), 3) * 4 + min(abs(north), 3)
    further = (min(abs(corner), 2) * 3 + min(abs(west2), 2)) * 3 + min(abs(north2), 2)
    keys[10] = mingle(mingle(keys[10], near_by), further)
    keys[11] = mingle(mingle(12, zone), (s1 * 64 + s2) * 64 + s3)
