"""The knot tables of `compress.tables.knots`, computed.

With correctly rounded decimal arithmetic, so every machine gets the same integers. It takes a
third of a second, so the library ships them; ``python -m compress.tables.knots_exact`` writes
the file, and a test compares it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from functools import cache

import numpy as np
import numpy.typing as npt

from compress.tables.knots import (
    BASES,
    CDF_BITS,
    KNOTS_FILE,
    KNOTS_PER_OCTAVE_BITS,
    OCTAVES,
    SCALE_STEPS,
)

__all__ = ["exact_base_knots", "exact_inverse_scales", "exact_sine_knots"]

_KNOTS = 1 << KNOTS_PER_OCTAVE_BITS
_CONTEXT = Context(prec=50)


def _arctangent(x: Decimal) -> Decimal:
    """Arc tangent by three halvings of the angle and the Taylor series."""
    for _ in range(3):
        x = x / (1 + (1 + x * x).sqrt())
    square, power, total = x * x, x, Decimal(0)
    for k in range(1, 120, 2):
        total += power / k
        power = -power * square
    return 8 * total


@cache
def _pi() -> Decimal:
    with localcontext(_CONTEXT):
        return 4 * _arctangent(Decimal(1))


def _normal(z: Decimal) -> tuple[Decimal, Decimal]:
    density = (-z * z / 2).exp() / (2 * _pi()).sqrt()
    if z > 12:
        return Decimal(1), Decimal(0)
    term, total, k = z, Decimal(0), 1
    while term > Decimal("1e-45"):
        total += term
        k += 2
        term = term * z * z / k
    return Decimal("0.5") + density * total, density


def _laplace(z: Decimal) -> tuple[Decimal, Decimal]:
    tail = (-z).exp() / 2
    return 1 - tail, tail


def _logistic(z: Decimal) -> tuple[Decimal, Decimal]:
    cdf = 1 / (1 + (-z).exp())
    return cdf, cdf * (1 - cdf)


def _student(degrees: int) -> Callable[[Decimal], tuple[Decimal, Decimal]]:
    """Student's t for whole degrees of freedom: finite sums in the angle atan(z / sqrt(v))."""

    def function(z: Decimal) -> tuple[Decimal, Decimal]:
        tangent = z / Decimal(degrees).sqrt()
        cosine_square = 1 / (1 + tangent * tangent)
        cosine = cosine_square.sqrt()
        sine = tangent * cosine
        odd = degrees % 2
        term, total = (cosine if odd else Decimal(1)), Decimal(0)
        normaliser = Decimal(1) / _pi() if odd else Decimal("0.5")
        for k in range(odd, degrees - 1, 2):
            total += term
            term = term * cosine_square * (k + 1) / (k + 2)
            normaliser = normaliser * (k + 1) / k if k else normaliser
        # After the loop `normaliser` is gamma((v+1)/2) / (sqrt(pi) gamma(v/2)).
        half = (_arctangent(tangent) + sine * total) / _pi() if odd else sine * total / 2
        density = normaliser * cosine ** (degrees + 1) / Decimal(degrees).sqrt()
        return Decimal("0.5") + half, density

    return function


_FUNCTIONS: dict[str, Callable[[Decimal], tuple[Decimal, Decimal]]] = {
    "normal": _normal,
    "laplace": _laplace,
    "logistic": _logistic,
    "t1": _student(1),
    "t2": _student(2),
    "t3": _student(3),
    "t4": _student(4),
    "t6": _student(6),
    "t10": _student(10),
}


def _fixed(x: Decimal, bits: int) -> int:
    return int((x * (1 << bits)).to_integral_value())


def exact_base_knots(name: str) -> npt.NDArray[np.int64]:
    """Compute what `compress.tables.knots.base_knots` returns."""
    function = _FUNCTIONS[name]
    with localcontext(_CONTEXT):
        edges = [Decimal(k) / (16 * _KNOTS) for k in range(_KNOTS)]
        for octave in range(OCTAVES):
            unit = Decimal(2) ** (octave - 4) / _KNOTS
            edges += [(k + _KNOTS) * unit for k in range(_KNOTS)]
        edges.append(Decimal(2) ** (OCTAVES - 4))
        points = [function(z) for z in edges]
        rows = []
        for k in range(len(edges) - 1):
            width = edges[k + 1] - edges[k]
            value, slope = points[k][0], points[k][1] * width
            rise, end = points[k + 1][0] - value, points[k + 1][1] * width
            cubic = (value, slope, 3 * rise - 2 * slope - end, slope + end - 2 * rise)
            rows.append([_fixed(c, CDF_BITS) for c in cubic])
    return np.array(rows, dtype=np.int64)


def exact_sine_knots() -> npt.NDArray[np.int64]:
    """Compute what `compress.tables.knots.sine_knots` returns."""
    with localcontext(_CONTEXT):
        values = []
        for k in range(321):
            angle = 2 * _pi() * k / 256
            term, total, j = angle, Decimal(0), 1
            while abs(term) > Decimal("1e-40"):
                total += term
                term = -term * angle * angle / ((j + 1) * (j + 2))
                j += 2
            values.append(_fixed(total, 30))
    return np.array(values, dtype=np.int64)


def exact_inverse_scales() -> npt.NDArray[np.int64]:
    """Compute what `compress.tables.knots.inverse_scales` returns."""
    with localcontext(_CONTEXT):
        step = Decimal(2)
        for _ in range(SCALE_STEPS.bit_length() - 1):
            step = step.sqrt()
        return np.array([_fixed(1 / step**k, 22) for k in range(SCALE_STEPS)], dtype=np.int64)


if __name__ == "__main__":
    tables = [exact_base_knots(name).ravel() for name in BASES if name != "uniform"]
    integers = np.concatenate([*tables, exact_sine_knots(), exact_inverse_scales()])
    KNOTS_FILE.write_bytes(zlib.compress(integers.astype("<i8").tobytes(), 9))
