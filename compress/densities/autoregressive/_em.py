"""One pass of expectation maximisation over rows of few coordinates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["collect"]

Floats = NDArray[np.float64]


@kernel(
    "Tuple((f8, f8))(const(f8[:, ::1]), const(f8[::1]), const(f8[::1]), const(f8[:, ::1]), "
    "const(f8[:, :, ::1]), f8, f8[::1], f8[::1], f8[:, ::1], f8[:, :, ::1])"
)
def collect(
    x: Floats,
    shares: Floats,
    constants: Floats,
    means: Floats,
    lower: Floats,
    df: float,
    mass: Floats,
    heavy: Floats,
    first: Floats,
    second: Floats,
) -> tuple[float, float]:
    """Sum responsibilities, and moments around each mean, of a Student-t mixture.

    `constants` (K,) are the logs of weights times heights; `lower` (K, d, d) Cholesky factors of
    the scatter matrices; `mass` and `heavy` (K,) the sums of responsibilities without and with the
    weight (df + d) / (df + distance), `first` (K, d) and `second` (K, d, d, its lower triangle)
    moments with it. Returns the mean log likelihood and what the degrees of freedom depend on.
    """
    n, d = x.shape
    k = constants.size
    if shares.size != n or means.shape != (k, d) or lower.shape != (k, d, d):
        raise ValueError("mixture parameters and samples differ in shape")
    if mass.size != k or heavy.size != k or first.shape != (k, d) or second.shape != (k, d, d):
        raise ValueError("sums and parameters differ in shape")
    mass[:] = 0.0
    heavy[:] = 0.0
    first[:] = 0.0
    second[:] = 0.0
    logs = np.empty(k)
    square = np.empty(k)
    e = np.empty(d)
    total = 0.0
    pulls = 0.0
    for i in range(n):
        top = -np.inf
        for c in range(k):
            distance = 0.0
            for j in range(d):
                r = x[i, j] - means[c, j]
                for m in range(j):
                    r -= lower[c, j, m] * e[m]
                e[j] = r / lower[c, j, j]
                distance += e[j] * e[j]
            square[c] = distance
            logs[c] = constants[c] - 0.5 * (df + d) * math.log(1.0 + distance / df)
            top = max(top, logs[c])
        norm = 0.0
        for c in range(k):
            a = logs[c] - top
            logs[c] = math.exp(a) if a > -40.0 else 0.0
            norm += logs[c]
        total += shares[i] * (top + math.log(norm))
        for c in range(k):
            share = shares[i] * logs[c] / norm
            if share < 1e-9 * shares[i]:
                continue
            near = (df + d) / (df + square[c])
            pulls += share * (math.log(near) - near)
            mass[c] += share
            share *= near
            heavy[c] += share
            for j in range(d):
                r = share * (x[i, j] - means[c, j])
                first[c, j] += r
                for m in range(j + 1):
                    second[c, j, m] += r * (x[i, m] - means[c, m])
    return total, pulls
