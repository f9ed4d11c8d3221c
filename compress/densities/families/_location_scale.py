"""Maximum likelihood of location, scale and degrees of freedom on a histogram."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from compress.densities.statistic import Statistic

__all__ = [
    "Frame",
    "StandardDensity",
    "median",
    "newton_logistic",
    "refine",
    "reweighted_student",
    "search_df",
]

Floats = NDArray[np.float64]

_MANY_CELLS = 4096
_DF_RANGE = (0.1, 200.0)
_TINY_MASS = 1e-280


class StandardDensity(Protocol):
    """A family member with location 0 and scale 1."""

    def _standard_logpdf(self, z: Floats) -> Floats:
        """Log density."""

    def _standard_cdf(self, z: Floats) -> Floats:
        """Distribution function."""

    def _standard_score(self, z: Floats) -> Floats:
        """Minus the derivative of the log density."""


@dataclass(frozen=True)
class Frame:
    """Samples shifted by their median and divided by a power of two near their spread.

    Everything is of the order of 1 here, whatever the unit of the samples (1e300 or 1e-300).
    Where there are many cells, those far out are joined: each group spans at most 1/128 of its
    distance from the middle.

    Attributes
    ----------
    z, shares : ndarray of float64
        Positions, rising, and their shares of the total weight.
    half_bin : float
        Half of the bin width; 0 for point samples.
    floor : float
        Smallest scale allowed.
    """

    z: Floats
    shares: Floats
    half_bin: float
    floor: float
    centre: float
    exponent: int
    spread: float

    @classmethod
    def of(cls, statistic: Statistic, bin_width: float) -> Frame:
        """Frame of a statistic whose samples stand for bins of `bin_width` (0: points)."""
        values, shares = statistic.values, statistic.shares()
        centre = statistic.quantile(0.5)
        quarters = statistic.quantile(0.75) / 2.0 - statistic.quantile(0.25) / 2.0
        smallest = max(statistic.resolution, bin_width / 64.0)
        spread = max(quarters, smallest)
        exponent = math.frexp(spread)[1]
        z = _scaled(values / 2.0 - centre / 2.0, 1 - exponent)
        if z.size > _MANY_CELLS:
            group = np.floor(np.arcsinh(z) * 128.0)
            starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
            moments = np.add.reduceat(shares * z, starts)
            shares = np.add.reduceat(shares, starts)
            z = moments / shares
        return cls(
            z=z,
            shares=shares,
            half_bin=math.ldexp(0.5 * bin_width, -exponent),
            floor=math.ldexp(smallest, -exponent),
            centre=centre,
            exponent=exponent,
            spread=math.ldexp(spread, -exponent),
        )

    @property
    def binned(self) -> bool:
        """Whether bins are so wide that their masses differ from density times width."""
        return self.half_bin * 32.0 > self.spread

    def back(self, loc: float, scale: float) -> tuple[float, float]:
        """Location and scale in units of the samples."""
        scale = max(scale, self.floor)
        return self.centre + math.ldexp(loc, self.exponent), math.ldexp(scale, self.exponent)

    def robust(self) -> tuple[float, float]:
        """Median and half the interquartile range (or the floor)."""
        return 0.0, max(self.spread, self.floor)

    def log_likelihood(self, standard: StandardDensity, loc: float, scale: float) -> float:
        """Mean log likelihood (of the bins, or of the points)."""
        z = (self.z - loc) / scale
        if not self.binned:
            return float((self.shares * standard._standard_logpdf(z)).sum()) - math.log(scale)
        half = self.half_bin / scale
        mass = _bin_masses(standard, z, half)
        tiny = mass < _TINY_MASS
        with np.errstate(divide="ignore"):
            logs = np.log(np.where(tiny, 1.0, mass))
        if tiny.any():
            logs[tiny] = standard._standard_logpdf(z[tiny]) + math.log(2.0 * half)
        return float((self.shares * logs).sum())


def _scaled(values: Floats, exponent: int) -> Floats:
    """Values times 2^exponent, also where the power itself overflows."""
    return np.asarray(np.ldexp(values, exponent))


def _bin_masses(standard: StandardDensity, z: Floats, half: float) -> Floats:
    # the families are symmetric: differences are taken in the lower tail
    below = -np.abs(z)
    return standard._standard_cdf(below + half) - standard._standard_cdf(below - half)


def median(z: Floats, shares: Floats) -> float:
    """Weighted median of rising positions (the middle of a tie)."""
    cumulative = np.cumsum(shares)
    half = 0.5 * cumulative[-1]
    low = int(np.searchsorted(cumulative, half * (1.0 - 1e-12)))
    high = int(np.searchsorted(cumulative, half * (1.0 + 1e-12), side="right"))
    last = z.size - 1
    return float(0.5 * (z[min(low, last)] + z[min(high, last)]))


def newton_logistic(z: Floats, shares: Floats, loc: float, scale: float) -> tuple[float, float]:
    """Maximum likelihood of a logistic density, by Newton's method on (loc, 1 / scale)."""
    if scale < 1e-100:
        return loc, scale
    # in a = 1 / scale and b = loc / scale the likelihood is concave
    a, b = 1.0 / scale, loc / scale

    def value(a: float, b: float) -> float:
        y = np.abs(a * z - b)
        return math.log(a) - float((shares * (y + 2.0 * np.log1p(np.exp(-y)))).sum())

    best = value(a, b)
    for _ in range(30):
        t = np.tanh(0.5 * (a * z - b))
        curvature = shares * 0.5 * (1.0 - t * t)
        gradient = np.array([1.0 / a - (shares * t * z).sum(), (shares * t).sum()])
        cross = -(curvature * z).sum()
        hessian = np.array([[1.0 / a**2 + (curvature * z * z).sum(), cross], [cross, 0.0]])
        hessian[1, 1] = max(curvature.sum(), 1e-12)
        step = np.linalg.solve(hessian + 1e-12 * np.eye(2), gradient)
        length = 1.0
        while length > 1e-6:
            na, nb = a + length * step[0], b + length * step[1]
            if na > 0.0 and (new := value(na, nb)) >= best:
                break
            length *= 0.5
        else:
            break
        gain, a, b, best = new - best, na, nb, new
        if gain < 1e-12:
            break
    return b / a, 1.0 / a


