"""Numbers packed into one are found and taken apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction.common.entropy import plane_bits
from compress.transforms import digits
from compress.transforms.ordered import to_plane
from compress.transforms.step import Context

from .chains import Children, assert_identical, check_step, forward, round_trip

N = 40_000
RNG = np.random.default_rng(6)


def _entropy(values: np.ndarray) -> float:
    share = np.unique(values, return_counts=True)[1] / values.size
    return float(-np.sum(share * np.log2(share)))


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_identifiers_are_time_machine_and_counter(dtype: str) -> None:
    """22 bits below a time, as snowflake identifiers have: each part costs what it holds."""
    steps, machine, counter = (
        RNG.poisson(2, N),
        RNG.integers(0, 32, N),
        RNG.integers(0, 8, N),
    )
    time = 1_500_000_000_000 + np.cumsum(steps)
    array = to_plane(((time << 22) | (machine << 12) | counter).astype(dtype))
    assert check_step(digits, array) == (0, 1 << 12, 1 << 10)
    children = forward(digits, array, (0, 1 << 12, 1 << 10))
    assert children is not None
    bits = 5 + 3 + _entropy(steps)
    assert sum(map(plane_bits, children)) < 1.02 * bits * N


def test_channels_of_a_packed_pixel_are_found() -> None:
    """Four bytes in one integer, three of which change slowly and one not at all."""
    channels = (128 + np.cumsum(RNG.integers(-2, 3, (N, 3)), axis=0)) % 256
    array = channels @ np.array([1, 256, 65536]) + (255 << 24)
    parameters = check_step(digits, array)
    assert parameters is not None
    assert set(parameters) <= {0, 1 << 8, 1 << 16}
    children = forward(digits, array, parameters)
    assert children is not None
    assert np.array_equal(children[0] % 256, channels[:, 0])
    assert sum(map(plane_bits, children)) < 1.03 * 3 * np.log2(5) * N


def test_channels_that_go_together_are_differences_to_one() -> None:
    """Light that all channels share is coded once."""
    light = 128 + np.cumsum(RNG.integers(-30, 31, N)) % 64
    channels = light[:, np.newaxis] + RNG.integers(-1, 2, (N, 3))
    array = channels @ np.array([1, 256, 65536])
    parameters = check_step(digits, array)
    assert parameters is not None
    assert parameters[0] > 0
    together = sum(map(plane_bits, forward(digits, array, parameters) or ()))
    apart = sum(map(plane_bits, forward(digits, array, (0, *parameters[1:])) or ()))
    assert together < 0.75 * apart


def test_dates_in_decimal_digits_are_year_month_and_day() -> None:
    """Year, month and day written behind one another."""
    days = np.datetime64("2001-01-01") + RNG.integers(0, 8000, N).astype("m8[D]")
    array = np.array([int(str(day).replace("-", "")) for day in days])
    parameters = check_step(digits, array)
    assert parameters is not None
    assert parameters in {(0, 100, 100), (0, 10_000)}
    children = forward(digits, array, parameters)
    assert children is not None
    assert sum(map(plane_bits, children)) < (np.log2(8000) + 0.2) * N


@pytest.mark.parametrize(
    "array",
    [
        RNG.integers(-(1 << 62), 1 << 62, N),
        RNG.integers(0, 100_000, N),
        np.rint(RNG.normal(0, 1e6, N)).astype(np.int64),
        to_plane(RNG.normal(size=N)),
        np.cumsum(RNG.integers(-900, 1000, N)),
        np.arange(N) * 7,
        np.zeros(N, np.int64),
    ],
    ids=["wide", "uniform", "normal", "floats", "walk", "ramp", "zeros"],
)
def test_one_number_is_left_whole(array: np.ndarray) -> None:
    """Numbers of any range and smoothness are not taken apart."""
    assert list(digits.candidates(array, Context())) == []


@given(
    array=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20),
    radices=st.lists(st.sampled_from([2, 3, 10, 100, 256, 1 << 15]), min_size=1, max_size=4),
    reference=st.integers(0, 4),
)
@settings(deadline=None)
def test_all_radices_are_exact(array: list[int], radices: list[int], reference: int) -> None:
    """Signed numbers too, and radices that are no powers of two."""
    plane = np.array(array, np.int64)
    back = round_trip(digits, plane, (min(reference, len(radices)), *radices))
    assert back is not None
    assert_identical(plane, back)


@pytest.mark.parametrize(
    ("parameters", "lowest"),
    [
        ((), [0]),
        ((0,), [0]),
        ((0, 1), [0]),
        ((0, 4), [4]),
        ((0, 4), [-1]),
        ((2, 4), [0]),
        ((1, 4), [4]),
        ((0, 1 << 40, 1 << 40), [0]),
    ],
)
def test_numbers_that_cannot_be_are_refused(parameters: tuple[int, ...], lowest: list[int]) -> None:
    """No radix, a number that is not below it, or more than 62 bits below the highest number."""
    planes = (np.array(lowest, np.int64), *[np.zeros(1, np.int64)] * 2)
    with pytest.raises(CorruptError):
        digits.inverse(Children(planes), (1,), np.dtype(np.int64), parameters)
