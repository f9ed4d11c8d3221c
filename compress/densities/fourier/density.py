"""The Fourier basis density, periodic or over a base on the whole line."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities.bases import Base, StudentT, Uniform
from compress.densities.density import (
    Density,
    Floats,
    Peak,
    parameter_cost,
    peaks_on_grid,
    quantile_nodes,
)
from compress.densities.families.circle import (
    Circle,
    direction,
    is_circular,
    spread,
    wrapped,
    wrapped_statistic,
)
from compress.densities.fourier import _fit as fitting
from compress.densities.series import CircleCumulative, density_at, lifted, on_grid
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

    statistic: Statistic | None = None
    _options: dict[str, Any] | None = None

    # a fitted one can be fitted further in place, which would change its hash
    __hash__ = None  # type: ignore[assignment]

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
        self.coefficients.flags.writeable = False

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
        period: float | None = None,
        cut: float = 0.0,
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
        base : str
            What the terms modulate: "normal", "laplace", "logistic" or "student" on the line;
            "exponential", "gamma" or "weibull" above an end; "uniform" or "beta" between two;
            with a period "circle" or "vonmises". "auto" decides by total code length. Bases with
            ends are candidates only where the ends are known (`support`) or the samples show that
            their density breaks off there; the ends then lie a little beyond the samples.
        support : (float, float), optional
            Where the density is known to live, infinite where it has no end: (0, inf) or (0, 1),
            say. Over a uniform base the density is periodic on it.
        period : float, optional
            For samples on a circle, at any turn: the length of a turn, in units of x.
        cut : float
            Where the distribution function of a density on a circle begins.
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
        if period is None:
            statistic = Statistic.of(x, weights, nan_policy)
        else:
            statistic = wrapped_statistic(x, weights, nan_policy, period, cut)
        task = fitting.Task(statistic, terms, base, support, regularization, bin_width, period, cut)
        r, fitted_base = fitting.fit(task)
        signs = np.where(np.arange(1, r.size + 1) % 2, -1.0, 1.0)
        density = cls(r * signs, fitted_base)
        density.statistic = statistic
        density._options = {
            "terms": terms,
            "base": base,
            "support": support,
            "period": period,
            "cut": cut,
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
        if self.statistic is None or self._options is None:
            raise ValueError("this density was not fitted to samples, there is nothing to add to")
        period, cut = self._options["period"], self._options["cut"]
        if period is None:
            more = Statistic.of(x, weights, nan_policy)
        else:
            more = wrapped_statistic(x, weights, nan_policy, period, cut)
        merged = self.statistic.merge(more)
        refitted = vars(type(self).fit(merged, **self._options))
        vars(self).clear()
        vars(self).update(refitted)
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

    @cached_property
    def _cumulative(self) -> CircleCumulative:
        return CircleCumulative(self._r)

    @cached_property
    def _cumulative_above(self) -> CircleCumulative:
        """Mass from the upper end down."""
        return CircleCumulative(np.conj(self._r))

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

    def _sf(self, x: Floats) -> Floats:
        v = self.base._sf(x)
        return v if self.terms == 0 else self._cumulative_above.cumulative(v)

    def _isf(self, q: Floats) -> Floats:
        v = q if self.terms == 0 else self._cumulative_above.quantile(np.ascontiguousarray(q))
        return self.base._isf(v)

    @property
    def _moments(self) -> float:
        return self.base._moments

    def mean(self) -> float:
        """Mean; NaN where there is none (over a Cauchy base)."""
        return self.base.mean() if self.terms == 0 else super().mean()

    def var(self) -> float:
        """Variance; infinite or NaN where there is none."""
        return self.base.var() if self.terms == 0 else super().var()

    def _quadrature(self) -> tuple[Floats, Floats]:
        tail, weights = quantile_nodes(max(400, 60 * self.terms))
        lower, upper = density_at(tail, self._r), density_at(tail, np.conj(self._r))
        x = np.concatenate([self.base._ppf(tail), self.base._isf(tail)])
        return x, np.concatenate([weights * lower, weights * upper])

    def _key(self) -> tuple[Any, ...]:
        return self._r.tobytes(), self.base

    def _mass(self, low: Floats, high: Floats) -> Floats:
        inside = self.base._mass(low, high)
        if self.terms == 0:
            return inside
        v_low, v_high = self.base._cdf(low), self.base._cdf(high)
        whole = self._cumulative.cumulative(v_high) - self._cumulative.cumulative(v_low)
        if is_circular(self.base):
            v_high = np.where(v_high < v_low, v_high + 1.0, v_high)
            whole = np.where(whole < 0.0, whole + 1.0, whole)
            whole = np.where(inside >= 1.0 - 1e-12, 1.0, whole)
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
        if isinstance(self.base, Uniform | Circle):
            return circle + self.base.entropy()
        # log f of the quantile has logarithmic ends
        lower, weights = quantile_nodes(max(1500, 150 * self.terms))
        left = -self.base._standard_logpdf(self.base._standard_ppf(lower))
        right = -self.base._standard_logpdf(self.base._standard_isf(lower))
        # an infinite density at an end holds no mass
        left, right = (np.where(np.isfinite(side), side, 0.0) for side in (left, right))
        sides = left * density_at(lower, self._r) + right * density_at(1.0 - lower, self._r)
        return circle + float((weights * sides).sum()) + math.log(self.scale)

    def from_cut(self, cut: float) -> FourierDensity:
        """Return the same density on a circle, its distribution function from another cut."""
        base = self._circular_base()
        turn = float(base._cdf(np.array([cut], dtype=np.float64))[0])
        n = np.arange(1, self.terms + 1)
        turned = self.coefficients * np.exp(2j * math.pi * n * turn)
        return FourierDensity(turned, base.from_cut(cut))

    def circular_moment(self, order: int = 1) -> complex:
        """Mean of exp(2 pi i order x / period); for densities on a circle."""
        base = self._circular_base()
        if self.terms == 0:
            return complex(base.circular_moment(order))
        # of periodic functions, the plain mean over even steps is exact to rounding
        shares = np.arange(8192 + 64 * self.terms) / (8192 + 64 * self.terms)
        x = base.cut + base.period * shares
        heights = self.pdf(x)
        angles = 2.0 * math.pi * order * (x / base.period)
        total = float(heights.sum())
        real, imag = (heights * np.cos(angles)).sum(), (heights * np.sin(angles)).sum()
        return complex(float(real) / total, float(imag) / total)

    def circular_mean(self) -> float:
        """Mean direction, in units of x, from the cut on; NaN where there is none."""
        base = self._circular_base()
        return direction(self.circular_moment(), base.period, base.cut)

    def circular_std(self) -> float:
        """Circular standard deviation sqrt(-2 log R), R the resultant length, in units of x."""
        return spread(self.circular_moment(), self._circular_base().period)

    def _circular_base(self) -> Any:
        if not is_circular(self.base):
            raise ValueError(f"a density over the base {self.base_name!r} is not on a circle")
        return self.base

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peaks of the density, highest first; see `Density.modes`."""
        if self.terms == 0:
            return self.base.modes(relative_height)
        if is_circular(self.base):
            # cut where the density is lowest, so that no peak lies on the cut
            base = self._circular_base()
            x = base.cut + base.period * np.arange(4096 + 64 * self.terms) / (
                4096 + 64 * self.terms
            )
            valley = float(x[np.argmin(self.pdf(x))])
            x = valley + base.period * np.linspace(0.0, 1.0, x.size + 1)[:-1]
            found = peaks_on_grid(self, x, relative_height)
            return [
                Peak(float(wrapped(np.array([p.location]), base.period, base.cut)[0]), p.height)
                for p in found
            ]
        # even steps in v, and finer ones towards the ends, where v crowds the tails together
        v = np.linspace(0.0, 1.0, 64 * self.terms + 1)[1:-1]
        tail = 2.0 ** -np.linspace(6.0 + math.log2(self.terms), 40.0, 64)
        v = np.unique(np.concatenate([tail, v, 1.0 - tail]))
        grid = self.base._ppf(v)
        grid = np.concatenate([grid, [end for end in self.support if math.isfinite(end)]])
        return peaks_on_grid(self, np.unique(grid), relative_height)
