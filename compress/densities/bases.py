"""The parametric bases: uniform, normal, Laplace, logistic, Student's t."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities import _location_scale as likelihood
from compress.densities import _special as special
from compress.densities.density import Density, Floats, Peak
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["BASES", "Base", "Laplace", "Logistic", "Normal", "StudentT", "Uniform"]

_SMALLEST_SCALE = math.ldexp(1.0, -1022)


class Base(Density):
    """A location-scale family: ``pdf(x) = standard((x - loc) / scale) / scale``.

    Parameters
    ----------
    loc : float
        Location, in units of x.
    scale : float
        Scale > 0, in units of x.

    Attributes
    ----------
    loc, scale : float
    name : str
        Name of the family, as `FourierDensity` takes it.
    """

    name: ClassVar[str]
    n_shape: ClassVar[int] = 0

    def __init__(self, loc: float = 0.0, scale: float = 1.0) -> None:
        loc, scale = float(loc), float(scale)
        if not math.isfinite(loc):
            raise ValueError(f"loc must be finite, not {loc}")
        if not 0.0 < scale < math.inf:
            raise ValueError(f"scale must be positive and finite, not {scale}")
        self.loc = loc
        self.scale = max(scale, _SMALLEST_SCALE)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(loc={self.loc!r}, scale={self.scale!r})"

    @classmethod
    def fit(
        cls,
        x: ArrayLike | Statistic,
        *,
        weights: ArrayLike | None = None,
        bin_width: float = 0.0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Maximum likelihood fit.

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
            Samples.
        weights : array_like, shape of `x`, optional
            Sample weights: 2 counts as the sample given twice.
        bin_width : float
            Positive where the samples stand for bins ``x +- bin_width / 2`` (1 for integers):
            then the likelihood of the bins is maximised, which matters for scales near the bin
            width.
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.

        Notes
        -----
        The scale never falls below the resolution of the samples (2^-40 of the largest
        magnitude), nor, with bins, below 1/64 of a bin: constant input gives that scale.
        """
        statistic = Statistic.of(x, weights, nan_policy)
        if bin_width < 0.0:
            raise ValueError(f"bin_width must not be negative, not {bin_width}")
        return cls._fit(statistic, bin_width)

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        frame = likelihood.Frame.of(statistic, bin_width)
        start = cls._start(frame.z, frame.shares)
        parameters = likelihood.refine(cls._standard(*start[2:]), frame, start[0], start[1])
        loc, scale = frame.back(*parameters)
        return cls(loc, scale, *start[2:])

    @classmethod
    @abstractmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        """Maximum likelihood location, scale (and shape) of point samples."""

    @classmethod
    def _standard(cls, *shape: float) -> Self:
        return cls(0.0, 1.0, *shape)

    # -- the standard member: loc 0, scale 1 --

    @abstractmethod
    def _standard_logpdf(self, z: Floats) -> Floats:
        """Log density of the standard member."""

    @abstractmethod
    def _standard_cdf(self, z: Floats) -> Floats:
        """Distribution function of the standard member."""

    @abstractmethod
    def _standard_ppf(self, q: Floats) -> Floats:
        """Quantile function of the standard member."""

    @abstractmethod
    def _standard_score(self, z: Floats) -> Floats:
        """Minus the derivative of the log density of the standard member."""

    @abstractmethod
    def _standard_entropy(self) -> float: ...

    @property
    def shape_parameters(self) -> tuple[float, ...]:
        """Parameters beside location and scale: (df,) of Student's t, else ()."""
        return ()

    @property
    def n_parameters(self) -> int:
        """Location, scale and shape."""
        return 2 + self.n_shape

    @property
    def support(self) -> tuple[float, float]:
        """The real line."""
        return -math.inf, math.inf

    def standardise(self, x: Floats) -> Floats:
        """(x - loc) / scale."""
        return np.asarray((x - self.loc) / self.scale)

    def _logpdf(self, x: Floats) -> Floats:
        return self._standard_logpdf(self.standardise(x)) - math.log(self.scale)

    def _cdf(self, x: Floats) -> Floats:
        return self._standard_cdf(self.standardise(x))

    def _ppf(self, q: Floats) -> Floats:
        return self.loc + self.scale * self._standard_ppf(q)

    def _mass(self, low: Floats, high: Floats) -> Floats:
        a, b = self.standardise(low), self.standardise(high)
        # by symmetry, take the difference on the side where the cdf is small
        flip = a > 0.0
        a, b = np.where(flip, -b, a), np.where(flip, -a, b)
        mass = self._standard_cdf(b) - self._standard_cdf(a)
        return np.maximum(mass, 0.0)

    def entropy(self) -> float:
        """Differential entropy in nats, in closed form."""
        return self._standard_entropy() + math.log(self.scale)

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peak of the family; of the uniform density, its middle."""
        del relative_height
        x = float(self._ppf(np.array([0.5]))[0])
        return [Peak(x, float(self.pdf(x)))]


class Uniform(Base):
    """Uniform density 1 / scale on [loc, loc + scale], as in scipy.stats.

    Samples outside have density 0.
    """

    name = "uniform"

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        half = 0.5 * bin_width
        low, high = statistic.minimum - half, statistic.maximum + half
        scale = min(high - low, 1.7976931348623157e308)
        if scale < statistic.resolution:
            scale = statistic.resolution
            low -= 0.5 * scale
        return cls(low, scale)

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        del shares
        return float(z[0]), float(z[-1] - z[0])

    @property
    def support(self) -> tuple[float, float]:
        """Lower and upper end."""
        return self.loc, self.loc + self.scale

    def _mass(self, low: Floats, high: Floats) -> Floats:
        a, b = self.support
        return np.asarray((np.clip(high, a, b) - np.clip(low, a, b)) / self.scale)

    def _standard_logpdf(self, z: Floats) -> Floats:
        inside = np.where((z >= 0.0) & (z <= 1.0), 0.0, -np.inf)
        return np.where(np.isnan(z), np.nan, inside)

    def _standard_cdf(self, z: Floats) -> Floats:
        return np.clip(z, 0.0, 1.0)

    def _standard_ppf(self, q: Floats) -> Floats:
        return q

    def _standard_score(self, z: Floats) -> Floats:
        return np.zeros_like(z)

    def _standard_entropy(self) -> float:
        return 0.0


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

    def _standard_ppf(self, q: Floats) -> Floats:
        return np.asarray(special.normal_ppf(q))

    def _standard_score(self, z: Floats) -> Floats:
        return z

    def _standard_entropy(self) -> float:
        return 0.5 * math.log(2.0 * math.pi * math.e)

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

    def _standard_ppf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.where(q < 0.5, np.log(2.0 * q), -np.log(2.0 - 2.0 * q))

    def _standard_score(self, z: Floats) -> Floats:
        return np.sign(z)

    def _standard_entropy(self) -> float:
        return 1.0 + math.log(2.0)

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

    def _standard_ppf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(q) - np.log1p(-q))

    def _standard_score(self, z: Floats) -> Floats:
        return np.tanh(0.5 * z)

    def _standard_entropy(self) -> float:
        return 2.0


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

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        raise NotImplementedError("Student's t searches its degrees of freedom instead")

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
    base.name: base for base in (Uniform, Normal, Laplace, Logistic, StudentT)
}
