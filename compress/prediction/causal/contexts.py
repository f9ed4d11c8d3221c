"""Cells: how often the same decision came out this way in the same circumstances.

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
from compress.prediction.causal.format import MAX_CHANNELS, NODES
from compress.prediction.common.logistic import LIMIT, stretch

__all__ = [
    "BUCKETS", "ERRORS", "LEVELS", "N0", "N1", "N2", "N3", "N4", "N5", "OCTAVE", "PATTERN", "PHASE",
    "PLACE", "PREDICTION", "PROPERTIES", "SIDES", "cells_of", "consult", "describe", "mingle", "teach",
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
# A cell: the probability in 31 bits, a tag of its context in 16, how often it was seen in 8.
_ONE = np.int64((1 << 31) - 1)
_TO_TAG, _TO_SHARE = 8, 24
_SEEN, _TAG = 0x7F, 0xFFFF
_RATES = np.array([1.0 / (n + 2.5) for n in range(_SEEN + 1)])
# What a cell has seen, in octaves.
BUCKETS = 8
_BUCKET = np.array([min(n.bit_length(), BUCKETS - 1) for n in range(_SEEN + 1)], np.uint64)
# No more cells than that, whatever the number of samples.
_MOST_BITS = 20
_LEAST_BITS = 10
_LEARN_WEIGHT, _LEARN_TRUST = 0.003, 0.002

_HASH = (1 << 32) - 1
# Below 2**31, so that products keep to 63 bits.
_MULTIPLIER = 1540483477


@kernel("i8(i8)", error_model="numpy")
def cells_of(samples: int) -> int:
    """Return the logarithm of the number of cells for so many samples."""
    bits = _LEAST_BITS
    while bits < _MOST_BITS and 1 << bits < 4 * samples:
        bits += 1
    return bits


@kernel(error_model="numpy")
def mingle(hashed: int, value: int) -> int:
    """Mix a value into a hash of 32 bits."""
    product = (hashed ^ (value & _HASH)) * _MULTIPLIER
    return (product ^ (product >> 32)) & _HASH


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


@kernel(error_model="numpy")
def consult(
    cells: npt.NDArray[np.int64],
    bits: int,
    keys: npt.NDArray[np.int64],
    decision: int,
    mixed: float,
    logit: float,
    weights: npt.NDArray[np.float64],
    row: Any,
    trust: npt.NDArray[np.float64],
    node: int,
    slots: npt.NDArray[np.uint64],
    buckets: npt.NDArray[np.uint64],
    offsets: npt.NDArray[np.float64],
    stretches: npt.NDArray[np.float64],
) -> float:
    """Add to a logit what was seen in the same contexts.

    Parameters
    ----------
    cells : ndarray of int64, shape (2**bits,)
        Those that are new to a context are started at the probability given.
    keys : ndarray of int64
        See `describe`.
    decision : int
        What is decided, relative to what was expected.
    mixed, logit : float
        The experts' probability, and its logit.
    weights : ndarray of float64, shape (any, contexts + 1)
        Of what each cell adds, in row ``row``; the last one is the logit's own.
    trust : ndarray of float64
        Added to the weights, by context, node and how much the cell has seen.
    slots, buckets, offsets : ndarray
        Written, for `teach`: which cells, where in ``trust``, what they add.
    stretches : ndarray of float64
        Constants of the format.

    Returns
    -------
    float
    """
    n = np.uint64(keys.size)
    logit = min(max(logit, -LIMIT), LIMIT)
    total = logit * weights[row, n]
    offsets[n] = logit
    for j in range(n):
        hashed: Any = mingle(keys[j], decision)
        slot = np.uint64(hashed >> (32 - bits))
        tag = hashed & _TAG
        other = slot ^ np.uint64(1)
        cell, spare = cells[slot], cells[other]
        if (cell >> _TO_TAG) & _TAG != tag or cell & _SEEN == 0:
            if (spare >> _TO_TAG) & _TAG == tag and spare & _SEEN > 0:
                slot, cell = other, spare
            else:
                # The one of the two that has seen less makes room.
                slot = other if spare & _SEEN < cell & _SEEN else slot
                cell = (np.int64(mixed * _ONE) << _TO_SHARE) | (tag << _TO_TAG)
        cells[slot] = cell
        share = ((cell >> _TO_SHARE) + 0.5) * (1.0 / (1 << 31))
        bucket = (j * np.uint64(NODES) + np.uint64(node)) * np.uint64(BUCKETS)
        bucket += _BUCKET[np.uint64(cell & _SEEN)]
        offset = stretch(share, 1.0 - share, stretches) - logit
        slots[j], buckets[j], offsets[j] = slot, bucket, offset
        total += offset * (weights[row, j] + trust[bucket])
    answer: float = total
    return answer


@kernel(error_model="numpy")
def teach(
    cells: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    row: Any,
    trust: npt.NDArray[np.float64],
    slots: npt.NDArray[np.uint64],
    buckets: npt.NDArray[np.uint64],
    offsets: npt.NDArray[np.float64],
    one: float,
    error: float,
) -> None:
    """Learn how a decision came out: ``one``, which differs by ``error`` from what was said.

    See `consult` for the other parameters.
    """
    n = np.uint64(slots.size)
    step = error * _LEARN_WEIGHT
    weights[row, n] += step * offsets[n]
    for j in range(n):
        weights[row, j] += step * offsets[j]
        trust[buckets[j]] += error * _LEARN_TRUST * offsets[j]
        cell = cells[slots[j]]
        seen = cell & _SEEN
        share = cell >> _TO_SHARE
        share += np.int64((one * _ONE - share) * _RATES[np.uint64(seen)])
        known = cell & (_TAG << _TO_TAG)
        cells[slots[j]] = (share << _TO_SHARE) | known | min(seen + 1, _SEEN)
