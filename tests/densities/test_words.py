"""scipy's words: every density has them all, and they belong together."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from compress.densities import (
    Beta,
    Circle,
    Discrete,
    Exponential,
    FourierDensity,
    Gamma,
    GaussianMixture,
    Histogram,
    Laplace,
    Logistic,
    Mixed,
    NegativeBinomial,
    Normal,
    Poisson,
    StudentT,
    Uniform,
    VonMises,
    Weibull,
)

_rng = np.random.default_rng(0)
_SAMPLES = np.concatenate([_rng.normal(-2.0, 0.5, 3000), _rng.normal(1.5, 1.0, 3000)])
DENSITIES = {
    "uniform": Uniform(-1.0, 3.0),
    "exponential": Exponential(2.0, 0.5),
    "normal": Normal(1.0, 2.0),
    "laplace": Laplace(1.0, 2.0),
    "logistic": Logistic(1.0, 2.0),
    "student": StudentT(1.0, 2.0, 9.5),
    "gamma": Gamma(1.0, 2.0, 0.7),
    "weibull": Weibull(0.0, 2.0, 1.4),
    "beta": Beta(0.0, 2.0, 0.6, 3.0),
    "poisson": Poisson(2.5),
    "negative binomial": NegativeBinomial(1.5, 4.0),
    "discrete": Discrete([0.0, 1.5, 4.0], [1, 2, 3]),
    "mixed": Mixed(Discrete([0.0, 1.0], [2, 1]), 0.3, Normal(0.5, 1.0)),
    "zero-inflated": Mixed(Discrete([0.0], [1]), 0.3, Poisson(2.0)),
    "mixture": GaussianMixture([0.3, 0.7], [-1.0, 2.0], [0.5, 1.0]),
    "histogram": Histogram([0.0, 1.0, 3.0, 4.0], [1, 5, 2]),
    "fourier, normal": FourierDensity.fit(_SAMPLES, terms=8, base="normal"),
    "fourier, uniform": FourierDensity.fit(_SAMPLES, terms=8, base="uniform"),
    "fourier, gamma": FourierDensity.fit(np.abs(_SAMPLES), terms=5, base="gamma"),
    "circle": Circle(-1.0, 24.0),
    "von mises": VonMises(1.0, 2.0, 3.0),
    "fourier, von mises": FourierDensity.fit(_SAMPLES, terms=4, base="vonmises", period=12.0),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_moments_are_those_of_samples(name):
    """Mean, variance, third moment and median within what 200,000 samples can tell."""
    density = DENSITIES[name]
    drawn = density.rvs(200_000, rng=np.random.default_rng(5))
    n = drawn.size
    assert abs(density.mean() - drawn.mean()) < 5.0 * drawn.std() / math.sqrt(n)
    np.testing.assert_allclose(density.std(), drawn.std(), rtol=0.03)
    np.testing.assert_allclose(density.var(), density.std() ** 2, rtol=1e-12)
    np.testing.assert_allclose(density.moment(1), density.mean(), rtol=1e-6, atol=1e-9)
    second = density.moment(2) - density.mean() ** 2
    np.testing.assert_allclose(second, density.var(), rtol=1e-5)
    cubes = drawn**3
    assert abs(density.moment(3) - cubes.mean()) < 6.0 * cubes.std() / math.sqrt(n)
    assert density.cdf(density.median()) >= 0.5 - 1e-12
    low, high = density.interval(0.9)
    assert density.mass(low, high) <= 0.9 + 1e-9 or density.discrete or "mixed" in name
    assert np.mean((drawn >= low) & (drawn <= high)) > 0.89


@pytest.mark.parametrize("name", DENSITIES)
def test_tails_are_complements_and_inverses(name):
    """Sf is 1 - cdf, logcdf and logsf their logarithms, isf and ppf the smallest such points."""
    density = DENSITIES[name]
    x = np.concatenate([density.rvs(300, rng=1), [-40.0, 0.0, 1.0, 60.0]])
    np.testing.assert_allclose(density.sf(x), 1.0 - density.cdf(x), atol=1e-9)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(np.exp(density.logcdf(x)), density.cdf(x), atol=1e-12)
        np.testing.assert_allclose(np.exp(density.logsf(x)), density.sf(x), atol=1e-12)
    q = np.linspace(0.0005, 0.9995, 400)
    assert np.all(density.cdf(density.ppf(q)) >= q - 1e-9)
    assert np.all(density.sf(density.isf(q)) <= q + 1e-9)
    np.testing.assert_allclose(density.isf(q), density.ppf(1.0 - q), rtol=1e-6, atol=1e-6)
    assert np.all(np.diff(density.ppf(q)) >= 0.0)
    assert np.isnan(density.isf([-0.1, 1.1])).all()
    for function in (density.cdf, density.sf, density.logpdf):
        assert np.isnan(function(np.nan))
    assert np.ndim(density.rvs(rng=0)) == 0
    assert density.rvs((2, 3), rng=0).shape == (2, 3)


@pytest.mark.parametrize("name", DENSITIES)
def test_entropy_is_the_mean_of_minus_logpdf(name):
    """Of samples; and code_length is the same in bits."""
    density = DENSITIES[name]
    drawn = density.rvs(100_000, rng=2)
    logs = density.logpdf(drawn)
    assert abs(density.entropy() + logs.mean()) < 6.0 * logs.std() / math.sqrt(logs.size) + 1e-9
    np.testing.assert_allclose(density.code_length(drawn[:500]), -logs[:500].sum() / math.log(2.0))


@pytest.mark.parametrize("name", DENSITIES)
def test_densities_are_frozen_values(name):
    """Attributes cannot be set again; equal parameters make equal densities with equal hashes."""
    density = DENSITIES[name]
    attribute = next(key for key in vars(density) if not key.startswith("_"))
    with pytest.raises(AttributeError, match="frozen"):
        setattr(density, attribute, 1.0)
    assert density == density  # noqa: PLR0124 - equality is what is tested
    assert density != Normal(17.0, 3.0)
    if not isinstance(density, FourierDensity):
        assert {density: 1}[density] == 1


def test_equal_parameters_are_equal_densities():
    """Of one family; another family, or other parameters, differ."""
    assert Normal(0.0, 2.0) == Normal(0.0, 2.0)
    assert hash(Normal(0.0, 2.0)) == hash(Normal(0.0, 2.0))
    assert Normal(0.0, 2.0) != Normal(0.0, 2.5)
    assert Normal(0.0, 2.0) != Laplace(0.0, 2.0)
    mixtures = [GaussianMixture([1, 1], [0.0, 1.0], [1.0, 2.0]) for _ in range(2)]
    assert len(set(mixtures)) == 1
    with pytest.raises(ValueError, match="read-only"):
        mixtures[0].means[0] = 3.0
    terms = [FourierDensity([0.2, 0.1j], Normal(0.0, scale)) for scale in (1.0, 1.0, 2.0)]
    assert terms[0] == terms[1]
    assert terms[0] != terms[2]


def test_moments_that_do_not_exist_are_named():
    """The Cauchy density has no mean, df = 2.5 no third moment, terms over it neither."""
    cauchy = StudentT(0.0, 1.0, 1.0)
    assert math.isnan(cauchy.mean())
    assert math.isnan(cauchy.var())
    assert cauchy.moment(2) == math.inf
    heavy = StudentT(1.0, 2.0, 1.5)
    assert heavy.mean() == 1.0
    assert heavy.var() == math.inf
    assert math.isnan(StudentT(0.0, 1.0, 2.5).moment(3))
    terms = FourierDensity([0.1 + 0.1j], cauchy)
    assert math.isnan(terms.mean())
    assert terms.moment(2) == math.inf


def test_far_tails_keep_their_digits():
    """Upper tails of 10^-30 and their inverses, where 1 - cdf is 0."""
    normal, reference = Normal(), scipy.stats.norm()
    np.testing.assert_allclose(normal.sf(11.0), reference.sf(11.0), rtol=1e-10)
    np.testing.assert_allclose(normal.isf(1e-30), reference.isf(1e-30), rtol=1e-10)
    mixture = GaussianMixture([0.5, 0.5], [0.0, 0.0], [1.0, 1.0])
    np.testing.assert_allclose(mixture.sf(11.0), reference.sf(11.0), rtol=1e-10)
    np.testing.assert_allclose(mixture.isf(1e-30), reference.isf(1e-30), rtol=1e-8)
    terms = FourierDensity([0.2], Normal())
    # in the tail, the terms multiply the base's mass by their value at the ends of the circle
    at_end = 1.0 + 2.0 * float(terms.coefficients[0].real) * -1.0
    np.testing.assert_allclose(terms.sf(11.0), at_end * reference.sf(11.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Normal(1.0, 2.0), scipy.stats.norm(1.0, 2.0)),
        (Laplace(1.0, 2.0), scipy.stats.laplace(1.0, 2.0)),
        (Logistic(1.0, 2.0), scipy.stats.logistic(1.0, 2.0)),
        (Exponential(1.0, 2.0), scipy.stats.expon(1.0, 2.0)),
        (Weibull(1.0, 2.0, 1.5), scipy.stats.weibull_min(1.5, 1.0, 2.0)),
    ],
)
def test_logarithms_of_tails_go_on_where_tails_are_zero(ours, theirs):
    """At hundreds of scales on either side they are scipy's, where scipy's are finite."""
    x = np.concatenate([np.linspace(-30.0, 50.0, 401), [-3000.0, -300.0, 300.0, 3000.0]])
    for name in ("logsf", "logcdf"):
        mine, expected = getattr(ours, name)(x), getattr(theirs, name)(x)
        some = np.isfinite(expected)
        np.testing.assert_allclose(mine[some], expected[some], rtol=1e-8, atol=1e-12)
        ends = np.isfinite(ours.support[0]) and name == "logcdf"
        assert ends or np.all(np.isfinite(mine))


def test_orders_and_confidences_out_of_range_are_refused():
    """Moments from 1 on, masses from 0 to 1."""
    with pytest.raises(ValueError, match="order"):
        Normal().moment(0)
    with pytest.raises(ValueError, match="confidence"):
        Normal().interval(1.5)
