"""Evaluation of a Fourier basis density on the unit circle: density, cumulative, quantile.

Positions v are in [0, 1]; q(v) = 1 + 2 Re sum_n r_n exp(2 pi i n v).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["CircleCumulative", "density_at", "lifted", "on_grid", "slope_at"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Mixed into every density is this share of the uniform one: it is positive everywhere, by far
# more than the rounding errors of its cumulative.
FLOOR = math.ldexp(1.0, -29)

_KNOTS_PER_TERM = 256
# Of a cell's density: far above the rounding errors of 1/8192 of a cell, far below what matters.
_LEAST_RISE = 1e-11
# Coefficients of t..t^5 from the five steps of the Bernstein coefficients of a quintic.
_BERNSTEIN_TO_POWERS = np.array(
    [
        [5.0, 0.0, 0.0, 0.0, 0.0],
        [-10.0, 10.0, 0.0, 0.0, 0.0],
        [10.0, -20.0, 10.0, 0.0, 0.0],
        [-5.0, 15.0, -15.0, 5.0, 0.0],
        [1.0, -4.0, 6.0, -4.0, 1.0],
    ]
)


def on_grid(r: Complexes, size: int) -> Floats:
    """Values of q at v = j / size, j = 0..size-1."""
    spectrum = np.zeros(size // 2 + 1, dtype=np.complex128)
    spectrum[0] = 1.0
    spectrum[1 : r.size + 1] = r
    return np.asarray(np.fft.irfft(spectrum, size) * size)


def _knots(terms: int) -> int:
    return max(4096, 1 << math.ceil(math.log2(_KNOTS_PER_TERM * max(terms, 1))))


def lifted(r: Complexes) -> Complexes:
    """Coefficients drawn towards 0 (the uniform density) as far as positivity asks.

    At least by the share `FLOOR`; more where q dips below zero, which coefficients that are an
    autocorrelation never do, but rounded ones may.
    """
    if r.size == 0:
        return r
    lowest = float(on_grid(r, _knots(r.size)).min())
    # between two knots q can fall below both by at most its curvature there
    curvature = 2.0 * float((np.abs(r) * (2.0 * math.pi * np.arange(1, r.size + 1)) ** 2).sum())
    if lowest < -1e-12:
        lowest -= curvature / (8.0 * _knots(r.size) ** 2)
    share = FLOOR if lowest >= -1e-12 else (FLOOR - lowest) / (1.0 - lowest)
    return np.asarray(r * (1.0 - share))


@kernel("f8[::1](const(f8[::1]), const(c16[::1]))")
def density_at(v: Floats, r: Complexes) -> Floats:
    """q(v) by Horner's rule, at least `FLOOR` / 4."""
    out = np.empty(v.size)
    least = 2.0**-31
    for i in range(v.size):
        angle = 2.0 * math.pi * v[i]
        if math.isnan(angle):
            out[i] = angle
            continue
        x = math.cos(angle)
        y = math.sin(angle)
        re = 0.0
        im = 0.0
        for n in range(r.size - 1, -1, -1):
            a = re + r[n].real
            b = im + r[n].imag
            re = a * x - b * y
            im = a * y + b * x
        out[i] = max(1.0 + 2.0 * re, least)
    return out


@kernel("f8[::1](const(f8[::1]), const(c16[::1]))")
def slope_at(v: Floats, r: Complexes) -> Floats:
    """Slope dq / dv."""
    out = np.empty(v.size)
    for i in range(v.size):
        angle = 2.0 * math.pi * v[i]
        x = math.cos(angle)
        y = math.sin(angle)
        re = 0.0
        im = 0.0
        for n in range(r.size - 1, -1, -1):
            a = re + r[n].real * (n + 1)
            b = im + r[n].imag * (n + 1)
            re = a * x - b * y
            im = a * y + b * x
        out[i] = -4.0 * math.pi * im
    return out


@kernel(inline="always")
def _quintic(c: Floats, j: int, t: float) -> float:
    value: float = t * (c[j, 0] + t * (c[j, 1] + t * (c[j, 2] + t * (c[j, 3] + t * c[j, 4]))))
    return value


@kernel("f8[::1](const(f8[::1]), const(f8[::1]), const(f8[:, ::1]))")
def _cumulative(v: Floats, knots: Floats, pieces: Floats) -> Floats:
    """Monotone in v down to the last bit.

    From one straight piece to the next the quintic rises by more than its rounding error (see
    `_LEAST_RISE`), and inside a piece every operation is monotone.
    """
    cells = pieces.shape[0]
    if knots.size != cells + 1:
        raise ValueError("there is one knot more than pieces")
    out = np.empty(v.size)
    for i in range(v.size):
        p = v[i]
        if math.isnan(p):
            out[i] = p
            continue
        if p >= 1.0:
            out[i] = knots[cells]
            continue
        position = max(p, 0.0) * cells
        j = min(int(position), cells - 1)
        t = (position - j) * 8192.0
        step = min(math.floor(t), 8191.0)
        low = _quintic(pieces, j, step / 8192.0)
        high = max(low, _quintic(pieces, j, (step + 1.0) / 8192.0))
        rise = low + (high - low) * (t - step)
        out[i] = min(knots[j] + max(rise, 0.0), knots[j + 1])
    return out


