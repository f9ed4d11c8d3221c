"""Small dense linear algebra on one thread.

The matrices of a Newton step have at most a few hundred rows. A threaded BLAS shares them out, and
where cores are busy its threads wait for each other: steps of 0.1 ms then take 100 ms (measured:
one fit of 1,000 samples in 8 s instead of 0.2 s). These loops run on the calling thread alone.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["product", "solve_positive", "transposed_product"]

Floats = NDArray[np.float64]


@kernel("f8[:, ::1](const(f8[:, ::1]), const(f8[:, ::1]), b1)")
def transposed_product(a: Floats, b: Floats, symmetric: bool) -> Floats:
    """A^T B; `symmetric` promises that the result is, so that half of it is computed."""
    rows, m, n = a.shape[0], a.shape[1], b.shape[1]
    if b.shape[0] != rows:
        raise ValueError("the matrices differ in rows")
    if symmetric and m != n:
        raise ValueError("a symmetric product is square")
    out = np.zeros((m, n))
    # four rows at once: the result passes through the cache a quarter as often
    p = 0
    while p + 4 <= rows:
        for i in range(m):
            a0, a1, a2, a3 = a[p, i], a[p + 1, i], a[p + 2, i], a[p + 3, i]
            for j in range(i if symmetric else 0, n):
                out[i, j] += a0 * b[p, j] + a1 * b[p + 1, j] + a2 * b[p + 2, j] + a3 * b[p + 3, j]
        p += 4
    while p < rows:
        for i in range(m):
            a0 = a[p, i]
            for j in range(i if symmetric else 0, n):
                out[i, j] += a0 * b[p, j]
        p += 1
    if symmetric:
        for i in range(1, n):
            for j in range(i):
                out[i, j] = out[j, i]
    return out


@kernel("f8[::1](const(f8[:, ::1]), const(f8[::1]))")
def product(a: Floats, x: Floats) -> Floats:
    """Multiply a matrix and a vector."""
    if a.shape[1] != x.size:
        raise ValueError("matrix and vector differ in length")
    out = np.zeros(a.shape[0])
    for i in range(a.shape[0]):
        total = 0.0
        for j in range(x.size):
            total += a[i, j] * x[j]
        out[i] = total
    return out


@kernel("f8[::1](const(f8[:, ::1]), f8, const(f8[::1]))")
def solve_positive(a: Floats, shift: float, b: Floats) -> Floats:
    """Solution of (A + shift I) x = b by Cholesky; empty where the matrix is not positive.

    `a` is symmetric; its upper half is read.
    """
    n = b.size
    if a.shape[0] != n or a.shape[1] != n:
        raise ValueError("matrix and vector differ in length")
    u = np.zeros((n, n))  # A + shift I = U^T U
    for i in range(n):
        for j in range(i, n):
            u[i, j] = a[i, j]
        u[i, i] += shift
        k = 0
        while k + 4 <= i:
            u0, u1, u2, u3 = u[k, i], u[k + 1, i], u[k + 2, i], u[k + 3, i]
            for j in range(i, n):
                u[i, j] -= u0 * u[k, j] + u1 * u[k + 1, j] + u2 * u[k + 2, j] + u3 * u[k + 3, j]
            k += 4
        while k < i:
            u0 = u[k, i]
            for j in range(i, n):
                u[i, j] -= u0 * u[k, j]
            k += 1
        pivot = u[i, i]
        if not pivot > 0.0:
            return np.empty(0)
        inverse = 1.0 / math.sqrt(pivot)
        for j in range(i, n):
            u[i, j] *= inverse
    x = b.copy()
    for i in range(n):
        x[i] /= u[i, i]
        for j in range(i + 1, n):
            x[j] -= u[i, j] * x[i]
    for i in range(n - 1, -1, -1):
        total = x[i]
        for j in range(i + 1, n):
            total -= u[i, j] * x[j]
        x[i] = total / u[i, i]
    return x
