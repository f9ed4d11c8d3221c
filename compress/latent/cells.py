"""Cells: the real line cut into parts of equal mass under the standard normal distribution.

A latent is the number of a cell. Its value is the median of the cell, a fixed-point integer with
`MEAN_BITS` fractional bits; everything here is integers, the same on every machine.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.latent.kernels import INVERSE_BITS, MEAN_BITS, cell_intervals, find_cells
from compress.tables.kernels import base_cdf
from compress.tables.knots import CDF_BITS, Z_BITS, base_knots, inverse_scales

__all__ = [
    "DRAW_BITS",
    "LOG_SCALES",
    "Cells",
    "Normals",
    "cells_of",
    "inverse_scale",
    "scale_index",
]

Integers = npt.NDArray[np.int64]

DRAW_BITS = 16
"""Bits of the uniform number that chooses a cell from a posterior."""
LOG_SCALES = (-10, 3)
"""Least and greatest binary logarithm of a scale."""
_STEPS = 64
# 5.6 standard deviations on either side: beyond them lies less than a cell of 2^16.
_REACH = 6 << MEAN_BITS


class Normals(NamedTuple):
    """Normal distributions: means and inverse scales in fixed point, flat int64 arrays."""

    means: Integers
    inverses: Integers


def scale_index(log_scale: npt.ArrayLike, bits: int) -> Integers:
    """Index of a scale from its binary logarithm in fixed point with so many fractional bits."""
    low, high = LOG_SCALES
    value = np.asarray(log_scale, np.int64)
    index = (value - (low << bits) + (1 << (bits - 7))) >> (bits - 6)
    return np.asarray(np.clip(index, 0, (high - low) * _STEPS))


def inverse_scale(index: Integers) -> Integers:
    """``1 / scale`` with `INVERSE_BITS` fractional bits, of scale ``2^(low + index / 64)``."""
    ladder = inverse_scales()[index % _STEPS]
    # 22 fractional bits in the ladder; 1 / scale is 2^(-low) times what the index leaves.
    return np.asarray((ladder << (INVERSE_BITS - 22 - LOG_SCALES[0])) >> (index // _STEPS))


class Cells:
    """``2^bits`` cells of equal mass.

    Parameters
    ----------
    bits : int
        4 to 14.
    """

    def __init__(self, bits: int) -> None:
        if not 4 <= bits <= 14:
            raise ValueError(f"cells must have 4 to 14 bits, got {bits}")
        self.bits = bits
        points = _quantiles(bits + 1)
        self.edges: Integers = np.ascontiguousarray(points[1::2])
        self.centres: Integers = np.ascontiguousarray(points[0::2])
        self.knots: Integers = base_knots("normal")

    def draw(self, quantiles: Integers, of: Normals) -> tuple[Integers, Integers, Integers]:
        """Cells at quantiles of distributions.

        Parameters
        ----------
        quantiles : ndarray, int64
            In units of ``2^-DRAW_BITS``, as many as there are distributions.
        of : Normals

        Returns
        -------
        cells, starts, masses : ndarray, int64
            The latter in units of ``2^-DRAW_BITS``.
        """
        found = [np.empty(len(quantiles), np.int64) for _ in range(3)]
        find_cells(quantiles, of.means, of.inverses, self.edges, self.knots, 1 << DRAW_BITS, *found)
        return found[0], found[1], found[2]

    def intervals(
        self, cells: Integers, of: Normals, bits: int, spare: int
    ) -> tuple[Integers, Integers]:
        """Start and mass of cells, in units of ``2^-bits``, with so many units spared for each."""
        starts, masses = np.empty(len(cells), np.int64), np.empty(len(cells), np.int64)
        cell_intervals(
            cells, of.means, of.inverses, self.edges, self.knots, 1 << bits, spare, starts, masses
        )
        return starts, masses


@cache
def cells_of(bits: int) -> Cells:
    """Return the cells of so many bits, made once."""
    return Cells(bits)


def _quantiles(bits: int) -> Integers:
    """Quantiles ``i / 2^bits`` of the standard normal distribution, i = 1 .. 2^bits - 1."""
    knots: Any = base_knots("normal")
    half = []
    one = 1 << CDF_BITS
    for i in range((1 << (bits - 1)) + 1, 1 << bits):
        wanted = (one >> bits) * i
        low, high = 0, _REACH
        while high - low > 1:
            middle = (low + high) >> 1
            if int(base_cdf(middle << (Z_BITS - MEAN_BITS), knots)) <= wanted:
                low = middle
            else:
                high = middle
        half.append(low)
    upper = np.array(half, np.int64)
    return np.concatenate([-upper[::-1], np.zeros(1, np.int64), upper])
