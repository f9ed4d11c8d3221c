"""What the parametric bases have in common: a location and a scale."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities import _location_scale as likelihood
from compress.densities.density import Density, Floats, Peak
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["Base"]

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
