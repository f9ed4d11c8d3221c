"""Fitting of predictors, block by block; encoder only.

Reflection coefficients are quantised one by one, and each is the best for what those before it
left, so that none has to make good what rounding cost another. The order of a block is the one
that takes fewest bits, coefficients included.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.kernels import inlined, kernel
from compress.prediction.linear.lattice import MOST_ORDER, Floats, expand, quantise, step_up
from compress.prediction.linear.walk import Integers, Reflections

__all__ = ["ALONE", "COEFFICIENT_BITS", "DEEP", "DEEPER", "FITS", "QUICK", "fit_predictors"]

# What a coefficient costs, about.
COEFFICIENT_BITS = 3.5
# What a predictor costs beside them, about.
_BLOCK_BITS = 6.0
# Variance that rounding samples to integers leaves, about: nothing is gained below.
_ROUNDING = 0.1
# Share of a correlation's first entry below which the rest is rounding noise of float64.
_NOISE = 1e-12


class Fit(NamedTuple):
    """How predictors are fitted.

    Attributes
    ----------
    order : int
        Coefficients at most.
    extension : int
        Samples before and behind a block that are looked at as well.
    taper : int
        The share of what is looked at that fades in, and out, in 256ths.
    doublings : int
        How often two neighbours may be put together, to have one predictor.
    """

    order: int
    extension: int
    taper: int
    doublings: int


@inlined(forceinline=True)
def _windowed(
    samples: Integers, begin: Any, end: Any, centre: Any, taper: Any, window: Floats
) -> Any:
    """Copy samples that fade in and out, and zeros behind them; returns the sum of squares of 1."""
    count = end - begin
    fading = max(count * taper >> 8, 1)
    for i in range(count):
        window[i] = np.float64(samples[begin + i] - centre)
    for i in range(min(fading, count)):
        share = (i + 0.5) / fading
        # A parabola, for a sine that takes no time.
        share *= 2.0 - share
        window[i] *= share
        window[count - 1 - i] *= share
    for i in range(count, min(count + MOST_ORDER + 8, window.size)):
        window[i] = 0.0
    return max(count - 0.9333 * fading, 1.0)


@kernel()
def _correlate(window: Floats, count: int, lags: int, out: Floats) -> None:
    """Sum products of samples at distances below ``lags``, a multiple of four."""
    for k in range(lags):
        out[k] = 0.0
    begin = np.uint64(0)
    end = np.uint64(count)
    while begin < end:
        a = window[begin]
        b = window[begin + np.uint64(1)]
        c = window[begin + np.uint64(2)]
        d = window[begin + np.uint64(3)]
        for k in range(lags):
            at = begin + np.uint64(k)
            total = a * window[at] + b * window[at + np.uint64(1)]
            out[k] += total + (c * window[at + np.uint64(2)] + d * window[at + np.uint64(3)])
        begin += np.uint64(4)


@kernel(error_model="numpy")
def _reflect(
    correlation: Floats,
    order: int,
    scale: float,
    length: int,
    cross: Floats,
    weights: Floats,
    reflections: Reflections,
) -> tuple[int, float]:
    """Fit reflection coefficients to an autocorrelation, by Schur's recursion.

    Returns the order, and the bits of the samples and the coefficients but for a constant.

    ``cross[order + m]`` is the correlation of the residual so far with the sample m before.
    """
    for m in range(-order, order + 1):
        cross[order + m] = correlation[abs(m)]
    energy = correlation[0] * (1.0 + 1e-9)
    cross[order] = energy
    least = energy * _NOISE
    alone = np.log2(energy / scale + _ROUNDING)
    best, found = 0.0, 0
    for i in range(order):
        if not energy > least:
            break
        product = cross[order + i + 1]
        for j in range(i):
            product -= weights[j] * cross[order + i - j]
        q = quantise(product / energy)
        k = expand(q)
        energy = energy * (1.0 + k * k) - 2.0 * k * product
        if not energy > 0.0:
            break
        reflections[i] = q
        step_up(weights, q, i)
        for m in range((i + 2) >> 1, order + 1):
            near, far = cross[order + m], cross[order + i + 1 - m]
            cross[order + m] = near - k * far
            cross[order + i + 1 - m] = far - k * near
        bits = 0.5 * length * (np.log2(energy / scale + _ROUNDING) - alone)
        bits += COEFFICIENT_BITS * (i + 1)
        if bits < best:
            best, found = bits, i + 1
    for i in range(found, MOST_ORDER):
        reflections[i] = 0
    return found, best + 0.5 * length * alone + _BLOCK_BITS


@inlined(forceinline=True)
def _chosen(costs: Floats, kept: npt.NDArray[np.bool_], doublings: Any) -> None:
    """Choose in a binary tree, node 1 its root, what is cheaper: a node or its two children."""
    leaves = 1 << doublings
    for node in range(leaves, 2 * leaves):
        kept[node] = True
    for node in range(leaves - 1, 0, -1):
        both = costs[2 * node] + costs[2 * node + 1]
        kept[node] = costs[node] <= both
        costs[node] = min(costs[node], both)


@kernel(
    "b1(const(i8[:, ::1]), i8, i8, Fit(i8, i8, i8, i8), i8[:, ::1], i1[:, :, ::1])",
    error_model="numpy",
)
def fit_blocks(
    sequences: Integers,
    centre: int,
    block: int,
    how: Fit,
    orders: Integers,
    reflections: Reflections,
) -> bool:
    """Fit predictors by windowed autocorrelations.

    Parameters
    ----------
    sequences : int64 array (S, n)
    centre : int
        What is taken off every sample.
    block : int
        Samples of a block.
    how : Fit
    orders, reflections : int64 and int8 arrays (S, blocks), (S, blocks, MOST_ORDER)
        Written.

    Returns
    -------
    bool
        False if the arrays do not fit each other.
    """
    rows, length = sequences.shape
    blocks = orders.shape[1]
    if (
        block < 1 or not 0 < how.order <= MOST_ORDER or how.extension < 0
        or not 0 <= how.doublings < 8
        or orders.shape[0] != rows or reflections.shape != (rows, blocks, MOST_ORDER)
    ):  # fmt: skip
        return False
    leaves = 1 << how.doublings
    lags = (how.order + 4) & -4
    window = np.zeros(leaves * block + 2 * how.extension + MOST_ORDER + 8)
    correlation = np.zeros(MOST_ORDER + 4)
    cross = np.zeros(2 * MOST_ORDER + 1)
    weights = np.zeros(MOST_ORDER)
    costs = np.zeros(2 * leaves)
    kept = np.zeros(2 * leaves, np.bool_)
    found = np.zeros(2 * leaves, np.int64)
    of_node = np.zeros((2 * leaves, MOST_ORDER), np.int8)
    for row in range(rows):
        for first in range(0, blocks, leaves):
            for depth in range(how.doublings + 1):
                span = block << (how.doublings - depth)
                for i in range(1 << depth):
                    node = (1 << depth) + i
                    start = first * block + i * span
                    begin = max(start - how.extension, 0)
                    end = min(start + span + how.extension, length)
                    found[node] = 0
                    costs[node] = 0.0
                    if start >= length:
                        continue
                    scale = _windowed(sequences[row], begin, end, centre, how.taper, window)
                    _correlate(window, end - begin, lags, correlation)
                    if correlation[0] > 0.0:
                        found[node], costs[node] = _reflect(
                            correlation, how.order, scale, min(span, length - start), cross,
                            weights, of_node[node],
                        )  # fmt: skip
            _chosen(costs, kept, how.doublings)
            for i in range(min(leaves, blocks - first)):
                node = leaves + i
                for above in range(1, how.doublings + 1):
                    # The highest that is kept, with none below a node that is not.
                    if kept[(leaves + i) >> above]:
                        node = (leaves + i) >> above
                orders[row, first + i] = found[node]
                for j in range(found[node]):
                    reflections[row, first + i, j] = of_node[node, j]
    return True


# How predictors are fitted, by the number in the parameters: quickly, at level 3 and from level 4
# on; and blocks by themselves, for estimates.
FITS = (
    Fit(12, 16, 40, 0),
    Fit(MOST_ORDER, 64, 40, 2),
    Fit(MOST_ORDER, 64, 40, 3),
    Fit(MOST_ORDER, 64, 40, 0),
)
QUICK, DEEP, DEEPER, ALONE = range(len(FITS))


def fit_predictors(
    sequences: Integers, centre: int, block: int, number: int
) -> tuple[Integers, Reflections]:
    """Fit the predictors of all blocks; see `FITS`."""
    rows, length = sequences.shape
    blocks = -(-length // block)
    orders = np.zeros((rows, blocks), np.int64)
    reflections = np.zeros((rows, blocks, MOST_ORDER), np.int8)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        good = fit_blocks(sequences, centre, block, FITS[number], orders, reflections)
    if not good:
        raise AssertionError("predictors and sequences do not fit each other")
    return orders, reflections
