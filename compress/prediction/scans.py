"""The encoder's search for a scan: sampled least squares, once per candidate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.prediction.neighbourhood import Scan, arrange, margins, nearest

__all__ = ["MOST_CHANNELS", "choose"]

MOST_CHANNELS = 64
_SAMPLES = 6000
_COUNT = 17


def _spread(samples: npt.NDArray[np.int64], scan: Scan, index: int, seed: int) -> float:
    """Mean log2 of the least-squares residual at sampled places of one channel."""
    shape = samples.shape
    generator = np.random.default_rng(seed)
    offsets = nearest(shape, scan, index, _COUNT)
    border = margins(offsets)
    places = []
    for axis, size in enumerate(shape):
        if axis == scan.channel:
            places.append(np.full(_SAMPLES, index))
            continue
        low = min(int(border[axis, 0]), size - 1)
        high = max(size - int(border[axis, 1]), low + 1)
        places.append(generator.integers(low, high, _SAMPLES))
    at = np.stack(places, axis=1)
    last = np.array(shape) - 1
    value = samples[tuple(at.T)]
    around = np.stack(
        [samples[tuple(np.clip(at + offset, 0, last).T)] for offset in offsets], axis=1
    )
    reference = around[:, 0]
    target = (value - reference).astype(np.float64)
    features = (around[:, 1:] - reference[:, None]).astype(np.float64)
    # Weighted as the kernel weighs: by what the neighbours say of the local scale.
    weight = 1.0 / (np.median(np.abs(features), axis=1) + 1.0)
    features *= weight[:, None]
    gram = features.T @ features
    gram[np.diag_indices_from(gram)] *= 1.0 + 1e-9
    gram[np.diag_indices_from(gram)] += 1e-6
    solution = np.linalg.solve(gram, features.T @ (target * weight))
    residual = np.abs(target - (features @ solution) / weight)
    return float(np.mean(np.log2(residual + 0.3)))


def _cost(plane: npt.NDArray[np.int64], scan: Scan) -> float:
    samples = arrange(plane, scan)
    count, _ = scan.states(samples.shape)
    chosen = range(count) if count <= 4 else sorted({1, count // 3, count // 2, count - 1})
    return float(np.mean([_spread(samples, scan, index, 7) for index in chosen]))


def _candidates(shape: tuple[int, ...]) -> list[Scan]:
    axes = tuple(range(len(shape)))
    steps = (2,) * len(shape)
    found = [Scan(axes, -1, steps)]
    if len(shape) == 1:
        return found
    small = [axis for axis in axes if shape[axis] <= MOST_CHANNELS]
    for axis in sorted(small, key=lambda axis: shape[axis])[:2]:
        rest = tuple(other for other in axes if other != axis)
        found.append(Scan((axis, *rest), 0, steps))
        found.append(Scan((axis, *rest), -1, steps))
        found.append(Scan((*rest, axis), len(rest), steps))
    return found


def choose(plane: npt.NDArray[np.int64]) -> Scan:
    """The scan under which sampled neighbours predict best.

    Parameters
    ----------
    plane : ndarray of int64
        At least one axis, at most five, and one sample.

    Returns
    -------
    Scan
    """
    candidates = _candidates(plane.shape)
    if len(candidates) == 1 or plane.size < 64:
        return candidates[0]
    costs = [_cost(plane, scan) for scan in candidates]
    best = int(np.argmin(costs))
    cost, scan = costs[best], candidates[best]
    for axis in range(plane.ndim):
        for step in (1, 3, 4):
            steps = (*scan.steps[:axis], step, *scan.steps[axis + 1 :])
            trial = Scan(scan.axes, scan.channel, steps)
            now = _cost(plane, trial)
            if now < cost - 0.005:
                cost, scan = now, trial
    return scan
