"""Conditional densities: proper for every context, near the truth, and better than without it."""

from __future__ import annotations

import dataclasses
import math

import hypothesis
import numpy as np
import pytest
import scipy.stats
from hypothesis import strategies as st

from compress.densities import ConditionalFourierDensity, FourierDensity, fit_density
from compress.densities.conditional import _rounding
from compress.densities.conditional._features import Context, columns
from compress.densities.conditional._objective import Family, Likelihood

FAMILIES = ["logistic", "normal", "laplace", "student", "circle", "interval"]


def _peaks(n, seed=0):
    """Two peaks whose weights move with the context, and the truth's bits for each."""
    rng = np.random.default_rng(seed)
    c = rng.normal(size=n)
    upper = 1.0 / (1.0 + np.exp(-2.0 * c))
    x = np.where(rng.random(n) < upper, 2.0, -2.0) + 0.6 * rng.normal(size=n)
    return x, c, _peaks_pdf(x, c)


def _peaks_pdf(x, c):
    upper = 1.0 / (1.0 + np.exp(-2.0 * c))
    norm = scipy.stats.norm.pdf
    return upper * norm(x, 2.0, 0.6) + (1.0 - upper) * norm(x, -2.0, 0.6)


def _options(base):
    if base == "circle":
        return {"period": 2.0 * math.pi}
    return {"support": (-20.0, 20.0)} if base == "interval" else {"base": base}


def _ends(base):
    return {"circle": (0.0, 2.0 * math.pi), "interval": (-20.0, 20.0)}.get(base, (-60.0, 60.0))


@pytest.fixture(scope="module", params=FAMILIES)
def fitted(request):
    """Fit one over each base; with the end points of nearly all its mass."""
    x, c, _ = _peaks(4000)
    x = x if request.param != "circle" else np.mod(x, 2.0 * math.pi)
    options = _options(request.param)
    density = ConditionalFourierDensity.fit(x, c, terms=4, functions="linear", **options)
    return density, *_ends(request.param)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("terms", [0, 1, 5])
