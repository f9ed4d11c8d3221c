"""Kernels of the conditionals of a Student-t mixture, coordinate by coordinate.

Given the first j coordinates, coordinate j is a mixture of Student-t densities with df + j degrees
of freedom. Its weights (`gate`), locations (`centre`) and scales (`width`) follow from what was
seen: `seen` (n, K, d) whitened coordinates, `square` (n, K) their sums of squares, `joint` (n, K)
log weights times densities. Built on `compress.densities._exact`, so that every machine gets the
same bits.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.densities._exact import (
    arcsinh,
    exponential,
    log_gamma,
    logarithm,
    sine_cosine,
    student_cdf_at,
)
from compress.kernels import kernel

__all__ = [
    "map_at",
    "mixture_at",
    "mixture_cdf",
    "mixture_logpdf",
    "mixture_ppf",
    "modulated",
    "predict",
    "shape_at",
    "to_normal",
    "update",
]

Floats = NDArray[np.float64]

_PI = 3.141592653589793
# Mapped and whitened coordinates end here, so that no sum of their squares overflows.
_FARTHEST = 1e100
# components with a smaller share of a conditional are left out
_FAINT = 2.0**-60


@kernel()
def map_at(x: float, loc: float, scale: float, skew: float, tail: float) -> float:
    """sinh(tail * arcsinh((x - loc) / scale) - skew)."""
    y = min(max((x - loc) / scale, -_FARTHEST), _FARTHEST)
    if skew == 0.0 and tail == 1.0:
        return y
    w = min(max(tail * arcsinh(y) - skew, -300.0), 300.0)
    up = exponential(w)
    z: float = 0.5 * (up - 1.0 / up)
    return z


@kernel("void(const(f8[::1]), f8, f8, f8, f8, f8[::1], f8[::1])")
def to_normal(
    x: Floats, loc: float, scale: float, skew: float, tail: float, z: Floats, slope: Floats
) -> None:
    """`map_at` of many into `z`, the logs of its slopes into `slope`."""
    n = x.size
    if z.size != n or slope.size != n:
        raise ValueError("samples and results differ in shape")
    plain = skew == 0.0 and tail == 1.0
    constant = logarithm(tail) - logarithm(scale)
    for i in range(n):
        z[i] = map_at(x[i], loc, scale, skew, tail)
        slope[i] = constant
        if not plain:
            y = (x[i] - loc) / scale
            slope[i] += 0.5 * (logarithm(1.0 + z[i] * z[i]) - logarithm(1.0 + y * y))


@kernel(
    "void(i8, const(f8[::1]), const(f8[:, ::1]), const(f8[:, :, ::1]), f8, const(f8[:, :, ::1]), "
    "const(f8[:, ::1]), const(f8[:, ::1]), f8[:, ::1], f8[:, ::1], f8[:, ::1])"
)
def predict(
    j: int,
    weights: Floats,
    means: Floats,
    lower: Floats,
    df: float,
    seen: Floats,
    square: Floats,
    joint: Floats,
    gate: Floats,
    centre: Floats,
    width: Floats,
) -> None:
    """Weights, locations and scales of coordinate j given those before it, each (n, K)."""
    n, k = square.shape
    d = means.shape[1]
    if not 0 <= j < d or weights.size != k or means.shape != (k, d) or lower.shape != (k, d, d):
        raise ValueError("mixture parameters and states differ in shape")
    if seen.shape != (n, k, d) or joint.shape != (n, k) or gate.shape != (n, k):
        raise ValueError("mixture parameters and states differ in shape")
    if centre.shape != (n, k) or width.shape != (n, k):
        raise ValueError("mixture parameters and states differ in shape")
    for i in range(n):
        top = -np.inf
        for c in range(k):
            top = max(top, joint[i, c])
        total = 0.0
        for c in range(k):
            a = joint[i, c] - top
            gate[i, c] = exponential(a) if a > -45.0 else 0.0
            total += gate[i, c]
        for c in range(k):
            gate[i, c] /= total
            at = means[c, j]
            for m in range(j):
                at += lower[c, j, m] * seen[i, c, m]
            centre[i, c] = at
            width[i, c] = lower[c, j, j] * math.sqrt((df + square[i, c]) / (df + j))


@kernel(
    "void(const(f8[::1]), i8, const(f8[:, :, ::1]), f8, const(f8[:, ::1]), const(f8[:, ::1]), "
    "f8[:, :, ::1], f8[:, ::1], f8[:, ::1])"
)
def update(
    z: Floats,
    j: int,
    lower: Floats,
    df: float,
    centre: Floats,
    width: Floats,
    seen: Floats,
    square: Floats,
    joint: Floats,
) -> None:
    """Take in the values `z` (n,) of coordinate j, of which `predict` gave location and scale."""
    n, k = square.shape
    if z.size != n or centre.shape != (n, k) or width.shape != (n, k) or joint.shape != (n, k):
        raise ValueError("values and states differ in shape")
    if seen.shape[0] != n or seen.shape[1] != k or not 0 <= j < seen.shape[2]:
        raise ValueError("values and states differ in shape")
    if lower.shape[0] != k or lower.shape[1] <= j or lower.shape[2] <= j:
        raise ValueError("mixture parameters and states differ in shape")
    freedom = df + j
    for i in range(n):
        for c in range(k):
            t = (z[i] - centre[i, c]) / width[i, c]
            joint[i, c] -= 0.5 * (freedom + 1.0) * logarithm(1.0 + t * t / freedom)
            joint[i, c] -= logarithm(width[i, c])
            e = min(max((z[i] - centre[i, c]) / lower[c, j, j], -_FARTHEST), _FARTHEST)
            seen[i, c, j] = e
            square[i, c] += e * e


@kernel()
def mixture_at(
    x: float,
    i: int,
    freedom: float,
    log_beta: float,
    gate: Floats,
    centre: Floats,
    width: Floats,
) -> float:
    """Distribution function at x of row i's conditional."""
    total = 0.0
    for c in range(gate.shape[1]):
        if gate[i, c] > _FAINT:
            t = (x - centre[i, c]) / width[i, c]
            total += gate[i, c] * student_cdf_at(t, freedom, log_beta)
    return min(max(total, 0.0), 1.0)


