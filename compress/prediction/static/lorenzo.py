"""Differences along a set of axes: the simplest causal prediction, exactly reversible.

One axis gives the delta to the previous sample; two give the planar (Lorenzo) residual
x - left - above + above-left; and so on in any number of dimensions (Ibarria et al., 2003).
Arithmetic wraps modulo what an item holds, so every plane is reversible.
"""

from __future__ import annotations

from itertools import combinations
from math import prod

import numpy as np

from compress.prediction.model import NarrowPlane, Plane
from compress.prediction.static.kernel import add_up, subtract

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
            lines = np.ascontiguousarray(residual).reshape(_lines(plane.shape, axis))
            residual = np.empty(lines.shape, np.int64)
            with np.errstate(over="ignore"):  # wraps, compiled or not
                if not subtract(lines, residual):
                    raise AssertionError("differences of a plane have another shape")
    return np.ascontiguousarray(residual).reshape(plane.shape)


def sums(residual: NarrowPlane, axes: int) -> NarrowPlane:
    """Undo `differences`, in place."""
    for axis in range(residual.ndim):
        if axes >> axis & 1:
            with np.errstate(over="ignore"):  # wraps, compiled or not
                add_up(residual.reshape(_lines(residual.shape, axis)))
    return residual


def _lines(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """Shape with all axes before one together, and all behind it."""
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def axis_sets(n_dimensions: int) -> list[int]:
    """Return the sets worth a trial: none, each axis, each pair of axes."""
    singles = [1 << axis for axis in range(n_dimensions)]
    return [0, *singles, *(a | b for a, b in combinations(singles, 2))]
