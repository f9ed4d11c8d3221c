"""In which order to scan the axes of a plane, by sampled least squares."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt

from compress.prediction.wavefront.fit import least_absolute, median_edge
from compress.sampling import SHORT_AXIS

__all__ = ["MAX_AXES", "choose_axes", "estimate_bits"]

MAX_AXES = 5

Float = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Places by which orders are compared.
_PLACES = 800
# And those by which bits are estimated, in so many groups of about the same scale.
_MORE_PLACES, _GROUPS = 1536, 12
# The smallest mean residual, for the logarithm of none is not finite.
_LEAST = 1e-3
# Shortest rows that are worth a scan: their margins are as long as they are, and so is the lag.
_SHORTEST = 16


def choose_axes(plane: Integers) -> tuple[int, ...]:
    """Return the order of axes, the fastest last, under which neighbours predict best."""
    candidates = _candidates(plane.shape)
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda axes: _cost(plane, axes))


def _candidates(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """List orders: every pair of long axes may be the last two, every other the one before."""
    axes = range(len(shape))
    long = [axis for axis in axes if shape[axis] > SHORT_AXIS]
    if len(shape) == 2:
        # A short axis is one of channels, which lie beside one another as rows do.
        return [(1, 0)] if shape[1] < _SHORTEST < shape[0] else [(0, 1)]
    found = []
    for pair in permutations(axes, 2):
        if pair[0] > pair[1] or (len(long) > 1 and not {*pair} <= {*long}):
            continue
        others = [axis for axis in axes if axis not in pair]
        found += [
            (*(axis for axis in others if axis != near), near, *pair)
            for near in others
            if shape[near] > 1 or len(others) == 1
        ]
    return found or [tuple(axes)]


def estimate_bits(plane: Integers) -> float:
    """Estimate the bits of a sample: Laplace's distribution under a few scales at some places."""
    target, features = _around(plane, choose_axes(plane), _MORE_PLACES)
    spread = np.abs(features[:, :2]).sum(1)
    off = np.abs(target - features @ least_absolute(target, features, spread))
    by_spread = off[np.argsort(spread)].reshape(_GROUPS, -1)
    # The ratio of the probabilities of neighbours under which magnitudes have this mean.
    mean = np.maximum(by_spread.mean(1), _LEAST)
    ratio = (np.sqrt(1.0 + mean * mean) - 1.0) / mean
    bits = np.log2((1.0 + ratio) / (1.0 - ratio)) - mean * np.log2(ratio)
    return float(bits.mean())


def _cost(plane: Integers, axes: tuple[int, ...]) -> float:
    """Mean logarithm of the residual that few neighbours leave at sampled places."""
    target, features = _around(plane, axes, _PLACES)
    off = target - features @ least_absolute(target, features)
    return float(np.mean(np.log2(np.abs(off) + 0.3)))


def _around(plane: Integers, axes: tuple[int, ...], count: int) -> tuple[Float, Float]:
    """Sample places: the step from the sample before, and those to other neighbours."""
    scanned = plane.transpose(axes)
    strides = np.array(plane.strides)[list(axes)] // plane.itemsize
    generator = np.random.default_rng(0)
    low = [1 if n > 1 else 0 for n in scanned.shape]
    places = [generator.integers(a, n, count) for a, n in zip(low, scanned.shape, strict=True)]
    at = np.stack(places, 1) @ strides
    # Where an axis of one sample, or none, has no neighbour, another one stands for it.
    back, north, west = [0, 0, *(strides * np.array(low)).tolist()][-3:]
    west = west or north or back
    north = north or west
    behind = [back, back + west, back + north] if back else [west] * 3
    away = np.array([west, north, north + west if north != west else west, *behind])
    flat = plane.reshape(-1)
    around = flat[at[:, None] - away].astype(np.float64)
    w, n, nw = around[:, 0], around[:, 1], around[:, 2]
    features = np.concatenate([around[:, 1:], median_edge(w, n, nw)[:, None]], 1) - w[:, None]
    return flat[at] - w, features