def reweighted_student(
    z: Floats, shares: Floats, df: float, loc: float, scale: float
) -> tuple[float, float]:
    """Location and scale of Student's t by iteratively reweighted least squares.

    The parameter-expanded EM of Liu, Rubin and Wu (1998, "Parameter expansion to accelerate EM").
    """
    for _ in range(100):
        y = (z - loc) / scale
        weight = shares / (df + y * y)
        total = float(weight.sum())
        new_loc = float((weight * z).sum()) / total
        new_scale = math.sqrt(max(float((weight * (z - new_loc) ** 2).sum()) / total, 1e-40))
        moved = abs(new_loc - loc) / new_scale + abs(math.log(new_scale / scale))
        loc, scale = new_loc, new_scale
        if moved < 1e-7:
            break
    return loc, scale


def refine(
    standard: StandardDensity, frame: Frame, loc: float, scale: float
) -> tuple[float, float]:
    """Fisher scoring of the bin likelihood from a start; point samples need none."""
    scale = max(scale, frame.floor)
    if not frame.binned:
        return loc, scale
    best = frame.log_likelihood(standard, loc, scale)
    damping = 1e-3
    for _ in range(60):
        scores = _bin_scores(standard, frame, loc, scale)
        gradient = (scores * frame.shares).sum(axis=1)
        information = np.array(
            [[float((frame.shares * a * b).sum()) for a in scores] for b in scores]
        )
        trace = float(np.trace(information)) + 1e-300
        improved = False
        while damping < 1e6:
            step = np.linalg.solve(information + damping * trace * np.eye(2), gradient)
            new_loc = loc + float(np.clip(step[0], -4.0, 4.0)) * (scale + frame.half_bin)
            new_scale = max(scale * math.exp(float(np.clip(step[1], -2.0, 2.0))), frame.floor)
            new = frame.log_likelihood(standard, new_loc, new_scale)
            if new > best:
                improved = True
                break
            damping *= 8.0
        if not improved:
            break
        gain, loc, scale, best = new - best, new_loc, new_scale, new
        damping = max(damping / 16.0, 1e-12)
        if gain < 1e-11:
            break
    if scale > frame.half_bin:
        return loc, scale
    return _compass_search(standard, frame, loc, scale)


