"""Families above a lower end: gamma and Weibull."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Self

import numpy as np

from compress.densities import _special as special
from compress.densities.density import Floats, Peak
from compress.densities.families import _incomplete as incomplete
from compress.densities.families._shapes import Samples, climb
from compress.densities.families.base import Base
from compress.densities.statistic import Statistic
from compress.densities.support import natural_ends

__all__ = ["Gamma", "HalfLine", "Weibull"]

# Logarithms of shapes and scales that fits may reach: shapes from 0.01 to 10^5.
_SHAPES = (math.log(0.01), math.log(1e5))


class HalfLine(Base):
    """A family on [loc, inf) with a scale and one shape.

    Parameters
    ----------
    loc : float
        Lower end.
    scale : float
        Scale > 0.
    shape : float
        Shape > 0. Below 1 the density is infinite at its end, above 1 it vanishes there.
    """

    n_shape = 1
    ENDS = (True, False)

    def __init__(self, loc: float = 0.0, scale: float = 1.0, shape: float = 1.0) -> None:
        super().__init__(loc, scale)
        shape = float(shape)
        if not 0.0 < shape < math.inf:
            raise ValueError(f"shape must be positive and finite, not {shape}")
        self.shape = shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}(loc={self.loc!r}, scale={self.scale!r}, shape={self.shape})"

    @property
    def shape_parameters(self) -> tuple[float, ...]:
        """The shape."""
        return (self.shape,)

    @property
    def support(self) -> tuple[float, float]:
        """From loc to infinity."""
        return self.loc, math.inf

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        low, _ = natural_ends(statistic, bin_width)
        return cls._fit_on(statistic, bin_width, low, math.inf)

    @classmethod
    def _fit_on(cls, statistic: Statistic, bin_width: float, low: float, high: float) -> Self:
        del high
        values, shares = statistic.values, statistic.shares()
        # a unit near the mean distance, so that everything is of the order of 1
        mean = 2.0 * float((shares * (values / 2.0 - low / 2.0)).sum())
        smallest = max(statistic.resolution, bin_width / 64.0)
        unit = min(max(mean, smallest), 2.0**1000)
        if statistic.maximum - statistic.minimum < 2.0 * statistic.resolution and bin_width == 0.0:
            return cls(low, unit * cls._narrow_scale(), 1e4)
        samples = Samples.of(statistic, bin_width, low)
        samples = Samples(
            samples.points / unit - low / unit,
            samples.shares,
            samples.lows / unit - low / unit,
            samples.highs / unit - low / unit,
            samples.bins,
        )

        def value(at: Floats) -> float:
            shape = math.exp(min(max(float(at[0]), _SHAPES[0]), _SHAPES[1]))
            # the scale is relative to the one that gives mean 1 at this shape
            scale = math.exp(float(at[1])) / cls(0.0, 1.0, shape).mean()
            return samples.value(cls(0.0, scale, shape))

        distances = np.concatenate([samples.points, 0.5 * (samples.lows + samples.highs)])
        weights = np.concatenate([samples.shares, samples.bins])
        start = np.array([math.log(cls._start_shape(distances, weights)), 0.0])
        start[0] = min(max(start[0], _SHAPES[0]), _SHAPES[1])
        at = climb(value, start)
        shape = math.exp(min(max(float(at[0]), _SHAPES[0]), _SHAPES[1]))
        scale = unit * math.exp(float(at[1])) / cls(0.0, 1.0, shape).mean()
        return cls(low, max(scale, 2.0**-1022), shape)

    @classmethod
    def _narrow_scale(cls) -> float:
        return 1.0 / cls(0.0, 1.0, 1e4).mean()

    @classmethod
    @abstractmethod
    def _start_shape(cls, z: Floats, shares: Floats) -> float:
        """Return a shape near the best for positive distances."""

    def _mass(self, low: Floats, high: Floats) -> Floats:
        return self._mass_by_tails(low, high)

    @abstractmethod
    def _mode(self) -> float:
        """Mode of the standard member."""

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peak of the family: at the end, infinitely high, for a shape below 1."""
        del relative_height
        x = self.loc + self.scale * self._mode()
        return [Peak(x, float(self.pdf(x)))]


