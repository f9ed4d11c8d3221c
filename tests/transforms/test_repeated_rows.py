"""Rows within rows that repeat, rare repeats of wide samples, and flags at regular distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.errors import CorruptError
from compress.transforms import repeated, sparse

from .chains import assert_identical, check_step, forward, propose, round_trip

RNG = np.random.default_rng(11)


def _held(count: int, shape: tuple[int, ...], share: float) -> np.ndarray:
    """Rows of wide samples, so many of which repeat the one before."""
    rows = RNG.integers(-(1 << 62), 1 << 62, (count, *shape))
    kept = RNG.random(count) >= share
    kept[0] = True
    return rows[np.maximum.accumulate(np.where(kept, np.arange(count), 0))]


def test_draws_that_repeat_within_their_chain_are_left_out() -> None:
    """Each chain stays at its own times, so no row of all chains ever repeats."""
    draws = np.stack([_held(500, (8,), 0.25) for _ in range(4)])
    assert check_step(repeated, draws) == (1, 1, repeated.MERGED)
    flags, kept = forward(repeated, draws, (1, 1, repeated.MERGED)) or ()
    assert flags.shape == (1999,)
    assert kept.shape == (1 + flags.sum(), 8)


def test_channels_that_are_held_at_their_own_times_are_left_out() -> None:
    """One run of samples after another, in all channels."""
    channels = np.stack([_held(3000, (), 0.5) for _ in range(3)])
    assert check_step(repeated, channels) == (1, 1, repeated.MERGED)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_rare_repeats_of_wide_samples_are_left_out(share: float) -> None:
    """One full mantissa saved in twenty pays for all flags."""
    assert check_step(repeated, _held(20_000, (), share)) == (1,)


def test_rare_repeats_of_narrow_samples_are_kept() -> None:
    """Small numbers are equal by chance, and flags cost what they save."""
    assert propose(repeated, RNG.integers(0, 8, 20_000)) is None
    assert propose(repeated, np.cumsum(RNG.integers(-2, 3, 20_000))) is None


@given(
    array=hnp.arrays(
        np.int64, st.sampled_from([(2, 3), (3, 4, 2), (1, 5)]), elements=st.integers(0, 1)
    ),
    lag=st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_merged_axes_come_back(array: np.ndarray, lag: int) -> None:
    """Whatever repeats at whatever lag."""
    for axis in range(array.ndim):
        back = round_trip(repeated, array, (lag, axis, repeated.MERGED))
        if back is not None:
            assert_identical(array, back)


@pytest.mark.parametrize("parameters", [(1, 2, 1), (1, 1, 2), (35, 1, 1), (1, 1, 1, 1), (0, 0, 1)])
def test_impossible_merged_axes_raise(parameters: tuple[int, ...]) -> None:
    """An axis of the plane, merged, and a lag within the rows, or an error."""
    with pytest.raises(CorruptError):
        repeated.inverse(np.zeros, (5, 7), np.dtype(np.int64), parameters)


def test_flags_at_regular_distances_become_distances() -> None:
    """Values held for 1 to 9 steps: lengths of runs cost less than flags."""
    lengths = RNG.integers(1, 10, 3000)
    flags = np.zeros(lengths.sum(), np.int64)
    flags[np.cumsum(lengths) - 1] = 1
    assert check_step(sparse, flags) == (0, 3000)
    _, gaps = forward(sparse, flags, (0, 3000)) or ()
    assert np.array_equal(gaps, lengths - 1)


def test_independent_flags_stay_flags() -> None:
    """Their distances have no structure either."""
    assert propose(sparse, (RNG.random(20_000) < 0.2).astype(np.int64)) is None
    assert propose(sparse, RNG.integers(0, 2, 20_000)) is None
