"""Learning of a linear model's parameters from a part of a plane; encoder only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from compress.prediction.linear.analysis import fit_predictors
from compress.prediction.linear.coding import Model, tokens
from compress.prediction.linear.kernel import NARROW, Integers
from compress.prediction.linear.layout import ABREAST
from compress.prediction.linear.scale import CLASSES
from compress.prediction.linear.tables import (
    BASES,
    MOST_OFF,
    REACH,
    ladder_bits,
    tables_of,
)

__all__ = ["is_wide", "learn"]

# Residuals from which a class has a scale of its own.
_ENOUGH = 64
# How far below the largest expectation averages start: quarters of an octave to powers of two,
# and the sum to its half.
# Classes themselves in place of their tables.
_KINDS = np.arange(CLASSES)
_LOGISTIC = BASES.index("logistic")


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

    Returns
    -------
    Model
    """
    centre = round(float(sequences.mean()))
    centre = min(max(centre, -(1 << 63)), (1 << 63) - 1)
    wide = is_wide(sequences, centre)
    best: tuple[float, Model] | None = None
    for plain in _candidates(sequences.shape[1], centre, level):
        predictors = fit_predictors(sequences, centre, 1 << plain.block_bits, plain.fit)
        found, kinds, _, low_bits = tokens(sequences, predictors, plain.walk(wide), _KINDS)
        middle = int(np.partition(kinds, kinds.size // 2)[kinds.size // 2])
        counts = _counts(found, kinds)
        bits, model = _with_tables(replace(plain, start=max(middle // 4 - 1, 0)), counts, level)
        bits += low_bits + _predictor_bits(predictors)
        if best is None or bits < best[0]:
            best = bits, model
    assert best is not None
    return best[1]


def _candidates(length: int, centre: int, level: int) -> Iterator[Model]:
    """Yield models without tables."""
    for bits in (10,) if level <= 2 else (9, 10, 11, 12):
        if bits > 9 and 1 << (bits - 1) >= length:
            continue
        for fast, slow in ((3, 6),) if level <= 2 else ((3, 6), (4, 7)):
            yield Model(bits, min(level - 2, 1), centre, fast, slow, 10, _LOGISTIC, 0)


def _predictor_bits(predictors: tuple[Integers, npt.NDArray[np.int8]]) -> float:
    """Bits of orders and coefficients, about."""
    orders, _ = predictors
    return 3.5 * float(orders.sum()) + 4.0 * orders.size


def _counts(found: Integers, kinds: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Count tokens by class, those far out at either end."""
    width = 2 * REACH + 1
    cells = np.clip(found, -REACH, REACH) + (kinds.astype(np.int64) * width + REACH)
    rows = int(kinds.max()) + 1
    return np.bincount(cells, minlength=rows * width).reshape(rows, width).astype(np.float64)


def _with_tables(model: Model, counts: npt.NDArray[np.float64], level: int) -> tuple[float, Model]:
    """Return the bits of the tokens and a model with the tables that give them."""
    sizes = counts.sum(1)
    used = np.flatnonzero(sizes)
    offs = np.arange(-MOST_OFF, MOST_OFF + 1)
    best: tuple[float, Model] | None = None
    for base in (_LOGISTIC,) if level <= 2 else range(len(BASES)):
        every = counts[used] @ ladder_bits(base).T
        # The costs of each class by how far off its scale is.
        places = np.stack([tables_of(np.full(CLASSES, off))[used] for off in offs], axis=1)
        costs = np.take_along_axis(every, places, axis=1)
        common = int(np.argmin(costs.sum(0)))
        chosen = np.where(sizes[used] >= _ENOUGH, costs.argmin(1), common)
        bits = float(costs[np.arange(used.size), chosen].sum())
        if best is None or bits < best[0]:
            first = int(used[0])
            further = np.zeros(int(used[-1]) - first + 1, np.int64)
            further[used - first] = chosen - common
            found = replace(
                model, base=base, off=common - MOST_OFF, first=first, offs=tuple(further.tolist())
            )
            best = bits, found
    assert best is not None
    return best
