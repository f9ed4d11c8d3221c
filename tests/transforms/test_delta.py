"""Differences: plain or modulo a number, of the order that leaves least."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction.common.entropy import plane_bits
from compress.transforms import delta
from compress.transforms.step import Context

from .chains import Children, assert_identical, forward, propose, round_trip

N = 40_000
STEP = 0x9E3779B9
RNG = np.random.default_rng(3)


@pytest.mark.parametrize("low", [0, -(1 << 31)])
def test_a_constant_step_modulo_a_power_of_two_is_one_difference(low: int) -> None:
    """A counter of 32 bits, unsigned or signed, that leaps by most of its range."""
    array = (np.arange(N) * STEP) % (1 << 32) + low
    parameters = propose(delta, array)
    assert parameters is not None
    assert parameters[:3] == (1, 1 << 32, low)
    (differences,) = forward(delta, array, parameters) or ()
    assert np.ptp(differences) == 0


@pytest.mark.parametrize("modulus", [256, 1000, 1 << 16, 1440, 1 << 32])
def test_a_step_that_changes_slowly_is_small_in_second_differences(modulus: int) -> None:
    """Second differences modulo what the values wrap at."""
    array = np.cumsum(5 * modulus // 8 + np.cumsum(RNG.integers(-1, 2, N))) % modulus
    parameters = propose(delta, array)
    assert parameters is not None
    assert parameters[:3] == (2, modulus, 0)
    (differences,) = forward(delta, array, parameters) or ()
    assert np.abs(differences).max() == 1


def test_linear_pieces_leave_their_corners() -> None:
    """Straight lines of 100 samples: second differences are zero but at the corners."""
    array = np.cumsum(np.repeat(RNG.integers(-1000, 1000, N // 100), 100))
    parameters = propose(delta, array)
    assert parameters is not None
    assert parameters[:3] == (2, 0, 0)
    (differences,) = forward(delta, array, parameters) or ()
    assert np.count_nonzero(differences) <= N // 100
    assert plane_bits(differences) < 0.25 * N


def test_regular_steps_with_rare_gaps_show_in_first_differences() -> None:
    """What recurs among the differences is for later steps."""
    array = np.cumsum(np.where(RNG.random(N) < 0.01, RNG.integers(0, 10**6, N), 60))
    assert propose(delta, array) == (1, 0, 0, int(array[0]))


@pytest.mark.parametrize(
    "array",
    [
        RNG.integers(-(1 << 62), 1 << 62, N),
        RNG.integers(0, 256, N),
        np.rint(RNG.normal(0, 1e6, N)).astype(np.int64),
        np.cumsum(RNG.integers(-9, 10, N)),
        np.zeros(N, np.int64),
        np.cumsum(RNG.integers(-9, 10, (200, 200)), axis=0),
    ],
    ids=["wide", "bytes", "normal", "walk", "zeros", "picture"],
)
def test_nothing_is_proposed_where_differences_gain_nothing(array: np.ndarray) -> None:
    """Noise has none, and every plane model sees the differences of a walk."""
    assert list(delta.candidates(array, Context())) == []


moduli = st.one_of(st.just(0), st.integers(2, 300), st.sampled_from([1 << 32, delta.MAX_MODULUS]))


@given(
    numbers=st.lists(st.integers(0, (1 << 64) - 1), min_size=4, max_size=40),
    order=st.integers(1, delta.MAX_ORDER),
    modulus=moduli,
    low=st.integers(-(1 << 61), 1 << 61),
)
@settings(max_examples=300, deadline=None)
def test_every_order_and_modulus_is_exact(
    numbers: list[int], order: int, modulus: int, low: int
) -> None:
    """Values near the ends of a range or of int64 come back."""
    if modulus:
        plane = np.array([low + number % modulus for number in numbers], np.int64)
    else:
        low, plane = 0, np.array(numbers, np.uint64).view(np.int64)
    parameters = delta._parameters(plane, order, modulus, low)
    back = round_trip(delta, plane, parameters)
    assert back is not None
    assert_identical(plane, back)


@pytest.mark.parametrize(
    ("parameters", "differences"),
    [
        ((1, 10, 0), [1, 1]),
        ((1, 10, 0, 10), [1, 1]),
        ((1, 10, 0, 3), [1, 5]),
        ((1, 10, 0, 3), [1, -6]),
        ((2, 10, 0, 3, 7), [1]),
        ((4, 0, 0, 1, 1, 1, 1), []),
        ((3, 0, 0, 1, 1, 1), []),
        ((1, 1 << 62, 0, 1), [1, 1]),
        ((), [1, 1]),
    ],
)
def test_differences_that_cannot_be_are_refused(
    parameters: tuple[int, ...], differences: list[int]
) -> None:
    """Starts and differences outside the modulus, orders as long as the array."""
    read = Children((np.array(differences, np.int64),))
    with pytest.raises(CorruptError):
        delta.inverse(read, (3,), np.dtype(np.int64), parameters)
