"""One-dimensional Gaussian mixtures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.density import Density, Floats, Peak, parameter_cost, peaks_on_grid
from compress.densities.mixture import _steps as steps
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["GaussianMixture"]

_GROUPS = 2048
# Groups on which numbers of components are weighed: the winner is finished on all. 2048 of them
# choose the same within one component, in four times the time.
_FEW_GROUPS = 384
_AUTO_COMPONENTS = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32)
_SHORT_RUN = 15
_LONG_RUN = 1000
_SMALLEST_WEIGHT = 1e-12
_LONGEST_STRIDE = 30.0  # iterations that an extrapolation may stand for, squared


@dataclass(frozen=True)
class _Groups:
    """Samples in small groups: mean, variance inside, share; shifted and scaled to order 1."""

    x: Floats
    spread: Floats
    shares: Floats
    floor: float
    total: float
    centre: float
    exponent: int

    @classmethod
    def of(cls, statistic: Statistic, bin_width: float, most: int = _GROUPS) -> _Groups:
        values, shares = statistic.values, statistic.shares()
        centre = statistic.quantile(0.5)
        quarters = statistic.quantile(0.75) / 2.0 - statistic.quantile(0.25) / 2.0
        exponent = math.frexp(max(quarters, statistic.resolution, bin_width))[1]
        z = np.ldexp(values / 2.0 - centre / 2.0, 1 - exponent)
        inside = math.ldexp(max(bin_width, statistic.width), -exponent) ** 2 / 12.0
        spread = np.full(z.size, inside)
        if z.size > most:
            # equal shares in the bulk, equal ratios of distance in the tails
            key = np.floor(np.cumsum(shares) * most) + np.floor(np.arcsinh(z) * 32.0)
            starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
            lengths = np.diff(np.append(starts, z.size))
            joined = np.add.reduceat(shares, starts)
            means = np.add.reduceat(shares * z, starts) / joined
            offsets = z - np.repeat(means, lengths)
            spread = np.add.reduceat(shares * offsets**2, starts) / joined + inside
            z, shares = means, joined
        smallest = math.ldexp(max(statistic.resolution, bin_width / 16.0), -exponent)
        return cls(z, spread, shares, smallest, statistic.total, centre, exponent)

    def quantiles(self, q: Floats) -> Floats:
        """Values at cumulated shares."""
        at = np.searchsorted(np.cumsum(self.shares), q)
        return self.x[np.minimum(at, self.x.size - 1)]

    def floor_for(self, components: int) -> float:
        """Smallest scale of a component.

        1/20 of the narrowest interval that holds a quarter of a fair share of the samples:
        narrower than any peak that the samples show, far from collapse on single samples.
        """
        cumulative = np.cumsum(self.shares)
        share = max(0.25 / components, 2.0 / self.total)
        ends = np.searchsorted(cumulative, cumulative - self.shares + share - 1e-12)
        some = ends < self.x.size
        if not some.any():
            return self.floor
        narrowest = float((self.x[ends[some]] - self.x[some]).min())
        return max(self.floor, narrowest / 20.0)


@dataclass(frozen=True)
class _Parameters:
    weights: Floats
    means: Floats
    scales: Floats


class GaussianMixture(Density):
    """Mixture of normal densities: pdf(x) = sum_k w_k N(x; mean_k, scale_k^2).

    Parameters
    ----------
    weights : array_like, shape (k,)
        Positive; normalised to sum to 1.
    means : array_like, shape (k,)
    scales : array_like, shape (k,)
        Standard deviations, positive.

    Attributes
    ----------
    weights, means, scales : ndarray of float64, shape (k,)
    """

    def __init__(self, weights: ArrayLike, means: ArrayLike, scales: ArrayLike) -> None:
        shares = np.array(weights, dtype=np.float64)
        self.means = np.array(means, dtype=np.float64)
        self.scales = np.array(scales, dtype=np.float64)
        shapes = {shares.shape, self.means.shape, self.scales.shape}
        if len(shapes) != 1 or shares.ndim != 1 or shares.size == 0:
            raise ValueError("weights, means and scales must be of one shape (k,), k >= 1")
        if not np.all(np.isfinite(self.means)):
            raise ValueError("means must be finite")
        for name, values in (("weights", shares), ("scales", self.scales)):
            if not (np.all(np.isfinite(values)) and np.all(values > 0.0)):
                raise ValueError(f"{name} must be positive and finite")
        self.weights = shares / shares.sum()
        for array in (self.weights, self.means, self.scales):
            array.flags.writeable = False

    def __repr__(self) -> str:
        return f"<GaussianMixture: {self.weights.size} components>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike | Statistic,
        *,
        components: int | Literal["auto"] = "auto",
        weights: ArrayLike | None = None,
        bin_width: float = 0.0,
        method: Literal["em", "gradient"] = "em",
        restarts: int = 4,
        rng: np.random.Generator | int | None = 0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Maximum likelihood by expectation maximisation, or by Adam.

        Both start from the best of several short runs: from quantiles, from the components of
        the next smaller fit with the widest one split, and from random samples.

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
            Samples.
        components : int or "auto"
            Number of components; "auto" decides by total code length, up to 32.
        weights : array_like, shape of `x`, optional
            Sample weights.
        bin_width : float
            Positive where samples stand for bins ``x +- bin_width / 2``: they count as uniform
            in their bins.
        method : {"em", "gradient"}
            Expectation maximisation (Dempster, Laird and Rubin, 1977), or Adam (Kingma and Ba,
            2015) on logits, means and log scales, on all samples at every step.
        restarts : int
            Number of random starts.
        rng : numpy.random.Generator or int, optional
            Source of the random starts; by default the same every time.
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.

        Notes
        -----
        No scale falls below 1/20 of the narrowest interval that holds a quarter of a fair share
        of the samples, and no weight below 1e-12: a component can neither collapse on a sample
        nor die.
        """
        if components != "auto" and components < 1:
            raise ValueError(f"components must be 'auto' or positive, not {components}")
        if method not in ("em", "gradient"):
            raise ValueError(f"method must be 'em' or 'gradient', not {method!r}")
        statistic = Statistic.of(x, weights, nan_policy)
        groups = _Groups.of(statistic, bin_width)
        generator = np.random.default_rng(rng)
        most = max(1, min(groups.x.size, int(groups.total)))

        def nats(count: int, value: float) -> float:
            parameters = (3 * count - 1) * parameter_cost(groups.total) * math.log(2.0)
            return parameters - groups.total * value

        if components != "auto":
            best = _fit(groups, min(components, most), method, restarts, generator)[0]
        else:
            few = _Groups.of(statistic, bin_width, _FEW_GROUPS)
            best, value = _fit(few, 1, method, restarts, generator)
            least, idle = nats(1, value), 0
            for count in _AUTO_COMPONENTS:
                if count > max(1.0, min(most, groups.total / 5.0)) or idle > 2:
                    break
                found, value = _fit(few, count, method, restarts, generator)
                idle += 1
                if nats(count, value) < least:
                    best, least, idle = found, nats(count, value), 0
            floor = groups.floor_for(best.weights.size)
            best, _ = _expectation_maximisation(groups, best, floor, _LONG_RUN)
        order = np.argsort(best.means)
        return cls(
            best.weights[order],
            groups.centre + np.ldexp(best.means[order], groups.exponent),
            np.maximum(np.ldexp(best.scales[order], groups.exponent), 2.0**-1022),
        )

    @property
    def n_parameters(self) -> int:
        """Weight, mean and scale of each component, less one."""
        return 3 * int(self.weights.size) - 1

    @property
    def support(self) -> tuple[float, float]:
        """The real line."""
        return -math.inf, math.inf

    @property
    def _arrays(self) -> tuple[Floats, Floats, Floats]:
        return self.weights, self.means, self.scales

    def _logpdf(self, x: Floats) -> Floats:
        return np.asarray(steps.mixture_logpdf(x, *self._arrays))

    def _cdf(self, x: Floats) -> Floats:
        return np.asarray(steps.mixture_cdf(x, *self._arrays))

    def _ppf(self, q: Floats) -> Floats:
        return np.asarray(steps.mixture_ppf(np.ascontiguousarray(q), *self._arrays))

    def _mass(self, low: Floats, high: Floats) -> Floats:
        # of two tails, the difference is taken in the smaller
        upper = 0.5 * low + 0.5 * high > self._ppf(np.array([0.5]))[0]
        a, b = np.where(upper, -high, low), np.where(upper, -low, high)
        mass = np.empty(low.size)
        for side, sign in ((upper, -1.0), (~upper, 1.0)):
            means = sign * self.means
            top = steps.mixture_cdf(b[side], self.weights, means, self.scales)
            mass[side] = top - steps.mixture_cdf(a[side], self.weights, means, self.scales)
        return np.maximum(mass, 0.0)

    def _sf(self, x: Floats) -> Floats:
        return np.asarray(steps.mixture_cdf(-x, self.weights, -self.means, self.scales))

    def _isf(self, q: Floats) -> Floats:
        negated = self.weights, -self.means, self.scales
        return -np.asarray(steps.mixture_ppf(np.ascontiguousarray(q), *negated))

    def mean(self) -> float:
        """Mean: that of the components' means."""
        return float((self.weights * self.means).sum())

    def var(self) -> float:
        """Variance: inside the components and between them."""
        between = (self.means - self.mean()) ** 2
        return float((self.weights * (self.scales**2 + between)).sum())

    def _quadrature(self) -> tuple[Floats, Floats]:
        nodes, gauss = np.polynomial.hermite_e.hermegauss(40)
        x = self.means[:, None] + self.scales[:, None] * nodes
        return x.ravel(), (self.weights[:, None] * gauss / gauss.sum()).ravel()

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        of = rng.choice(self.weights.size, size=n, p=self.weights)
        return np.asarray(self.means[of] + self.scales[of] * rng.standard_normal(n))

    def _knots(self) -> Floats:
        offsets = np.array([-37.0, -20.0, -12.0, -8.0, -6.0, -4.5, -3.0, -2.0, -1.0])
        offsets = np.concatenate([offsets, [0.0], -offsets[::-1]])
        return np.unique(self.means[:, None] + self.scales[:, None] * offsets)

    def entropy(self) -> float:
        """Differential entropy in nats, by Gauss-Legendre quadrature between knots."""
        knots = self._knots()
        nodes, gauss = np.polynomial.legendre.leggauss(16)
        half = 0.5 * np.diff(knots)[:, None]
        x = (knots[:-1, None] + half + half * nodes).ravel()
        logs = self._logpdf(x)
        return -float(((half * gauss).ravel() * np.exp(logs) * logs).sum())

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peaks of the density, highest first; see `Density.modes`."""
        offsets = np.linspace(-6.0, 6.0, 97)
        grid = np.unique(self.means[:, None] + self.scales[:, None] * offsets)
        return peaks_on_grid(self, grid, relative_height)


def _fit(
    groups: _Groups,
    components: int,
    method: str,
    restarts: int,
    rng: np.random.Generator,
) -> tuple[_Parameters, float]:
    """Best of several starts: short runs of all, a long run of the best."""
    floor = groups.floor_for(components)
    run = _expectation_maximisation if method == "em" else _adam
    starts = [
        _at_means(groups, groups.quantiles((np.arange(components) + 0.5) / components), floor)
    ]
    if components > 1:
        starts.append(_by_splitting(groups, components, floor))
        p = groups.shares / groups.shares.sum()
        for _ in range(restarts):
            means = np.sort(rng.choice(groups.x, size=components, p=p))
            starts.append(_at_means(groups, means, floor))
    short = [_expectation_maximisation(groups, start, floor, _SHORT_RUN) for start in starts]
    at = int(np.argmax([value for _, value in short]))
    chosen = short[at][0] if method == "em" else starts[at]
    return run(groups, chosen, floor, _LONG_RUN)


def _at_means(groups: _Groups, means: Floats, floor: float) -> _Parameters:
    """Components around means, each with the samples nearest to it."""
    order = np.unique(means)
    nearest = np.searchsorted(0.5 * (order[1:] + order[:-1]), groups.x)
    weights = np.bincount(nearest, weights=groups.shares, minlength=order.size)
    weights = np.maximum(weights, 1e-6)
    offset = (groups.x - order[nearest]) ** 2 + groups.spread
    squares = np.bincount(nearest, weights=groups.shares * offset, minlength=order.size)
    scales = np.maximum(np.sqrt(squares / weights), floor)
    missing = means.size - order.size
    if missing:  # equal means: give the copies wider scales
        order = np.concatenate([order, np.repeat(order[-1:], missing)])
        weights = np.concatenate([weights, np.repeat(weights[-1:], missing)])
        wider = scales.max() * 2.0 ** np.arange(1, missing + 1).clip(max=40)
        scales = np.concatenate([scales, wider])
    return _Parameters(weights / weights.sum(), order, scales)


def _by_splitting(groups: _Groups, components: int, floor: float) -> _Parameters:
    """Grow from one component by splitting, at each size, the one with the most scale weight."""
    current = _at_means(groups, np.array([float((groups.shares * groups.x).sum())]), floor)
    while current.means.size < components:
        at = int(np.argmax(current.weights * np.log1p(current.scales / floor)))
        half = 0.7 * current.scales[at]
        halved = current.weights.copy()
        halved[at] *= 0.5
        moved = np.append(current.means, current.means[at] + half)
        moved[at] -= half
        scales = np.append(current.scales, half)
        scales[at] = half
        halved = np.append(halved, halved[at])
        current = _Parameters(halved, moved, np.maximum(scales, floor))
        current, _ = _expectation_maximisation(groups, current, floor, 8)
    return current


def _expectation_maximisation(
    groups: _Groups, start: _Parameters, floor: float, most: int
) -> tuple[_Parameters, float]:
    """EM until an iteration gains less than 1e-3 nats over all samples.

    Every two iterations are extrapolated (SQUAREM: Varadhan and Roland, 2008, "Simple and globally
    convergent methods for accelerating the convergence of any EM algorithm"), and what was
    extrapolated is kept where it is likelier.
    """
    tolerance = max(1e-3 / groups.total, 1e-10)
    current = start
    done = 0
    while True:
        first, value = _iterate(groups, current, floor)
        second, after = _iterate(groups, first, floor)
        done += 2
        if done >= most or after - value < tolerance:
            return (first, after) if after >= value else (current, value)
        guess = _extrapolated(current, first, second, floor)
        current = second
        if guess is not None:
            third, reached = _iterate(groups, guess, floor)
            done += 1
            if reached > after:
                current = third


def _iterate(groups: _Groups, at: _Parameters, floor: float) -> tuple[_Parameters, float]:
    """One iteration of EM, and the likelihood before it."""
    sums = np.empty((at.weights.size, 3))
    data = groups.x, groups.spread, groups.shares
    value = steps.expectation(*data, at.weights, at.means, at.scales, sums)
    mass = np.maximum(sums[:, 0], _SMALLEST_WEIGHT)
    shift = sums[:, 1] / mass
    scales = np.sqrt(np.maximum(sums[:, 2] / mass - shift * shift, floor * floor))
    return _Parameters(mass / mass.sum(), at.means + shift, scales), float(value)


def _extrapolated(
    start: _Parameters, first: _Parameters, second: _Parameters, floor: float
) -> _Parameters | None:
    """Point ahead of two iterations, None where they turn."""
    points = [np.stack([np.log(p.weights), p.means, np.log(p.scales)]) for p in (start, first)]
    points.append(np.stack([np.log(second.weights), second.means, np.log(second.scales)]))
    ahead = points[1] - points[0]
    bend = points[2] - points[1] - ahead
    # means count in units of their scales
    unit = np.stack([np.ones_like(start.means), 1.0 / start.scales, np.ones_like(start.means)])
    length, turn = float(((ahead * unit) ** 2).sum()), float(((bend * unit) ** 2).sum())
    if not 0.0 < turn < length:
        return None
    stride = min(math.sqrt(length / turn), _LONGEST_STRIDE)
    theta = points[0] + 2.0 * stride * ahead + stride * stride * bend
    if not np.isfinite(theta).all() or np.abs(theta[[0, 2]]).max() > 600.0:
        return None
    weights = np.maximum(np.exp(theta[0] - theta[0].max()), _SMALLEST_WEIGHT)
    return _Parameters(weights / weights.sum(), theta[1], np.maximum(np.exp(theta[2]), floor))


def _adam(
    groups: _Groups, start: _Parameters, floor: float, most: int
) -> tuple[_Parameters, float]:
    """Adam with a rate falling from 0.05 to 0; the best point met."""
    k = start.weights.size
    theta = np.stack([np.log(start.weights), start.means, np.log(start.scales)])
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    sums = np.empty((k, 3))
    best = start
    best_value = -math.inf
    for step in range(1, most + 1):
        exponentials = np.exp(theta[0] - theta[0].max())
        weights = np.maximum(exponentials / exponentials.sum(), _SMALLEST_WEIGHT)
        scales = np.maximum(np.exp(theta[2]), floor)
        data = groups.x, groups.spread, groups.shares
        value = steps.expectation(*data, weights, theta[1], scales, sums)
        if value > best_value:
            best, best_value = _Parameters(weights, theta[1].copy(), scales), value
        # means move in units of their component's scale
        gradient = np.stack(
            [
                sums[:, 0] - weights,
                sums[:, 1] / scales,
                sums[:, 2] / scales**2 - sums[:, 0],
            ]
        )
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        corrected = first / (1.0 - 0.9**step)
        size = np.sqrt(second / (1.0 - 0.99**step)) + 1e-8
        rate = 0.05 * (1.0 - (step - 1) / most)
        move = rate * corrected / size
        theta += np.stack([move[0], move[1] * scales, move[2]])
    return best, float(best_value)