class Gamma(HalfLine):
    """Gamma density z^(shape - 1) exp(-z) / (Gamma(shape) scale), z = (x - loc) / scale >= 0."""

    name = "gamma"

    def __init__(self, loc: float = 0.0, scale: float = 1.0, shape: float = 1.0) -> None:
        super().__init__(loc, scale, shape)
        self._log_gamma = math.lgamma(self.shape)

    @classmethod
    def _start_shape(cls, z: Floats, shares: Floats) -> float:
        # Minka (2002), "Estimating a gamma distribution": a first value from mean and mean log
        some = z > 0.0
        logs = float((shares[some] * np.log(z[some])).sum())
        gap = math.log(float((shares * z).sum())) - logs
        if gap <= 1e-9:
            return 1e5
        return (3.0 - gap + math.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)

    def _standard_logpdf(self, z: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            powers = (self.shape - 1.0) * np.log(z) if self.shape != 1.0 else 0.0
            logs = powers - z - self._log_gamma
        logs = np.where(z == np.inf, -np.inf, logs)
        return np.where(z < 0.0, -np.inf, logs)

    def _standard_cdf(self, z: Floats) -> Floats:
        return np.asarray(incomplete.gamma_tail(np.ascontiguousarray(z), self.shape, False))

    def _standard_sf(self, z: Floats) -> Floats:
        return np.asarray(incomplete.gamma_tail(np.ascontiguousarray(z), self.shape, True))

    def _standard_ppf(self, q: Floats) -> Floats:
        return np.asarray(incomplete.gamma_quantile(np.ascontiguousarray(q), self.shape, False))

    def _standard_isf(self, q: Floats) -> Floats:
        return np.asarray(incomplete.gamma_quantile(np.ascontiguousarray(q), self.shape, True))

    def _standard_score(self, z: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 - (self.shape - 1.0) / z)

    def _standard_entropy(self) -> float:
        a = self.shape
        return a + self._log_gamma + (1.0 - a) * special.digamma(a)

    def _standard_mean(self) -> float:
        return self.shape

    def _standard_variance(self) -> float:
        return self.shape

    def _mode(self) -> float:
        return max(self.shape - 1.0, 0.0)

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return self.loc + self.scale * rng.standard_gamma(self.shape, n)


class Weibull(HalfLine):
    """Weibull density shape z^(shape - 1) exp(-z^shape) / scale, z = (x - loc) / scale >= 0."""

    name = "weibull"

    @classmethod
    def _start_shape(cls, z: Floats, shares: Floats) -> float:
        # the logarithm of a Weibull variable has the standard deviation pi / (sqrt(6) shape)
        some = z > 0.0
        logs, weights = np.log(z[some]), shares[some]
        mean = float((weights * logs).sum()) / float(weights.sum())
        variance = float((weights * (logs - mean) ** 2).sum())
        return math.pi / math.sqrt(6.0 * max(variance, 1e-9))

    def _power(self, z: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(z, 0.0) ** self.shape)

    def _standard_logpdf(self, z: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            powers = (self.shape - 1.0) * np.log(z) if self.shape != 1.0 else 0.0
            logs = math.log(self.shape) + powers - self._power(z)
        logs = np.where(z == np.inf, -np.inf, logs)
        return np.where(z < 0.0, -np.inf, logs)

    def _standard_cdf(self, z: Floats) -> Floats:
        return np.asarray(-np.expm1(-self._power(z)))

    def _standard_sf(self, z: Floats) -> Floats:
        return np.asarray(np.exp(-self._power(z)))

    def _standard_logsf(self, z: Floats) -> Floats:
        return -self._power(z)

    def _standard_ppf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray((-np.log1p(-q)) ** (1.0 / self.shape))

    def _standard_isf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray((-np.log(q)) ** (1.0 / self.shape))

    def _standard_score(self, z: Floats) -> Floats:
        k = self.shape
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray((1.0 - k) / z + k * z ** (k - 1.0))

    def _standard_entropy(self) -> float:
        return 0.5772156649015329 * (1.0 - 1.0 / self.shape) - math.log(self.shape) + 1.0

    def _standard_mean(self) -> float:
        return math.exp(math.lgamma(1.0 + 1.0 / self.shape))

    def _standard_variance(self) -> float:
        second = math.exp(math.lgamma(1.0 + 2.0 / self.shape))
        return second - self._standard_mean() ** 2

    def _mode(self) -> float:
        return (1.0 - 1.0 / self.shape) ** (1.0 / self.shape) if self.shape > 1.0 else 0.0

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return self.loc + self.scale * rng.weibull(self.shape, n)