@kernel("f8[::1](const(f8[::1]), const(f8[::1]), const(f8[:, ::1]))")
def _quantile(p: Floats, knots: Floats, pieces: Floats) -> Floats:
    """Position of cumulative p, by a safeguarded Newton iteration inside the piece."""
    cells = pieces.shape[0]
    if knots.size != cells + 1:
        raise ValueError("there is one knot more than pieces")
    out = np.empty(p.size)
    for i in range(p.size):
        goal = p[i]
        if math.isnan(goal):
            out[i] = goal
            continue
        if goal <= 0.0 or goal >= 1.0:
            out[i] = 0.0 if goal <= 0.0 else 1.0
            continue
        low = 0
        high = cells
        while high - low > 1:
            middle = (low + high) >> 1
            if knots[middle] <= goal:
                low = middle
            else:
                high = middle
        goal -= knots[low]
        left = 0.0
        right = 1.0
        t = min(1.0, goal / max(knots[low + 1] - knots[low], 1e-300))
        for _ in range(60):
            error = _quintic(pieces, low, t) - goal
            if error > 0.0:
                right = t
            else:
                left = t
            slope = pieces[low, 0] + t * (
                2.0 * pieces[low, 1]
                + t * (3.0 * pieces[low, 2] + t * (4.0 * pieces[low, 3] + t * 5.0 * pieces[low, 4]))
            )
            new = t - error / slope if slope > 0.0 else 0.5 * (left + right)
            if not left <= new <= right:
                new = 0.5 * (left + right)
            moved = abs(new - t)
            t = new
            if moved <= 4e-16 * t or moved < 1e-17:
                break
        out[i] = (low + t) / cells
    return out


class CircleCumulative:
    """Cumulative and quantile function of positive coefficients r (see `lifted`).

    Values and three derivatives at equally spaced knots come from FFTs; between them stands the
    quintic with the right value, slope and curvature at both ends. Its error is about 1e-14, and
    below 1e-9 where q touches zero.
    The cumulative rises from exactly 0 to exactly 1 and never falls.
    """

    def __init__(self, r: Complexes) -> None:
        size = _knots(r.size)
        n = 2j * math.pi * np.arange(1, r.size + 1) / size
        q, slope, third = (self._closed(r * n**order, size, order == 0) for order in (0, 1, 3))
        q = np.maximum(q, 0.25 * FLOOR)
        left, right, k0, k1 = q[:-1], q[1:], slope[:-1], slope[1:]
        # Euler-Maclaurin keeps each rise accurate relative to itself, also where q nearly vanishes
        rise = 0.5 * (left + right) - (k1 - k0) / 12.0 + (third[1:] - third[:-1]) / 720.0
        least = _LEAST_RISE * (left + right)
        rise = np.maximum(rise, 5.0 * least)
        knots = np.concatenate([[0.0], np.cumsum(rise)])
        # the quintic in Bernstein form; where q nearly vanishes inside a cell its steps may be
        # negative by rounding or interpolation error, and are raised to a positive least
        first = 0.2 * left, 0.2 * left + 0.05 * k0
        last = 0.2 * right - 0.05 * k1, 0.2 * right
        steps = np.stack([*first, rise - sum(first) - sum(last), *last])
        steps = np.maximum(steps, least)
        steps *= rise / steps.sum(axis=0)
        # sums of rows: a threaded product would cost more than it saves
        pieces = np.stack(
            [
                sum(c * s for c, s in zip(row, steps, strict=True) if c)
                for row in _BERNSTEIN_TO_POWERS
            ]
        )
        self.knots = knots / knots[-1]
        self.pieces = np.ascontiguousarray(pieces.T / knots[-1])

    @staticmethod
    def _closed(r: Complexes, size: int, with_mean: bool) -> Floats:
        values = on_grid(r, size) - (0.0 if with_mean else 1.0)
        return np.append(values, values[0])

    def cumulative(self, v: Floats) -> Floats:
        """Share of the mass in [0, v]."""
        return np.asarray(_cumulative(v, self.knots, self.pieces))

    def quantile(self, p: Floats) -> Floats:
        """Position with cumulative p."""
        return np.asarray(_quantile(p, self.knots, self.pieces))
