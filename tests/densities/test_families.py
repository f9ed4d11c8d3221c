"""Families with ends and on whole numbers: against scipy, and near the truth that they are of."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from compress.densities import (
    Bernoulli,
    Beta,
    Exponential,
    FourierDensity,
    Gamma,
    Geometric,
    NegativeBinomial,
    Normal,
    Poisson,
    Uniform,
    Weibull,
    fit_density,
)

CONTINUOUS = [
    (Gamma(-1.0, 2.0, 0.5), scipy.stats.gamma(0.5, -1.0, 2.0)),
    (Gamma(0.0, 3.0, 7.3), scipy.stats.gamma(7.3, 0.0, 3.0)),
    (Gamma(0.0, 1.0, 3e4), scipy.stats.gamma(3e4)),
    (Weibull(0.3, 2.0, 0.7), scipy.stats.weibull_min(0.7, 0.3, 2.0)),
    (Weibull(0.0, 2.0, 3.0), scipy.stats.weibull_min(3.0, 0.0, 2.0)),
    (Beta(0.0, 1.0, 0.5, 2.0), scipy.stats.beta(0.5, 2.0)),
    (Beta(-1.0, 3.0, 4.0, 2.5), scipy.stats.beta(4.0, 2.5, -1.0, 3.0)),
    (Beta(0.0, 1.0, 0.4, 0.3), scipy.stats.beta(0.4, 0.3)),
]
COUNTS = [
    (Poisson(3.4), scipy.stats.poisson(3.4)),
    (Poisson(300.0, 5), scipy.stats.poisson(300.0, 5)),
    (NegativeBinomial(2.5, 7.0), scipy.stats.nbinom(2.5, 2.5 / 9.5)),
    (Geometric(0.3), scipy.stats.geom(0.3, -1)),
    (Geometric(0.01, 3), scipy.stats.geom(0.01, 2)),
    (Bernoulli(0.3), scipy.stats.bernoulli(0.3)),
]


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=[repr(p[0]) for p in CONTINUOUS])
def test_continuous_families_agree_with_scipy(ours, theirs):
    """Densities, both tails and both inverses, in the middle and far out."""
    q = np.concatenate([np.linspace(0.001, 0.999, 99), 10.0 ** -np.arange(4.0, 14.0)])
    x = np.concatenate([theirs.ppf(np.linspace(0.001, 0.999, 99)), [-3.0, 50.0]])
    for name in ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf"):
        with np.errstate(divide="ignore"):
            expected = getattr(theirs, name)(x)
        np.testing.assert_allclose(getattr(ours, name)(x), expected, rtol=2e-8, atol=1e-14)
    # below 1, numbers stand 10^-16 apart
    far = q[theirs.support()[1] - theirs.isf(q) > 1e-7]
    np.testing.assert_allclose(theirs.sf(ours.isf(far)), far, rtol=1e-7)
    np.testing.assert_allclose(ours.cdf(ours.ppf(q[:99])), q[:99], rtol=1e-9)
    np.testing.assert_allclose(ours.entropy(), theirs.entropy(), rtol=1e-9, atol=1e-12)
    low, high = ours.support
    assert (low, high) == theirs.support()
    assert ours.cdf(low) == 0.0
    assert scipy.stats.kstest(ours.rvs(20_000, rng=1), theirs.cdf).pvalue > 1e-3


@pytest.mark.parametrize(("ours", "theirs"), COUNTS, ids=[repr(p[0]) for p in COUNTS])
def test_families_on_whole_numbers_agree_with_scipy(ours, theirs):
    """Probabilities, tails, quantiles, masses of several numbers; nothing between them."""
    k = np.arange(-2.0, 400.0)
    np.testing.assert_allclose(ours.pmf(k), theirs.pmf(k), rtol=2e-9, atol=1e-300)
    np.testing.assert_allclose(ours.logpmf(k), theirs.logpmf(k), rtol=2e-9)
    np.testing.assert_allclose(ours.cdf(k), theirs.cdf(k), rtol=2e-9)
    np.testing.assert_allclose(ours.cdf(k + 0.7), theirs.cdf(k), rtol=2e-9)
    np.testing.assert_allclose(ours.sf(k), theirs.sf(k), rtol=2e-9, atol=1e-300)
    np.testing.assert_allclose(ours.mass(k - 0.5, k + 0.5), theirs.pmf(k), rtol=2e-9, atol=1e-300)
    several = theirs.cdf(k) - theirs.cdf(k - 4.0)
    np.testing.assert_allclose(ours.mass(k - 3.5, k + 0.5), several, rtol=2e-9, atol=1e-15)
    q = np.append(np.linspace(0.001, 0.999, 99), [1e-9])
    np.testing.assert_array_equal(ours.ppf(q), theirs.ppf(q))
    np.testing.assert_array_equal(ours.isf(q), theirs.isf(q))
    np.testing.assert_allclose(ours.entropy(), theirs.entropy(), rtol=1e-9)
    assert ours.pmf(0.5) == 0.0
    assert ours.discrete
    drawn = ours.rvs(50_000, rng=0)
    error = 5.0 * theirs.std() / np.sqrt(50_000)
    assert abs(drawn.mean() - theirs.mean()) < error


@pytest.mark.parametrize("n", [500, 100_000])
@pytest.mark.parametrize(
    ("family", "law", "support"),
    [
        (Gamma, scipy.stats.gamma(0.5), (0.0, np.inf)),
        (Gamma, scipy.stats.gamma(5.0, 0.0, 1e5), (0.0, np.inf)),
        (Weibull, scipy.stats.weibull_min(0.6), (0.0, np.inf)),
        (Weibull, scipy.stats.weibull_min(3.0), (0.0, np.inf)),
        (Beta, scipy.stats.beta(0.5, 2.0), (0.0, 1.0)),
        (Beta, scipy.stats.beta(5.0, 2.0), (0.0, 1.0)),
    ],
)
def test_a_fit_with_known_support_is_maximum_likelihood(family, law, support, n):
    """The likelihood is that of scipy's fit, also where samples are counted in cells."""
    x = law.rvs(size=n, random_state=0)
    fitted = family.fit(x, support=support)
    fixed = {"floc": 0.0, "fscale": 1.0} if family is Beta else {"floc": 0.0}
    best = law.dist(*law.dist.fit(x, **fixed)).logpdf(x).mean()
    assert fitted.logpdf(x).mean() > best - 2e-5
    assert fitted.support == support


