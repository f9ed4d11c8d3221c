"""Where a density may end: only where it breaks off, and a little beyond the extreme sample."""

from __future__ import annotations

import math

import numpy as np

from compress.densities.density import Floats
from compress.densities.statistic import Statistic

__all__ = ["outer_ends"]

# Samples next to the end that are looked at: few of them, and many where there are many.
_FEW, _MANY = 32, 512
_SHARE = 0.25  # of all samples, that may be looked at
_LEAST = 1024  # samples: fewer do not tell a log-normal density from one that breaks off
_ERRORS = 3.5  # standard errors
_GAPS = 8.0  # mean gaps between samples that an end may lie beyond the extreme one
_ROUND = 256.0  # margins that the unit of a round number is at least
_TIE = 1e-6  # distance, in those of the samples looked at, that stands for none
_LARGEST = 1.7976931348623157e308


def outer_ends(statistic: Statistic, bin_width: float = 0.0) -> tuple[float | None, float | None]:
    """Lower and upper end of a density of which these are samples, None where it has none.

    A density that breaks off at its end is about constant there, so that the distances of the
    samples nearest to the extreme one are uniform. One that thins out has its distances nearer
    to the farthest of them: with a density like d^(a - 1) at distance d from the end, the
    maximum likelihood estimate of a is 1 / mean(log(D / d)), D the farthest. There is an end
    where a is not significantly larger than 1, judged by the nearest 32 samples and by more.

    Beyond the extreme sample the density is expected to go on for one mean gap. The end given is
    eight gaps away, so that the true one lies inside but for a chance of e^-8; or it is a round
    number (0 or 1, say) up to there, which is hardly there by chance.

    Parameters
    ----------
    statistic : Statistic
        The samples; fewer than 1024 show no ends.
    bin_width : float
        Positive where samples stand for bins ``x +- bin_width / 2``: the ends are then ends of
        bins.

    Returns
    -------
    low, high : float or None
    """
    values, counts = statistic.values, statistic.counts
    low = _end(values, counts, statistic.minimum, statistic.width, bin_width)
    high = _end(-values[::-1], counts[::-1], -statistic.maximum, statistic.width, bin_width)
    return low, None if high is None else -high


def _end(
    values: Floats, counts: Floats, extreme: float, cell: float, bin_width: float
) -> float | None:
    """Lower end, see `outer_ends`."""
    total = float(counts.sum())
    if total < _LEAST:
        return None
    start = extreme - 0.5 * bin_width
    width = max(cell, bin_width)
    # halves, because the difference of the largest magnitudes overflows
    distances = values / 2.0 - start / 2.0
    gap = math.inf
    for nearest in (_FEW, min(_SHARE * total, _MANY)):
        order, gap = _order_at_end(distances, counts, 0.5 * width, nearest)
        if order > 1.0 + _ERRORS / math.sqrt(nearest):
            return None
    margin = min(2.0 * _GAPS * gap, 0.125 * float(values[-1] / 2.0 - start / 2.0))
    if bin_width > 0.0:
        return start - math.floor(margin / bin_width) * bin_width
    return _beyond(start, margin)


def _order_at_end(
    distances: Floats, counts: Floats, width: float, nearest: float
) -> tuple[float, float]:
    """Estimate of a from the `nearest` samples, and the mean gap between them."""
    cumulative = np.cumsum(counts)
    at = int(np.searchsorted(cumulative, nearest))
    # over cells, the shape shows only in several of them
    at = min(max(at, 8 if width > 0.0 else 1), distances.size - 1)
    if width > 0.0:
        # the mean of log(d / D) over a cell from a to b, in units of D, its upper end
        upper = distances[: at + 1] + 0.5 * width
        farthest = float(upper[-1])
        b = upper / farthest
        a = np.maximum(b - width / farthest, 0.0)
        logs = (b * np.log(b) - a * np.log(np.maximum(a, 1e-300))) / np.maximum(b - a, 1e-300)
        weights, logs = counts[: at + 1], logs - 1.0
    else:
        # the extreme sample itself says nothing, nor does the farthest
        farthest = float(distances[at])
        if farthest <= 0.0:
            return math.inf, 0.0  # one value: nothing is known about its neighbourhood
        weights = counts[:at].copy()
        weights[0] -= min(1.0, weights[0])
        logs = np.log(np.maximum(distances[:at] / farthest, _TIE))
    mass, surprise = float(weights.sum()), -float((weights * logs).sum())
    order = mass / surprise if surprise > 0.0 else math.inf
    return order, farthest / max(float(cumulative[at]), 1.0)


def _beyond(end: float, margin: float) -> float:
    """Return a round number in [end - margin, end] where there is one, else end - margin.

    Round is a multiple of a power of two of at least `_ROUND` margins, which the interval holds
    by chance once in that many times.
    """
    unit = math.frexp(margin * _ROUND)[1] if margin > 0.0 else -1074
    rounded = math.ldexp(math.floor(math.ldexp(end, -unit)), unit) if unit < 1024 else -math.inf
    return rounded if rounded >= end - margin else end - margin


def natural_ends(statistic: Statistic, bin_width: float = 0.0) -> tuple[float, float]:
    """Find ends for a family that needs them, where none are known.

    Those of `outer_ends`; else 0 (and 1) where the samples allow that; else a little beyond the
    extreme samples.
    """
    low, high = outer_ends(statistic, bin_width)
    smallest, largest = statistic.minimum, statistic.maximum
    half = 0.5 * bin_width
    unit = smallest >= 0.0 and largest <= 1.0
    # the range of n samples falls short by about one gap on each side
    margin = (largest / 2.0 - smallest / 2.0) / (statistic.total + 1.0) * 2.0
    margin = max(margin, half, statistic.resolution)
    if low is None:
        low = 0.0 if smallest >= 0.0 else max(smallest - margin, -_LARGEST)
    if high is None:
        high = 1.0 if unit and low <= 0.0 else min(largest + margin, _LARGEST)
    return min(low, smallest), max(high, largest)
