"""The conditional Fourier density p(x | c)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities.bases import BASES, Uniform
from compress.densities.conditional import _circle as circle
from compress.densities.conditional._features import Context, columns
from compress.densities.conditional._fit import Fitted, Task, fit
from compress.densities.conditional._objective import FLOOR, Family, powers
from compress.densities.density import Floats
from compress.densities.fourier import FourierDensity
from compress.densities.statistic import NanPolicy, samples_of

__all__ = ["ConditionalFourierDensity"]

Complexes = NDArray[np.complex128]

_LINE = ("logistic", "normal", "laplace", "student")
# Those that are chosen from: no sample may be as far out as the tails of a normal base charge for.
# One of 69,000 samples of speech, 500 scales off, took 33,000 bits.
_CHOSEN_FROM = ("logistic", "laplace", "student")
_MOST_TERMS = 64
_ROWS = 1 << 14  # evaluated at a time
_FARTHEST = math.ldexp(1.0, 30)  # in spreads: farther samples weigh no more in a fit
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class ConditionalFourierDensity:
    r"""Density of a real number given a context, p(x | c), whose shape moves with the context.

    A base with location m(c) and scale exp(s(c)) is modulated by Fourier terms of its
    distribution function, pdf(x | c) = f_c(x) q(F_c(x); c), as in `FourierDensity`, and

        q(v; c) = |sum_{k=0}^N a_k(c) exp(2 pi i k v)|^2 / sum_k |a_k(c)|^2,

    where m, s and the complex amplitudes a_0..a_N are linear in a small set of functions of c:
    a constant, the features themselves, squares, or cubic splines. Contexts are real vectors, or
    classes (integers), whose functions are indicators.

    Use `fit`; the attributes are

    Attributes
    ----------
    base_name : str
        "logistic", "normal", "laplace" or "student" on the line, "circle" with a period,
        "interval" with a support.
    terms : int
        N.
    functions : dict of str to str
        The functions of the context in "loc", "scale" and "amplitude".
    n_parameters : int
        Number of real coefficients.
    parameter_bits : float
        Bits of the integers that the coefficients were rounded to, and of all else that a
        receiver needs to evaluate the density.

    Notes
    -----
    Beyond the range of the contexts of `fit` the density is that of the nearest context within
    it, feature by feature. The density is at least 2^-16 of the base's everywhere.
    """

    _fitted: Fitted
    _context: Context
    _centre: float
    _spread: float

    def __repr__(self) -> str:
        functions = ", ".join(f"{what} {name}" for what, name in self.functions.items())
        return f"<ConditionalFourierDensity: {self.terms} terms, {self.base_name}, {functions}>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        c: ArrayLike,
        *,
        terms: int | Literal["auto"] = "auto",
        base: str = "auto",
        functions: str = "auto",
        period: float | None = None,
        support: tuple[float, float] | None = None,
        weights: ArrayLike | None = None,
        regularization: float | Literal["auto"] = "auto",
        bin_width: float = 0.0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Penalised maximum likelihood; what is "auto" is chosen by total code length.

        The total code length is that of the samples and of the rounded coefficients together.
        Candidates are compared on some of the samples, each started from the best before it; the
        winner is fitted to all of them, and its coefficients are rounded to what they are worth.

        Parameters
        ----------
        x : array_like of real numbers, shape (n,)
            Samples.
        c : array_like, shape (n,) or (n, k)
            Contexts. Integers of shape (n,) are classes 0, 1, 2 ...; all else are real features.
        terms : int or "auto"
            N.
        base : {"auto", "logistic", "normal", "laplace", "student"}
            What the terms modulate, on the line. "auto" chooses one whose tails fall no faster
            than exponentially, so that a fresh sample far out is not ruinous.
        functions : str
            Functions of the context that the amplitudes are linear in: "auto", "constant",
            "linear", "quadratic", "cubic-2", "cubic-4", "cubic-8" or "cubic-16" (additive splines
            of so many pieces); of classes "auto", "constant" or "classes".
        period : float, optional
            Of samples on a circle, in units of x: then the base is uniform, and turns with c.
        support : (float, float), optional
            Known ends of the samples: then the base is uniform between them, whatever c.
        weights : array_like, shape (n,), optional
            Sample weights: 2 counts as the sample given twice.
        regularization : float or "auto"
            Weight of the mean of ``integral |A'|^2 / integral |A|^2`` over the circle, A the sum
            of the terms, in nats per sample (Good and Gaskins, 1971); "auto" is 0.1 / n.
        bin_width : float
            Positive where samples stand for bins ``x +- bin_width / 2`` (1 for integers): then
            the samples are spread over their bins.
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples and contexts.

        Raises
        ------
        TypeError
            On samples or contexts that are not real numbers.
        ValueError
            On shapes that do not match, samples outside the support, no samples, negative or too
            large classes, or options that do not exist or exclude each other.
        """
        _check(terms, base, period, support, regularization, bin_width)
        samples, contexts, mass = _paired(x, c, weights, nan_policy)
        context = Context.of(contexts)
        if functions != "auto" and functions not in context.known:
            known = ", ".join(context.known)
            raise ValueError(f"functions must be 'auto' or one of {known}: {functions!r}")
        total = float(mass.sum())
        if bin_width > 0.0:
            # evenly over the bin, in an order in which any run of samples is even
            offset = np.arange(1, samples.size + 1) * _GOLDEN
            samples = samples + bin_width * (offset - np.floor(offset) - 0.5)
        names = _CHOSEN_FROM if base == "auto" else (base,)
        if support is not None:
            low, high = support
            if samples.min() < low or samples.max() > high:
                raise ValueError(f"samples lie outside the support {support!r}")
            centre, spread, names = float(low), float(high) - float(low), ("interval",)
        elif period is not None:
            centre, spread, names = 0.0, float(period), ("circle",)
        else:
            centre, spread = _frame(samples, mass)
        task = Task(
            y=np.clip((samples - centre) / spread, -_FARTHEST, _FARTHEST),
            shares=mass / total,
            total=total,
            context=context,
            rows=context.rows(contexts),
            families=tuple(Family(name) for name in names),
            terms=terms,
            recipe=None if functions == "auto" else functions,
            gamma=0.1 / max(total, 1.0) if regularization == "auto" else float(regularization),
        )
        return cls(fit(task), context, centre, spread)

    @property
    def base_name(self) -> str:
        """Name of the base."""
        return self._fitted.family.name

    @property
    def terms(self) -> int:
        """N, the number of complex terms."""
        return self._fitted.terms

    @property
    def functions(self) -> dict[str, str]:
        """Functions of the context in location, scale and amplitudes."""
        found: dict[str, str] = {}
        if self._fitted.family.moves:
            found["loc"] = self._fitted.loc
        if self._fitted.family.scales:
            found["scale"] = self._fitted.scale
        found["amplitude"] = self._fitted.amplitude
        return found

    @property
    def n_parameters(self) -> int:
        """Number of real coefficients."""
        return int(self._fitted.theta.size)

    @property
    def parameter_bits(self) -> float:
        """Bits of the rounded coefficients and of the names and units beside them."""
        return self._fitted.parameters

    @property
    def support(self) -> tuple[float, float]:
        """Smallest interval that carries all mass whatever the context."""
        if self._fitted.family.scales:
            return -math.inf, math.inf
        return self._centre, self._centre + self._spread

    def pdf(self, x: ArrayLike, c: ArrayLike) -> Any:
        """Density at `x` given `c`, in 1 / unit of x; arrays broadcast against each other."""
        return np.exp(self.logpdf(x, c))

    def logpdf(self, x: ArrayLike, c: ArrayLike) -> Any:
        """Natural logarithm of the density at `x` given `c`; -inf outside the support."""
        return self._by_rows(self._logpdf, [x], c)

    def cdf(self, x: ArrayLike, c: ArrayLike) -> Any:
        """Probability of a value <= `x` given `c`; on a circle, of one in [0, x]."""
        return self._by_rows(lambda rows, x: self._mass(rows, np.full_like(x, -np.inf), x), [x], c)

    def ppf(self, q: ArrayLike, c: ArrayLike) -> Any:
        """Quantile function given `c`: the inverse of `cdf`; NaN for q outside [0, 1]."""
        return self._by_rows(self._ppf, [q], c)

    def mass(self, low: ArrayLike, high: ArrayLike, c: ArrayLike) -> Any:
        """Probability of ``low < x <= high`` given `c`, to about 1e-16; less far out in a tail."""
        a, b = np.broadcast_arrays(np.asarray(low, np.float64), np.asarray(high, np.float64))
        if np.any(b < a):
            raise ValueError("an interval ends before it begins")
        return self._by_rows(self._mass, [a, b], c)

    def rvs(self, c: ArrayLike, rng: np.random.Generator | int | None = None) -> Any:
        """Random samples, one for every context.

        Parameters
        ----------
        c : array_like
            Contexts; ``np.broadcast_to(c, (size, ...))`` gives several samples of one.
        rng : numpy.random.Generator or int, optional
            Source of randomness, or a seed for one.
        """
        shape = self._context.shape(np.asarray(c))
        return self.ppf(np.random.default_rng(rng).random(shape), c)

    def code_length(
        self,
        x: ArrayLike,
        c: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        bin_width: float = 0.0,
    ) -> float:
        """Ideal code length of samples given their contexts, in bits, without the parameters.

        Parameters
        ----------
        x, c : array_like
            Samples and contexts, as of `fit`.
        weights : array_like, shape of `x`, optional
            Weights of the samples.
        bin_width : float
            0: minus the sum of log2 pdf. Positive: the samples stand for bins
            ``x +- bin_width / 2``, and their masses are coded; 1 for integers.
        """
        x = np.asarray(x, dtype=np.float64)
        if bin_width > 0.0:
            with np.errstate(divide="ignore"):
                logs = np.log(self.mass(x - 0.5 * bin_width, x + 0.5 * bin_width, c))
                # far out in a tail, where masses underflow
                logs = np.where(logs > -700.0, logs, self.logpdf(x, c) + math.log(bin_width))
        else:
            logs = self.logpdf(x, c)
        if weights is not None:
            logs = np.asarray(weights, dtype=np.float64) * logs
        return -float(np.sum(logs)) / math.log(2.0)

    def at(self, c: ArrayLike) -> FourierDensity:
        """Density of one context, shape () or (k,)."""
        array = np.asarray(c)
        if self._context.shape(array) != ():
            raise ValueError(f"one context is wanted, not shape {array.shape}")
        loc, log_scale, a = self._parts(self._context.rows(array[None]))
        r = circle.autocorrelations(a)[:, 0]
        n = np.arange(1, r.size + 1)
        signs = np.where(n % 2, -1.0, 1.0)
        family = self._fitted.family
        if not family.scales:
            r = r * np.exp(-2j * math.pi * n * loc[0])
            return FourierDensity(r * signs, Uniform(self._centre, self._spread))
        scale = self._spread * math.exp(log_scale[0])
        shape = family.standard.shape_parameters
        base = BASES[family.name](self._centre + self._spread * loc[0], scale, *shape)
        return FourierDensity(r * signs, base)

    # -- by rows --

    def _by_rows(self, function: Any, values: list[ArrayLike], c: ArrayLike) -> Any:
        """Broadcast values and contexts, and evaluate some rows at a time."""
        contexts = np.asarray(c)
        arrays = [np.asarray(value, dtype=np.float64) for value in values]
        shape = np.broadcast_shapes(self._context.shape(contexts), *(a.shape for a in arrays))
        flat = [np.broadcast_to(a, shape).ravel() for a in arrays]
        features = () if self._context.scalar else contexts.shape[-1:]
        contexts = np.broadcast_to(contexts, shape + features).reshape((-1, *features))
        out = np.empty(math.prod(shape))
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            for first in range(0, out.size, _ROWS):
                at = slice(first, first + _ROWS)
                rows = self._context.rows(contexts[at])
                out[at] = function(rows, *(a[at] for a in flat))
        return out.reshape(shape)[()]

    def _parts(self, rows: NDArray[Any]) -> tuple[Floats, Floats, Complexes]:
        """Location, log scale and amplitudes (N + 1, n) at contexts."""
        fitted = self._fitted
        loc, scale, w = fitted.layout.split(fitted.theta)
        kept = {
            name: columns(self._context, rows, name)
            for name in {fitted.loc, fitted.scale, fitted.amplitude}
        }
        n = rows.shape[0]
        at = np.zeros(n)
        if loc.size:
            by_loc = kept[fitted.loc]
            at = loc @ (by_loc[1:] if fitted.family.name == "circle" else by_loc)
        log_scale = np.clip(scale @ kept[fitted.scale], -30.0, 30.0) if scale.size else np.zeros(n)
        if fitted.terms == 0:
            return at, log_scale, np.ones((1, n), dtype=np.complex128)
        return at, log_scale, w @ kept[fitted.amplitude]

    def _standardised(self, x: Floats, loc: Floats, log_scale: Floats) -> Floats:
        return np.asarray(((x - self._centre) / self._spread - loc) * np.exp(-log_scale))

    def _logpdf(self, rows: NDArray[Any], x: Floats) -> Floats:
        loc, log_scale, a = self._parts(rows)
        z = self._standardised(x, loc, log_scale)
        family = self._fitted.family
        if family.name == "circle":
            v, log_f = z - np.floor(z), np.where(np.isfinite(z), 0.0, -np.inf)
            log_f = np.where(np.isnan(x), np.nan, log_f)
        else:
            standard = family.standard
            v, log_f = standard._cdf(z), standard._standard_logpdf(z)
        logs = log_f - log_scale - math.log(self._spread)
        if a.shape[0] == 1:
            return np.asarray(logs)
        amplitude = (a * powers(v, a.shape[0] - 1)).sum(axis=0)
        norm = np.maximum((a.real**2 + a.imag**2).sum(axis=0), 1e-300)
        q = FLOOR + (1.0 - FLOOR) * (amplitude.real**2 + amplitude.imag**2) / norm
        return np.asarray(np.where(np.isneginf(logs), logs, logs + np.log(q)))

    def _mass(self, rows: NDArray[Any], low: Floats, high: Floats) -> Floats:
        loc, log_scale, a = self._parts(rows)
        if self._fitted.family.name == "circle":
            # of one turn, from 0
            begin = np.clip(low / self._spread, 0.0, 1.0)
            start, width = begin - loc, np.clip(high / self._spread, 0.0, 1.0) - begin
            start -= np.floor(start)
        else:
            standard = self._fitted.family.standard
            z_low = self._standardised(low, loc, log_scale)
            z_high = self._standardised(high, loc, log_scale)
            start, width = standard._cdf(z_low), standard._mass(z_low, z_high)
        if a.shape[0] == 1:
            return np.asarray(width)
        return np.clip(circle.mass(start, width, circle.autocorrelations(a)), 0.0, 1.0)

    def _ppf(self, rows: NDArray[Any], q: Floats) -> Floats:
        loc, log_scale, a = self._parts(rows)
        outside = ~((q >= 0.0) & (q <= 1.0))
        q = np.where(outside, 0.5, q)
        r = circle.autocorrelations(a)
        if self._fitted.family.name == "circle":
            start = -loc - np.floor(-loc)
            x = self._spread * circle.quantile(q, start, r)
        else:
            v = circle.quantile(q, np.zeros(q.size), r)
            z = self._fitted.family.standard._ppf(v)
            x = self._centre + self._spread * (loc + np.exp(log_scale) * z)
        return np.where(outside, np.nan, x)


