"""What kind of numbers a column of rows holds, and the map that makes it nearly normal.

A continuous column is mapped by sinh(tail * arcsinh((x - loc) / scale) - skew), the sinh-arcsinh
transformation (Jones and Pewsey, "Sinh-arcsinh distributions", 2009): skewed and heavy-tailed
columns come near a normal density with four parameters, and the inverse is closed. A column of
values on a lattice (integers, or two values) is mapped in the same way, but what stands for a
value is the interval of half a step on either side.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.densities.autoregressive.joint_steps import to_normal

__all__ = ["Column", "columns_of"]

Floats = NDArray[np.float64]

# From this many levels on, a column of a lattice may have values beyond those seen.
_MOST_LEVELS = 32
# Levels below which a column has no shape that a map could straighten.
_LEAST_LEVELS = 8
_FIT_ROWS = 2048
# Two values among fewer rows than this say nothing.
_LEAST_ROWS = 8
_LARGEST_INTEGER = 2.0**52
# Log of the tail parameter: beyond these the map bends more than samples can show.
_TAIL_RANGE = 2.0
_NEWTON_STEPS = 60


class Column(NamedTuple):
    """A column's lattice and map.

    Attributes
    ----------
    step : float
        Distance of neighbours on the lattice `origin` + k `step`; 0 for a continuous column.
    origin : float
    levels : tuple of int
        Lowest and highest k, where only these few are expected; else empty.
    loc, scale, skew, tail : float
        Of the map.
    """

    step: float
    origin: float
    levels: tuple[int, int] | tuple[()]
    loc: float
    scale: float
    skew: float = 0.0
    tail: float = 1.0

    @property
    def n_parameters(self) -> int:
        """Location and scale, and skewness and tail where they are used."""
        return 2 if self.skew == 0.0 and self.tail == 1.0 else 4

    @property
    def least_variance(self) -> float:
        """Variance of a uniform interval of one step, mapped; 0 where values are few or no lattice.

        A component narrower than the steps would tell values of one interval apart.
        """
        if self.step == 0.0 or _is_short(self.levels):
            return 0.0
        return (self.step * self.tail / self.scale) ** 2 / 12.0

    def map(self, x: Floats) -> tuple[Floats, Floats]:
        """Map values; returns the log of the map's slope beside them."""
        z, slope = np.empty(x.size), np.empty(x.size)
        values = np.ascontiguousarray(x)
        to_normal(values, self.loc, self.scale, self.skew, self.tail, z, slope)
        return z, slope

    def unmap(self, z: Floats) -> Floats:
        """Inverse of `map`."""
        if self.skew == 0.0 and self.tail == 1.0:
            return np.asarray(self.loc + self.scale * z)
        with np.errstate(over="ignore"):
            y = np.sinh((np.arcsinh(z) + self.skew) / self.tail)
        return np.asarray(self.loc + self.scale * np.clip(y, -1e300, 1e300))

    def edges(self, x: Floats, step: float | None = None) -> tuple[Floats, Floats]:
        """Both ends, mapped, of the intervals of `step` around values."""
        half = 0.5 * (self.step if step is None else step)
        return self.map(x - half)[0], self.map(x + half)[0]

    def snap(self, x: Floats) -> Floats:
        """Nearest values on the lattice; a column without one stays as it is."""
        if self.step == 0.0:
            return x
        k = np.floor((x - self.origin) / self.step + 0.5)
        if self.levels:
            k = np.clip(k, *self.levels)
        return np.asarray(self.origin + k * self.step)

    def beside(self, x: Floats) -> NDArray[np.bool_]:
        """Whether values lie off the lattice, where they have no mass."""
        if self.step == 0.0:
            return np.zeros(x.shape, dtype=np.bool_)
        k = (x - self.origin) / self.step
        return np.asarray(np.abs(k - np.round(k)) > 1e-9 * (1.0 + np.abs(k)))


def columns_of(
    rows: Floats, shares: Floats, bin_width: Floats | None, rng: np.random.Generator
) -> tuple[list[Column], list[Column], Floats]:
    """Columns with maps that shift and scale only, columns with bent ones, and rows to fit to.

    In those rows a value of a lattice is spread over its interval. `bin_width` gives the steps of
    the lattices; None finds them.
    """
    spread = rows.copy()
    plain: list[Column] = []
    bent: list[Column] = []
    for j in range(rows.shape[1]):
        x = rows[:, j]
        step, origin, levels = _lattice(x, None if bin_width is None else float(bin_width[j]))
        if step > 0.0:
            spread[:, j] += step * _noise(x.size, levels, rng)
        y = spread[:, j]
        loc = float((shares * y).sum())
        far = max(float(np.abs(y - loc).max()), 2.0**-500)
        scale = far * math.sqrt(float((shares * ((y - loc) / far) ** 2).sum()))
        scale = max(scale, abs(loc) * 2.0**-40, 2.0**-500)
        column = Column(step, origin, levels, loc, scale)
        plain.append(column)
        bent.append(column if _is_short(levels) else _bend(column, y, shares))
    return plain, bent, spread


def _is_short(levels: tuple[int, int] | tuple[()]) -> bool:
    return len(levels) == 2 and levels[1] - levels[0] < _LEAST_LEVELS


