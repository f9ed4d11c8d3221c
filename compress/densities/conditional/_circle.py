"""Many Fourier densities on the circle, one a row: masses and quantiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compress.densities.conditional._objective import FLOOR, powers

__all__ = ["autocorrelations", "mass", "quantile"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_ITERATIONS = 70  # of a bisection at most; Newton's steps end after about eight


def autocorrelations(a: Complexes) -> Complexes:
    """Moments r_n = sum_k a_{k+n} conj(a_k) / sum_k |a_k|^2 of amplitudes (N + 1, n), n = 1..N.

    The share `FLOOR` of the uniform density is in them.
    """
    terms = a.shape[0] - 1
    size = 1 << (2 * terms + 1).bit_length()
    power = np.abs(np.fft.fft(a, size, axis=0)) ** 2
    full = np.fft.fft(power, axis=0) / size
    norm = np.maximum(full[0].real, 1e-300)
    return np.asarray(np.conj(full[1 : terms + 1]) / norm * (1.0 - FLOOR))


def mass(start: Floats, width: Floats, r: Complexes) -> Floats:
    """Mass on the arc from `start`, `width` long (in turns), of moments r (N, n).

    It has the relative precision of `width`, as small as that may be.
    """
    waves = powers(start + 0.5 * width, r.shape[0])[1:]
    n = np.arange(1, r.shape[0] + 1)[:, None]
    mean = (r.real * waves.real - r.imag * waves.imag) * np.sinc(n * width)
    # the share of the base is never lost to rounding
    return np.asarray(width * np.maximum(1.0 + 2.0 * mean.sum(axis=0), 0.5 * FLOOR))


def quantile(q: Floats, start: Floats, r: Complexes) -> Floats:
    """Width of the arc from `start` with mass q, by Newton's method held inside brackets."""
    if r.shape[0] == 0:
        return q.copy()
    out = np.clip(q, 0.0, 1.0)
    active = np.flatnonzero((q > 0.0) & (q < 1.0))
    t = out[active]
    low, high = np.zeros(t.size), np.ones(t.size)
    for _ in range(_ITERATIONS):
        if active.size == 0:
            break
        moments, begin = r[:, active], start[active]
        error = mass(begin, t, moments) - q[active]
        low, high = np.where(error <= 0.0, t, low), np.where(error >= 0.0, t, high)
        slope = _density(begin + t, moments)
        new = t - error / slope
        new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
        done = (np.abs(new - t) <= 1e-15 + 1e-15 * t) | (error == 0.0)
        out[active] = np.where(error == 0.0, t, new)
        on = ~done
        active, t, low, high = active[on], new[on], low[on], high[on]
    return out


def _density(v: Floats, r: Complexes) -> Floats:
    waves = powers(v - np.floor(v), r.shape[0])[1:]
    total = (r.real * waves.real - r.imag * waves.imag).sum(axis=0)
    return np.asarray(np.maximum(1.0 + 2.0 * total, 0.5 * FLOOR))
