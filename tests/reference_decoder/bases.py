"""The fixed tables that densities are made of, computed anew from what they stand for.

Fifty decimal digits are enough to round each integer as its exact value.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, getcontext
from functools import cache

__all__ = ["inverse", "knots", "sines"]

getcontext().prec = 60
HALF, ONE = Decimal("0.5"), Decimal(1)


def _rounded(value: Decimal) -> int:
    return int((value + HALF).to_integral_value(rounding="ROUND_FLOOR"))


def _arctan(x: Decimal) -> Decimal:
    """Halve the angle until the series is short."""
    doublings = 0
    while abs(x) > Decimal("0.01"):
        x = x / (1 + (1 + x * x).sqrt())
        doublings += 1
    total, power, k = Decimal(0), x, 1
    while abs(power) > Decimal("1e-62"):
        total += power / k
        power, k = -power * x * x, k + 2
    return total * 2**doublings


PI = 16 * _arctan(ONE / 5) - 4 * _arctan(ONE / 239)


def _sine(x: Decimal) -> Decimal:
    total, term, k = Decimal(0), x, 1
    while abs(term) > Decimal("1e-62"):
        total += term
        term = -term * x * x / ((k + 1) * (k + 2))
        k += 2
    return total


@cache
def inverse() -> tuple[int, ...]:
    """2^22 times 2^(-j / 64)."""
    two = Decimal(2)
    return tuple(_rounded(2**22 * two ** (-Decimal(j) / 64)) for j in range(64))


@cache
def sines() -> tuple[int, ...]:
    """2^30 times sines of 256ths of a turn."""
    return tuple(_rounded(2**30 * _sine(2 * PI * k / 256)) for k in range(321))


def _normal(z: Decimal) -> tuple[Decimal, Decimal]:
    density = (-z * z / 2).exp() / (2 * PI).sqrt()
    if z > 20:
        return ONE, density
    total, term, k = Decimal(0), z, 1
    while term > Decimal("1e-70"):
        total += term
        term = term * z * z / (k + 2)
        k += 2
    return HALF + density * total, density


def _laplace(z: Decimal) -> tuple[Decimal, Decimal]:
    tail = (-z).exp() / 2
    return 1 - tail, tail


def _logistic(z: Decimal) -> tuple[Decimal, Decimal]:
    e = (-z).exp()
    return 1 / (1 + e), e / (1 + e) ** 2


def _student(freedom: int) -> Callable[[Decimal], tuple[Decimal, Decimal]]:
    """Both in closed form (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    nu = Decimal(freedom)
    odd = freedom % 2
    scale = ONE / (PI * nu.sqrt()) if odd else ONE / (2 * nu.sqrt())
    for k in range(freedom - 1, 1, -2):
        scale = scale * k / (k - 1)

    def both(z: Decimal) -> tuple[Decimal, Decimal]:
        cos2 = nu / (nu + z * z)
        sine, cosine = z / (nu + z * z).sqrt(), cos2.sqrt()
        power = cosine if odd else ONE
        total, term = Decimal(0), power
        for k in range(2 + odd, freedom + 1, 2):
            total += term
            term = term * cos2 * (k - 1) / k
        area = sine * total
        if odd:
            area = 2 / PI * (_arctan(z / nu.sqrt()) + (area if freedom > 1 else 0))
        density = scale * cos2 ** ((freedom + 1) // 2)
        if not odd:
            density *= cosine
        return HALF + area / 2, density

    return both


BASES = {
    1: _normal,
    2: _laplace,
    3: _logistic,
    **{
        base: _student(freedom)
        for base, freedom in zip(range(4, 10), (1, 2, 3, 4, 6, 10), strict=True)
    },
}


@cache
def knots(base: int) -> tuple[tuple[int, int, int, int], ...]:
    """Four integers for each of 800 segments."""
    ends = [Decimal(i) / 512 for i in range(33)]
    for octave in range(24):
        first = ends[-1]
        ends += [first + first * i / 32 for i in range(1, 33)]
        del octave
    values = [BASES[base](end) for end in ends]
    out = []
    for i in range(800):
        (a, near), (end, far) = values[i], values[i + 1]
        h = ends[i + 1] - ends[i]
        b, c, d = h * near, end - a, h * far
        cubic = (a, b, 3 * c - 2 * b - d, b + d - 2 * c)
        k0, k1, k2, k3 = (_rounded(2**38 * number) for number in cubic)
        out.append((k0, k1, k2, k3))
    return tuple(out)
