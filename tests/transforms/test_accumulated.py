"""Running sums in floating point: found by their increments, exact whatever the bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.transforms import accumulated
from compress.transforms.base import TIMES

from .chains import Children, assert_identical, check_step, forward, propose, round_trip

N = 20_000
RNG = np.random.default_rng(15)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("step", [0.1, 1 / 3, -0.7, 1e-9])
def test_one_increment_again_and_again_is_found(step: float, dtype: str) -> None:
    """All samples drift from the multiples of it, and all sums are right."""
    array = np.cumsum(np.full(N, step, dtype), dtype=dtype)
    assert check_step(accumulated, array) is not None
    parameters = propose(accumulated, array)
    assert parameters is not None
    numbers, misses = forward(accumulated, array, parameters) or ()
    assert np.ptp(numbers) == 0
    assert not misses.any()


@pytest.mark.parametrize("digits", [1, 2, 4])
@pytest.mark.parametrize("axis", [0, 1])
def test_running_sums_of_decimals_are_found(digits: int, axis: int) -> None:
    """Along either axis, from line to line anew."""
    numbers = RNG.integers(-999, 999, (90, 110))
    array = np.cumsum(numbers / 10**digits, axis=axis)
    parameters = check_step(accumulated, array)
    assert parameters == (0, digits, axis)
    found, misses = forward(accumulated, array, parameters) or ()
    assert np.array_equal(found, numbers)
    assert not misses.any()


def test_jumps_and_specials_miss_and_the_sums_go_on() -> None:
    """NaN, infinities and jumps cost a miss, the next sample starts anew."""
    array = np.cumsum(RNG.integers(1, 9, N) / 10)
    array[1000:] += np.pi
    array[[50, 7000]] = np.nan
    array[[60, 8000]] = -np.inf
    parameters = check_step(accumulated, array)
    assert parameters is not None
    _, misses = forward(accumulated, array, parameters) or ()
    assert np.mean(misses != 0) < 0.5


@given(
    seed=st.integers(0, 1000),
    shape=st.sampled_from([(1,), (40,), (6, 7), (3, 4, 5)]),
    dtype=st.sampled_from(["f4", "f8"]),
    base=st.sampled_from([0.1, -3e300, 5e-324, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_any_bits_come_back(seed: int, shape: tuple[int, ...], dtype: str, base: float) -> None:
    """NaN payloads, -0.0, infinities and sums that overflow."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    array = rng.integers(0, 256, size, np.uint8).view(dtype).reshape(shape).copy()
    special = np.array([-0.0, 0.0, np.inf, np.nan, np.finfo(dtype).max], dtype)
    where = rng.random(shape) < 0.4
    array[where] = rng.choice(special, np.count_nonzero(where))
    number = int(np.array([base]).view(np.int64)[0])
    for axis in range(array.ndim):
        for choice in ((TIMES, number), (0, 3)):
            with np.errstate(all="ignore"):
                back = round_trip(accumulated, array, (*choice, axis))
            assert back is not None
            assert_identical(array, back)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_noise_walks_and_decimals_are_no_sums(dtype: str) -> None:
    """Full mantissas have no simple increment; decimals themselves are simpler."""
    for array in (
        RNG.normal(size=N),
        np.cumsum(RNG.normal(size=N)),
        RNG.integers(0, 9999, N) / 100,
        np.zeros(N),
        np.full(N, np.nan),
    ):
        assert propose(accumulated, array.astype(dtype)) is None


@pytest.mark.parametrize(
    "parameters",
    [(), (0, 1), (0, 23, 0), (0, -1, 0), (1, 1, 0), (2, 0, 0), (2, 0x7FF0 << 48, 0), (0, 1, 1)],
)
def test_impossible_parameters_raise(parameters: tuple[int, ...]) -> None:
    """A power of ten that is exact, or a finite factor other than 0, and an axis."""
    with pytest.raises(CorruptError):
        accumulated.inverse(np.zeros, (5,), np.dtype(np.float64), parameters)


def test_misses_beyond_the_range_of_a_float_are_corrupt() -> None:
    """Float32 has no number that far above."""
    for miss in (1 << 31, -(1 << 32), (1 << 63) - 1, -(1 << 63)):
        planes = (np.zeros(3, np.int64), np.array([0, miss, 0]))
        with pytest.raises(CorruptError):
            accumulated.inverse(Children(planes), (3,), np.dtype(np.float32), (0, 1, 0))
