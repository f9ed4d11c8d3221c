"""Fitting: which base, which functions of the context, how many terms, which coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from compress.densities._counting import split_linearly
from compress.densities.bases import StudentT
from compress.densities.conditional import _descent as descent
from compress.densities.conditional._features import Context, columns
from compress.densities.conditional._objective import Family, Layout, Likelihood
from compress.densities.conditional._rounding import rounded
from compress.densities.fourier import spectrum

__all__ = ["Fitted", "Task", "fit"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# The numbers of terms that terms="auto" tries.
LADDER = (1, 2, 3, 4, 6, 8, 11, 14, 18, 23, 32)
# Rows that candidates are compared on; the winner is fitted to all.
_SEARCH_ROWS = 1 << 14
# Rows for the information matrix, and the largest matrix.
_INFORMATION_ROWS = 1 << 12
_FINAL_INFORMATION_ROWS = 1 << 14
_MOST_COEFFICIENTS = 1024
# With fewer samples for each coefficient a density traces the samples.
_SAMPLES_PER_COEFFICIENT = 10.0
# Steps of a fit that is only compared, and of the last one; steps until the information matrix is
# made anew, which double each time.
_STEPS = 35
_FINAL_STEPS = 155
_FIRST_STEPS = 5
# Nats per sample that are not worth a step of a fit that is only compared.
_SEARCH_TOLERANCE = 3e-5
# Step sizes of the coefficients that are tried, each half of the one before.
_HALVINGS = 3
# Frame (float64 and an exponent), base and its degrees of freedom, names, number of terms.
_HEADER_BITS = 64.0 + 12.0 + 3.0 + 8.0 + 9.0 + 6.0
# Under terms that shape it a base wider than its own best fit often serves better.
_WIDENINGS = (1.0, 1.5, 2.2)
_FIRST_TERMS = 4
# Rounds of changes to location and scale under the terms, and the gain, in bits per sample, that
# is worth another look at the amplitudes.
_ROUNDS = 2
_WORTH = 2e-4


@dataclass(frozen=True, eq=False)
class Task:
    """Samples in units of their frame, their contexts, and what is given of the density.

    Parameters
    ----------
    y, shares : ndarray of float64, shape (n,)
    total : float
        Sum of the weights.
    context : Context
    rows : ndarray, shape (n,) or (n, k)
    families : tuple of Family
        Bases to choose from.
    terms : int or "auto"
    recipe : str or None
        Functions of the context for the amplitudes where they are given.
    gamma : float
        Weight of the penalty.
    """

    y: Floats
    shares: Floats
    total: float
    context: Context
    rows: NDArray[Any]
    families: tuple[Family, ...]
    terms: int | Literal["auto"]
    recipe: str | None
    gamma: float

    def some(self, most: int) -> Task:
        """Task of at most so many of the rows."""
        n = self.y.size
        if n <= most:
            return self
        at = np.sort(np.random.default_rng(0).permutation(n)[:most])
        shares = self.shares[at] / self.shares[at].sum()
        return replace(self, y=self.y[at], shares=shares, rows=self.rows[at])


@dataclass(frozen=True, eq=False)
class Fitted:
    """A candidate: which functions, which coefficients.

    `bits` is the total code length of samples, in units of their frame, and parameters;
    `parameters` is that of the parameters alone.
    """

    family: Family
    loc: str
    scale: str
    amplitude: str
    terms: int
    theta: Floats
    layout: Layout
    bits: float = math.inf
    parameters: float = 0.0


class _Bench:
    """What candidates of one task are fitted with; the functions of the context are kept."""

    def __init__(self, task: Task, whole: float) -> None:
        self.task = task
        self.whole = whole  # weight of all samples, of which the task may hold some
        self.kept: dict[str, Floats] = {}

    def functions(self, recipe: str) -> Floats:
        if recipe not in self.kept:
            self.kept[recipe] = columns(self.task.context, self.task.rows, recipe)
        return self.kept[recipe]

    def loc_functions(self, family: Family, recipe: str) -> Floats:
        """Functions of location; on a circle without the constant, which phases stand for."""
        values = self.functions(recipe)
        if not family.moves:
            return values[:0]
        return values[1:] if family.name == "circle" else values

    def likelihood(self, one: Fitted) -> Likelihood:
        task = self.task
        scale = self.functions(one.scale)
        return Likelihood(
            one.family,
            task.y,
            task.shares,
            self.loc_functions(one.family, one.loc),
            scale if one.family.scales else scale[:0],
            self.functions(one.amplitude),
            one.terms,
            task.gamma,
        )

    def changed(self, one: Fitted, **changes: Any) -> Fitted:
        """Move coefficients to other functions, or another number of terms, by least squares."""
        new = replace(one, **changes)
        before, after = self.likelihood(one), self.likelihood(new)
        loc, scale, w = one.layout.split(one.theta)
        layout = after.layout
        loc = _projected(loc[None], before.loc, after.loc)[0]
        scale = _projected(scale[None], before.scale, after.scale)[0]
        amplitudes = np.zeros((layout.terms + 1, layout.n_amplitude), dtype=np.complex128)
        if layout.terms and w.size:
            many = min(w.shape[0], layout.terms + 1)
            real = _projected(w.real[:many], before.amplitude, after.amplitude)
            imag = _projected(w.imag[:many], before.amplitude, after.amplitude)
            amplitudes[:many] = real + 1j * imag
        elif layout.terms:
            one_everywhere = np.ones((1, 1))
            constant = np.ones((1, self.task.y.size))
            amplitudes[0] = _projected(one_everywhere, constant, after.amplitude)[0]
        theta = layout.join(loc, scale, amplitudes if layout.terms else amplitudes[:0])
        return replace(new, theta=theta, layout=layout, bits=math.inf)

    def maximise(self, one: Fitted, steps: int, rows: int = _INFORMATION_ROWS) -> Fitted:
        """Fit the coefficients of a candidate and measure its code."""
        likelihood = self.likelihood(one)
        theta = one.theta
        final = rows > _INFORMATION_ROWS
        tolerance = max(0.25 / self.whole, 1e-9) if final else _SEARCH_TOLERANCE
        ended, now = theta.size == 0, _FIRST_STEPS
        while steps > 0 and not ended:
            # far from the end the information changes quickly
            precondition = descent.solver(likelihood.information(theta, rows))
            theta, _, ended = descent.minimise(
                likelihood.value_and_gradient, theta, precondition, tolerance, min(now, steps)
            )
            steps -= now
            now *= 2
        theta = _normalised(theta, likelihood)
        return self.rounded(replace(one, theta=theta), likelihood, rows)[0]

    def rounded(self, one: Fitted, likelihood: Likelihood, rows: int) -> tuple[Fitted, Fitted]:
        """Measure the total code length of all samples, were the rows of the task like all.

        Returns the candidate with that length, and the same with its coefficients rounded.
        """
        size = one.theta.size
        here = min(float(self.task.y.size), self.whole)
        # samples fitted to flatter: by half a nat a coefficient, on all as on some
        flattery = 0.5 * size * (self.whole / here - 1.0)
        information = likelihood.information(one.theta, rows) if size else np.empty((0, 0))
        best = replace(one, bits=math.inf)
        for finer in range(_HALVINGS):
            theta, bits = one.theta, 0.0
            if size:
                groups = one.layout.groups()
                theta, bits = rounded(theta, information, groups, self.whole, finer)
            bits += self.header
            nats = self.whole * -float(self.task.shares @ likelihood.logs(theta)) + flattery
            total = bits + nats / math.log(2.0)
            if total >= best.bits:
                break
            best = replace(one, theta=theta, bits=total, parameters=bits)
        return replace(one, bits=best.bits, parameters=best.parameters), best

    @property
    def header(self) -> float:
        """Bits of the frame, base, names of the functions, number of terms, and features."""
        return _HEADER_BITS + self.task.context.bits


def fit(task: Task) -> Fitted:
    """Choose functions and terms by total code length on some rows, then fit to all and round."""
    best = _Search(_Bench(task.some(_SEARCH_ROWS), task.total), task).best()
    bench = _Bench(task, task.total)
    best = bench.maximise(best, _FINAL_STEPS, _FINAL_INFORMATION_ROWS)
    return bench.rounded(best, bench.likelihood(best), _FINAL_INFORMATION_ROWS)[1]


class _Search:
    """The candidates, each started from the best before it."""

    def __init__(self, bench: _Bench, task: Task) -> None:
        self.bench, self.task = bench, task
        self.recipes = task.context.recipes
        self.patience = 2  # sizes that may fail to improve before a ladder is left

    def best(self) -> Fitted:
        """Choose location and scale, then the family, then terms, then each again."""
        task = self.task
        bare = self._bare()
        if task.terms == 0:
            return bare
        starts = [self._shaped(self._as(bare, family)) for family in task.families]
        best = min(starts, key=lambda one: one.bits)
        if task.terms == "auto" and best.terms > _FIRST_TERMS:
            # more terms are better found from fewer with the right functions
            few = self.bench.maximise(self.bench.changed(best, terms=_FIRST_TERMS), _STEPS)
            few = self._terms(self._amplitudes(few))
            best = min(self._amplitudes(best), few, key=lambda one: one.bits)
        else:
            best = self._terms(self._amplitudes(best))
        self.patience = 1
        for _ in range(_ROUNDS):
            before = best.bits
            if best.family.moves:
                best = self._climb(best, "loc")
            if best.family.scales:
                best = self._climb(best, "scale")
            if best.bits > before - _WORTH * task.total:
                break
            best = self._terms(self._amplitudes(best))
        if task.terms == "auto" and bare.bits < best.bits:
            return bare
        return best

    def _amplitudes(self, best: Fitted) -> Fitted:
        if self.task.recipe is None:
            return self._climb(best, "amplitude")
        if best.amplitude == self.task.recipe:
            return best
        return self.bench.maximise(self.bench.changed(best, amplitude=self.task.recipe), _STEPS)

    def _bare(self) -> Fitted:
        """Location and scale as functions of the context, under no terms."""
        family = self.task.families[0]
        size = self.bench.loc_functions(family, "constant").shape[0] + family.scales
        layout = Layout(size - family.scales, int(family.scales), 1, 0)
        one = Fitted(family, "constant", "constant", "constant", 0, np.zeros(size), layout)
        if not family.scales:
            return self.bench.maximise(one, 0)
        one = self.bench.maximise(one, _STEPS)
        for name in ("loc", "scale", "loc", "scale"):
            one = self._climb(one, name)
        found = [self.bench.maximise(self._as(one, other), _STEPS) for other in self.task.families]
        return min(found, key=lambda other: other.bits)

    def _as(self, one: Fitted, family: Family) -> Fitted:
        """Give another family the quartiles of this one."""
        if one.family == family or not family.scales:
            return one
        if family.name == "student":
            z = _standardised(self.bench.likelihood(one), one)
            df = StudentT.fit(z, weights=self.task_shares).df
            family = replace(
                family, df=float(np.clip(2.0 ** (round(4 * math.log2(df)) / 4), 0.5, 64))
            )
        quartile = float(one.family.standard.ppf(0.75)) / float(family.standard.ppf(0.75))
        theta = one.theta.copy()
        _, scale, _ = one.layout.split(theta)
        # of a context's functions the first is 1; of classes all are indicators
        scale[: None if one.scale == "classes" else 1] += math.log(quartile)
        return replace(one, family=family, theta=theta, bits=math.inf)

    @property
    def task_shares(self) -> Floats:
        """Shares of the rows of the search."""
        return self.bench.task.shares

    def _allowed(self, one: Fitted) -> bool:
        size = self.bench.likelihood(one).layout.size
        return size <= min(_MOST_COEFFICIENTS, self.task.total / _SAMPLES_PER_COEFFICIENT)

    def _climb(self, best: Fitted, name: str) -> Fitted:
        """Try larger and smaller sets of functions for location, scale or amplitudes."""
        current = self.recipes.index(getattr(best, name))
        for direction in (1, -1):
            fails, start = 0, best
            at = current + direction
            while 0 <= at < len(self.recipes) and fails < self.patience:
                if not self._allowed(_with(start, name, self.recipes[at])):
                    break
                moved = self.bench.changed(start, **{name: self.recipes[at]})
                moved = self.bench.maximise(moved, _STEPS)
                if moved.bits < best.bits:
                    best, fails = moved, 0
                else:
                    fails += 1
                start = moved
                at += direction
            if getattr(best, name) != self.recipes[current]:
                break
        return best

    def _terms(self, best: Fitted) -> Fitted:
        """Try more and fewer terms."""
        if self.task.terms != "auto":
            return best
        for more in (True, False):
            fails, start, before = 0, best, best.terms
            for terms in self._rungs(best.terms, more):
                if not self._allowed(replace(best, terms=terms)):
                    break
                moved = self.bench.maximise(self.bench.changed(start, terms=terms), _STEPS)
                if moved.bits < best.bits:
                    best, fails = moved, 0
                else:
                    fails += 1
                    if fails == self.patience:
                        break
                start = moved
            if best.terms != before:
                break
        return best

    @staticmethod
    def _rungs(terms: int, more: bool) -> Iterator[int]:
        rungs = LADDER if more else LADDER[::-1]
        return (rung for rung in rungs if (rung > terms if more else rung < terms))

    def _shaped(self, bare: Fitted) -> Fitted:
        """Terms that do not depend on the context, in closed form, over the base or wider ones."""
        task = self.task
        rungs = (_FIRST_TERMS, 11) if task.terms == "auto" else (int(task.terms),)
        found = []
        for start in self._starts(bare):
            likelihood = self.bench.likelihood(start)
            v = likelihood.position(start.theta)
            for terms in rungs:
                shaped = self.bench.changed(start, terms=terms)
                loc, scale, _ = start.layout.split(start.theta)
                a = _marginal(v, self.task_shares, terms, task)
                theta = shaped.layout.join(loc, scale, a[:, None])
                shaped = replace(shaped, theta=theta)
                found.append(self.bench.maximise(shaped, 0))
        found.sort(key=lambda one: one.bits)
        return self.bench.maximise(found[0], _STEPS)

    def _starts(self, bare: Fitted) -> Iterator[Fitted]:
        yield bare
        if bare.family.scales:
            for widening in _WIDENINGS[1:]:
                theta = bare.theta.copy()
                _, scale, _ = bare.layout.split(theta)
                scale[: None if bare.scale == "classes" else 1] += math.log(widening)
                yield replace(bare, theta=theta)
        elif bare.family.name == "circle" and "linear" in self.recipes:
            turned = self.bench.changed(bare, loc="linear")
            yield replace(turned, theta=_turns(self.bench.task, turned.theta.size))


def _with(one: Fitted, name: str, recipe: str) -> Fitted:
    changes: dict[str, Any] = {name: recipe}
    return replace(one, **changes)


def _turns(task: Task, size: int) -> Floats:
    """Slopes of a rotation with the features: the highest peaks of a periodogram, in turn."""
    slopes = np.zeros(size)
    grid = np.linspace(-4.0, 4.0, 801)  # turns of the circle in one spread of the feature
    for j in range(size):
        best = 0.0
        z = task.rows[:, j]
        rest = task.y - task.rows @ slopes
        for harmonic in (1, 2, 3, 4):
            turn = 2j * math.pi * harmonic
            waves = task.shares * np.exp(turn * rest)
            heights = np.array([abs(np.exp(-turn * slope * z) @ waves) for slope in grid])
            at = int(heights.argmax())
            if heights[at] > best + 0.02:
                best, slopes[j] = float(heights[at]), float(grid[at])
    return slopes


def _marginal(v: Floats, shares: Floats, terms: int, task: Task) -> Complexes:
    nodes = np.zeros(spectrum.grid_size(terms))
    split_linearly(np.ascontiguousarray(v), shares, nodes)
    objective = spectrum.CircleLikelihood(nodes, terms, 0.0)
    starts = [spectrum.minimum_phase(nodes, terms, 2.0 * terms, floor) for floor in (1e-1, 1e-2)]
    a = min(starts, key=lambda one: objective.value(spectrum.autocorrelation(one)))
    return spectrum.maximise(objective, a, max(0.05 / task.total, 1e-9))[0]


def _standardised(likelihood: Likelihood, one: Fitted) -> Floats:
    loc, scale, _ = one.layout.split(one.theta)
    return np.asarray((likelihood.y - loc @ likelihood.loc) * np.exp(-(scale @ likelihood.scale)))


def _normalised(theta: Floats, likelihood: Likelihood) -> Floats:
    """Amplitudes with mean square 1 and a real first one: of all factors that mean the same."""
    layout = likelihood.layout
    if layout.terms == 0:
        return theta
    loc, scale, w = layout.split(theta)
    few = slice(None, None, max(1, likelihood.y.size // 4096))
    a = w @ likelihood.amplitude[:, few]
    norm = math.sqrt(max(float((np.abs(a) ** 2).sum(axis=0).mean()), 1e-300))
    mean = complex(a[0].mean())
    phase = mean / abs(mean) if abs(mean) > 1e-12 else 1.0
    return layout.join(loc, scale, w / (norm * phase))


def _projected(coefficients: Floats, before: Floats, after: Floats) -> Floats:
    """Coefficients (m, functions) of other functions of the context, nearest on some rows."""
    if before.shape == after.shape and np.array_equal(before, after):
        return coefficients
    if after.shape[0] == 0 or before.shape[0] == 0:
        return np.zeros((coefficients.shape[0], after.shape[0]))
    few = slice(None, None, max(1, before.shape[1] // 4096))
    values = coefficients @ before[:, few]
    columns_after = after[:, few]
    gram = columns_after @ columns_after.T
    gram[np.diag_indices_from(gram)] += 1e-8 * np.trace(gram) / gram.shape[0]
    return np.asarray(np.linalg.solve(gram, columns_after @ values.T).T)
