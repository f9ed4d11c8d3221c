"""One-dimensional probability densities: fit, evaluate, sample, choose by code length."""

from compress.densities.autoregressive import AutoregressiveDensity
from compress.densities.bases import Base, Exponential, Laplace, Logistic, Normal, StudentT, Uniform
from compress.densities.density import Density, Peak
from compress.densities.entropy import MaximumEntropyDensity
from compress.densities.fourier import FourierDensity
from compress.densities.histogram import Histogram
from compress.densities.mixture import GaussianMixture
from compress.densities.select import fit_density
from compress.densities.statistic import Statistic

__all__ = [
    "AutoregressiveDensity",
    "Base",
    "Density",
    "Exponential",
    "FourierDensity",
    "GaussianMixture",
    "Histogram",
    "Laplace",
    "Logistic",
    "MaximumEntropyDensity",
    "Normal",
    "Peak",
    "Statistic",
    "StudentT",
    "Uniform",
    "fit_density",
]
