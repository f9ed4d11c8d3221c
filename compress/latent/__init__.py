"""Latent variables: models of items whose variational bound is a code length, paid in bytes.

An item is a small array: a digit, a tile, a spectrum, a row of a table. A model is trained once, in
floating point (the extra ``latent``), and rounded to networks of integers; many items are then
coded with it by bits-back coding, and decoded to the bit on every machine.
"""

from __future__ import annotations

from compress.latent.diffusion import Diffusion, Trajectory
from compress.latent.masked import MaskedNetwork
from compress.latent.mixture import MixtureCoder
from compress.latent.network import IntegerNetwork
from compress.latent.observations import Observation
from compress.latent.vae import VAE, Bits

__all__ = [
    "VAE",
    "Bits",
    "Diffusion",
    "IntegerNetwork",
    "MaskedNetwork",
    "MixtureCoder",
    "Observation",
    "Trajectory",
]
