"""The encoder's search for a scan: candidates are tried on a crop with the kernel itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from compress.prediction.coding import encode
from compress.prediction.neighbourhood import Scan, arrange
from compress.prediction.recipes import Recipe

__all__ = ["MOST_CHANNELS", "choose"]

MOST_CHANNELS = 64
# A change of scan must gain this much, so that noise does not decide.
_MARGIN = 0.998


def choose(plane: npt.NDArray[np.int64], recipe: Recipe, budget: int) -> Scan:
    """Return the scan that codes a crop of the plane shortest.

    Parameters
    ----------
    plane : ndarray of int64
        At least one axis and one sample, from zero on.
    recipe : Recipe
    budget : int
        Samples that the crop may have, about.

    Returns
    -------
    Scan
    """
    axes = tuple(range(plane.ndim))
    best = Scan(axes, -1, (2,) * plane.ndim)
    orders = _orders(plane.shape)
    if plane.ndim == 1 or (len(orders) == 1 and orders[0] == best):
        return best
    crop = _crop(plane, budget)
    least = _bytes(crop, best, recipe)
    for scan in orders:
        least, best = _better(crop, scan, recipe, least, best)
    for place in range(plane.ndim):
        for step in (1, 4):
            steps = (*best.steps[:place], step, *best.steps[place + 1 :])
            least, best = _better(crop, replace(best, steps=steps), recipe, least, best)
    return best


def _orders(shape: tuple[int, ...]) -> list[Scan]:
    """List scans that bring each axis to the front, and a small one to either end as channels."""
    axes = tuple(range(len(shape)))
    steps = (2,) * len(shape)
    scans = []
    for axis in axes:
        rest = tuple(other for other in axes if other != axis)
        if len(shape) > 2 and axis:
            scans.append(Scan((axis, *rest), -1, steps))
        if shape[axis] <= MOST_CHANNELS:
            scans.append(Scan((axis, *rest), 0, steps))
            scans.append(Scan((*rest, axis), len(rest), steps))
    return scans


def _crop(plane: npt.NDArray[np.int64], budget: int) -> npt.NDArray[np.int64]:
    """Cut out the middle of the plane, cut along its longest axes."""
    sizes = list(plane.shape)
    while np.prod(sizes, dtype=np.float64) > budget:
        longest = int(np.argmax(sizes))
        if sizes[longest] <= 16:
            break
        sizes[longest] = sizes[longest] * 3 // 4
    window = tuple(
        slice((size - kept) // 2, (size - kept) // 2 + kept)
        for size, kept in zip(plane.shape, sizes, strict=True)
    )
    return np.ascontiguousarray(plane[window])


def _bytes(crop: npt.NDArray[np.int64], scan: Scan, recipe: Recipe) -> int:
    return len(encode(arrange(crop, scan), scan, recipe, int(crop.max())))


def _better(
    crop: npt.NDArray[np.int64], scan: Scan, recipe: Recipe, least: int, best: Scan
) -> tuple[int, Scan]:
    if scan == best:
        return least, best
    now = _bytes(crop, scan, recipe)
    return (now, scan) if now < least * _MARGIN else (least, best)
