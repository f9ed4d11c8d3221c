"""The tables of tokens: one for each scale class, of one base, from a ladder of scales.

A class says which scale to expect; the parameters say for each class how far its table's scale is
from that, in eighths of an octave.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from compress.prediction.linear.scale import FRACTION, PER_OCTAVE, shift_of
from compress.tables import DensityTable, TableSet
from compress.tables.knots import SCALE_STEPS

__all__ = ["BASES", "LADDER", "MOST_OFF", "REACH", "expected_scale", "ladder_bits", "table_of", "table_set"]

# Bases from light to heavy tails; their place is their number in a stream.
BASES = ("normal", "t10", "logistic", "t4", "laplace")
# How far a table's scale may be from the expected one, in steps of an eighth of an octave.
MOST_OFF = 64
_STEP = SCALE_STEPS // 8
# The expected scale is the mean magnitude of tokens: half of the sum of the averages.
_OCTAVES = FRACTION + 1
# A table goes so many scales to a side, within limits.
_SCALES, _LEAST, REACH = 10, 12, 255
# Scales of the ladder, in steps: 2**-6 to 2**5 tokens.
LADDER = range(-6 * 8, 5 * 8 + 1)


def expected_scale(kind: int) -> int:
    """Return the expected scale of a class in steps of an eighth of an octave."""
    eighths = (2 * kind + 1) * 8 // (2 * PER_OCTAVE)
    return eighths - 8 * (_OCTAVES + int(shift_of(kind)))


def table_of(base: int, scale: int, shift: int) -> DensityTable:
    """Return a table, by its scale in steps and the plain low bits below its tokens."""
    scale = min(max(scale, LADDER.start), LADDER.stop - 1) * _STEP
    octave = scale // SCALE_STEPS
    half = min(max(_SCALES << max(octave + 1, 0), _LEAST), REACH)
    # A token stands for what is above it, so that their middle is half a token below 0.
    middle = (1 << shift) - 1 if shift < 16 else 1 << shift
    steps = -(32 * middle >> shift)
    location = steps >> octave if octave >= 0 else steps << -octave
    return DensityTable(-half, 2 * half + 1, -1, BASES[base], location, scale)


def table_set(base: int, scales: tuple[int, ...], first: int) -> TableSet:
    """Build the tables of the classes from ``first`` on."""
    return TableSet.from_densities(
        [
            table_of(base, scale, int(shift_of(first + i)))
            for i, scale in enumerate(scales)
        ]
    )


@lru_cache(maxsize=2 * len(BASES))
def ladder_bits(base: int, shifted: bool) -> npt.NDArray[np.float64]:
    """Return the bits of tokens from -REACH to REACH by all tables of the ladder; encoder only.

    The first row is the lowest scale; tokens outside a table cost its escape and 12 bits.
    """
    tables = [table_of(base, scale, 20 if shifted else 0) for scale in LADDER]
    built = TableSet.from_densities(tables)
    found = np.empty((len(tables), 2 * REACH + 1))
    for row, table in enumerate(tables):
        bits = 24.0 - np.log2(built.masses(row))
        found[row] = bits[-1] + 12.0
        found[row, REACH + table.low : REACH + table.low + table.size] = bits[:-1]
    return found




