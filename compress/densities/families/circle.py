"""Densities on a circle: uniform and von Mises."""

from __future__ import annotations

import cmath
import math
from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities._counting import wrap
from compress.densities.density import Floats, Peak
from compress.densities.families.base import Base
from compress.densities.series import CircleCumulative
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["Circle", "VonMises", "checked_period", "wrapped", "wrapped_statistic"]

# Narrower ones (standard deviation below 1/100 of a radian) are normal densities on a line.
_MOST_KAPPA = 1e4
_TURN = 2.0 * math.pi
_ROUNDING = 1e-12


def checked_period(period: float, cut: float) -> None:
    """Refuse a period that is no positive number and a cut that is not finite."""
    if not 0.0 < period < math.inf:
        raise ValueError(f"period must be positive and finite, not {period!r}")
    if not math.isfinite(cut):
        raise ValueError(f"cut must be finite, not {cut!r}")


def wrapped(x: Floats, period: float, cut: float = 0.0) -> Floats:
    """Move samples by whole periods into [cut, cut + period)."""
    flat = np.ascontiguousarray(np.asarray(x, dtype=np.float64).ravel())
    return np.asarray(wrap(flat, float(period), float(cut))).reshape(np.shape(x))


def wrapped_statistic(
    x: ArrayLike | Statistic,
    weights: ArrayLike | None,
    nan_policy: NanPolicy,
    period: float,
    cut: float,
) -> Statistic:
    """Statistic of samples on a circle, see `wrapped`."""
    checked_period(period, cut)
    if isinstance(x, Statistic):
        Statistic.of(x, weights)
        if cut <= x.minimum and x.maximum < cut + period:
            return x
        return Statistic.of(wrapped(x.values, period, cut), x.counts)
    array = np.asarray(x)
    if array.dtype.kind in "biuf":
        array = wrapped(array, period, cut)
    return Statistic.of(array, weights, nan_policy)


class _OnCircle(Base):
    """What densities on a circle have in common.

    Positions are taken modulo the period; the distribution function counts from the cut.
    """

    ENDS = (True, True)
    circular: ClassVar[bool] = True
    cut: float

    @property
    @abstractmethod
    def period(self) -> float:
        """Length of a turn, in units of x."""

    @property
    def support(self) -> tuple[float, float]:
        """From the cut to the cut and a period."""
        return self.cut, self.cut + self.period

    @abstractmethod
    def from_cut(self, cut: float) -> Self:
        """Return the same density with the distribution function counted from another cut."""

    @abstractmethod
    def circular_moment(self, order: int = 1) -> complex:
        """Mean of exp(2 pi i order x / period)."""

    def circular_mean(self) -> float:
        """Mean direction, in units of x, from the cut on; NaN where there is none."""
        return direction(self.circular_moment(), self.period, self.cut)

    def circular_std(self) -> float:
        """Circular standard deviation sqrt(-2 log R), R the resultant length, in units of x."""
        return spread(self.circular_moment(), self.period)

    def positions(self, x: Floats) -> Floats:
        """Share of the period from the cut to x, in [0, 1)."""
        share = np.mod((x - self.cut) / self.period, 1.0)
        return np.where(share >= 1.0, 0.0, share)

    def _mass(self, low: Floats, high: Floats) -> Floats:
        between = self._cdf(high) - self._cdf(low)
        between = np.where(between < 0.0, between + 1.0, between)
        # an arc that falls short of a turn by rounding is one
        return np.where(high - low >= self.period * (1.0 - _ROUNDING), 1.0, between)


def direction(moment: complex, period: float, cut: float) -> float:
    """Direction of a first circular moment, NaN where it has none."""
    if abs(moment) < 1e-12:
        return math.nan
    angle = cmath.phase(moment) / _TURN * period
    return float(wrapped(np.array([angle]), period, cut)[0])


def spread(moment: complex, period: float) -> float:
    """Circular standard deviation of a first circular moment."""
    length = min(abs(moment), 1.0)
    return math.sqrt(-2.0 * math.log(length)) * period / _TURN if length > 0.0 else math.inf


