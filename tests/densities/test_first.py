"""Bases against scipy, and the Fourier density against its own formula."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from compress.densities import (
    FourierDensity,
    Laplace,
    Logistic,
    Normal,
    Statistic,
    StudentT,
    Uniform,
    fit_density,
)

PAIRS = [
    (Uniform(-1.5, 4.0), scipy.stats.uniform(-1.5, 4.0)),
    (Normal(0.3, 2.0), scipy.stats.norm(0.3, 2.0)),
    (Laplace(0.3, 2.0), scipy.stats.laplace(0.3, 2.0)),
    (Logistic(0.3, 2.0), scipy.stats.logistic(0.3, 2.0)),
    (StudentT(0.3, 2.0, 1.0), scipy.stats.t(1.0, 0.3, 2.0)),
    (StudentT(0.3, 2.0, 3.7), scipy.stats.t(3.7, 0.3, 2.0)),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[repr(p[0]) for p in PAIRS])
def test_bases_agree_with_scipy(ours, theirs):
    """pdf, logpdf, cdf, ppf and entropy of every base are scipy's."""
    x = np.linspace(-8.0, 9.0, 301)
    q = np.linspace(0.001, 0.999, 201)
    np.testing.assert_allclose(ours.pdf(x), theirs.pdf(x), rtol=1e-12, atol=0)
    np.testing.assert_allclose(ours.logpdf(x), theirs.logpdf(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-12, atol=0)
    np.testing.assert_allclose(ours.ppf(q), theirs.ppf(q), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ours.entropy(), theirs.entropy(), rtol=1e-12, atol=1e-14)


def _mixture(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(rng.choice([-3.0, 0.0, 2.5], n), 0.4)


@pytest.mark.parametrize("base", ["uniform", "normal", "laplace", "logistic", "student"])
def test_cumulative_is_the_integral_of_the_density_and_rises(base):
    """The cdf goes from 0 to 1, never falls, matches quadrature of pdf; ppf inverts it."""
    density = FourierDensity.fit(_mixture(5000), terms=12, base=base)
    x = np.linspace(-12.0, 12.0, 400_001)
    cdf = density.cdf(x)
    assert np.all(np.diff(cdf) >= 0.0)
    assert density.cdf(-np.inf) == 0.0
    assert density.cdf(np.inf) == 1.0
    pdf = density.pdf(x)
    inside = (x > -2.9) & (x < 2.9)
    integral = np.concatenate([[0.0], np.cumsum(0.5 * (pdf[1:] + pdf[:-1]) * np.diff(x))])
    offset = (cdf - integral)[inside]
    assert np.ptp(offset) < 1e-6
    q = np.random.default_rng(1).random(2000)
    np.testing.assert_allclose(density.cdf(density.ppf(q)), q, atol=1e-11)


def test_merging_statistics_is_fitting_the_whole():
    """partial_fit gives exactly the coefficients of a fit of all samples."""
    x = _mixture(40_000)
    whole = FourierDensity.fit(x, terms=8, base="logistic")
    parts = FourierDensity.fit(x[:17], terms=8, base="logistic").partial_fit(x[17:])
    np.testing.assert_array_equal(whole.coefficients, parts.coefficients)
    assert (whole.loc, whole.scale) == (parts.loc, parts.scale)


def test_statistic_of_heavy_tails_keeps_the_middle():
    """A Cauchy sample's cells stay far finer than its scale."""
    x = np.random.default_rng(0).standard_cauchy(200_000)
    statistic = Statistic.of(x)
    assert statistic.width < 0.02
    assert statistic.total == x.size


def test_chosen_density_is_close_to_the_truth():
    """fit_density's code length is near the entropy of the source."""
    x = _mixture(20_000)
    density = fit_density(x)
    held_out = _mixture(20_000, seed=1)
    truth = scipy.stats.norm.pdf(held_out[:, None], [-3.0, 0.0, 2.5], 0.4).mean(axis=1)
    assert np.mean(np.log(truth) - density.logpdf(held_out)) < 0.02
