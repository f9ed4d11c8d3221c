"""Densities of vectors, as a chain of conditional ones."""

from compress.densities.autoregressive.density import AutoregressiveDensity

__all__ = ["AutoregressiveDensity"]
