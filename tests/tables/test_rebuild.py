"""Tables rebuilt from small integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from compress.errors import CorruptError
from compress.tables import (
    TOTAL,
    DensityTable,
    HistogramTable,
    TableSet,
    density_grid,
    fit_table,
    read_parameters,
    read_table,
)
from compress.tables.knots import BASES, base_knots, inverse_scales, sine_knots
from compress.tables.knots_exact import (
    exact_base_knots,
    exact_inverse_scales,
    exact_sine_knots,
)

SHAPES = {
    "normal": stats.norm(),
    "laplace": stats.laplace(),
    "logistic": stats.logistic(),
    "t1": stats.t(1),
    "t2": stats.t(2),
    "t3": stats.t(3),
    "t4": stats.t(4),
    "t6": stats.t(6),
    "t10": stats.t(10),
}

density_tables = st.builds(
    lambda low, size, escape, base, location, scale, terms, unit: DensityTable(
        low,
        size,
        escape,
        base,
        0 if base == "uniform" else location,
        0 if base == "uniform" else scale,
        tuple(terms[: len(terms) // 2 * 2]),
        unit if len(terms) > 1 else 0,
    ),
    st.integers(-(1 << 63), (1 << 63) - (1 << 20)),
    st.integers(1, 300),
    st.integers(-1, TOTAL // 2),
    st.sampled_from(list(BASES)),
    st.integers(-(1 << 31), 1 << 31),
    st.integers(-640, 1536),
    st.lists(st.integers(-(1 << 20), 1 << 20), max_size=12),
    st.integers(0, 12),
)


@given(density_tables)
@settings(max_examples=150, deadline=None)
def test_every_allowed_parameter_gives_a_valid_table(table: DensityTable) -> None:
    """Any parameters within their limits build masses >= 1 that sum to 2**24, and round trip."""
    masses = table.build().masses()
    assert masses.min() >= 1
    assert masses.sum() == TOTAL
    assert read_parameters(iter(table.to_integers())) == table


@pytest.mark.parametrize("base", sorted(SHAPES))
@pytest.mark.parametrize("scale", [0.3, 5.0, 40.0])
def test_a_base_table_is_the_density_of_scipy(base: str, scale: float) -> None:
    """The masses lose less than 0.0001 bit a symbol to scipy's exact bin probabilities."""
    step = round(64 * np.log2(scale))
    table = DensityTable(-500, 1001, 0, base, 13, step)
    exact = 2.0 ** (step / 64)
    location = 13 / 64 * 2.0 ** (step // 64)
    edges = np.arange(-500, 502) - 0.5
    pmf = np.diff(SHAPES[base].cdf((edges - location) / exact))
    pmf /= pmf.sum()
    some = pmf > 0
    masses = table.build().masses()
    assert np.sum(pmf[some] * np.log2(pmf[some] / masses[some] * TOTAL)) < 1e-4


def test_fourier_terms_modulate_the_base() -> None:
    """A uniform base with amplitude terms is ``|A|**2`` to one unit of mass."""
    terms = (20, -30, 5, 11, -7, 3)
    amplitude = np.array([1, *(np.array(terms[::2]) + 1j * np.array(terms[1::2])) / 64])
    grid = (np.arange(100_000) + 0.5) / 100_000
    density = np.abs(np.exp(2j * np.pi * np.outer(grid, np.arange(4))) @ amplitude) ** 2
    pmf = density.reshape(500, -1).sum(axis=1) / density.sum()
    masses = DensityTable(0, 500, 0, "uniform", 0, 0, terms, 6).build().masses()
    assert np.abs(masses - pmf * TOTAL).max() < 2


@given(
    st.lists(st.integers(0, 1 << 32), min_size=1, max_size=40),
    st.integers(0, 100),
    st.integers(-64, 64),
)
@settings(max_examples=100, deadline=None)
def test_a_histogram_table_round_trips(weights: list[int], escape: int, precision: int) -> None:
    """The integers of a histogram table give the same table back."""
    table = HistogramTable(-7, tuple(weights), escape, precision)
    if not any(weights) and not escape:
        with pytest.raises(CorruptError):
            read_parameters(iter(table.to_integers()))
        return
    assert read_parameters(iter(table.to_integers())) == table
    assert table.build().masses().sum() == TOTAL


@given(st.lists(st.integers(-(1 << 40), 1 << 40), max_size=30))
@settings(max_examples=300, deadline=None)
def test_hostile_integers_give_a_table_or_a_clear_error(integers: list[int]) -> None:
    """Whatever the integers, reading and building ends in a table or in `CorruptError`."""
    try:
        table = read_parameters(iter(integers))
    except CorruptError:
        return
    assert table.build().masses().sum() == TOTAL


def test_fitting_comes_close_to_the_entropy() -> None:
    """A fitted table costs at most 0.1 % more than the best table of the samples' histogram."""
    samples = np.round(stats.t(4, scale=20).rvs(50_000, random_state=1)).astype(np.int64)
    table = fit_table(samples)
    exact = stats.t(4, scale=20).entropy() / np.log(2)
    assert table.build().code_length(samples) / len(samples) < exact * 1.005


@given(
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=30),
    st.integers(1, 100),
)
# Far fewer samples than a median is taken of, yet more than a small window holds.
@example([0] * 7 + [1], 1)
@settings(max_examples=30, deadline=None)
def test_whatever_the_samples_a_table_is_found(samples: list[int], max_size: int) -> None:
    """Any int64 samples give parameters that can be written, read, built and paid for."""
    table = fit_table(np.array(samples, dtype=np.int64), max_size)
    assert read_parameters(iter(table.to_integers())) == table
    assert np.isfinite(table.build().code_length(samples))