def test_the_gradient_is_that_of_finite_differences(family, terms):
    """Along random directions, for every base, with the regulariser in it."""
    rng = np.random.default_rng(terms)
    c = rng.normal(size=(1500, 2))
    y = rng.random(1500) if family in ("circle", "interval") else rng.normal(size=1500)
    context = Context.of(c)
    rows = context.rows(c)
    few, many = columns(context, rows, "linear"), columns(context, rows, "cubic-4")
    base = Family(family)
    loc = many[1:] if family == "circle" else many
    shares = rng.dirichlet(np.ones(1500))
    likelihood = Likelihood(
        base, y, shares, loc if base.moves else many[:0], few if base.scales else few[:0],
        columns(context, rows, "quadratic"), terms, 0.01,
    )  # fmt: skip
    theta = 0.3 * rng.normal(size=likelihood.layout.size)
    value, gradient = likelihood.value_and_gradient(theta)
    if terms == 0:
        assert value == pytest.approx(-float(shares @ likelihood.logs(theta)), abs=1e-12)
    for _ in range(3):
        step = 1e-6 * rng.normal(size=theta.size)
        ahead, behind = (likelihood.value_and_gradient(theta + s * step)[0] for s in (1, -1))
        assert float(gradient @ step) == pytest.approx(0.5 * (ahead - behind), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("context", [-100.0, -1.0, 0.3, 2.0])
def test_the_density_is_normalised_and_its_integral_is_the_cdf(fitted, context):
    """For contexts of the samples and far beyond them, over every base."""
    density, low, high = fitted
    x = np.linspace(low, high, 100_001)
    pdf, cdf = density.pdf(x, context), density.cdf(x, context)
    assert np.all(pdf > 0.0)
    assert np.trapezoid(pdf, x) == pytest.approx(1.0, abs=3e-3)
    integral = np.concatenate([[0.0], np.cumsum(0.5 * (pdf[1:] + pdf[:-1]) * np.diff(x))])
    np.testing.assert_allclose(cdf - cdf[0], integral, atol=1e-3)
    assert np.diff(cdf).min() >= -1e-15
    assert density.cdf(-np.inf, context) == 0.0
    assert density.cdf(np.inf, context) == pytest.approx(1.0, abs=1e-12)


@hypothesis.given(q=st.floats(0.0, 1.0), context=st.floats(-1e6, 1e6), width=st.floats(1e-12, 1.0))
@hypothesis.settings(max_examples=60, deadline=None)
def test_the_quantile_inverts_the_cdf(fitted_once, q, context, width):
    """At any probability, for any context; masses of bins are never negative and add up."""
    x = fitted_once.ppf(q, context)
    assert fitted_once.cdf(x, context) == pytest.approx(q, abs=1e-11)
    if np.isfinite(x):
        parts = fitted_once.mass([x - width, x], [x, x + width], context)
        whole = fitted_once.mass(x - width, x + width, context)
        assert np.all(parts >= 0.0)
        assert parts.sum() == pytest.approx(whole, rel=1e-9, abs=1e-15)


@pytest.fixture(scope="module")
def fitted_once():
    """One density, on the line."""
    x, c, _ = _peaks(4000)
    return ConditionalFourierDensity.fit(x, c, terms=6, base="normal", functions="linear")


def test_masses_far_out_keep_their_precision(fitted_once):
    """The mass of a narrow bin in either tail is its width times the density."""
    for x in (-18.0, 18.0):
        mass = fitted_once.mass(x, x + 1e-5, 0.5)
        assert mass == pytest.approx(1e-5 * fitted_once.pdf(x + 5e-6, 0.5), rel=1e-5)
        assert 0.0 < mass < 1e-15


def test_random_samples_follow_the_density(fitted):
    """A Kolmogorov-Smirnov test of 20,000 samples, each with a context of its own."""
    density, low, high = fitted
    c = np.random.default_rng(1).normal(size=20_000)
    drawn = density.rvs(c, rng=2)
    assert drawn.shape == c.shape
    assert low <= drawn.min()
    assert drawn.max() <= high
    assert scipy.stats.kstest(density.cdf(drawn, c), "uniform").pvalue > 1e-3
    one = density.rvs(np.full(20_000, 0.7), rng=2)
    assert scipy.stats.kstest(one, lambda x: density.cdf(x, 0.7)).pvalue > 1e-3
    np.testing.assert_array_equal(drawn, density.rvs(c, rng=2))


def test_one_context_gives_a_fourier_density(fitted):
    """Its density and distribution function are those of the conditional one."""
    density, low, high = fitted
    for context in (-2.0, 0.4):
        one = density.at(context)
        assert isinstance(one, FourierDensity)
        x = np.linspace(low, high, 301)[1:-1]
        np.testing.assert_allclose(one.pdf(x), density.pdf(x, context), atol=1e-6)
        np.testing.assert_allclose(one.cdf(x), density.cdf(x, context), atol=1e-6)


def test_the_code_of_fresh_samples_is_near_the_truth_and_shorter_than_without_context():
    """Within 0.03 bits of the truth; the best density without the context is 0.3 bits off."""
    x, c, _ = _peaks(6000)
    fresh, contexts, truth = _peaks(6000, seed=1)
    density = ConditionalFourierDensity.fit(x, c)
    true = -np.log2(truth).sum()
    ours = density.code_length(fresh, contexts)
    assert true - 20.0 < ours < true + 0.03 * fresh.size
    assert fit_density(x).code_length(fresh) > ours + 0.3 * fresh.size
    total = density.code_length(x, c) + density.parameter_bits
    assert total < -np.log2(_peaks_pdf(x, c)).sum() + 900.0


def test_classes_are_contexts():
    """Gamma densities with a shape for each class, against their truth and one density for all."""
    rng = np.random.default_rng(0)
    c = rng.integers(0, 4, 6000)
    x = rng.gamma(1.0 + c)
    density = ConditionalFourierDensity.fit(x, c)
    assert density.functions["loc"] == "classes"
    bits = density.code_length(x, c) + density.parameter_bits
    true = -scipy.stats.gamma.logpdf(x, 1.0 + c).sum() / math.log(2.0)
    assert bits < true + 0.15 * x.size
    assert bits < fit_density(x).code_length(x) - 0.2 * x.size
    with pytest.raises(ValueError, match="classes must be in"):
        density.pdf(1.0, 4)
    with pytest.raises(TypeError, match="classes"):
        density.pdf(1.0, 0.5)


def test_angles_turn_with_their_context():
    """Von Mises angles whose mean runs round the circle several times with the context."""
    rng = np.random.default_rng(0)
    c = rng.uniform(-3.0, 3.0, 10_000)
    x = np.mod(4.0 * c + rng.vonmises(0.0, 5.0, c.size), 2.0 * math.pi)
    density = ConditionalFourierDensity.fit(x, c, period=2.0 * math.pi)
    true = -scipy.stats.vonmises.logpdf(x - 4.0 * c, 5.0).sum() / math.log(2.0)
    total = density.code_length(x, c) + density.parameter_bits
    assert total < true + 0.06 * x.size
    around = density.pdf(np.array([1.0, 1.0 + 2.0 * math.pi]), 0.2)
    assert around[0] == pytest.approx(around[1], rel=1e-9)


def test_samples_without_dependence_take_no_functions_of_the_context():
    """Nor terms, where the base is the truth: what says nothing costs nothing."""
    rng = np.random.default_rng(0)
    density = ConditionalFourierDensity.fit(rng.logistic(size=5000), rng.normal(size=(5000, 3)))
    assert density.terms == 0
    assert density.functions["loc"] == density.functions["scale"] == "constant"


def test_integers_are_coded_by_the_masses_of_their_bins():
    """Their masses sum to 1, and the code is the truth's but for 1 % and the parameters."""
    rng = np.random.default_rng(0)
    c = rng.normal(size=5000)
    scale = np.exp(0.7 * c)
    x = np.rint(scale * rng.normal(size=c.size)).astype(int)
    density = ConditionalFourierDensity.fit(x, c, bin_width=1.0)
    true = scipy.stats.norm.cdf((x + 0.5) / scale) - scipy.stats.norm.cdf((x - 0.5) / scale)
    bits = density.code_length(x, c, bin_width=1.0) + density.parameter_bits
    assert bits < -1.01 * np.log2(true).sum() + 500.0
    k = np.arange(-2000, 2001)
    assert density.mass(k - 0.5, k + 0.5, -1.0).sum() == pytest.approx(1.0, abs=1e-9)


def test_a_weight_of_two_is_a_sample_given_twice():
    """And one of zero, or a row that is not finite and left out, one that is not there."""
    x, c, _ = _peaks(600)
    options = {"terms": 2, "base": "normal", "functions": "linear"}
    weights = np.where(np.arange(600) < 300, 2.0, 1.0)
    weighed = ConditionalFourierDensity.fit(x, c, weights=weights, **options)
    twice = ConditionalFourierDensity.fit(
        np.concatenate([x, x[:300]]), np.concatenate([c, c[:300]]), **options
    )
    one, other = weighed.code_length(x, c), twice.code_length(x, c)
    assert one == pytest.approx(other, rel=0.02)
    plain = ConditionalFourierDensity.fit(x, c, **options)
    more = np.append(x, [np.nan, 3.0, 4.0]), np.append(c, [0.0, np.inf, 0.0])
    some = np.append(np.ones(602), 0.0)
    left = ConditionalFourierDensity.fit(*more, weights=some, nan_policy="omit", **options)
    assert left.code_length(x, c) == plain.code_length(x, c)
    doubled = plain.code_length(x, c, weights=np.full(600, 2.0))
    assert doubled == pytest.approx(2.0 * plain.code_length(x, c))


HARD = {
    "one sample": ([-2.5], [1.0]),
    "two": ([1.0, 2.0], [0.0, 1.0]),
    "five, their contexts in order": (np.arange(5.0), np.arange(5.0)),
    "five classes": (np.arange(5.0), np.arange(5)),
    "constant samples": (np.full(500, 7.0), np.random.default_rng(0).normal(size=500)),
    "constant context": (np.random.default_rng(0).normal(size=500), np.zeros(500)),
    "x is c": (np.linspace(0.0, 1.0, 500), np.linspace(0.0, 1.0, 500)),
    "huge": ([1e300, -1e300, 0.0, 5.0], [1.0, 2.0, 3.0, 4.0]),
    "tiny": (1e-300 * np.random.default_rng(0).normal(size=500), np.arange(500.0)),
    "cauchy": (
        np.random.default_rng(0).standard_cauchy(1000),
        np.random.default_rng(1).standard_cauchy((1000, 2)),
    ),
    "an indicator": (np.random.default_rng(0).normal(size=500), np.arange(500.0) > 490.0),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_samples_give_a_density(name):
    """Few, constant, huge, tiny and heavy-tailed samples: finite where they are."""
    x, c = HARD[name]
    density = ConditionalFourierDensity.fit(x, c)
    assert np.all(np.isfinite(density.logpdf(x, c)))
    assert np.all(np.isfinite(density.ppf(0.3, c)))
    assert math.isfinite(density.parameter_bits)
    cdf = density.cdf(x, c)
    assert np.all((cdf >= 0.0) & (cdf <= 1.0))


@pytest.mark.parametrize(
    ("x", "c", "options", "error"),
    [
        ([], [], {}, ValueError),
        ([1.0, 2.0], [1.0], {}, ValueError),
        ([[1.0], [2.0]], [1.0, 2.0], {}, ValueError),
        ([1.0, np.nan], [1.0, 2.0], {}, ValueError),
        ([1.0, 2.0], [np.nan, 2.0], {}, ValueError),
        ([1.0, 2.0], [-1, 2], {}, ValueError),
        ([1.0, 2.0], [1, 1 << 20], {}, ValueError),
        ([1.0, 2.0], np.zeros((2, 1, 1)), {}, ValueError),
        (["a", "b"], [1.0, 2.0], {}, TypeError),
        ([1.0, 2.0], ["a", "b"], {}, TypeError),
        ([1.0, 2.0], [1.0, 2.0], {"terms": -1}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"terms": 2.5}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"base": "cauchy"}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"functions": "sines"}, ValueError),
        ([1.0, 2.0], [1, 2], {"functions": "linear"}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"period": 0.0}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"period": 1.0, "support": (0.0, 3.0)}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"support": (0.0, 1.5)}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"support": (2.0, 1.0)}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"regularization": -1.0}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"bin_width": -1.0}, ValueError),
        ([1.0, 2.0], [1.0, 2.0], {"weights": [-1.0, 1.0]}, ValueError),
    ],
)
def test_bad_arguments_are_refused(x, c, options, error):
    """Each with an error of its kind that says what is allowed."""
    with pytest.raises(error, match=r"must|outside|no samples|exclude|not|shape|NaN"):
        ConditionalFourierDensity.fit(x, c, **options)


