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
from compress.prediction.static.kernel import Sums, add_up, subtract

__all__ = ["at_hand", "axis_sets", "differences", "sums"]

# Samples of a row from which on it repays a loop of its own.
_LONG_ROW = 16


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


def at_hand(shape: tuple[int, ...], axes: int) -> Sums:
    """Say how `differences` are undone while the samples are decoded, in the nearest cache.

    Parameters
    ----------
    shape : tuple of int
        Of the plane, which has samples.
    axes : int
        As for `differences`.

    Returns
    -------
    Sums
        Of a width of 0 where rows are short, or more axes take part than the last and one other.
    """
    last = len(shape) - 1
    others = [axis for axis in range(last) if axes >> axis & 1]
    if axes == 0 or len(others) > 1 or shape[-1] < _LONG_ROW:
        return Sums(0, False, 0, 0)
    back = prod(shape[others[0] + 1 :]) if others else 0
    return Sums(shape[-1], bool(axes >> last & 1), back, back * shape[others[0]] if others else 0)


def _lines(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """Shape with all axes before one together, and all behind it."""
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def axis_sets(n_dimensions: int) -> list[int]:
    """Return the sets worth a trial: none, each axis, each pair of axes."""
    singles = [1 << axis for axis in range(n_dimensions)]
    return [0, *singles, *(a | b for a, b in combinations(singles, 2))]
