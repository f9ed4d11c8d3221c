"""Integers over many orders of magnitude: bins, the bits that follow, and how they are packed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.errors import CorruptError
from compress.transforms import binned
from compress.transforms.ordered import to_plane
from compress.transforms.packed import pack, unpack

from .chains import Children, assert_identical, check_step, forward, propose, round_trip

N = 20_000
RNG = np.random.default_rng(16)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@given(
    array=hnp.arrays(
        np.int64,
        hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=9),
        elements=st.one_of(INT64, st.integers(-99, 99), st.integers(-(1 << 40), 1 << 40)),
    ),
    leading=st.integers(2, 16),
)
@settings(max_examples=100, deadline=None)
def test_any_plane_comes_back(array: np.ndarray, leading: int) -> None:
    """Or is declined, where the bits that follow would be more words than samples."""
    back = round_trip(binned, array, (leading,))
    if back is not None:
        assert_identical(array, back)
    else:
        assert np.abs(array.astype(np.float64)).max() > 2.0**56


def test_bins_are_in_the_order_of_the_numbers() -> None:
    """Small numbers are their own bins, and no bin holds smaller ones than the bin before."""
    values = np.unique(np.concatenate([RNG.integers(-k, k, 300) for k in (9, 999, 1 << 50)]))
    bins, _ = forward(binned, values, (3,)) or ()
    assert np.all(np.diff(bins) >= 0)
    assert np.array_equal(bins[np.abs(values) < 8], values[np.abs(values) < 8])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_steps_of_a_walk_in_full_mantissas_are_binned(dtype: str) -> None:
    """They are as wide as the mantissa, which changes with the place."""
    steps = np.diff(to_plane(np.cumsum(RNG.normal(size=N)).astype(dtype)))
    assert check_step(binned, steps) == (binned.LEADING,)


def test_noise_of_one_scale_and_small_numbers_are_not_binned() -> None:
    """One table serves them."""
    for array in (
        RNG.integers(0, 1 << 60, N),
        np.rint(RNG.normal(0, 1e15, N)).astype(np.int64),
        np.rint(RNG.normal(0, 300, N)).astype(np.int64),
        RNG.integers(0, 2, N),
    ):
        assert propose(binned, array) is None


@pytest.mark.parametrize("bins", [[1 << 40, 0], [256, 0], [-257, 0], [-(1 << 63), 0]])
def test_bins_beyond_64_bits_are_corrupt(bins: list[int]) -> None:
    """Nothing is read for them."""
    read = Children((np.array(bins), np.zeros(2, np.int64)))
    with pytest.raises(CorruptError):
        binned.inverse(read, (2,), np.dtype(np.int64), (3,))
    assert read.asked == [(2,)]


def test_more_words_than_samples_are_corrupt() -> None:
    """Two samples whose bits would fill three words."""
    read = Children((np.array([243, 243]), np.zeros(3, np.int64)))
    with pytest.raises(CorruptError):
        binned.inverse(read, (2,), np.dtype(np.int64), (3,))


@given(
    numbers=st.lists(
        st.integers(0, 63).flatmap(
            lambda width: st.tuples(st.integers(0, (1 << width) - 1), st.just(width))
        ),
        max_size=60,
    )
)
def test_packed_numbers_come_back(numbers: list[tuple[int, int]]) -> None:
    """Of any widths, across words, in as few words as possible and none of more than 56 bits."""
    values = np.array([value for value, _ in numbers], np.int64)
    widths = np.array([width for _, width in numbers], np.int64)
    words = pack(values, widths)
    assert words.size == -(-int(widths.sum()) // 56)
    assert np.all((words >> 56) == 0)
    assert np.array_equal(unpack(words, widths), values)
