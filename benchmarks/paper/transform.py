"""The compression experiment: nonlinear transform coding of toy sources at several rates.

Two small networks are trained with an entropy model of two latent numbers, additive uniform noise
in place of rounding, by rate + lambda * squared error. Then 100,000 fresh rows are transformed and
rounded; the entropy model's bits are the estimate, and the same integers go through tables of
24-bit masses and the ANS coder, whose bytes are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.paper import models
from compress.coders import decode, encode
from compress.densities import FourierDensity, Logistic
from compress.tables import TableSet, fit_table
from compress.tables.fitting import parameter_bits

LATENTS = 2
UNITS = 64
BATCH = 256
FREQUENCIES = 10  # the public code's default
FILTERS = (3, 3, 3)  # likewise; each has some 20 to 40 numbers a latent
TEST_ROWS = 100_000
STARTS = 2
LAMBDAS = (0.3, 1.0, 3.0, 10.0)
Floats = np.ndarray[Any, np.dtype[np.float64]]


def _banana(key: Any, n: int) -> Any:
    """Bent, turned and shifted normal rows, as in the paper on nonlinear transform coding."""
    z = jax.random.normal(key, (n, 2)) * jnp.array([3.0, 0.5])
    bent = jnp.stack([z[:, 0], z[:, 1] + 0.1 * z[:, 0] ** 2], axis=1)
    angle = jnp.deg2rad(240.0)
    turn = jnp.array([[jnp.cos(angle), -jnp.sin(angle)], [jnp.sin(angle), jnp.cos(angle)]])
    return bent @ turn.T + 1.0


def _ring(key: Any, n: int) -> Any:
    """Draw from a circle of radius 3 with some width."""
    turn, noise = jax.random.split(key)
    angle = jax.random.uniform(turn, (n,)) * 2.0 * jnp.pi
    radius = 3.0 + 0.2 * jax.random.normal(noise, (n,))
    return jnp.stack([radius * jnp.cos(angle), radius * jnp.sin(angle)], axis=1)


def _clusters(key: Any, n: int) -> Any:
    """Nine narrow normals on a grid: latent densities with several peaks."""
    of, noise = jax.random.split(key)
    at = jax.random.randint(of, (n, 2), -1, 2)
    return 3.0 * at + 0.3 * jax.random.normal(noise, (n, 2))


SOURCES: dict[str, Callable[[Any, int], Any]] = {
    "banana": _banana,
    "ring": _ring,
    "clusters": _clusters,
}


def _network(key: Any) -> list[tuple[Any, Any]]:
    sizes = (2, UNITS, UNITS, 2)
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        (jax.random.normal(k, (a, b)) / np.sqrt(a), jnp.zeros(b))
        for k, a, b in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def _apply(network: Any, x: Any) -> Any:
    for matrix, bias in network[:-1]:
        x = jax.nn.softplus(x @ matrix + bias)
    matrix, bias = network[-1]
    return x @ matrix + bias


def _train(source: Any, weight: float, model: str, steps: int, seed: int) -> Any:
    key = jax.random.key(seed)
    parts = jax.random.split(key, 3)
    if model == "Fourier":
        # amplitudes that begin as the base alone: from small random ones the networks train on an
        # entropy model that is still noise
        entropy = models.fourier_start(parts[2], LATENTS, FREQUENCIES, 10.0, first=1.0)
    else:
        entropy = models.deep_start(parts[2], LATENTS, FILTERS, 10.0)
    bits = models.fourier_bits if model == "Fourier" else models.deep_bits
    start = {"analysis": _network(parts[0]), "synthesis": _network(parts[1]), "entropy": entropy}

    def loss(p: Any, key: Any) -> Any:
        draw, noise = jax.random.split(key)
        x = source(draw, BATCH)
        y = _apply(p["analysis"], x)
        y = y + jax.random.uniform(noise, y.shape) - 0.5
        rate = bits(p["entropy"], y).sum(axis=1).mean()
        return rate + weight * ((x - _apply(p["synthesis"], y)) ** 2).sum(axis=1).mean()

    def rate(i: Any) -> Any:
        return 2e-3 * jnp.minimum(1.0, 2.0 * (1.0 - i / steps)) * jnp.minimum(1.0, (i + 1) / 100)

    return models.adam(loss, start, jax.random.fold_in(key, 1), steps, rate)


def _masses(p: Any, model: str, low: int, high: int) -> list[Floats]:
    """Masses of low..high of each latent under the trained entropy model."""
    k = np.arange(low, high + 1, dtype=np.float64)
    if model != "Fourier":
        bits = models.deep_bits(p, jnp.asarray(np.stack([k] * LATENTS, axis=1), jnp.float32))
        return list(2.0 ** -np.asarray(bits, np.float64).T)
    c = np.asarray(models.fourier_coefficients(p), np.complex128)
    scale = np.asarray(jax.nn.softplus(p["scale"]), np.float64)
    offset = np.asarray(p["offset"], np.float64)
    # tanh((x - t) / s) is 2 F - 1 of the logistic distribution function of scale s / 2
    densities = [FourierDensity(c[j], Logistic(offset[j], scale[j] / 2.0)) for j in range(LATENTS)]
    return [np.asarray(density.mass(k - 0.5, k + 0.5)) for density in densities]


def _coded(y: np.ndarray[Any, np.dtype[np.int64]], tables: TableSet) -> int:
    """Bytes of the latents by one table each; read back and compared."""
    indexes = np.tile(np.arange(LATENTS, dtype=np.int32), len(y))
    words = encode(y.ravel(), tables, indexes)
    if not np.array_equal(decode(words, y.size, tables, indexes), y.ravel()):
        raise RuntimeError("the words do not decode to the latents")
    return 4 * len(words)


def measure(
    steps: int, lambdas: tuple[float, ...], sources: tuple[str, ...]
) -> list[dict[str, Any]]:
    """One row a source, lambda and entropy model."""
    rows = []
    for name in sources:
        source = SOURCES[name]
        x = source(jax.random.key(99), TEST_ROWS)
        for weight in lambdas:
            for model in ("Fourier", "deep"):
                rows.append(_measured(name, source, x, weight, model, steps))
                print("  ".join(f"{a} {b}" for a, b in rows[-1].items()), flush=True)
    return rows


def _measured(
    name: str, source: Any, x: Any, weight: float, model: str, steps: int
) -> dict[str, Any]:
    bits = models.fourier_bits if model == "Fourier" else models.deep_bits

    def judged(p: Any, rows: Any) -> tuple[Any, float, float]:
        y = jnp.round(_apply(p["analysis"], rows))
        distortion = float(((rows - _apply(p["synthesis"], y)) ** 2).sum(axis=1).mean())
        return y, float(bits(p["entropy"], y).sum(axis=1).mean()), distortion

    def loss(p: Any) -> float:
        _, rate, distortion = judged(p, source(jax.random.key(98), TEST_ROWS))
        return rate + weight * distortion

    # networks of both models end in one of several optima: the best of some starts, by other rows
    trained = [_train(source, weight, model, steps, seed) for seed in range(STARTS)]
    p = min(trained, key=loss)
    y, estimate, distortion = judged(p, x)
    symbols = np.asarray(y, np.int64)
    low, high = int(symbols.min()), int(symbols.max())
    masses = _masses(p["entropy"], model, low, high)
    of_model = TableSet.from_pmf(np.stack(masses), low, escape=1e-6)
    # the same integers by tables that are learned from them and written before them
    fitted = [fit_table(symbols[:, j]) for j in range(LATENTS)]
    written = sum(parameter_bits(parameters) for parameters in fitted) // 8
    own = sum(4 * len(encode(symbols[:, j], table.build())) for j, table in enumerate(fitted))
    counts = [np.unique(symbols[:, j], return_counts=True)[1] for j in range(LATENTS)]
    entropy = sum(-float((c / c.sum()) @ np.log2(c / c.sum())) for c in counts)
    n = len(symbols)
    return {
        "source": name,
        "lambda": weight,
        "model": model,
        "starts": STARTS,
        "distortion": round(distortion, 5),
        "estimated bits": round(estimate, 4),
        "coded bits": round(8 * _coded(symbols, of_model) / n, 4),
        "fitted bits": round(8 * (own + written) / n, 4),
        "table bytes": written,
        "entropy bits": round(entropy, 4),
        "loss": round(estimate + weight * distortion, 4),
    }
