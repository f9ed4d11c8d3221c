"""Densities of largest entropy under moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from compress.densities import MaximumEntropyDensity, fit_density


def test_two_moments_on_a_wide_interval_give_the_normal_density():
    """Whatever the samples are, only mean and variance count."""
    x = np.random.default_rng(0).uniform(-1.0, 3.0, 5000)
    density = MaximumEntropyDensity.fit(x, moments=2, support=(-40.0, 40.0))
    normal = scipy.stats.norm(x.mean(), x.std())
    at = np.linspace(-6.0, 8.0, 101)
    np.testing.assert_allclose(density.pdf(at), normal.pdf(at), rtol=1e-4, atol=1e-9)
    assert density.entropy() == pytest.approx(float(normal.entropy()), abs=1e-5)


def test_no_moments_to_speak_of_give_the_uniform_density():
    """Samples with the moments of the uniform density."""
    x = np.linspace(-1.0, 1.0, 20_001)
    density = MaximumEntropyDensity.fit(x, moments=4, support=(-1.0, 1.0))
    np.testing.assert_allclose(density.pdf(np.linspace(-0.9, 0.9, 7)), 0.5, atol=1e-3)


@pytest.mark.parametrize("moments", [1, 3, 6, 8])
def test_moments_are_those_of_the_samples(moments):
    """And no other density with these has more entropy: moving along any of them loses."""
    x = np.random.default_rng(1).gamma(2.0, size=3000)
    density = MaximumEntropyDensity.fit(x, moments=moments)
    low, high = density.support
    u = (2.0 * x - low - high) / (high - low)
    wanted = np.polynomial.legendre.legvander(u, moments)[:, 1:].mean(axis=0)
    # the statistic counts samples in cells of 2^-16 of their range
    np.testing.assert_allclose(density.moments(), wanted, atol=2e-6)
    # the dual: entropy is minus the mean log likelihood of the samples
    assert density.entropy() == pytest.approx(-density.logpdf(x).mean(), abs=1e-5)
    total = scipy.integrate.quad(density.pdf, low, high, limit=300)[0]
    assert total == pytest.approx(1.0, abs=1e-7)


def test_more_moments_have_less_entropy_and_more_likelihood():
    """Each moment is a constraint more."""
    x = np.random.default_rng(2).gamma(2.0, size=2000)
    entropies = [fit_density(x, criterion="max_entropy", moments=k).entropy() for k in (2, 4, 6)]
    assert entropies[0] > entropies[1] > entropies[2]


def test_quantiles_invert_the_distribution_function():
    """Up to the ends of the interval."""
    density = MaximumEntropyDensity([1.0, -6.0, 0.5, -2.0], 3.0, 9.0)
    q = np.linspace(0.0, 1.0, 201)
    np.testing.assert_allclose(density.cdf(density.ppf(q)), q, atol=1e-10)
    assert density.cdf(3.0) == 0.0
    assert density.cdf(9.0) == pytest.approx(1.0, abs=1e-12)
    assert density.logpdf(9.5) == -math.inf
    assert scipy.stats.kstest(density.rvs(5000, rng=0), density.cdf).pvalue > 1e-3


def test_wrong_options_are_refused():
    """A criterion, a number of moments and a support that are none."""
    with pytest.raises(ValueError, match="criterion"):
        fit_density([1.0, 2.0], criterion="beauty")
    with pytest.raises(ValueError, match="moments"):
        MaximumEntropyDensity.fit([1.0, 2.0], moments=0)
    with pytest.raises(ValueError, match="support"):
        MaximumEntropyDensity.fit([1.0, 2.0], support=(1.5, 3.0))
