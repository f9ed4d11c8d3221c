"""Where samples and their neighbours lie: slices in bands of rows, with margins all around.

A plane is scanned as slices (all axes but the last two of a scan) of rows (the axis before the
last) along the last axis. Where there are rows enough, a slice is two bands, the upper and the
lower half of its rows, which are predicted apart, so that a decoder can walk both at a time.
Samples are kept in a flat array with margins, so that no kernel looks at borders: `SIDE` places on
either side of a row, and one row above and one below each band. Margins hold the nearest sample
known.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

__all__ = [
    "FAR_TERMS",
    "NEAR",
    "NEAR_SCALES",
    "OWN_SCALES",
    "OWN_TERMS",
    "SCALE_TERMS",
    "SIDE",
    "Shape",
    "band_rows",
    "coefficient_counts",
    "far_offsets",
    "margined_size",
    "scale_counts",
    "scale_offsets",
    "shape_of",
]

# Slices, bands in each, rows in each slice, samples in each row.
Shape = tuple[int, int, int, int]

SIDE = 3
"""Margin on either side of a row: the farthest neighbour along it is two samples away."""
NEAR = 7
"""Terms from the row itself and the one above: W, N, NW, NE, the median edge detector, WW, NEE."""
NEAR_SCALES = 8
"""Scale terms from there: residuals at W, N, NW, NE, WW and distances W-NW, N-NW, N-NE."""

# Terms that are known before a row is begun, as slices back, rows back and samples right, in the
# order in which sets with more slices behind them take them.
_ABOVE = ((0, -2, 0), (0, -2, 1))
_BEHIND = ((-1, 0, 0), (-1, 0, -1), (-1, 0, 1), (-1, -1, 0), (-1, 1, 0), (-1, -1, -1), (-1, -1, 1))
_FARTHER = ((-2, 0, 0), (-2, 0, -1), (-2, -1, 0), (-2, -1, -1))
_FAR = (*_ABOVE, *_BEHIND, *_FARTHER)
_SCALES_ABOVE = ((0, -2, 0),)
_SCALES_BEHIND = ((-1, 0, 0), (-1, 0, 1), (-1, 1, 0))
_SCALES = (*_SCALES_ABOVE, *_SCALES_BEHIND)

# The first row of the second band has none above: of so many rows or more, a tenth of a percent.
_LEAST_ROWS = 64

OWN_TERMS = len(_ABOVE)
"""The first far terms of a location lie in the slice itself."""
OWN_SCALES = len(_SCALES_ABOVE)
"""The first far terms of a scale lie in the slice itself."""
FAR_TERMS = len(_FAR)
"""Terms of a location that are known before a row is begun."""
SCALE_TERMS = len(_SCALES)
"""Terms of a scale that are known before a row is begun."""


def coefficient_counts(sets: int) -> list[int]:
    """Return how many far terms the coefficients of each set have: by the slices behind it."""
    counts = (len(_ABOVE), len(_ABOVE) + len(_BEHIND), FAR_TERMS)
    return list(counts[:sets])


def scale_counts(sets: int) -> list[int]:
    """Return how many far terms the scale of each set has."""
    counts = (len(_SCALES_ABOVE), SCALE_TERMS, SCALE_TERMS)
    return list(counts[:sets])


def shape_of(shape: tuple[int, ...], axes: tuple[int, ...]) -> Shape:
    """Slices, bands, rows and samples in a row, of a plane scanned in an order of its axes."""
    *outer, rows, width = (shape[axis] for axis in axes)
    return prod(outer), 2 if rows >= _LEAST_ROWS else 1, rows, width


def band_rows(shape: Shape) -> int:
    """Rows in a band; the last band may have one less."""
    _, bands, rows, _ = shape
    return -(-rows // bands)


def margined_size(shape: Shape) -> int:
    """Places of the flat array with margins."""
    slices, bands, _, width = shape
    return slices * bands * (band_rows(shape) + 2) * (width + 2 * SIDE)


def far_offsets(shape: Shape) -> npt.NDArray[np.int64]:
    """Distances of the far terms of a location in the flat array."""
    return _distances(shape, _FAR)


def scale_offsets(shape: Shape) -> npt.NDArray[np.int64]:
    """Distances of the far terms of a scale in the flat array."""
    return _distances(shape, _SCALES)


def _distances(shape: Shape, places: tuple[tuple[int, int, int], ...]) -> npt.NDArray[np.int64]:
    _, bands, _, width = shape
    stride = width + 2 * SIDE
    block = bands * (band_rows(shape) + 2) * stride
    return np.array([dz * block + dy * stride + dx for dz, dy, dx in places], np.int64)
