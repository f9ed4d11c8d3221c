"""The encoder's search for a recipe and a scan: candidates are tried on a crop of the plane."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from compress.prediction.causal.coding import encode
from compress.prediction.causal.format import MAX_CHANNELS, MAX_GRID
from compress.prediction.causal.recipes import RECIPES
from compress.prediction.common.scan import Scan, arrange
from compress.sampling import thinned, window

__all__ = ["choose"]

# A change must gain this much on the crop, so that noise does not decide.
_MARGIN = 0.998
_STEP_MARGIN = 0.985
# Bits per sample by which residues must be unequal before a grid is tried.
_LEAST_GRID = 0.05
_RESIDUE_SAMPLES = 20_000
# The share of smallest samples from which on they may be holes, and in how many places a crop with
# as many of them as the plane has is looked for.
_HOLES = 1 / 64
_PLACES = 8
# Samples on which recipes are tried: more coefficients take longer to learn; images learn fastest,
# and need fewest.
_FLAT = 2
_FLAT_BUDGET, _LONG_BUDGET = 16_000, 40_000

Plane = npt.NDArray[np.int64]
Choice = tuple[int, Scan]


def choose(
    plane: Plane, recipes: tuple[int, ...], budget: int, worth: float, marked: bool
) -> Choice:
    """Return the recipe and the scan that code a crop of the plane shortest.

    Parameters
    ----------
    plane : ndarray of int64
        At least one axis and one sample, from zero on.
    recipes : tuple of int
        Numbers of the recipes to choose from, the cheapest first.
    budget : int
        Samples that the crop may have, about.
    worth : float
        Part of the bytes that a dearer recipe must save on the crop to be taken.
    marked : bool
        Whether the smallest samples are known to be holes.

    Returns
    -------
    recipe : int
    scan : Scan
    """
    start = Scan(tuple(range(plane.ndim)), -1, (2,) * plane.ndim, holes=int(marked))
    trial = _Trial(_crop(plane, budget), (recipes[0], start))
    if not marked and _HOLES <= _share(trial.crop) < 1.0:
        trial.improve([(recipes[0], replace(start, holes=1))])
    holes = trial.best[1].holes
    trial.improve((recipes[0], replace(scan, holes=holes)) for scan in _orders(plane.shape))
    # Distances matter where channels must be weighed against places; images gain nothing.
    if trial.best[1].channel >= 0:
        for place in range(plane.ndim):
            trial.improve((_with_step(trial.best, place, step) for step in (1, 4)), _STEP_MARGIN)
    grid = _grid(plane, trial.best[1])
    if grid > 1:
        recipe, scan = trial.best
        trial.improve((recipe, replace(scan, grid=g)) for g in (grid, 2 * grid) if g <= MAX_GRID)
    longer = _FLAT_BUDGET if plane.ndim == _FLAT else _LONG_BUDGET
    if longer > budget and len(recipes) > 1:
        trial = _Trial(_crop(plane, longer), trial.best)
    for recipe in recipes[1:]:
        trial.improve([(recipe, trial.best[1])], 1.0 - worth)
        # Where one step up does not pay, two seldom do.
        if trial.best[0] != recipe:
            break
    return trial.best


class _Trial:
    """The best choice so far on a crop, which is coded once per choice, and only if it must."""

    def __init__(self, crop: Plane, start: Choice) -> None:
        self.crop = crop
        self.best = start
        self.least: int | None = None

    def improve(self, choices: Iterable[Choice], margin: float = _MARGIN) -> None:
        for choice in choices:
            if choice == self.best:
                continue
            if self.least is None:
                self.least = self._bytes(self.best)
            size = self._bytes(choice)
            if size < self.least * margin:
                self.least, self.best = size, choice

    def _bytes(self, choice: Choice) -> int:
        recipe, scan = choice
        crop = self.crop
        return 4 * len(encode(arrange(crop, scan), scan, RECIPES[recipe], int(crop.max())))


def _with_step(choice: Choice, place: int, step: int) -> Choice:
    recipe, scan = choice
    return recipe, replace(scan, steps=(*scan.steps[:place], step, *scan.steps[place + 1 :]))


def _orders(shape: tuple[int, ...]) -> list[Scan]:
    """List scans that bring each axis to the front, and a small one to either end as channels."""
    if len(shape) == 1:
        return []
    axes = tuple(range(len(shape)))
    steps = (2,) * len(shape)
    scans = []
    for axis in axes:
        rest = tuple(other for other in axes if other != axis)
        if len(shape) > 2 and axis:
            scans.append(Scan((axis, *rest), -1, steps))
        if shape[axis] <= MAX_CHANNELS:
            scans.append(Scan((axis, *rest), 0, steps))
            scans.append(Scan((*rest, axis), len(rest), steps))
    return scans


def _crop(plane: Plane, budget: int) -> Plane:
    """Cut out the middle of the plane, or a place with as many holes as all of it."""
    crops = [window(plane, budget)]
    share = _share(plane)
    if share >= _HOLES and crops[0].size < plane.size:
        crops += [window(plane, budget, i, _PLACES) for i in range(_PLACES)]
    crop = np.array(min(crops, key=lambda crop: abs(_share(crop) - share)), order="C")
    crop -= crop.min()
    return crop


def _share(plane: Plane) -> float:
    """Return the share of zeros."""
    return 1.0 - float(np.count_nonzero(plane)) / plane.size


def _grid(plane: Plane, scan: Scan) -> int:
    """Return the modulus under which residues are most unequal, 1 where none is.

    Measured in bits between the residues and their equal distribution, each channel by itself;
    of several moduli that reach nearly the most, the smallest.
    """
    samples = arrange(plane, scan)
    if scan.channel >= 0:
        rows = np.moveaxis(samples, scan.channel, 0).reshape(samples.shape[scan.channel], -1)
    else:
        rows = samples.reshape(1, -1)
    thin = thinned(rows, _RESIDUE_SAMPLES)
    listed = [row[row > 0] if scan.holes else row for row in thin]
    # Of small samples the histogram is enough, and is shorter.
    histograms = [np.bincount(row) if row.max(initial=0) < row.size else None for row in listed]
    gains = np.zeros(MAX_GRID + 1)
    for modulus in range(2, MAX_GRID + 1):
        if min(row.size for row in listed) < 20 * modulus:
            break
        for row, histogram in zip(listed, histograms, strict=True):
            share = _residues(row, histogram, modulus) / row.size
            share = share[share > 0]
            gains[modulus] += np.log2(modulus) + float(share @ np.log2(share))
    gains /= len(listed)
    most = float(gains.max())
    if most < _LEAST_GRID:
        return 1
    return int(np.argmax(gains >= 0.8 * most))


def _residues(row: Plane, histogram: Plane | None, modulus: int) -> Plane:
    """Count the residues of samples, with their histogram where there is one."""
    if histogram is None:
        return np.bincount(row % modulus, minlength=modulus)
    whole = np.pad(histogram, (0, -histogram.size % modulus))
    return np.asarray(whole.reshape(-1, modulus).sum(axis=0))
