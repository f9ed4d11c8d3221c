"""Figures of the extremal view of densities: code length, entropy, and two ways to climb.

    python -m benchmarks.extremal [--figure docs/extremal.png]

1. Least code length is penalised maximum likelihood: bits of the samples, of the parameters and of
   fresh samples against the number of Fourier terms.
2. Largest entropy under more and more moments: the same bits.
3. Expectation maximisation and gradient ascent on one mixture, iteration by iteration. A step of
   EM is a step of the gradient times a positive definite matrix (Xu and Jordan, "On convergence
   properties of the EM algorithm for Gaussian mixtures", 1996).
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.densities_targets import targets
from compress.densities import FourierDensity, fit_density

SAMPLES = 1000
FRESH = 100_000
TERMS = (0, 1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 26, 32, 48, 64, 96)
MOMENTS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24)
ITERATIONS = 200
Floats = np.ndarray[Any, np.dtype[np.float64]]


def code_lengths() -> dict[str, list[tuple[float, ...]]]:
    """Bits a sample of the notebook's target: parameters, samples, both, fresh samples."""
    target = targets()[0]
    x = target.draw(SAMPLES, np.random.default_rng(0))
    fresh = target.draw(FRESH, np.random.default_rng(1))
    options: dict[str, Any] = {"base": "uniform", "support": (-1.0, 1.0)}
    found: dict[str, list[tuple[float, ...]]] = {}

    def row(count: int, density: Any) -> tuple[float, ...]:
        samples = density.code_length(x) / SAMPLES
        parameters = density.parameter_bits(SAMPLES) / SAMPLES
        return count, samples, parameters, samples + parameters, density.code_length(fresh) / FRESH

    for name, gamma in (("regularised", "auto"), ("bare", 0.0)):
        found[name] = [
            row(n, FourierDensity.fit(x, terms=n, regularization=gamma, **options)) for n in TERMS
        ]
    chosen = FourierDensity.fit(x, **options)
    found["chosen"] = [row(chosen.terms, chosen)]
    found["entropy"] = [row(k, fit_density(x, criterion="max_entropy", moments=k)) for k in MOMENTS]
    truth = -float(
        (target.weights * np.exp(target.logpdf(target.nodes))) @ target.logpdf(target.nodes)
    )
    found["truth"] = [(0, truth / math.log(2.0))]
    return found


# -- EM and gradients on one mixture: rows of (weight, mean, variance) --


def _shares(x: Floats, p: Floats) -> tuple[Floats, float]:
    w, m, v = p
    logs = np.log(w) - 0.5 * np.log(2.0 * np.pi * v) - 0.5 * (x[:, None] - m) ** 2 / v
    top = logs.max(axis=1, keepdims=True)
    e = np.exp(logs - top)
    norm = e.sum(axis=1, keepdims=True)
    return e / norm, float((top + np.log(norm)).mean())


def _gradient(x: Floats, p: Floats) -> Floats:
    """Of the mean log likelihood in weights, means and variances."""
    w, m, v = p
    share = _shares(x, p)[0]
    r = x[:, None] - m
    by_mean = (share * r).mean(axis=0) / v
    by_variance = (share * (r * r - v)).mean(axis=0) / (2.0 * v * v)
    return np.stack([share.mean(axis=0) / w, by_mean, by_variance])


def _em(x: Floats, p: Floats) -> Floats:
    share = _shares(x, p)[0]
    mass = share.mean(axis=0)
    mean = (share * x[:, None]).mean(axis=0) / mass
    return np.stack([mass, mean, (share * (x[:, None] - p[1]) ** 2).mean(axis=0) / mass])


def _preconditioned(x: Floats, p: Floats, length: float) -> Floats:
    """EM's step by the gradient: times diag(w) - w w', v / mass and 2 v^2 / mass."""
    w, _, v = p
    g = _gradient(x, p)
    mass = _shares(x, p)[0].mean(axis=0)
    step = np.stack([w * g[0] - w * (w @ g[0]), v / mass * g[1], 2.0 * v * v / mass * g[2]])
    while True:
        new = p + length * step
        if np.all(new[0] > 0.0) and np.all(new[2] > 0.0):
            return new
        length *= 0.5


def climbs() -> dict[str, list[float]]:
    """Mean log likelihood after each iteration, from one start; and how far EM is from its twin."""
    rng = np.random.default_rng(0)
    of = rng.integers(3, size=5000)
    x = np.array([-1.0, 0.0, 2.0])[of] + np.array([0.5, 0.5, 0.7])[of] * rng.standard_normal(5000)
    start = np.array([[1 / 3] * 3, [-2.0, 0.5, 1.0], [1.0] * 3])
    found: dict[str, list[float]] = {}
    apart = 0.0
    p = start
    found["EM"] = []
    for _ in range(ITERATIONS):
        found["EM"].append(_shares(x, p)[1])
        apart = max(apart, float(np.abs(_em(x, p) - _preconditioned(x, p, 1.0)).max()))
        p = _em(x, p)
    for length in (0.5, 1.8):
        p, name = start, f"EM's matrix, step {length}"
        found[name] = []
        for _ in range(ITERATIONS):
            found[name].append(_shares(x, p)[1])
            p = _preconditioned(x, p, length)
    for name, update in (("plain gradient", _plain), ("Adam", _adam())):
        p = start
        found[name] = []
        for i in range(ITERATIONS):
            found[name].append(_shares(x, p)[1])
            p = update(x, p, i)
    found["apart"] = [apart]
    for _ in range(20 * ITERATIONS):
        p = _preconditioned(x, p, 1.8)
    found["top"] = [_shares(x, p)[1]]
    return found


