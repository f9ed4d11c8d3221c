"""Families on whole numbers: Poisson, geometric, negative binomial."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.density import Density, Floats, Peak
from compress.densities.families import _incomplete as incomplete
from compress.densities.families._shapes import climb
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["Count", "Geometric", "NegativeBinomial", "Poisson"]

_SMALLEST_MEAN = 1e-12
_SIZES = (math.log(1e-3), math.log(1e7))
_MOST_TERMS = 1 << 17  # of sums over the numbers that carry the mass


class Count(Density):
    """A family on loc, loc + 1, ...

    Its density is a probability: with respect to counting, not to length. ``pdf`` is 0 between
    whole numbers, ``code_length`` is in bits without a bin width, and with a bin width of 1 it is
    the same. ``pmf`` and ``logpmf`` are scipy's names for ``pdf`` and ``logpdf``.
    """

    discrete: ClassVar[bool] = True
    name: ClassVar[str]

    def __init__(self, loc: float = 0.0) -> None:
        if not float(loc).is_integer():
            raise ValueError(f"loc must be a whole number, not {loc!r}")
        self.loc = float(loc)

    @classmethod
    def fit(
        cls,
        x: ArrayLike | Statistic,
        *,
        loc: float = 0.0,
        weights: ArrayLike | None = None,
        bin_width: float = 1.0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Maximum likelihood fit.

        Parameters
        ----------
        x : array_like of whole numbers, any shape, or Statistic
            Samples.
        loc : float
            Smallest number, known.
        weights : array_like, shape of `x`, optional
            Sample weights.
        bin_width : float
            1, or 0; taken for the sake of one spelling.
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.

        Raises
        ------
        ValueError
            If a sample is not whole or lies below `loc`; see also `Density`.
        """
        statistic = Statistic.of(x, weights, nan_policy)
        if bin_width not in (0.0, 1.0):
            raise ValueError(f"counts have bins of width 1, not {bin_width!r}")
        if statistic.level is not None or np.any(np.rint(statistic.values) != statistic.values):
            raise ValueError(f"samples of the family {cls.name!r} must be whole numbers")
        if statistic.minimum < loc:
            raise ValueError(f"samples lie below {loc!r}")
        return cls._fit(statistic.values - loc, statistic.shares(), float(loc))

    @classmethod
    @abstractmethod
    def _fit(cls, k: Floats, shares: Floats, loc: float) -> Self: ...

    @abstractmethod
    def _logpmf(self, k: Floats) -> Floats:
        """Log probability of whole k >= 0."""

    @abstractmethod
    def _tail(self, k: Floats, upper: bool) -> Floats:
        """Probability of at most (more than) whole k."""

    @property
    def support(self) -> tuple[float, float]:
        """From loc to infinity."""
        return self.loc, math.inf

    def pmf(self, x: ArrayLike) -> Any:
        """Probability of x."""
        return self.pdf(x)

    def logpmf(self, x: ArrayLike) -> Any:
        """Natural logarithm of the probability of x."""
        return self.logpdf(x)

    def _logpdf(self, x: Floats) -> Floats:
        k = x - self.loc
        whole = (k >= 0.0) & (np.floor(k) == k) & np.isfinite(k)
        logs = np.where(whole, self._logpmf(np.where(whole, k, 0.0)), -np.inf)
        return np.where(np.isnan(x), np.nan, logs)

    def _steps(self, x: Floats, upper: bool) -> Floats:
        k = np.floor(x - self.loc)
        known = ~np.isnan(k)
        return np.where(known, self._tail(np.where(known, k, 0.0), upper), np.nan)

    def _cdf(self, x: Floats) -> Floats:
        return self._steps(x, False)

    def _sf(self, x: Floats) -> Floats:
        return self._steps(x, True)

    def _quantile(self, q: Floats, upper: bool) -> Floats:
        """Smallest k with a lower tail of at least (an upper of at most) q."""

        def reached(k: Floats) -> Any:
            tail = self._tail(k, upper)
            return tail <= q if upper else tail >= q

        never = q <= 0.0 if upper else q >= 1.0
        low, high = np.full(q.size, -1.0), np.ones(q.size)
        while not (done := reached(high) | never).all():
            high = np.where(done, high, 2.0 * high + 1.0)
        while np.any(high - low > 1.0):
            middle = np.floor(0.5 * (low + high))
            below = reached(middle)
            high = np.where(below, middle, high)
            low = np.where(below, low, np.minimum(middle, high - 1.0))
        return np.where(never, np.inf, self.loc + high)

    def _ppf(self, q: Floats) -> Floats:
        return self._quantile(q, False)

    def _isf(self, q: Floats) -> Floats:
        return self._quantile(q, True)

    def _mass(self, low: Floats, high: Floats) -> Floats:
        first = np.floor(low - self.loc) + 1.0
        last = np.floor(high - self.loc)
        # of two tails, the difference is taken in the smaller
        upper = first > self._mean()
        lower = self._tail(last, False) - self._tail(first - 1.0, False)
        mass = np.where(upper, self._tail(first - 1.0, True) - self._tail(last, True), lower)
        one = (first == last) & (first >= 0.0)
        mass[one] = np.exp(self._logpmf(first[one]))
        return np.where(last >= first, np.maximum(mass, 0.0), 0.0)

    def log_mass(self, low: ArrayLike, high: ArrayLike) -> Any:
        """Natural logarithm of `mass`; exact for single numbers however improbable."""
        logs = np.asarray(super().log_mass(low, high))
        a, b = np.broadcast_arrays(np.asarray(low, np.float64), np.asarray(high, np.float64))
        first, last = np.floor(a - self.loc) + 1.0, np.floor(b - self.loc)
        empty = (last < np.maximum(first, 0.0)) | np.isnan(logs)
        one = (first == last) & (first >= 0.0) & np.isfinite(first)
        alone = self._logpmf(np.ascontiguousarray(np.where(one, first, 0.0).ravel()))
        return np.where(one, alone.reshape(one.shape), np.where(empty, -np.inf, logs))[()]

    @abstractmethod
    def _mean(self) -> float:
        """Mean above loc."""

    def _quadrature(self) -> tuple[Floats, Floats]:
        last = float(self._isf(np.array([1e-18]))[0]) - self.loc
        first = float(self._ppf(np.array([1e-18]))[0]) - self.loc
        step = max(1.0, math.ceil((last - first + 1.0) / _MOST_TERMS))
        k = np.arange(first, last + 1.0, step)
        weights = np.exp(self._logpmf(k))
        return self.loc + k, weights / weights.sum()

    def mean(self) -> float:
        """Mean."""
        return self.loc + self._mean()

    def entropy(self) -> float:
        """Entropy in nats."""
        x, weights = self._quadrature()
        return -float((weights * self._logpmf(x - self.loc)).sum())

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Most probable number."""
        del relative_height
        k = np.maximum(np.floor(self._mean()) + np.array([-1.0, 0.0]), 0.0)
        k = np.append(k, self._peak())
        logs = self._logpmf(k)
        at = int(np.argmax(logs))
        return [Peak(self.loc + float(k[at]), math.exp(float(logs[at])))]

    def _peak(self) -> float:
        return max(math.floor(self._mean()), 0.0)


class Poisson(Count):
    """Poisson probabilities mean^k exp(-mean) / k! of k = x - loc.

    Parameters
    ----------
    mean_above : float
        Mean above loc, > 0.
    loc : float
        Smallest number.
    """

    name = "poisson"

    def __init__(self, mean_above: float = 1.0, loc: float = 0.0) -> None:
        super().__init__(loc)
        if not 0.0 < float(mean_above) < math.inf:
            raise ValueError(f"mean_above must be positive and finite, not {mean_above!r}")
        self.mean_above = float(mean_above)

    def __repr__(self) -> str:
        return f"Poisson({self.mean_above!r}, loc={self.loc!r})"

    @classmethod
    def _fit(cls, k: Floats, shares: Floats, loc: float) -> Self:
        return cls(max(float((shares * k).sum()), _SMALLEST_MEAN), loc)

    @property
    def n_parameters(self) -> int:
        """The mean; loc is known."""
        return 1

    def _logpmf(self, k: Floats) -> Floats:
        return np.asarray(incomplete.poisson_logpmf(np.ascontiguousarray(k), self.mean_above))

    def _tail(self, k: Floats, upper: bool) -> Floats:
        k = np.ascontiguousarray(k)
        return np.asarray(incomplete.poisson_tail(k, self.mean_above, upper))

    def _mean(self) -> float:
        return self.mean_above

    def var(self) -> float:
        """Variance: the mean above loc."""
        return self.mean_above

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return np.asarray(self.loc + rng.poisson(self.mean_above, n), dtype=np.float64)


class NegativeBinomial(Count):
    """Negative binomial probabilities of k = x - loc: Poisson with a gamma-distributed mean.

    Parameters
    ----------
    size : float
        Shape of the gamma density, > 0 (scipy's n); the larger, the nearer to Poisson.
    mean_above : float
        Mean above loc, > 0 (scipy's p is size / (size + mean_above)).
    loc : float
        Smallest number.
    """

    name = "negative binomial"

    def __init__(self, size: float = 1.0, mean_above: float = 1.0, loc: float = 0.0) -> None:
        super().__init__(loc)
        for what, value in (("size", size), ("mean_above", mean_above)):
            if not 0.0 < float(value) < math.inf:
                raise ValueError(f"{what} must be positive and finite, not {value!r}")
        self.size = float(size)
        self.mean_above = float(mean_above)

    def __repr__(self) -> str:
        return f"NegativeBinomial({self.size!r}, {self.mean_above!r}, loc={self.loc!r})"

    @classmethod
    def _fit(cls, k: Floats, shares: Floats, loc: float) -> Self:
        # at every size, the best mean is that of the samples
        mean = max(float((shares * k).sum()), _SMALLEST_MEAN)
        variance = float((shares * (k - mean) ** 2).sum())
        start = mean * mean / max(variance - mean, 1e-3 * mean)
        k = np.ascontiguousarray(k)

        def value(at: Floats) -> float:
            size = math.exp(float(at[0]))
            return float((shares * incomplete.negative_binomial_logpmf(k, size, mean)).sum())

        at = climb(value, np.log([max(start, 1e-3)]), *_SIZES)
        return cls(math.exp(float(at[0])), mean, loc)

    @property
    def n_parameters(self) -> int:
        """Size and mean; loc is known."""
        return 2

    def _logpmf(self, k: Floats) -> Floats:
        k = np.ascontiguousarray(k)
        return np.asarray(incomplete.negative_binomial_logpmf(k, self.size, self.mean_above))

    def _tail(self, k: Floats, upper: bool) -> Floats:
        k = np.ascontiguousarray(k)
        return np.asarray(incomplete.negative_binomial_tail(k, self.size, self.mean_above, upper))

    def _mean(self) -> float:
        return self.mean_above

    def _peak(self) -> float:
        return max(math.floor(self.mean_above * (1.0 - 1.0 / self.size)), 0.0)

    def var(self) -> float:
        """Variance: mean + mean^2 / size."""
        return self.mean_above + self.mean_above**2 / self.size

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        means = rng.gamma(self.size, self.mean_above / self.size, n)
        return np.asarray(self.loc + rng.poisson(means), dtype=np.float64)


class Geometric(NegativeBinomial):
    """Geometric probabilities p (1 - p)^k of k = x - loc >= 0 (scipy counts from loc + 1).

    Parameters
    ----------
    p : float
        Probability of loc, in (0, 1).
    loc : float
        Smallest number.
    """

    name = "geometric"

    def __init__(self, p: float = 0.5, loc: float = 0.0) -> None:
        if not 0.0 < float(p) < 1.0:
            raise ValueError(f"p must lie in (0, 1), not {p!r}")
        super().__init__(1.0, (1.0 - float(p)) / float(p), loc)
        self.p = float(p)

    def __repr__(self) -> str:
        return f"Geometric({self.p!r}, loc={self.loc!r})"

    @classmethod
    def _fit(cls, k: Floats, shares: Floats, loc: float) -> Self:
        mean = max(float((shares * k).sum()), _SMALLEST_MEAN)
        return cls(1.0 / (1.0 + mean), loc)

    @property
    def n_parameters(self) -> int:
        """The probability; loc is known."""
        return 1
