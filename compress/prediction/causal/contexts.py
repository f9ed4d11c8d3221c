"""The circumstances of a sample under which its decisions are counted in cells.

The experts' distributions are smooth and change slowly. What they cannot express is counted: values
that are missing or frequent, pairs of samples that an interpolation made alike, the side on which
the errors nearby lay. Every context is a few properties of the sample; with the decision, its hash
finds a cell, which starts at the experts' probability and moves to what comes true. What the cells
add to the experts' logit is weighted by how much each has seen, and the weights are learned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.causal.format import MAX_CHANNELS
from compress.prediction.common.cells import mingle

__all__ = [
    "ERRORS", "LEVELS", "N0", "N1", "N2", "N3", "N4", "N5", "OCTAVE", "PATTERN", "PHASE",
    "PLACE", "PREDICTION", "PROPERTIES", "SIDES", "describe",
]  # fmt: skip

# Properties of a sample, by numbers that recipes refer to. Where the scale is large, values are in
# steps of a part of it.
PREDICTION, OCTAVE, PLACE, PATTERN, ERRORS, PHASE, SIDES, LEVELS, NEAR = range(9)
# Those next to the sample, the last property and those that follow it.
_NEIGHBOURS = 6
PROPERTIES = NEAR + _NEIGHBOURS
N0, N1, N2, N3, N4, N5 = range(NEAR, PROPERTIES)
_ERRORS_SEEN = 4
_SIDES_SEEN = 12
_LEVELS_SEEN = 2
# Levels: an error in steps of 1/1.2 of the scale, from -2 to 2; a value in scales, from -3 to 3.
_ERROR_STEPS, _ERROR_LIMIT = 1.2, 2.0
_VALUE_LIMIT = 3.0
# Phases of the prediction between two integers.
_PHASE_STEPS = 4.0
# Octaves of the scale, counted from 2**-4, from which on values are in steps.
_EXACT = 6
# Differences and errors below these parts of the scale are none.
_SAME_VALUE, _SAME_ERROR = 0.5, 0.4


@kernel(error_model="numpy")
def _third(x: float, same: float) -> int:
    """Return 0 below, 1 near, 2 above zero."""
    return (1 if x > -same else 0) + (1 if x > same else 0)


@kernel(error_model="numpy")
def describe(
    keys: npt.NDArray[np.int64],
    properties: npt.NDArray[np.int64],
    contexts: npt.NDArray[np.int64],
    past: npt.NDArray[np.int64],
    signed: npt.NDArray[np.float32],
    index: npt.NDArray[np.uint64],
    coordinates: npt.NDArray[np.int64],
    channel: int,
    base: int,
    centre: float,
    scale: float,
    octave: int,
) -> int:
    """Hash the contexts of a sample.

    Parameters
    ----------
    keys : ndarray of int64, shape (contexts,)
        Written: the hashes.
    properties : ndarray of int64, shape (PROPERTIES,)
        Scratch.
    contexts : ndarray of int64, shape (contexts, any)
        Properties of each, filled up with -1.
    past, signed : ndarray, shape (n,)
        The samples and their errors.
    index : ndarray of uint64
        Of the neighbours, the nearest first.
    coordinates : ndarray of int64
    channel : int
    base, centre, scale, octave
        The sample expected, as an integer and as it is, how wide, and the octave of that.

    Returns
    -------
    int
        By how many bits values are shifted to count in steps.
    """
    inverse = 1.0 / scale
    shift = max(octave - _EXACT, 0)
    place: Any = np.int64(0)
    for a in range(coordinates.size):
        place = place * 2 + (coordinates[a] & 1)
    pattern = 0
    for k in range(_NEIGHBOURS):
        value = past[index[k]]
        properties[NEAR + k] = (value - base) >> shift
        pattern = pattern * 3 + _third((value - centre) * inverse, _SAME_VALUE)
    lately = 0
    levels = 0
    for k in range(_ERRORS_SEEN):
        error = signed[index[k]] * inverse
        lately = lately * 3 + _third(error, _SAME_ERROR)
        if k < _LEVELS_SEEN:
            level = min(max(error * _ERROR_STEPS, -_ERROR_LIMIT), _ERROR_LIMIT)
            levels = levels * int(2 * _ERROR_LIMIT + 1) + int(level + _ERROR_LIMIT + 0.5)
            value = past[index[k]]
            level = min(max((value - centre) * inverse, -_VALUE_LIMIT), _VALUE_LIMIT)
            levels = levels * int(2 * _VALUE_LIMIT + 1) + int(level + _VALUE_LIMIT + 0.5)
    sides = 0
    for k in range(min(_SIDES_SEEN, index.size)):
        sides = sides * 2 + (1 if past[index[k]] > centre else 0)
    properties[PREDICTION] = base >> shift
    properties[OCTAVE] = octave
    properties[PLACE] = place * MAX_CHANNELS + channel
    properties[PATTERN] = pattern
    properties[ERRORS] = lately
    properties[PHASE] = int((centre + 1.0 - base) * _PHASE_STEPS)
    properties[SIDES] = sides
    properties[LEVELS] = levels
    for j in range(keys.size):
        hashed = mingle(j + 1, 0)
        for k in range(contexts.shape[1]):
            if contexts[j, k] >= 0:
                hashed = mingle(hashed, properties[contexts[j, k]])
        keys[j] = hashed
    return shift