def _free(p: Floats, g: Floats, step: Any) -> Floats:
    """Take a step in logits of weights, means and log variances, given one of their gradients."""
    w, m, v = p
    by_free = np.stack([w * g[0] - w * (w @ g[0]), g[1], g[2] * v])
    a, b, c = step(by_free)
    logits = np.log(w) + a
    e = np.exp(logits - logits.max())
    return np.stack([e / e.sum(), m + b, v * np.exp(c)])


def _plain(x: Floats, p: Floats, i: int) -> Floats:
    del i
    return _free(p, _gradient(x, p), lambda g: 0.5 * g)


def _adam() -> Any:
    first, second = np.zeros((3, 3)), np.zeros((3, 3))

    def update(x: Floats, p: Floats, i: int) -> Floats:
        def step(g: Floats) -> Floats:
            first[:] = 0.9 * first + 0.1 * g
            second[:] = 0.999 * second + 0.001 * g * g
            m, v = first / (1.0 - 0.9 ** (i + 1)), second / (1.0 - 0.999 ** (i + 1))
            return 0.05 * m / (np.sqrt(v) + 1e-8)

        return _free(p, _gradient(x, p), step)

    return update


def draw(
    lengths: dict[str, list[tuple[float, ...]]], paths: dict[str, list[float]], at: Path
) -> None:
    """Plot all three."""
    import matplotlib as mpl  # noqa: PLC0415 - optional

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - optional

    figure, axes = plt.subplots(1, 3, figsize=(12.0, 3.8), layout="constrained")
    ax = axes[0]
    rows = np.array(lengths["regularised"])
    bare = np.array(lengths["bare"])
    ax.plot(rows[:, 0], rows[:, 1], "o-", markersize=3, label="samples (likelihood)")
    ax.plot(rows[:, 0], rows[:, 3], "s-", markersize=3, label="samples + parameters")
    ax.plot(rows[:, 0], rows[:, 4], "^-", markersize=3, label="fresh samples")
    ax.plot(bare[:, 0], bare[:, 4], "v:", markersize=3, label="fresh, no regulariser")
    chosen = lengths["chosen"][0]
    ax.axvline(chosen[0], color="black", linewidth=0.8, linestyle="--", label="chosen")
    ax.set(title="code length", xlabel="Fourier terms", ylabel="bits a sample", ylim=(-0.65, -0.2))
    ax = axes[1]
    rows = np.array(lengths["entropy"])
    ax.plot(rows[:, 0], rows[:, 1], "o-", markersize=3, label="entropy (= samples)")
    ax.plot(rows[:, 0], rows[:, 3], "s-", markersize=3, label="samples + parameters")
    ax.plot(rows[:, 0], rows[:, 4], "^-", markersize=3, label="fresh samples")
    ax.set(title="largest entropy", xlabel="moments", ylim=(-0.65, -0.2))
    for ax in axes[:2]:
        truth = lengths["truth"][0][1]
        ax.axhline(truth, color="grey", linewidth=0.8, label="entropy of the target")
    ax = axes[2]
    for name, path in paths.items():
        if len(path) > 1:
            ax.plot(np.maximum(paths["top"][0] - np.array(path), 1e-9), label=name)
    ax.set(title="one mixture, five ways up", xlabel="iteration", yscale="log")
    ax.set_ylabel("nats a sample below the top")
    for ax in axes:
        ax.grid(alpha=0.3)
        ax.legend(fontsize=7)
    figure.savefig(at, dpi=90, facecolor="white")


def main() -> None:
    """Print the rows and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--figure", type=Path)
    chosen = parser.parse_args()
    lengths, paths = code_lengths(), climbs()
    for name, rows in lengths.items():
        print(f"{name}: count, bits a sample of samples, parameters, both, fresh samples")
        for row in rows:
            print("  " + "  ".join(f"{value:9.4f}" for value in row))
    for name, path in paths.items():
        ends = "  ".join(
            f"{i}: {path[i]:.6f}" for i in (0, 10, 50, ITERATIONS - 1) if i < len(path)
        )
        print(f"{name}: {ends}" if name != "apart" else f"EM less its twin: {path[0]:.1e}")
    if chosen.figure is not None:
        draw(lengths, paths, chosen.figure)


if __name__ == "__main__":
    main()
