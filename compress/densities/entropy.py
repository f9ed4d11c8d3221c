"""The density of largest entropy under moments."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.density import Density, Floats, Peak, peaks_on_grid
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["MaximumEntropyDensity"]

_PANELS = 512
_NODES = 8  # Gauss-Legendre nodes a panel
_MOST_MOMENTS = 24
_NEWTON_STEPS = 200
# Beyond the outermost sample the interval goes on for this share of the farthest one's distance.
_MARGIN = 0.5


class MaximumEntropyDensity(Density):
    """The density of largest entropy among those with given moments, on an interval.

    It is exp(sum_k coefficients_k P_k(u)) up to a factor, with the Legendre polynomials P_k of
    u = (2 x - low - high) / (high - low); the multipliers of the moments are its coefficients
    (Jaynes, "Information theory and statistical mechanics", 1957). Its maximum likelihood fit is
    the one with the moments of the samples: the two problems are each other's dual.

    Parameters
    ----------
    coefficients : array_like, shape (K,)
        Of P_1 .. P_K, each finite.
    low, high : float
        Ends of the interval.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (K,)
    """

    def __init__(self, coefficients: ArrayLike, low: float, high: float) -> None:
        self.coefficients = np.array(coefficients, dtype=np.float64)
        if self.coefficients.ndim != 1 or not np.all(np.isfinite(self.coefficients)):
            raise ValueError("coefficients must be finite and have one axis")
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"the interval must be finite and rise, not {low} to {high}")
        self._low, self._high = float(low), float(high)
        nodes, weights = _quadrature()
        logs = self._exponent(nodes)
        self._top = float(logs.max())
        mass = weights * np.exp(logs - self._top)
        self._log_norm = self._top + math.log(float(mass.sum()))
        share = mass.reshape(_PANELS, _NODES).sum(axis=1) / mass.sum()
        self._edges = np.linspace(-1.0, 1.0, _PANELS + 1)
        self._below = np.concatenate([[0.0], np.cumsum(share)])
        self._below /= self._below[-1]

    def __repr__(self) -> str:
        k = self.coefficients.size
        return f"<MaximumEntropyDensity: {k} moments on [{self._low:.6g}, {self._high:.6g}]>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike | Statistic,
        *,
        moments: int = 4,
        support: tuple[float, float] | None = None,
        weights: ArrayLike | None = None,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Find the density whose first moments are those of the samples (Newton's method).

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
            Samples.
        moments : int
            How many moments, 1 to 24; 2 on a wide interval gives nearly the normal density.
        support : (float, float), optional
            The interval. By default half as far again, on both sides of the median, as the
            farthest sample: on the whole line no density of largest entropy need exist.
        weights : array_like, shape of `x`, optional
            Sample weights.
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.

        Raises
        ------
        ValueError
            If a sample lies outside `support`, or the number of moments is not allowed.
        """
        if not 1 <= moments <= _MOST_MOMENTS:
            raise ValueError(f"moments must lie in 1..{_MOST_MOMENTS}, not {moments}")
        statistic = Statistic.of(x, weights, nan_policy)
        low, high = support if support is not None else _interval(statistic)
        values, shares = statistic.values, statistic.shares()
        if values[0] < low or values[-1] > high or not low < high:
            raise ValueError(f"samples lie outside the support {low} to {high}")
        u = (values - 0.5 * (low + high)) / (0.5 * (high - low))
        wanted = shares @ _polynomials(u, moments)
        return cls(_multipliers(wanted), low, high)

    @property
    def n_parameters(self) -> int:
        """Moments."""
        return int(self.coefficients.size)

    @property
    def support(self) -> tuple[float, float]:
        """The interval."""
        return self._low, self._high

    def moments(self) -> Floats:
        """Means of the Legendre polynomials P_1 .. P_K under the density."""
        nodes, weights = _quadrature()
        p = weights * np.exp(self._exponent(nodes) - self._log_norm)
        return np.asarray(p @ _polynomials(nodes, self.coefficients.size))

    def entropy(self) -> float:
        """Differential entropy in nats: of the multipliers and moments alone."""
        rest = self._log_norm + math.log(0.5 * (self._high - self._low))
        return rest - float(self.coefficients @ self.moments())

    def _exponent(self, u: Floats) -> Floats:
        return np.asarray(_polynomials(u, self.coefficients.size) @ self.coefficients)

    def _standard(self, x: Floats) -> Floats:
        return np.asarray((x - 0.5 * (self._low + self._high)) / (0.5 * (self._high - self._low)))

    def _logpdf(self, x: Floats) -> Floats:
        u = self._standard(x)
        logs = self._exponent(np.clip(u, -1.0, 1.0)) - self._log_norm
        logs -= math.log(0.5 * (self._high - self._low))
        return np.where(np.isnan(u), np.nan, np.where(np.abs(u) <= 1.0, logs, -np.inf))

    def _cdf(self, x: Floats) -> Floats:
        u = np.clip(self._standard(x), -1.0, 1.0)
        panel = np.minimum(((np.nan_to_num(u) + 1.0) * 0.5 * _PANELS).astype(np.intp), _PANELS - 1)
        left = self._edges[panel]
        t, w = np.polynomial.legendre.leggauss(_NODES)
        half = 0.5 * (u - left)
        inside = np.zeros(u.size)
        for node, weight in zip(t, w, strict=True):
            at = left + half * (1.0 + node)
            inside += weight * half * np.exp(self._exponent(at) - self._log_norm)
        below = self._below[panel] + inside
        return np.where(np.isnan(u), np.nan, np.clip(below, 0.0, self._below[panel + 1]))

    def _ppf(self, q: Floats) -> Floats:
        panel = np.clip(np.searchsorted(self._below, q, side="right") - 1, 0, _PANELS - 1)
        left, right = self._edges[panel].copy(), self._edges[panel + 1].copy()
        middle = 0.5 * (self._low + self._high)
        half = 0.5 * (self._high - self._low)
        for _ in range(50):
            at = 0.5 * (left + right)
            under = self._cdf(middle + half * at) < q
            left, right = np.where(under, at, left), np.where(under, right, at)
        return np.asarray(middle + half * right)

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Local maxima, highest first; lower than `relative_height` times the first left out."""
        return peaks_on_grid(self, np.linspace(self._low, self._high, 4097), relative_height)


def _quadrature() -> tuple[Floats, Floats]:
    t, w = np.polynomial.legendre.leggauss(_NODES)
    edges = np.linspace(-1.0, 1.0, _PANELS + 1)
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (1.0 + t)).ravel(), (half * w).ravel()


def _polynomials(u: Floats, moments: int) -> Floats:
    """P_1 .. P_K, shape (n, K)."""
    return np.asarray(np.polynomial.legendre.legvander(u, moments)[:, 1:], dtype=np.float64)


def _interval(statistic: Statistic) -> tuple[float, float]:
    centre = statistic.quantile(0.5)
    far = max(centre - float(statistic.values[0]), float(statistic.values[-1]) - centre)
    reach = (1.0 + _MARGIN) * max(far, statistic.resolution)
    return centre - reach, centre + reach


def _multipliers(wanted: Floats) -> Floats:
    """Minimise log of the norm less multipliers times moments: convex, by damped Newton steps."""
    nodes, weights = _quadrature()
    basis = _polynomials(nodes, wanted.size)

    def dual(a: Floats) -> tuple[float, Floats]:
        logs = basis @ a
        top = float(logs.max())
        mass = weights * np.exp(logs - top)
        norm = float(mass.sum())
        return top + math.log(norm) - float(a @ wanted), mass / norm

    a = np.zeros(wanted.size)
    value, p = dual(a)
    for _ in range(_NEWTON_STEPS):
        mean = p @ basis
        gradient = mean - wanted
        centred = basis - mean
        hessian = (centred * p[:, None]).T @ centred
        hessian += 1e-13 * np.trace(hessian) * np.eye(wanted.size)
        step = -np.linalg.solve(hessian, gradient)
        decrease = -float(gradient @ step)
        if np.abs(gradient).max() < 1e-11:
            break
        length = 1.0
        while length > 1e-10:
            new_value, new_p = dual(a + length * step)
            # near the end the decrease is below the rounding of the value
            if new_value <= value - 1e-4 * length * decrease + 1e-15 * (1.0 + abs(value)):
                break
            length *= 0.5
        else:
            break
        a, value, p = a + length * step, new_value, new_p
    return a
