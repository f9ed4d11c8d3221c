"""Small models with drawn weights, which need no training, and items that suit them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from compress.latent import VAE, IntegerNetwork, MaskedNetwork, Observation
from compress.latent.vae import LATENT_BITS

TOP = 6
SIDE = (3, 4)


def network(
    rng: np.random.Generator, sizes: tuple[int, ...], input_bits: int, spread: float = 1.0
) -> IntegerNetwork:
    """Make a network of two layers or more."""
    layers = [
        (spread * rng.normal(size=(a, b)) / np.sqrt(a), 0.3 * spread * rng.normal(size=b))
        for a, b in pairwise(sizes)
    ]
    return IntegerNetwork.from_floats(layers, input_bits=input_bits)


def vae(latents: tuple[int, ...] = (3,), seed: int = 0, top: int = TOP, spread: float = 0.5) -> VAE:
    """Make a model with so many latents a level; posteriors suit the less, the more they matter."""
    rng = np.random.default_rng(seed)
    n = SIDE[0] * SIDE[1]
    observation = Observation(n, top)
    below = (n, *latents[:-1])
    outputs = (observation.n_outputs, *(2 * d for d in latents[:-1]))
    infer = [
        network(rng, (b, 8, 2 * d), LATENT_BITS if level else 0, 0.15)
        for level, (b, d) in enumerate(zip(below, latents, strict=True))
    ]
    generate = [
        network(rng, (d, 8, o), LATENT_BITS, spread) for d, o in zip(latents, outputs, strict=True)
    ]
    return VAE(SIDE, observation, infer, generate, cell_bits=8)


def masked(seed: int = 0) -> MaskedNetwork:
    """Make an autoregressive model."""
    rng = np.random.default_rng(seed)
    n = SIDE[0] * SIDE[1]
    first, second = np.arange(n), np.arange(24) % (n - 1)
    one = rng.normal(size=(n, 24)) * (first[:, None] <= second) * 0.2
    two = rng.normal(size=(24, 2 * n)) * (second[:, None] < np.tile(first, 2))
    layers = [(one, np.zeros(24)), (two, np.zeros(2 * n))]
    return MaskedNetwork(SIDE, Observation(n, TOP), IntegerNetwork.from_floats(layers))


def items(n: int, seed: int = 0, top: int = TOP) -> np.ndarray[Any, Any]:
    """Items of any kind: those that models were not made for cost more, and come back as well."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, top + 1, (n, *SIDE))