def test_bad_contexts_are_refused_afterwards():
    """Wrong numbers of features, NaN, and several contexts where one is wanted."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    density = ConditionalFourierDensity.fit(x, rng.normal(size=(200, 2)), terms=0)
    with pytest.raises(ValueError, match="2 features"):
        density.pdf(0.0, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="finite"):
        density.pdf(0.0, [1.0, np.nan])
    with pytest.raises(ValueError, match="one context"):
        density.at(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="interval"):
        density.mass(1.0, 0.0, [0.0, 0.0])
    assert np.isnan(density.ppf(1.5, [0.0, 0.0]))
    assert np.isnan(density.pdf(np.nan, [0.0, 0.0]))


def test_a_density_is_frozen(fitted_once):
    """Nothing of it can be set, and it serves as a key."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted_once._centre = 1.0
    assert {fitted_once: 1}[fitted_once] == 1


def test_broadcasting_follows_numpy(fitted_once):
    """Values in columns against contexts in rows, empty arrays, scalars."""
    x, c = np.linspace(-3.0, 3.0, 5)[:, None], np.linspace(-1.0, 1.0, 4)
    table = fitted_once.pdf(x, c)
    assert table.shape == (5, 4)
    assert table[2, 1] == fitted_once.pdf(x[2, 0], c[1])
    assert fitted_once.pdf(np.empty((0, 3)), 0.0).shape == (0, 3)
    assert isinstance(fitted_once.pdf(0.0, 0.0), float)


@hypothesis.given(seed=st.integers(0, 999), size=st.integers(1, 12), n=st.integers(100, 10**6))
@hypothesis.settings(max_examples=40, deadline=None)
def test_rounding_costs_about_half_a_nat_for_each_coefficient(seed, size, n):
    """On a quadratic likelihood of any conditioning, and four times less with steps of half."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(4 * size, size)) * np.exp(rng.normal(size=size))
    information = scores.T @ scores / (4 * size)
    theta = rng.normal(size=size)
    groups = np.arange(size)
    for finer, most in ((0, 4.0), (1, 1.0)):
        found = _rounding.rounded(theta, information, groups, float(n), finer)
        error = found.theta - theta
        assert 0.5 * n * error @ information @ error <= most * size


@hypothesis.given(st.lists(st.integers(-50, 50), min_size=1, max_size=40))
def test_bits_of_integers_are_no_less_than_their_entropy(integers):
    """A code for a group, its header left out, is not shorter than its empirical entropy."""
    _, counts = np.unique(integers, return_counts=True)
    entropy = -(counts * np.log2(counts / len(integers))).sum()
    assert _rounding.integer_bits(np.array(integers, dtype=float)) - 14.0 >= entropy - 1e-9
