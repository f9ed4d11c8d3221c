"""The tables of tokens: of a few bases, ladders of scales in eighths of an octave.

A class says which scale to expect; the parameters say how far its table's scale is from that.
The ladders are fixed, built once a process.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from compress.prediction.linear.scale import CLASSES, FRACTION, PER_OCTAVE, SHIFTS
from compress.prediction.linear.walk import Tables
from compress.tables import DensityTable, TableSet
from compress.tables.knots import SCALE_STEPS

__all__ = [
    "BASES",
    "LADDER",
    "MOST_OFF",
    "REACH",
    "expected_scales",
    "ladder",
    "ladder_bits",
    "tables_of",
]

# Bases from light to heavy tails; their place is their number in a stream.
BASES = ("normal", "t10", "logistic", "t4", "laplace")
# How far a table's scale may be from the expected one, in eighths of an octave.
MOST_OFF = 64
# Scales in eighths of an octave: 2**-6 to 2**5 tokens.
LADDER = range(-6 * 8, 5 * 8 + 1)
# A table goes so many scales to a side, within limits.
_SCALES, _LEAST, REACH = 10, 12, 255
# Classes are many and their tables narrow: finer look-ups leave the cache.
_LOOKUP_BITS = 8
# What an escape costs beside its mass, about.
_ESCAPE_BITS = 12.0


@lru_cache(maxsize=1)
def expected_scales() -> npt.NDArray[np.int64]:
    """Return the expected scale of each class: the mean magnitude of its tokens."""
    # The middle of a class; the class is that of twice the average.
    middles = (2 * np.arange(CLASSES) + 1) * 8 // (2 * PER_OCTAVE)
    return np.asarray(middles - 8 * (FRACTION + 1 + SHIFTS))


def _table(base: int, scale: int, shifted: bool) -> DensityTable:
    octave = scale // 8
    half = min(max(_SCALES << max(octave + 1, 0), _LEAST), REACH)
    # A token stands for what is above it: where there are low bits, the middle is half a token
    # below 0.
    location = (-32 >> octave if octave >= 0 else -32 << -octave) if shifted else 0
    steps = scale * SCALE_STEPS // 8
    return DensityTable(-half, 2 * half + 1, -1, BASES[base], location, steps)


@lru_cache(maxsize=len(BASES))
def table_set(base: int) -> TableSet:
    """Build the tables of a base: for classes without low bits, then for those with."""
    return TableSet.from_densities(
        [_table(base, scale, shifted) for shifted in (False, True) for scale in LADDER]
    )


@lru_cache(maxsize=len(BASES))
def ladder(base: int) -> Tables:
    """Return the tables of a base as kernels take them."""
    built = table_set(base)
    return Tables(
        built.cumulative, built.start, built.low, built.escape, _LOOKUP_BITS,
        built.entries(_LOOKUP_BITS),
    )  # fmt: skip


@lru_cache(maxsize=len(BASES))
def ladder_bits(base: int) -> npt.NDArray[np.float64]:
    """Return the bits of tokens from -REACH to REACH by each table of a ladder; encoder only."""
    built = table_set(base)
    found = np.empty((len(built), 2 * REACH + 1))
    for row in range(len(built)):
        bits = 24.0 - np.log2(built.masses(row))
        begin = REACH + int(built.low[row])
        found[row] = bits[-1] + _ESCAPE_BITS
        found[row, begin : begin + bits.size - 1] = bits[:-1]
    return found


def tables_of(offs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the table of each class, by how far its scale is from the expected one."""
    scales = np.clip(expected_scales() + offs, LADDER.start, LADDER.stop - 1)
    return np.asarray(scales - LADDER.start + len(LADDER) * (SHIFTS > 0))