@pytest.mark.parametrize("n", [1000, 30_000])
@pytest.mark.parametrize(
    ("law", "support"),
    [
        (scipy.stats.gamma(0.5), (0.0, np.inf)),
        (scipy.stats.beta(0.5, 2.0), (0.0, 1.0)),
        (scipy.stats.weibull_min(1.5), (0.0, np.inf)),
        (scipy.stats.expon(), (0.0, np.inf)),
        (scipy.stats.uniform(), (0.0, 1.0)),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_the_choice_keeps_to_the_ends_and_near_the_truth(law, support, n, known):
    """No mass below 0 (nor above 1), told or not; a few nats over all samples are lost."""
    x = law.rvs(size=n, random_state=3)
    chosen = fit_density(x, support=support if known else None)
    assert chosen.cdf(0.0) == 0.0
    assert support[1] == np.inf or chosen.sf(1.0) == 0.0
    fresh = law.rvs(size=50_000, random_state=4)
    assert np.mean(law.logpdf(fresh) - chosen.logpdf(fresh)) < 8.0 / n


@pytest.mark.parametrize(
    ("law", "family"),
    [
        (scipy.stats.poisson(3.4), Poisson),
        (scipy.stats.nbinom(2.0, 0.2), NegativeBinomial),
        (scipy.stats.geom(0.3), Geometric),
        (scipy.stats.bernoulli(0.1), Bernoulli),
    ],
)
def test_whole_numbers_choose_their_family(law, family):
    """And cost their entropy, but for the parameters."""
    x = law.rvs(size=5000, random_state=0)
    chosen = fit_density(x)
    assert isinstance(chosen, family)
    bits = -law.logpmf(x).sum() / np.log(2.0)
    assert chosen.code_length(x, bin_width=1.0) <= bits
    np.testing.assert_allclose(chosen.code_length(x), chosen.code_length(x, bin_width=1.0))


@pytest.mark.parametrize("base", ["gamma", "weibull", "exponential", "beta"])
def test_terms_over_a_base_with_ends_follow_what_it_does_not(base):
    """Two peaks above 0: terms save bits, and nothing lies below."""
    rng = np.random.default_rng(0)
    x = np.where(rng.random(8000) < 0.5, rng.gamma(4.0, 0.1, 8000), rng.normal(2.0, 0.2, 8000))
    x = np.abs(x)
    support = (0.0, 4.0) if base == "beta" else (0.0, np.inf)
    bare = FourierDensity.fit(x, base=base, support=support, terms=0)
    fitted = FourierDensity.fit(x, base=base, support=support)
    assert fitted.terms > 2
    assert fitted.code_length(x) < bare.code_length(x) - 1000.0
    assert fitted.cdf(0.0) == 0.0
    q = np.random.default_rng(1).random(1000)
    np.testing.assert_allclose(fitted.cdf(fitted.ppf(q)), q, atol=1e-9)
    np.testing.assert_allclose(fitted.sf(fitted.isf(q)), q, atol=1e-9)
    estimate = -fitted.logpdf(fitted.rvs(100_000, rng=0)).mean()
    np.testing.assert_allclose(fitted.entropy(), estimate, atol=0.02)


@pytest.mark.parametrize(
    ("family", "support", "match"),
    [
        (Normal, (0.0, np.inf), "whole line"),
        (Gamma, (-np.inf, np.inf), "lower end"),
        (Gamma, (0.0, 9.0), "lower end"),
        (Beta, (0.0, np.inf), "two finite ends"),
        (Gamma, (1.0, np.inf), "outside"),
        (Uniform, (2.0, 1.0), "low < high"),
        (Exponential, (np.nan, np.inf), "low < high"),
    ],
)
def test_a_support_of_the_wrong_kind_is_refused(family, support, match):
    """With what the family needs."""
    with pytest.raises(ValueError, match=match):
        family.fit([0.5, 0.7, 0.9], support=support)


def test_bad_parameters_say_what_is_wrong():
    """Shapes, means and probabilities out of their range; samples that are not whole."""
    with pytest.raises(ValueError, match="shape must be positive"):
        Gamma(0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="a and b must be positive"):
        Beta(0.0, 1.0, 1.0, -1.0)
    with pytest.raises(ValueError, match="mean_above"):
        Poisson(0.0)
    with pytest.raises(ValueError, match="p must lie"):
        Geometric(1.0)
    with pytest.raises(ValueError, match="whole"):
        Poisson.fit([0.5, 1.0])
    with pytest.raises(ValueError, match="below"):
        Poisson.fit([3, 4], loc=4)
    with pytest.raises(ValueError, match="two values"):
        Bernoulli.fit([1, 2, 3])


@pytest.mark.parametrize("family", [Gamma, Weibull, Beta])
@pytest.mark.parametrize(
    "x",
    [[2.0], [0.0], np.zeros(10), [0.0, 1.0], [1e300, 2e300], [5e-324, 0.0], [-3.0, 5.0, 1e6]],
    ids=["one", "zero", "zeros", "two", "huge", "denormal", "spread"],
)
def test_hard_samples_give_a_density(family, x):
    """One, constant, huge and tiny samples: valid parameters, a cdf from 0 to 1."""
    fitted = family.fit(x)
    low, high = fitted.support
    assert low <= np.min(x)
    assert np.max(x) <= high
    assert fitted.cdf(low) == 0.0
    assert np.isfinite(fitted.ppf([0.1, 0.5, 0.9])).all()
