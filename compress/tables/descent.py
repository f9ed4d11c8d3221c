"""Coordinate descent on a quantised location and scale: the inner loop of fitting. Encoder only."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.tables.kernels import build_tables

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


@kernel()
def descend(
    used: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    size: int,
    outside: int,
    escape: int,
    base: int,
    knots: npt.NDArray[np.int64],
    inverse_scales: npt.NDArray[np.int64],
    sine_knots: npt.NDArray[np.int64],
    limits: tuple[int, int, int, int],
    location: int,
    scale: int,
    coarse: int,
    fine: int,
) -> tuple[float, int, int]:
    """Shorten the code of a histogram by moving a table without Fourier terms.

    Parameters
    ----------
    used, counts : int64 arrays (m,)
        The symbols that occur, from 0, and how often.
    size, outside, escape, base
        Of the table: symbols, samples that escape, the escape's mass, row of ``knots``.
    knots, inverse_scales, sine_knots : int64 arrays
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
        Of the data, the location and the scale; infinite if nothing could be built.
    location, scale : int
    """
    lowest, highest, octave, location_bits = limits
    start = np.zeros(2, np.int64)
    start[1] = size + 1 + (escape != 0)
    # Arrays of one table, written one by one: expressions of arrays take long to compile.
    escapes, bases = np.zeros(1, np.int64), np.zeros(1, np.int64)
    escapes[0], bases[0] = escape, base
    where, inverse, shift = np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64)
    none = np.zeros(0, np.int64)
    cumulative = np.zeros(start[1], np.uint32)
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
        power = new_scale // octave
        up = power + 16 - location_bits
        offset = new_location << up if up >= 0 else new_location >> -up
        where[0] = min(max(offset + ((size // 2) << 16), -(1 << 40)), 1 << 40)
        inverse[0] = inverse_scales[new_scale - power * octave]
        shift[0] = power + 14
        built = abs(new_location) < 1 << 31 and build_tables(
            start, escapes, where, inverse, shift, bases, knots,
            none, none, sine_knots, cumulative,
        )  # fmt: skip
        if built:
            bits = float(_varint_bits(new_location) + _varint_bits(new_scale))
            for k in range(used.size):
                mass = cumulative[used[k] + 1] - cumulative[used[k]]
                bits += counts[k] * (24.0 - math.log2(float(mass)))
            if outside:
                mass = cumulative[size + 1] - cumulative[size]
                bits += outside * (24.0 - math.log2(float(mass)))
            if bits < best:
                best, scale, location = bits, new_scale, new_location
        move += 1
        if move == 4:
            move = 0
            if best == before:
                step //= 2
            before = best
    return best, location, scale
