"""The search for a scan by sampled least squares: cheap enough for the fast levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from compress.prediction.classes.fit import fit_location
from compress.prediction.common.scan import Scan, arrange, margins, nearest
from compress.sampling import random_places

__all__ = ["MAX_CHANNELS", "choose"]

MAX_CHANNELS = 64
_SAMPLES = 4000
# A change of scan must gain this many bits a sample, so that noise does not decide.
_MARGIN = 0.005


def choose(plane: npt.NDArray[np.int64], count: int) -> Scan:
    """Return the scan under which sampled neighbours predict best.

    Parameters
    ----------
    plane : int64 array
        One to five axes.
    count : int
        How many neighbours.

    Returns
    -------
    Scan
    """
    candidates = _candidates(plane.shape)
    if len(candidates) == 1:
        return candidates[0]
    best = min(candidates, key=lambda scan: _cost(plane, scan, count))
    least = _cost(plane, best, count)
    for axis in range(plane.ndim):
        for step in (1, 3, 4):
            trial = replace(best, steps=(*best.steps[:axis], step, *best.steps[axis + 1 :]))
            cost = _cost(plane, trial, count)
            if cost < least - _MARGIN:
                least, best = cost, trial
    return best


def _candidates(shape: tuple[int, ...]) -> list[Scan]:
    """List the natural scan, and those with a small axis first or as channels."""
    axes = tuple(range(len(shape)))
    steps = (2,) * len(shape)
    found = [Scan(axes, -1, steps)]
    if len(shape) == 1:
        return found
    small = [axis for axis in axes if shape[axis] <= MAX_CHANNELS]
    for axis in sorted(small, key=lambda axis: shape[axis])[:2]:
        rest = tuple(other for other in axes if other != axis)
        found.append(Scan((axis, *rest), 0, steps))
        found.append(Scan((axis, *rest), -1, steps))
        found.append(Scan((*rest, axis), len(rest), steps))
    return found


def _cost(plane: npt.NDArray[np.int64], scan: Scan, count: int) -> float:
    samples = arrange(plane, scan)
    channels, _ = scan.states(samples.shape)
    some = range(channels) if channels <= 4 else {1, channels // 3, channels // 2, channels - 1}
    return float(np.mean([_spread(samples, scan, index, count) for index in sorted(some)]))


def _spread(samples: npt.NDArray[np.int64], scan: Scan, index: int, count: int) -> float:
    """Mean log2 of the least-squares residual at sampled places of one channel."""
    shape = samples.shape
    offsets = nearest(shape, scan, index, count)
    share = min(_SAMPLES, samples.size)
    places = random_places(shape, margins(offsets), share, scan.channel, index)
    at = np.stack(places, axis=1)
    last = np.array(shape) - 1
    around = np.stack(
        [samples[tuple(np.clip(at + offset, 0, last).T)] for offset in offsets], axis=1
    ).astype(np.float64)
    target = samples[tuple(at.T)] - around[:, 0]
    features = around[:, 1:] - around[:, :1]
    residual = np.abs(target - features @ fit_location(target, features))
    return float(np.mean(np.log2(residual + 0.3)))
