"""Piecewise constant density with bins by description length."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.density import Density, Floats, Peak, parameter_cost
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["Histogram"]

_FINE_CELLS = 512


class Histogram(Density):
    """Piecewise constant density.

    Parameters
    ----------
    edges : array_like, shape (k + 1,)
        Strictly rising bin edges.
    masses : array_like, shape (k,)
        Non-negative masses of the bins; normalised to sum to 1.

    Attributes
    ----------
    edges : ndarray of float64, shape (k + 1,)
    masses : ndarray of float64, shape (k,)
    """

    def __init__(self, edges: ArrayLike, masses: ArrayLike) -> None:
        self.edges = np.array(edges, dtype=np.float64)
        weights = np.array(masses, dtype=np.float64)
        if self.edges.ndim != 1 or weights.shape != (self.edges.size - 1,) or weights.size == 0:
            raise ValueError("a histogram needs k + 1 edges and k masses, k >= 1")
        if not np.all(np.isfinite(self.edges)) or np.any(np.diff(self.edges) <= 0.0):
            raise ValueError("edges must be finite and strictly rising")
        if not np.all(np.isfinite(weights)) or np.any(weights < 0.0) or weights.sum() <= 0.0:
            raise ValueError("masses must be finite, not negative and not all zero")
        self.masses = weights / weights.sum()
        cumulative = np.concatenate([[0.0], np.cumsum(self.masses)])
        self._cumulative = np.minimum(cumulative / cumulative[-1], 1.0)
        with np.errstate(divide="ignore"):
            self._log_heights = np.log(self.masses) - np.log(np.diff(self.edges))
        for array in (self.edges, self.masses):
            array.flags.writeable = False

    def __repr__(self) -> str:
        return f"<Histogram: {self.masses.size} bins on {self.support}>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike | Statistic,
        *,
        bins: int | None = None,
        weights: ArrayLike | None = None,
        bin_width: float = 0.0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Bins of unequal widths, chosen by total code length.

        A dynamic programme over candidate edges (at most 512, at quantiles and at equal steps)
        minimises -log2 likelihood plus, for every bin, the bits of its edge and of its mass.

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
            Samples.
        bins : int, optional
            Exactly this many bins (fewer where there are fewer distinct values).
        weights : array_like, shape of `x`, optional
            Sample weights.
        bin_width : float
            Positive where samples stand for bins ``x +- bin_width / 2``: edges then lie between
            those.
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.
        """
        statistic = Statistic.of(x, weights, nan_policy)
        if bins is not None and bins < 1:
            raise ValueError(f"bins must be positive, not {bins}")
        edges, counts = _candidates(statistic, bin_width)
        n = statistic.total
        cost = (parameter_cost(n) + math.log2(edges.size)) * math.log(2.0)
        if bins is None:
            chosen = _segment(edges, counts, cost)
        else:
            chosen = _segment_exactly(edges, counts, min(bins, counts.size))
        return cls(edges[chosen], np.add.reduceat(counts, chosen[:-1]) + 0.5 / chosen.size)

    @property
    def n_parameters(self) -> int:
        """One edge and one mass for each bin."""
        return 2 * int(self.masses.size)

    @property
    def support(self) -> tuple[float, float]:
        """First and last edge."""
        return float(self.edges[0]), float(self.edges[-1])

    def parameter_bits(self, n: float) -> float:
        """Bits of the edges (of 512 candidates each) and of the masses."""
        cost = parameter_cost(n)
        return (int(self.masses.size) - 1) * (9.0 + cost) + 2.0 * cost

    def _bin(self, x: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
        at = np.searchsorted(self.edges, x, side="right") - 1
        return np.clip(at, 0, self.masses.size - 1)

    def _logpdf(self, x: Floats) -> Floats:
        inside = (x >= self.edges[0]) & (x <= self.edges[-1])
        out = np.where(inside, self._log_heights[self._bin(x)], -np.inf)
        return np.where(np.isnan(x), np.nan, out)

    def _cdf(self, x: Floats) -> Floats:
        return np.asarray(np.interp(x, self.edges, self._cumulative))

    def _ppf(self, q: Floats) -> Floats:
        at = np.clip(np.searchsorted(self._cumulative, q, side="left"), 1, self.masses.size)
        low, high = self._cumulative[at - 1], self._cumulative[at]
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(high > low, (q - low) / (high - low), 0.0)
        width = self.edges[at] - self.edges[at - 1]
        return np.asarray(self.edges[at - 1] + np.clip(part, 0.0, 1.0) * width)

    def _quadrature(self) -> tuple[Floats, Floats]:
        nodes, gauss = np.polynomial.legendre.leggauss(16)
        half = 0.5 * np.diff(self.edges)[:, None]
        x = self.edges[:-1, None] + half + half * nodes
        return x.ravel(), (0.5 * self.masses[:, None] * gauss).ravel()

    def entropy(self) -> float:
        """Differential entropy in nats: -sum of mass times log height."""
        some = self.masses > 0.0
        return -float((self.masses[some] * self._log_heights[some]).sum())

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Middles of the bins higher than their neighbours, highest first."""
        heights = np.concatenate([[0.0], np.exp(self._log_heights), [0.0]])
        peak = np.flatnonzero((heights[1:-1] >= heights[:-2]) & (heights[1:-1] > heights[2:]))
        middles = 0.5 * self.edges[peak] + 0.5 * self.edges[peak + 1]
        tops = heights[peak + 1]
        order = [i for i in np.argsort(-tops) if tops[i] >= relative_height * tops.max()]
        return [Peak(float(middles[i]), float(tops[i])) for i in order]


def _candidates(statistic: Statistic, bin_width: float) -> tuple[Floats, Floats]:
    """Candidate edges, rising, and the counts between them."""
    values, counts = statistic.values, statistic.counts
    half = 0.5 * bin_width
    low, high = statistic.minimum - half, statistic.maximum + half
    if high - low < statistic.resolution or not math.isfinite(high - low):
        half = max(half, 0.5 * statistic.resolution)
        low, high = statistic.minimum - half, statistic.maximum + half
        return np.array([low, high]), np.array([statistic.total])
    between = 0.5 * values[:-1] + 0.5 * values[1:] if bin_width == 0.0 else values[1:] - half
    if between.size > _FINE_CELLS:
        cumulative = np.cumsum(counts)[:-1] / statistic.total
        ranks = np.searchsorted(cumulative, np.linspace(0.0, 1.0, _FINE_CELLS // 2))
        places = np.searchsorted(between, np.linspace(low, high, _FINE_CELLS // 2))
        keep = np.unique(np.concatenate([ranks, places]).clip(0, between.size - 1))
        between = between[keep]
    edges = np.unique(np.concatenate([[low], between, [high]]))
    at = np.searchsorted(edges, values, side="right") - 1
    cells = edges.size - 1
    inside = np.bincount(at.clip(0, cells - 1), weights=counts, minlength=cells)
    return edges, inside.astype(np.float64)


def _bin_costs(edges: Floats, cumulative: Floats, stop: int, total: float) -> Floats:
    """Nats of the samples in bins [start, stop) for every start < stop."""
    inside = cumulative[stop] - cumulative[:stop]
    width = edges[stop] - edges[:stop]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(inside > 0.0, -inside * np.log(inside / (total * width)), 0.0)


def _segment(
    edges: Floats, counts: Floats, cost: float
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Edges with the least total of bin costs and `cost` per bin."""
    cumulative = np.concatenate([[0.0], np.cumsum(counts)])
    best = np.zeros(edges.size)
    back = np.zeros(edges.size, dtype=np.intp)
    for stop in range(1, edges.size):
        totals = best[:stop] + _bin_costs(edges, cumulative, stop, cumulative[-1]) + cost
        back[stop] = np.argmin(totals)
        best[stop] = totals[back[stop]]
    chosen = [edges.size - 1]
    while chosen[-1] > 0:
        chosen.append(int(back[chosen[-1]]))
    return np.array(chosen[::-1], dtype=np.intp)


def _segment_exactly(
    edges: Floats, counts: Floats, bins: int
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Edges of exactly `bins` bins with the least bin costs."""
    cumulative = np.concatenate([[0.0], np.cumsum(counts)])
    size = edges.size
    costs = np.full((size, size), np.inf)
    for stop in range(1, size):
        costs[:stop, stop] = _bin_costs(edges, cumulative, stop, cumulative[-1])
    best = costs[0].copy()
    backs = []
    for _ in range(bins - 1):
        totals = best[:, None] + costs
        back = np.argmin(totals, axis=0)
        best = totals[back, np.arange(size)]
        backs.append(back)
    chosen = [size - 1]
    for back in reversed(backs):
        chosen.append(int(back[chosen[-1]]))
    chosen.append(0)
    return np.array(chosen[::-1], dtype=np.intp)
