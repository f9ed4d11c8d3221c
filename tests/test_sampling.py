"""Parts of arrays: what is kept whole, what is spread evenly, and that nothing else is taken."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.sampling import (
    SHORT_AXIS,
    random_places,
    rows_of,
    runs,
    sample_of,
    thinned,
    window,
)

SHAPES = st.lists(st.integers(1, 60), min_size=1, max_size=4).map(tuple) | st.sampled_from(
    [(200_000,), (3, 50_000), (50_000, 3), (300, 400), (17, 9000), (16, 40, 700), (2, 2, 9000, 2)]
)


@given(SHAPES, st.sampled_from([64, 1000, 1 << 14]))
@settings(deadline=None, max_examples=60)
def test_a_sample_tells_short_axes(shape: tuple[int, ...], most: int) -> None:
    """Short axes are whole, and the first and the last stay long; elements are of the array."""
    array = np.arange(prod(shape)).reshape(shape)
    sample = sample_of(array, most)
    for kept, size in zip(sample.shape, shape, strict=True):
        assert kept == size if size <= SHORT_AXIS else 1 <= kept <= size
    for end in (0, -1):
        assert (sample.shape[end] > SHORT_AXIS) == (shape[end] > SHORT_AXIS)
    assert sample.flags.c_contiguous
    assert 0 <= sample.min() <= sample.max() < array.size
    if array.size <= 2 * most:
        assert sample is array


@pytest.mark.parametrize("shape", [(512, 512), (2000, 100), (300, 300, 3), (82, 60, 49)])
def test_a_sample_sees_borders_and_middle_alike(shape: tuple[int, ...]) -> None:
    """Each quarter of each axis gets a quarter of the sample, give or take a third."""
    sample = np.unravel_index(sample_of(np.arange(prod(shape)).reshape(shape)).ravel(), shape)
    for along, size in zip(sample, shape, strict=True):
        if size > SHORT_AXIS:
            shares = np.bincount(4 * along // size) / along.size
            assert np.all(abs(shares - 0.25) < 0.085)


@pytest.mark.parametrize("most", [2048, 1 << 14, 1 << 17])
def test_a_sample_is_of_the_same_places_if_axes_move(most: int) -> None:
    """Channels in front or at the end, together or one: what is judged is the same samples."""
    array = np.arange(500 * 700 * 3).reshape(500, 700, 3)
    last = sample_of(array, most)
    first = sample_of(np.ascontiguousarray(array.transpose(2, 0, 1)), most)
    assert np.array_equal(first.transpose(1, 2, 0), last)


def test_blocks_are_not_on_a_diagonal() -> None:
    """Each quarter of a picture is sampled."""
    rows, columns = np.unravel_index(sample_of(np.arange(1 << 20).reshape(1024, -1)), (1024, 1024))
    quarters = 2 * (rows.ravel() // 512) + columns.ravel() // 512
    assert np.all(abs(np.bincount(quarters) / quarters.size - 0.25) < 0.07)


@given(SHAPES, st.integers(1, 5000), st.integers(0, 20))
@settings(deadline=None, max_examples=60)
def test_windows_are_views_of_about_that_size(
    shape: tuple[int, ...], most: int, index: int
) -> None:
    """A window shares memory and has whole short axes."""
    array = np.arange(prod(shape)).reshape(shape)
    part = window(array, most, index, 21)
    short = prod(size for size in shape if size <= SHORT_AXIS)
    assert np.shares_memory(part, array)
    assert part.size <= 4 * max(most, short)
    assert all(p == n for p, n in zip(part.shape, shape, strict=True) if n <= SHORT_AXIS)


@given(SHAPES, st.integers(1, 5000), st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_rows_are_of_the_array(shape: tuple[int, ...], most: int, places: int) -> None:
    """At least one row, and rows as long as they are where many of them fit."""
    array = np.arange(prod(shape)).reshape(shape)
    rows = rows_of(array, most, places)
    assert rows.size <= max(most, rows[:1].size) or rows is array
    assert np.unique(rows).size == rows.size
    if 32 * prod(shape[1:]) <= most:
        assert rows.shape[1:] == shape[1:]


def test_runs_are_consecutive_and_spread() -> None:
    """From the first element to the last; what is small is taken whole."""
    found = runs(np.arange(100_000).reshape(100, 1000), 1024, 32).reshape(-1, 32)
    assert np.all(np.diff(found, axis=1) == 1)
    assert (len(found), found[0, 0], found[-1, -1]) == (32, 0, 99_999)
    assert runs(np.arange(50).reshape(5, 10), 64).tolist() == list(range(50))


def test_thinning_keeps_every_kth() -> None:
    """Along the last axis, and all of a small array."""
    assert thinned(np.arange(100), 25).tolist() == list(range(0, 100, 4))
    assert thinned(np.arange(20).reshape(2, 10), 10).tolist() == [[0, 2, 4, 6, 8],
                                                                  [10, 12, 14, 16, 18]]  # fmt: skip
    assert thinned(np.arange(5), 25).size == 5


def test_random_places_keep_away_from_borders() -> None:
    """But lie somewhere where there is no room; the draw is the same every time."""
    margins = np.array([[2, 3], [9, 9], [0, 0]])
    places = random_places((50, 10, 4), margins, 1000, 2, 3)
    assert (places[0].min(), places[0].max()) == (2, 46)
    assert all(np.all((p >= 0) & (p < n)) for p, n in zip(places, (50, 10, 4), strict=True))
    assert np.all(places[2] == 3)
    again = random_places((50, 10, 4), margins, 1000, 2, 3)
    assert all(np.array_equal(a, b) for a, b in zip(places, again, strict=True))
