"""Choice of a density by total code length."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.bases import Laplace, Logistic, Normal, StudentT, Uniform
from compress.densities.density import Density
from compress.densities.fourier import FourierDensity
from compress.densities.histogram import Histogram
from compress.densities.mixture import GaussianMixture
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["fit_density"]


def fit_density(
    x: ArrayLike | Statistic,
    *,
    weights: ArrayLike | None = None,
    bin_width: float | None = None,
    nan_policy: NanPolicy = "raise",
) -> Density:
    """Density with the smallest total code length: samples plus quantised parameters.

    Parameters
    ----------
    x : array_like of real numbers, any shape, or Statistic
        Samples.
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
        `Histogram`.
    """
    if bin_width is None:
        integers = not isinstance(x, Statistic) and np.asarray(x).dtype.kind in "biu"
        bin_width = 1.0 if integers else 0.0
    statistic = Statistic.of(x, weights, nan_policy)
    n = statistic.total
    candidates: list[Density] = [
        family.fit(statistic, bin_width=bin_width)
        for family in (Uniform, Normal, Laplace, Logistic, StudentT)
    ]
    if statistic.values.size > 1:
        candidates.append(Histogram.fit(statistic, bin_width=bin_width))
        candidates.append(GaussianMixture.fit(statistic, bin_width=bin_width))
        fourier = FourierDensity.fit(statistic, bin_width=bin_width)
        if fourier.terms > 0:
            candidates.append(fourier)

    def bits(density: Density) -> float:
        data = density.code_length(statistic, bin_width=bin_width)
        return data + density.parameter_bits(n)

    return min(candidates, key=bits)
