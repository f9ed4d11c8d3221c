"""Learning of a linear model's parameters from a part of a plane; encoder only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from compress.prediction.linear.analysis import (
    ALONE,
    COEFFICIENT_BITS,
    DEEP,
    DEEPER,
    QUICK,
    fit_predictors,
)
from compress.prediction.linear.coding import Model, Predictors, tokens
from compress.prediction.linear.layout import ABREAST
from compress.prediction.linear.scale import CLASSES, FRACTION, PER_OCTAVE
from compress.prediction.linear.tables import (
    BASES,
    MOST_OFF,
    REACH,
    ladder_bits,
    tables_of,
)
from compress.prediction.linear.walk import NARROW, Integers
from compress.sampling import thinned

__all__ = ["estimate", "is_wide", "learn"]

# Tables of a class that is not learned: of this base, so far off, which is within a quarter of a
# percent of what is learned, whatever the signal.
_BASE, _OFF = BASES.index("t10"), 3
# Residuals from which a class has a scale of its own, how far that may be from the common one, and
# that from what it is when nothing is learned.
_ENOUGH, _FURTHER, _AROUND = 64, 16, 3
# Classes themselves in place of their tables.
_KINDS = np.arange(CLASSES)
# Samples of a block, in powers of two: the quick fit's, and those that others put together. And
# rates of averages, all but the first of which are tried.
_QUICK_BLOCK, _BLOCK = 10, 9
_QUICK_RATES, _RATES = (3, 6), ((3, 6), (4, 7))
# Samples of a sequence by which averages start, samples that the centre is the mean of, and
# samples that are learned on, twice as many at the highest level.
_FIRST, _THINNED, _LOOKED_AT = 512, 1 << 12, 1 << 15
# Samples of a stretch that have no past worth the name.
_SKIPPED = 8
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
    plain, _ = _plain(np.ascontiguousarray(sequences[:, :_FIRST]))
    plain = replace(plain, centre=_centre(sequences))
    if level < _LEARNING:
        return replace(plain, block_bits=_QUICK_BLOCK, fit=QUICK)
    sequences = _part(sequences, _LOOKED_AT if level <= _LEARNING else 2 * _LOOKED_AT)
    wide = is_wide(sequences, plain.centre)
    model = replace(plain, fit=DEEP if level <= _LEARNING else DEEPER)
    predictors = fit_predictors(sequences, model.centre, 1 << model.block_bits, model.fit)
    models = [replace(model, fast=fast, slow=slow) for fast, slow in _RATES]
    counted = [_counted(sequences, one, predictors, wide) for one in models]
    at = min(range(len(models)), key=lambda i: counted[i][0])
    return _with_tables(models[at], counted[at][1])


def _counted(
    sequences: Integers, model: Model, predictors: Predictors, wide: bool
) -> tuple[float, npt.NDArray[np.int64]]:
    """Bits of samples by tables that are not learned, and how often each class has each token."""
    found, kinds, _, low_bits = tokens(
        sequences, predictors, model.walk(wide, sequences.shape[1]), _KINDS
    )
    counts = _counts(found, kinds)
    return low_bits + _common_bits(counts), counts


def estimate(sequences: Integers) -> float:
    """Estimate the bits of a sample, without learning much, from sequences of one block each."""
    model, predictors = _plain(sequences)
    chosen = model.chosen()
    wide = is_wide(sequences, model.centre)
    found, tables, _, low_bits = tokens(
        sequences, predictors, model.walk(wide, sequences.shape[1]), chosen
    )
    # The first samples have no others before them, which the plane's have.
    skipped = min(_SKIPPED, sequences.shape[1] // 2)
    every = (-1, sequences.shape[1], ABREAST)
    some = np.clip(found.reshape(every)[:, skipped:], -REACH, REACH) + REACH
    bits = float(ladder_bits(model.base)[tables.reshape(every)[:, skipped:], some].mean())
    described = COEFFICIENT_BITS * float(predictors[0].sum()) + low_bits
    return bits + described / sequences.size


def _plain(sequences: Integers) -> tuple[Model, Predictors]:
    """Return a model of which only the centre and a start are learned, and its predictors.

    Averages start where they are in the middle, as a walk through the sequences shows.
    """
    centre = _centre(sequences)
    model = Model(_BLOCK, ALONE, centre, *_QUICK_RATES, FRACTION, _BASE, _OFF)
    predictors = fit_predictors(sequences, centre, 1 << model.block_bits, model.fit)
    how = model.walk(is_wide(sequences, centre), sequences.shape[1])
    kinds = tokens(sequences, predictors, how, _KINDS)[1]
    late = kinds[kinds.size // 2 :]
    middle = int(np.partition(late, late.size // 2)[late.size // 2])
    # The class is that of two averages.
    return replace(model, start=max(middle // PER_OCTAVE - 1, 0)), predictors


def _centre(sequences: Integers) -> int:
    """Return the mean of some samples."""
    mean = float(thinned(sequences, _THINNED).astype(np.float64).mean())
    return min(max(round(mean), -(1 << 63)), (1 << 63) - 1)


def _part(sequences: Integers, most: int) -> Integers:
    """Return a part of the sequences: one stretch of each, or of some."""
    rows, length = sequences.shape
    if sequences.size <= most:
        return sequences
    some = sequences[:: max(rows // (4 * ABREAST), 1)][: 4 * ABREAST]
    count = min(max(most // len(some), 1 << _BLOCK), length)
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
    seen = np.flatnonzero(counts.any(0))
    some, bits = counts[np.ix_(used, seen)], ladder_bits(_BASE)[:, seen]
    offs = range(_OFF - _AROUND, _OFF + _AROUND + 1)
    tables = (tables_of(np.full(CLASSES, off))[used] for off in offs)
    return min(float((some * bits[rows]).sum()) for rows in tables)


def _with_tables(model: Model, counts: npt.NDArray[np.int64]) -> Model:
    """Learn base and scales of the tables."""
    sizes = counts.sum(1)
    used = np.flatnonzero(sizes)
    seen = np.flatnonzero(counts.any(0))
    some = counts[np.ix_(used, seen)].astype(np.float64)
    offs = np.arange(-MOST_OFF, MOST_OFF + 1)
    # The table of each class that is used, by how far off its scale is.
    tables = np.stack([tables_of(np.full(CLASSES, off))[used] for off in offs], axis=1)
    tried: list[tuple[float, Model]] = []
    for base in range(len(BASES)):
        costs = np.take_along_axis(some @ ladder_bits(base)[:, seen].T, tables, axis=1)
        common = int(np.argmin(costs.sum(0)))
        low, high = max(common - _FURTHER, 0), common + _FURTHER + 1
        own = low + costs[:, low:high].argmin(1)
        chosen = np.where(sizes[used] >= _ENOUGH, own, common)
        bits = float(costs[np.arange(used.size), chosen].sum())
        further = np.zeros(CLASSES, np.int64)
        further[used] = chosen - common
        first, last = np.flatnonzero(further)[[0, -1]].tolist() if further.any() else (0, -1)
        found = replace(
            model, base=base, off=common - MOST_OFF, first=first,
            offs=tuple(further[first : last + 1].tolist()),
        )  # fmt: skip
        tried.append((bits, found))
    return min(tried, key=lambda one: one[0])[1]
