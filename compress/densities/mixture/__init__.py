"""Mixtures of normal densities."""

from compress.densities.mixture.density import GaussianMixture

__all__ = ["GaussianMixture"]
