"""One-dimensional probability densities: fit, evaluate, sample, choose by code length."""

from compress.densities.autoregressive import AutoregressiveDensity
from compress.densities.bases import (
    Base,
    Beta,
    Exponential,
    Gamma,
    Laplace,
    Logistic,
    Normal,
    StudentT,
    Uniform,
    Weibull,
)
from compress.densities.conditional import ConditionalFourierDensity
from compress.densities.density import Density, Peak
from compress.densities.entropy import MaximumEntropyDensity
from compress.densities.families.atoms import Bernoulli, Discrete, Mixed
from compress.densities.families.circle import Circle, VonMises
from compress.densities.families.counts import Geometric, NegativeBinomial, Poisson
from compress.densities.fourier import FourierDensity
from compress.densities.histogram import Histogram
from compress.densities.mixture import GaussianMixture
from compress.densities.select import fit_density
from compress.densities.statistic import Statistic

__all__ = [
    "AutoregressiveDensity",
    "Base",
    "Bernoulli",
    "Beta",
    "Circle",
    "ConditionalFourierDensity",
    "Density",
    "Discrete",
    "Exponential",
    "FourierDensity",
    "Gamma",
    "GaussianMixture",
    "Geometric",
    "Histogram",
    "Laplace",
    "Logistic",
    "MaximumEntropyDensity",
    "Mixed",
    "NegativeBinomial",
    "Normal",
    "Peak",
    "Poisson",
    "Statistic",
    "StudentT",
    "Uniform",
    "VonMises",
    "Weibull",
    "fit_density",
]
