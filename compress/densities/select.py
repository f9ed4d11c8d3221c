"""Choice of a density by total code length."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from compress.densities._ends import outer_ends
from compress.densities.bases import Exponential, Laplace, Logistic, Normal, StudentT, Uniform
from compress.densities.density import Density
from compress.densities.entropy import MaximumEntropyDensity
from compress.densities.fourier import FourierDensity
from compress.densities.histogram import Histogram
from compress.densities.mixture import GaussianMixture
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["fit_density"]


def fit_density(
    x: ArrayLike | Statistic,
    *,
    criterion: Literal["code_length", "max_entropy"] = "code_length",
    moments: int = 4,
    weights: ArrayLike | None = None,
    bin_width: float | None = None,
    nan_policy: NanPolicy = "raise",
) -> Density:
    """Density with the smallest total code length: samples plus quantised parameters.

    Parameters
    ----------
    x : array_like of real numbers, any shape, or Statistic
        Samples.
    criterion : {"code_length", "max_entropy"}
        What is extremal: the total code length of samples and parameters is smallest among all
        families, or the entropy is largest among all densities with the samples' first `moments`
        moments (on an interval; see `MaximumEntropyDensity`).
    moments : int
        Of "max_entropy": how many.
    weights : array_like, shape of `x`, optional
        Sample weights: 2 counts as the sample given twice.
    bin_width : float, optional
        Positive where samples stand for bins ``x +- bin_width / 2``. By default 1 for integer
        dtypes and 0 for others.
    nan_policy : {"raise", "omit"}
        What to do with NaN and infinite samples.

    Returns
    -------
    Density
        One of the bases, a `FourierDensity` over one of them, a `GaussianMixture` or a
        `Histogram`. One with an end is a candidate only where the samples show that their
        density breaks off there instead of thinning out (which takes 1024 of them), and its end
        then lies eight mean gaps or less beyond the extreme sample: so that other samples of the
        same density hardly ever fall outside.
    """
    if criterion == "max_entropy":
        return MaximumEntropyDensity.fit(x, moments=moments, weights=weights, nan_policy=nan_policy)
    if criterion != "code_length":
        raise ValueError(f"criterion must be 'code_length' or 'max_entropy', not {criterion!r}")
    if bin_width is None:
        integers = not isinstance(x, Statistic) and np.asarray(x).dtype.kind in "biu"
        bin_width = 1.0 if integers else 0.0
    statistic = Statistic.of(x, weights, nan_policy)
    n = statistic.total
    candidates: list[Density] = [
        family.fit(statistic, bin_width=bin_width)
        for family in (Normal, Laplace, Logistic, StudentT)
    ]
    low, high = outer_ends(statistic, bin_width)
    if low is not None:
        candidates.append(Exponential.above(low, statistic, bin_width))
    if low is not None and high is not None and low < high:
        candidates.append(Uniform(low, high - low))
        if statistic.values.size > 1:
            bins = Histogram.fit(statistic, bin_width=bin_width)
            candidates.append(Histogram([low, *bins.edges[1:-1], high], bins.masses))
    if statistic.values.size > 1:
        candidates.append(GaussianMixture.fit(statistic, bin_width=bin_width))
        fourier = FourierDensity.fit(statistic, bin_width=bin_width)
        if fourier.terms > 0:
            candidates.append(fourier)

    def bits(density: Density) -> float:
        data = density.code_length(statistic, bin_width=bin_width)
        return data + density.parameter_bits(n)

    return min(candidates, key=bits)
