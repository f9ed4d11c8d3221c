"""Densities on a circle: periodic, from any cut, against scipy and the truth."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import strategies as st

from compress.densities import Circle, FourierDensity, Normal, VonMises, fit_density
from compress.densities.families.circle import bessel_ratios

TURN = 2.0 * np.pi


def _two_peaks(n, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.6
    return np.where(first, rng.vonmises(0.5, 3.0, n), rng.vonmises(3.0, 12.0, n))


FITTED = {
    "circle": FourierDensity.fit(_two_peaks(4000), period=TURN, base="circle"),
    "von mises": FourierDensity.fit(_two_peaks(4000), period=TURN, base="vonmises", terms=6),
    "plain": VonMises(2.0, 1.0, 4.0, cut=0.0),
    "degrees": FourierDensity.fit(np.degrees(_two_peaks(4000)), period=360.0, cut=-180.0),
    "uniform": Circle(0.0, 24.0),
}


@pytest.mark.parametrize("kappa", [0.0, 0.01, 1.0, 4.0, 49.0, 9000.0])
def test_von_mises_agrees_with_scipy(kappa):
    """Density, distribution from half a turn before the mean, entropy, Bessel ratios."""
    ours = VonMises(0.3, 1.0, kappa)
    x = np.linspace(0.3 - np.pi, 0.3 + np.pi, 502)[1:-1]
    if kappa == 0.0:
        np.testing.assert_allclose(ours.pdf(x), 1.0 / TURN)
        np.testing.assert_allclose(ours.cdf(x), (x - 0.3 + np.pi) / TURN, atol=1e-12)
        return
    theirs = scipy.stats.vonmises(kappa, loc=0.3)
    np.testing.assert_allclose(ours.pdf(x), theirs.pdf(x), rtol=1e-10, atol=1e-280)
    # beyond kappa 50 scipy's distribution function is that of a normal density
    fine = np.linspace(0.3 - np.pi, 0.3 + np.pi, 200_001)
    told = scipy.integrate.cumulative_simpson(theirs.pdf(fine), x=fine, initial=0.0)
    np.testing.assert_allclose(ours.cdf(x), np.interp(x, fine, told), atol=1e-6)
    np.testing.assert_allclose(ours.entropy(), theirs.entropy(), rtol=1e-9)
    ratios = bessel_ratios(kappa)
    n = np.arange(1, ratios.size + 1)
    expected = scipy.special.ive(n, kappa) / scipy.special.ive(0, kappa)
    np.testing.assert_allclose(ratios, expected, rtol=1e-9, atol=1e-17)


def test_von_mises_fit_is_maximum_likelihood():
    """Direction and concentration are scipy's, at any turn and in any unit."""
    x = scipy.stats.vonmises(4.0, loc=1.0).rvs(2000, random_state=0)
    kappa, loc, _ = scipy.stats.vonmises.fit(x, fscale=1.0)
    turned = x + TURN * np.random.default_rng(0).integers(-5, 6, x.size)
    fitted = VonMises.fit(turned)
    np.testing.assert_allclose((fitted.kappa, fitted.loc), (kappa, loc), rtol=1e-6)
    degrees = VonMises.fit(np.degrees(turned), period=360.0)
    np.testing.assert_allclose(degrees.kappa, kappa, rtol=1e-6)
    np.testing.assert_allclose(degrees.loc, np.degrees(loc), rtol=1e-6)


@pytest.mark.parametrize("name", FITTED)
@hypothesis.given(turns=st.integers(-3, 3), cut=st.floats(-10.0, 10.0))
@hypothesis.settings(max_examples=15, deadline=None)
def test_densities_do_not_depend_on_turns_or_the_cut(name, turns, cut):
    """Pdf and masses of arcs are the same from every cut; the cdf counts from the cut."""
    density = FITTED[name]
    period = density.support[1] - density.support[0]
    other = density.from_cut(cut)
    x = density.support[0] + period * np.linspace(0.003, 0.98, 97)
    top = density.pdf(x).max()
    np.testing.assert_allclose(density.pdf(x + turns * period), density.pdf(x), atol=1e-8 * top)
    np.testing.assert_allclose(other.pdf(x), density.pdf(x), rtol=1e-7, atol=1e-8 * top)
    assert other.support == pytest.approx((cut, cut + period))
    np.testing.assert_allclose(other.cdf(cut), 0.0, atol=1e-9)
    low = x - 0.2 * period
    arcs = density.mass(low, x)
    np.testing.assert_allclose(other.mass(low, x), arcs, atol=2e-8)
    np.testing.assert_allclose(density.mass(x, x + period), 1.0)
    np.testing.assert_allclose(density.mass(x, x + 0.8 * period), 1.0 - arcs, atol=2e-8)
    inside = cut + period * np.linspace(0.01, 0.97, 50)
    np.testing.assert_allclose(other.cdf(inside), other.mass(cut, inside), atol=1e-7)
    q = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(other.cdf(other.ppf(q)), q, atol=1e-8)
    np.testing.assert_allclose(other.entropy(), density.entropy(), atol=1e-6)


