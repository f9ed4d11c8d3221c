"""What both sides walk by: numbers and tables of a plane, and the predictions of its samples.

Predictions are float64 sums in a fixed order, from the oldest sample to the latest. In planes that
are not wide all of these are integers times fractions that 53 bits hold nearly always; where they
do not, both sides round alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.kernels import inlined
from compress.prediction.linear.lattice import MOST_ORDER, STEPS, Floats, step_up

__all__ = [
    "HIGHEST",
    "MOST_RESIDUAL",
    "NARROW",
    "Integers",
    "Reflections",
    "Tables",
    "Walk",
    "fits_each_other",
    "predictor_of",
    "total_of",
]

Integers = npt.NDArray[np.int64]
Reflections = npt.NDArray[np.int8]

# Samples of planes that are not wide are below this in size, their residuals below four times it:
# sums of both are exact in float64.
NARROW = 1 << 50
MOST_RESIDUAL = 1 << 52
# Predictions of wide planes are kept within int64.
HIGHEST = float(1 << 62)


class Walk(NamedTuple):
    """What a plane's samples are coded by, beside the predictors.

    Attributes
    ----------
    block : int
        Samples of a sequence that have one predictor.
    centre : int
        What is taken off every sample; wraps modulo 2**64.
    wide : bool
        Whether samples less the centre reach `NARROW`.
    fast, slow : int
        Rates of the two averages.
    start : int
        The averages begin with two to this power.
    """

    block: int
    centre: int
    wide: bool
    fast: int
    slow: int
    start: int


class Tables(NamedTuple):
    """The tables of the classes; see `compress.tables.TableSet`.

    Attributes
    ----------
    cumulative, start, low, escape
        The tables.
    bits, entries : int and uint64 array (T << bits,)
        Their look-up.
    """

    cumulative: npt.NDArray[np.uint32]
    start: Integers
    low: Integers
    escape: npt.NDArray[np.bool_]
    bits: int
    entries: npt.NDArray[np.uint64]


@inlined(forceinline=True)
def fits_each_other(
    sequences: Integers, orders: Integers, reflections: Reflections, how: Walk
) -> Any:
    """Whether arrays and numbers fit each other, so that no index can be outside."""
    rows, length = sequences.shape
    good = (
        rows > 0 and rows % 4 == 0 and how.block > 0
        and orders.shape[0] == rows and reflections.shape[0] == rows
        and orders.shape[1] * how.block >= length
        and reflections.shape[1] == orders.shape[1]
        and reflections.shape[2] == MOST_ORDER
        and 0 <= how.fast < 16 and 0 <= how.slow < 16
        and 0 <= how.start < 57
    )  # fmt: skip
    if good:
        for row in range(rows):
            for block in range(orders.shape[1]):
                order = orders[row, block]
                good = good and 0 <= order <= MOST_ORDER
                for i in range(MOST_ORDER):
                    good = good and abs(np.int64(reflections[row, block, i])) < STEPS
    return good


@inlined(forceinline=True)
def predictor_of(reflections: Reflections, order: Any, weights: Floats) -> None:
    """Add the weights of a predictor to zeros."""
    for i in range(order):
        step_up(weights, np.int64(reflections[i]), i)


@inlined(forceinline=True)
def total_of(past: Floats, at: Any, step: Any, weights: Floats, order: Any) -> Any:
    """Return a prediction before it is rounded down, from samples ``step`` apart."""
    total = 0.5
    for lag in range(order, 0, -1):
        total = total + weights[lag - 1] * past[at - step * lag]
    return total
