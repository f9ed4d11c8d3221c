"""What every density of this package can do."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities.statistic import Statistic

__all__ = ["Density", "Floats", "Peak", "parameter_cost", "peaks_on_grid", "quantile_nodes"]

Floats = NDArray[np.float64]


def parameter_cost(n: float) -> float:
    """Bits of one real parameter learned from `n` samples: (1/2) log2 n, at least 1.

    A parameter is worth sending to about its standard error, which falls as n^(-1/2) (Rissanen,
    "A universal prior for integers and estimation by minimum description length", 1983).
    """
    return max(1.0, 0.5 * math.log2(max(n, 1.0)))


class Peak(NamedTuple):
    """A local maximum of a density: where it is, and the density there."""

    location: float
    height: float


class Density(ABC):
    """A one-dimensional probability density, with the words of ``scipy.stats``.

    Arguments are array-like of any shape, results have the same shape (a scalar gives a
    ``numpy.float64``); NaN gives NaN. A density is a value: its attributes are set once, densities
    of one type with equal parameters are equal, and equal densities have equal hashes.
    """

    # Whether pdf is a probability (with respect to counting) and not one a unit of length.
    discrete: ClassVar[bool] = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self) and not name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set again")
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def _key(self) -> tuple[Any, ...]:
        """Parameters, as something that can be compared and hashed."""
        public = (value for name, value in vars(self).items() if not name.startswith("_"))
        return tuple(v.tobytes() if isinstance(v, np.ndarray) else v for v in public)

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """Number of free real parameters."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Smallest interval that carries all mass; infinite on the real line."""

    @abstractmethod
    def _logpdf(self, x: Floats) -> Floats: ...

    @abstractmethod
    def _cdf(self, x: Floats) -> Floats: ...

    @abstractmethod
    def _ppf(self, q: Floats) -> Floats: ...

    @abstractmethod
    def entropy(self) -> float:
        """Differential entropy in nats."""

    def pdf(self, x: ArrayLike) -> Any:
        """Density at `x`, in 1 / unit of x."""
        return np.exp(self.logpdf(x))

    def logpdf(self, x: ArrayLike) -> Any:
        """Natural logarithm of the density at `x`; -inf outside the support."""
        return _elementwise(self._logpdf, x)

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value <= `x`."""
        return _elementwise(self._cdf, x)

    def ppf(self, q: ArrayLike) -> Any:
        """Quantile function: the smallest x with ``cdf(x) >= q``; NaN for q outside [0, 1]."""

        def inside(p: Floats) -> Floats:
            outside = ~((p >= 0.0) & (p <= 1.0))
            return np.where(outside, np.nan, self._ppf(np.where(outside, 0.5, p)))

        return _elementwise(inside, q)

    def sf(self, x: ArrayLike) -> Any:
        """Survival function: probability of a value > `x`; small values keep their digits."""
        return _elementwise(self._sf, x)

    def isf(self, q: ArrayLike) -> Any:
        """Inverse of `sf`: the smallest x with ``sf(x) <= q``; NaN for q outside [0, 1]."""

        def inside(p: Floats) -> Floats:
            outside = ~((p >= 0.0) & (p <= 1.0))
            return np.where(outside, np.nan, self._isf(np.where(outside, 0.5, p)))

        return _elementwise(inside, q)

    def logcdf(self, x: ArrayLike) -> Any:
        """Natural logarithm of `cdf`."""
        return _elementwise(self._logcdf, x)

    def logsf(self, x: ArrayLike) -> Any:
        """Natural logarithm of `sf`."""
        return _elementwise(self._logsf, x)

    def median(self) -> float:
        """Point with half of the mass at or below it."""
        return float(self.ppf(0.5))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Interval around the median that leaves equal masses on both sides.

        Parameters
        ----------
        confidence : float
            Mass of the interval, from 0 to 1.
        """
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f"confidence must lie in [0, 1], not {confidence!r}")
        tail = 0.5 - 0.5 * confidence
        return float(self.ppf(tail)), float(self.isf(tail))

    def mean(self) -> float:
        """Mean; NaN where there is none (the Cauchy density)."""
        return self.moment(1)

    def var(self) -> float:
        """Variance; infinite or NaN where there is none."""
        if self._moments <= 2.0:
            return math.inf if self._moments > 1.0 else math.nan
        x, weights = self._quadrature()
        return float((weights * (x - float((weights * x).sum())) ** 2).sum())

    def std(self) -> float:
        """Root of the variance."""
        return math.sqrt(self.var())

    def moment(self, order: int) -> float:
        """Mean of x to the power `order` (about 0, as in scipy.stats).

        Parameters
        ----------
        order : int
            At least 1. Where the tails are too heavy the result is infinite (even orders) or NaN.
        """
        if not isinstance(order, int | np.integer) or order < 1:
            raise ValueError(f"order must be a positive integer, not {order!r}")
        if self._moments <= order:
            return math.nan if order % 2 else math.inf
        x, weights = self._quadrature()
        return float((weights * x ** int(order)).sum())

    def _sf(self, x: Floats) -> Floats:
        return 1.0 - self._cdf(x)

    def _isf(self, q: Floats) -> Floats:
        return self._ppf(1.0 - q)

    def _logcdf(self, x: Floats) -> Floats:
        return np.asarray(np.log(self._cdf(x)))

    def _logsf(self, x: Floats) -> Floats:
        return np.asarray(np.log(self._sf(x)))

    @property
    def _moments(self) -> float:
        """Order from which on moments do not exist."""
        return math.inf

    def _quadrature(self) -> tuple[Floats, Floats]:
        """Points and weights: means of smooth functions are sums over them."""
        tail, weights = quantile_nodes()
        x = np.concatenate([self._ppf(tail), self._isf(tail)])
        return x, np.concatenate([weights, weights])

    def rvs(
        self,
        size: int | tuple[int, ...] | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> Any:
        """Random samples.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; None for one scalar.
        rng : numpy.random.Generator or int, optional
            Source of randomness, or a seed for one.
        """
        shape = () if size is None else (size,) if isinstance(size, int | np.integer) else size
        n = math.prod(shape)
        drawn = self._sample(n, np.random.default_rng(rng)).reshape(shape)
        return drawn[()] if size is None else drawn

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return self._ppf(rng.random(n))

    def mass(self, low: ArrayLike, high: ArrayLike) -> Any:
        """Probability of ``low < x <= high``; never negative."""
        a, b = np.broadcast_arrays(np.asarray(low, np.float64), np.asarray(high, np.float64))
        if np.any(b < a):
            raise ValueError("an interval ends before it begins")
        flat = self._mass(np.ascontiguousarray(a.ravel()), np.ascontiguousarray(b.ravel()))
        return flat.reshape(a.shape)[()]

    def _mass(self, low: Floats, high: Floats) -> Floats:
        return np.maximum(self._cdf(high) - self._cdf(low), 0.0)

    def log_mass(self, low: ArrayLike, high: ArrayLike) -> Any:
        """Natural logarithm of `mass`; the midpoint rule where the mass underflows."""
        a, b = np.broadcast_arrays(np.asarray(low, np.float64), np.asarray(high, np.float64))
        mass = np.asarray(self.mass(a, b))
        with np.errstate(divide="ignore"):
            exact = np.log(mass)
            middle = self.logpdf(a + 0.5 * (b - a)) + np.log(b - a)
        return np.where(mass > 1e-290, exact, middle)[()]

    def code_length(
        self,
        x: ArrayLike | Statistic,
        *,
        weights: ArrayLike | None = None,
        bin_width: float = 0.0,
    ) -> float:
        """Ideal code length of samples, in bits.

        Parameters
        ----------
        x : array_like or Statistic
            Samples.
        weights : array_like, optional
            Weights of the samples.
        bin_width : float
            0: minus the sum of log2 pdf (negative for narrow densities). Positive: the samples
            stand for bins ``x +- bin_width / 2``, and their masses are coded; 1 for integers.
        """
        statistic = Statistic.of(x, weights)
        if bin_width > 0.0:
            half = 0.5 * bin_width
            logs = self.log_mass(statistic.values - half, statistic.values + half)
        else:
            logs = self._logpdf(statistic.values)
        return float(-(statistic.counts * logs).sum() / math.log(2.0))

    @abstractmethod
    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peaks of the density, highest first.

        Parameters
        ----------
        relative_height : float
            Peaks lower than this share of the highest are left out.
        """

    def parameter_bits(self, n: float) -> float:
        """Bits of the parameters when learned from `n` samples and sent to useful precision."""
        return self.n_parameters * parameter_cost(n)


def quantile_nodes(nodes: int = 400) -> tuple[Floats, Floats]:
    """Tail masses in (0, 1/2] and weights that sum to 1/2: tanh-sinh quadrature of one half.

    Tails as small as 1e-270 are among them, so that logarithmic and algebraic ends are integrated.
    """
    t = np.linspace(-6.0, 0.0, nodes + 1)
    v = 1.0 / (1.0 + np.exp(-math.pi * np.sinh(t)))
    weights = math.pi * np.cosh(t) * v * (1.0 - v) * (t[1] - t[0])
    weights[-1] *= 0.5
    return v, weights


def _elementwise(function: Any, x: ArrayLike) -> Any:
    array = np.asarray(x, dtype=np.float64)
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        return np.asarray(function(np.ascontiguousarray(array.ravel()))).reshape(array.shape)[()]


def peaks_on_grid(density: Density, grid: Floats, relative_height: float) -> list[Peak]:
    """Local maxima: found between neighbours on a rising grid, sharpened by golden sections."""
    logs = np.asarray(density.logpdf(grid))
    inner = np.flatnonzero((logs[1:-1] >= logs[:-2]) & (logs[1:-1] > logs[2:])) + 1
    left, right = grid[inner - 1], grid[inner + 1]
    if logs[0] > logs[1]:
        left, right = np.append(left, grid[0]), np.append(right, grid[1])
    if logs[-1] > logs[-2]:
        left, right = np.append(left, grid[-2]), np.append(right, grid[-1])
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    for _ in range(60):
        a = right - golden * (right - left)
        b = left + golden * (right - left)
        up = np.asarray(density.logpdf(a)) < np.asarray(density.logpdf(b))
        left, right = np.where(up, a, left), np.where(up, right, b)
    # an end of the support may be the peak itself
    ends = np.stack([left, 0.5 * (left + right), right])
    heights = np.asarray(density.logpdf(ends))
    at = np.argmax(heights, axis=0)
    columns = np.arange(left.size)
    location, height = ends[at, columns], np.exp(heights[at, columns])
    if height.size == 0:
        return []
    order = np.argsort(-height, kind="stable")
    lowest = relative_height * height.max()
    return [Peak(float(location[i]), float(height[i])) for i in order if height[i] >= lowest]
