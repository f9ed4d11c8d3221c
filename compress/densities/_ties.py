"""Ties among samples: steps of rounded ones, and atoms in a continuum."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.densities.density import Floats
from compress.densities.statistic import Statistic

__all__ = ["Split", "heaviest", "lattice_step", "part_of", "split_atoms"]

_NEIGHBOURS = 8  # distinct values on either side that a count is compared with
_MOST_ATOMS = 16
# Bits that an atom has to save: its value and its mass, and more, because the heaviest of many
# counts is looked at (2^-16 is the chance that one of 65,536 cells is that heavy).
_LEAST_BITS = 16.0
_MOST_STEPS = 1 << 40  # of a lattice, between the extreme samples
_LEAST_VALUES = 16  # fewer are a set of values, not a rounded continuum
_DIVISORS = 12
_TOLERANCE = 1e-3  # of a step, beyond the rounding of the samples


class Split(NamedTuple):
    """Samples parted into atoms and the rest.

    Attributes
    ----------
    values, counts : ndarray of float64, shape (k,)
        The atoms, rising, and the weight that each has beyond its neighbourhood.
    rest : Statistic or None
        All other samples, None where there are none.
    """

    values: Floats
    counts: Floats
    rest: Statistic | None


def lattice_step(statistic: Statistic) -> float:
    """Step of the grid to which samples were rounded, 0.0 where they were not.

    Rounded samples have ties: on average, two samples at least to a value. All values then lie
    whole numbers of steps apart.
    """
    values = statistic.values
    few = values.size < _LEAST_VALUES or statistic.total < 2.0 * values.size
    if statistic.level is not None or few:
        return 0.0
    gaps = np.diff(values)
    largest = max(abs(statistic.minimum), abs(statistic.maximum))
    rounding = 4.0 * largest * 2.0**-52
    smallest = float(gaps.min())
    for divisor in range(1, _DIVISORS + 1):
        step = smallest / divisor
        if step < 64.0 * rounding or (statistic.maximum - statistic.minimum) / step > _MOST_STEPS:
            return 0.0
        # distances from the first value, in steps; and the step itself sharpened by the longest
        whole = np.rint((values - values[0]) / step)
        step = float(values[-1] - values[0]) / float(whole[-1])
        whole = np.rint((values - values[0]) / step)
        off = np.abs((values - values[0]) - whole * step)
        if np.all(off <= _TOLERANCE * step + rounding):
            # the number that was meant: 0.01 rather than 0.010000000000000002
            short = float(f"{step:.6g}")
            return short if abs(short - step) * float(whole[-1]) <= rounding else step
    return 0.0


def split_atoms(
    statistic: Statistic,
    x: NDArray[Any] | None,
    step: float,
    weights: Floats | None = None,
) -> Split:
    """Find values that occur far more often than their neighbourhood tells.

    A count m where e are expected saves m log2(m / e) - (m - e) / ln 2 bits as an atom (the
    deviance of a Poisson count). Expected is the median count of the nearest distinct values, at
    least 1. Without a step, a few values with many ties each are all atoms.

    Parameters
    ----------
    statistic : Statistic
        The samples.
    x : ndarray of float64, shape (n,), or None
        The samples themselves, where the statistic has cells: atoms are looked for inside these.
        None where they are not at hand: there are none to find then.
    step : float
        Step of a lattice, 0.0 for none: on one, what is expected at an atom stays in the rest.
    weights : ndarray of float64, shape (n,), optional
        Weights of `x`.
    """
    if statistic.level is not None:
        return _split_cells(statistic, x, weights)
    values, counts = statistic.values, statistic.counts
    expected = np.ones(values.size)
    if step > 0.0 or statistic.total < 8.0 * values.size:
        expected = _neighbours(counts)
    at = heaviest(counts, expected)
    if step > 0.0 and at.size:
        # the bulk is heavier than its neighbourhood, but not than the values beside it
        beside = [_in_line(values, counts, step, int(i)) for i in at]
        at = at[heaviest(counts[at], np.maximum(beside, 1.0), float(counts.sum()))]
    if at.size == 0:
        return Split(np.empty(0), np.empty(0), statistic)
    kept = np.zeros(values.size)
    if step > 0.0:
        told = [_in_line(values, counts, step, int(i)) for i in at]
        kept[at] = np.minimum(told, counts[at] - 1.0)
    excess = counts[at] - kept[at]
    left = counts.copy()
    left[at] = kept[at]
    return Split(values[at], excess, part_of(statistic, left))


def _neighbours(counts: Floats) -> Floats:
    """Median count of the nearest distinct values, at least 1; the value itself left out."""
    padded = np.pad(counts, _NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1).copy()
    windows[:, _NEIGHBOURS] = np.nan
    # sorted, NaN stands last: the lower median of those that there are
    windows.sort(axis=1)
    some = np.count_nonzero(~np.isnan(windows), axis=1)
    middle = windows[np.arange(counts.size), np.maximum(some // 2, 0)]
    upper = windows[np.arange(counts.size), np.maximum((some - 1) // 2, 0)]
    median = np.where(some > 0, 0.5 * (middle + upper), 1.0)
    return np.maximum(np.where(np.isnan(median), 1.0, median), 1.0)


def _in_line(values: Floats, counts: Floats, step: float, at: int) -> float:
    """Count on a lattice that those nearest to it tell: logarithms in line, 0 beside holes."""

    def log_count(away: int) -> float:
        there = at + away
        if not 0 <= there < values.size:
            return -math.inf
        if abs(float(values[there] - values[at]) - away * step) > 0.5 * step:
            return -math.inf
        return math.log(float(counts[there]))

    before, after = log_count(-1), log_count(1)
    if min(before, after) > -math.inf:
        return math.exp(0.5 * (before + after))
    lines = [
        2.0 * near - far
        for near, far in ((before, log_count(-2)), (after, log_count(2)))
        if min(near, far) > -math.inf
    ]
    return math.exp(min(max(lines), max(before, after))) if lines else 0.0


def heaviest(counts: Floats, expected: Floats, total: float = 0.0) -> NDArray[np.intp]:
    """Places of the counts that save bits as atoms, rising; at most 16."""
    saved = counts * np.log2(np.maximum(counts / expected, 1e-300))
    saved -= (counts - expected) / math.log(2.0)
    cost = _LEAST_BITS + 0.5 * math.log2(max(float(counts.sum()), total, 2.0))
    at = np.flatnonzero((counts > expected) & (saved > cost))
    if at.size > _MOST_ATOMS and total == 0.0:
        at = at[np.argsort(-saved[at], kind="stable")[:_MOST_ATOMS]]
    return np.sort(at)


def _split_cells(statistic: Statistic, x: NDArray[Any] | None, weights: Floats | None) -> Split:
    none = Split(np.empty(0), np.empty(0), statistic)
    if x is None:
        return none
    at = heaviest(statistic.counts, _neighbours(statistic.counts))
    if at.size == 0:
        return none
    # the heaviest value of each heavy cell, if it has ties as no continuum has
    half = 0.5 * statistic.width
    found: dict[float, float] = {}
    for centre in statistic.values[at]:
        inside = (x >= centre - 1.01 * half) & (x <= centre + 1.01 * half)
        if not inside.any():
            continue
        values, which = np.unique(x[inside], return_inverse=True)
        mass = None if weights is None else weights[inside]
        counts = np.bincount(which, weights=mass).astype(np.float64)
        top = int(np.argmax(counts))
        others = np.delete(counts, top)
        usual = float(np.median(others)) if others.size else 1.0
        if heaviest(counts[top : top + 1], np.array([max(usual, 1.0)])).size:
            found[float(values[top])] = float(counts[top])
    if not found:
        return none
    atoms = np.array(sorted(found))
    rest = ~np.isin(x, atoms)
    left = None
    if rest.any():
        left = Statistic.of(x[rest], None if weights is None else weights[rest])
    return Split(atoms, np.array([found[float(atom)] for atom in atoms]), left)


def part_of(statistic: Statistic, counts: Floats) -> Statistic | None:
    """Values of a statistic with other counts, None where all are 0."""
    some = counts > 0.0
    if not some.any():
        return None
    values = statistic.values[some]
    return Statistic(values, counts[some], statistic.level, float(values[0]), float(values[-1]))
