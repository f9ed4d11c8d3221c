"""What the parametric bases have in common: a location and a scale."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.density import Density, Floats, Peak
from compress.densities.families import _location_scale as likelihood
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["Base", "checked_support"]

_SMALLEST_SCALE = math.ldexp(1.0, -1022)


def checked_support(support: tuple[float, float], statistic: Statistic) -> tuple[float, float]:
    """Return the ends of a support after a look at its order and at the samples in it."""
    low, high = (float(end) for end in support)
    if not low < high:
        raise ValueError(f"support must be (low, high) with low < high: {support!r}")
    if statistic.minimum < low or statistic.maximum > high:
        raise ValueError(
            f"samples from {statistic.minimum} to {statistic.maximum} lie outside the support "
            f"{support!r}"
        )
    return low, high


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
    # Whether the family has a lower and an upper end.
    ENDS: ClassVar[tuple[bool, bool]] = (False, False)

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
        support: tuple[float, float] | None = None,
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
        support : (float, float), optional
            Where the density is known to live; infinite where it has no end. It must be finite
            exactly where the family ends, and hold all samples (with bins, their middles).
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.

        Raises
        ------
        ValueError
            On NaN (see `nan_policy`), no samples, a support of the wrong kind or samples outside.

        Notes
        -----
        The scale never falls below the resolution of the samples (2^-40 of the largest
        magnitude), nor, with bins, below 1/64 of a bin: constant input gives that scale.
        """
        statistic = Statistic.of(x, weights, nan_policy)
        if bin_width < 0.0:
            raise ValueError(f"bin_width must not be negative, not {bin_width}")
        if support is None:
            return cls._fit(statistic, bin_width)
        low, high = checked_support(support, statistic)
        if (math.isfinite(low), math.isfinite(high)) != cls.ENDS:
            kind = {
                (False, False): "lives on the whole line",
                (True, False): "lives above a finite lower end",
                (True, True): "lives between two finite ends",
            }[cls.ENDS]
            raise ValueError(f"a density of the family {cls.name!r} {kind}, not on {support!r}")
        return cls._fit_on(statistic, bin_width, low, high)

    @classmethod
    def _fit_on(cls, statistic: Statistic, bin_width: float, low: float, high: float) -> Self:
        """Fit with the ends given (infinite where the family has none)."""
        del low, high
        return cls._fit(statistic, bin_width)

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        frame = likelihood.Frame.of(statistic, bin_width)
        start = cls._start(frame.z, frame.shares)
        parameters = likelihood.refine(cls._standard(*start[2:]), frame, start[0], start[1])
        loc, scale = frame.back(*parameters)
        return cls(loc, scale, *start[2:])

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        """Maximum likelihood location, scale (and shape) of point samples.

        Families whose `_fit` is their own have none.
        """
        raise NotImplementedError(f"{cls.__name__} has a fit of its own")

    def _mass_by_tails(self, low: Floats, high: Floats) -> Floats:
        """Masses between points, by the lower tails up to the median, else by the upper ones."""
        a, b = self.standardise(low), self.standardise(high)
        upper = a > self._standard_ppf(np.array([0.5]))[0]
        mass = np.empty(a.size)
        mass[upper] = self._standard_sf(a[upper]) - self._standard_sf(b[upper])
        lower = ~upper
        mass[lower] = self._standard_cdf(b[lower]) - self._standard_cdf(a[lower])
        return np.maximum(mass, 0.0)

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

    def _standard_sf(self, z: Floats) -> Floats:
        """Upper tail of the standard member; by symmetry unless overridden."""
        return self._standard_cdf(-z)

    def _standard_logsf(self, z: Floats) -> Floats:
        """Logarithm of the upper tail of the standard member."""
        return np.asarray(np.log(self._standard_sf(z)))

    def _standard_logcdf(self, z: Floats) -> Floats:
        """Logarithm of the lower tail; by symmetry where the family has no ends."""
        if any(self.ENDS):
            return np.asarray(np.log(self._standard_cdf(z)))
        return self._standard_logsf(-z)

    def _standard_variance(self) -> float | None:
        """Variance of the standard member where it is known in closed form."""
        return None

    def _standard_mean(self) -> float | None:
        """Mean of the standard member where it is known in closed form; 0 by symmetry."""
        return 0.0

    def _standard_isf(self, q: Floats) -> Floats:
        """Quantile of 1 - q of the standard member; by symmetry unless overridden."""
        return -self._standard_ppf(q)

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

    def _sf(self, x: Floats) -> Floats:
        return self._standard_sf(self.standardise(x))

    def _isf(self, q: Floats) -> Floats:
        return self.loc + self.scale * self._standard_isf(q)

    def _logcdf(self, x: Floats) -> Floats:
        return self._standard_logcdf(self.standardise(x))

    def _logsf(self, x: Floats) -> Floats:
        return self._standard_logsf(self.standardise(x))

    def mean(self) -> float:
        """Mean; NaN where there is none (the Cauchy density)."""
        mean = self._standard_mean()
        known = mean is not None and self._moments > 1.0
        return self.loc + self.scale * mean if known and mean is not None else super().mean()

    def var(self) -> float:
        """Variance; infinite or NaN where there is none."""
        variance = self._standard_variance()
        known = variance is not None and self._moments > 2.0
        return self.scale**2 * variance if known and variance is not None else super().var()

    def _key(self) -> tuple[float, ...]:
        return (self.loc, self.scale, *self.shape_parameters)

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