@pytest.mark.parametrize("name", FITTED)
def test_circular_mean_and_spread_are_those_of_samples(name):
    """Of 200,000 of them, by scipy's circmean and circstd; moments too."""
    density = FITTED[name]
    low, high = density.support
    drawn = density.rvs(200_000, rng=0)
    assert np.all((drawn >= low) & (drawn < high))
    moment = np.exp(2j * np.pi * drawn / (high - low)).mean()
    assert abs(density.circular_moment(1) - moment) < 0.008
    if abs(moment) > 0.05:
        mean = scipy.stats.circmean(drawn, high=high, low=low)
        away = np.mod(density.circular_mean() - mean + 0.5 * (high - low), high - low)
        assert abs(away / (high - low) - 0.5) < 0.01
        spread = scipy.stats.circstd(drawn, high=high, low=low)
        np.testing.assert_allclose(density.circular_std(), spread, rtol=0.01)
    else:
        assert np.isnan(density.circular_mean()) or abs(moment) > 1e-9


@pytest.mark.parametrize("cut", [0.0, 0.5, 3.0])
def test_modes_are_found_wherever_the_cut_is(cut):
    """Two peaks, also with the cut on one of them."""
    density = FourierDensity.fit(_two_peaks(20_000), period=TURN, cut=cut)
    peaks = density.modes(0.2)
    places = sorted(np.mod(peak.location, TURN) for peak in peaks)
    np.testing.assert_allclose(places, [0.5, 3.0], atol=0.1)
    assert all(cut <= peak.location < cut + TURN for peak in peaks)


def test_a_von_mises_density_is_chosen_where_it_is_the_truth():
    """By code length, with a divergence of 2 parameters / (2 n) on average over ten sets."""
    truth = scipy.stats.vonmises(4.0)
    nodes = np.linspace(0.0, TURN, 2001)[:-1]
    gaps = []
    for seed in range(10):
        chosen = fit_density(truth.rvs(2000, random_state=seed), period=TURN)
        assert isinstance(chosen, VonMises)
        ratio = truth.logpdf(nodes) - chosen.logpdf(nodes)
        gaps.append((truth.pdf(nodes) * ratio).mean() * TURN)
    assert np.mean(gaps) < 0.001


def test_uniform_directions_choose_the_circle():
    """No parameters, the entropy of the period."""
    chosen = fit_density(np.random.default_rng(0).uniform(0, 360, 3000), period=360.0)
    assert isinstance(chosen, Circle)
    assert chosen.entropy() == pytest.approx(np.log(360.0))


def test_whole_hours_are_fitted_by_their_bins():
    """Bins across the cut count whole: the masses of 24 hours are near their shares."""
    rng = np.random.default_rng(0)
    hours = np.mod(np.rint(rng.normal(23.0, 3.0, 20_000)), 24).astype(int)
    chosen = fit_density(hours, period=24.0)
    k = np.arange(24)
    told = chosen.mass(k - 0.5, k + 0.5)
    np.testing.assert_allclose(told.sum(), 1.0, atol=1e-9)
    np.testing.assert_allclose(told, np.bincount(hours, minlength=24) / hours.size, atol=0.01)
    assert chosen.circular_mean() == pytest.approx(23.0, abs=0.2)


def test_partial_fit_on_a_circle_is_fitting_the_whole():
    """Samples at other turns are added to those seen."""
    x = _two_peaks(3000)
    whole = FourierDensity.fit(x, period=TURN, terms=5)
    parts = FourierDensity.fit(x[:100], period=TURN, terms=5)
    parts.partial_fit(x[100:] + 3 * TURN)
    grid = np.linspace(0.0, TURN, 50)
    np.testing.assert_allclose(parts.logpdf(grid), whole.logpdf(grid), atol=1e-6)


def test_what_is_no_circle_is_refused():
    """A base without its period, a period with another base or a support, a line's direction."""
    x = [0.1, 0.2, 0.5]
    with pytest.raises(ValueError, match="needs a period"):
        FourierDensity.fit(x, base="circle")
    with pytest.raises(ValueError, match="base on the circle"):
        FourierDensity.fit(x, base="normal", period=1.0)
    with pytest.raises(ValueError, match="support needs a line"):
        FourierDensity.fit(x, support=(0.0, 1.0), period=1.0)
    with pytest.raises(ValueError, match="period must be positive"):
        FourierDensity.fit(x, period=-1.0)
    with pytest.raises(ValueError, match="not on a circle"):
        FourierDensity([0.1], Normal()).circular_mean()
    with pytest.raises(ValueError, match="kappa"):
        VonMises(0.0, 1.0, -1.0)


def test_the_uniform_circle_is_its_period() -> None:
    """Samples decide nothing, and are checked; without a period there is none."""
    assert Circle.fit([10.0, 350.0, 720.5], period=360.0) == Circle(0.0, 360.0)
    assert Circle.fit([10.0], period=24.0, cut=-12.0).support == (-12.0, 12.0)
    with pytest.raises(TypeError, match="period"):
        Circle.fit([1.0, 2.0])  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="period"):
        Circle.fit([1.0, 2.0], period=-1.0)
    with pytest.raises(ValueError, match="NaN"):
        Circle.fit([1.0, np.nan], period=1.0)
