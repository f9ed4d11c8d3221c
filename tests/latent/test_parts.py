"""Cells, logarithms, tables, networks and the stack: each against an independent reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from compress.errors import CorruptError
from compress.latent import IntegerNetwork, Observation
from compress.latent.cells import DRAW_BITS, Cells, Normals, cells_of, inverse_scale, scale_index
from compress.latent.logarithms import LOG_BITS, log2_masses, weights_of
from compress.latent.network import ACTIVATION_BITS, OUTPUT_BITS
from compress.latent.stack import LatentStack, seed_words
from tests.latent.models import network


def normals(rng: np.random.Generator, n: int) -> Normals:
    """Draw distributions, also ones whose scales are beyond the bounds."""
    means = rng.integers(-4 << 16, 4 << 16, n)
    return Normals(means, inverse_scale(scale_index(rng.integers(-11 << 16, 4 << 16, n), 16)))


def test_cells_have_equal_masses_under_the_standard_normal_distribution() -> None:
    """Edges and centres are scipy's quantiles, to the fixed point's unit."""
    cells = cells_of(8)
    edges = stats.norm.ppf(np.arange(1, 256) / 256)
    centres = stats.norm.ppf((np.arange(256) + 0.5) / 256)
    np.testing.assert_allclose(cells.edges / 65536, edges, atol=2e-5)
    np.testing.assert_allclose(cells.centres / 65536, centres, atol=2e-5)
    with pytest.raises(ValueError, match="4 to 14 bits"):
        Cells(3)


def test_masses_of_cells_are_those_of_the_normal_distribution() -> None:
    """Against scipy's distribution function, with the units that are spared for every cell."""
    rng = np.random.default_rng(0)
    of = normals(rng, 200)
    cells = cells_of(6)
    ends = np.concatenate([[-np.inf], cells.edges / 65536, [np.inf]])
    for k in range(64):
        starts, masses = cells.intervals(np.full(200, k), of, 24, 2)
        scale = 65536 / of.inverses
        below = stats.norm.cdf(ends[k], of.means / 65536, scale)
        above = stats.norm.cdf(ends[k + 1], of.means / 65536, scale)
        assert masses.min() >= 1
        np.testing.assert_allclose(masses / 2**24, above - below, atol=2e-5)
        np.testing.assert_allclose(starts / 2**24, below, atol=2e-5)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(4, 10))
def test_a_quantile_lies_in_the_cell_that_it_draws(seed: int, bits: int) -> None:
    """And the cell's start and mass, computed from the cell, are the same."""
    rng = np.random.default_rng(seed)
    of = normals(rng, 50)
    wanted = rng.integers(0, 1 << DRAW_BITS, 50)
    drawn, starts, masses = cells_of(bits).draw(wanted, of)
    assert np.all((starts <= wanted) & (wanted < starts + masses))
    again = cells_of(bits).intervals(drawn, of, DRAW_BITS, 0)
    np.testing.assert_array_equal(again[0], starts)
    np.testing.assert_array_equal(again[1], masses)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_popping_cells_and_numbers_and_pushing_them_restores_the_stack(seed: int, n: int) -> None:
    """Of any words, also where they run out."""
    rng = np.random.default_rng(seed)
    stack = LatentStack(rng.integers(1, 1 << 32, int(rng.integers(0, 60)), dtype=np.uint32))
    before, held = stack.words, stack.n_words
    of, sizes = normals(rng, n), rng.integers(1, (1 << 24) + 1, n)
    weights = weights_of(rng.integers(-40 << 16, 1, 8))
    assert held == len(before)
    drawn = stack.pop_normal(cells_of(8), of)
    numbers = stack.pop_uniform(sizes)
    quantiles = stack.pop_quantiles(n, 3, 7)
    chosen = stack.pop_choice(weights, 5)
    assert np.all((numbers >= 0) & (numbers < sizes))
    stack.push_choice(chosen, weights, 5)
    stack.push_quantiles(quantiles, 3, 7)
    stack.push_uniform(numbers, sizes)
    stack.push_normal(drawn, cells_of(8), of)
    np.testing.assert_array_equal(stack.words, before)