class Circle(_OnCircle):
    """Uniform density on a circle: the base of periodic Fourier densities.

    Parameters
    ----------
    loc : float
        Cut: where the distribution function begins.
    scale : float
        Period.
    """

    name = "circle"

    @property
    def cut(self) -> float:  # type: ignore[override]
        """Where the distribution function begins."""
        return self.loc

    @property
    def period(self) -> float:
        """Length of a turn, in units of x."""
        return self.scale

    @classmethod
    def fit(  # type: ignore[override]
        cls,
        x: ArrayLike | Statistic,
        *,
        period: float,
        cut: float = 0.0,
        weights: ArrayLike | None = None,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Return the uniform density of a period; samples are checked, and decide nothing.

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
        period : float
            Length of a turn, in units of x: 360 for degrees, 24 for hours.
        cut : float, optional
            Where the distribution function begins.
        weights, nan_policy
            As of `Base.fit`.
        """
        wrapped_statistic(x, weights, nan_policy, period, cut)
        return cls(cut, period)

    @property
    def n_parameters(self) -> int:
        """None: the period is known and the cut a matter of reading."""
        return 0

    def from_cut(self, cut: float) -> Self:
        """Return the same density with the distribution function counted from another cut."""
        return type(self)(cut, self.scale)

    def circular_moment(self, order: int = 1) -> complex:
        """Mean of exp(2 pi i order x / period)."""
        return complex(order == 0)

    def standardise(self, x: Floats) -> Floats:
        """Share of the period from the cut to x."""
        return self.positions(x)

    def _mass(self, low: Floats, high: Floats) -> Floats:
        return np.minimum((high - low) / self.period, 1.0)

    def _standard_logpdf(self, z: Floats) -> Floats:
        return np.where(np.isnan(z), np.nan, 0.0)

    def _standard_cdf(self, z: Floats) -> Floats:
        return z

    def _standard_sf(self, z: Floats) -> Floats:
        return 1.0 - z

    def _standard_ppf(self, q: Floats) -> Floats:
        return q

    def _standard_isf(self, q: Floats) -> Floats:
        return 1.0 - q

    def _standard_score(self, z: Floats) -> Floats:
        return np.zeros_like(z)

    def _standard_entropy(self) -> float:
        return 0.0

    def _standard_mean(self) -> float:
        return 0.5

    def _standard_variance(self) -> float:
        return 1.0 / 12.0


class VonMises(_OnCircle):
    """Von Mises density, proportional to exp(kappa cos(2 pi (x - loc) / period)).

    Parameters
    ----------
    loc : float
        Mean direction.
    scale : float
        Period / (2 pi): 1 for radians, as in scipy.stats.
    kappa : float
        Concentration, from 0 (uniform) to 10^4.
    cut : float, optional
        Where the distribution function begins; by default half a period before `loc`.
    """

    name = "vonmises"
    n_shape = 1

    def __init__(
        self,
        loc: float = 0.0,
        scale: float = 1.0,
        kappa: float = 1.0,
        cut: float | None = None,
    ) -> None:
        super().__init__(loc, scale)
        kappa = float(kappa)
        if not 0.0 <= kappa <= _MOST_KAPPA:
            raise ValueError(f"kappa must lie in [0, {_MOST_KAPPA:g}], not {kappa}")
        self.kappa = kappa
        self.cut = self.loc - math.pi * self.scale if cut is None else float(cut)
        checked_period(self.period, self.cut)
        self._ratios = bessel_ratios(kappa)
        # log(2 pi I_0(kappa) exp(-kappa)), from the sum exp(kappa) = I_0 + 2 sum I_n
        self._log_norm = math.log(_TURN) - math.log1p(2.0 * float(self._ratios.sum()))

    def __repr__(self) -> str:
        return (
            f"VonMises(loc={self.loc!r}, scale={self.scale!r}, kappa={self.kappa}, cut={self.cut})"
        )

    @property
    def shape_parameters(self) -> tuple[float, ...]:
        """Concentration and cut."""
        return self.kappa, self.cut

    @property
    def n_parameters(self) -> int:
        """Direction and concentration."""
        return 2

    @property
    def period(self) -> float:
        """Length of a turn, in units of x."""
        return _TURN * self.scale

    def from_cut(self, cut: float) -> Self:
        """Return the same density with the distribution function counted from another cut."""
        return type(self)(self.loc, self.scale, self.kappa, cut)

    def circular_moment(self, order: int = 1) -> complex:
        """Mean of exp(2 pi i order x / period)."""
        n = abs(order)
        ratio = 1.0 if n == 0 else float(self._ratios[n - 1]) if n <= self._ratios.size else 0.0
        return ratio * cmath.exp(1j * order * self.loc / self.scale)

    @classmethod
    def fit(  # type: ignore[override]
        cls,
        x: ArrayLike | Statistic,
        *,
        period: float = _TURN,
        cut: float | None = None,
        weights: ArrayLike | None = None,
        bin_width: float = 0.0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Maximum likelihood fit.

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
            Samples, at any turn.
        period : float
            Length of a turn, in units of x: 360 for degrees, 24 for hours.
        cut : float, optional
            Where the distribution function begins; by default half a period before the mean
            direction.
        weights, bin_width, nan_policy
            As of `Base.fit`. For bins the resultant length is corrected for their width.
        """
        statistic = wrapped_statistic(x, weights, nan_policy, period, 0.0 if cut is None else cut)
        if bin_width < 0.0:
            raise ValueError(f"bin_width must not be negative, not {bin_width}")
        angles = _TURN * (statistic.values / period)
        shares = statistic.shares()
        moment = complex((shares * np.cos(angles)).sum(), (shares * np.sin(angles)).sum())
        length = abs(moment) / max(float(np.sinc(min(bin_width / period, 0.9))), 0.1)
        loc = direction(moment, period, 0.0 if cut is None else cut)
        kappa = _concentration(min(length, 1.0))
        return cls(0.0 if math.isnan(loc) else loc, period / _TURN, kappa, cut)

    @cached_property
    def _cumulative(self) -> CircleCumulative:
        n = np.arange(1, self._ratios.size + 1)
        turned = np.exp(-1j * n * ((self.loc - self.cut) / self.scale))
        return CircleCumulative(self._ratios * turned)

    @property
    def _first(self) -> float:
        return (self.cut - self.loc) / self.scale

    def standardise(self, x: Floats) -> Floats:
        """Angle from the mean direction, in the turn that begins at the cut."""
        return self._first + _TURN * self.positions(x)

    def _standard_logpdf(self, z: Floats) -> Floats:
        # 1 - cos z without cancellation
        return np.asarray(-2.0 * self.kappa * np.sin(0.5 * z) ** 2 - self._log_norm)

    def _standard_cdf(self, z: Floats) -> Floats:
        return self._cumulative.cumulative(np.ascontiguousarray((z - self._first) / _TURN))

    def _standard_sf(self, z: Floats) -> Floats:
        return 1.0 - self._standard_cdf(z)

    def _standard_ppf(self, q: Floats) -> Floats:
        return self._first + _TURN * self._cumulative.quantile(np.ascontiguousarray(q))

    def _standard_isf(self, q: Floats) -> Floats:
        return self._standard_ppf(1.0 - q)

    def _standard_score(self, z: Floats) -> Floats:
        return np.asarray(self.kappa * np.sin(z))

    def _standard_entropy(self) -> float:
        mean = float(self._ratios[0]) if self._ratios.size else 0.0
        return self._log_norm + self.kappa * (1.0 - mean)

    def _standard_mean(self) -> float | None:
        return None

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Peak at the mean direction."""
        del relative_height
        x = float(wrapped(np.array([self.loc]), self.period, self.cut)[0])
        return [Peak(x, float(self.pdf(x)))]

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        x = self.loc + self.scale * rng.vonmises(0.0, self.kappa, n)
        return wrapped(x, self.period, self.cut)


def bessel_ratios(kappa: float) -> Floats:
    """I_n(kappa) / I_0(kappa), n = 1.. while above 1e-18: Miller's backward recurrence."""
    if kappa == 0.0:
        return np.zeros(0)
    most = 20 + int(9.5 * math.sqrt(kappa) + 1.5 * min(kappa, 20.0))
    # the ratios I_n / I_{n-1} rise to their limit from any start far out
    ratio = 0.0
    steps = np.empty(most)
    for n in range(most, 0, -1):
        ratio = 1.0 / (2.0 * n / kappa + ratio)
        steps[n - 1] = ratio
    values = np.cumprod(steps)
    return np.asarray(values[values > 1e-18], dtype=np.float64)


def _concentration(length: float) -> float:
    """Kappa with I_1 / I_0 = `length`, by bisection on its logarithm; at most 10^4."""

    def ratio(kappa: float) -> float:
        values = bessel_ratios(kappa)
        return float(values[0]) if values.size else 0.0

    return bisected(ratio, length, 1e-9, _MOST_KAPPA)


def bisected(rising: Callable[[float], float], goal: float, low: float, high: float) -> float:
    """Positive argument at which a rising function reaches a goal, 0 or `high` where none does."""
    if goal >= rising(high):
        return high
    if goal <= rising(low):
        return 0.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        if rising(middle) < goal:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


def is_circular(base: Any) -> bool:
    """Whether a density lives on a circle."""
    return isinstance(base, _OnCircle)
