"""Densities whose shape is a Fourier series."""

from compress.densities.fourier.density import FourierDensity

__all__ = ["FourierDensity"]
