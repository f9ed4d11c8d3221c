"""Distribution functions of the standard bases, as compiled elementwise functions.

Only the encoder and analysis run them, so the C library's ``exp``, ``log`` and ``erfc`` are used
freely. Each is accurate to a few units in the last place relative to its own value, also far out
in the lower tail (upper tails: by symmetry, on the negated argument).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = [
    "digamma",
    "logistic_cdf",
    "normal_cdf",
    "normal_ppf",
    "student_cdf",
    "student_ppf",
]

Floats = NDArray[np.float64]

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def digamma(x: float) -> float:
    """Give the derivative of log Gamma at x > 0 (recurrence, then the asymptotic series)."""
    total = 0.0
    while x < 8.0:
        total -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132)))))
    return total + math.log(x) - 0.5 / x - series


@kernel()
def _normal_lower(z: float) -> float:
    return 0.5 * math.erfc(-z * 0.7071067811865476)


@kernel()
def _normal_quantile(p: float) -> float:
    """Quantile for p in (0, 1/2] by Newton's method on log Phi, from a bound on the right side.

    log Phi is concave, so that Newton's iterates from the left of the root come monotonically.
    """
    if p > 0.02425:
        z = 0.0
        for _ in range(60):
            density = math.exp(-0.5 * z * z) * 0.3989422804014327
            step = (_normal_lower(z) - p) / density
            # Halley's correction: Phi'' / Phi' = -z
            step /= 1.0 + 0.5 * z * step
            z -= step
            if abs(step) < 1e-9 * (1.0 + abs(z)):
                break
        return z
    log_p = math.log(p)
    z = -math.sqrt(max(-2.0 * log_p - math.log(-2.0 * log_p) - 1.8, 1.0))
    for _ in range(60):
        lower = _normal_lower(z)
        if lower <= 0.0:
            return z
        ratio = math.exp(-0.5 * z * z - 0.9189385332046727) / lower
        step = (math.log(lower) - log_p) / ratio
        z -= step
        if abs(step) < 1e-12 * abs(z):
            break
    return z


@kernel("f8[::1](const(f8[::1]))")
def normal_cdf(z: Floats) -> Floats:
    """Phi(z)."""
    out = np.empty(z.size)
    for i in range(z.size):
        out[i] = _normal_lower(z[i])
    return out


@kernel("f8[::1](const(f8[::1]))")
def normal_ppf(q: Floats) -> Floats:
    """Inverse of Phi on [0, 1]."""
    out = np.empty(q.size)
    for i in range(q.size):
        p = q[i]
        if p <= 0.0:
            out[i] = -np.inf
        elif p >= 1.0:
            out[i] = np.inf
        elif p <= 0.5:
            out[i] = _normal_quantile(p)
        else:
            out[i] = -_normal_quantile(1.0 - p)
    return out


@kernel("f8[::1](const(f8[::1]))")
def logistic_cdf(z: Floats) -> Floats:
    """1 / (1 + exp(-z))."""
    out = np.empty(z.size)
    for i in range(z.size):
        if z[i] < 0.0:
            e = math.exp(z[i])
            out[i] = e / (1.0 + e)
        else:
            out[i] = 1.0 / (1.0 + math.exp(-z[i]))
    return out


@kernel()
def beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (modified Lentz)."""
    tiny = 1e-300
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    if abs(d) < tiny:
        d = tiny
    d = 1.0 / d
    value = d
    for m in range(1, 2000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 + even * d
        c = 1.0 + even / c
        if abs(d) < tiny:
            d = tiny
        if abs(c) < tiny:
            c = tiny
        d = 1.0 / d
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 + odd * d
        c = 1.0 + odd / c
        if abs(d) < tiny:
            d = tiny
        if abs(c) < tiny:
            c = tiny
        d = 1.0 / d
        factor = d * c
        value *= factor
        if abs(factor - 1.0) < 1e-16:
            break
    return value


@kernel()
def _student_tail(t: float, df: float, log_beta: float) -> float:
    """Upper tail P(T > t) for t >= 0; `log_beta` is log B(df / 2, 1 / 2)."""
    if t == 0.0:
        return 0.5
    a = 0.5 * df
    # x = df / (df + t^2) and y = 1 - x, without overflow of t^2
    r = t / math.sqrt(df)
    if r > 1e150:
        log_x = -2.0 * math.log(r)
        y = 1.0
        x = 0.0
    else:
        x = 1.0 / (1.0 + r * r)
        y = r * r * x
        log_x = -math.log1p(r * r)
    if x < (a + 1.0) / (a + 2.5):
        front = math.exp(a * log_x + 0.5 * math.log(y) - log_beta)
        small: float = 0.5 * front * beta_fraction(a, 0.5, x) / a
        return small
    front = math.exp(a * log_x + 0.5 * math.log(y) - log_beta)
    large: float = 0.5 - front * beta_fraction(0.5, a, y)
    return large


@kernel("f8[::1](const(f8[::1]), f8, f8)")
def student_cdf(z: Floats, df: float, log_beta: float) -> Floats:
    """Distribution function of Student's t with `df` degrees of freedom."""
    out = np.empty(z.size)
    for i in range(z.size):
        t = z[i]
        if math.isnan(t):
            out[i] = t
        elif df == 1.0:
            out[i] = math.atan2(1.0, -t) / math.pi
        elif t <= 0.0:
            out[i] = _student_tail(-t, df, log_beta)
        else:
            out[i] = 1.0 - _student_tail(t, df, log_beta)
    return out


@kernel()
def _student_quantile(p: float, df: float, log_beta: float) -> float:
    """Point t >= 0 with P(T > t) = p, for p in (0, 1/2]."""
    log_density_0 = -log_beta - 0.5 * math.log(df)
    if df == 1.0:
        return 1.0 / math.tan(math.pi * p)
    if p > 0.05:
        # the tail is convex in t, so Newton's iterates from 0 rise monotonically
        t = 0.0
        for _ in range(100):
            density = math.exp(log_density_0 - 0.5 * (df + 1.0) * math.log1p(t * t / df))
            step = (_student_tail(t, df, log_beta) - p) / density
            t += step
            if abs(step) <= 1e-14 * (1.0 + t):
                break
        return t
    # log tail is concave in log t; start from the power-law bound on the right of the root
    log_t = (log_density_0 + 0.5 * (df - 1.0) * math.log(df) - math.log(p)) / df
    log_t = min(log_t, 709.0)
    for _ in range(200):
        t = math.exp(log_t)
        tail = _student_tail(t, df, log_beta)
        if tail <= 0.0:
            log_t -= 1.0
            continue
        r = t / math.sqrt(df)
        log_shape = 2.0 * math.log(r) if r > 1e150 else math.log1p(r * r)
        slope = math.exp(log_density_0 - 0.5 * (df + 1.0) * log_shape + log_t) / tail
        step = (math.log(tail) - math.log(p)) / slope
        log_t += step
        if abs(step) < 1e-14 * (1.0 + abs(log_t)):
            break
    return math.exp(log_t)


@kernel("f8[::1](const(f8[::1]), f8, f8)")
def student_ppf(q: Floats, df: float, log_beta: float) -> Floats:
    """Quantile function of Student's t with `df` degrees of freedom."""
    out = np.empty(q.size)
    for i in range(q.size):
        p = q[i]
        if math.isnan(p):
            out[i] = p
        elif p <= 0.0:
            out[i] = -np.inf
        elif p >= 1.0:
            out[i] = np.inf
        elif p <= 0.5:
            out[i] = -_student_quantile(p, df, log_beta)
        else:
            out[i] = _student_quantile(1.0 - p, df, log_beta)
    return out
