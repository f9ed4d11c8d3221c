"""Learning of a linear model's parameters from a part of a plane; encoder only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from compress.prediction.linear.analysis import COEFFICIENT_BITS, fit_predictors
from compress.prediction.linear.coding import Model, tokens
from compress.prediction.linear.coefficients import write_predictors
from compress.prediction.linear.kernel import NARROW, Integers
from compress.prediction.linear.layout import ABREAST
from compress.prediction.linear.scale import CLASSES, FRACTION
from compress.prediction.linear.tables import (
    BASES,
    MOST_OFF,
    REACH,
    ladder_bits,
    tables_of,
)
from compress.sampling import thinned

__all__ = ["estimate", "is_wide", "learn"]

# Tables of a class that is not learned: of this base, so far off, which is within a quarter of a
# percent of what is learned, whatever the signal.
_BASE, _OFF = BASES.index("t10"), 3
# Residuals from which a class has a scale of its own, and how far that may be from the common one, and
# the common one from what it is when nothing is learned.
_ENOUGH, _FURTHER, _AROUND = 64, 16, 3
# Classes themselves in place of their tables.
_KINDS = np.arange(CLASSES)
# Samples of a block, in powers of two, and rates of averages that are tried.
_QUICK_BLOCK, _BLOCKS = 10, (9, 10, 11, 12)
_QUICK_RATES, _RATES = (3, 6), ((3, 6), (4, 7))
# Samples by whose differences averages start, that the centre is the mean of, and that are
# learned on, twice as many at the highest level.
_FIRST, _THINNED, _LOOKED_AT = 64, 1 << 12, 1 << 16
# Levels from which anything is tried.
_LEARNING = 3


def is_wide(sequences: Integers, centre: int) -> bool:
    """Whether some sample is too far from the centre for exact sums."""
    if sequences.size == 0:
        return False
    low, high = int(sequences.min()), int(sequences.max())
    return max(abs(low - centre), abs(high - centre)) >= NARROW


def learn(sequences: Integers, level: int) -> Model:
    """Learn a model on some sequences.

    Parameters
    ----------
    sequences : int64 array (S, n)
        S is a multiple of four, n not zero.
    level : int
        The lowest learn a centre and where averages start, others all.

    Returns
    -------
    Model
    """
    plain = _plain(sequences)
    if level < _LEARNING:
        return plain
    sequences = _part(sequences, _LOOKED_AT if level <= _LEARNING else 2 * _LOOKED_AT)
    wide = is_wide(sequences, plain.centre)
    best: tuple[float, Model, npt.NDArray[np.int64]] | None = None
    for bits in _BLOCKS:
        if bits > _BLOCKS[0] and 1 << (bits - 1) >= sequences.shape[1]:
            continue
        model = replace(plain, block_bits=bits, fit=1)
        predictors = fit_predictors(sequences, model.centre, 1 << bits, model.fit)
        described = len(write_predictors(*predictors)) * 32.0
        for fast, slow in _RATES:
            model = replace(model, fast=fast, slow=slow)
            found, kinds, _, low_bits = tokens(sequences, predictors, model.walk(wide), _KINDS)
            counts = _counts(found, kinds)
            cost = described + low_bits + _common_bits(counts)
            if best is None or cost < best[0]:
                best = cost, model, counts
    assert best is not None
    return _with_tables(best[1], best[2])


def estimate(sequences: Integers) -> float:
    """Estimate the bits of a sample, without learning much."""
    model = replace(_plain(sequences), fit=1)
    predictors = fit_predictors(sequences, model.centre, 1 << model.block_bits, model.fit)
    wide = is_wide(sequences, model.centre)
    found, kinds, _, low_bits = tokens(sequences, predictors, model.walk(wide), _KINDS)
    bits = _common_bits(_counts(found, kinds)) + low_bits
    return (bits + COEFFICIENT_BITS * float(predictors[0].sum())) / sequences.size


def _plain(sequences: Integers) -> Model:
    """Return the model of which nothing is learned but a centre and a start."""
    some = thinned(sequences, _THINNED).astype(np.float64)
    centre = min(max(round(float(some.mean())), -(1 << 63)), (1 << 63) - 1)
    start = _start(sequences[:, :_FIRST].astype(np.float64))
    return Model(_QUICK_BLOCK, 0, centre, *_QUICK_RATES, start, _BASE, _OFF)


def _start(first: npt.NDArray[np.float64]) -> int:
    """Return the power of two that averages start with, by differences of the first samples."""
    sizes = [float(np.abs(np.diff(first, order)).mean()) for order in (1, 2, 3)]
    return min(max(int(np.log2(min(sizes) + 0.5) + FRACTION), 0), 56)


def _part(sequences: Integers, most: int) -> Integers:
    """Return a part of the sequences: one stretch of each, or of some."""
    rows, length = sequences.shape
    if sequences.size <= most:
        return sequences
    some = sequences[:: max(rows // (4 * ABREAST), 1)][: 4 * ABREAST]
    count = min(max(most // len(some), 1 << _BLOCKS[0]), length)
    begin = (length - count) // 2
    return np.ascontiguousarray(some[:, begin : begin + count])


def _counts(found: Integers, kinds: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Count tokens by class, those far out at either end."""
    width = 2 * REACH + 1
    cells = np.clip(found, -REACH, REACH) + (kinds.astype(np.int64) * width + REACH)
    rows = int(kinds.max()) + 1
    return np.bincount(cells, minlength=rows * width).reshape(rows, width)


def _common_bits(counts: npt.NDArray[np.int64]) -> float:
    """Bits of counted tokens by tables that are all as far off their expected scales."""
    used = np.flatnonzero(counts.any(1))
    some, bits = counts[used], ladder_bits(_BASE)
    offs = range(_OFF - _AROUND, _OFF + _AROUND + 1)
    tables = (tables_of(np.full(CLASSES, off))[used] for off in offs)
    return min(float((some * bits[rows]).sum()) for rows in tables)


def _with_tables(model: Model, counts: npt.NDArray[np.int64]) -> Model:
    """Learn base and scales of the tables."""
    sizes = counts.sum(1)
    used = np.flatnonzero(sizes)
    some = counts[used].astype(np.float64)
    offs = np.arange(-MOST_OFF, MOST_OFF + 1)
    # The table of each class that is used, by how far off its scale is.
    tables = np.stack([tables_of(np.full(CLASSES, off))[used] for off in offs], axis=1)
    best: tuple[float, Model] | None = None
    for base in range(len(BASES)):
        costs = np.take_along_axis(some @ ladder_bits(base).T, tables, axis=1)
        common = int(np.argmin(costs.sum(0)))
        low, high = max(common - _FURTHER, 0), common + _FURTHER + 1
        own = low + costs[:, low:high].argmin(1)
        chosen = np.where(sizes[used] >= _ENOUGH, own, common)
        bits = float(costs[np.arange(used.size), chosen].sum())
        if best is None or bits < best[0]:
            further = np.zeros(CLASSES, np.int64)
            further[used] = chosen - common
            first, last = np.flatnonzero(further)[[0, -1]].tolist() if further.any() else (0, -1)
            found = replace(
                model, base=base, off=common - MOST_OFF, first=first,
                offs=tuple(further[first : last + 1].tolist()),
            )  # fmt: skip
            best = bits, found
    assert best is not None
    return best[1]
