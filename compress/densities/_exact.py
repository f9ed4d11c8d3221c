"""Elementary functions of additions, multiplications, divisions and square roots alone.

The C library's ``exp``, ``log`` and ``sin`` differ in the last bit between machines. The
conditional densities of vectors also run where rows are decoded, so they are built on these, which
give the same bits everywhere: polynomials in a fixed order of operations, powers of two, and
``floor``. Each is accurate to a few units of 2^-53.
"""

from __future__ import annotations

import math

from compress.kernels import kernel

__all__ = ["arcsinh", "exponential", "log_gamma", "logarithm", "sine_cosine", "student_cdf_at"]

_LOG2_E = 1.4426950408889634
# log 2 in two parts, the first of 32 bits, so that k times it is exact
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
_SQRT_HALF = 0.7071067811865476
_HALF_LOG_2PI = 0.9189385332046727
_TWO_PI = 6.283185307179586
# 2^(2^n) and its inverse
_POWERS = tuple(2.0 ** (1 << n) for n in range(10))
_INVERSES = tuple(2.0 ** -(1 << n) for n in range(10))
# steps of the continued fraction; 1,000 degrees of freedom take about 80
_STEPS = 500


@kernel()
def _power_of_two(k: int) -> float:
    power = 1.0
    for n in range(10):
        if (abs(k) >> n) & 1:
            power *= _POWERS[n] if k > 0 else _INVERSES[n]
    return power


@kernel()
def exponential(x: float) -> float:
    """e^x; 0 below -745, infinite above 709."""
    if x < -745.0:
        return 0.0
    if x > 709.0:
        return math.inf
    k = math.floor(x * _LOG2_E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    value = 1.0
    for n in range(14, 0, -1):
        value = 1.0 + value * r / n
    # in two parts: 2^k itself may be too small or too large a number
    half = k // 2
    scaled: float = value * _power_of_two(half) * _power_of_two(k - half)
    return scaled


@kernel()
def logarithm(x: float) -> float:
    """Natural logarithm of x > 0; minus infinity at 0."""
    if not x > 0.0:
        return -math.inf
    if x == math.inf:
        return math.inf
    m = x
    k = 0
    for n in range(9, -1, -1):
        if m >= _POWERS[n]:
            m *= _INVERSES[n]
            k += 1 << n
        elif m < _INVERSES[n]:
            m *= _POWERS[n]
            k -= 1 << n
    # in (1/4, 2), but for the smallest numbers
    while m < _SQRT_HALF:
        m *= 2.0
        k -= 1
    if m >= 2.0 * _SQRT_HALF:
        m *= 0.5
        k += 1
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    series = 0.0
    for n in range(23, 1, -2):
        series = series * square + 1.0 / n
    return k * _LN2_HIGH + (k * _LN2_LOW + 2.0 * (s + s * square * series))


@kernel()
def arcsinh(x: float) -> float:
    """Inverse hyperbolic sine."""
    size = abs(x)
    if size > 1e150:
        value = logarithm(size) + 0.6931471805599453
    elif size < 1e-4:
        value = size * (1.0 - size * size / 6.0)
    else:
        value = logarithm(size + math.sqrt(1.0 + size * size))
    signed: float = value if x >= 0.0 else -value
    return signed


@kernel()
def sine_cosine(turns: float) -> tuple[float, float]:
    """Sine and cosine of 2 pi `turns`."""
    quarters = math.floor(4.0 * turns + 0.5)
    a = _TWO_PI * (turns - 0.25 * quarters)
    square = a * a
    sine = 1.0
    cosine = 1.0
    for n in range(18, 0, -2):
        sine = 1.0 - sine * square / (n * (n + 1.0))
        cosine = 1.0 - cosine * square / (n * (n - 1.0))
    sine *= a
    quarter = int(quarters) % 4
    if quarter == 0:
        return sine, cosine
    if quarter == 1:
        return cosine, -sine
    if quarter == 2:
        return -sine, -cosine
    return -cosine, sine


@kernel()
def log_gamma(x: float) -> float:
    """Logarithm of the Gamma function at x > 0: recurrence, then Stirling's series."""
    shift = 1.0
    while x < 10.0:
        shift *= x
        x += 1.0
    y = 1.0 / (x * x)
    series = 1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188))))
    value: float = (x - 0.5) * logarithm(x) - x + _HALF_LOG_2PI + series / x - logarithm(shift)
    return value


@kernel()
def _fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (modified Lentz)."""
    tiny = 1e-300
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, _STEPS):
        for odd in range(2):
            if odd:
                term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
            else:
                term = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
            d = 1.0 + term * d
            c = 1.0 + term / c
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            value *= d * c
        if abs(d * c - 1.0) < 3e-16:
            break
    return value


@kernel()
def student_cdf_at(t: float, df: float, log_beta: float) -> float:
    """Distribution function of Student's t; `log_beta` is log B(df / 2, 1 / 2)."""
    if t == 0.0:
        return 0.5
    a = 0.5 * df
    r = abs(t) / math.sqrt(df)
    if r > 1e70:
        return 0.0 if t < 0.0 else 1.0
    x = 1.0 / (1.0 + r * r)
    y = r * r * x
    front = exponential(-a * logarithm(1.0 + r * r) - log_beta) * math.sqrt(y)
    if x < (a + 1.0) / (a + 2.5):
        tail = 0.5 * front * _fraction(a, 0.5, x) / a
    else:
        tail = 0.5 - front * _fraction(0.5, a, y)
    value: float = tail if t < 0.0 else 1.0 - tail
    return value
