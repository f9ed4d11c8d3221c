"""Student-t mixtures with full scatter matrices: the joint base of autoregressive densities.

One number of degrees of freedom for all components. It is estimated, so that rows far from all
others neither spoil the scatter matrices nor cost hundreds of nats; near-normal rows drive it to
its upper limit. Scatter matrices are drawn towards the one that all components have in common, by
as many rows as there are coordinates: a component of few rows stays regular.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from compress.densities._special import digamma
from compress.densities.autoregressive._em import collect

__all__ = ["JointMixture", "held_out"]

Floats = NDArray[np.float64]

_FLOOR = 1e-3  # smallest standard deviation along any axis, in units of the coordinates' own
_AUTO = (1, 2, 3, 4, 8, 16, 24, 32, 48)
_VALIDATION_ROWS = 25_000
# Up to this many rows every fifth part is held out in turn, not one part alone.
_FEW_ROWS = 2000
_SHORT_RUN = 12
_MIDDLE_RUN = 80  # of fits that are only weighed against each other
_LONG_RUN = 200
_DF_RANGE = (2.0, 500.0)
# Up to this many columns one pass of scalar code is faster than products of matrices.
_FEW_COLUMNS = 8
# Multiplications of an expectation step beyond which fewer rows and starts are tried.
_DEAR = 2e7


class _State(NamedTuple):
    weights: Floats
    means: Floats
    scatter: Floats
    df: float


@dataclass(frozen=True)
class JointMixture:
    """Weights (K,), means (K, d), scatter matrices (K, d, d) and degrees of freedom."""

    weights: Floats
    means: Floats
    scatter: Floats
    df: float

    @classmethod
    def fit(
        cls,
        x: Floats,
        shares: Floats,
        total: float,
        components: int | None,
        rng: np.random.Generator,
        floor: Floats,
    ) -> Self:
        """EM from random starts; where None, as many components as serve samples held out.

        `floor` (d,) are variances below which no component falls along an axis.
        """
        if components is None:
            components = _validated(x, shares, total, rng, floor)
        return cls(*_best(x, shares, total, min(components, x.shape[0]), rng, floor)[0])

    def ordered(self, order: tuple[int, ...]) -> tuple[Floats, Floats, Floats]:
        """Weights, means and Cholesky factors with the coordinates permuted."""
        at = np.array(order)
        lower = np.linalg.cholesky(self.scatter[:, at[:, None], at])
        return self.weights, np.ascontiguousarray(self.means[:, at]), np.ascontiguousarray(lower)

    @property
    def n_parameters(self) -> int:
        """Weights, means, scatter matrices and degrees of freedom."""
        k, d = self.means.shape
        return int(k * (1 + d + d * (d + 1) // 2))


def held_out(
    x: Floats, shares: Floats, total: float, components: int, seed: int, floor: Floats
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Log densities, in nats, of rows that the fit has not seen, their shares, and which rows."""
    n, d = x.shape
    rows = min(n, _VALIDATION_ROWS, max(_FEW_ROWS, int(_DEAR / (d * d))))
    at = np.random.default_rng(seed).permutation(n)[:rows]
    logs: list[Floats] = []
    held: list[NDArray[np.intp]] = []
    for part in range(5 if rows <= _FEW_ROWS else 1):
        out = at[part::5]
        rest = np.setdiff1d(at, out)
        if out.size == 0 or rest.size == 0:
            continue
        some = shares[rest] / shares[rest].sum()
        rng = np.random.default_rng(seed + part)
        seen = total * float(shares[rest].sum())
        state = _best(x[rest], some, seen, min(components, rest.size), rng, floor, _MIDDLE_RUN)[0]
        logs.append(_expect(x[out], state)[0])
        held.append(out)
    if not held:
        return np.zeros(1), np.ones(1), np.zeros(1, np.intp)
    which = np.concatenate(held)
    return np.concatenate(logs), shares[which] / shares[which].sum(), which


