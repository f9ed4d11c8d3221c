"""Cells: how often the same decision came out this way in the same circumstances.

Every context is a few properties of a sample; with the decision, its hash finds a cell, which
starts at the probability that was mixed and moves to what comes true. What the cells add to its
logit is weighted by how much each has seen, and the weights are learned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.common.logistic import LIMIT, stretch

__all__ = ["BUCKETS", "NODES", "cells_of", "consult", "mingle", "teach"]

# Where decisions may stand, at most.
NODES = 64
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