@pytest.mark.parametrize("n", [3000, 100_000])
def test_fourier_terms_pay_on_several_modes(n: int) -> None:
    """On a mixture with two modes, terms come closer to the entropy than any base."""
    rng = np.random.default_rng(2)
    samples = np.concatenate([rng.normal(60, 5, n), rng.normal(150, 20, n)]).round().astype(int)
    table = fit_table(samples)
    bare = fit_table(samples, fourier=False)
    assert isinstance(table, DensityTable)
    assert table.coefficients
    assert table.build().code_length(samples) < 0.97 * DensityTable(
        bare.low, table.size, 0, "uniform"
    ).build().code_length(samples)
    pmf = 0.5 * (stats.norm(60, 5).pdf(samples) + stats.norm(150, 20).pdf(samples))
    assert table.build().code_length(samples) < -np.log2(pmf).sum() * 1.01


def test_a_grid_of_densities_is_scipys_at_every_scale_and_phase() -> None:
    """Table ``c * phases + p`` has scale c and location ``p / phases``; the escape the tails."""
    tables = TableSet.from_densities(density_grid("logistic", [-64, 0, 100], 4, 12))
    assert len(tables) == 12
    for t in range(12):
        scale, location = 2.0 ** ([-64, 0, 100][t // 4] / 64), t % 4 / 4
        low, masses = int(tables.low[t]), tables.masses(t)
        edges = low - 0.5 + np.arange(len(masses))
        pmf = np.diff(SHAPES["logistic"].cdf((edges - location) / scale))
        assert np.abs(masses[:-1] / TOTAL - pmf).max() < 1e-3
        assert masses[-1] / TOTAL < 1e-3


def test_the_shipped_knots_are_the_exact_ones() -> None:
    """The file holds what correctly rounded decimal arithmetic gives on this machine."""
    for name in BASES:
        if name != "uniform":
            np.testing.assert_array_equal(base_knots(name), exact_base_knots(name))
    np.testing.assert_array_equal(sine_knots(), exact_sine_knots())
    np.testing.assert_array_equal(inverse_scales(), exact_inverse_scales())


@given(st.lists(st.integers(0, 1 << 20), min_size=1, max_size=300), st.integers(0, 99))
def test_a_table_is_read_as_its_parameters_build_it(weights: list[int], escape: int) -> None:
    """The short way from integers to a table gives what the long one gives."""
    if not any(weights) and not escape:
        return
    parameters = HistogramTable(-7, tuple(weights), escape, 2)
    integers = parameters.to_integers()
    built, read = parameters.build(), read_table(iter(integers))
    assert read_parameters(iter(integers)) == parameters
    for name in ("cumulative", "start", "low", "escape"):
        one, other = getattr(built, name), getattr(read, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    TableSet(read.cumulative, read.start, read.low, read.escape)
