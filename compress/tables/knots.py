"""Integer knot tables of the base distributions, of sine and cosine, and of the scale ladder.

They are shipped with the library, as `compress.tables.knots_exact` computes them; the kernels
interpolate with integers only.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = [
    "BASES",
    "CDF_BITS",
    "KNOTS_FILE",
    "KNOTS_PER_OCTAVE_BITS",
    "OCTAVES",
    "SCALE_STEPS",
    "Z_BITS",
    "base_knots",
    "inverse_scales",
    "sine_knots",
]

# The cumulative distribution is a fixed-point number with this many fractional bits: its
# product with a 24-bit total still fits an int64.
CDF_BITS = 38
# A standardised argument has this many fractional bits.
Z_BITS = 24
# Knots lie 32 to an octave from 2**-4 up, and equally spaced below.
KNOTS_PER_OCTAVE_BITS = 5
OCTAVES = 24
SCALE_STEPS = 64

# The position of a base is its code in a stream. The uniform base has no knots.
BASES = ("uniform", "normal", "laplace", "logistic", "t1", "t2", "t3", "t4", "t6", "t10")

# Little-endian int64, deflated: the bases in their order, the sine, the inverse scales.
KNOTS_FILE = Path(__file__).with_name("knots.bin")

_SINE_KNOTS = 321


@cache
def _shipped() -> npt.NDArray[np.int64]:
    table = np.frombuffer(zlib.decompress(KNOTS_FILE.read_bytes()), "<i8").astype(np.int64)
    table.flags.writeable = False
    return table


def base_knots(name: str) -> npt.NDArray[np.int64]:
    """Cubic coefficients of a base's CDF for z >= 0, one row a segment.

    Parameters
    ----------
    name : str
        One of `BASES` other than ``"uniform"``.

    Returns
    -------
    ndarray, shape ((OCTAVES + 1) * 32, 4), int64
        Coefficients of 1, u, u**2, u**3 with `CDF_BITS` fractional bits, where u runs from 0 to
        1 over the segment: the cubic with the exact values and slopes at both ends. Read only.
    """
    if name == "uniform":
        raise ValueError(f"the base {name!r} has no knots")
    each = ((OCTAVES + 1) << KNOTS_PER_OCTAVE_BITS) * 4
    place = (BASES.index(name) - 1) * each
    return _shipped()[place : place + each].reshape(-1, 4)


def sine_knots() -> npt.NDArray[np.int64]:
    """Sine at 321 points, 256 to a turn (so a cosine is a quarter further), 30 fractional bits."""
    return _shipped()[-SCALE_STEPS - _SINE_KNOTS : -SCALE_STEPS]


def inverse_scales() -> npt.NDArray[np.int64]:
    """``2**(-k / SCALE_STEPS)`` with 22 fractional bits."""
    return _shipped()[-SCALE_STEPS:]
