"""Densities of several coordinates as a chain of one-dimensional conditionals."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities._exact import logarithm
from compress.densities._shapes import Tree, assigned, grow, leaves
from compress.densities.autoregressive import joint_steps as steps
from compress.densities.autoregressive._columns import Column, columns_of
from compress.densities.autoregressive.joint import JointMixture, held_out
from compress.densities.density import Floats
from compress.densities.statistic import NanPolicy, samples_of

__all__ = ["AutoregressiveDensity", "Chain", "Conditional", "ends_of"]

_MOST_ORDERED = 3  # up to this many coordinates every order is weighed
# ... on so many rows and with trees of this depth
_ORDERING_ROWS = 10_000
_ORDERING_DEPTH = 2
_DEPTH = 6
_CHUNK = 2048  # rows evaluated together: their states stay in the cache
# Components with which bent columns are weighed against straight ones: with few of them, bends do
# what more components would do better. Not more than cost so many multiplications a step.
_WEIGHED_COMPONENTS = 16
_WEIGHED_COST = 8e7
# Nats a column and row that bends must gain: as much as fits from other starts lie apart (0.1 for
# three columns of `diamonds`).
_LEAST_GAIN = 0.03
# Below this a difference of distribution functions is left to the density times the width.
_LEAST_MASS = 1e-11


class Conditional(NamedTuple):
    """Student-t mixtures of one coordinate, one for each of n rows.

    Attributes
    ----------
    freedom : float
        Degrees of freedom.
    gate, centre, width : ndarray of float64, shape (n, K)
        Weights, locations, scales.
    """

    freedom: float
    gate: Floats
    centre: Floats
    width: Floats

    def cdf(self, z: Floats) -> Floats:
        """Distribution function of each row at its own z."""
        return np.asarray(steps.mixture_cdf(np.ascontiguousarray(z), *self))

    def logpdf(self, z: Floats) -> Floats:
        """Log density of each row at its own z."""
        return np.asarray(steps.mixture_logpdf(np.ascontiguousarray(z), *self))

    def ppf(self, v: Floats) -> Floats:
        """Quantile of each row at its own v."""
        return np.asarray(steps.mixture_ppf(np.ascontiguousarray(v), *self))


class Chain(NamedTuple):
    """A Student-t mixture in the order of a chain: `lower` are its Cholesky factors."""

    weights: Floats
    means: Floats
    lower: Floats
    df: float


class AutoregressiveDensity:
    r"""Density of vectors, p(x_1) p(x_2 | x_1) ... p(x_d | x_1..x_{d-1}).

    Each conditional is a one-dimensional density whose shape depends on the earlier coordinates,
    in two ways. Its base f(x_j | x_<j) is a mixture of Student-t densities with weights, locations
    and scales that depend on them (the conditional of a joint Student-t mixture, of columns that
    were made nearly normal where that serves rows held out); and Fourier terms modulate it,
    pdf = f q(F(x_j | x_<j)), with q chosen by a tree over the earlier coordinates. Tree and
    numbers of terms are those of the smallest total code length.

    A column of integers, or of two values, has masses instead of a density: those of intervals
    one step wide around its values, and none elsewhere. Then `logpdf` is the log of a product of
    masses and densities.

    Use `fit`; the attributes are

    Attributes
    ----------
    order : tuple of int
        Columns in the order of the chain.
    n_features : int
        d.
    n_parameters : int
        Free real parameters.
    steps : tuple of float
        For each column (in the order of the rows) the distance of neighbouring values; 0 where it
        is continuous.
    columns, trees, chain, doubt
        In the order of the chain, what `compress.vectors` codes rows with: the map of each column,
        its shapes, the mixture, and the share of it that columns of few levels keep outside those.
    """

    def __init__(
        self,
        mixture: JointMixture,
        order: tuple[int, ...],
        trees: tuple[Tree, ...],
        columns: tuple[Column, ...],
        n: float,
    ) -> None:
        self.order = order
        self.n_features = len(order)
        self.steps = tuple(column.step for column in columns)
        self._mixture = mixture
        self.trees = trees
        self.columns = tuple(columns[c] for c in order)
        # mixed into columns of few levels, which else gave no mass to others
        self.doubt = 1.0 / (n + 1.0)
        self.chain = Chain(*mixture.ordered(order), mixture.df)

    def __repr__(self) -> str:
        shapes = [sum(1 for _ in leaves(tree)) for tree in self.trees]
        k = self._mixture.weights.size
        return f"<AutoregressiveDensity: order {self.order}, {k} components, {shapes} shapes>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        *,
        order: Literal["auto"] | tuple[int, ...] = "auto",
        components: int | Literal["auto"] = "auto",
        bin_width: float | ArrayLike | Literal["auto"] = "auto",
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
        bin_width : float, array_like of shape (d,) or "auto"
            Step of each column's lattice (its values are multiples), 0 for a continuous column.
            "auto" takes 1 for columns of integers, the distance of the values for columns of two,
            and 0 for others.
        weights : array_like, shape (n,), optional
            Sample weights.
        rng : numpy.random.Generator or int, optional
            Source of random starts; by default the same every time.
        nan_policy : {"raise", "omit"}
            What to do with rows that hold NaN or an infinity.

        Raises
        ------
        ValueError
            If `x` has not two axes, or is empty or not finite; if `order` is no permutation; if a
            column has values off the lattice it was said to have.
        """
        rows, shares, total = _rows(x, weights, nan_policy)
        d = rows.shape[1]
        if order != "auto" and sorted(order) != list(range(d)):
            raise ValueError(f"order must be a permutation of 0..{d - 1}, not {order!r}")
        if components != "auto" and components < 1:
            raise ValueError(f"components must be 'auto' or positive, not {components}")
        generator = np.random.default_rng(rng)
        widths = None if isinstance(bin_width, str) else _widths(bin_width, d)
        plain, bent, spread = columns_of(rows, shares, widths, generator)
        for j, column in enumerate(plain):
            if column.beside(rows[:, j]).any():
                raise ValueError(f"column {j} has values that are no multiples of {column.step}")
        columns, z = _straightened(plain, bent, spread, shares, total, components)
        count = None if components == "auto" else components
        mixture = JointMixture.fit(z, shares, total, count, generator, _floors(columns))
        samples = _Samples.of(rows, columns, shares * total, generator)
        if order == "auto":
            order = tuple(range(d))
            if 1 < d <= _MOST_ORDERED:
                few = samples.take(generator.permutation(rows.shape[0])[:_ORDERING_ROWS])
                order = _best_order(mixture, columns, few)
        v = _positions(mixture, columns, samples, order)[0]
        trees = tuple(
            grow(samples.known[:, order[:j]], v[:, j], samples.counts, _DEPTH) for j in range(d)
        )
        return cls(mixture, tuple(order), trees, tuple(columns), total)

    @property
    def n_parameters(self) -> int:
        """Parameters of the columns, the mixture and the shapes."""
        shapes: list[int] = [2 * leaf.density.terms for tree in self.trees for leaf in leaves(tree)]
        splits = sum(sum(1 for _ in leaves(tree)) - 1 for tree in self.trees)
        bends = sum(column.n_parameters - 2 for column in self.columns)
        return self._mixture.n_parameters + bends + sum(shapes) + 2 * splits

    def logpdf(self, x: ArrayLike, *, bin_width: float = 0.0) -> Any:
        """Natural logarithm of the density (or mass) at rows, shape (..., d) -> (...).

        With a positive `bin_width`, of the masses of continuous columns in ``x +- bin_width / 2``.
        """
        return self.logpdf_terms(x, bin_width=bin_width).sum(axis=-1)

    def pdf(self, x: ArrayLike) -> Any:
        """Density (or mass) at rows, shape (..., d) -> (...)."""
        return np.exp(self.logpdf(x))

    def logpdf_terms(self, x: ArrayLike, *, bin_width: float = 0.0) -> Any:
        """Log conditional densities, in the order of the chain, shape (..., d) -> (..., d)."""
        array = np.asarray(x, dtype=np.float64)
        if array.ndim == 0 or array.shape[-1] != self.n_features:
            raise ValueError(f"rows must have {self.n_features} columns, not shape {array.shape}")
        if not bin_width >= 0.0:
            raise ValueError(f"bin_width must not be negative, not {bin_width}")
        flat = np.ascontiguousarray(array.reshape(-1, self.n_features)[:, self.order])
        logs = np.empty(flat.shape)
        for first in range(0, flat.shape[0], _CHUNK):
            part = slice(first, first + _CHUNK)
            self._terms(flat[part], bin_width, logs[part])
        return logs.reshape(array.shape)

    def _terms(self, rows: Floats, bin_width: float, logs: Floats) -> None:
        mapped = [column.map(rows[:, j]) for j, column in enumerate(self.columns)]
        z = np.stack([pair[0] for pair in mapped], axis=1)
        for j, conditional in self.conditionals(z):
            column = self.columns[j]
            width = column.step or bin_width
            inside = self.position(j, conditional, z, z[:, j])[2]
            logs[:, j] = conditional.logpdf(z[:, j]) + np.log(inside) + mapped[j][1]
            if width > 0.0:
                low, high = column.edges(rows[:, j], width)
                mass = self.position(j, conditional, z, high)[0]
                mass -= self.position(j, conditional, z, low)[0]
                exact = np.log(np.maximum(mass, _LEAST_MASS))
                logs[:, j] = np.where(mass > _LEAST_MASS, exact, logs[:, j] + math.log(width))
            logs[column.beside(rows[:, j]), j] = -math.inf

    def conditionals(self, z: Floats) -> Iterator[tuple[int, Conditional]]:
        """Place in the chain and conditional of each coordinate, given mapped rows (n, d).

        Column j of `z` is read after the j-th pair was taken, and may be written until then.
        """
        yield from _walk(self.chain, z)

    def position(
        self, j: int, conditional: Conditional, z: Floats, at: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Distribution function at mapped values, the base's own, and the density's factor.

        The factor is that by which the density differs from the base's, more than by the map.
        """
        base = conditional.cdf(at)
        v, stretch = base, np.ones(base.size)
        ends = ends_of(self.columns[j])
        if ends is not None:
            low, high = (conditional.cdf(np.full(base.size, end)) for end in ends)
            span = np.maximum(high - low, 1e-300)
            v, stretch = np.clip((base - low) / span, 0.0, 1.0), 1.0 / span
        total, factor = np.empty(base.size), np.empty(base.size)
        for leaf, rows in assigned(self.trees[j], z, np.arange(base.size)):
            total[rows], factor[rows] = leaf.evaluate(v[rows])
        if ends is not None:
            doubt = self.doubt
            total = (1.0 - doubt) * total + doubt * base
            outside = (at < ends[0]) | (at > ends[1])
            factor = (1.0 - doubt) * np.where(outside, 0.0, factor * stretch) + doubt
        return total, base, factor

    def rvs(self, size: int | None = None, rng: np.random.Generator | int | None = None) -> Floats:
        """Random rows, shape (size, d), or (d,) where size is None."""
        generator = np.random.default_rng(rng)
        n = 1 if size is None else size
        drawn = np.empty((n, self.n_features))
        for first in range(0, n, _CHUNK):
            self._draw(drawn[first : first + _CHUNK], generator)
        rows = np.empty_like(drawn)
        rows[:, self.order] = drawn
        return rows[0] if size is None else rows

    def _draw(self, rows: Floats, generator: np.random.Generator) -> None:
        n = rows.shape[0]
        z = np.zeros((n, self.n_features))
        for j, conditional in self.conditionals(z):
            column = self.columns[j]
            v = np.empty(n)
            for leaf, at in assigned(self.trees[j], z, np.arange(n)):
                v[at] = leaf.density.rvs(at.size, generator)
            ends = ends_of(self.columns[j])
            if ends is not None:
                low, high = (conditional.cdf(np.full(n, end)) for end in ends)
                v = low + v * (high - low)
            rows[:, j] = column.snap(column.unmap(conditional.ppf(v)))
            z[:, j] = column.map(rows[:, j])[0]

    def code_length(self, x: ArrayLike, *, bin_width: float = 0.0) -> float:
        """Minus the sum of log2 densities (or masses) of the rows, in bits.

        With a positive `bin_width`, continuous columns are coded to that resolution.
        """
        return -float(np.sum(self.logpdf(x, bin_width=bin_width))) / math.log(2.0)


def _walk(chain: Chain, z: Floats) -> Iterator[tuple[int, Conditional]]:
    n, d = z.shape
    k = chain.weights.size
    seen, square = np.zeros((n, k, d)), np.zeros((n, k))
    joint = np.tile([logarithm(weight) for weight in chain.weights], (n, 1))
    for j in range(d):
        gate, centre, width = np.empty((n, k)), np.empty((n, k)), np.empty((n, k))
        steps.predict(j, *chain, seen, square, joint, gate, centre, width)
        yield j, Conditional(chain.df + j, gate, centre, width)
        values = np.ascontiguousarray(z[:, j])
        steps.update(values, j, chain.lower, chain.df, centre, width, seen, square, joint)


def ends_of(column: Column) -> tuple[float, float] | None:
    """Return the mapped ends of a column of few levels."""
    if not column.levels:
        return None
    levels = np.array([column.levels[0] - 0.5, column.levels[1] + 0.5])
    low, high = column.map(column.origin + levels * column.step)[0]
    return float(low), float(high)


def _widths(bin_width: ArrayLike, d: int) -> Floats:
    widths = np.asarray(bin_width, dtype=np.float64)
    if widths.shape not in ((), (d,)) or not np.all(np.isfinite(widths) & (widths >= 0.0)):
        raise ValueError(f"bin_width must be 'auto' or {d} numbers >= 0, not {bin_width!r}")
    return np.broadcast_to(widths, (d,))


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


def _floors(columns: list[Column]) -> Floats:
    """Least variances of mapped columns: components no narrower than the steps of a lattice."""
    return np.array([column.least_variance for column in columns])


def _straightened(
    plain: list[Column],
    bent: list[Column],
    spread: Floats,
    shares: Floats,
    total: float,
    components: int | Literal["auto"],
) -> tuple[list[Column], Floats]:
    """Columns with bent maps where these serve rows held out, and the rows mapped by them."""

    def mapped(columns: list[Column]) -> tuple[Floats, Floats]:
        pairs = [column.map(spread[:, j]) for j, column in enumerate(columns)]
        slope = np.sum([pair[1] for pair in pairs], axis=0)
        return np.ascontiguousarray(np.stack([pair[0] for pair in pairs], axis=1)), slope

    straight, straight_slope = mapped(plain)
    if all(column.n_parameters == 2 for column in bent):
        return plain, straight
    count = _WEIGHED_COMPONENTS if components == "auto" else components
    n, d = spread.shape
    count = max(1, min(count, n // (3 * (d + 1)), int(_WEIGHED_COST / (n * d * d))))
    curved, curved_slope = mapped(bent)
    before, mass, which = held_out(straight, shares, total, count, 0, _floors(plain))
    after = held_out(curved, shares, total, count, 0, _floors(bent))[0]
    gain = after + curved_slope[which] - before - straight_slope[which]
    mean = float(mass @ gain)
    # twice the standard error of the mean: a bend that only seems to serve is not worth having
    error = math.sqrt(float(mass**2 @ (gain - mean) ** 2))
    return (bent, curved) if mean > 2.0 * error + _LEAST_GAIN * d else (plain, straight)


class _Samples(NamedTuple):
    """Mapped rows, the ends of the intervals they stand for, places in those, and weights."""

    known: Floats
    low: Floats
    high: Floats
    place: Floats
    counts: Floats

    @classmethod
    def of(
        cls, rows: Floats, columns: list[Column], counts: Floats, rng: np.random.Generator
    ) -> _Samples:
        """Map rows; places in intervals are random."""
        known = np.stack([c.map(rows[:, j])[0] for j, c in enumerate(columns)], axis=1)
        edges = [c.edges(rows[:, j]) for j, c in enumerate(columns)]
        low, high = (np.stack(side, axis=1) for side in zip(*edges, strict=True))
        return cls(known, low, high, rng.random(rows.shape), counts)

    def take(self, rows: NDArray[np.intp]) -> _Samples:
        """Return some of the rows."""
        return _Samples(*(array[rows] for array in self))


def _positions(
    mixture: JointMixture, columns: list[Column], samples: _Samples, order: tuple[int, ...]
) -> tuple[Floats, Floats]:
    """Distribution function at each coordinate (n, d), and the bases' code lengths (d,)."""
    chain = Chain(*mixture.ordered(order), mixture.df)
    known = np.ascontiguousarray(samples.known[:, order])
    v, logs = np.empty(known.shape), np.empty(known.shape)
    for first in range(0, known.shape[0], _CHUNK):
        part = slice(first, first + _CHUNK)
        for j, conditional in _walk(chain, known[part]):
            column = order[j]
            v[part, j] = conditional.cdf(samples.low[part, column])
            if columns[column].step > 0.0:
                mass = conditional.cdf(samples.high[part, column]) - v[part, j]
                v[part, j] += mass * samples.place[part, column]
                logs[part, j] = np.log(np.maximum(mass, _LEAST_MASS))
            else:
                logs[part, j] = conditional.logpdf(samples.known[part, column])
            ends = ends_of(columns[column])
            if ends is not None:
                low, high = (conditional.cdf(np.full(v[part].shape[0], end)) for end in ends)
                span = np.maximum(high - low, 1e-300)
                v[part, j] = np.clip((v[part, j] - low) / span, 0.0, 1.0)
                logs[part, j] -= np.log(span)
    return v, -(samples.counts @ logs) / math.log(2.0)


def _best_order(mixture: JointMixture, columns: list[Column], samples: _Samples) -> tuple[int, ...]:
    """Order with the smallest sum of code lengths, among all."""
    d = samples.known.shape[1]
    # a conditional depends on which columns come before it, not on their order
    known: dict[tuple[tuple[int, ...], int], float] = {}

    def bits(order: tuple[int, ...]) -> float:
        keys = [(tuple(sorted(order[:j])), order[j]) for j in range(d)]
        if any(key not in known for key in keys):
            v, base = _positions(mixture, columns, samples, order)
            for j, key in enumerate(keys):
                if key not in known:
                    earlier = samples.known[:, order[:j]]
                    tree = grow(earlier, v[:, j], samples.counts, _ORDERING_DEPTH)
                    known[key] = float(base[j]) + tree.bits
        return sum(known[key] for key in keys)

    return min(itertools.permutations(range(d)), key=bits)