def _noise(n: int, levels: tuple[int, int] | tuple[()], rng: np.random.Generator) -> Floats:
    """Noise that makes values of a lattice continuous, in steps.

    Uniform, so that no component traces single values of many. Where there are few, components
    should: then it is normal, which one component a value follows, where a uniform interval would
    ask for many, each with a part of it.
    """
    if _is_short(levels):
        return np.clip(rng.normal(scale=1.0 / 6.0, size=n), -0.5, 0.5)
    return rng.random(n) - 0.5


def _lattice(x: Floats, step: float | None) -> tuple[float, float, tuple[int, int] | tuple[()]]:
    few = np.unique(x[:_FIT_ROWS])
    origin = 0.0
    if step is None:
        step = 0.0
        if few.size <= 2 and x.size >= _LEAST_ROWS and (values := np.unique(x)).size == 2:
            step, origin = _between(float(values[0]), float(values[1])), float(values[0])
        elif np.all(few == np.floor(few)) and np.all(x == np.floor(x)):
            step = 1.0 if np.abs(x).max() < _LARGEST_INTEGER else 0.0
        if not math.isfinite(step) or step < np.abs(x).max() * 2.0**-40:
            step = 0.0
    if step == 0.0:
        return 0.0, 0.0, ()
    k = np.round((x - origin) / step)
    low, high = int(k.min()), int(k.max())
    return step, origin, (low, high) if high - low < _MOST_LEVELS else ()


def _between(low: float, high: float) -> float:
    """Step that takes the one to the other exactly, after rounding; 0 where there is none."""
    step = high - low
    for near in (step, math.nextafter(step, math.inf), math.nextafter(step, 0.0)):
        if low + near == high and math.isfinite(near):
            return near
    return 0.0


def _bend(column: Column, x: Floats, shares: Floats) -> Column:
    """Fit all four parameters by maximum likelihood, from samples or many quantiles of them."""
    order = np.argsort(x, kind="stable")
    y, mass = x[order], shares[order]
    if y.size > _FIT_ROWS:
        at = np.searchsorted(np.cumsum(mass), (np.arange(_FIT_ROWS) + 0.5) / _FIT_ROWS)
        y, mass = y[np.minimum(at, y.size - 1)], np.full(_FIT_ROWS, 1.0 / _FIT_ROWS)
    cumulative = np.cumsum(mass)
    low, middle, high = y[np.minimum(np.searchsorted(cumulative, [0.16, 0.5, 0.84]), y.size - 1)]
    width = 0.5 * float(high - low)
    if not width > 1e-6 * column.scale:
        return column
    u = (y - middle) / width
    p = _climb(u, mass, 1.0 / x.size)
    if p is None:
        return column
    loc = float(middle + width * p[0])
    return column._replace(
        loc=loc, scale=width * math.exp(p[1]), skew=float(p[2]), tail=math.exp(p[3])
    )


def _climb(u: Floats, mass: Floats, prior: float) -> Floats | None:
    """Location, log scale, skewness, log tail of the highest likelihood (BFGS)."""
    p = np.zeros(4)
    value, gradient = _likelihood(u, mass, prior, p)
    inverse = np.eye(4)
    for _ in range(_NEWTON_STEPS):
        step = -inverse @ gradient
        slope = float(step @ gradient)
        if slope >= 0.0:
            inverse = np.eye(4)
            step, slope = -gradient, -float(gradient @ gradient)
        length = min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        while length > 1e-8:
            new = p + length * step
            at, new_gradient = _likelihood(u, mass, prior, new)
            if at <= value + 1e-4 * length * slope:
                break
            length *= 0.5
        else:
            break
        moved, turned = new - p, new_gradient - gradient
        gain, p, value, gradient = value - at, new, at, new_gradient
        curvature = float(moved @ turned)
        if curvature > 1e-12:
            ratio = np.eye(4) - np.outer(moved, turned) / curvature
            inverse = ratio @ inverse @ ratio.T + np.outer(moved, moved) / curvature
        if gain < 1e-7:
            break
    return p if math.isfinite(value) else None


def _likelihood(u: Floats, mass: Floats, prior: float, p: Floats) -> tuple[float, Floats]:
    """Minus the mean log likelihood with a weak prior towards no bend, and its gradient."""
    loc, log_scale, skew, log_tail = (float(v) for v in p)
    if abs(log_tail) > _TAIL_RANGE or abs(log_scale) > 20.0 or abs(skew) > 10.0:
        return math.inf, np.zeros(4)
    scale, tail = math.exp(log_scale), math.exp(log_tail)
    y = (u - loc) / scale
    a = np.arcsinh(y)
    w = np.clip(tail * a - skew, -100.0, 100.0)
    z, c = np.sinh(w), np.cosh(w)
    root = 1.0 + y * y
    logs = np.log(c) + log_tail - log_scale - 0.5 * np.log(root) - 0.5 * z * z
    by_w = np.tanh(w) - z * c
    by_y = tail * by_w / np.sqrt(root) - y / root
    value = -float(mass @ logs) + prior * (0.5 * skew**2 + 2.0 * log_tail**2)
    gradient = np.array(
        [
            float(mass @ by_y) / scale,
            float(mass @ (by_y * y)) + 1.0,
            float(mass @ by_w) + prior * skew,
            -tail * float(mass @ (a * by_w)) - 1.0 + 4.0 * prior * log_tail,
        ]
    )
    return value, gradient
