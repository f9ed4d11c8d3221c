"""Gaussian mixtures with full covariances: the joint base of autoregressive densities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from compress.densities import _joint_steps as steps

__all__ = ["JointMixture"]

Floats = NDArray[np.float64]

_FLOOR = 1e-3  # smallest standard deviation along any axis, in units of the coordinates' own
_AUTO = (1, 2, 4, 8, 16, 24, 32, 48)
_VALIDATION_ROWS = 25_000
_SHORT_RUN = 12
_MIDDLE_RUN = 50  # of fits that are only weighed against each other
_LONG_RUN = 200


@dataclass(frozen=True)
class JointMixture:
    """Weights (K,), means (K, d) and covariances (K, d, d) in standardised coordinates."""

    weights: Floats
    means: Floats
    covariances: Floats

    @classmethod
    def fit(
        cls,
        x: Floats,
        shares: Floats,
        total: float,
        components: int | None,
        rng: np.random.Generator,
    ) -> Self:
        """EM from random starts; where None, as many components as serve samples held out."""
        if components is None:
            components = _validated(x, shares, total, rng)
        return cls(*_best(x, shares, total, min(components, x.shape[0]), rng)[0])

    def ordered(self, order: tuple[int, ...]) -> tuple[Floats, Floats, Floats]:
        """Weights, means and Cholesky factors with the coordinates permuted."""
        at = np.array(order)
        lower = np.linalg.cholesky(self.covariances[:, at[:, None], at])
        return self.weights, np.ascontiguousarray(self.means[:, at]), np.ascontiguousarray(lower)

    @property
    def n_parameters(self) -> int:
        """Weights, means and covariances."""
        k, d = self.means.shape
        return int(k * (1 + d + d * (d + 1) // 2) - 1)


def _validated(x: Floats, shares: Floats, total: float, rng: np.random.Generator) -> int:
    """Find the number of components with the shortest code for every fifth of (some) rows."""
    n, d = x.shape
    at = rng.permutation(n)[:_VALIDATION_ROWS]
    held, rest = at[: at.size // 5], at[at.size // 5 :]
    if held.size == 0:
        return 1
    mass = shares[rest] / shares[rest].sum()
    chosen, least = 1, math.inf
    for count in _AUTO:
        if count * (d + 1) * 5 > rest.size:
            break
        weights, means, covariances = _best(x[rest], mass, total, count, rng, _MIDDLE_RUN)[0]
        lower = np.asarray(np.linalg.cholesky(covariances), dtype=np.float64)
        logs = steps.conditionals(x[held], weights, means, lower)[0].sum(axis=1)
        value = -float((shares[held] * logs).sum())
        if value >= least:
            break
        chosen, least = count, value
    return chosen


def _best(
    x: Floats,
    shares: Floats,
    total: float,
    components: int,
    rng: np.random.Generator,
    most: int = _LONG_RUN,
) -> tuple[tuple[Floats, Floats, Floats], float]:
    starts = [_start(x, shares, components, rng) for _ in range(1 if components == 1 else 4)]
    short = [_maximise(x, shares, total, start, _SHORT_RUN) for start in starts]
    best = max(short, key=lambda found: found[1])[0]
    return _maximise(x, shares, total, best, most)


def _start(
    x: Floats, shares: Floats, components: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Seeds far from each other (k-means++), each with the samples nearest to it."""
    few = x[rng.choice(x.shape[0], size=min(x.shape[0], 5000), p=shares)]
    seeds = few[:1]
    distance = ((few - seeds[0]) ** 2).sum(axis=1)
    while seeds.shape[0] < components:
        p = distance + 1e-12
        seeds = np.concatenate([seeds, few[rng.choice(few.shape[0], size=1, p=p / p.sum())]])
        distance = np.minimum(distance, ((few - seeds[-1]) ** 2).sum(axis=1))
    d = x.shape[1]
    for _ in range(4):
        near = ((few[:, None] - seeds) ** 2).sum(axis=2).argmin(axis=1)
        count = np.bincount(near, minlength=components)
        sums = np.stack([np.bincount(near, few[:, j], components) for j in range(d)], axis=1)
        filled = count > 0
        seeds = np.where(filled[:, None], sums / np.maximum(count, 1)[:, None], seeds)
    covariances = np.empty((components, d, d))
    for c in range(components):
        inside = few[near == c] - seeds[c]
        # drawn towards a ball of the mean spread, so that few samples do not make it singular
        ball = max(float((inside**2).mean()) if inside.size else 1.0, _FLOOR**2)
        covariances[c] = (inside.T @ inside + d * ball * np.eye(d)) / (inside.shape[0] + d)
    weights = (count + 1.0) / (count + 1.0).sum()
    return weights, seeds, covariances


def _maximise(
    x: Floats, shares: Floats, total: float, start: tuple[Floats, Floats, Floats], most: int
) -> tuple[tuple[Floats, Floats, Floats], float]:
    weights, means, covariances = start
    k, d = means.shape
    mass, first, second = np.empty(k), np.empty((k, d)), np.empty((k, d, d))
    tolerance = max(0.02 / total, 1e-9)
    floor = _FLOOR**2 * np.eye(d)
    before = -math.inf
    for _ in range(most):
        lower = np.asarray(np.linalg.cholesky(covariances), dtype=np.float64)
        value = steps.joint_expectation(x, shares, weights, means, lower, mass, first, second)
        if value - before < tolerance:
            break
        before = value
        mass = np.maximum(mass, 1e-10)
        weights = mass / mass.sum()
        shift = first / mass[:, None]
        means = means + shift
        square = np.tril(second) / mass[:, None, None]
        square += np.transpose(np.tril(square, -1), (0, 2, 1))
        covariances = square - shift[:, :, None] * shift[:, None, :] + floor
    return (weights, means, covariances), float(value)
