"""What would a plane cost? A cheap estimate of its code length, for choosing between plans."""

from __future__ import annotations

import numpy as np

from compress.prediction.estimate import order0_bits
from compress.prediction.model import Plane

__all__ = ["plane_bits"]

_BLOCK = 1024
_MOST_BLOCKS = 16


def plane_bits(plane: Plane) -> float:
    """Estimate the bits that a plane costs.

    The smaller of two order-0 code lengths over sampled blocks: that of the values, and that of
    the differences of neighbours along the last axis.

    Parameters
    ----------
    plane : int64 array, any shape

    Returns
    -------
    float
        Bits for the whole plane.
    """
    flat = plane.ravel()
    if flat.size == 0:
        return 0.0
    starts = np.linspace(0, max(0, flat.size - _BLOCK), min(_MOST_BLOCKS, -(-flat.size // _BLOCK)))
    blocks = [flat[s : s + _BLOCK] for s in starts.astype(np.int64).tolist()]
    values = np.concatenate(blocks)
    differences = np.concatenate([np.diff(block) for block in blocks])
    bits = order0_bits(values)
    if differences.size:
        bits = min(bits, order0_bits(differences))
    return bits * flat.size + 8.0
