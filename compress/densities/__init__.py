"""One-dimensional probability densities: fit, evaluate, sample, choose by code length."""

from compress.densities.bases import Base, Laplace, Logistic, Normal, StudentT, Uniform
from compress.densities.density import Density
from compress.densities.fourier import FourierDensity
from compress.densities.histogram import Histogram
from compress.densities.select import fit_density
from compress.densities.statistic import Statistic

__all__ = [
    "Base",
    "Density",
    "FourierDensity",
    "Histogram",
    "Laplace",
    "Logistic",
    "Normal",
    "Statistic",
    "StudentT",
    "Uniform",
    "fit_density",
]