@kernel("f8[::1](const(f8[::1]), f8, const(f8[:, ::1]), const(f8[:, ::1]), const(f8[:, ::1]))")
def mixture_cdf(x: Floats, freedom: float, gate: Floats, centre: Floats, width: Floats) -> Floats:
    """Distribution function at x (n,) of the conditionals."""
    n = x.size
    if gate.shape[0] != n or centre.shape != gate.shape or width.shape != gate.shape:
        raise ValueError("values and states differ in shape")
    log_beta = log_gamma(0.5 * freedom) + log_gamma(0.5) - log_gamma(0.5 * freedom + 0.5)
    out = np.empty(n)
    for i in range(n):
        out[i] = mixture_at(x[i], i, freedom, log_beta, gate, centre, width)
    return out


@kernel("f8[::1](const(f8[::1]), f8, const(f8[:, ::1]), const(f8[:, ::1]), const(f8[:, ::1]))")
def mixture_logpdf(
    x: Floats, freedom: float, gate: Floats, centre: Floats, width: Floats
) -> Floats:
    """Log density at x (n,) of the conditionals."""
    n, k = gate.shape
    if x.size != n or centre.shape != (n, k) or width.shape != (n, k):
        raise ValueError("values and states differ in shape")
    constant = log_gamma(0.5 * freedom + 0.5) - log_gamma(0.5 * freedom)
    constant -= 0.5 * logarithm(freedom * _PI)
    logs = np.empty(k)
    out = np.empty(n)
    for i in range(n):
        top = -np.inf
        for c in range(k):
            logs[c] = -np.inf
            if gate[i, c] > 0.0:
                t = (x[i] - centre[i, c]) / width[i, c]
                logs[c] = logarithm(gate[i, c]) - logarithm(width[i, c])
                logs[c] -= 0.5 * (freedom + 1.0) * logarithm(1.0 + t * t / freedom)
                top = max(top, logs[c])
        total = 0.0
        for c in range(k):
            total += exponential(logs[c] - top)
        out[i] = constant + top + logarithm(total)
    return out


