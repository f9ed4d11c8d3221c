"""Densities of several coordinates as a chain of one-dimensional conditionals."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities import _joint_steps as steps
from compress.densities._joint import JointMixture
from compress.densities.density import Floats
from compress.densities.fourier import FourierDensity
from compress.densities.statistic import NanPolicy, Statistic, samples_of

__all__ = ["AutoregressiveDensity"]

_MOST_ORDERED = 3  # up to this many coordinates every order is weighed
# ... on so many rows and with trees of this depth
_ORDERING_ROWS = 10_000
_ORDERING_DEPTH = 2
_DEPTH = 6
_SMALLEST_LEAF = 500


@dataclass(frozen=True)
class _Leaf:
    """Shape of a conditional on the circle of its base's distribution function."""

    density: FourierDensity
    bits: float


@dataclass(frozen=True)
class _Split:
    """Two shapes, on either side of a threshold in an earlier coordinate."""

    column: int
    threshold: float
    below: _Leaf | _Split
    above: _Leaf | _Split

    @property
    def bits(self) -> float:
        """Code length of both sides, the column and the threshold."""
        return self.below.bits + self.above.bits + 8.0


class AutoregressiveDensity:
    r"""Density of vectors, p(x_1) p(x_2 | x_1) ... p(x_d | x_1..x_{d-1}).

    Each conditional is a one-dimensional density whose shape depends on the earlier coordinates,
    in two ways. Its base f(x_j | x_<j) is a mixture of normals with weights, locations and scales
    that depend on them (the conditional of a joint Gaussian mixture); and Fourier terms modulate
    it, pdf = f q(F(x_j | x_<j)), with q chosen by a tree over the earlier coordinates. Tree and
    numbers of terms are those of the smallest total code length.

    Use `fit`; the attributes are

    Attributes
    ----------
    order : tuple of int
        Columns in the order of the chain.
    n_features : int
        d.
    n_parameters : int
        Free real parameters.
    """

    def __init__(
        self,
        mixture: JointMixture,
        order: tuple[int, ...],
        trees: tuple[_Leaf | _Split, ...],
        centre: Floats,
        scale: Floats,
    ) -> None:
        self.order = order
        self.n_features = len(order)
        self._mixture = mixture
        self._trees = trees
        self._centre = centre[np.array(order)]
        self._scale = scale[np.array(order)]
        self._chain = mixture.ordered(order)

    def __repr__(self) -> str:
        leaves = [sum(1 for _ in _leaves(tree)) for tree in self._trees]
        k = self._mixture.weights.size
        return f"<AutoregressiveDensity: order {self.order}, {k} components, {leaves} shapes>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        *,
        order: Literal["auto"] | tuple[int, ...] = "auto",
        components: int | Literal["auto"] = "auto",
        weights: ArrayLike | None = None,
        rng: np.random.Generator | int | None = 0,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Fit by expectation maximisation, then Fourier terms by code length.

        Parameters
        ----------
        x : array_like of real numbers, shape (n, d)
            Samples, one a row.
        order : "auto" or tuple of int
            Columns in the order of the chain. "auto" takes, for d <= 3, the order with the
            smallest code length of (some) rows; else the order given by the columns.
        components : int or "auto"
            Components of the joint mixture under the conditionals; "auto" by the code length of
            held-out rows, up to 48.
        weights : array_like, shape (n,), optional
            Sample weights.
        rng : numpy.random.Generator or int, optional
            Source of random starts; by default the same every time.
        nan_policy : {"raise", "omit"}
            What to do with rows that hold NaN or an infinity.

        Raises
        ------
        ValueError
            If `x` has not two axes, or is empty or not finite; if `order` is no permutation.
        """
        rows, shares, total = _rows(x, weights, nan_policy)
        d = rows.shape[1]
        if order != "auto" and sorted(order) != list(range(d)):
            raise ValueError(f"order must be a permutation of 0..{d - 1}, not {order!r}")
        if components != "auto" and components < 1:
            raise ValueError(f"components must be 'auto' or positive, not {components}")
        centre = (shares[:, None] * rows).sum(axis=0)
        spread = np.sqrt((shares[:, None] * (rows - centre) ** 2).sum(axis=0))
        smallest = np.maximum(np.abs(centre) * 2.0**-40, 2.0**-500)
        scale = np.maximum(spread, smallest)
        z = np.ascontiguousarray((rows - centre) / scale)
        count = None if components == "auto" else components
        generator = np.random.default_rng(rng)
        mixture = JointMixture.fit(z, shares, total, count, generator)
        if order == "auto":
            order = tuple(range(d))
            if 1 < d <= _MOST_ORDERED:
                few = generator.permutation(z.shape[0])[:_ORDERING_ROWS]
                order = _Chain(z[few], shares[few] * total, mixture, _ORDERING_DEPTH).best_order()
        chain = _Chain(z, shares * total, mixture, _DEPTH)
        trees = tuple(chain.tree(order[:j], order[j]) for j in range(d))
        return cls(mixture, tuple(order), trees, centre, scale)

    @property
    def n_parameters(self) -> int:
        """Parameters of the mixture and of the shapes."""
        shapes: list[int] = [
            2 * leaf.density.terms for tree in self._trees for leaf in _leaves(tree)
        ]
        splits = sum(sum(1 for _ in _leaves(tree)) - 1 for tree in self._trees)
        return self._mixture.n_parameters + sum(shapes) + 2 * splits

    def logpdf(self, x: ArrayLike) -> Any:
        """Natural logarithm of the density at rows, shape (..., d) -> (...)."""
        return self.logpdf_terms(x).sum(axis=-1)

    def pdf(self, x: ArrayLike) -> Any:
        """Density at rows, shape (..., d) -> (...)."""
        return np.exp(self.logpdf(x))

    def logpdf_terms(self, x: ArrayLike) -> Any:
        """Log conditional densities, in the order of the chain, shape (..., d) -> (..., d)."""
        array = np.asarray(x, dtype=np.float64)
        if array.ndim == 0 or array.shape[-1] != self.n_features:
            raise ValueError(f"rows must have {self.n_features} columns, not shape {array.shape}")
        flat = array.reshape(-1, self.n_features)[:, self.order]
        z = np.ascontiguousarray((flat - self._centre) / self._scale)
        logs, cdf = steps.conditionals(z, *self._chain)
        for j, tree in enumerate(self._trees):
            for leaf, at in _assigned(tree, z, np.arange(z.shape[0])):
                logs[at, j] += leaf.density.logpdf(cdf[at, j])
        return (logs - np.log(self._scale)).reshape(array.shape)

    def rvs(self, size: int | None = None, rng: np.random.Generator | int | None = None) -> Floats:
        """Random rows, shape (size, d), or (d,) where size is None."""
        generator = np.random.default_rng(rng)
        n = 1 if size is None else size
        z = np.zeros((n, self.n_features))
        for j, tree in enumerate(self._trees):
            v = np.empty(n)
            for leaf, at in _assigned(tree, z, np.arange(n)):
                v[at] = leaf.density.rvs(at.size, generator)
            z[:, j] = steps.conditional_ppf(z, j, v, *self._chain)
        rows = np.empty_like(z)
        rows[:, self.order] = z * self._scale + self._centre
        return rows[0] if size is None else rows

    def code_length(self, x: ArrayLike) -> float:
        """Minus the sum of log2 densities of the rows, in bits."""
        return -float(np.sum(self.logpdf(x))) / math.log(2.0)


def _rows(
    x: ArrayLike, weights: ArrayLike | None, nan_policy: NanPolicy
) -> tuple[Floats, Floats, float]:
    array = np.asarray(x)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"samples must be rows, shape (n, d), not {array.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"samples must be real numbers, not {array.dtype}")
    array = array.astype(np.float64)
    # a row is left out with its first bad number
    witness = np.where(np.isfinite(array).all(axis=1), np.arange(array.shape[0]), np.nan)
    kept, mass = samples_of(witness, weights, nan_policy)
    array = array[kept.astype(np.intp)]
    counts = np.ones(array.shape[0]) if mass is None else mass
    total = float(counts.sum())
    return array, counts / total, total


class _Chain:
    """Conditionals of a joint mixture, and the shapes fitted to them, by set of columns."""

    def __init__(self, z: Floats, counts: Floats, mixture: JointMixture, depth: int) -> None:
        self.z = z
        self.counts = counts
        self.mixture = mixture
        self.depth = depth
        self.fitted: dict[tuple[tuple[int, ...], int], tuple[_Leaf | _Split, float]] = {}

    def best_order(self) -> tuple[int, ...]:
        """Order with the smallest sum of code lengths, among all."""
        d = self.z.shape[1]

        def bits(order: tuple[int, ...]) -> float:
            return sum(self._bits(order[:j], order[j]) for j in range(d))

        return min(itertools.permutations(range(d)), key=bits)

    def _bits(self, earlier: tuple[int, ...], column: int) -> float:
        return self._fit(tuple(sorted(earlier)), column)[1]

    def tree(self, earlier: tuple[int, ...], column: int) -> _Leaf | _Split:
        """Shapes of a column given earlier ones, splits numbered by position in `earlier`."""
        by_set = self._fit(tuple(sorted(earlier)), column)[0]
        return _renumbered(by_set, [earlier.index(c) for c in sorted(earlier)])

    def _fit(self, earlier: tuple[int, ...], column: int) -> tuple[_Leaf | _Split, float]:
        key = earlier, column
        if key not in self.fitted:
            rest = tuple(set(range(self.z.shape[1])) - {*earlier, column})
            chain = self.mixture.ordered((*earlier, column, *rest))
            j = len(earlier)
            z = np.ascontiguousarray(self.z[:, [*earlier, column, *rest]])
            logs, cdf = steps.conditionals(z, *chain)
            base_bits = -float((self.counts * logs[:, j]).sum()) / math.log(2.0)
            tree = _grow(z[:, :j], cdf[:, j], self.counts, self.depth, None)
            self.fitted[key] = tree, base_bits + tree.bits
        return self.fitted[key]


def _shape(v: Floats, counts: Floats) -> _Leaf:
    statistic = Statistic.of(v, counts)
    density = FourierDensity.fit(statistic, base="uniform", support=(0.0, 1.0))
    total = statistic.total
    bits = density.code_length(statistic)
    if density.terms:
        bits += density.parameter_bits(total) - density.base.parameter_bits(total)
    return _Leaf(density, bits)


def _grow(
    earlier: Floats, v: Floats, counts: Floats, depth: int, whole: _Leaf | None, forced: int = 2
) -> _Leaf | _Split:
    """Split at the median of the column that saves most, as long as that saves anything.

    The first levels (`forced`) are tried even where one split alone saves nothing.
    """
    leaf = whole if whole is not None else _shape(v, counts)
    if depth == 0 or v.size < 2 * _SMALLEST_LEAF:
        return leaf
    best: tuple[float, int, float, _Leaf, _Leaf] | None = None
    for column in range(earlier.shape[1]):
        threshold = float(np.median(earlier[:, column]))
        below = earlier[:, column] < threshold
        if min(below.sum(), (~below).sum()) < _SMALLEST_LEAF:
            continue
        low, high = _shape(v[below], counts[below]), _shape(v[~below], counts[~below])
        if best is None or low.bits + high.bits < best[0]:
            best = low.bits + high.bits, column, threshold, low, high
    if best is None:
        return leaf
    total, column, threshold, low, high = best
    if total >= leaf.bits and forced <= 0:
        return leaf
    below = earlier[:, column] < threshold
    split = _Split(
        column,
        threshold,
        _grow(earlier[below], v[below], counts[below], depth - 1, low, forced - 1),
        _grow(earlier[~below], v[~below], counts[~below], depth - 1, high, forced - 1),
    )
    return split if split.bits < leaf.bits else leaf


def _renumbered(tree: _Leaf | _Split, places: list[int]) -> _Leaf | _Split:
    if isinstance(tree, _Leaf):
        return tree
    return _Split(
        places[tree.column],
        tree.threshold,
        _renumbered(tree.below, places),
        _renumbered(tree.above, places),
    )


def _leaves(tree: _Leaf | _Split) -> Iterator[_Leaf]:
    if isinstance(tree, _Leaf):
        yield tree
    else:
        yield from _leaves(tree.below)
        yield from _leaves(tree.above)


def _assigned(
    tree: _Leaf | _Split, z: Floats, at: NDArray[np.intp]
) -> Iterator[tuple[_Leaf, NDArray[np.intp]]]:
    """Pairs of a leaf and the rows that belong to it."""
    if isinstance(tree, _Leaf):
        if at.size:
            yield tree, at
        return
    below = z[at, tree.column] < tree.threshold
    yield from _assigned(tree.below, z, at[below])
    yield from _assigned(tree.above, z, at[~below])
