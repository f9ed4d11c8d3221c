"""In which order to scan the axes of a plane, by sampled least squares."""

from __future__ import annotations

from itertools import permutations
from math import prod

import numpy as np
import numpy.typing as npt

from compress.prediction.wavefront.fit import least_absolute, median_edge
from compress.sampling import SHORT_AXIS

__all__ = ["MAX_AXES", "choose_axes"]

MAX_AXES = 5

Integers = npt.NDArray[np.int64]

_PLACES = 800
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


def _cost(plane: Integers, axes: tuple[int, ...]) -> float:
    """Mean logarithm of the residual that few neighbours leave at sampled places."""
    scanned = plane.transpose(axes)
    shape = (prod(scanned.shape[:-2]), *scanned.shape[-2:])
    strides = np.array(plane.strides)[list(axes)] // plane.itemsize
    generator = np.random.default_rng(0)
    low = [1 if n > 1 else 0 for n in scanned.shape]
    places = [generator.integers(a, n, _PLACES) for a, n in zip(low, scanned.shape, strict=True)]
    at = np.stack(places, 1) @ strides
    west = strides[-1] if shape[2] > 1 else 0
    north = strides[-2] if shape[1] > 1 else 0
    back = strides[-3] if scanned.shape[-3] > 1 else 0
    away = np.array([west, north, north + west, back, back + west, back + north])
    flat = plane.reshape(-1)
    around = flat[at[:, None] - away].astype(np.float64)
    w, n, nw = around[:, 0], around[:, 1], around[:, 2]
    features = np.concatenate([around[:, 1:], median_edge(w, n, nw)[:, None]], 1) - w[:, None]
    target = flat[at] - w
    return float(
        np.mean(np.log2(np.abs(target - features @ least_absolute(target, features)) + 0.3))
    )
