"""The bases with an end: uniform and exponential."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from compress.densities.density import Floats, Peak
from compress.densities.families.base import Base
from compress.densities.statistic import Statistic

__all__ = ["Exponential", "Uniform"]

_LARGEST = 1.7976931348623157e308


class Uniform(Base):
    """Uniform density 1 / scale on [loc, loc + scale], as in scipy.stats.

    Samples outside have density 0.
    """

    name = "uniform"
    ENDS = (True, True)

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        half = 0.5 * bin_width
        low, high = statistic.minimum - half, statistic.maximum + half
        scale = min(high - low, _LARGEST)
        if scale < statistic.resolution:
            scale = statistic.resolution
            low -= 0.5 * scale
        return cls(low, scale)

    @classmethod
    def _fit_on(cls, statistic: Statistic, bin_width: float, low: float, high: float) -> Self:
        del statistic, bin_width
        return cls(low, min(high - low, _LARGEST))

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        del shares
        return float(z[0]), float(z[-1] - z[0])

    def _standard_sf(self, z: Floats) -> Floats:
        return np.clip(1.0 - z, 0.0, 1.0)

    def _standard_mean(self) -> float:
        return 0.5

    def _standard_variance(self) -> float:
        return 1.0 / 12.0

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

    def _standard_isf(self, q: Floats) -> Floats:
        return 1.0 - q


class Exponential(Base):
    """Exponential density exp(-z) / scale for z = (x - loc) / scale >= 0, as in scipy.stats.

    Samples below `loc` have density 0. As a base it is the half-line above `loc`.
    """

    name = "exponential"
    ENDS = (True, False)

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        return cls.above(statistic.minimum - 0.5 * bin_width, statistic, bin_width)

    @classmethod
    def above(cls, loc: float, statistic: Statistic, bin_width: float = 0.0) -> Self:
        """Maximum likelihood fit with the end of the half-line given.

        Parameters
        ----------
        loc : float
            Lower end, not above the smallest sample (less half a bin).
        statistic : Statistic
            The samples.
        bin_width : float
            As of `fit`.
        """
        shares = statistic.shares()
        # halves, because the difference of the largest magnitudes overflows
        mean = 2.0 * float((shares * (statistic.values / 2.0 - loc / 2.0)).sum())
        scale = mean
        if bin_width > 0.0 and mean > 0.5 * bin_width:
            # the masses of bins fall geometrically, by 1 - 1 / (1 + mean) with the mean in bins
            scale = bin_width / math.log1p(bin_width / (mean - 0.5 * bin_width))
        smallest = max(statistic.resolution, bin_width / 64.0)
        return cls(loc, min(max(scale, smallest), _LARGEST))

    @classmethod
    def _fit_on(cls, statistic: Statistic, bin_width: float, low: float, high: float) -> Self:
        del high
        return cls.above(low, statistic, bin_width)

    @classmethod
    def _start(cls, z: Floats, shares: Floats) -> tuple[float, ...]:
        return float(z[0]), float((shares * (z - z[0])).sum())

    def _standard_sf(self, z: Floats) -> Floats:
        return np.asarray(np.exp(-np.maximum(z, 0.0)))

    def _standard_logsf(self, z: Floats) -> Floats:
        return -np.maximum(z, 0.0)

    def _standard_mean(self) -> float:
        return 1.0

    def _standard_variance(self) -> float:
        return 1.0

    @property
    def support(self) -> tuple[float, float]:
        """From loc to infinity."""
        return self.loc, math.inf

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peak at loc."""
        del relative_height
        return [Peak(self.loc, 1.0 / self.scale)]

    def _mass(self, low: Floats, high: Floats) -> Floats:
        a = np.maximum(self.standardise(low), 0.0)
        b = np.maximum(self.standardise(high), 0.0)
        with np.errstate(invalid="ignore"):
            return np.where(a == np.inf, 0.0, -np.exp(-a) * np.expm1(a - b))

    def _standard_logpdf(self, z: Floats) -> Floats:
        return np.where(z < 0.0, -np.inf, -z)

    def _standard_cdf(self, z: Floats) -> Floats:
        return np.asarray(-np.expm1(-np.maximum(z, 0.0)))

    def _standard_ppf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log1p(-q))

    def _standard_isf(self, q: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(q))

    def _standard_score(self, z: Floats) -> Floats:
        return np.ones_like(z)

    def _standard_entropy(self) -> float:
        return 1.0

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return self.loc + self.scale * rng.standard_exponential(n)
