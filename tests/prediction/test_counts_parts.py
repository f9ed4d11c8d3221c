"""The parts of the counting model: tree, code lengths, logistic tables, linear prediction."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.coders import encode_decisions
from compress.coders.lanes import open_lane
from compress.prediction.counts.contexts import RECIPES
from compress.prediction.counts.layout import padding
from compress.prediction.counts.lengths import LONGEST, code_lengths, symbol_lengths, weights_of
from compress.prediction.counts.linear import predict, regress
from compress.prediction.counts.logistic import (
    SQUASH,
    SQUASH_HALF,
    SQUASH_STEPS,
    STRETCH,
    initial_cells,
)
from compress.prediction.counts.tree import build_tree

NONE = np.zeros(0, dtype=np.uint32)


@settings(deadline=None)
@given(st.lists(st.integers(1, 1 << 30), min_size=2, max_size=200))
def test_a_tree_leads_to_every_symbol_in_order(weights: list[int]) -> None:
    """Answering "at least the middle?" truthfully ends at the symbol, after its depth."""
    tree = build_tree(np.array(weights, dtype=np.int64))
    for symbol in range(len(weights)):
        node, steps = 0, 0
        while node >= 0:
            low, middle, high, _, place, depth, _ = tree.nodes[node].tolist()
            assert low <= symbol < high
            assert low < middle < high
            assert 1 <= place <= 7
            assert depth == steps
            node = int(tree.children[node, int(symbol >= middle)])
            steps += 1
        assert node == -1 - symbol
        assert tree.depth[symbol] == steps


@settings(deadline=None)
@given(st.lists(st.integers(1, 1 << 30), min_size=2, max_size=200))
def test_a_tree_is_balanced_by_weight(weights: list[int]) -> None:
    """Depths stay within the bound for weight-balanced alphabetic trees: entropy plus two."""
    w = np.array(weights, dtype=np.float64)
    tree = build_tree(np.array(weights, dtype=np.int64))
    p = w / w.sum()
    assert (p * tree.depth).sum() <= -(p * np.log2(p)).sum() + 2.0


@settings(deadline=None)
@given(st.lists(st.integers(0, LONGEST), min_size=1, max_size=300))
def test_code_lengths_round_trip(lengths: list[int]) -> None:
    """Whatever lengths are coded come back, and the coder ends empty."""
    coded = np.array(lengths, dtype=np.int64)
    masses = np.empty(64 * len(lengths), dtype=np.uint32)
    zero = np.uint64(0)
    _, _, count = code_lengths(coded, masses, NONE, zero, zero)
    words = np.append(encode_decisions(masses[:count]), np.uint32(0))
    state, place = (np.uint64(part) for part in open_lane(words, 0, len(words) - 1))
    decoded = np.zeros(len(lengths), dtype=np.int64)
    state, place, _ = code_lengths(decoded, NONE, words, state, place)
    assert (state, place) == (0, 0)
    assert decoded.tolist() == lengths


def test_code_lengths_follow_the_counts() -> None:
    """Length is one plus the rounded information; absent symbols have none."""
    lengths = symbol_lengths(np.array([512, 256, 0, 255, 1]))
    assert lengths.tolist() == [2, 3, 0, 3, 11]
    assert (np.diff(weights_of(np.arange(1, LONGEST + 1))) < 0).all()


def test_stretch_and_squash_are_the_logistic_function_and_its_inverse() -> None:
    """Tables made by series agree with the mathematical library."""
    p = (np.arange(4096) + 0.5) / 4096
    np.testing.assert_allclose(STRETCH, np.log(p / (1 - p)), rtol=1e-6, atol=1e-6)
    x = (np.arange(2 * SQUASH_HALF) - SQUASH_HALF) / SQUASH_STEPS
    np.testing.assert_allclose(SQUASH / 2.0**24, 1 / (1 + np.exp(-x)), atol=1e-7)
    assert SQUASH.min() > 0
    assert SQUASH.max() < 1 << 24


def test_initial_cells_hold_the_probability_of_any_weights() -> None:
    """Also where 22 more bits would overflow."""
    ones = np.array([1, 1 << 20, 3 << 49, 1 << 9], dtype=np.int64)
    totals = np.array([2, 1 << 22, 1 << 51, 1 << 50], dtype=np.int64)
    cells = initial_cells(ones, totals, 5)
    assert (cells & 1023 == 5).all()
    p = (cells >> 10) / 2.0**22
    np.testing.assert_allclose(p, np.maximum(ones / totals, 2.0**-14), atol=1e-6)


def test_linear_prediction_finds_the_coefficients() -> None:
    """Recursive least squares recovers 0.5 a - 0.25 b + 0.3 from noisy samples."""
    rng = np.random.default_rng(0)
    coefficients, covariance = np.zeros(3), 1000.0 * np.eye(3)
    gain = np.zeros(3)
    for a, b, noise in rng.random((2000, 3)):
        x = np.array([a, b, 1.0])
        value = 0.5 * a - 0.25 * b + 0.3 + 0.01 * (noise - 0.5)
        regress(coefficients, covariance, x, gain, value - predict(coefficients, x))
    np.testing.assert_allclose(coefficients, [0.5, -0.25, 0.3], atol=0.01)


def test_linear_prediction_survives_constant_and_extreme_input() -> None:
    """Without excitation nothing grows beyond bounds, and the guess stays in the alphabet."""
    coefficients, covariance = np.zeros(2), 1000.0 * np.eye(2)
    gain = np.zeros(2)
    for i in range(20000):
        x = np.array([0.0 if i % 1000 else 1.0, 1.0])
        guess = predict(coefficients, x)
        assert 0.0 <= guess <= 1.0
        regress(coefficients, covariance, x, gain, (i % 2) - guess)
    assert np.isfinite(covariance).all()
    assert predict(np.array([math.nan, 0.0]), np.ones(2)) == 0.0
    assert predict(np.array([math.inf, 0.0]), np.ones(2)) == 1.0


def test_every_recipe_fits_every_shape() -> None:
    """Lags are at least one, centres sum to two, and contexts name centres that exist."""
    for shape in ((1,), (5,), (1, 1), (4, 1), (1, 9), (8, 2), (8, 3), (9, 40), (3, 4, 5, 6)):
        for make in RECIPES:
            recipe = make(shape)
            centres = len(recipe.centres) + bool(recipe.linear)
            lags = [lag for context in recipe.hashed for lag in context]
            lags += [lag for terms in recipe.centres for lag, _ in terms]
            assert recipe.hashed or not recipe.second
            assert all(lag >= 1 for lag in (*lags, *recipe.linear, *recipe.matches))
            assert all(sum(factor for _, factor in terms) == 2 for terms in recipe.centres)
            for kind, first, other in recipe.relatives:
                assert kind in {0, 1, 2}
                assert 0 <= first < centres
                assert 0 <= other < centres
            assert padding(recipe) == max((*lags, *recipe.linear, 0))
