"""Atoms: what a density with them means, and that the choice finds them."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from compress.densities import (
    Bernoulli,
    Discrete,
    FourierDensity,
    Gamma,
    GaussianMixture,
    Mixed,
    Normal,
    Poisson,
    Statistic,
    StudentT,
    fit_density,
)
from compress.densities._ties import lattice_step, split_atoms


@st.composite
def mixed(draw: st.DrawFn) -> Mixed:
    """One to five atoms anywhere in or beside a normal density."""
    values = draw(st.lists(st.integers(-40, 40), min_size=1, max_size=5, unique=True))
    masses = draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values)))
    share = draw(st.floats(0.01, 0.99))
    return Mixed(Discrete(np.sort(values) / 10.0, masses), share, Normal(0.3, 1.2))


@hypothesis.given(density=mixed(), seed=st.integers(0, 999))
@hypothesis.settings(max_examples=60, deadline=None)
def test_quantiles_are_the_smallest_points_that_reach_a_probability(density, seed):
    """cdf(ppf(q)) >= q, and just below the point the cdf falls short of q; the same from above."""
    q = np.random.default_rng(seed).random(200)
    x = density.ppf(q)
    assert np.all(density.cdf(x) >= q - 1e-12)
    assert np.all(density.cdf(np.nextafter(x, -np.inf) - 1e-9) <= q + 1e-9)
    y = density.isf(q)
    assert np.all(density.sf(y) <= q + 1e-12)
    assert np.all(density.sf(y - 1e-9) >= q - 1e-9)
    np.testing.assert_allclose(density.cdf(x) + density.sf(x), 1.0, atol=1e-12)


@hypothesis.given(density=mixed())
@hypothesis.settings(max_examples=40, deadline=None)
def test_masses_of_intervals_are_differences_of_the_cdf(density):
    """An atom belongs to the interval that ends at it, not to the one that begins there."""
    edges = np.sort(np.concatenate([density.atoms.values, np.linspace(-5.0, 5.0, 11)]))
    edges = np.unique(edges)
    inside = density.mass(edges[:-1], edges[1:])
    np.testing.assert_allclose(inside, np.diff(density.cdf(edges)), atol=1e-12)
    at = float(density.atoms.values[0])
    atom = density.share * density.atoms.masses[0]
    np.testing.assert_allclose(density.pdf(at), atom)
    assert density.mass(at - 1e-12, at) >= atom * (1.0 - 1e-9)
    assert density.mass(at, at + 1e-12) < 1e-9 + atom * 1e-9 or len(density.atoms.values) > 1


def test_random_values_hit_atoms_exactly():
    """As often as they weigh; the rest lies elsewhere."""
    density = Mixed(Discrete([0.1, 0.7], [2, 1]), 0.3, Normal())
    drawn = density.rvs(100_000, rng=0)
    assert abs(np.mean(drawn == 0.1) - 0.2) < 0.006
    assert abs(np.mean(drawn == 0.7) - 0.1) < 0.005
    assert np.unique(drawn).size > 69_000


def test_zero_inflated_counts_add_probabilities():
    """Where the rest is discrete too, the atom's and its own probability add up to one table."""
    density = Mixed(Discrete([0.0], [1]), 0.3, Poisson(2.0))
    k = np.arange(200)
    np.testing.assert_allclose(density.pdf(k).sum(), 1.0)
    np.testing.assert_allclose(density.pdf(0), 0.3 + 0.7 * np.exp(-2.0))
    np.testing.assert_allclose(density.mass(k - 0.5, k + 0.5), density.pdf(k), rtol=1e-12)


