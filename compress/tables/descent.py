"""Coordinate descent on a quantised location and scale: the inner loop of fitting. Encoder only."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.tables.kernels import base_cdf
from compress.tables.tableset import PRECISION, TOTAL

__all__ = ["descend"]


@kernel()
def _varint_bits(value: int) -> int:
    """Size of an integer as a signed varint, in bits."""
    folded = 2 * value if value >= 0 else -2 * value - 1
    size = 8
    while folded >= 128:
        folded >>= 7
        size += 8
    return size


@kernel(
    "Tuple((f8, i8, i8))(const(i8[::1]), const(i8[::1]), i8, i8, i8, const(i8[:, :, ::1]), "
    "const(i8[::1]), (i8, i8, i8, i8), i8, i8, i8, i8)",
)
def descend(
    edges: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    outside: int,
    escape: int,
    base: int,
    knots: npt.NDArray[np.int64],
    inverse_scales: npt.NDArray[np.int64],
    limits: tuple[int, int, int, int],
    location: int,
    scale: int,
    coarse: int,
    fine: int,
) -> tuple[float, int, int]:
    """Shorten the code of a histogram by moving a table without Fourier terms.

    Bases are smooth, so symbols are taken together in cells whose masses stand for theirs.

    Parameters
    ----------
    edges : int64 array (m + 1,)
        Rising from 0 to the table's number of symbols: cell i is the symbols from edge i on.
    counts : int64 array (m,)
        How many samples lie in each cell.
    outside, escape : int
        Samples that escape, and the escape's mass.
    base : int
        Row of ``knots``.
    knots, inverse_scales : int64 arrays
        As `compress.tables.kernels.build_tables` takes them.
    limits : tuple of int
        Lowest and highest scale, scale steps to the octave, location bits.
    location, scale : int
        Where to start.
    coarse, fine : int
        First and last step, powers of two.

    Returns
    -------
    bits : float
        Of the data, the location and the scale, about; infinite if no place was allowed.
    location, scale : int
    """
    lowest, highest, octave, location_bits = limits
    cells = counts.size
    if edges.size != cells + 1:
        return np.inf, location, scale
    size = edges[cells]
    total = TOTAL - escape
    masses = np.zeros(cells)
    best = np.inf
    step = coarse
    move = -1
    before = np.inf
    while step >= fine:
        new_scale, new_location = scale, location
        if move >= 0:
            # The scale first, then the location: up and down.
            sign = 1 if move % 2 == 0 else -1
            if move < 2:
                new_scale = min(max(scale + sign * step, lowest), highest)
                octaves = scale // octave - new_scale // octave
                moved = location * 2.0**octaves
                new_location = math.floor(moved + 0.5)
            else:
                new_location = location + sign * step
        if abs(new_location) < 1 << 31:
            power = new_scale // octave
            up = power + 16 - location_bits
            offset = new_location << up if up >= 0 else new_location >> -up
            first = min(max(offset + ((size // 2) << 16), -(1 << 40)), 1 << 40) + (1 << 15)
            inverse = inverse_scales[new_scale - power * octave]
            # Every symbol gets a mass of 1, and its share of what is left for what exceeds 1.
            below = base_cdf((-first * inverse) >> (power + 14), knots[base])
            unit = base_cdf(((size << 16) - first) * inverse >> (power + 14), knots[base]) - below
            unit_mass = unit / total
            excess = 0.0
            for i in range(cells):
                above = base_cdf(
                    ((edges[i + 1] << 16) - first) * inverse >> (power + 14), knots[base]
                )
                masses[i] = max(0.0, (above - below) - (edges[i + 1] - edges[i]) * unit_mass)
                excess += masses[i]
                below = above
            share = (total - size) / excess if excess > 0.0 else 0.0
            flat = 1.0 if excess > 0.0 else total / size
            bits = float(_varint_bits(new_location) + _varint_bits(new_scale))
            for i in range(cells):
                if counts[i]:
                    mass = flat + masses[i] * share / (edges[i + 1] - edges[i])
                    bits += counts[i] * (PRECISION - math.log2(mass))
            if outside:
                bits += outside * (PRECISION - math.log2(float(escape)))
            if bits < best:
                best, scale, location = bits, new_scale, new_location
        move += 1
        if move == 4:
            move = 0
            if best == before:
                step //= 2
            before = best
    return best, location, scale
