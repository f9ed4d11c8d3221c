"""Fitting of Fourier terms over a base: which base, how many terms, which coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from compress.densities._counting import split_linearly
from compress.densities.bases import BASES, Base, Exponential, Uniform
from compress.densities.density import parameter_cost
from compress.densities.families.base import checked_support
from compress.densities.families.circle import Circle, VonMises, checked_period, is_circular
from compress.densities.fourier import spectrum
from compress.densities.series import density_at, slope_at
from compress.densities.statistic import Statistic
from compress.densities.support import outer_ends

__all__ = ["Task", "coefficient_bits", "fit"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# The numbers of terms that terms="auto" tries.
_LADDER = (1, 2, 3, 4, 6, 8, 11, 14, 18, 23, 32, 45, 64, 90, 128)
_MOST_TERMS = 4096
_GROUPS = 1024
_SPREAD = 16
_MANY_VALUES = 1 << 14
_LINE_BASES = ("normal", "laplace", "logistic", "student")
_HALF_LINE_BASES = ("exponential", "gamma", "weibull")
_INTERVAL_BASES = ("uniform", "beta")
_CIRCLE_BASES = ("circle", "vonmises")
# Cells next to an end, over which a base may vary without bound, and the parts that each is
# divided into.
_END_CELLS = 32
_PARTS = 8
_KNOWN_BASES = 8
_FEW_RUNGS = (4, 14, 45)
_MOVES = 2
# Newton steps of a final fit, and of one that is only weighed against others.
_STEPS = 25
_FEW_STEPS = 5
# With terms to shape it, a base wider than its own best fit often serves better.
_WIDENINGS = (1.0, 1.6, 2.5)


@dataclass(frozen=True)
class Task:
    """What to fit to what; see `FourierDensity.fit`."""

    statistic: Statistic
    terms: int | Literal["auto"]
    base: str
    support: tuple[float, float] | None
    regularization: float | Literal["auto"]
    bin_width: float
    period: float | None = None
    cut: float = 0.0

    def __post_init__(self) -> None:
        terms, gamma = self.terms, self.regularization
        if terms != "auto" and not (
            isinstance(terms, int | np.integer) and 0 <= terms <= _MOST_TERMS
        ):
            raise ValueError(f"terms must be 'auto' or an integer in 0..{_MOST_TERMS}: {terms!r}")
        known = (*BASES, *_CIRCLE_BASES)
        if self.base != "auto" and self.base not in known:
            raise ValueError(f"base must be 'auto' or one of {', '.join(known)}: {self.base!r}")
        if (self.base in _CIRCLE_BASES) > (self.period is not None):
            raise ValueError(f"the base {self.base!r} needs a period")
        if gamma != "auto" and not (isinstance(gamma, float | int) and 0.0 <= gamma < math.inf):
            raise ValueError(f"regularization must be 'auto' or not negative: {gamma!r}")
        if not 0.0 <= self.bin_width < math.inf:
            raise ValueError(f"bin_width must be finite and not negative: {self.bin_width!r}")
        if self.period is not None:
            checked_period(self.period, self.cut)
            if self.support is not None:
                raise ValueError("a support needs a line, not a circle: give no period with it")
            if self.base not in ("auto", *_CIRCLE_BASES):
                raise ValueError(f"a period needs a base on the circle, not {self.base!r}")
        if self.support is not None:
            ends = tuple(math.isfinite(end) for end in checked_support(*self._support()))
            if ends == (False, True):
                raise ValueError(
                    f"a support needs a lower end where it has an upper one: {self.support!r}; "
                    "negated samples have it"
                )
            if self.base != "auto" and ends != BASES[self.base].ENDS:
                raise ValueError(f"the base {self.base!r} needs another support: {self.support!r}")

    def _support(self) -> tuple[tuple[float, float], Statistic]:
        if self.support is None:
            raise AssertionError("there is no support")
        return self.support, self.statistic

    def bases(self) -> tuple[str, ...]:
        """Names of the bases that base="auto" weighs."""
        if self.period is not None:
            return _CIRCLE_BASES
        low, high = self.support if self.support is not None else self.ends()
        names: tuple[str, ...] = ()
        if self.support is None or not math.isfinite(low):
            names = _LINE_BASES
        # with an end only where the density breaks off: elsewhere it would leave mass outside
        if math.isfinite(low) and (self.support is None or not math.isfinite(high)):
            names += _HALF_LINE_BASES
        if math.isfinite(low) and math.isfinite(high):
            names += _INTERVAL_BASES
        return names

    def ends(self) -> tuple[float, float]:
        """Return the ends where the samples break off; infinite where they do not."""
        low, high = outer_ends(self.statistic, self.bin_width)
        if low is not None and high is not None and low >= high:
            high = None
        return -math.inf if low is None else low, math.inf if high is None else high

    @property
    def gamma(self) -> float:
        """Weight of the regulariser."""
        if self.regularization == "auto":
            return 0.1 / max(self.statistic.total, 1.0)
        return float(self.regularization)

    @property
    def tolerance(self) -> float:
        """Improvement in nats per sample that is not worth a step: 0.05 nats over all samples."""
        return max(0.05 / max(self.statistic.total, 1.0), 1e-9)


@dataclass(frozen=True)
class _Fit:
    a: Complexes
    base: Base
    value: float  # penalised nats per sample, base and bins included

    @property
    def r(self) -> Complexes:
        return spectrum.autocorrelation(self.a)


def coefficient_bits(r: Complexes, n: float) -> float:
    """Bits of coefficients quantised to the step at which rounding costs 1/2 nat each.

    A step of sqrt(6 / n) balances bits saved against likelihood lost: about 3.5 standard errors
    of a moment. An integer k is counted as 3/2 + log2(1 + |k|) bits; the number of terms as a
    universal integer.
    """
    step = math.sqrt(6.0 / max(n, 6.0))
    sizes = np.abs(np.concatenate([r.real, r.imag])) / step
    return float((1.5 + np.log2(1.0 + sizes)).sum()) + 2.0 * math.log2(r.size + 1.0) + 1.0


def fit(task: Task) -> tuple[Complexes, Base]:
    """Coefficients on the circle (see `_spectrum`) and the base under them."""
    best = _fit_over(task, task.base if task.base != "auto" else _best_base(task))
    return best.r, best.base


def _best_base(task: Task) -> str:
    """Choose the base with the shortest total code at a few numbers of terms."""

    def shortest(name: str) -> float:
        base = _start_base(task, name)
        cells = _Cells.of(task, base)
        found = [_bare(cells, base)]
        if task.terms == "auto":
            most = max(_ladder(task, cells, base), default=0)
            rungs = [terms for terms in _FEW_RUNGS if terms <= most] or [most] * (most > 0)
        else:
            rungs = [task.terms] if task.terms else []
            found = found[: 1 - len(rungs)]
        found += [_fit_terms(cells, base, terms, moves=0, steps=_FEW_STEPS) for terms in rungs]
        return min(_bits(task, one) for one in found)

    return min(task.bases(), key=shortest)


def _bits(task: Task, found: _Fit) -> float:
    """Total code length: samples, coefficients, base."""
    n = task.statistic.total
    parameters = found.base.n_parameters * parameter_cost(n) + coefficient_bits(found.r, n)
    # an infinite density at a sample on an end is no code
    return n * found.value / math.log(2.0) + parameters if math.isfinite(found.value) else math.inf


def _bare(cells: _Cells, base: Base) -> _Fit:
    return _Fit(np.ones(1, dtype=np.complex128), base, cells.base_value(base))


def _fit_over(task: Task, name: str) -> _Fit:
    base = _start_base(task, name)
    cells = _Cells.of(task, base)
    best = _bare(cells, base)
    if task.terms == 0:
        return best
    if task.terms != "auto":
        return _fit_terms(cells, base, task.terms, moves=_MOVES)
    best_bits = _bits(task, best)
    for terms in _ladder(task, cells, base):
        current = _fit_terms(cells, base, terms, moves=1, steps=_FEW_STEPS)
        bits = _bits(task, current)
        if bits < best_bits:
            best, best_bits = current, bits
    if best.r.size == 0:
        return best
    objective = cells.objective(best.base, best.r.size, cells.nodes(best.base, best.r.size))
    a, value = spectrum.maximise(objective, best.a, cells.tolerance, _STEPS)
    best = replace(best, a=a, value=value + cells.base_value(best.base))
    return _settle(cells, best, _MOVES)


def _ladder(task: Task, cells: _Cells, base: Base) -> Iterator[int]:
    """Numbers of terms up to a little beyond the last moment that stands out of the noise."""
    # a density of points with as many coefficients as distinct values would only trace those
    distinct = task.statistic.values.size
    most = distinct // 2 if task.bin_width == 0.0 else 2 * distinct
    most = min(most, _LADDER[-1], int(task.statistic.total / 4.0))
    if most < 1:
        return
    moments = np.fft.rfft(cells.nodes(base, most))[1 : most + 1]
    # under the base alone n |moment|^2 is exponential with mean 1
    loud = np.flatnonzero(np.abs(moments) ** 2 * task.statistic.total > 3.0 + math.log(most))
    last = 1 + int(loud[-1]) if loud.size else 0
    for terms in _LADDER:
        if terms <= most:
            yield terms
        if terms > 1.2 * last:
            return


def _start_base(task: Task, name: str) -> Base:
    statistic = task.statistic
    if task.period is not None:
        if name == "circle":
            return Circle(task.cut, task.period)
        return VonMises.fit(statistic, period=task.period, cut=task.cut, bin_width=task.bin_width)
    if task.support is not None:
        known: Base = BASES[name].fit(statistic, bin_width=task.bin_width, support=task.support)
        return known
    if name in ("exponential", "uniform"):
        low, high = task.ends()
        if math.isfinite(low) and name == "exponential":
            return Exponential.above(low, statistic, task.bin_width)
        if math.isfinite(low) and math.isfinite(high) and name == "uniform":
            return Uniform(low, high - low)
    if name != "uniform":
        found: Base = BASES[name].fit(statistic, bin_width=task.bin_width)
        return found
    tight = Uniform.fit(statistic, bin_width=task.bin_width)
    if task.bin_width > 0.0:
        return tight
    # the range of n uniform samples falls short by 2 / (n + 1)
    margin = tight.scale / (statistic.total + 1.0)
    return Uniform(tight.loc - margin, tight.scale + 2.0 * margin)


@dataclass(frozen=True)
class _Cells:
    """Samples in groups that no density of the task tells apart."""

    x: Floats
    shares: Floats
    half_bin: float
    gamma: float
    tolerance: float
    # distribution functions of the last bases at x: steps come back to them
    known: dict[Base, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Task, base: Base) -> _Cells:
        x, shares = task.statistic.values, task.statistic.shares()
        if base.ENDS[0] and not is_circular(base) and task.bin_width == 0.0:
            x, shares = _spread_at_ends(task.statistic, base)
        if x.size > _GROUPS:
            terms = _LADDER[-1] if task.terms == "auto" else task.terms
            groups = max(_GROUPS, 64 * terms)
            z = base.standardise(x)
            key = np.floor(_rough_cdf(base, x) * groups) + np.floor(np.arcsinh(z) * 64.0)
            starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
            middle = x[starts]
            offsets = np.repeat(middle, np.diff(np.append(starts, x.size)))
            moments = np.add.reduceat(shares * (x - offsets), starts)
            shares = np.add.reduceat(shares, starts)
            x = middle + moments / shares
        return cls(x, shares, 0.5 * task.bin_width, task.gamma, task.tolerance)

    def cdf(self, base: Base) -> Floats:
        """Distribution function of a base at the groups."""
        if base not in self.known:
            if len(self.known) >= _KNOWN_BASES:
                self.known.clear()
            self.known[base] = base._cdf(self.x)
        return self.known[base]

    def inner(self, base: Base) -> Floats:
        """Return the groups, those on an end moved to the middle of what their bin has inside."""
        if self.half_bin == 0.0 or not base.ENDS[0] or isinstance(base, Uniform | Exponential):
            return self.x
        low, high = base.support
        return np.clip(self.x, low + 0.5 * self.half_bin, high - 0.5 * self.half_bin)

    def movable(self, base: Base) -> bool:
        """Whether location and scale of the base are free."""
        return not base.ENDS[1]

    def wide(self, base: Base, terms: int) -> bool:
        """Whether the density varies inside a bin."""
        if self.half_bin == 0.0:
            return False
        peak = math.exp(float(base._logpdf(base._ppf(np.array([0.5])))[0]))
        return 2.0 * self.half_bin * peak * max(terms, 1) > 0.02

    def nodes(self, base: Base, terms: int) -> Floats:
        """Shares on the circle."""
        nodes = np.zeros(spectrum.grid_size(terms))
        if not self.wide(base, terms):
            split_linearly(self.cdf(base), self.shares, nodes)
            return nodes
        low, width = self.edges(base)
        at = (np.arange(_SPREAD) + 0.5) / _SPREAD
        v = low[:, None] + width[:, None] * at
        v = (np.mod(v, 1.0) if is_circular(base) else np.minimum(v, 1.0)).ravel()
        split_linearly(v, np.repeat(self.shares / _SPREAD, _SPREAD), nodes)
        return nodes

    def edges(self, base: Base) -> tuple[Floats, Floats]:
        """Lower ends and widths of the bins on the circle."""
        low = base._cdf(self.x - self.half_bin)
        return low, base._mass(self.x - self.half_bin, self.x + self.half_bin)

    def base_value(self, base: Base) -> float:
        """Nats per sample under the base alone."""
        if self.half_bin == 0.0:
            return -float((self.shares * base._logpdf(self.x)).sum())
        logs = np.asarray(base.log_mass(self.x - self.half_bin, self.x + self.half_bin))
        return -float((self.shares * logs).sum())

    def objective(self, base: Base, terms: int, nodes: Floats) -> spectrum.Objective:
        """Likelihood of the coefficients over a base."""
        if self.wide(base, terms):
            low, width = self.edges(base)
            return spectrum.BinLikelihood(low, width, self.shares, terms, self.gamma)
        return spectrum.CircleLikelihood(nodes, terms, self.gamma)


def _spread_at_ends(statistic: Statistic, base: Base) -> tuple[Floats, Floats]:
    """Values and shares with the cells next to the ends divided as the base divides them."""
    x, shares = statistic.values, statistic.shares()
    low, high = base.support
    # samples on an end stand for its neighbourhood
    inner = 0.5 * statistic.resolution
    if statistic.width == 0.0:
        # but for the uniform and exponential densities, whose ends are like any place
        if isinstance(base, Uniform | Exponential):
            return x, shares
        least = max(low + inner, math.nextafter(low, math.inf))
        most = max(least, min(high - inner, math.nextafter(high, -math.inf)))
        return np.clip(x, least, most), shares
    count = min(_END_CELLS, x.size)
    at = np.arange(count)
    if math.isfinite(high):
        at = np.unique(np.concatenate([at, np.arange(x.size - count, x.size)]))
    left = np.maximum(x[at] - 0.5 * statistic.width, low)
    right = np.minimum(x[at] + 0.5 * statistic.width, high)
    v, width = base._cdf(left), base._mass(left, right)
    parts = (np.arange(_PARTS) + 0.5) / _PARTS
    inside = base._ppf((v[:, None] + width[:, None] * parts).ravel()).reshape(at.size, _PARTS)
    inside = np.clip(inside, left[:, None], right[:, None])
    rest = np.ones(x.size, dtype=np.bool_)
    rest[at] = False
    x = np.concatenate([x[rest], inside.ravel()])
    shares = np.concatenate([shares[rest], np.repeat(shares[at] / _PARTS, _PARTS)])
    order = np.argsort(x, kind="stable")
    return x[order], shares[order]


def _rough_cdf(base: Base, x: Floats) -> Floats:
    """Distribution function at rising x; of many, at some exactly and linear between."""
    if x.size <= _MANY_VALUES:
        return base._cdf(x)
    # the incomplete functions of bases with ends are the dearest
    some = np.append(x[: -1 : 32 if base.ENDS[0] else 8], x[-1])
    return np.interp(x, some, base._cdf(some))


def _fit_terms(cells: _Cells, base: Base, terms: int, moves: int, steps: int = _STEPS) -> _Fit:
    """Closed-form start over the base, or a wider one; Newton steps; moves of the base."""
    starts = []
    for widening in _WIDENINGS if cells.movable(base) and terms > 2 else (1.0,):
        wider = base
        if widening != 1.0:
            wider = type(base)(base.loc, widening * base.scale, *base.shape_parameters)
        nodes = cells.nodes(wider, terms)
        objective = cells.objective(wider, terms, nodes)
        beneath = cells.base_value(wider)
        for floor in (1e-1, 1e-2, 1e-4):
            a = spectrum.minimum_phase(nodes, terms, 2.0 * terms, floor)
            value = objective.value(spectrum.autocorrelation(a)) + beneath
            starts.append((value, a, wider, objective, beneath))
    _, a, base, objective, beneath = min(starts, key=lambda start: start[0])
    a, value = spectrum.maximise(objective, a, cells.tolerance, steps)
    return _settle(cells, _Fit(a, base, value + beneath), moves, steps)


def _settle(cells: _Cells, found: _Fit, moves: int, steps: int = _STEPS) -> _Fit:
    """Move location and scale and follow with the coefficients, in turn."""
    for _ in range(moves if cells.movable(found.base) else 0):
        moved = _move_base(cells, found)
        if moved is None:
            break
        terms = found.r.size
        objective = cells.objective(moved, terms, cells.nodes(moved, terms))
        a, value = spectrum.maximise(objective, found.a, cells.tolerance, steps)
        new = replace(found, a=a, base=moved, value=value + cells.base_value(moved))
        gain = found.value - new.value
        if gain <= 0.0:
            break
        found = new
        if gain < cells.tolerance:
            break
    return found


def _move_base(cells: _Cells, found: _Fit) -> Base | None:
    """Location and scale one scoring step further with the terms held, or None at the top."""
    base, r = found.base, found.r
    if cells.wide(base, r.size):
        return None
    z = base.standardise(cells.inner(base))
    v = cells.cdf(base)
    density = np.exp(base._standard_logpdf(z))
    by_z = slope_at(v, r) / density_at(v, r) * density - base._standard_score(z)
    # an end stays where it is
    by_loc = np.zeros_like(z) if base.ENDS[0] else -by_z
    scores = np.stack([by_loc, -by_z * z - 1.0])
    gradient = (scores * cells.shares).sum(axis=1)
    information = np.array([[float((cells.shares * a * b).sum()) for a in scores] for b in scores])
    step = np.linalg.solve(information + 1e-9 * np.trace(information) * np.eye(2), gradient)
    # not so large where nothing is finite
    if not 0.5 * float(gradient @ step) >= 4.0 * cells.tolerance:
        return None
    step *= min(1.0, 0.5 / float(np.abs(step).max()))
    start = _sample_value(cells, base, r)
    for length in (1.0, 0.4, 0.1):
        loc = base.loc + base.scale * length * float(step[0])
        scale = base.scale * math.exp(length * float(step[1]))
        moved = type(base)(loc, scale, *base.shape_parameters)
        if _sample_value(cells, moved, r) < start:
            return moved
    return None


def _sample_value(cells: _Cells, base: Base, r: Complexes) -> float:
    logs = base._logpdf(cells.inner(base)) + np.log(density_at(cells.cdf(base), r))
    return -float((cells.shares * logs).sum())
