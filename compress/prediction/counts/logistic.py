"""Tables of the logistic domain, made with additions, multiplications and divisions only.

Every table is a pure function of nothing, evaluated in IEEE double precision in a fixed order,
so that it is the same on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "BUCKET",
    "BUCKETS",
    "COUNT_BITS",
    "RECIPROCAL",
    "SQUASH",
    "SQUASH_HALF",
    "SQUASH_STEPS",
    "STRETCH",
    "initial_cells",
]

COUNT_BITS = 10
"""A cell is a 22-bit probability above a 10-bit count of what it has seen."""

SQUASH_HALF = 2048
"""Logits are clipped to -12 .. 12: a decision costs at least 1e-5 bits."""

SQUASH_STEPS = 170
"""Knots of the squash table per unit of logit; between knots it is linear."""


def _stretch() -> npt.NDArray[np.float32]:
    """Give ln(p / (1 - p)) at p = (i + 1/2) / 4096.

    ln(2 i + 3) - ln(2 i + 1) = 2 artanh(1 / (2 i + 2)), summed from 1 upwards.
    """
    logs = [0.0]
    for i in range(4095):
        t = 1.0 / (2 * i + 2)
        square = t * t
        term, total, k = t, 0.0, 1
        while term > 1e-18:
            total += term / k
            term *= square
            k += 2
        logs.append(logs[-1] + 2.0 * total)
    return np.array([logs[i] - logs[4095 - i] for i in range(4096)], dtype=np.float32)


def _squash() -> npt.NDArray[np.int32]:
    """Give 2**24 / (1 + exp(-x)) at x = (i - 2048) / 170, rounded down."""
    step, term = 1.0, 1.0
    for k in range(1, 20):
        term = term / SQUASH_STEPS / k
        step += term
    powers = [1.0]
    for _ in range(SQUASH_HALF):
        powers.append(powers[-1] * step)
    low = [int((1 << 24) / (1.0 + powers[SQUASH_HALF - j])) for j in range(SQUASH_HALF)]
    high = [(1 << 24) - int((1 << 24) / (1.0 + powers[j])) for j in range(SQUASH_HALF)]
    return np.array(low + high, dtype=np.int32)


def _buckets() -> npt.NDArray[np.uint8]:
    """Classify counts: few seen matter one by one, many only by magnitude."""
    edges = (0, 1, 2, 3, 4, 6, 9, 16, 32, 128, 512)
    bucket = np.zeros(1 << COUNT_BITS, dtype=np.uint8)
    for edge in edges[1:]:
        bucket[edge:] += np.uint8(1)
    return bucket


STRETCH = _stretch()
SQUASH = _squash()
BUCKET = _buckets()
BUCKETS = int(BUCKET[-1]) + 1
RECIPROCAL = np.array([655360 // (10 * n + 16) for n in range(1 << COUNT_BITS)], dtype=np.uint16)
"""65536 / (n + 1.6): how far a cell that has seen n bits moves towards the next."""


def initial_cells(
    ones: npt.NDArray[np.int64], totals: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.uint32]:
    """Make cells of probability ``ones / totals`` that count as ``count`` seen bits.

    Parameters
    ----------
    ones, totals : int64 arrays of one shape
        ``0 < ones < totals < 2**52``.
    count : int
        Confidence of the start, ``0 .. 1023``.
    """
    shift = np.where(totals >> 40 > 0, 12, 0)  # so that 22 more bits fit
    probability = np.clip(
        ((ones >> shift) << 22) // (totals >> shift), 1 << 8, (1 << 22) - (1 << 8)
    )
    return ((probability << COUNT_BITS) | count).astype(np.uint32)
