"""Differences along a set of axes: the simplest causal prediction, exactly reversible.

One axis gives the delta to the previous sample; two give the planar (Lorenzo) residual
x - left - above + above-left; and so on in any number of dimensions (Ibarria et al., 2003).
Arithmetic wraps modulo 2**64, so every plane is reversible.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from compress.prediction.model import Plane

__all__ = ["axis_sets", "differences", "sums"]


def differences(plane: Plane, axes: int) -> Plane:
    """Return the residuals of predicting each sample from its neighbours along some axes.

    Parameters
    ----------
    plane : int64 array
        At least one dimension.
    axes : int
        Bit a stands for axis a.

    Returns
    -------
    int64 array
        Of the same shape; the first samples along an axis keep what they had.
    """
    residual = plane
    for axis in range(plane.ndim):
        if axes >> axis & 1:
            here = np.moveaxis(residual, axis, 0)
            moved = here.copy()
            moved[1:] -= here[:-1]
            residual = np.moveaxis(moved, 0, axis)
    return np.ascontiguousarray(residual).reshape(plane.shape)


def sums(residual: Plane, axes: int) -> Plane:
    """Undo `differences`."""
    plane = residual
    for axis in range(residual.ndim):
        if axes >> axis & 1:
            plane = np.cumsum(plane, axis=axis, dtype=np.int64)
    return plane


def axis_sets(n_dimensions: int) -> list[int]:
    """Return the sets worth a trial: none, each axis, each pair of axes."""
    singles = [1 << axis for axis in range(n_dimensions)]
    return [0, *singles, *(a | b for a, b in combinations(singles, 2))]
