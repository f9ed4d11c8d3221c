"""Bridges of tables: from densities, and to constriction's models."""

from __future__ import annotations

import constriction
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from compress.coders import decode, encode
from compress.densities import Discrete, Gamma, Laplace, Mixed, Normal, Poisson, StudentT
from compress.tables import TOTAL, TableSet

Ans = constriction.stream.stack.AnsCoder

DENSITIES = {
    "normal": Normal(3.0, 4.0),
    "narrow": Laplace(0.3, 0.01),
    "student": StudentT(0.0, 2.0, 1.0),
    "gamma": Gamma(0.0, 3.0, 0.5),
    "poisson": Poisson(4.0),
    "atoms": Mixed(Discrete([0.0, 9.0], [2, 1]), 0.4, Normal(2.0, 3.0)),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_masses_are_those_of_the_density(name):
    """Each within a few units of 2^24 times the probability, the escape with what lies outside."""
    density = DENSITIES[name]
    tables = TableSet.from_density(density, -5, 20)
    masses = tables.masses()
    assert masses.sum() == TOTAL
    k = np.arange(-5, 21)
    told = density.cdf(k + 0.5) - density.cdf(k - 0.5)
    told = np.append(told, 1.0 - told.sum())
    np.testing.assert_allclose(masses, np.maximum(told * TOTAL, 1.0), rtol=1e-5, atol=2.0)
    assert tables.low[0] == -5
    assert tables.escape[0]


@hypothesis.given(
    name=st.sampled_from(sorted(DENSITIES)), seed=st.integers(0, 99), n=st.integers(0, 300)
)
@hypothesis.settings(max_examples=40, deadline=None)
def test_constriction_codes_with_a_table_what_the_coders_decode_and_back(name, seed, n):
    """The same words in both directions, for symbols of the table."""
    tables = TableSet.concatenate(
        [TableSet.from_density(Normal(), 0, 5), TableSet.from_density(DENSITIES[name], -5, 20)]
    )
    symbols = np.random.default_rng(seed).integers(-5, 21, n)
    model = tables.to_constriction(1)
    coder = Ans()
    coder.encode_reverse((symbols + 5).astype(np.int32), model)
    indexes = np.ones(n, np.int64)
    words = coder.get_compressed()
    np.testing.assert_array_equal(encode(symbols, tables, indexes, lanes=1), words)
    np.testing.assert_array_equal(decode(words, n, tables, indexes, lanes=1), symbols)
    ours = encode(symbols, tables, indexes, lanes=1)
    np.testing.assert_array_equal(Ans(ours).decode(model, n) - 5 if n else [], symbols)


def test_without_an_escape_every_mass_belongs_to_a_symbol():
    """The table has as many masses as symbols."""
    tables = TableSet.from_density(Normal(), -3, 3, escape=False)
    assert len(tables.masses()) == 7
    assert not tables.escape[0]


def test_what_makes_no_table_or_model_is_refused():
    """No symbols, no mass on them, one mass, no such table."""
    with pytest.raises(ValueError, match="enclose"):
        TableSet.from_density(Normal(), 3, 2)
    with pytest.raises(ValueError, match="no mass"):
        TableSet.from_density(Gamma(), -9, -3)
    with pytest.raises(ValueError, match="one mass"):
        TableSet.from_density(Normal(), 0, 0, escape=False).to_constriction()
    with pytest.raises(IndexError):
        TableSet.from_density(Normal(), 0, 5).to_constriction(1)
