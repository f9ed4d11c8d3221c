"""Conditional densities: how the shape of a sample's distribution follows from its context."""

from compress.densities.conditional.density import ConditionalFourierDensity

__all__ = ["ConditionalFourierDensity"]
