"""One inequality: EM, gradients on the bound, and bits-back, on one mixture.

    python -m benchmarks.latent.one_view [--figure docs/latent.png]

The bound is ``F(q, model) = log p(x) - KL(q || p(z | x))``, z the component that a sample came
from. EM raises it in q and in the model by turns; gradients raise it in the model with a q that
lags; bits-back pays -F in bits whatever q is.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from compress.latent import MixtureCoder

SAMPLES = 20_000
ITERATIONS = 60
LAG = 10
CODED = (0, 1, 2, 4, 8, 16, 32, 59)
Floats = np.ndarray[Any, np.dtype[np.float64]]


def _joint(x: Floats, p: Floats) -> Floats:
    """Logarithm of weight times density, by sample and component."""
    w, m, s = p
    z = (x[:, None] - m) / s
    return np.log(w) - 0.5 * z * z - np.log(s) - 0.5 * math.log(2.0 * math.pi)


def _posterior(x: Floats, p: Floats) -> tuple[Floats, float]:
    joint = _joint(x, p)
    top = joint.max(axis=1, keepdims=True)
    e = np.exp(joint - top)
    total = e.sum(axis=1, keepdims=True)
    return e / total, float((top + np.log(total)).mean())


def _bound(x: Floats, p: Floats, q: Floats) -> float:
    return float((q * (_joint(x, p) - np.log(np.maximum(q, 1e-300)))).sum(axis=1).mean())


def _best_model(x: Floats, q: Floats) -> Floats:
    mass = q.sum(axis=0)
    mean = (q * x[:, None]).sum(axis=0) / mass
    variance = (q * (x[:, None] - mean) ** 2).sum(axis=0) / mass
    return np.stack([mass / len(x), mean, np.sqrt(variance)])


def _step(x: Floats, p: Floats, q: Floats, rate: float) -> Floats:
    """One step of the gradient of the bound, in logits, means over scales and log scales."""
    w, m, s = p
    r = (x[:, None] - m) / s
    logits = np.log(w) + rate * (q.mean(axis=0) - w)
    e = np.exp(logits - logits.max())
    mean = m + rate * s * (q * r).mean(axis=0)
    scale = s * np.exp(rate * (q * (r * r - 1.0)).mean(axis=0))
    return np.stack([e / e.sum(), mean, scale])


def figures() -> dict[str, Any]:
    """Climb both ways, and code with the models on the way."""
    rng = np.random.default_rng(0)
    of = rng.choice(3, SAMPLES, p=(0.3, 0.5, 0.2))
    mean, scale = np.array([-40.0, 10.0, 70.0]), np.array([12.0, 20.0, 30.0])
    x = np.rint(mean[of] + scale[of] * rng.standard_normal(SAMPLES))
    start = np.array([[1 / 3] * 3, [-60.0, 0.0, 60.0], [40.0, 40.0, 40.0]])
    low, high = int(x.min()) - 50, int(x.max()) + 50
    found: dict[str, Any] = {"em": [], "likelihood": [], "bound": [], "coded": []}
    p = start
    for i in range(ITERATIONS):
        q, value = _posterior(x, p)
        found["em"].append(value)
        if i in CODED:
            exact = MixtureCoder(*p, low, high)
            blunt = MixtureCoder(*p, low, high, temper=0.5)
            whole = x.astype(np.int64)
            found["coded"].append(
                {
                    "iteration": i,
                    "code length": exact.code_length(whole) / SAMPLES,
                    "paid": 8 * len(exact.encode(whole)) / SAMPLES,
                    "blunt bound": blunt.bound(whole) / SAMPLES,
                    "blunt paid": 8 * len(blunt.encode(whole)) / SAMPLES,
                }
            )
        p = _best_model(x, q)
    p = start
    for i in range(ITERATIONS):
        if i % LAG == 0:
            q = _posterior(x, p)[0]
        found["likelihood"].append(_posterior(x, p)[1])
        found["bound"].append(_bound(x, p, q))
        p = _step(x, p, q, 0.5)
    return found


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw both halves."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    left.plot(found["em"], label="EM: the bound touches the likelihood", color="tab:blue")
    left.plot(found["likelihood"], label="gradient on the bound: likelihood", color="tab:orange")
    left.plot(found["bound"], label="the bound, q renewed in steps", color="tab:orange", ls=":")
    left.set(xlabel="iteration", ylabel="nats a sample", ylim=(found["em"][0] - 0.05, None))
    left.legend(fontsize=8)
    at = [row["iteration"] for row in found["coded"]]
    for name, style, label in (
        ("code length", "k-", "code length of the mixture"),
        ("paid", "bo", "paid, exact posterior"),
        ("blunt bound", "k:", "bound with a blunt posterior"),
        ("blunt paid", "rs", "paid with it"),
    ):
        right.plot(at, [row[name] for row in found["coded"]], style, label=label, mfc="none")
    right.set(xlabel="iteration of EM", ylabel="bits a sample", xscale="symlog")
    right.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print the table, and draw it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latent.one_view")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    found = figures()
    for row in found["coded"]:
        print(", ".join(f"{name} {value:.5g}" for name, value in row.items()))
    gap = np.array(found["likelihood"]) - np.array(found["bound"])
    print(f"nats a sample: EM {found['em'][-1]:.5f}, gradient {found['likelihood'][-1]:.5f}")
    print(f"the bound lags by {gap.max():.5f} at most, never negative: {gap.min():.2e}")
    if arguments.figure:
        draw(found, arguments.figure)


if __name__ == "__main__":
    main()
