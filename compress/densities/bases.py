"""The parametric bases: those on the whole line, and a list of all."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from compress.densities import _special as special
from compress.densities.density import Floats
from compress.densities.families import _location_scale as likelihood
from compress.densities.families._bounded import Exponential, Uniform
from compress.densities.families.base import Base
from compress.densities.families.half_line import Gamma, Weibull
from compress.densities.families.interval import Beta
from compress.densities.statistic import Statistic

__all__ = [
    "BASES",
    "Base",
    "Beta",
    "Exponential",
    "Gamma",
    "Laplace",
    "Logistic",
    "Normal",
    "StudentT",
    "Uniform",
    "Weibull",
]


class Normal(Base):
    """Normal density exp(-z^2 / 2) / (sqrt(2 pi) scale), z = (x - loc) / scale."""

    name = "normal"

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        loc = float((shares * z).sum())
        return loc, math.sqrt(float((shares * (z - loc) ** 2).sum()))

    def _standard_logpdf(self, z: Floats) -> Floats:
        return np.asarray(-0.5 * z * z - 0.5 * math.log(2.0 * math.pi))

    def _standard_cdf(self, z: Floats) -> Floats:
        return np.asarray(special.normal_cdf(z))

    def _standard_logsf(self, z: Floats) -> Floats:
        # beyond 12, the first terms of the asymptotic series: to 1e-8 of the logarithm's 1
        far = np.maximum(z, 12.0)
        y = 1.0 / (far * far)
        series = np.log1p(-y * (1.0 - y * (3.0 - y * (15.0 - y * (105.0 - y * 945.0)))))
        asymptotic = -0.5 * far * far - np.log(far) - 0.5 * math.log(2.0 * math.pi) + series
        near = np.log(self._standard_sf(np.minimum(z, 12.0)))
        return np.where(z > 12.0, asymptotic, near)

    def _standard_ppf(self, q: Floats) -> Floats:
        return np.asarray(special.normal_ppf(q))

    def _standard_score(self, z: Floats) -> Floats:
        return z

    def _standard_entropy(self) -> float:
        return 0.5 * math.log(2.0 * math.pi * math.e)

    def _standard_variance(self) -> float:
        return 1.0

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return self.loc + self.scale * rng.standard_normal(n)


class Laplace(Base):
    """Laplace density exp(-|z|) / (2 scale), z = (x - loc) / scale."""

    name = "laplace"

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        loc = likelihood.median(z, shares)
        return loc, float((shares * np.abs(z - loc)).sum())

    def _standard_logpdf(self, z: Floats) -> Floats:
        return np.asarray(-np.abs(z) - math.log(2.0))

    def _standard_cdf(self, z: Floats) -> Floats:
        tail = 0.5 * np.exp(-np.abs(z))
        return np.where(z < 0.0, tail, 1.0 - tail)

    def _standard_logsf(self, z: Floats) -> Floats:
        upper = -np.abs(z) - math.log(2.0)
        return np.where(z > 0.0, upper, np.log1p(-np.exp(upper)))

    def _standard_ppf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.where(q < 0.5, np.log(2.0 * q), -np.log(2.0 - 2.0 * q))

    def _standard_score(self, z: Floats) -> Floats:
        return np.sign(z)

    def _standard_entropy(self) -> float:
        return 1.0 + math.log(2.0)

    def _standard_variance(self) -> float:
        return 2.0

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        sign = np.where(rng.random(n) < 0.5, -self.scale, self.scale)
        return self.loc + sign * rng.standard_exponential(n)


class Logistic(Base):
    """Logistic density 1 / (4 scale cosh^2(z / 2)), z = (x - loc) / scale.

    Its distribution function is (1 + tanh(z / 2)) / 2: the tanh map of de la Fuente, Singh and
    Ballé (2024), whose s is twice this scale.
    """

    name = "logistic"

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        loc = likelihood.median(z, shares)
        spread = float((shares * np.abs(z - loc)).sum()) / (2.0 * math.log(2.0))
        return likelihood.newton_logistic(z, shares, loc, spread)

    def _standard_logpdf(self, z: Floats) -> Floats:
        a = np.abs(z)
        return np.asarray(-a - 2.0 * np.log1p(np.exp(-a)))

    def _standard_cdf(self, z: Floats) -> Floats:
        return np.asarray(special.logistic_cdf(z))

    def _standard_logsf(self, z: Floats) -> Floats:
        return -np.logaddexp(0.0, z)

    def _standard_ppf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(q) - np.log1p(-q))

    def _standard_score(self, z: Floats) -> Floats:
        return np.tanh(0.5 * z)

    def _standard_entropy(self) -> float:
        return 2.0

    def _standard_variance(self) -> float:
        return math.pi**2 / 3.0


class StudentT(Base):
    """Student's t density, proportional to (1 + z^2 / df)^(-(df + 1) / 2).

    Parameters
    ----------
    loc, scale : float
        Location and scale; z = (x - loc) / scale.
    df : float
        Degrees of freedom > 0; 1 is the Cauchy density.
    """

    name = "student"
    n_shape = 1

    def __init__(self, loc: float = 0.0, scale: float = 1.0, df: float = 4.0) -> None:
        super().__init__(loc, scale)
        df = float(df)
        if not 0.0 < df < math.inf:
            raise ValueError(f"df must be positive and finite, not {df}")
        self.df = df
        self._log_beta = math.lgamma(0.5 * df) + math.lgamma(0.5) - math.lgamma(0.5 * (df + 1.0))

    def __repr__(self) -> str:
        return f"StudentT(loc={self.loc!r}, scale={self.scale!r}, df={self.df!r})"

    @property
    def shape_parameters(self) -> tuple[float, ...]:
        """Degrees of freedom."""
        return (self.df,)

    @property
    def _moments(self) -> float:
        return self.df

    def _standard_variance(self) -> float:
        return self.df / (self.df - 2.0)

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        frame = likelihood.Frame.of(statistic, bin_width)

        def fitted(df: float, loc: float, scale: float) -> tuple[float, float, float]:
            if not frame.binned:
                loc, scale = likelihood.reweighted_student(frame.z, frame.shares, df, loc, scale)
                return frame.log_likelihood(cls(0.0, 1.0, df), loc, scale), loc, scale
            standard = cls(0.0, 1.0, df)
            loc, scale = likelihood.refine(standard, frame, loc, scale)
            return frame.log_likelihood(standard, loc, scale), loc, scale

        df, loc, scale = likelihood.search_df(fitted, *frame.robust())
        if not frame.binned:
            loc, scale = likelihood.refine(cls(0.0, 1.0, df), frame, loc, scale)
        return cls(*frame.back(loc, scale), df)

    def _standard_logpdf(self, z: Floats) -> Floats:
        a = np.abs(z)
        with np.errstate(over="ignore", divide="ignore"):
            power = np.log1p(a * a / self.df)
            if not np.isfinite(power).all():
                power = np.where(a > 1e150, 2.0 * np.log(a) - math.log(self.df), power)
        return np.asarray(-0.5 * (self.df + 1.0) * power - self._log_beta - 0.5 * math.log(self.df))

    def _standard_cdf(self, z: Floats) -> Floats:
        return np.asarray(special.student_cdf(z, self.df, self._log_beta))

    def _standard_ppf(self, q: Floats) -> Floats:
        return np.asarray(special.student_ppf(q, self.df, self._log_beta))

    def _standard_score(self, z: Floats) -> Floats:
        return np.asarray((self.df + 1.0) / (self.df + z * z) * z)

    def _standard_entropy(self) -> float:
        half, more = 0.5 * self.df, 0.5 * (self.df + 1.0)
        difference = special.digamma(more) - special.digamma(half)
        return more * difference + 0.5 * math.log(self.df) + self._log_beta

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return self.loc + self.scale * rng.standard_t(self.df, n)


BASES: dict[str, type[Any]] = {
    base.name: base
    for base in (Uniform, Exponential, Normal, Laplace, Logistic, StudentT, Gamma, Weibull, Beta)
}