@kernel("f8[::1](const(f8[::1]), f8, const(f8[:, ::1]), const(f8[:, ::1]), const(f8[:, ::1]))")
def mixture_ppf(v: Floats, freedom: float, gate: Floats, centre: Floats, width: Floats) -> Floats:
    """Quantiles v (n,) of the conditionals, by bisection and secants."""
    n, k = gate.shape
    if v.size != n or centre.shape != (n, k) or width.shape != (n, k):
        raise ValueError("values and states differ in shape")
    log_beta = log_gamma(0.5 * freedom) + log_gamma(0.5) - log_gamma(0.5 * freedom + 0.5)
    out = np.empty(n)
    for i in range(n):
        left = np.inf
        right = -np.inf
        for c in range(k):
            if gate[i, c] > _FAINT:
                left = min(left, centre[i, c] - 8.0 * width[i, c])
                right = max(right, centre[i, c] + 8.0 * width[i, c])
        below = mixture_at(left, i, freedom, log_beta, gate, centre, width) - v[i]
        above = mixture_at(right, i, freedom, log_beta, gate, centre, width) - v[i]
        for _ in range(600):
            if below <= 0.0:
                break
            left -= 2.0 * (right - left)
            below = mixture_at(left, i, freedom, log_beta, gate, centre, width) - v[i]
        for _ in range(600):
            if above >= 0.0:
                break
            right += 2.0 * (right - left)
            above = mixture_at(right, i, freedom, log_beta, gate, centre, width) - v[i]
        for step in range(200):
            middle = 0.5 * (left + right)
            if step % 3 and above > below:
                # a secant, kept off the ends
                share = min(max(-below / (above - below), 0.01), 0.99)
                middle = left + share * (right - left)
            if not left < middle < right:
                break
            error = mixture_at(middle, i, freedom, log_beta, gate, centre, width) - v[i]
            if error < 0.0:
                left = middle
                below = error
            else:
                right = middle
                above = error
            if right - left <= 1e-13 * (abs(left) + abs(right)) or error == 0.0:
                break
        out[i] = 0.5 * (left + right)
    return out


@kernel()
def shape_at(v: float, real: Floats, imaginary: Floats) -> tuple[float, float]:
    """Distribution function and density at v in [0, 1] of 1 + 2 Re sum_n r_n e^(2 pi i n v)."""
    sine, cosine = sine_cosine(v)
    total = v
    density = 1.0
    a = 1.0
    b = 0.0
    for n in range(real.size):
        a, b = a * cosine - b * sine, a * sine + b * cosine
        density += 2.0 * (real[n] * a - imaginary[n] * b)
        total += (real[n] * b + imaginary[n] * (a - 1.0)) / (_PI * (n + 1.0))
    return min(max(total, 0.0), 1.0), max(density, 2.0**-31)


@kernel("void(const(f8[::1]), const(f8[::1]), const(f8[::1]), f8[::1], f8[::1])")
def modulated(v: Floats, real: Floats, imaginary: Floats, total: Floats, density: Floats) -> None:
    """`shape_at` of many."""
    if total.size != v.size or density.size != v.size or real.size != imaginary.size:
        raise ValueError("values and results differ in shape")
    for i in range(v.size):
        total[i], density[i] = shape_at(v[i], real, imaginary)
