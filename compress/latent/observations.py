"""Distributions of the samples given a network's outputs: rows of shared integer tables."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.latent.logarithms import log2_masses
from compress.latent.network import OUTPUT_BITS
from compress.tables import TableSet
from compress.tables.knots import inverse_scales

__all__ = ["ODDS", "PRECISIONS", "Observation", "grid_of"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ODDS = (-14.0, 14.0)
"""Least and greatest binary logarithm of alpha / beta."""
PRECISIONS = (-6.0, 10.0)
"""Least and greatest binary logarithm of alpha + beta."""


class Axis(NamedTuple):
    """Equally spaced values of an output: `steps` to a unit, from `low` to `high`."""

    low: int
    high: int
    steps_bits: int

    @property
    def n(self) -> int:
        """How many values."""
        return ((self.high - self.low) << self.steps_bits) + 1

    def nearest(self, outputs: Integers) -> Integers:
        """Nearest value of outputs with `OUTPUT_BITS` fractional bits."""
        shift = OUTPUT_BITS - self.steps_bits
        values = (outputs - (self.low << OUTPUT_BITS) + (1 << (shift - 1))) >> shift
        return np.asarray(np.clip(values, 0, self.n - 1))

    def powers(self) -> Floats:
        """``2^value`` of every value, from integers."""
        number = np.arange(self.n)
        below = (self.n - 1 - number) << (6 - self.steps_bits)
        ladder = inverse_scales()[below & 63].astype(np.float64)
        return np.asarray(np.ldexp(ladder, self.high - 22 - (below >> 6)))


def grid_of(top: int) -> tuple[Axis, Axis | None]:
    """Axes of the odds and of the precision for samples 0 .. top."""
    if top == 1:
        return Axis(-14, 14, 4), None
    steps = 4 if top <= 32 else 3
    return Axis(int(ODDS[0]), int(ODDS[1]), steps), Axis(int(PRECISIONS[0]), int(PRECISIONS[1]), 1)


class Observation:
    """Samples 0 .. top, each beta-binomial (for top = 1: Bernoulli).

    A network gives for each sample the binary logarithm of the odds alpha / beta and, beyond two
    values, that of alpha + beta; odds of all samples first.

    Parameters
    ----------
    n_samples : int
        In an item.
    top : int
        The largest sample, 1 to 1023.
    """

    def __init__(self, n_samples: int, top: int) -> None:
        if not 1 <= top <= 1023 or n_samples < 1:
            raise ValueError(f"an item has samples of 0 to 1..1023, got {n_samples} to {top}")
        self.n_samples = n_samples
        self.top = top
        self.odds, self.precision = grid_of(top)

    @property
    def n_outputs(self) -> int:
        """How many outputs a network has for it."""
        return self.n_samples * (1 if self.precision is None else 2)

    @property
    def tables(self) -> TableSet:
        """All distributions; a pure function of ``top``, made once."""
        return _tables(self.top)[0]

    def indexes(self, outputs: Integers) -> Integers:
        """Tables of the samples from a network's outputs, shape (..., n_samples)."""
        n = self.n_samples
        found = self.odds.nearest(outputs[..., :n])
        if self.precision is not None:
            found = found * self.precision.n + self.precision.nearest(outputs[..., n:])
        return found

    def log2(self, samples: npt.NDArray[Any], indexes: Integers) -> Integers:
        """Binary logarithms of masses over 2^24, with `LOG_BITS` fractional bits."""
        _, first, logs = _tables(self.top)
        return np.asarray(logs[first[indexes] + samples] - (24 << 16))


@lru_cache(maxsize=4)
def _tables(top: int) -> tuple[TableSet, Integers, Integers]:
    """Tables, the first mass of each, and the logarithms of all masses."""
    odds_axis, precision = grid_of(top)
    odds = odds_axis.powers()
    share = odds / (1.0 + odds)
    other = 1.0 / (1.0 + odds)
    if precision is None:
        tables = TableSet.from_pmf(np.stack([other, share], axis=1))
    else:
        total = precision.powers()[None, :]
        alpha, beta = (share[:, None] * total).ravel(), (other[:, None] * total).ravel()
        middle = (share[:, None] * top + 0.0 * total).ravel().astype(np.int64)
        tables = TableSet.from_pmf(_beta_binomial(top, alpha, beta, middle))
    # Between two tables lies a difference that is none.
    masses = np.diff(tables.cumulative.astype(np.int64))
    return tables, tables.start[:-1], log2_masses(np.maximum(masses, 1))


def _beta_binomial(top: int, alpha: Floats, beta: Floats, middle: Integers) -> Floats:
    """Probabilities but for a factor, by rows: ratios of neighbours, from the mean up and down."""
    rows = np.empty((len(alpha), top + 1))
    k = np.arange(top, dtype=np.float64)
    ratio = ((top - k) / (k + 1.0)) * (k + alpha[:, None])
    ratio /= top - 1.0 - k + beta[:, None]
    for row, at, factors in zip(rows, middle, ratio, strict=True):
        row[at] = 1.0
        row[at + 1 :] = np.cumprod(factors[at:])
        row[:at] = np.cumprod(1.0 / factors[:at][::-1])[::-1]
    # An end may hold more than the middle, by 2^700 at most.
    return np.asarray(rows / rows.max(axis=1, keepdims=True))
