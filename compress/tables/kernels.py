"""Integer kernels that turn density parameters into cumulative tables.

int64 throughout, and no product leaves 63 bits for parameters within their checked limits, so
the result is the same on every machine, compiled or not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.tables.knots import CDF_BITS, KNOTS_PER_OCTAVE_BITS, OCTAVES, Z_BITS

__all__ = ["base_cdf", "build_tables", "count_values", "fill_lookup"]

_ONE = 1 << CDF_BITS
_Z_TOP = Z_BITS - 4 + OCTAVES
_Z_SEGMENT = Z_BITS - 4 - KNOTS_PER_OCTAVE_BITS
_LOCATION_BITS = 16


@kernel()
def base_cdf(z: int, knots: np.ndarray) -> Any:
    """CDF of a symmetric base at ``z`` (`Z_BITS` fractional bits), with `CDF_BITS`."""
    magnitude = min(abs(z), (1 << _Z_TOP) - 1)
    shift = 0
    while magnitude >> (Z_BITS - 4 + shift) > 1:
        shift += 1
    octave = shift + 1 if magnitude >> (Z_BITS - 4) else 0
    scaled = magnitude >> (Z_BITS - 4 - KNOTS_PER_OCTAVE_BITS + shift)
    segment = (octave << KNOTS_PER_OCTAVE_BITS) + (scaled & ((1 << KNOTS_PER_OCTAVE_BITS) - 1))
    bits = _Z_SEGMENT + shift
    u = magnitude & ((1 << bits) - 1)
    if bits > 20:
        u >>= bits - 20
    else:
        u <<= 20 - bits
    value = knots[segment, 3]
    value = knots[segment, 2] + ((value * u) >> 20)
    value = knots[segment, 1] + ((value * u) >> 20)
    value = knots[segment, 0] + ((value * u) >> 20)
    return value if z >= 0 else _ONE - value


@kernel()
def _sine(phase: int, knots: np.ndarray) -> Any:
    """Sine of ``phase`` (a turn is 2**CDF_BITS), with 30 fractional bits."""
    phase &= _ONE - 1
    k = phase >> (CDF_BITS - 8)
    # The angle past the knot in radians, 36 fractional bits: 2 pi / 256 = 0.0245 at most.
    d = ((phase & ((1 << (CDF_BITS - 8)) - 1)) * 6746518852) >> (CDF_BITS - 6)
    square = (d * d) >> 42
    # sin d = d - d^3/6 and 1 - cos d = d^2/2 - d^4/24, with 30 fractional bits.
    sine = (d >> 6) - ((((d >> 6) * square) >> 30) // 6)
    versine = (square >> 1) - (((square * square) >> 30) // 24)
    return knots[k] + ((knots[k + 64] * sine - knots[k] * versine) >> 30)


@kernel()
def _fourier_cdf(
    base: int, sine_terms: np.ndarray, cosine_terms: np.ndarray, knots: np.ndarray
) -> int:
    """Modulate a base CDF value: ``b + sum s_n sin(2 pi n b) + c_n (cos(2 pi n b) - 1)``."""
    total = 0
    quarter = _ONE >> 2
    for n in range(len(sine_terms)):
        phase = (base * (n + 1)) & (_ONE - 1)
        total += (sine_terms[n] * _sine(phase, knots)) >> 30
        total += (cosine_terms[n] * (_sine(phase + quarter, knots) - (1 << 30))) >> 30
    return base + (total << (CDF_BITS - 30))


@kernel()
def _share(values: np.ndarray, escape: int, cumulative: np.ndarray) -> None:
    """Turn CDF values at the edges of the symbols into cumulative masses.

    ``cumulative`` has one entry more than ``values`` where there is an escape, whose mass is
    ``escape``, or what lies outside the edges if that is negative.
    """
    size = len(values) - 1
    if escape < 0:
        outside = values[0] + (_ONE - values[size])
        escape = min(max(outside >> (CDF_BITS - 24), 1), (1 << 24) - size)
    total = (1 << 24) - escape
    # Every symbol gets 1; what is left is shared in proportion to what exceeds 1, by
    # differences of a rounded running sum, so that the masses add up exactly.
    unit = (values[size] - values[0]) // total
    excess = 0
    for k in range(size):
        excess += max(0, values[k + 1] - values[k] - unit)
    spare = total - size
    # Within 63 bits: excess < 2**39 and spare < 2**24, so is running * ratio.
    ratio = (spare << CDF_BITS) // excess if excess else 0
    flat = (spare << CDF_BITS) // size
    running = 0
    cumulative[0] = 0
    for k in range(size):
        if excess:
            running += max(0, values[k + 1] - values[k] - unit)
            part = (running * ratio) >> CDF_BITS
        else:
            part = ((k + 1) * flat) >> CDF_BITS
        cumulative[k + 1] = np.uint32(k + 1 + part)
    cumulative[size] = np.uint32(total)
    if escape:
        cumulative[size + 1] = np.uint32(1 << 24)


@kernel(
    "b1(const(i8[::1]), const(i8[::1]), const(i8[::1]), const(i8[::1]), const(i8[::1]), "
    "const(i8[::1]), const(i8[:, :, ::1]), const(i8[::1]), const(i8[::1]), const(i8[::1]), "
    "u4[::1])",
)
def build_tables(
    start: np.ndarray,
    escapes: np.ndarray,
    locations: np.ndarray,
    inverse_scales: np.ndarray,
    shifts: np.ndarray,
    bases: np.ndarray,
    base_knots: np.ndarray,
    sine_terms: np.ndarray,
    cosine_terms: np.ndarray,
    sine_knots: np.ndarray,
    cumulative: np.ndarray,
) -> bool:
    """Fill the cumulative tables of T densities of one Fourier shape.

    Parameters
    ----------
    start : ndarray, int64, shape (T + 1,)
        Table t is ``cumulative[start[t]:start[t + 1]]``.
    escapes : ndarray, int64, shape (T,)
        Masses of the escapes: 0 for none, -1 for what the density has outside the table.
    locations : ndarray, int64, shape (T,)
        Relative to the first symbol, 16 fractional bits.
    inverse_scales, shifts : ndarray, int64, shape (T,)
        ``z = (x * inverse_scale) >> shift`` for a distance x with 16 fractional bits.
    bases : ndarray, int64, shape (T,)
        Row of ``base_knots``, or -1 for a base that is uniform over the table.
    base_knots : ndarray, int64, shape (B, segments, 4)
        As `compress.tables.knots.base_knots`.
    sine_terms, cosine_terms : ndarray, int64, shape (N,)
        Fourier terms of the CDF, 30 fractional bits.
    sine_knots : ndarray, int64
        As `compress.tables.knots.sine_knots`.
    cumulative : ndarray, uint32
        Written.

    Returns
    -------
    bool
        False if the arguments do not fit each other.
    """
    tables = len(start) - 1
    segments = (OCTAVES + 1) << KNOTS_PER_OCTAVE_BITS
    if (
        tables < 1
        or len(escapes) != tables
        or len(locations) != tables
        or len(inverse_scales) != tables
        or len(shifts) != tables
        or len(bases) != tables
        or base_knots.shape[1] != segments
        or base_knots.shape[2] != 4
        or len(cosine_terms) != len(sine_terms)
        or len(sine_knots) != 321
        or start[0] != 0
        or start[tables] != len(cumulative)
    ):
        return False
    widest = 0
    for t in range(tables):
        size = start[t + 1] - start[t] - 1 - (escapes[t] != 0)
        if (
            not 1 <= size < 1 << 24
            or not -1 <= escapes[t] <= (1 << 24) - size
            or not -1 <= bases[t] < len(base_knots)
            or not 0 <= inverse_scales[t] <= 1 << 22
            or not 0 <= shifts[t] <= 62
            or not -(1 << 40) <= locations[t] <= 1 << 40
        ):
            return False
        widest = max(widest, size)
    values = np.empty(widest + 1, np.int64)
    for t in range(tables):
        size = start[t + 1] - start[t] - 1 - (escapes[t] != 0)
        inverse_scale, shift, base = inverse_scales[t], shifts[t], bases[t]
        x = -(1 << (_LOCATION_BITS - 1)) - locations[t]
        # Rounding in the interpolation may step back by a unit or two; the CDF may not.
        highest = -(1 << 62)
        for k in range(size + 1):
            if base < 0:
                value = (k << CDF_BITS) // size
            else:
                value = base_cdf((x * inverse_scale) >> shift, base_knots[base])
            if len(sine_terms):
                value = _fourier_cdf(value, sine_terms, cosine_terms, sine_knots)
            highest = max(highest, value)
            values[k] = highest
            x += 1 << _LOCATION_BITS
        _share(values[: size + 1], escapes[t], cumulative[start[t] : start[t + 1]])
    return True


@kernel("b1(const(u4[::1]), const(i8[::1]), const(b1[::1]), i8, u8[::1])")
def fill_lookup(
    cumulative: np.ndarray, start: np.ndarray, escape: np.ndarray, bits: int, entries: np.ndarray
) -> bool:
    """Fill ``entries`` as `TableSet.lookup` says; False if the arguments do not fit each other."""
    tables = len(start) - 1
    if len(entries) != tables << bits or len(escape) != tables or start[tables] != len(cumulative):
        return False
    for t in range(tables):
        first = start[t]
        slot = first
        last = start[t + 1] - 2
        if slot < 0 or last < slot:
            return False
        for cell in range(1 << bits):
            quantile = cell << (24 - bits)
            while slot < last and np.int64(cumulative[slot + 1]) <= quantile:
                slot += 1
            left: Any = np.int64(cumulative[slot])
            mass: Any = np.int64(cumulative[slot + 1]) - left
            packed = (left << 16) | (slot - first)
            if (slot == last and escape[t]) or slot - first >= 1 << 16 or mass >= 1 << 24:
                mass = 0
                packed = (slot - first) << 16
            entries[(t << bits) + cell] = (np.uint64(mass) << np.uint64(40)) | np.uint64(packed)
    return True


@kernel("i8(const(i8[::1]), i8, i8[::1])")
def count_values(values: np.ndarray, low: int, counts: np.ndarray) -> int:
    """Add the values from ``low`` on to their counts; return how many are below or beyond."""
    size = np.uint64(counts.size)
    first = np.uint64(np.int64(low))
    outside = 0
    for i in range(values.size):
        place = np.uint64(values[i]) - first
        if place < size:
            counts[place] += 1
        else:
            outside += 1
    return outside