def _validated(
    x: Floats, shares: Floats, total: float, rng: np.random.Generator, floor: Floats
) -> int:
    """Find the number of components with the shortest code for rows held out."""
    n, d = x.shape
    seed = int(rng.integers(1 << 31))
    chosen, highest, worse = 1, -math.inf, 0
    for count in _AUTO:
        if count * (d + 1) * 3 > n:
            break
        logs, mass, _ = held_out(x, shares, total, count, seed, floor)
        value = float(mass @ logs)
        if value > highest:
            chosen, highest, worse = count, value, 0
        else:
            # one step down may be chance, of rows or of starts
            worse += 1
            if worse == 2:
                break
    return chosen


def _best(
    x: Floats,
    shares: Floats,
    total: float,
    components: int,
    rng: np.random.Generator,
    floor: Floats,
    most: int = _LONG_RUN,
) -> tuple[_State, float]:
    n, d = x.shape
    tries = 1 if components == 1 else 2 if components * n * d * d > _DEAR else 4
    starts = [_start(x, shares, components, rng) for _ in range(tries)]
    short = [_maximise(x, shares, total, start, floor, _SHORT_RUN) for start in starts]
    best = max(short, key=lambda found: found[1])[0]
    return _maximise(x, shares, total, best, floor, most)


def _start(x: Floats, shares: Floats, components: int, rng: np.random.Generator) -> _State:
    """Seeds far from each other (k-means++), each with the samples nearest to it."""
    few = x[rng.choice(x.shape[0], size=min(x.shape[0], 5000), p=shares)]
    seeds = few[:1]
    distance = ((few - seeds[0]) ** 2).sum(axis=1)
    while seeds.shape[0] < components:
        p = distance + 1e-12
        seeds = np.concatenate([seeds, few[rng.choice(few.shape[0], size=1, p=p / p.sum())]])
        distance = np.minimum(distance, ((few - seeds[-1]) ** 2).sum(axis=1))
    d = x.shape[1]
    squares = (few**2).sum(axis=1)[:, None]
    for _ in range(4):
        near = (squares - 2.0 * few @ seeds.T + (seeds**2).sum(axis=1)).argmin(axis=1)
        count = np.bincount(near, minlength=components)
        sums = np.stack([np.bincount(near, few[:, j], components) for j in range(d)], axis=1)
        filled = count > 0
        seeds = np.where(filled[:, None], sums / np.maximum(count, 1)[:, None], seeds)
    scatter = np.empty((components, d, d))
    for c in range(components):
        inside = few[near == c] - seeds[c]
        # drawn towards a ball of the mean spread, so that few samples do not make it singular
        ball = max(float((inside**2).mean()) if inside.size else 1.0, _FLOOR**2)
        scatter[c] = (inside.T @ inside + d * ball * np.eye(d)) / (inside.shape[0] + d)
    weights = (count + 1.0) / (count + 1.0).sum()
    return _State(weights, seeds, scatter, 30.0)


def _expect(x: Floats, state: _State) -> tuple[Floats, Floats, Floats]:
    """Log densities (n,), responsibilities and squared distances (n, K)."""
    n, d = x.shape
    k, df = state.weights.size, state.df
    square, logs = np.empty((n, k)), np.empty((n, k))
    lower = np.linalg.cholesky(state.scatter)
    whiten = np.linalg.inv(lower)
    constant = _height(df, d)
    for c in range(k):
        e = (x - state.means[c]) @ whiten[c].T
        square[:, c] = np.einsum("ij,ij->i", e, e)
        volume = float(np.log(np.diagonal(lower[c])).sum())
        logs[:, c] = constant - volume + math.log(state.weights[c])
    logs -= 0.5 * (df + d) * np.log1p(square / df)
    top = logs.max(axis=1)
    share = np.exp(logs - top[:, None])
    norm = share.sum(axis=1)
    return top + np.log(norm), share / norm[:, None], square


