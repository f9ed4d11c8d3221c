"""Residues that are not equally frequent: a map of the integers that gives rare ones little room.

Samples that were multiples of something before they were offset, averaged or rounded keep to some
residues. Where split points between integers are moved in proportion to the counted residues,
every smooth distribution becomes one with the comb of the data.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.causal.format import MOST_RESIDUES

__all__ = ["count_residue"]


@kernel(error_model="numpy")
def count_residue(
    residues: npt.NDArray[np.float64], warp: npt.NDArray[np.float64], channel: Any, residue: int
) -> None:
    """Count a residue; ``warp`` moves split points so that rare residues take little room."""
    residues[channel, residue] += 1.0
    grid = residues.shape[1]
    total = 0.0
    for k in range(grid):
        total += residues[channel, k]
    if total > MOST_RESIDUES:
        for k in range(grid):
            residues[channel, k] *= 0.5
        total *= 0.5
    room = grid / total
    cumulative = 0.0
    for k in range(grid):
        warp[channel, k] = cumulative * room - k
        cumulative += residues[channel, k]
