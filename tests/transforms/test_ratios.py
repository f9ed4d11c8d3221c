"""Ratios of counts: found with their factor, listed once, exact, and safe if damaged."""

from __future__ import annotations

import numpy as np
import pytest

from compress.errors import CorruptError
from compress.transforms import ratios
from compress.transforms.special import COMPACT, FILLED, MARKED
from compress.transforms.step import Context

from .chains import Children, assert_identical, check_step, forward, propose, round_trip

N = 20_000
RNG = np.random.default_rng(13)


def _counts() -> tuple[np.ndarray, np.ndarray]:
    of = RNG.integers(1, 120, N)
    return RNG.binomial(of, 0.4), of


@pytest.mark.parametrize("factor", [1, 100, 1000, 1_000_000])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_ratios_of_counts_are_found(factor: int, dtype: str) -> None:
    """Shares, percentages and rates, computed in the precision that they are kept in."""
    some, of = (counts.astype(dtype) for counts in _counts())
    array = some / of * np.asarray(factor, dtype)
    parameters = check_step(ratios, array)
    assert parameters is not None
    mask, indexes, denominators, rest = forward(ratios, array, parameters) or ()
    assert not mask.any()
    assert denominators.max() < 120
    assert denominators.size == np.unique(array).size == indexes.max() + 1
    assert set(rest.tolist()) <= {0, 1}
    assert np.all(np.diff(array[np.argsort(indexes, kind="stable")]) >= 0)


def test_percentages_rounded_to_float32_are_found() -> None:
    """Computed in float64, kept in float32."""
    some, of = _counts()
    parameters = check_step(ratios, (some / of * 100).astype("f4"))
    assert parameters is not None
    assert parameters[:2] == (100, ratios.DOUBLE)


def test_negative_ratios_and_means_are_found() -> None:
    """Numerators far larger than denominators, of either sign."""
    of = RNG.integers(1, 300, N)
    array = RNG.integers(-50_000, 50_000, N) / of
    assert check_step(ratios, array) is not None


def test_what_is_no_ratio_is_set_apart() -> None:
    """NaN of 0 / 0 with any payload, infinities, -0.0 and full mantissas."""
    some, of = _counts()
    array = some / of
    array[::50] = np.nan
    array[1::700] = -0.0
    array[2::700] = np.inf
    array[3::700] = RNG.normal(size=array[3::700].size)
    array.view(np.uint64)[4] = 0x7FF8_0000_0000_1234
    parameters = check_step(ratios, array)
    assert parameters is not None
    assert len(parameters) > 3


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_any_bits_come_back(dtype: str) -> None:
    """Every bit pattern is a ratio or is listed."""
    array = RNG.integers(0, 256, 8 * 3000, np.uint8).view(dtype)
    for factor in (1, 100):
        for precision in (ratios.NATIVE, ratios.DOUBLE):
            with np.errstate(all="ignore"):
                back = round_trip(ratios, array, (factor, precision, 0))
            assert back is not None
            assert_identical(array, back)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_noise_decimals_and_multiples_are_no_ratios(dtype: str) -> None:
    """Full mantissas are none; where one denominator serves all there are better steps."""
    for array in (RNG.normal(size=N), RNG.integers(0, 9999, N) / 100, RNG.integers(1, 99, N) / 7):
        assert propose(ratios, array.astype(dtype)) is None


@pytest.mark.parametrize(
    ("indexes", "denominators", "rest"),
    [
        ([0, 2, 1], [1, 0, 3], [1, 1, 1]),
        ([0, 2, 1], [1, 2, 1 << 24], [1, 1, 1]),
        ([0, 2, 1], [1, 2, 3], [1 << 24, 1, 1]),
        ([0, 2, 1], [1, 2, 3], [-(1 << 63), 1, 1]),
        ([0, 3, 1], [1, 2, 3], [1, 1, 1]),
        ([0, -1, 1], [1, 2], [1, 1]),
    ],
)
def test_impossible_ratios_raise(
    indexes: list[int], denominators: list[int], rest: list[int]
) -> None:
    """Denominators and numerators of at most 24 bits, indexes of ratios that there are."""
    planes = tuple(np.array(plane, np.int64) for plane in ([0] * 3, indexes, denominators, rest))
    with pytest.raises(CorruptError):
        ratios.inverse(Children(planes), (3,), np.dtype(np.float64), (1, 0, 0))


def test_marked_ratios_come_back() -> None:
    """Holes in the plane of indexes are below all of them."""
    some, of = _counts()
    array = (some / of).reshape(100, -1)
    array[20:60, 30:90] = np.nan
    layouts = [parameters[2] for parameters in ratios.candidates(array, Context())]
    assert layouts == [FILLED, COMPACT, MARKED]
    for parameters in ratios.candidates(array, Context()):
        back = round_trip(ratios, array, parameters)
        assert back is not None
        assert_identical(array, back)
