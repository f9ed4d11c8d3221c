"""Kernels that code a column of rows, each with a distribution of its own.

A value is an interval of the lattice between two edges. Its digits, in base 4096, are coded from
the highest: of the cells that the range so far is cut into, each has the share of the distribution
function that it holds, in units of 2^-24, and two units more. The two make up for the rounding of
the distribution function, below one unit, so that every cell has a mass and bisection finds it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from compress.coders.ans import Scalar, pop_interval, quantile
from compress.densities._exact import log_gamma
from compress.densities.autoregressive.joint_steps import map_at, mixture_at, shape_at
from compress.kernels import kernel

__all__ = ["DIGIT", "MOST_DIGITS", "pop_column", "record_column"]

DIGIT = 4096
"""Cells of a digit: their spare units take 0.0007 bits."""
MOST_DIGITS = 5
"""Of a range below 2^60."""

_WHOLE = float(1 << 24)
# Below this share of mass a cell is cut evenly: the rounding of the distribution function, some
# 1e-15, stays below a unit of what is left.
_LEAST_SHARE = 2.0**-20


@kernel()
def _below(
    k: Scalar,
    i: Scalar,
    lattice: np.ndarray,
    bend: np.ndarray,
    freedom: float,
    log_beta: float,
    gate: np.ndarray,
    centre: np.ndarray,
    width: np.ndarray,
    leaf: np.ndarray,
    real: np.ndarray,
    imaginary: np.ndarray,
    ends: np.ndarray,
    doubt: float,
) -> float:
    """Distribution function of row i at the lower edge of value k."""
    x = lattice[0] + (k - 0.5) * lattice[1]
    z = map_at(x, bend[0], bend[1], bend[2], bend[3])
    base = mixture_at(z, i, freedom, log_beta, gate, centre, width)
    v = base
    few = len(ends) > 0
    if few:
        span = max(ends[i, 1] - ends[i, 0], 1e-300)
        v = min(max((base - ends[i, 0]) / span, 0.0), 1.0)
    total, _ = shape_at(v, real[leaf[i]], imaginary[leaf[i]])
    below: float = (1.0 - doubt) * total + doubt * base if few else total
    return below


@kernel()
def _top_stride(span: Scalar) -> Scalar:
    stride = 1
    while stride * DIGIT < span:
        stride *= DIGIT
    return stride


@kernel()
def _unit(share: float, even: float, cells: Scalar, cell: Scalar, holds: float) -> Scalar:
    """Start of a cell among `cells`, whose share of the mass below is `share`, of `holds`."""
    part = share / holds if holds > _LEAST_SHARE else even
    part = min(max(part, 0.0), 1.0)
    return math.floor(part * (_WHOLE - 2.0 * cells)) + 2 * cell


_DISTRIBUTION = (
    "const(f8[::1]), const(f8[::1]), f8, const(f8[:, ::1]), const(f8[:, ::1]), const(f8[:, ::1]), "
    "const(i8[::1]), const(f8[:, ::1]), const(f8[:, ::1]), const(f8[:, ::1]), f8"
)


@kernel(f"i8(const(i8[::1]), i8, i8, {_DISTRIBUTION}, u4[::1], u4[::1])")
def record_column(
    values: np.ndarray,
    low: Scalar,
    high: Scalar,
    lattice: np.ndarray,
    bend: np.ndarray,
    freedom: float,
    gate: np.ndarray,
    centre: np.ndarray,
    width: np.ndarray,
    leaf: np.ndarray,
    real: np.ndarray,
    imaginary: np.ndarray,
    ends: np.ndarray,
    doubt: float,
    starts: np.ndarray,
    masses: np.ndarray,
) -> Scalar:
    """Record the intervals of values in low..high; returns how many."""
    log_beta = log_gamma(0.5 * freedom) + log_gamma(0.5) - log_gamma(0.5 * freedom + 0.5)
    count = 0
    top = _top_stride(high - low + 1)
    if len(starts) < MOST_DIGITS * len(values) or len(masses) < len(starts):
        raise ValueError("the intervals do not fit")
    for i in range(len(values)):
        k = values[i]
        if not low <= k <= high:
            raise ValueError("a value lies outside its range")
        first = low
        last = high + 1
        stride = top
        under = _below(
            first, i, lattice, bend, freedom, log_beta, gate, centre, width, leaf, real,
            imaginary, ends, doubt,
        )  # fmt: skip
        over = _below(
            last, i, lattice, bend, freedom, log_beta, gate, centre, width, leaf, real,
            imaginary, ends, doubt,
        )  # fmt: skip
        while True:
            cells = (last - first + stride - 1) // stride
            cell = (k - first) // stride
            left = first + cell * stride
            right = min(left + stride, last)
            start = 0
            stop = 1 << 24
            a = under
            b = over
            if cell > 0:
                a = _below(
                    left, i, lattice, bend, freedom, log_beta, gate, centre, width, leaf, real,
                    imaginary, ends, doubt,
                )  # fmt: skip
                even = (left - first) / (last - first)
                start = _unit(a - under, even, cells, cell, over - under)
            if cell < cells - 1:
                b = _below(
                    right, i, lattice, bend, freedom, log_beta, gate, centre, width, leaf, real,
                    imaginary, ends, doubt,
                )  # fmt: skip
                even = (right - first) / (last - first)
                stop = _unit(b - under, even, cells, cell + 1, over - under)
            if cells > 1:
                starts[count] = start
                masses[count] = stop - start
                count += 1
            if stride == 1:
                break
            first = left
            last = right
            under = a
            over = b
            stride //= DIGIT
    return count


@kernel(f"void(const(u4[::1]), u8[::1], u8[::1], i8, i8, {_DISTRIBUTION}, i8[::1])")
def pop_column(
    words: np.ndarray,
    states: np.ndarray,
    places: np.ndarray,
    low: Scalar,
    high: Scalar,
    lattice: np.ndarray,
    bend: np.ndarray,
    freedom: float,
    gate: np.ndarray,
    centre: np.ndarray,
    width: np.ndarray,
    leaf: np.ndarray,
    real: np.ndarray,
    imaginary: np.ndarray,
    ends: np.ndarray,
    doubt: float,
    values: np.ndarray,
) -> Any:
    """Pop the values of a column; what `record_column` recorded of it comes first."""
    log_beta = log_gamma(0.5 * freedom) + log_gamma(0.5) - log_gamma(0.5 * freedom + 0.5)
    state = states[0]
    place = places[0]
    floor = np.uint64(0)
    if len(words) == 0 or place >= np.uint64(len(words)):
        raise ValueError("the words have no spare one")
    top = _top_stride(high - low + 1)
    for i in range(len(values)):
        first = low
        last = high + 1
        stride = top
        under = _below(
            first, i, lattice, bend, freedom, log_beta, gate, centre, width, leaf, real,
            imaginary, ends, doubt,
        )  # fmt: skip
        over = _below(
            last, i, lattice, bend, freedom, log_beta, gate, centre, width, leaf, real,
            imaginary, ends, doubt,
        )  # fmt: skip
        while True:
            cells = (last - first + stride - 1) // stride
            lower = 0
            upper = cells
            start = 0
            stop = 1 << 24
            a = under
            b = over
            wanted = np.int64(quantile(state))
            while upper - lower > 1:
                middle = (lower + upper) // 2
                edge = first + middle * stride
                share = _below(
                    edge, i, lattice, bend, freedom, log_beta, gate, centre, width, leaf, real,
                    imaginary, ends, doubt,
                )  # fmt: skip
                even = (edge - first) / (last - first)
                unit = _unit(share - under, even, cells, middle, over - under)
                if unit <= wanted:
                    lower = middle
                    start = unit
                    a = share
                else:
                    upper = middle
                    stop = unit
                    b = share
            if cells > 1:
                state, place = pop_interval(
                    state, place, floor, words, np.uint64(start), np.uint64(stop - start)
                )
            left = first + lower * stride
            last = min(left + stride, last)
            first = left
            under = a
            over = b
            if stride == 1:
                break
            stride //= DIGIT
        values[i] = first
    states[0] = state
    places[0] = place
