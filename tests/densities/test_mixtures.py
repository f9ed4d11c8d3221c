"""Gaussian mixtures, histograms, and densities of vectors."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from compress.densities import (
    AutoregressiveDensity,
    GaussianMixture,
    Histogram,
    Normal,
)


def _mixture(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(rng.choice([-3.0, 0.0, 2.5], n), 0.4)


@pytest.mark.parametrize("method", ["em", "gradient"])
def test_mixture_finds_separated_components(method):
    """Three components come back with their means and scales."""
    fitted = GaussianMixture.fit(_mixture(6000), components=3, method=method)
    np.testing.assert_allclose(fitted.means, [-3.0, 0.0, 2.5], atol=0.05)
    np.testing.assert_allclose(fitted.scales, 0.4, rtol=0.08)
    assert len(fitted.modes()) == 3


def test_mixture_functions_belong_together():
    """The cdf is scipy's sum, ppf inverts it, the entropy is that of quadrature."""
    density = GaussianMixture([0.5, 0.3, 0.2], [-1.0, 0.0, 40.0], [1.0, 0.01, 3.0])
    x = np.linspace(-8.0, 60.0, 500)
    expected = scipy.stats.norm.cdf(x[:, None], density.means, density.scales) @ density.weights
    np.testing.assert_allclose(density.cdf(x), expected, rtol=1e-12)
    q = np.linspace(1e-6, 1.0 - 1e-6, 999)
    np.testing.assert_allclose(density.cdf(density.ppf(q)), q, atol=1e-13)
    fine = np.unique(np.concatenate([np.linspace(-9, 60, 20_001), np.linspace(-0.2, 0.2, 20_001)]))
    entropy = -np.trapezoid(density.pdf(fine) * density.logpdf(fine), fine)
    np.testing.assert_allclose(density.entropy(), entropy, atol=1e-4)
    assert scipy.stats.kstest(density.rvs(20_000, rng=0), density.cdf).pvalue > 1e-3


@pytest.mark.parametrize("method", ["em", "gradient"])
@pytest.mark.parametrize(
    "x",
    [
        [1.0],
        np.full(100, 3.0),
        [0.0, 0.0, 0.0, 1.0],
        [1e300, -1e300, 2.0],
        [5e-324, 0.0],
        np.append(np.zeros(500), 1.0),
        np.random.default_rng(0).standard_cauchy(500),
    ],
    ids=["one", "constant", "atom", "huge", "denormal", "heavy atom", "cauchy"],
)
def test_no_component_collapses(x, method):
    """Hard samples give finite parameters and a finite likelihood."""
    density = GaussianMixture.fit(x, components=4, method=method)
    assert np.all(np.isfinite(density.logpdf(x)))
    assert np.all(density.scales > 0.0)


def test_histogram_finds_the_steps_of_a_step_function():
    """Few bins, with edges near the true steps."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0.0, 1.0, 5000), rng.uniform(0.25, 0.5, 15_000)])
    density = Histogram.fit(x)
    assert density.masses.size <= 6
    for step in (0.25, 0.5):
        assert np.abs(density.edges - step).min() < 0.01
    q = rng.random(500)
    np.testing.assert_allclose(density.cdf(density.ppf(q)), q, atol=1e-12)
    assert Histogram.fit(x, bins=7).masses.size == 7


def test_chain_follows_a_bent_density():
    """The conditional's shape depends on the earlier coordinate: better than one normal, by far."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 2)) * [1.5, 0.3]
    x[:, 1] += 0.5 * x[:, 0] ** 2
    train, test = x[:1500], x[1500:]
    density = AutoregressiveDensity.fit(train)
    plain = scipy.stats.multivariate_normal(train.mean(axis=0), np.cov(train.T))
    assert density.logpdf(test).mean() > plain.logpdf(test).mean() + 0.5
    drawn = density.rvs(3000, rng=1)
    gap = density.logpdf(drawn).mean() - density.logpdf(test).mean()
    assert abs(gap) < 0.15


def test_chain_density_integrates_to_one():
    """Over a grid that holds nearly all mass."""
    density = AutoregressiveDensity.fit(
        np.random.default_rng(0).normal(size=(800, 2)), order=(1, 0), components=2
    )
    assert density.order == (1, 0)
    axis = np.linspace(-7.0, 7.0, 281)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    assert density.pdf(grid).shape == (281, 281)
    np.testing.assert_allclose(density.pdf(grid).sum() * 0.05**2, 1.0, atol=1e-3)


def test_chain_refuses_what_are_no_rows():
    """One axis, a wrong order, NaN rows."""
    with pytest.raises(ValueError, match="rows"):
        AutoregressiveDensity.fit([1.0, 2.0])
    with pytest.raises(ValueError, match="permutation"):
        AutoregressiveDensity.fit(np.zeros((5, 2)), order=(0, 0))
    rows = np.random.default_rng(0).normal(size=(50, 2))
    rows[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        AutoregressiveDensity.fit(rows)
    density = AutoregressiveDensity.fit(rows, nan_policy="omit")
    assert np.isfinite(density.logpdf([0.0, 0.0]))


def test_constant_columns_are_defined():
    """A column without spread gets the smallest scale."""
    rows = np.stack([np.random.default_rng(0).normal(size=60), np.full(60, 2.0)], axis=1)
    assert np.all(np.isfinite(AutoregressiveDensity.fit(rows).logpdf(rows)))


def test_picture_shows_histogram_density_and_residuals():
    """Two panels with lines, on a canvas without a screen."""
    mpl = pytest.importorskip("matplotlib")
    mpl.use("Agg")
    from compress.densities.plot import plot_fit  # noqa: PLC0415 - optional dependency

    x = np.random.default_rng(0).normal(size=300)
    figure = plot_fit(Normal.fit(x), x)
    assert [len(ax.lines) > 1 for ax in figure.axes] == [True, True]
