"""The Fourier basis density, periodic or over a base on the whole line."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities import _fourier_fit as fitting
from compress.densities._circle import CircleCumulative, density_at, lifted, on_grid
from compress.densities.bases import Base, StudentT, Uniform
from compress.densities.density import Density, Floats, Peak, parameter_cost, peaks_on_grid
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["FourierDensity"]

Complexes = NDArray[np.complex128]


class FourierDensity(Density):
    r"""Fourier basis density of de la Fuente, Singh and Ballé (2024, arXiv:2402.15345).

    On u in [-1, 1] the density is p(u) = 1/2 + Re sum_{n=1}^N c_n exp(i pi n u), where c_n / c_0
    is the autocorrelation of N + 1 complex numbers, so that p is never negative. The map
    u = 2 F((x - loc) / scale) - 1 through the distribution function F of a base spreads it over
    the real line: pdf(x) = 2 f(x) p(u(x)), with the base's density f. A uniform base gives the
    periodic density on an interval; a logistic one the paper's tanh map; N = 0 the base alone.

    Parameters
    ----------
    coefficients : array_like of complex, shape (N,)
        c_n / c_0 for n = 1..N. Where rounding made them not quite an autocorrelation, all are
        drawn towards 0 by the smallest factor that makes the density positive.
    base : Base
        `Uniform`, `Exponential`, `Normal`, `Laplace`, `Logistic` or `StudentT` with its location
        and scale.

    Attributes
    ----------
    coefficients : ndarray of complex128, shape (N,)
    terms : int
        N.
    base : Base
    base_name : str
        "uniform", "exponential", "normal", "laplace", "logistic" or "student".
    loc, scale : float
        Of the base (uniform: lower end and width; exponential: lower end and mean above it).
    df : float or None
        Degrees of freedom of a Student-t base.

    Notes
    -----
    The density is at least 2^-30 of the base's everywhere. The distribution function is
    F(x) + Re sum c_n (exp(i pi n u) - (-1)^n) / (i pi n), evaluated in a way that is monotone
    to the last bit and exactly 0 and 1 at the ends; to about 1e-13, and to 1e-9 where the density
    nearly touches zero.
    """

    def __init__(self, coefficients: ArrayLike, base: Base) -> None:
        c = np.asarray(coefficients, dtype=np.complex128)
        if c.ndim != 1:
            raise ValueError(f"coefficients must have one axis, not shape {c.shape}")
        if not np.all(np.isfinite(c)):
            raise ValueError("coefficients must be finite")
        if not isinstance(base, Base):
            raise TypeError(f"base must be a fitted Base, not {type(base).__name__}")
        self.base = base
        signs = np.where(np.arange(1, c.size + 1) % 2, -1.0, 1.0)
        self._r = np.ascontiguousarray(lifted(c * signs))
        self.coefficients = self._r * signs
        self._circle: CircleCumulative | None = None
        self.statistic: Statistic | None = None
        self._options: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<FourierDensity: {self.terms} terms over {self.base!r}>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike | Statistic,
        *,
        terms: int | Literal["auto"] = "auto",
        base: str = "auto",
        support: tuple[float, float] | None = None,
        weights: ArrayLike | None = None,
        regularization: float | Literal["auto"] = "auto",
        bin_width: float = 0.0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Penalised maximum likelihood: closed-form start, then Newton steps.

        Minimises -mean(log pdf(x)) + regularization * sum_n 2 pi^2 n^2 |c_n / c_0|^2.

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
            Samples.
        terms : int or "auto"
            N; "auto" takes the number with the smallest total code length (samples and
            coefficients).
        base : {"auto", "uniform", "exponential", "normal", "laplace", "logistic", "student"}
            What the terms modulate. "auto" decides by total code length. "uniform" and
            "exponential" are candidates only where the samples show that their density breaks
            off at both ends or at the lower one; the ends then lie a little beyond the samples.
        support : (float, float), optional
            Interval on which the density is periodic, for the uniform base, which it implies; by
            default the range of the samples, a little widened.
        weights : array_like, shape of `x`, optional
            Sample weights: 2 counts as the sample given twice.
        regularization : float or "auto"
            gamma of the paper, per sample; "auto" is 0.1 divided by the number of samples.
        bin_width : float
            Positive where samples stand for bins ``x +- bin_width / 2`` (1 for integers).
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.

        Raises
        ------
        ValueError
            On samples outside `support`, NaN (see `nan_policy`), no samples, or bad options.
        """
        statistic = Statistic.of(x, weights, nan_policy)
        task = fitting.Task(statistic, terms, base, support, regularization, bin_width)
        r, fitted_base = fitting.fit(task)
        signs = np.where(np.arange(1, r.size + 1) % 2, -1.0, 1.0)
        density = cls(r * signs, fitted_base)
        density.statistic = statistic
        density._options = {
            "terms": terms,
            "base": base,
            "support": support,
            "regularization": regularization,
            "bin_width": bin_width,
        }
        return density

    def partial_fit(
        self,
        x: ArrayLike | Statistic,
        *,
        weights: ArrayLike | None = None,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Refit, in place, to the samples seen so far and these; returns itself.

        The result is exactly that of `fit` on all samples together (with weights: up to the
        rounding of their sums).
        """
        if self.statistic is None:
            raise ValueError("this density was not fitted to samples, there is nothing to add to")
        merged = self.statistic.merge(Statistic.of(x, weights, nan_policy))
        self.__dict__.update(type(self).fit(merged, **self._options).__dict__)
        return self

    @property
    def terms(self) -> int:
        """N, the number of complex terms."""
        return int(self._r.size)

    @property
    def base_name(self) -> str:
        """Name of the base's family."""
        return self.base.name

    @property
    def loc(self) -> float:
        """Location of the base."""
        return self.base.loc

    @property
    def scale(self) -> float:
        """Scale of the base."""
        return self.base.scale

    @property
    def df(self) -> float | None:
        """Degrees of freedom of a Student-t base, else None."""
        return self.base.df if isinstance(self.base, StudentT) else None

    @property
    def n_parameters(self) -> int:
        """Two for each term, and those of the base."""
        return 2 * self.terms + self.base.n_parameters

    @property
    def support(self) -> tuple[float, float]:
        """Support of the base."""
        return self.base.support

    def parameter_bits(self, n: float) -> float:
        """Bits of base and quantised coefficients: small coefficients cost less than large ones."""
        return self.base.n_parameters * parameter_cost(n) + fitting.coefficient_bits(self._r, n)

    @property
    def _cumulative(self) -> CircleCumulative:
        if self._circle is None:
            self._circle = CircleCumulative(self._r)
        return self._circle

    def _logpdf(self, x: Floats) -> Floats:
        log_base = self.base._logpdf(x)
        if self.terms == 0:
            return log_base
        return np.asarray(log_base + np.log(density_at(self.base._cdf(x), self._r)))

    def _cdf(self, x: Floats) -> Floats:
        v = self.base._cdf(x)
        return v if self.terms == 0 else self._cumulative.cumulative(v)

    def _ppf(self, q: Floats) -> Floats:
        v = q if self.terms == 0 else self._cumulative.quantile(np.ascontiguousarray(q))
        return self.base._ppf(v)

    def _mass(self, low: Floats, high: Floats) -> Floats:
        inside = self.base._mass(low, high)
        if self.terms == 0:
            return inside
        v_low, v_high = self.base._cdf(low), self.base._cdf(high)
        whole = self._cumulative.cumulative(v_high) - self._cumulative.cumulative(v_low)
        # narrow in v: Simpson's rule on the base's mass, which is accurate in both tails
        narrow = inside * 64.0 * self.terms < 1.0
        if narrow.any():
            a, b, m = v_low[narrow], v_high[narrow], inside[narrow]
            mean = density_at(a, self._r) + density_at(b, self._r)
            mean += 4.0 * density_at(a + 0.5 * (b - a), self._r)
            whole[narrow] = m * mean / 6.0
        return np.maximum(whole, 0.0)

    def entropy(self) -> float:
        """Differential entropy in nats.

        The entropy of q on the circle plus the mean of -log f under the density; both by
        quadrature to about 1e-8.
        """
        if self.terms == 0:
            return self.base.entropy()
        q = np.maximum(on_grid(self._r, 1 << 17), 2.0**-31)
        circle = -float((q * np.log(q)).mean())
        if isinstance(self.base, Uniform):
            return circle + self.base.entropy()
        # tanh-sinh nodes: log f of the quantile has logarithmic ends
        t = np.linspace(-4.5, 4.5, 1 + max(2000, 200 * self.terms))
        v = 1.0 / (1.0 + np.exp(-math.pi * np.sinh(t)))
        weight = math.pi * np.cosh(t) * v * (1.0 - v) * (t[1] - t[0])
        # the two halves by symmetry, so that v never rounds to 1
        keep = t <= 0.0
        lower, w = v[keep], np.where(t[keep] == 0.0, 0.5, 1.0) * weight[keep]
        left = -self.base._standard_logpdf(self.base._standard_ppf(lower))
        right = -self.base._standard_logpdf(self.base._standard_isf(lower))
        sides = left * density_at(lower, self._r) + right * density_at(1.0 - lower, self._r)
        return circle + float((w * sides).sum()) + math.log(self.scale)

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peaks of the density, highest first; see `Density.modes`."""
        if self.terms == 0:
            return self.base.modes(relative_height)
        # even steps in v, and finer ones towards the ends, where v crowds the tails together
        v = np.linspace(0.0, 1.0, 64 * self.terms + 1)[1:-1]
        tail = 2.0 ** -np.linspace(6.0 + math.log2(self.terms), 40.0, 64)
        v = np.unique(np.concatenate([tail, v, 1.0 - tail]))
        grid = self.base._ppf(v)
        grid = np.concatenate([grid, [end for end in self.support if math.isfinite(end)]])
        return peaks_on_grid(self, np.unique(grid), relative_height)