def _check(
    terms: Any, base: str, period: Any, support: Any, regularization: Any, bin_width: float
) -> None:
    if terms != "auto" and not (isinstance(terms, int | np.integer) and 0 <= terms <= _MOST_TERMS):
        raise ValueError(f"terms must be 'auto' or an integer in 0..{_MOST_TERMS}: {terms!r}")
    if base != "auto" and base not in _LINE:
        raise ValueError(f"base must be 'auto' or one of {', '.join(_LINE)}: {base!r}")
    if (period is not None) + (support is not None) + (base != "auto") > 1:
        raise ValueError("base, period and support exclude each other: give one at most")
    if period is not None and not 0.0 < period < math.inf:
        raise ValueError(f"period must be positive and finite: {period!r}")
    if support is not None:
        low, high = support
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"support must be (low, high) with low < high: {support!r}")
    if regularization != "auto" and not 0.0 <= regularization < math.inf:
        raise ValueError(f"regularization must be 'auto' or not negative: {regularization!r}")
    if not 0.0 <= bin_width < math.inf:
        raise ValueError(f"bin_width must be finite and not negative: {bin_width!r}")


def _paired(
    x: ArrayLike, c: ArrayLike, weights: ArrayLike | None, nan_policy: NanPolicy
) -> tuple[Floats, NDArray[Any], Floats]:
    """Leave out bad rows and rows of weight 0; samples, contexts and weights."""
    samples, contexts = np.asarray(x), np.asarray(c)
    if samples.ndim != 1:
        raise ValueError(f"samples must have shape (n,), not {samples.shape}")
    if contexts.ndim not in (1, 2) or contexts.shape[0] != samples.size:
        raise ValueError(
            f"contexts must have shape (n,) or (n, k) with n = {samples.size}, not {contexts.shape}"
        )
    if samples.dtype.kind not in "biuf":
        raise TypeError(f"samples must be real numbers, not {samples.dtype}")
    if contexts.dtype.kind not in "biuf":
        raise TypeError(f"contexts must be real numbers or integers, not {contexts.dtype}")
    samples = samples.astype(np.float64)
    fine = np.isfinite(samples)
    fine &= np.isfinite(contexts.reshape(samples.size, -1)).all(axis=1)
    # a row is left out with its first bad number
    witness = np.where(fine, np.arange(samples.size, dtype=np.float64), np.nan)
    kept, mass = samples_of(witness, weights, nan_policy)
    at = kept.astype(np.intp)
    samples, _ = samples_of(samples[at])
    return samples, contexts[at], np.ones(at.size) if mass is None else mass


def _frame(x: Floats, mass: Floats) -> tuple[float, float]:
    """Median of the samples and a power of two near their spread."""
    order = np.argsort(x, kind="stable")
    cumulative = np.cumsum(mass[order])
    at = np.searchsorted(cumulative, np.array([0.25, 0.5, 0.75]) * cumulative[-1])
    lower, median, upper = (float(x[order[min(i, x.size - 1)]]) for i in at)
    spread = (upper / 2.0 - lower / 2.0) / 0.6745
    if spread == 0.0:
        spread = float(np.abs(x / 2.0 - median / 2.0).max())
    largest = max(abs(lower), abs(median), abs(upper))
    spread = max(spread, math.ldexp(largest, -40), math.ldexp(1.0, -1000))
    return median, math.ldexp(1.0, math.frexp(spread)[1] - 1)
