"""Kernels of one-dimensional Gaussian mixtures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["expectation", "mixture_cdf", "mixture_logpdf", "mixture_ppf"]

Floats = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
# Knots around every component, in its scales, that cut the line into brackets of quantiles.
_OFFSETS = np.array([-9.0, -5.0, -3.0, -2.0, -1.0, -0.4, 0.0, 0.4, 1.0, 2.0, 3.0, 5.0, 9.0])


@kernel(
    "f8(const(f8[::1]), const(f8[::1]), const(f8[::1]), const(f8[::1]), const(f8[::1]), "
    "const(f8[::1]), f8[:, ::1])",
)
def expectation(
    x: Floats,
    spread: Floats,
    shares: Floats,
    weights: Floats,
    means: Floats,
    scales: Floats,
    sums: Floats,
) -> float:
    """Sum responsibilities, and first and second moments around each mean, into `sums` (K, 3).

    `spread` is the variance inside each group of samples. Returns the mean log likelihood.
    """
    k = weights.size
    if means.size != k or scales.size != k or sums.shape[0] != k or sums.shape[1] != 3:
        raise ValueError("mixture parameters differ in length")
    if shares.size != x.size or spread.size != x.size:
        raise ValueError("samples and shares differ in length")
    logs = np.empty(k)
    constant = np.empty(k)
    for c in range(k):
        constant[c] = math.log(weights[c]) - math.log(scales[c]) - _LOG_SQRT_2PI
    sums[:, :] = 0.0
    total = 0.0
    for i in range(x.size):
        top = -np.inf
        for c in range(k):
            z = (x[i] - means[c]) / scales[c]
            logs[c] = constant[c] - 0.5 * z * z
            top = max(top, logs[c])
        mass = 0.0
        for c in range(k):
            d = logs[c] - top
            logs[c] = math.exp(d) if d > -40.0 else 0.0
            mass += logs[c]
        total += shares[i] * (top + math.log(mass))
        for c in range(k):
            if logs[c] > 0.0:
                share = shares[i] * logs[c] / mass
                d = x[i] - means[c]
                sums[c, 0] += share
                sums[c, 1] += share * d
                sums[c, 2] += share * (d * d + spread[i])
    return total


@kernel("f8[::1](const(f8[::1]), const(f8[::1]), const(f8[::1]), const(f8[::1]))")
def mixture_logpdf(x: Floats, weights: Floats, means: Floats, scales: Floats) -> Floats:
    """Log density at each x."""
    k = weights.size
    if means.size != k or scales.size != k:
        raise ValueError("mixture parameters differ in length")
    out = np.empty(x.size)
    logs = np.empty(k)
    constant = np.empty(k)
    for c in range(k):
        constant[c] = math.log(weights[c]) - math.log(scales[c]) - _LOG_SQRT_2PI
    for i in range(x.size):
        if math.isnan(x[i]):
            out[i] = np.nan
            continue
        top = -np.inf
        for c in range(k):
            z = (x[i] - means[c]) / scales[c]
            logs[c] = constant[c] - 0.5 * z * z
            top = max(top, logs[c])
        if top == -np.inf:
            out[i] = top
            continue
        mass = 0.0
        for c in range(k):
            mass += math.exp(logs[c] - top)
        out[i] = top + math.log(mass)
    return out


@kernel()
def _cdf_at(x: float, weights: Floats, means: Floats, scales: Floats) -> float:
    total = 0.0
    for c in range(weights.size):
        total += weights[c] * 0.5 * math.erfc((means[c] - x) / scales[c] * 0.7071067811865476)
    return total


@kernel("f8[::1](const(f8[::1]), const(f8[::1]), const(f8[::1]), const(f8[::1]))")
def mixture_cdf(x: Floats, weights: Floats, means: Floats, scales: Floats) -> Floats:
    """Distribution function at each x, at most 1."""
    if means.size != weights.size or scales.size != weights.size:
        raise ValueError("mixture parameters differ in length")
    out = np.empty(x.size)
    for i in range(x.size):
        out[i] = np.nan if math.isnan(x[i]) else min(_cdf_at(x[i], weights, means, scales), 1.0)
    return out


def mixture_ppf(q: Floats, weights: Floats, means: Floats, scales: Floats) -> Floats:
    """Quantile at each q, by a safeguarded Newton iteration from a table of the cdf."""
    if means.size != weights.size or scales.size != weights.size:
        raise ValueError("mixture parameters differ in length")
    knots = np.sort((means[:, None] + scales[:, None] * _OFFSETS).ravel())
    return np.asarray(_mixture_ppf(q, weights, means, scales, knots))


@kernel("f8[::1](const(f8[::1]), const(f8[::1]), const(f8[::1]), const(f8[::1]), const(f8[::1]))")
def _mixture_ppf(
    q: Floats, weights: Floats, means: Floats, scales: Floats, knots: Floats
) -> Floats:
    k = weights.size
    if means.size != k or scales.size != k:
        raise ValueError("mixture parameters differ in length")
    heights = mixture_cdf(knots, weights, means, scales)
    widest = 0.0
    for c in range(k):
        widest = max(widest, scales[c])
    out = np.empty(q.size)
    for i in range(q.size):
        goal = q[i]
        if math.isnan(goal):
            out[i] = goal
            continue
        if goal <= 0.0 or goal >= 1.0:
            out[i] = -np.inf if goal <= 0.0 else np.inf
            continue
        j, above = 0, knots.size
        while j < above:
            middle = (j + above) // 2
            if heights[middle] < goal:
                j = middle + 1
            else:
                above = middle
        left = knots[j - 1] if j > 0 else knots[0] - 40.0 * widest
        right = knots[j] if j < knots.size else knots[-1] + 40.0 * widest
        x = 0.5 * (left + right)
        for _ in range(200):
            error = _cdf_at(x, weights, means, scales) - goal
            if error > 0.0:
                right = x
            else:
                left = x
            slope = 0.0
            for c in range(k):
                z = (x - means[c]) / scales[c]
                slope += weights[c] / scales[c] * math.exp(-0.5 * z * z) * 0.3989422804014327
            new = x - error / slope if slope > 0.0 else left
            if not left < new < right:
                new = 0.5 * (left + right)
            if abs(new - x) <= 1e-15 * abs(x) + 1e-16 * widest or new in (left, right):
                x = new
                break
            x = new
        out[i] = x
    return out