class _Sums(NamedTuple):
    """What a step of expectation maximisation needs of all rows."""

    value: float
    pulls: float
    mass: Floats
    heavy: Floats
    means: Floats
    squares: Floats


def _maximise(
    x: Floats, shares: Floats, total: float, state: _State, floor: Floats, most: int
) -> tuple[_State, float]:
    d = x.shape[1]
    tolerance = max(0.02 / total, 1e-7)
    least = np.diag(_FLOOR**2 + floor)
    pull = d / total  # rows of the common scatter matrix, as a share of all
    before = value = -math.inf
    summed = _summed_in_one_pass if d <= _FEW_COLUMNS else _summed_by_products
    for step in range(most):
        sums = summed(x, shares, state)
        value = sums.value
        if value - before < tolerance and step > 2:
            break
        before = value
        # divided by the sum of the pulled weights (Kent, Tyler and Vardi, 1994): faster
        scatter = sums.squares * (sums.mass / sums.heavy)[:, None, None]
        common = scatter.sum(axis=0)
        scatter = (scatter + pull * common) / (sums.mass + pull)[:, None, None] + least
        df = _freedom(state.df, d, sums.pulls)
        state = _State(sums.mass / sums.mass.sum(), sums.means, scatter, df)
    return state, value


def _summed_by_products(x: Floats, shares: Floats, state: _State) -> _Sums:
    """For rows of many coordinates: products of matrices."""
    logs, share, square = _expect(x, state)
    share *= shares[:, None]
    near = (state.df + x.shape[1]) / (state.df + square)
    pulls = float((share * (np.log(near) - near)).sum())
    pulled = share * near
    heavy = np.maximum(pulled.sum(axis=0), 1e-300)
    means = (pulled.T @ x) / heavy[:, None]
    squares = np.empty(state.scatter.shape)
    for c in range(heavy.size):
        r = x - means[c]
        squares[c] = (pulled[:, c, None] * r).T @ r
    mass = np.maximum(share.sum(axis=0), 1e-10)
    return _Sums(float(shares @ logs), pulls, mass, heavy, means, squares)


def _summed_in_one_pass(x: Floats, shares: Floats, state: _State) -> _Sums:
    """For rows of few coordinates."""
    k, d = state.means.shape
    mass, heavy = np.empty(k), np.empty(k)
    first, second = np.empty((k, d)), np.empty((k, d, d))
    lower = np.ascontiguousarray(np.linalg.cholesky(state.scatter))
    volumes = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    constants = np.log(state.weights) - volumes + _height(state.df, d)
    value, pulls = collect(
        x, shares, constants, state.means, lower, state.df, mass, heavy, first, second
    )
    heavy = np.maximum(heavy, 1e-300)
    shift = first / heavy[:, None]
    squares = np.tril(second)
    squares += np.transpose(np.tril(second, -1), (0, 2, 1))
    squares -= heavy[:, None, None] * shift[:, :, None] * shift[:, None, :]
    mass = np.maximum(mass, 1e-10)
    return _Sums(value, pulls, mass, heavy, state.means + shift, squares)


def _height(df: float, d: int) -> float:
    """Log of the standard density in d dimensions at its middle."""
    rise = math.lgamma(0.5 * (df + d)) - math.lgamma(0.5 * df)
    return rise - 0.5 * d * math.log(df * math.pi)


def _freedom(df: float, d: int, mean: float) -> float:
    """Degrees of freedom where the likelihood's expectation has no slope, by bisection."""
    half = 0.5 * (df + d)
    known = 1.0 + mean + digamma(half) - math.log(half)

    def slope(v: float) -> float:
        return known - digamma(0.5 * v) + math.log(0.5 * v)

    low, high = _DF_RANGE
    if slope(high) > 0.0:
        return high
    if slope(low) < 0.0:
        return low
    for _ in range(40):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if slope(middle) > 0.0 else (low, middle)
    return math.sqrt(low * high)
