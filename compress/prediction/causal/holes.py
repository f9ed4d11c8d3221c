"""Places of a plane that hold no sample: one decision each, and their neighbours do without them.

Land in a field of the sea, the surroundings of a picture from above: a step sets them apart and
marks them by a value below all others. That a place is a hole is decided under the holes among its
neighbours; if it is one, nothing else is coded, and nothing learned of samples. Where it is none, a
neighbour that is a hole is replaced by the nearest that is not, and experts of its own predict it,
for they have less to go by: at every coast those of open water would learn what is wrong there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import pop_interval, quantile
from compress.coders.recorded import TOTAL
from compress.kernels import kernel
from compress.prediction.causal.format import MIN_MASS
from compress.prediction.common.logistic import squash, stretch

__all__ = ["CELLS", "COASTS", "CONTEXTS", "pass_over"]

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
# How many of the nearest neighbours each context of the decision takes, where there are so many.
_SEEN = np.array([4, 8, 14], np.uint64)
CONTEXTS = 3
CELLS = 1 << 14
# Longest memory of a cell, what slows its first steps, and how fast the weights that mix cells
# learn.
_MEMORY = 255.0
_FIRST = 1.1
_LEARN = 0.02
# Experts at holes, by which of so many nearest neighbours are holes.
_NEAREST = 3
COASTS = 1 << _NEAREST


@kernel(error_model="numpy")
def pass_over(
    pos: int,
    channel: Any,
    states: int,
    decoding: bool,
    y: npt.NDArray[np.int64],
    past: npt.NDArray[np.int64],
    holes: npt.NDArray[np.uint8],
    errors: npt.NDArray[np.float32],
    closeness: npt.NDArray[np.float64],
    index: npt.NDArray[np.uint64],
    cells: npt.NDArray[np.float64],
    squashes: npt.NDArray[np.float64],
    stretches: npt.NDArray[np.float64],
    starts: npt.NDArray[np.uint32],
    masses: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.int64],
    recorded: int,
    words: npt.NDArray[np.uint32],
    state: Any,
    place: Any,
) -> tuple[Any, Any, Any, Any, int]:
    """Code whether a place is a hole, and lead its neighbours around holes.

    Parameters
    ----------
    pos, states, decoding, y, past, holes, errors, closeness
    squashes, stretches, starts, masses, ends
        See `compress.prediction.causal.kernel.run`.
    index : ndarray of uint64
        Places of the neighbours: those that predict, then those whose errors set the scale. Holes
        are replaced by the nearest that are none, each kind by its own.
    channel : int
        Whose experts predict the sample.
    cells : ndarray of float64, shape (CONTEXTS + 1, CELLS, 2)
        Probability of a hole and number of places seen, by context; weights of the contexts and
        their logits. Half of all is a start.
    recorded, words, state, place
        Of the coder.

    Returns
    -------
    hole : bool
    channel : int
        One of ``COASTS`` others from ``states`` on where a neighbour that predicts is a hole.
    state, place, recorded
        Of the coder.
    """
    n_near = closeness.size
    n_predict = index.size - n_near
    # ---- is it one
    context = _ZERO
    coast = _ZERO
    for k in range(n_predict):
        flag = np.uint64(holes[index[k]])
        coast |= flag
        if k < _SEEN[CONTEXTS - 1]:
            context |= flag << np.uint64(k)
    if coast:
        channel = np.uint64(states) + (context & np.uint64(COASTS - 1))
    dot = 0.0
    for i in range(CONTEXTS):
        seen = context & ((_ONE << _SEEN[i]) - _ONE)
        p = cells[i, seen, 0]
        cells[CONTEXTS, i, 1] = stretch(p, 1.0 - p, stretches)
        dot += cells[CONTEXTS, i, 0] * cells[CONTEXTS, i, 1]
    mixed = squash(dot, squashes)
    zero = min(max(TOTAL - int(mixed * float(TOTAL)), MIN_MASS), TOTAL - MIN_MASS)
    hole = np.int64(quantile(state)) >= zero if decoding else y[pos] == 0
    start = zero if hole else 0
    mass = TOTAL - zero if hole else zero
    if decoding:
        state, place = pop_interval(state, place, _ZERO, words, np.uint64(start), np.uint64(mass))
    else:
        starts[recorded] = start
        masses[recorded] = mass
        recorded += 1
    one = 1.0 if hole else 0.0
    for i in range(CONTEXTS):
        seen = context & ((_ONE << _SEEN[i]) - _ONE)
        cells[CONTEXTS, i, 0] += (one - mixed) * cells[CONTEXTS, i, 1] * _LEARN
        cells[i, seen, 0] += (one - cells[i, seen, 0]) / (cells[i, seen, 1] + _FIRST)
        cells[i, seen, 1] = min(cells[i, seen, 1] + 1.0, _MEMORY)
    # ---- what the neighbours are
    _replace(index, 0, n_predict, holes)
    _replace(index, n_predict, index.size, holes)
    if hole:
        # Seen only from where all neighbours are holes.
        holes[pos] = 1
        past[pos] = past[index[0]]
        for e in range(errors.shape[1]):
            near = 0.0
            for k in range(n_near):
                near += closeness[k] * errors[index[n_predict + k], e]
            errors[pos, e] = near
        ends[pos] = recorded
    return hole, channel, state, place, recorded


@kernel(error_model="numpy")
def _replace(
    index: npt.NDArray[np.uint64], first: int, end: int, holes: npt.NDArray[np.uint8]
) -> None:
    """Replace holes from ``first`` to ``end`` by the first that is none, if there is one."""
    good = first
    while good < end and holes[index[good]]:
        good += 1
    if good < end:
        for k in range(first, end):
            index[k] = index[good] if holes[index[k]] else index[k]
