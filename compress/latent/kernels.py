"""Kernels of latents: normal distributions on cells, and plain numbers, on an ANS stack.

The real line is cut into n cells by n - 1 rising edges (`compress.latent.cells`). Below edge i a
distribution has the mass ``spare * i + (total - spare * n) * CDF``: with ``spare`` = 2 every cell
has a mass, because the integer CDF falls short of rising by less than one unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.coders.ans import Scalar, pop_interval, quantile
from compress.kernels import inlined, kernel
from compress.tables.kernels import base_cdf
from compress.tables.knots import CDF_BITS, Z_BITS

__all__ = ["INVERSE_BITS", "MEAN_BITS", "cell_intervals", "find_cells", "pop_cells", "pop_uniform"]

MEAN_BITS = 16
"""Fractional bits of means and edges."""
INVERSE_BITS = 16
"""Fractional bits of inverse scales."""

_SHIFT = MEAN_BITS + INVERSE_BITS - Z_BITS
_PRECISION = 24
_TOTAL = 1 << _PRECISION
# A standardised argument beyond this many units is as good as infinite.
_FAR = 1 << 40


@inlined()
def _below(
    i: Scalar,
    n: Scalar,
    mean: Scalar,
    inverse: Scalar,
    edges: np.ndarray,
    knots: np.ndarray,
    total: Scalar,
    spare: Scalar,
) -> Scalar:
    """Mass below cell i."""
    if i <= 0:
        return 0
    if i >= n:
        return total
    z = ((edges[i - 1] - mean) * inverse) >> _SHIFT
    value = base_cdf(min(max(z, -_FAR), _FAR), knots)
    return spare * i + (((total - spare * n) * value) >> CDF_BITS)


@inlined()
def _cell(
    wanted: Scalar,
    n: Scalar,
    mean: Scalar,
    inverse: Scalar,
    edges: np.ndarray,
    knots: np.ndarray,
    total: Scalar,
    spare: Scalar,
) -> tuple[Scalar, Scalar, Scalar]:
    """Find the cell whose masses hold ``wanted``, by bisection; cell, its start, its end."""
    first = 0
    last = n
    left = 0
    right = total
    while last - first > 1:
        middle = (first + last) >> 1
        value = _below(middle, n, mean, inverse, edges, knots, total, spare)
        if value <= wanted:
            first = middle
            left = value
        else:
            last = middle
            right = value
    return first, left, right


_NORMALS = "const(i8[::1]), const(i8[::1]), const(i8[::1]), const(i8[:, ::1])"


@kernel(f"void(const(i8[::1]), {_NORMALS}, i8, i8[::1], i8[::1], i8[::1])")
def find_cells(
    wanted: np.ndarray,
    means: np.ndarray,
    inverses: np.ndarray,
    edges: np.ndarray,
    knots: np.ndarray,
    total: Scalar,
    cells: np.ndarray,
    starts: np.ndarray,
    masses: np.ndarray,
) -> None:
    """Find the cells of quantiles in units of 1 / total; no mass to spare."""
    n = len(edges) + 1
    for k in range(min(len(wanted), len(means), len(inverses))):
        cell, left, right = _cell(wanted[k], n, means[k], inverses[k], edges, knots, total, 0)
        cells[k] = cell
        starts[k] = left
        masses[k] = right - left


@kernel(f"void(const(i8[::1]), {_NORMALS}, i8, i8, i8[::1], i8[::1])")
def cell_intervals(
    cells: np.ndarray,
    means: np.ndarray,
    inverses: np.ndarray,
    edges: np.ndarray,
    knots: np.ndarray,
    total: Scalar,
    spare: Scalar,
    starts: np.ndarray,
    masses: np.ndarray,
) -> None:
    """Start and mass of cells."""
    n = len(edges) + 1
    for k in range(min(len(cells), len(means), len(inverses))):
        i = cells[k]
        left = _below(i, n, means[k], inverses[k], edges, knots, total, spare)
        right = _below(i + 1, n, means[k], inverses[k], edges, knots, total, spare)
        starts[k] = left
        masses[k] = right - left


@kernel(f"void(const(u4[::1]), u8[::1], u8[::1], {_NORMALS}, i8[::1])")
def pop_cells(
    words: np.ndarray,
    states: np.ndarray,
    places: np.ndarray,
    means: np.ndarray,
    inverses: np.ndarray,
    edges: np.ndarray,
    knots: np.ndarray,
    cells: np.ndarray,
) -> None:
    """Pop cells, each by a normal distribution of its own; one lane from word 0."""
    n = len(edges) + 1
    state, place = states[0], min(places[0], np.uint64(len(words) - 1))
    floor = np.uint64(0)
    for k in range(min(len(cells), len(means), len(inverses))):
        wanted = np.int64(quantile(state))
        cell, left, right = _cell(wanted, n, means[k], inverses[k], edges, knots, _TOTAL, 2)
        state, place = pop_interval(
            state, place, floor, words, np.uint64(left), np.uint64(right - left)
        )
        cells[k] = cell
    states[0], places[0] = state, place


@kernel("void(const(u4[::1]), u8[::1], u8[::1], const(i8[::1]), i8[::1])")
def pop_uniform(
    words: np.ndarray, states: np.ndarray, places: np.ndarray, sizes: np.ndarray, values: np.ndarray
) -> Any:
    """Pop numbers that are uniform below sizes of 1 to 2^24; one lane from word 0.

    Number v of size m has the interval from ``ceil(v 2^24 / m)`` to ``ceil((v + 1) 2^24 / m)``.
    """
    state, place = states[0], min(places[0], np.uint64(len(words) - 1))
    floor = np.uint64(0)
    for k in range(min(len(values), len(sizes))):
        size = min(max(sizes[k], 1), _TOTAL)
        value = (np.int64(quantile(state)) * size) >> _PRECISION
        left = ((value << _PRECISION) + size - 1) // size
        right = (((value + 1) << _PRECISION) + size - 1) // size
        state, place = pop_interval(
            state, place, floor, words, np.uint64(left), np.uint64(right - left)
        )
        values[k] = value
    states[0], places[0] = state, place
