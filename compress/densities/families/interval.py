"""The beta family, between two ends."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from compress.densities import _special as special
from compress.densities.density import Floats, Peak
from compress.densities.families import _incomplete as incomplete
from compress.densities.families._shapes import Samples, climb
from compress.densities.families.base import Base
from compress.densities.statistic import Statistic
from compress.densities.support import natural_ends

__all__ = ["Beta"]

_SHAPES = (math.log(0.01), math.log(1e5))


class Beta(Base):
    """Beta density z^(a - 1) (1 - z)^(b - 1) / (B(a, b) scale) at z = (x - loc) / scale in [0, 1].

    Parameters
    ----------
    loc : float
        Lower end.
    scale : float
        Width of the interval, > 0.
    a, b : float
        Shapes > 0. Below 1 the density is infinite at the lower (upper) end.
    """

    name = "beta"
    n_shape = 2
    ENDS = (True, True)

    def __init__(
        self, loc: float = 0.0, scale: float = 1.0, a: float = 1.0, b: float = 1.0
    ) -> None:
        super().__init__(loc, scale)
        a, b = float(a), float(b)
        if not (0.0 < a < math.inf and 0.0 < b < math.inf):
            raise ValueError(f"a and b must be positive and finite, not {a} and {b}")
        self.a = a
        self.b = b
        self._log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    def __repr__(self) -> str:
        return f"Beta(loc={self.loc!r}, scale={self.scale!r}, a={self.a}, b={self.b})"

    @property
    def shape_parameters(self) -> tuple[float, ...]:
        """The shapes a and b."""
        return self.a, self.b

    @property
    def support(self) -> tuple[float, float]:
        """Lower and upper end."""
        return self.loc, self.loc + self.scale

    @classmethod
    def _fit(cls, statistic: Statistic, bin_width: float) -> Self:
        return cls._fit_on(statistic, bin_width, *natural_ends(statistic, bin_width))

    @classmethod
    def _fit_on(cls, statistic: Statistic, bin_width: float, low: float, high: float) -> Self:
        width = min(high - low, 2.0**1023)
        samples = Samples.of(statistic, bin_width, low, high)
        samples = Samples(
            np.clip(samples.points / width - low / width, 0.0, 1.0),
            samples.shares,
            np.clip(samples.lows / width - low / width, 0.0, 1.0),
            np.clip(samples.highs / width - low / width, 0.0, 1.0),
            samples.bins,
        )
        z = np.concatenate([samples.points, 0.5 * (samples.lows + samples.highs)])
        shares = np.concatenate([samples.shares, samples.bins])
        # first values from mean and variance
        mean = min(max(float((shares * z).sum()), 1e-9), 1.0 - 1e-9)
        variance = max(float((shares * (z - mean) ** 2).sum()), 1e-12)
        total = max(mean * (1.0 - mean) / variance - 1.0, 0.02)
        lowest, highest = _SHAPES

        def shapes(at: Floats) -> tuple[float, float]:
            a, b = (math.exp(min(max(float(v), lowest), highest)) for v in at)
            return a, b

        start = np.clip(np.log([mean * total, (1.0 - mean) * total]), lowest, highest)
        at = climb(lambda at: samples.value(cls(0.0, 1.0, *shapes(at))), start, lowest, highest)
        return cls(low, width, *shapes(at))

    def _mass(self, low: Floats, high: Floats) -> Floats:
        return self._mass_by_tails(low, high)

    def _standard_logpdf(self, z: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            # a shape of 1 has no power, also at the end
            low = (self.a - 1.0) * np.log(z) if self.a != 1.0 else np.zeros_like(z)
            high = (self.b - 1.0) * np.log1p(-z) if self.b != 1.0 else np.zeros_like(z)
        inside = np.where((z >= 0.0) & (z <= 1.0), low + high - self._log_beta, -np.inf)
        return np.where(np.isnan(z), np.nan, inside)

    def _tail(self, z: Floats, upper: bool) -> Floats:
        z = np.ascontiguousarray(np.clip(z, 0.0, 1.0))
        return np.asarray(incomplete.beta_tail(z, self.a, self.b, self._log_beta, upper))

    def _quantile(self, q: Floats, upper: bool) -> Floats:
        q = np.ascontiguousarray(q)
        return np.asarray(incomplete.beta_quantile(q, self.a, self.b, self._log_beta, upper))

    def _standard_cdf(self, z: Floats) -> Floats:
        return self._tail(z, False)

    def _standard_sf(self, z: Floats) -> Floats:
        return self._tail(z, True)

    def _standard_ppf(self, q: Floats) -> Floats:
        return self._quantile(q, False)

    def _standard_isf(self, q: Floats) -> Floats:
        return self._quantile(q, True)

    def _standard_score(self, z: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray((1.0 - self.a) / z + (self.b - 1.0) / (1.0 - z))

    def _standard_entropy(self) -> float:
        a, b = self.a, self.b
        parts = (a - 1.0) * special.digamma(a) + (b - 1.0) * special.digamma(b)
        return self._log_beta - parts + (a + b - 2.0) * special.digamma(a + b)

    def _standard_mean(self) -> float:
        return self.a / (self.a + self.b)

    def _standard_variance(self) -> float:
        total = self.a + self.b
        return self.a * self.b / (total * total * (total + 1.0))

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peaks of the family: ends with a shape below 1 are infinitely high."""
        del relative_height
        low, high = self.support
        if self.a < 1.0 or self.b < 1.0:
            ends = [end for end, shape in ((low, self.a), (high, self.b)) if shape < 1.0]
            return [Peak(end, math.inf) for end in ends]
        total = self.a + self.b - 2.0
        x = low + self.scale * ((self.a - 1.0) / total if total > 0.0 else 0.5)
        return [Peak(x, float(self.pdf(x)))]

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return self.loc + self.scale * rng.beta(self.a, self.b, n)
