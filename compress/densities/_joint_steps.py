"""Kernels of Gaussian mixtures in several dimensions, and of their conditionals."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["conditional_ppf", "conditionals", "joint_expectation"]

Floats = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


@kernel(
    "f8(const(f8[:, ::1]), const(f8[::1]), const(f8[::1]), const(f8[:, ::1]), const(f8[:, :, "
    "::1]), f8[::1], f8[:, ::1], f8[:, :, ::1])",
)
def joint_expectation(
    x: Floats,
    shares: Floats,
    weights: Floats,
    means: Floats,
    lower: Floats,
    mass: Floats,
    first: Floats,
    second: Floats,
) -> float:
    """Responsibilities summed into moments around each mean; mean log likelihood.

    `x` (n, d), `lower` (K, d, d) Cholesky factors of the covariances, `mass` (K,), `first`
    (K, d), `second` (K, d, d, its lower triangle).
    """
    n, d = x.shape
    k = weights.size
    if shares.size != n or means.shape != (k, d) or lower.shape != (k, d, d):
        raise ValueError("mixture parameters and samples differ in shape")
    if mass.size != k or first.shape != (k, d) or second.shape != (k, d, d):
        raise ValueError("sums and parameters differ in shape")
    constant = np.empty(k)
    for c in range(k):
        constant[c] = math.log(weights[c]) - d * _LOG_SQRT_2PI
        for j in range(d):
            constant[c] -= math.log(lower[c, j, j])
    mass[:] = 0.0
    first[:] = 0.0
    second[:] = 0.0
    logs = np.empty(k)
    e = np.empty(d)
    total = 0.0
    for i in range(n):
        top = -np.inf
        for c in range(k):
            square = 0.0
            for j in range(d):
                r = x[i, j] - means[c, j]
                for m in range(j):
                    r -= lower[c, j, m] * e[m]
                e[j] = r / lower[c, j, j]
                square += e[j] * e[j]
            logs[c] = constant[c] - 0.5 * square
            top = max(top, logs[c])
        norm = 0.0
        for c in range(k):
            a = logs[c] - top
            logs[c] = math.exp(a) if a > -40.0 else 0.0
            norm += logs[c]
        total += shares[i] * (top + math.log(norm))
        for c in range(k):
            if logs[c] == 0.0:
                continue
            share = shares[i] * logs[c] / norm
            mass[c] += share
            for j in range(d):
                r = share * (x[i, j] - means[c, j])
                first[c, j] += r
                for m in range(j + 1):
                    second[c, j, m] += r * (x[i, m] - means[c, m])
    return total


@kernel(
    "Tuple((f8[:, ::1], f8[:, ::1]))(const(f8[:, ::1]), const(f8[::1]), const(f8[:, ::1]), "
    "const(f8[:, :, ::1]))",
)
def conditionals(x: Floats, weights: Floats, means: Floats, lower: Floats) -> tuple[Floats, Floats]:
    """Log density and distribution function of x_j given x_0..x_{j-1}, both (n, d)."""
    n, d = x.shape
    k = weights.size
    if means.shape != (k, d) or lower.shape != (k, d, d):
        raise ValueError("mixture parameters and samples differ in shape")
    logs = np.empty((n, d))
    cdf = np.empty((n, d))
    gate = np.empty(k)
    e = np.empty((k, d))
    for i in range(n):
        for c in range(k):
            gate[c] = math.log(weights[c])
        for j in range(d):
            # gates: log weight times density of the coordinates so far
            top = -np.inf
            for c in range(k):
                top = max(top, gate[c])
            norm = 0.0
            for c in range(k):
                norm += math.exp(gate[c] - top)
            log_norm = top + math.log(norm)
            below = 0.0
            new_top = -np.inf
            for c in range(k):
                r = x[i, j] - means[c, j]
                for m in range(j):
                    r -= lower[c, j, m] * e[c, m]
                e[c, j] = r / lower[c, j, j]
                below += (
                    math.exp(gate[c] - log_norm) * 0.5 * math.erfc(-e[c, j] * 0.7071067811865476)
                )
                gate[c] += -0.5 * e[c, j] * e[c, j] - math.log(lower[c, j, j]) - _LOG_SQRT_2PI
                new_top = max(new_top, gate[c])
            joint = 0.0
            for c in range(k):
                joint += math.exp(gate[c] - new_top)
            logs[i, j] = new_top + math.log(joint) - log_norm
            cdf[i, j] = min(below, 1.0)
    return logs, cdf


@kernel(
    "f8[::1](const(f8[:, ::1]), i8, const(f8[::1]), const(f8[::1]), const(f8[:, ::1]), "
    "const(f8[:, :, ::1]))",
)
def conditional_ppf(
    x: Floats, j: int, v: Floats, weights: Floats, means: Floats, lower: Floats
) -> Floats:
    """Quantile v of x_j given the first j columns of x, (n,)."""
    n, d = x.shape
    k = weights.size
    if means.shape != (k, d) or lower.shape != (k, d, d) or v.size != n or not 0 <= j < d:
        raise ValueError("mixture parameters and samples differ in shape")
    out = np.empty(n)
    gate = np.empty(k)
    centre = np.empty(k)
    e = np.empty(d)
    for i in range(n):
        top = -np.inf
        for c in range(k):
            gate[c] = math.log(weights[c])
            for m in range(j):
                r = x[i, m] - means[c, m]
                for o in range(m):
                    r -= lower[c, m, o] * e[o]
                e[m] = r / lower[c, m, m]
                gate[c] -= 0.5 * e[m] * e[m] + math.log(lower[c, m, m])
            centre[c] = means[c, j]
            for m in range(j):
                centre[c] += lower[c, j, m] * e[m]
            top = max(top, gate[c])
        norm = 0.0
        for c in range(k):
            gate[c] = math.exp(gate[c] - top)
            norm += gate[c]
        left = np.inf
        right = -np.inf
        for c in range(k):
            gate[c] /= norm
            if gate[c] > 1e-300:
                left = min(left, centre[c] - 9.0 * lower[c, j, j])
                right = max(right, centre[c] + 9.0 * lower[c, j, j])
        y = 0.5 * (left + right)
        for _ in range(100):
            below = 0.0
            slope = 0.0
            for c in range(k):
                if gate[c] > 1e-300:
                    z = (y - centre[c]) / lower[c, j, j]
                    below += gate[c] * 0.5 * math.erfc(-z * 0.7071067811865476)
                    slope += gate[c] / lower[c, j, j] * math.exp(-0.5 * z * z)
            error = below - v[i]
            if error > 0.0:
                right = y
            else:
                left = y
            slope *= 0.3989422804014327
            new = y - error / slope if slope > 0.0 else left
            if not left < new < right:
                new = 0.5 * (left + right)
            if abs(new - y) <= 1e-12 * (abs(y) + abs(right - left)):
                y = new
                break
            y = new
        out[i] = y
    return out