def _compass_search(
    standard: StandardDensity, frame: Frame, loc: float, scale: float
) -> tuple[float, float]:
    """Location and scale of densities narrower than a bin.

    There nearly all mass is in one bin, the likelihood has a curved ridge, and scoring stalls.
    """
    best = frame.log_likelihood(standard, loc, scale)
    stride = 1.0
    while stride > 1e-4:
        moves = [(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0) if x or y]
        trials = []
        for x, y in moves:
            new_scale = max(scale * math.exp(stride * y), frame.floor)
            # both the place and the place in units of the scale may be what is known
            for unit in (frame.half_bin, scale):
                new_loc = loc + stride * x * unit
                trials.append(
                    (frame.log_likelihood(standard, new_loc, new_scale), new_loc, new_scale)
                )
        top = max(trials)
        if top[0] > best + 1e-9:
            best, loc, scale = top
        else:
            stride *= 0.5
    return loc, scale


def _bin_scores(standard: StandardDensity, frame: Frame, loc: float, scale: float) -> Floats:
    """Give the derivatives of log mass by loc / (scale + half bin) and log scale, shape (2, k)."""
    z = (frame.z - loc) / scale
    half = frame.half_bin / scale
    mass = _bin_masses(standard, z, half)
    low, high = z - half, z + half
    density_low = np.exp(standard._standard_logpdf(low))
    density_high = np.exp(standard._standard_logpdf(high))
    unit = 1.0 + half  # (scale + half bin) / scale
    tiny = mass < _TINY_MASS
    safe = np.where(tiny, 1.0, mass)
    by_loc = -(density_high - density_low) / safe * unit
    by_scale = -(high * density_high - low * density_low) / safe
    if tiny.any():
        score = standard._standard_score(z)
        by_loc = np.where(tiny, score * unit, by_loc)
        by_scale = np.where(tiny, score * z - 1.0, by_scale)
    return np.stack([by_loc, by_scale])


def search_df(
    fitted: Callable[[float, float, float], tuple[float, float, float]],
    loc: float,
    scale: float,
) -> tuple[float, float, float]:
    """Degrees of freedom with the largest profile likelihood: uphill walk, then parabolas.

    `fitted` maps (df, loc, scale) to (log likelihood, loc, scale) at the best location and scale.
    """
    results: dict[float, tuple[float, float, float]] = {}

    def at(log_df: float) -> float:
        nonlocal loc, scale
        if log_df not in results:
            results[log_df] = fitted(math.exp(log_df), loc, scale)
            loc, scale = results[log_df][1:]
        return results[log_df][0]

    lowest, highest = (math.log(df) for df in _DF_RANGE)
    middle, stride = math.log(4.0), 1.0
    at(middle)
    for _ in range(16):
        left, right = max(middle - stride, lowest), min(middle + stride, highest)
        f_left, f_middle, f_right = at(left), at(middle), at(right)
        if max(f_left, f_right) > f_middle:
            middle = left if f_left > f_right else right
            continue
        curvature = (f_left - f_middle) / max(middle - left, 1e-9)
        curvature += (f_right - f_middle) / max(right - middle, 1e-9)
        if stride < 0.02 or curvature > -1e-10:
            break
        if left < middle < right:
            # vertex of the parabola through the three points
            p, q = middle - left, right - middle
            slopes = (f_middle - f_left) / p, (f_right - f_middle) / q
            vertex = middle + (slopes[0] * q + slopes[1] * p) / (2.0 * (slopes[0] - slopes[1]))
            vertex = min(max(vertex, left + 0.1 * p), right - 0.1 * q)
            if abs(vertex - middle) > 1e-3 and at(vertex) > f_middle:
                middle = vertex
        stride *= 0.35
    best = results[middle]
    return math.exp(middle), best[1], best[2]
