"""The eight one-dimensional targets of the densities' table, with their exact densities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The target of the notebook that accompanies "Fourier Basis Density Model" (de la Fuente, Singh
# and Ballé, 2024): an equal-weight mixture of ten normals on [-1, 1].
_PAPER_MEANS = np.array(
    [
        0.01515017356723547,
        -0.2419874221086502,
        -0.34520500898361206,
        0.20919467508792877,
        0.17366820573806763,
        -0.34645596146583557,
        -0.22389526665210724,
        -0.2980934977531433,
        0.005521114449948072,
        0.023814208805561066,
    ]
)
_PAPER_SCALES = np.array(
    [
        0.052398961037397385,
        0.04704193025827408,
        0.044891562312841415,
        0.05644155666232109,
        0.055701419711112976,
        0.044865500181913376,
        0.047418851405382156,
        0.04587305337190628,
        0.05219835788011551,
        0.05257946252822876,
    ]
)


@dataclass(frozen=True)
class Target:
    """A density to be learned: how to draw from it, and points and weights to integrate over."""

    name: str
    draw: Callable[[int, np.random.Generator], Floats]
    logpdf: Callable[[Floats], Floats]
    cdf: Callable[[Floats], Floats]
    nodes: Floats
    weights: Floats
    support: tuple[float, float] | None = None

    def divergence(self, density: Any) -> float:
        """Kullback-Leibler divergence from this target to a density with `logpdf`, in nats."""
        truth = self.logpdf(self.nodes)
        mass = self.weights * np.exp(truth)
        some = mass > 0.0
        model = np.asarray(density.logpdf(self.nodes[some]))
        return float((mass[some] * (truth[some] - model)).sum())


def _panels(edges: Floats) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights between edges."""
    x, w = np.polynomial.legendre.leggauss(10)
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half + half * x).ravel(), (half * w).ravel()


def _mixture(name: str, means: Floats, scales: Floats, support: Any = None) -> Target:
    def draw(n: int, rng: np.random.Generator) -> Floats:
        of = rng.integers(means.size, size=n)
        return means[of] + scales[of] * rng.standard_normal(n)

    def logpdf(x: Floats) -> Floats:
        return np.log(scipy.stats.norm.pdf(x[:, None], means, scales).mean(axis=1) + 1e-320)

    def cdf(x: Floats) -> Floats:
        return scipy.stats.norm.cdf(np.asarray(x)[..., None], means, scales).mean(axis=-1)

    offsets = np.linspace(-8.0, 8.0, 65)
    edges = np.unique(means[:, None] + scales[:, None] * offsets)
    if support is not None:
        edges = np.unique(np.clip(edges, *support))
    return Target(name, draw, logpdf, cdf, *_panels(edges), support)


def _scipy(name: str, frozen: Any, support: Any = None) -> Target:
    tail = 10.0 ** np.linspace(-13.0, -2.0, 45)
    q = np.concatenate([tail, np.linspace(0.01, 0.99, 400)[1:-1], 1.0 - tail[::-1]])
    ends = [x for x in frozen.support() if np.isfinite(x)]
    edges = np.unique(np.concatenate([frozen.ppf(q), ends]))

    def draw(n: int, rng: np.random.Generator) -> Floats:
        return frozen.rvs(size=n, random_state=rng)

    return Target(name, draw, frozen.logpdf, frozen.cdf, *_panels(edges), support)


def targets() -> list[Target]:
    """All eight."""
    comb = np.linspace(-12.0, 12.0, 25)
    peaks = np.array([-8.0, 0.0, 5.0])
    return [
        _mixture("paper", _PAPER_MEANS, _PAPER_SCALES, (-1.0, 1.0)),
        _scipy("laplace", scipy.stats.laplace()),
        _scipy("exponential", scipy.stats.expon()),
        _scipy("uniform", scipy.stats.uniform()),
        _mixture("comb", comb, np.full(25, 0.15)),
        _mixture("three peaks", peaks, np.array([0.1, 0.3, 0.05])),
        _scipy("cauchy", scipy.stats.cauchy()),
        _scipy("log-normal", scipy.stats.lognorm(1.0)),
    ]
