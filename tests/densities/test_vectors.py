"""Densities of rows: tails, columns of integers and of two values, shapes that vary."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.densities import AutoregressiveDensity, _exact
from compress.densities._shapes import leaves

FINITE = {"allow_nan": False, "allow_infinity": False}


@settings(deadline=None)  # the first call may compile
@given(st.floats(-700.0, 700.0, **FINITE))
def test_exponential_is_that_of_the_library(x):
    """To a few units in the last place."""
    assert _exact.exponential(x) == pytest.approx(math.exp(x), rel=3e-15)


@settings(deadline=None)  # the first call may compile
@given(st.floats(1e-300, 1e300))
def test_logarithm_is_that_of_the_library(x):
    """To a few units in the last place of the larger of it and 1."""
    assert _exact.logarithm(x) == pytest.approx(math.log(x), rel=1e-15, abs=2e-16)


@settings(deadline=None)  # the first call may compile
@given(st.floats(-5.0, 5.0))
def test_sine_and_cosine_are_those_of_the_library(turns):
    """Of angles in turns."""
    sine, cosine = _exact.sine_cosine(turns)
    angle = 2.0 * math.pi * turns
    assert sine == pytest.approx(math.sin(angle), abs=1e-14)
    assert cosine == pytest.approx(math.cos(angle), abs=1e-14)


@settings(deadline=None)  # the first call may compile
@given(st.floats(1e-3, 1e6), st.sampled_from([-1.0, 1.0]), st.floats(1.0, 600.0))
def test_student_distribution_function_is_scipys(size, sign, df):
    """From heavy tails to nearly normal."""
    t = sign * size
    log_beta = scipy.special.betaln(0.5 * df, 0.5)
    expected = scipy.stats.t.cdf(t, df)
    assert _exact.student_cdf_at(t, df, log_beta) == pytest.approx(expected, rel=1e-10, abs=1e-300)
    assert _exact.log_gamma(df) == pytest.approx(math.lgamma(df), rel=1e-13, abs=1e-13)


def test_no_row_costs_hundreds_of_nats():
    """Rows far from all that was seen have the tail of a power law, not of a normal density."""
    rng = np.random.default_rng(0)
    train = rng.standard_t(4.0, (600, 6)) @ rng.normal(size=(6, 6))
    density = AutoregressiveDensity.fit(train)
    far = train.mean(axis=0) + 40.0 * train.std(axis=0)
    normal = scipy.stats.multivariate_normal(train.mean(axis=0), np.cov(train.T))
    assert normal.logpdf(far) < -1000.0
    assert density.logpdf(far) > -200.0


def test_skewed_columns_beat_a_mixture_of_normals():
    """Log-normal columns with a common factor, few rows: no number of normals serves as well."""
    mixture = pytest.importorskip("sklearn.mixture")
    rng = np.random.default_rng(0)
    rows = np.exp(rng.normal(size=(800, 8)) * 0.6 + rng.normal(size=(800, 1)))
    ours = AutoregressiveDensity.fit(rows[:400]).logpdf(rows[400:]).mean()
    for components in (1, 2, 3, 5, 8):
        model = mixture.GaussianMixture(components, random_state=0).fit(rows[:400])
        assert ours > model.score(rows[400:]) + 1.0


def test_masses_of_a_lattice_sum_to_one():
    """A column of two values and one of counts that depend on it, over all that can occur."""
    rng = np.random.default_rng(0)
    flag = rng.random(3000) < 0.3
    count = rng.poisson(np.where(flag, 12.0, 3.0))
    density = AutoregressiveDensity.fit(np.stack([5.0 * flag, count], axis=1), order=(0, 1))
    assert density.steps == (5.0, 1.0)
    grid = np.stack(np.meshgrid([0.0, 5.0], np.arange(-20.0, 120.0), indexing="ij"), axis=-1)
    np.testing.assert_allclose(density.pdf(grid).sum(), 1.0, atol=1e-3)
    # each lies near the true probability: a two-valued column costs its entropy
    np.testing.assert_allclose(density.pdf(grid)[1].sum(), flag.mean(), atol=0.02)
    truth = np.where(flag, 0.3, 0.7) * scipy.stats.poisson.pmf(count, np.where(flag, 12.0, 3.0))
    loss = np.log(truth).mean() - density.logpdf(np.stack([5.0 * flag, count], axis=1)).mean()
    assert loss < 0.05
    assert density.logpdf([5.0, 2.5]) == -math.inf


def test_samples_of_a_lattice_lie_on_it():
    """And have the frequencies of the samples."""
    rng = np.random.default_rng(1)
    rows = np.stack([rng.integers(0, 4, 2000), rng.normal(size=2000)], axis=1)
    drawn = AutoregressiveDensity.fit(rows).rvs(2000, rng=2)
    values, counts = np.unique(drawn[:, 0], return_counts=True)
    assert set(values) <= {0.0, 1.0, 2.0, 3.0}
    np.testing.assert_allclose(counts / 2000, 0.25, atol=0.04)


def test_a_stated_lattice_must_hold_the_samples():
    """Multiples of 0.5 are, others are refused; widths are finite and not negative."""
    rows = np.stack([np.arange(60) * 0.5, np.arange(60.0)], axis=1)
    assert AutoregressiveDensity.fit(rows, bin_width=[0.5, 0.0]).steps == (0.5, 0.0)
    with pytest.raises(ValueError, match="multiples"):
        AutoregressiveDensity.fit(rows, bin_width=[1.0, 0.0])
    with pytest.raises(ValueError, match="bin_width"):
        AutoregressiveDensity.fit(rows, bin_width=[-1.0, 0.0])


def test_shapes_vary_with_the_leaf():
    """Skewed one way below a threshold, the other way above: two shapes, near the true density."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, 8000)
    y = rng.exponential(size=8000)
    rows = np.stack([x, np.where(x < 0.2, y, -y)], axis=1)
    density = AutoregressiveDensity.fit(rows[:6000], order=(0, 1), components=1)
    shapes = [leaf.density.terms for leaf in leaves(density.trees[1])]
    assert len(shapes) > 1
    assert max(shapes) > 0
    held = rows[6000:]
    one = scipy.stats.multivariate_normal(rows[:6000].mean(axis=0), np.cov(rows[:6000].T))
    truth = (-math.log(2.0) - np.abs(held[:, 1])).mean()
    ours = density.logpdf(held).mean()
    assert truth - ours < 0.4 * (truth - one.logpdf(held).mean())


def test_code_length_of_bins_is_that_of_the_density_for_narrow_bins():
    """Less the log of the width."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 3))
    density = AutoregressiveDensity.fit(rows)
    fine = density.code_length(rows, bin_width=1e-3)
    assert fine == pytest.approx(density.code_length(rows) + 1500 * math.log2(1e3), rel=1e-4)