@pytest.mark.parametrize("n", [300, 3000, 100_000])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_an_atom_in_a_continuum_gets_its_mass(n, share):
    """Within sampling error, and the rest is fitted as if it were alone (cells or not)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    at = rng.random(n) < share
    x[at] = 0.5
    chosen = fit_density(x)
    assert isinstance(chosen, Mixed)
    np.testing.assert_array_equal(chosen.atoms.values, [0.5])
    np.testing.assert_allclose(chosen.share, at.mean(), rtol=1e-12)
    alone = fit_density(x[~at])
    assert type(chosen.rest) is type(alone)
    grid = np.linspace(-2.0, 2.0, 21)
    np.testing.assert_allclose(chosen.rest.logpdf(grid), alone.logpdf(grid), atol=1e-3)


def test_censored_samples_have_an_atom_at_their_limit():
    """Values clipped on both sides: the clipped shares are atoms, exactly there."""
    x = np.clip(np.random.default_rng(0).normal(size=20_000), -1.0, 2.0)
    chosen = fit_density(x)
    assert isinstance(chosen, Mixed)
    np.testing.assert_array_equal(chosen.atoms.values, [-1.0, 2.0])
    np.testing.assert_allclose(chosen.pdf([-1.0, 2.0]), [(x == -1).mean(), (x == 2).mean()])


@pytest.mark.parametrize("n", [1000, 50_000])
def test_zeros_in_a_gamma_density_are_an_atom(n):
    """Rain: 40 % zeros, else gamma above 0 without mass below."""
    rng = np.random.default_rng(0)
    x = np.where(rng.random(n) < 0.4, 0.0, rng.gamma(0.7, 2.0, n))
    chosen = fit_density(x)
    assert isinstance(chosen, Mixed)
    assert isinstance(chosen.rest, Gamma)
    np.testing.assert_allclose(chosen.pdf(0.0), np.mean(x == 0.0))
    assert chosen.cdf(-1e-300) == 0.0


@pytest.mark.parametrize("n", [2000, 50_000])
def test_zero_inflated_integers_are_found_by_code_length(n):
    """30 % zeros among Poisson counts, whose own zeros stay theirs."""
    rng = np.random.default_rng(0)
    x = np.where(rng.random(n) < 0.3, 0, rng.poisson(6.0, n))
    chosen = fit_density(x)
    assert isinstance(chosen, Mixed)
    assert isinstance(chosen.rest, Poisson)
    np.testing.assert_array_equal(chosen.atoms.values, [0.0])
    assert abs(chosen.share - 0.3) < 4.0 / np.sqrt(n)
    assert abs(chosen.rest.mean() - 6.0) < 12.0 / np.sqrt(n)


def test_atoms_are_found_among_many_distinct_values():
    """Zeros among wide integers, whose statistic has cells; and atoms of weighted samples."""
    rng = np.random.default_rng(0)
    wide = np.rint(np.exp(rng.normal(12.0, 1.0, 60_000))).astype(np.int64)
    x = np.where(rng.random(60_000) < 0.3, 0, wide)
    chosen = fit_density(x)
    assert isinstance(chosen, Mixed)
    np.testing.assert_array_equal(chosen.atoms.values, [0.0])
    np.testing.assert_allclose(chosen.share, np.mean(x == 0), rtol=1e-9)
    y = np.append(rng.normal(size=40_000), np.full(500, 0.25))
    weights = np.append(np.ones(40_000), np.full(500, 20.0))
    weighted = fit_density(y, weights=weights)
    assert isinstance(weighted, Mixed)
    np.testing.assert_allclose(weighted.pdf(0.25), 0.2, rtol=1e-9)


@pytest.mark.parametrize("kind", ["float64", "float32", "rounded"])
@pytest.mark.parametrize("n", [500, 5000, 40_000])
@pytest.mark.parametrize("law", ["normal", "laplace", "standard_cauchy", "exponential"])
def test_a_continuum_has_no_atoms(law, n, kind):
    """However it is stored: chance ties and those of rounding make none."""
    for seed in range(3):
        x = getattr(np.random.default_rng(seed), law)(size=n)
        x = {"float64": x, "float32": x.astype(np.float32), "rounded": np.round(x, 2)}[kind]
        assert not isinstance(fit_density(x), Mixed | Discrete)


@pytest.mark.parametrize("step", [0.01, 0.25, 3.0])
def test_rounded_samples_count_as_bins(step):
    """The step is found, so that the fit traces no ties: a normal density comes back."""
    x = np.rint(np.random.default_rng(0).normal(0.3, 20.0 * step, 5000) / step) * step
    assert lattice_step(Statistic.of(x)) == pytest.approx(step, rel=1e-9)
    chosen = fit_density(x)
    assert isinstance(chosen, Normal)
    assert lattice_step(Statistic.of(np.random.default_rng(0).normal(size=5000))) == 0.0


def test_few_values_are_a_discrete_density():
    """Two arbitrary values, five of them, a constant: probabilities, with nothing between."""
    rng = np.random.default_rng(0)
    two = fit_density(np.where(rng.random(1000) < 0.2, 4.7, 1.1))
    assert isinstance(two, Bernoulli)
    assert two.support == (1.1, 4.7)
    values = [0.1, 0.37, 2.2, 5.0, 7.1]
    five = fit_density(rng.choice(values, 1000))
    assert isinstance(five, Discrete)
    np.testing.assert_array_equal(five.values, values)
    constant = fit_density(np.full(1000, 7.0))
    assert constant.pdf(7.0) == 1.0
    assert constant.entropy() == 0.0


def test_a_bernoulli_column_costs_its_entropy():
    """Within the bits of its parameters, and 0.1 % of 20,000 samples."""
    x = (np.random.default_rng(0).random(20_000) < 0.1).astype(int)
    chosen = fit_density(x)
    p = x.mean()
    entropy = -x.size * (p * np.log2(p) + (1 - p) * np.log2(1 - p))
    bits = chosen.code_length(x, bin_width=1.0) + chosen.parameter_bits(x.size)
    assert bits < 1.001 * entropy + 20.0


def test_atoms_can_be_refused():
    """With atoms=False a continuous density is chosen."""
    x = np.random.default_rng(0).normal(size=2000)
    x[:600] = 0.5
    assert not isinstance(fit_density(x, atoms=False), Mixed | Discrete)


def test_atoms_of_cells_need_the_samples():
    """A statistic of cells has lost its ties; with the samples at hand the value is exact."""
    rng = np.random.default_rng(0)
    x = np.append(rng.normal(size=50_000), np.full(9000, 1.0 / 3.0))
    statistic = Statistic.of(x)
    assert statistic.width > 0.0
    assert split_atoms(statistic, None, 0.0).values.size == 0
    split = split_atoms(statistic, x, 0.0)
    np.testing.assert_array_equal(split.values, [1.0 / 3.0])
    np.testing.assert_array_equal(split.counts, [9000.0])
    assert split.rest is not None
    assert split.rest.total == 50_000


HARD = {
    "one": [1.5],
    "two": [1.5, 2.0],
    "two equal": [1.5, 1.5],
    "five": [1.0, 2.0, 2.5, 3.5, 10.0],
    "five equal": [3.0] * 5,
    "one integer": [7],
    "two integers": [7, 9],
    "five integers": [0, 0, 1, 5, 5],
    "zeros": np.zeros(10),
    "huge": [1e300, -1e300, 2e300],
    "tiny": [1e-300, 3e-300, 2e-300],
    "cauchy": np.random.default_rng(0).standard_cauchy(5000),
    "booleans": [True, False, True],
    "uint64": np.array([2**63, 2**63 + 5], np.uint64),
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("options", [{}, {"weights": True}, {"period": 24.0}])
def test_small_and_odd_samples_give_a_density(name, options):
    """One, two and five samples, constants, extremes: finite where they are, cdf in [0, 1]."""
    x = np.asarray(HARD[name])
    options = dict(options)
    if options.pop("weights", False):
        options["weights"] = np.where(np.arange(x.size) % 2, 0.0, 3.0)
    chosen = fit_density(x, **options)
    kept = x[::2] if "weights" in options else x
    assert np.all(np.isfinite(chosen.logpdf(kept)))
    cdf = chosen.cdf(x)
    assert np.all((cdf >= 0.0) & (cdf <= 1.0))
    assert np.isfinite(chosen.rvs(10, rng=0)).all()


@pytest.mark.parametrize(
    "fit",
    [
        fit_density,
        FourierDensity.fit,
        StudentT.fit,
        Gamma.fit,
        GaussianMixture.fit,
        Discrete.fit,
        Poisson.fit,
    ],
)
def test_impossible_samples_are_refused_with_their_reason(fit):
    """None at all, NaN, infinities, weights that are negative or all zero, text."""
    with pytest.raises(ValueError, match="no samples"):
        fit([])
    with pytest.raises(ValueError, match="1 of 3 samples are NaN or infinite; nan_policy='omit'"):
        fit([1.0, np.nan, 2.0])
    with pytest.raises(ValueError, match="NaN or infinite"):
        fit([1.0, np.inf])
    with pytest.raises(ValueError, match="weights are all zero"):
        fit([1.0, 2.0], weights=[0.0, 0.0])
    with pytest.raises(ValueError, match="weights must be finite and not negative"):
        fit([1.0, 2.0], weights=[1.0, -1.0])
    with pytest.raises(ValueError, match="weights have shape"):
        fit([1.0, 2.0], weights=[1.0])
    with pytest.raises(TypeError, match="real numbers"):
        fit(["a", "b"])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"support": (0.0, 2.0)}, "outside"),
        ({"support": (3.0, 1.0)}, "low < high"),
        ({"support": (-np.inf, 5.0)}, "lower end"),
        ({"support": (0.0, 9.0), "period": 24.0}, "period"),
        ({"period": 0.0}, "period must be positive"),
        ({"period": 24.0, "cut": np.nan}, "cut must be finite"),
        ({"bin_width": -1.0}, "bin_width"),
    ],
)
def test_bad_options_are_refused(options, match):
    """Each with a ValueError that names it."""
    with pytest.raises(ValueError, match=match):
        fit_density([1.0, 2.0, 3.0], **options)


def test_bad_parts_of_discrete_and_mixed_densities_are_refused():
    """Values that do not rise, masses of zero, shares outside (0, 1), parts that are none."""
    with pytest.raises(ValueError, match="rising"):
        Discrete([1.0, 1.0], [1, 1])
    with pytest.raises(ValueError, match="positive"):
        Discrete([1.0, 2.0], [1, 0])
    with pytest.raises(ValueError, match="share"):
        Mixed(Discrete([1.0], [1]), 1.0, Normal())
    with pytest.raises(TypeError, match="Discrete"):
        Mixed(Normal(), 0.5, Normal())
    with pytest.raises(ValueError, match="too many distinct"):
        Discrete.fit(np.random.default_rng(0).normal(size=40_000))
