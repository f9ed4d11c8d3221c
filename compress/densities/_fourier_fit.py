"""Fitting of Fourier terms over a base: which base, how many terms, which coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from compress.densities import _spectrum as spectrum
from compress.densities._circle import density_at, slope_at
from compress.densities._counting import split_linearly
from compress.densities._ends import outer_ends
from compress.densities.bases import BASES, Base, Exponential, Uniform
from compress.densities.density import parameter_cost
from compress.densities.statistic import Statistic

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

    def __post_init__(self) -> None:
        terms, gamma = self.terms, self.regularization
        if terms != "auto" and not (
            isinstance(terms, int | np.integer) and 0 <= terms <= _MOST_TERMS
        ):
            raise ValueError(f"terms must be 'auto' or an integer in 0..{_MOST_TERMS}: {terms!r}")
        if self.base != "auto" and self.base not in BASES:
            raise ValueError(f"base must be 'auto' or one of {', '.join(BASES)}: {self.base!r}")
        if gamma != "auto" and not (isinstance(gamma, float | int) and 0.0 <= gamma < math.inf):
            raise ValueError(f"regularization must be 'auto' or not negative: {gamma!r}")
        if not 0.0 <= self.bin_width < math.inf:
            raise ValueError(f"bin_width must be finite and not negative: {self.bin_width!r}")
        if self.support is None:
            return
        if self.base not in ("auto", "uniform"):
            raise ValueError(f"a support needs the uniform base, not {self.base!r}")
        low, high = self.support
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"support must be (low, high) with low < high: {self.support!r}")
        half = 0.5 * self.bin_width
        if self.statistic.minimum - half < low or self.statistic.maximum + half > high:
            raise ValueError(f"samples lie outside the support {self.support!r}")

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
    if task.base != "auto":
        best = _fit_over(task, task.base)
    elif task.support is not None:
        best = _fit_over(task, "uniform")
    else:
        best = _fit_over(task, _best_base(task))
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

    # with an end only where the density breaks off: elsewhere it would leave mass outside
    low, high = outer_ends(task.statistic, task.bin_width)
    names = [*_LINE_BASES]
    if low is not None:
        names.append("exponential")
        if high is not None and low < high:
            names.append("uniform")
    return min(names, key=shortest)


def _bits(task: Task, found: _Fit) -> float:
    """Total code length: samples, coefficients, base."""
    n = task.statistic.total
    parameters = found.base.n_parameters * parameter_cost(n) + coefficient_bits(found.r, n)
    return n * found.value / math.log(2.0) + parameters


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
    if task.support is None and name in ("exponential", "uniform"):
        low, high = outer_ends(statistic, task.bin_width)
        if low is not None and name == "exponential":
            return Exponential.above(low, statistic, task.bin_width)
        if low is not None and high is not None and name == "uniform" and low < high:
            return Uniform(low, high - low)
    if name != "uniform":
        found: Base = BASES[name].fit(statistic, bin_width=task.bin_width)
        return found
    if task.support is not None:
        low, high = task.support
        return Uniform(low, high - low)
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

    @classmethod
    def of(cls, task: Task, base: Base) -> _Cells:
        x, shares = task.statistic.values, task.statistic.shares()
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

    def movable(self, base: Base) -> bool:
        """Whether location and scale of the base are free."""
        return not isinstance(base, Uniform)

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
            split_linearly(base._cdf(self.x), self.shares, nodes)
            return nodes
        low, width = self.edges(base)
        at = (np.arange(_SPREAD) + 0.5) / _SPREAD
        v = np.minimum(low[:, None] + width[:, None] * at, 1.0).ravel()
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


def _rough_cdf(base: Base, x: Floats) -> Floats:
    """Distribution function at rising x; of many, at some exactly and linear between."""
    if x.size <= _MANY_VALUES:
        return base._cdf(x)
    some = np.append(x[:-1:8], x[-1])
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
    gradient, information = np.zeros(2), np.zeros((2, 2))
    z = base.standardise(cells.x)
    v = base._cdf(cells.x)
    density = np.exp(base._standard_logpdf(z))
    by_z = slope_at(v, r) / density_at(v, r) * density - base._standard_score(z)
    # an end stays where it is
    by_loc = np.zeros_like(z) if isinstance(base, Exponential) else -by_z
    scores = np.stack([by_loc, -by_z * z - 1.0])
    gradient = (scores * cells.shares).sum(axis=1)
    information = np.array([[float((cells.shares * a * b).sum()) for a in scores] for b in scores])
    step = np.linalg.solve(information + 1e-9 * np.trace(information) * np.eye(2), gradient)
    if 0.5 * float(gradient @ step) < 4.0 * cells.tolerance:
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
    logs = base._logpdf(cells.x) + np.log(density_at(base._cdf(cells.x), r))
    return -float((cells.shares * logs).sum())