def test_logarithms_and_weights_are_those_of_numpy() -> None:
    """Rounded down to a 2^-16, and to a 64th."""
    m = np.concatenate([np.arange(1, 3000), [2**24 - 1, 2**24, 2**30 - 1]])
    apart = np.log2(m) - log2_masses(m) / (1 << LOG_BITS)
    assert np.all((apart > -1e-9) & (apart < 3e-5))
    logs = -np.arange(0, 10 << LOG_BITS, 12345)
    found = weights_of(logs)
    expected = 2.0 ** (logs / (1 << LOG_BITS))
    np.testing.assert_allclose(found / found[0], expected, rtol=0.02)
    assert 64 * int(weights_of(np.zeros(64, np.int64)).max()) < 1 << 24


@pytest.mark.parametrize("top", [1, 5, 40])
def test_tables_are_beta_binomial(top: int) -> None:
    """Against scipy's, at outputs that lie on the grid."""
    observation = Observation(2, top)
    outputs = np.array([[-3.0, 1.5, 4.0, -2.0]]) if top > 1 else np.array([[-3.0, 1.5]])
    indexes = observation.indexes((outputs * 65536).astype(np.int64))[0]
    for i, table in enumerate(indexes):
        share = 1.0 / (1.0 + 2.0 ** -outputs[0, i])
        if top == 1:
            expected = np.array([1.0 - share, share])
        else:
            total = 2.0 ** outputs[0, 2 + i]
            k = np.arange(top + 1)
            expected = stats.betabinom.pmf(k, top, total * share, total * (1.0 - share))
        np.testing.assert_allclose(
            observation.tables.masses(int(table)) / 2**24, expected, atol=1e-6
        )


def test_a_network_is_what_python_integers_give() -> None:
    """To the bit, and near to the network of floats from which it was rounded."""
    rng = np.random.default_rng(0)
    made = network(rng, (5, 7, 3), 4)
    x = rng.integers(-(1 << 17), 1 << 17, (20, 5))
    one = 1 << ACTIVATION_BITS
    for row, found in zip(x, made(x), strict=True):
        values = [int(v) for v in row]
        unit = made.input_bits
        for i, layer in enumerate(made.layers):
            to = OUTPUT_BITS if i else ACTIVATION_BITS
            shift = unit + layer.bits - to
            sums = [
                sum(v * int(w) for v, w in zip(values, column, strict=True)) + int(b)
                for column, b in zip(layer.weights.T, layer.bias, strict=True)
            ]
            values = [(s + (1 << (shift - 1))) >> shift if shift > 0 else s << -shift for s in sums]
            if i == 0:
                clipped = [min(max(v, -16 * one), 16 * one - 1) for v in values]
                values = [v * (one + abs(v) + v) // (2 * (one + abs(v))) for v in clipped]
            unit = ACTIVATION_BITS
        assert values == found.tolist()


def test_a_network_comes_back_from_integers_and_damage_is_noticed() -> None:
    """Whatever integer is changed: the error of damaged data, or another network."""
    rng = np.random.default_rng(1)
    made = network(rng, (4, 6, 2), 2)
    head, words = made.to_integers()
    joined = np.concatenate(words)
    again, at = IntegerNetwork.from_integers(iter(head), joined, 0)
    assert at == len(joined)
    x = rng.integers(-99, 99, (3, 4))
    np.testing.assert_array_equal(again(x), made(x))
    refused = 0
    for i in range(len(head)):
        for value in (-1, 0, 1 << 40, head[i] + 1):
            changed = [*head[:i], value, *head[i + 1 :]]
            try:
                IntegerNetwork.from_integers(iter(changed), joined, 0)
            except CorruptError:
                refused += 1
    assert refused > len(head)
    for cut in range(len(head)):
        with pytest.raises(CorruptError):
            IntegerNetwork.from_integers(iter(head[:cut]), joined, 0)


def test_seed_words_are_those_of_splitmix64() -> None:
    """The upper halves of its first outputs from seed 0, as its authors' program prints them."""
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert seed_words(3).tolist() == [(value >> 32) | 1 for value in published]
