"""Repeats at any distance are left out where that pays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction.common.entropy import plane_bits
from compress.transforms import matched
from compress.transforms.matched import ROWS, SAMPLES, _matches
from compress.transforms.matches import fingerprints, number_rows
from compress.transforms.step import Context, found_on

from .chains import Children, assert_identical, forward, round_trip

N = 20_000
RNG = np.random.default_rng(5)
WIDE = RNG.integers(-(1 << 62), 1 << 62, N)


def _least_bits(array: np.ndarray) -> float:
    """Bits of the cheapest candidate, by the estimate."""
    costs = []
    for parameters in matched.candidates(array, Context()):
        assert all(type(p) is int for p in parameters)
        back = round_trip(matched, array, parameters)
        assert back is not None
        assert_identical(array, back)
        costs.append(sum(map(plane_bits, forward(matched, array, parameters) or ())))
    return min(costs, default=np.inf)


def test_fingerprints_are_equal_where_pieces_are() -> None:
    """The order of units counts, and the same piece has the same number at every place."""
    units = np.tile(RNG.integers(-(1 << 60), 1 << 60, 50), 3)
    for length in (1, 4, 32):
        keys = np.empty(units.size - length + 1, np.int64)
        assert fingerprints(units, length, 31, keys) == keys.size
        assert np.unique(keys).size == 50
        assert np.array_equal(keys[:50], keys[50:100])
        few = np.empty(keys.size, np.int64)
        count = fingerprints(units, length, 29, few)
        assert np.array_equal(few[:count], keys[keys < 1 << 29])


def test_rows_are_numbered_alike_where_they_are_equal() -> None:
    """The order of samples counts, and so does each of them."""
    rows = RNG.integers(-(1 << 63), (1 << 63) - 1, (1000, 7))
    rows[500:] = rows[:500]
    changed = rows[:500].copy()
    changed[np.arange(500), RNG.integers(0, 7, 500)] += 1
    numbers = np.empty(1500, np.int64)
    number_rows(np.concatenate([rows, changed]), numbers)
    assert np.array_equal(numbers[:500], numbers[500:1000])
    assert np.unique(numbers).size == 1000


def test_a_search_serves_the_split_of_the_same_array_only() -> None:
    """What stands beside the parameters is not used for another array, and changes nothing."""
    array = np.resize(WIDE[:1000], N)
    parameters = next(matched.candidates(array, Context()))
    assert found_on(parameters, array) is not None
    assert found_on(parameters, array.copy()) is None
    assert found_on(tuple(parameters), array) is None
    one, other = matched.split(array, parameters), matched.split(array, tuple(parameters))
    assert one is not None
    assert other is not None
    for child, same in zip(one, other, strict=True):
        assert np.array_equal(child.plane, same.plane)


def test_a_period_costs_one_period() -> None:
    """Wide samples that repeat exactly."""
    assert _least_bits(np.resize(WIDE[:1000], N)) < 1.02 * 63 * 1000 + 1000


def test_runs_cost_one_value_each() -> None:
    """250 equal samples at a time."""
    array = np.repeat(RNG.integers(-2000, 2000, N // 250), 250)
    assert _least_bits(array) < 15 * N / 250 + 1000


def test_blocks_that_come_again_are_left_out() -> None:
    """Pieces of 100 samples, each of which occurs about four times anywhere."""
    blocks = WIDE[:5000].reshape(50, 100)
    array = blocks[RNG.integers(0, 50, N // 100)].reshape(-1)
    assert _least_bits(array) < 1.05 * 63 * 5000 + 20 * N / 100


def test_rows_that_come_again_are_left_out() -> None:
    """Rows of 20 samples, 100 different ones in any order."""
    array = np.ascontiguousarray(WIDE[:2000].reshape(100, 20)[RNG.integers(0, 100, N // 20)])
    assert _least_bits(array) < 1.02 * 63 * 2000 + 9 * N / 20
    assert any(parameters[0] == ROWS for parameters in matched.candidates(array, Context()))


def test_wide_values_that_come_again_one_by_one_are_left_out() -> None:
    """A match of one sample pays where a sample is wide, however many there are."""
    array = WIDE[:5000][RNG.integers(0, 5000, N)]
    distinct = np.unique(array).size
    assert _least_bits(array) < 1.03 * (63 * distinct + (np.log2(N) + 1) * (N - distinct))


def test_text_costs_less_than_its_letters() -> None:
    """Words that come again, as bytes."""
    words = [RNG.integers(97, 123, length) for length in RNG.integers(2, 12, 800)]
    text = np.concatenate([words[int(800 * share**3)] for share in RNG.random(4000)])
    assert _least_bits(text) < 0.85 * plane_bits(text)


@pytest.mark.parametrize(
    "array",
    [
        WIDE,
        RNG.integers(0, 256, N),
        RNG.integers(0, 4, N),
        np.cumsum(RNG.integers(-9, 10, N)),
        (RNG.random(N) < 0.01).astype(np.int64),
        np.zeros(N, np.int64),
        np.cumsum(RNG.integers(-9, 10, (200, 200)), axis=0),
    ],
    ids=["wide", "bytes", "few", "walk", "sparse", "zeros", "picture"],
)
def test_what_does_not_recur_is_left_alone(array: np.ndarray) -> None:
    """Noise and walks, and what costs next to nothing anyway."""
    assert list(matched.candidates(array, Context())) == []


@given(
    array=st.lists(st.sampled_from([0, 1, 1 << 62, -(1 << 63)]), min_size=1, max_size=80),
    least=st.integers(1, 9),
)
@settings(max_examples=200, deadline=None)
def test_every_parse_is_exact(array: list[int], least: int) -> None:
    """Matches that overlap themselves, one after another or none."""
    plane = np.array(array, np.int64)
    back = round_trip(matched, plane, (SAMPLES, least, _matches(plane, least)[0].size))
    assert back is not None
    assert_identical(plane, back)


@pytest.mark.parametrize(
    ("runs", "lengths", "distances", "parameters"),
    [
        ([0], [0], [1], (0, 2, 1)),
        ([1], [0], [2], (0, 2, 1)),
        ([1], [0], [0], (0, 2, 1)),
        ([1], [0], [-1], (0, 2, 1)),
        ([-1], [0], [1], (0, 2, 1)),
        ([3], [0], [1], (0, 2, 1)),
        ([1], [3], [1], (0, 2, 1)),
        ([1], [-1], [1], (0, 2, 1)),
        ([1, 0], [1, 1], [1, 1], (0, 2, 2)),
        ([1], [1 << 62], [1], (0, 2, 1)),
        ([1], [0], [1], (0, 0, 1)),
        ([1] * 3, [0] * 3, [1] * 3, (0, 2, 3)),
    ],
)
def test_matches_that_cannot_be_are_refused(
    runs: list[int], lengths: list[int], distances: list[int], parameters: tuple[int, ...]
) -> None:
    """Matches of nothing, outside the array, or more than it has room for."""
    literals = np.arange(max(0, 4 - sum(lengths) - parameters[1] * len(lengths)))
    read = Children(
        (*(np.array(plane, np.int64) for plane in (runs, lengths, distances)), literals)
    )
    with pytest.raises(CorruptError):
        matched.inverse(read, (4,), np.dtype(np.int64), parameters)
