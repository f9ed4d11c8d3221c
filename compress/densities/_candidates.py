"""Densities among which `fit_density` chooses, and the code length by which it does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from compress.densities._counting import split_linearly
from compress.densities.bases import (
    Base,
    Beta,
    Exponential,
    Gamma,
    Laplace,
    Logistic,
    Normal,
    StudentT,
    Uniform,
    Weibull,
)
from compress.densities.density import Density
from compress.densities.families.atoms import Bernoulli, Discrete
from compress.densities.families.circle import Circle, VonMises
from compress.densities.families.counts import Count, Geometric, NegativeBinomial, Poisson
from compress.densities.fourier import FourierDensity
from compress.densities.histogram import Histogram
from compress.densities.mixture import GaussianMixture
from compress.densities.statistic import Statistic
from compress.densities.support import outer_ends

__all__ = [
    "Candidate",
    "candidates_on_circle",
    "data_bits",
    "is_quiet",
    "refitted",
    "rich_candidates",
    "simple_candidates",
]

_END_CELLS = 64  # next to an end, whose masses count instead of the density in their middle
_LEAST_SAMPLES = 64  # fewer do not show that a density stays above 0
# Bits that an end at 0 or 1 which the samples do not show has to save beyond log2 n: a sample
# beyond it would cost any number.
_END_BITS = 8.0
# Nodes on the circle, and the moments that are looked at.
_NODES, _MOMENTS = 4096, 128
_LOUD = 6.0
_MOST = 2.0**31  # of counts: beyond, log Gamma has too few digits
_MOST_VALUES = 4096  # of a discrete density


class Candidate(NamedTuple):
    """A density, and the bits that it has to save beyond those of its parameters."""

    density: Density
    surcharge: float = 0.0


def data_bits(density: Density, statistic: Statistic, bin_width: float) -> float:
    """Ideal code length of the samples; infinite where the density is not finite at one.

    Next to an end a density may vary without bound inside a cell: there masses count.
    """
    if bin_width > 0.0:
        bits = density.code_length(statistic, bin_width=bin_width)
        return bits if math.isfinite(bits) else math.inf
    logs = density._logpdf(statistic.values)
    width = statistic.width
    if width > 0.0:
        low, high = density.support
        x = statistic.values
        at = np.zeros(x.size, dtype=np.bool_)
        at[:_END_CELLS] = math.isfinite(low)
        if math.isfinite(high):
            at[-_END_CELLS:] = True
        if at.any():
            left = np.maximum(x[at] - 0.5 * width, low)
            right = np.minimum(x[at] + 0.5 * width, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                logs[at] = np.log(density._mass(left, right) / (right - left))
    bits = -float((statistic.counts * logs).sum()) / math.log(2.0)
    return bits if math.isfinite(bits) else math.inf


def is_quiet(density: Density, statistic: Statistic, bin_width: float) -> bool:
    """Whether samples show nothing that a density does not: no trigonometric moment is loud.

    Through the true distribution function samples are uniform, and n |moment|^2 is exponential
    with mean 1 (Neyman's smooth test). One of 128 then exceeds 6 + log 128 once in 400 times; and a
    moment that does not saves at most 11 nats, about what the two parameters of a term cost.
    """
    x, shares = statistic.values, statistic.shares()
    width = max(bin_width, statistic.width)
    # bins, and the cells next to the ends, in which a density may vary, are spread over
    spread = np.full(x.size, bin_width > 0.0)
    if width > 0.0:
        spread[:_END_CELLS] = spread[-_END_CELLS:] = True
    nodes = np.zeros(_NODES)
    moments = np.zeros(_MOMENTS, dtype=np.complex128)
    if spread.any():
        low, high = (density._cdf(x[spread] + side * width) for side in (-0.5, 0.5))
        middle = np.clip(0.5 * low + 0.5 * high, 0.0, 1.0)
        wide = high - low > 1.0 / _NODES
        n = np.arange(1, _MOMENTS + 1)
        waves = np.exp(-2j * math.pi * middle[wide, None] * n)
        waves *= np.sinc((high - low)[wide, None] * n)
        moments += (shares[spread][wide, None] * waves).sum(axis=0)
        split_linearly(np.ascontiguousarray(middle[~wide]), shares[spread][~wide], nodes)
    points = x[~spread]
    if points.size > 2 * _NODES:
        # of many cells some exactly and linear between
        some = np.append(points[:-1:8], points[-1])
        v = np.interp(points, some, density._cdf(some))
    else:
        v = density._cdf(points)
    split_linearly(np.ascontiguousarray(v), shares[~spread], nodes)
    moments += np.fft.rfft(nodes)[1 : _MOMENTS + 1]
    return bool(np.all(statistic.total * np.abs(moments) ** 2 < _LOUD + math.log(_MOMENTS)))


def simple_candidates(
    statistic: Statistic, bin_width: float, support: tuple[float, float] | None
) -> Iterator[Candidate]:
    """Families of few parameters on the line, or on the support."""
    if support is not None:
        yield from _discrete(statistic, bin_width, support)
        yield from _between(statistic, bin_width, *support)
        return
    for family in (Normal, Laplace, Logistic, StudentT):
        yield Candidate(family.fit(statistic, bin_width=bin_width))
    yield from _discrete(statistic, bin_width, None)
    low, high = _shown_ends(statistic, bin_width)
    if math.isfinite(low):
        yield from _between(statistic, bin_width, low, high)
        if math.isfinite(high):
            yield from _between(statistic, bin_width, low, math.inf)
    natural = _natural(statistic, low, high)
    if natural is not None:
        surcharge = _surcharge(statistic)
        for candidate in _between(statistic, bin_width, *natural, shaped=True):
            yield Candidate(candidate.density, surcharge)


def rich_candidates(
    statistic: Statistic,
    bin_width: float,
    support: tuple[float, float] | None,
    best: Candidate,
) -> Iterator[Candidate]:
    """Densities of many parameters; `best` is the best of few."""
    if statistic.values.size == 1:
        return
    low, high = support if support is not None else _shown_ends(statistic, bin_width)
    if math.isfinite(low) and math.isfinite(high):
        bins = Histogram.fit(statistic, bin_width=bin_width)
        edges = [low, *(edge for edge in bins.edges[1:-1] if low < edge < high), high]
        if len(edges) == bins.edges.size:
            yield Candidate(Histogram(edges, bins.masses))
    if support is None:
        yield Candidate(GaussianMixture.fit(statistic, bin_width=bin_width))
    yield Candidate(FourierDensity.fit(statistic, bin_width=bin_width, support=support))
    if best.surcharge > 0.0 and isinstance(best.density, Base):
        # an end that samples do not show paid already: terms over it may pay more
        shaped = FourierDensity.fit(
            statistic,
            bin_width=bin_width,
            support=best.density.support,
            base=best.density.name,
        )
        yield Candidate(shaped, best.surcharge)


def _shown_ends(statistic: Statistic, bin_width: float) -> tuple[float, float]:
    """Return the ends where the samples break off, infinite where they do not."""
    low, high = outer_ends(statistic, bin_width)
    if low is not None and high is not None and low >= high:
        high = None
    return -math.inf if low is None else low, math.inf if high is None else high


def _surcharge(statistic: Statistic) -> float:
    return math.log2(max(statistic.total, 1.0)) + _END_BITS


def _natural(statistic: Statistic, low: float, high: float) -> tuple[float, float] | None:
    """Return (0, inf) or (0, 1) where samples lie inside but do not show these ends."""
    if statistic.total < _LEAST_SAMPLES or statistic.minimum < 0.0 or statistic.values.size < 3:
        return None
    if statistic.maximum <= 1.0:
        # shown already where both ends are
        return None if (low, high) == (0.0, 1.0) else (0.0, 1.0)
    return None if low >= 0.0 and math.isfinite(low) else (0.0, math.inf)


def _between(
    statistic: Statistic, bin_width: float, low: float, high: float, *, shaped: bool = False
) -> Iterator[Candidate]:
    """Densities with these ends; `shaped`: only families that adapt to how they reach them."""
    if math.isfinite(high):
        support = (low, high)
        yield Candidate(Beta.fit(statistic, bin_width=bin_width, support=support))
        if shaped:
            yield from _between(statistic, bin_width, low, math.inf, shaped=True)
            return
        yield Candidate(Uniform(low, high - low))
        return
    if not shaped:
        yield Candidate(Exponential.above(low, statistic, bin_width))
    for family in (Gamma, Weibull):
        fitted = family.fit(statistic, bin_width=bin_width, support=(low, math.inf))
        yield Candidate(fitted)


def _discrete(
    statistic: Statistic, bin_width: float, support: tuple[float, float] | None
) -> Iterator[Candidate]:
    """Families on whole numbers, and the shares of the distinct values themselves."""
    if bin_width == 0.0 or statistic.level is not None:
        return
    distinct = statistic.values.size
    if distinct == 2:
        yield Candidate(Bernoulli.fit(statistic))
    elif distinct <= min(_MOST_VALUES, 0.25 * statistic.total):
        yield Candidate(Discrete.fit(statistic))
    whole = bool(np.all(np.rint(statistic.values) == statistic.values))
    if bin_width != 1.0 or not whole or not 0.0 <= statistic.minimum <= statistic.maximum < _MOST:
        return
    if support is not None and math.isfinite(support[1]):
        return
    # where the first number is not 0 and samples do not show it, it has to pay
    starts = {0.0: 0.0}
    end, _ = outer_ends(statistic, bin_width)
    if end is not None:
        starts[end + 0.5] = 0.0
    elif statistic.total >= _LEAST_SAMPLES:
        starts.setdefault(statistic.minimum, _surcharge(statistic))
    for loc, surcharge in starts.items():
        if not loc <= statistic.minimum or statistic.maximum == loc:
            continue
        if support is not None and math.isfinite(support[0]) and loc < support[0]:
            continue
        for family in (Poisson, Geometric, NegativeBinomial):
            yield Candidate(family.fit(statistic, loc=loc), surcharge)


def refitted(density: Density, statistic: Statistic, bin_width: float) -> Density:
    """Fit a family of few parameters again, its ends kept; others are handed back."""
    if isinstance(density, Base):
        support = density.support if any(density.ENDS) else None
        return type(density).fit(statistic, bin_width=bin_width, support=support)
    if isinstance(density, Count):
        return type(density).fit(statistic, loc=density.loc)
    return density


def candidates_on_circle(
    statistic: Statistic, bin_width: float, period: float, cut: float
) -> Iterator[Candidate]:
    """Densities on a circle; the samples lie in [cut, cut + period)."""
    yield Candidate(Circle(cut, period))
    yield Candidate(VonMises.fit(statistic, period=period, cut=cut, bin_width=bin_width))
    if statistic.values.size > 1:
        for base in ("circle", "vonmises"):
            found = FourierDensity.fit(
                statistic, period=period, cut=cut, base=base, bin_width=bin_width
            )
            yield Candidate(found)
