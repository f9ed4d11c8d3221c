"""The choice among all densities: near the truth, and finite where the truth has mass."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from benchmarks.densities_targets import targets
from compress.densities import (
    FourierDensity,
    Histogram,
    Statistic,
    Uniform,
    Weibull,
    fit_density,
)
from compress.densities.support import outer_ends

TARGETS = {target.name: target for target in targets()}


@pytest.mark.parametrize("n", [300, 3000, 30_000])
@pytest.mark.parametrize("name", TARGETS)
def test_divergence_from_the_truth_is_finite_and_falls(name, n):
    """For whatever is chosen, at every number of samples; it has mass where the truth has."""
    target = TARGETS[name]
    for seed in range(2 if n < 10_000 else 1):
        chosen = fit_density(target.draw(n, np.random.default_rng(seed)))
        assert target.divergence(chosen) < 200.0 / n + 0.003


@pytest.mark.parametrize("name", ["norm", "laplace", "uniform", "expon", "cauchy"])
def test_simple_samples_choose_a_density_near_the_truth(name):
    """The chosen density has few parameters and loses almost nothing on fresh samples."""
    truth = getattr(scipy.stats, name)()
    chosen = fit_density(truth.rvs(5000, random_state=0))
    fresh = truth.rvs(5000, random_state=1)
    assert chosen.n_parameters <= 6
    assert np.mean(truth.logpdf(fresh) - chosen.logpdf(fresh)) < 0.01


@pytest.mark.parametrize("x", [[4], [1.5], [0, 0, 1], [2.0, 3.0], np.zeros(10), [1e300, 0.0]])
def test_small_samples_choose_something_defined(x):
    """One, two and constant samples have a finite density where they are."""
    assert np.all(np.isfinite(fit_density(x).logpdf(x)))


@pytest.mark.parametrize("name", ["norm", "laplace", "cauchy", "logistic"])
@pytest.mark.parametrize("n", [1024, 20_000, 200_000])
def test_a_density_that_thins_out_has_no_end(name, n):
    """Neither side, however many samples (200,000 of them are counted in cells)."""
    for seed in range(5):
        x = getattr(scipy.stats, name).rvs(size=n, random_state=seed)
        assert outer_ends(Statistic.of(x)) == (None, None)


@pytest.mark.parametrize("n", [2000, 20_000, 200_000])
def test_a_density_that_breaks_off_ends_a_little_beyond_its_samples(n):
    """The ends given lie outside the true ones, by at most 10 mean gaps; round ones are found."""
    for seed in range(5):
        x = np.random.default_rng(seed).uniform(-0.3, 2.7, n)
        low, high = outer_ends(Statistic.of(x))
        assert -0.3 - 30.0 / n < low <= -0.3
        assert 2.7 <= high < 2.7 + 30.0 / n
        low, high = outer_ends(Statistic.of(np.random.default_rng(seed).random(n)))
        assert low == 0.0
        assert high == 1.0 or n < 20_000


def test_ends_of_integers_are_ends_of_bins():
    """Uniform integers break off at both sides, geometric ones below only."""
    rng = np.random.default_rng(0)
    assert outer_ends(Statistic.of(rng.integers(0, 50, 10_000)), 1.0) == (-0.5, 49.5)
    low, high = outer_ends(Statistic.of(rng.geometric(0.2, 10_000)), 1.0)
    assert (low, high) == (0.5, None)


def test_a_half_line_carries_what_breaks_off_on_one_side():
    """A Weibull density above 2, which no base on the line follows: the choice is a half-line."""
    x = 2.0 + np.random.default_rng(0).gamma(1.0, 0.7, 20_000) ** 1.2
    chosen = fit_density(x)
    assert isinstance(chosen, Weibull)
    assert chosen.support == (2.0, np.inf)
    assert abs(chosen.shape - 1.0 / 1.2) < 0.02
    line = FourierDensity.fit(x)
    assert line.base_name == "weibull"
    assert abs(line.cdf(line.ppf(0.3)) - 0.3) < 1e-9


def test_an_interval_carries_what_breaks_off_on_both_sides():
    """A cosine on [-1, 1], found without being told the interval."""
    true = FourierDensity([0.3 + 0.1j], Uniform(-1.0, 2.0))
    fitted = FourierDensity.fit(true.rvs(50_000, rng=0))
    assert fitted.base_name == "uniform"
    assert fitted.support == (-1.0, 1.0)
    x = np.linspace(-1.0, 1.0, 101)
    np.testing.assert_allclose(fitted.pdf(x), true.pdf(x), atol=0.02)


def test_steps_inside_an_interval_choose_a_histogram():
    """Sharp steps on [0, 1], where both ends break off."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0.0, 1.0, 5000), rng.uniform(0.25, 0.5, 15_000)])
    chosen = fit_density(x)
    assert isinstance(chosen, Histogram)
    assert chosen.support == (0.0, 1.0)


def test_the_choice_for_integers_counts_whole_bins():
    """Uniform integers: the density of their bins, nothing outside."""
    chosen = fit_density(np.random.default_rng(0).integers(3, 19, 5000))
    assert isinstance(chosen, Uniform)
    assert chosen.support == (2.5, 18.5)
