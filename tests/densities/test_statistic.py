"""The sufficient statistic: exact merging, resolution where it matters, checked input."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from compress.densities import FourierDensity, GaussianMixture, Statistic, StudentT


def _same(a, b):
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.counts, b.counts)
    assert (a.level, a.minimum, a.maximum) == (b.level, b.minimum, b.maximum)


SOURCES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "shifted": lambda rng, n: 1e9 + rng.normal(size=n),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
    "log-normal, wide": lambda rng, n: np.exp(8.0 * rng.normal(size=n)),
    "two decimals": lambda rng, n: np.round(rng.normal(size=n), 2),
    "tiny": lambda rng, n: 1e-305 * rng.normal(size=n),
    "huge": lambda rng, n: 1e300 * rng.normal(size=n),
    "integers": lambda rng, n: rng.integers(-500_000, 500_000, n),
}


@pytest.mark.parametrize("source", SOURCES)
@hypothesis.given(
    seed=st.integers(0, 1000),
    n=st.sampled_from([1, 2, 100, 20_000, 60_000]),
    cut=st.floats(0.0, 1.0),
)
@hypothesis.settings(max_examples=8, deadline=None)
def test_merged_parts_are_exactly_the_whole(source, seed, n, cut):
    """The statistic of parts, merged in either order, is bit for bit that of all samples."""
    x = SOURCES[source](np.random.default_rng(seed), n)
    at = min(max(1, int(cut * n)), n - 1) if n > 1 else 0
    whole = Statistic.of(x)
    assert whole.total == n
    if n > 1:
        first, second = Statistic.of(x[:at]), Statistic.of(x[at:])
        _same(first.merge(second), whole)
        _same(second.merge(first), whole)


@pytest.mark.parametrize("df", [1.0, 1.5, 3.0])
def test_cells_of_many_heavy_tailed_samples_are_those_of_their_parts(df):
    """Counted in finer cells as a whole, sorted in parts: bit for bit the same statistic."""
    x = np.random.default_rng(0).standard_t(df, 600_000)
    parts = [Statistic.of(part) for part in np.split(x, 12)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    _same(merged, Statistic.of(x))


def test_partial_fit_is_fitting_the_whole():
    """After partial_fit the coefficients are exactly those of a fit of all samples."""
    x = np.random.default_rng(0).normal(size=40_000)
    whole = FourierDensity.fit(x, terms=8, base="logistic")
    parts = FourierDensity.fit(x[:17], terms=8, base="logistic").partial_fit(x[17:])
    np.testing.assert_array_equal(whole.coefficients, parts.coefficients)
    assert (whole.loc, whole.scale) == (parts.loc, parts.scale)


def test_cells_stay_fine_under_heavy_tails():
    """A Cauchy sample's cells stay far narrower than its scale."""
    statistic = Statistic.of(np.random.default_rng(0).standard_cauchy(200_000))
    assert statistic.width < 0.02


def test_few_distinct_values_are_kept_exactly():
    """Repeated values are values and counts, without a grid."""
    statistic = Statistic.of(np.array([0.1, 0.3, 0.1, 0.7]))
    np.testing.assert_array_equal(statistic.values, [0.1, 0.3, 0.7])
    np.testing.assert_array_equal(statistic.counts, [2.0, 1.0, 1.0])
    assert statistic.width == 0.0


@pytest.mark.parametrize("fit", [StudentT.fit, FourierDensity.fit, GaussianMixture.fit])
def test_bad_samples_are_refused_and_may_be_omitted(fit):
    """NaN and infinities raise, or are left out; so are samples of weight 0."""
    x = np.array([0.0, 1.0, 2.5, 3.0, np.nan, np.inf])
    with pytest.raises(ValueError, match="2 of 6 samples are NaN or infinite"):
        fit(x)
    clean = fit(x[:4])
    assert fit(x, nan_policy="omit").logpdf(0.5) == clean.logpdf(0.5)
    weights = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    weighted = fit(np.array([0.0, 1.0, 2.5, 3.0, 99.0]), weights=weights)
    assert weighted.logpdf(0.5) == clean.logpdf(0.5)


@pytest.mark.parametrize(
    ("x", "options", "error"),
    [
        ([], {}, ValueError),
        ([np.nan], {"nan_policy": "omit"}, ValueError),
        ([1.7e308], {}, ValueError),
        ([1.0], {"nan_policy": "ignore"}, ValueError),
        ([1.0], {"weights": [0.0]}, ValueError),
        ([1.0], {"weights": [-1.0]}, ValueError),
        ([1.0, 2.0], {"weights": [1.0]}, ValueError),
        ([1j], {}, TypeError),
        (["a"], {}, TypeError),
        (np.array(["2020-01-01"], "datetime64[D]"), {}, TypeError),
    ],
)
def test_impossible_input_raises_before_anything_is_fitted(x, options, error):
    """Empty, too large, weightless, complex, text and dates are refused."""
    with pytest.raises(error):
        Statistic.of(x, **options)
