"""Circumstances of a coefficient under which its decisions are counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.coefficients.format import CLASSES, SIDE
from compress.prediction.coefficients.start import size_class
from compress.prediction.common.cells import mingle

__all__ = ["describe"]

# Steps of the prediction to the integer, and its magnitude from which on it is large.
_PHASES, _FAR = 4.0, 40.0


@kernel(error_model="numpy")
def _cut(value: int, most: int) -> int:
    return min(max(value, -most), most)


@kernel(error_model="numpy")
def _at(past: npt.NDArray[np.int64], here: int, k: int, down: int, across: int) -> Any:
    """Return a lower coefficient of the same block; 0 where there is none."""
    inside = k // SIDE >= down and k % SIDE >= across
    found: Any = past[here + k - down * SIDE - across] if inside else np.int64(0)
    return found


@kernel(error_model="numpy")
def describe(
    keys: npt.NDArray[np.int64],
    past: npt.NDArray[np.int64],
    near: npt.NDArray[np.float64],
    here: int,
    k: int,
    centre: float,
    nonzero: int,
    classes: npt.NDArray[np.int64],
) -> None:
    """Hash the contexts of a coefficient.

    Parameters
    ----------
    keys : ndarray of int64, shape (CONTEXTS,)
        Written.
    past, near, here, k
        See `compress.prediction.coefficients.features.collect`.
    centre : float
        The prediction.
    nonzero : int
        How many coefficients of the block so far are not zero.
    classes : ndarray of int64
        Of the sizes that the distributions expect.
    """
    v, u = k // SIDE, k % SIDE
    west, north = _at(past, here, k, 0, 1), _at(past, here, k, 1, 0)
    corner = _at(past, here, k, 1, 1)
    size = size_class(near[2])
    phase = int(min(max(centre * _PHASES, -_FAR), _FAR) + _FAR + 0.5)
    near_by = min(abs(west), 3) * 4 + min(abs(north), 3)
    further = min(abs(corner), 2) * 3 + min(abs(_at(past, here, k, 0, 2)), 2)
    further = further * 3 + min(abs(_at(past, here, k, 2, 0)), 2)
    keys[0] = mingle(mingle(1, k), size * CLASSES + nonzero)
    keys[1] = mingle(mingle(2, k), _cut(west, 3) * 7 + _cut(north, 3))
    keys[2] = mingle(mingle(3, v + u), phase * CLASSES + classes[0])
    keys[3] = mingle(mingle(mingle(4, k), near_by), further)
