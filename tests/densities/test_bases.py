"""The parametric bases against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from compress.densities import Exponential, Laplace, Logistic, Normal, StudentT, Uniform

PAIRS = [
    (Uniform(-1.5, 4.0), scipy.stats.uniform(-1.5, 4.0)),
    (Exponential(-1.5, 2.0), scipy.stats.expon(-1.5, 2.0)),
    (Normal(0.3, 2.0), scipy.stats.norm(0.3, 2.0)),
    (Laplace(0.3, 2.0), scipy.stats.laplace(0.3, 2.0)),
    (Logistic(0.3, 2.0), scipy.stats.logistic(0.3, 2.0)),
    (StudentT(0.3, 2.0, 1.0), scipy.stats.t(1.0, 0.3, 2.0)),
    (StudentT(0.3, 2.0, 3.7), scipy.stats.t(3.7, 0.3, 2.0)),
    (StudentT(0.3, 2.0, 150.0), scipy.stats.t(150.0, 0.3, 2.0)),
]
NAMES = [repr(pair[0]) for pair in PAIRS]
FAMILIES = [Uniform, Exponential, Normal, Laplace, Logistic, StudentT]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=NAMES)
def test_functions_agree_with_scipy(ours, theirs):
    """The values of pdf, logpdf, cdf, ppf and entropy of every base are scipy's."""
    x = np.linspace(-8.0, 9.0, 301)
    q = np.linspace(0.001, 0.999, 201)
    np.testing.assert_allclose(ours.pdf(x), theirs.pdf(x), rtol=1e-11, atol=0)
    np.testing.assert_allclose(ours.logpdf(x), theirs.logpdf(x), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-11, atol=0)
    np.testing.assert_allclose(ours.ppf(q), theirs.ppf(q), rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(ours.entropy(), theirs.entropy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS[2:], ids=NAMES[2:])
def test_tails_are_accurate_relative_to_themselves(ours, theirs):
    """Far quantiles and the masses of far bins on either side agree with scipy's."""
    q = 10.0 ** -np.arange(3.0, 60.0, 7.0)
    np.testing.assert_allclose(ours.ppf(q), theirs.ppf(q), rtol=1e-9)
    x = np.array([-20.0, -12.0, 12.6, 20.6])
    expected = np.where(x < 0, theirs.cdf(x + 1) - theirs.cdf(x), theirs.sf(x) - theirs.sf(x + 1))
    np.testing.assert_allclose(ours.mass(x, x + 1.0), expected, rtol=1e-8)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=NAMES)
def test_random_samples_follow_the_density(ours, theirs):
    """A Kolmogorov-Smirnov test against scipy's cdf does not reject."""
    drawn = ours.rvs(20_000, rng=1)
    assert scipy.stats.kstest(drawn, theirs.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("family", "reference"),
    [(Normal, scipy.stats.norm), (Laplace, scipy.stats.laplace), (Logistic, scipy.stats.logistic)],
)
def test_fit_is_maximum_likelihood(family, reference):
    """Location and scale are those scipy finds."""
    x = reference.rvs(3.0, 2.0, size=2001, random_state=0)
    fitted = family.fit(x)
    np.testing.assert_allclose((fitted.loc, fitted.scale), reference.fit(x), rtol=2e-4)


@pytest.mark.parametrize("df", [0.5, 1.0, 3.0, 20.0])
def test_student_fit_beats_the_truth_on_its_samples(df):
    """The fitted likelihood is at least that of the true parameters, and df is near the truth."""
    x = scipy.stats.t.rvs(df, 3.0, 2.0, size=5000, random_state=0)
    fitted = StudentT.fit(x)
    assert fitted.logpdf(x).sum() >= StudentT(3.0, 2.0, df).logpdf(x).sum() - 0.1
    assert 0.6 < fitted.df / df < 1.8


@pytest.mark.parametrize("family", FAMILIES)
def test_a_weight_counts_as_that_many_samples(family):
    """Weights 3 and 1 give the fit of the sample repeated."""
    x = np.random.default_rng(0).normal(size=200)
    weights = np.where(np.arange(200) % 2, 3.0, 1.0)
    weighted = family.fit(x, weights=weights)
    repeated = family.fit(np.repeat(x, weights.astype(int)))
    np.testing.assert_allclose(weighted.loc, repeated.loc, atol=1e-6)
    np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.1, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("family", [Normal, Laplace, Logistic, StudentT])
def test_narrow_integers_are_fitted_by_the_masses_of_their_bins(family, scale):
    """Rounded samples give back the scale before rounding, also far below the bin width."""
    true = family(0.2, scale)
    x = np.rint(true.rvs(50_000, rng=0)).astype(int)
    fitted = family.fit(x, bin_width=1.0)
    n = x.size
    assert fitted.code_length(x, bin_width=1.0) <= true.code_length(x, bin_width=1.0) + 1e-4 * n


def test_geometric_integers_have_the_masses_of_an_exponential_density():
    """Its bins are geometric: the fit has the ratio of maximum likelihood, its bins the masses."""
    x = np.random.default_rng(0).geometric(0.3, 50_000) + 4
    fitted = Exponential.fit(x, bin_width=1.0)
    np.testing.assert_allclose(-np.expm1(-1.0 / fitted.scale), 1.0 / (x.mean() - 4.0), rtol=1e-12)
    k = np.arange(1, 30)
    ours = fitted.mass(k + 3.5, k + 4.5)
    np.testing.assert_allclose(ours, scipy.stats.geom.pmf(k, 1.0 / (x.mean() - 4.0)), rtol=1e-10)


def test_bad_parameters_say_what_is_wrong():
    """A scale of zero, an infinite location and a negative df are refused."""
    with pytest.raises(ValueError, match="scale must be positive"):
        Normal(0.0, 0.0)
    with pytest.raises(ValueError, match="loc must be finite"):
        Laplace(np.inf, 1.0)
    with pytest.raises(ValueError, match="df must be positive"):
        StudentT(0.0, 1.0, -1.0)


def test_scalars_in_scalars_out_and_shapes_are_kept():
    """The result has the shape of the argument; NaN gives NaN; q outside [0, 1] gives NaN."""
    normal = Normal()
    assert np.ndim(normal.pdf(0.0)) == 0
    assert normal.pdf(np.zeros((2, 3))).shape == (2, 3)
    assert normal.rvs((4, 5), rng=0).shape == (4, 5)
    assert np.ndim(normal.rvs(rng=0)) == 0
    assert np.isnan(normal.cdf(np.nan))
    assert np.isnan(normal.ppf([-0.1, 1.1])).all()
