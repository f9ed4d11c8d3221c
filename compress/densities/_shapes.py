"""Shapes of a conditional on the circle of its base: a tree over the earlier coordinates.

Each leaf has Fourier terms of its own, as many as its rows pay for. Splits are found by a score
test: below and above a threshold, the means of the first harmonics differ by more than chance. It
costs one product of matrices for all thresholds of all columns, where fitting both sides of each
took 8 ms a fit; only the best threshold is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compress.densities.autoregressive.joint_steps import modulated
from compress.densities.density import Floats
from compress.densities.fourier import FourierDensity
from compress.densities.statistic import Statistic

__all__ = ["Leaf", "Split", "Tree", "assigned", "grow", "leaves"]

Indexes = NDArray[np.intp]

_SMALLEST_LEAF = 250
_HARMONICS = 8
_SHARES = (0.25, 0.5, 0.75)  # thresholds are these quantiles of a column
_SCREENED_ROWS = 10_000
# Up to this many earlier columns the first two levels are tried whatever the test says: shapes
# that depend on two columns only together show in neither.
_FORCED_COLUMNS = 8


@dataclass(frozen=True)
class Leaf:
    """A density on the circle, and the code length of the rows it was fitted to."""

    density: FourierDensity
    bits: float

    def evaluate(self, v: Floats) -> tuple[Floats, Floats]:
        """Distribution function and density at v in [0, 1]."""
        if self.density.terms == 0:
            return v, np.ones(v.size)
        real, imaginary = self.coefficients
        total, density = np.empty(v.size), np.empty(v.size)
        modulated(np.ascontiguousarray(v), real, imaginary, total, density)
        return total, density

    @property
    def coefficients(self) -> tuple[Floats, Floats]:
        """Real and imaginary parts of r_n in 1 + 2 Re sum_n r_n exp(2 pi i n v)."""
        c = self.density.coefficients
        r = np.where(np.arange(1, c.size + 1) % 2, -c, c)
        return np.ascontiguousarray(r.real), np.ascontiguousarray(r.imag)


@dataclass(frozen=True)
class Split:
    """Two shapes, on either side of a threshold in an earlier coordinate."""

    column: int
    threshold: float
    below: Leaf | Split
    above: Leaf | Split

    @property
    def bits(self) -> float:
        """Code length of both sides, the column and the threshold."""
        return self.below.bits + self.above.bits + 8.0


Tree = Leaf | Split


def grow(earlier: Floats, v: Floats, counts: Floats, depth: int) -> Tree:
    """Tree with the smallest code length that splitting one leaf at a time finds."""
    turns = 2.0 * math.pi * np.outer(v, np.arange(1, _HARMONICS + 1))
    waves = np.concatenate([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    forced = 2 if earlier.shape[1] <= _FORCED_COLUMNS else 0
    whole = _shape(v, counts)
    return _grow(earlier, v, counts, waves, np.arange(v.size), depth, whole, forced)


def _shape(v: Floats, counts: Floats) -> Leaf:
    statistic = Statistic.of(v, counts)
    density = FourierDensity.fit(statistic, base="uniform", support=(0.0, 1.0))
    total = statistic.total
    bits = density.code_length(statistic)
    if density.terms:
        bits += density.parameter_bits(total) - density.base.parameter_bits(total)
    return Leaf(density, bits)


def _grow(
    earlier: Floats,
    v: Floats,
    counts: Floats,
    waves: NDArray[np.float32],
    at: Indexes,
    depth: int,
    leaf: Leaf,
    forced: int,
) -> Tree:
    if depth == 0 or at.size < 2 * _SMALLEST_LEAF or earlier.shape[1] == 0:
        return leaf
    found = _screened(earlier, counts, waves, at, forced > 0)
    if found is None:
        return leaf
    column, threshold = found
    below = earlier[at, column] < threshold
    sides = at[below], at[~below]
    low, high = (_shape(v[side], counts[side]) for side in sides)
    if low.bits + high.bits >= leaf.bits and forced <= 0:
        return leaf
    split = Split(
        column,
        threshold,
        _grow(earlier, v, counts, waves, sides[0], depth - 1, low, forced - 1),
        _grow(earlier, v, counts, waves, sides[1], depth - 1, high, forced - 1),
    )
    return split if split.bits < leaf.bits else leaf


def _screened(
    earlier: Floats, counts: Floats, waves: NDArray[np.float32], at: Indexes, always: bool
) -> tuple[int, float] | None:
    """Column and threshold whose two sides differ most; None where that is within chance."""
    some = at if at.size <= _SCREENED_ROWS else at[:: -(-at.size // _SCREENED_ROWS)]
    x = earlier[some]
    thresholds = np.quantile(x, _SHARES, axis=0, method="nearest").T  # (columns, shares)
    below = (x[:, :, None] < thresholds).reshape(some.size, -1)
    weights = counts[some].astype(np.float32)
    sides = below * weights[:, None]
    mass = sides.sum(axis=0, dtype=np.float64)
    whole = float(weights.sum())
    weighted = waves[some] * weights[:, None]
    sums = (sides.T @ waves[some]).astype(np.float64)
    rest = weighted.sum(axis=0, dtype=np.float64) - sums
    rows = below.sum(axis=0) * (at.size / some.size)
    good = np.minimum(rows, at.size - rows) >= _SMALLEST_LEAF
    if not good.any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums / mass[:, None] - rest / (whole - mass)[:, None]
        # a harmonic of a uniform position has variance 1/2
        score = 2.0 * (gap**2).sum(axis=1) * mass * (whole - mass) / whole
    best = int(np.argmax(np.where(good, score, -1.0)))
    freedom = 2.0 * _HARMONICS
    limit = freedom + 3.0 * math.sqrt(2.0 * freedom) + 2.0 * math.log(good.size)
    if score[best] * at.size / some.size < limit and not always:
        return None
    column, share = divmod(best, len(_SHARES))
    threshold = float(thresholds[column, share])
    full = int((earlier[at, column] < threshold).sum())
    return (column, threshold) if 0 < full < at.size else None


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Iterate over the leaves, those below a threshold first."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        yield from leaves(tree.below)
        yield from leaves(tree.above)


def assigned(tree: Tree, z: Floats, at: Indexes) -> Iterator[tuple[Leaf, Indexes]]:
    """Pairs of a leaf and the rows that belong to it."""
    if isinstance(tree, Leaf):
        if at.size:
            yield tree, at
        return
    below = z[at, tree.column] < tree.threshold
    yield from assigned(tree.below, z, at[below])
    yield from assigned(tree.above, z, at[~below])
