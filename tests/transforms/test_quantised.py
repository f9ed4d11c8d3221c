"""The error bound holds for every finite sample, exactly; everything else is exact."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import compress
from compress.transforms import quantised

from .chains import assert_identical, forward, propose, round_trip


def check_bound(array: np.ndarray, max_error: float) -> bool:
    """Whether the step took the array; if so, compare in exact rational arithmetic."""
    parameters = propose(quantised, array, max_error)
    if parameters is None:
        return False
    back = round_trip(quantised, array, parameters)
    assert back is not None
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    bound = Fraction(max_error)
    for x, y in zip(array.ravel().tolist(), back.ravel().tolist(), strict=True):
        if isinstance(x, float) and not math.isfinite(x):
            continue
        assert math.isfinite(y)
        assert abs(Fraction(x) - Fraction(y)) <= bound
    if array.dtype.kind == "f":
        special = ~np.isfinite(array)
        assert_identical(array[special], back[special])
    return True


finite = st.floats(allow_nan=True, allow_infinity=True)
bounds = st.floats(min_value=0, exclude_min=True, allow_infinity=False, allow_nan=False)


@given(
    values=st.lists(finite, min_size=1, max_size=40),
    max_error=bounds,
    dtype=st.sampled_from(["f2", "f4", "f8"]),
)
@example(values=[0.1, 0.30000000000000004, 1e308, 5e-324], max_error=1e-1, dtype="f8")
@settings(max_examples=400, deadline=None)
def test_bound_holds_for_any_floats_and_any_bound(
    values: list[float], max_error: float, dtype: str
) -> None:
    """Arbitrary floats, NaN, infinities and denormals under arbitrary bounds."""
    with np.errstate(over="ignore"):
        array = np.array(values, dtype)
    check_bound(array, max_error)


@given(
    seed=st.integers(0, 99),
    exponent=st.integers(-40, 37),
    ratio=st.sampled_from([0.3, 0.6, 1.0, 1.5, 7.3, 100.0, 1e6]),
    dtype=st.sampled_from(["f4", "f8"]),
)
@settings(max_examples=150, deadline=None)
def test_bound_holds_near_the_spacing_of_the_floats(
    seed: int, exponent: int, ratio: float, dtype: str
) -> None:
    """Bounds from below one unit in the last place to a million of them."""
    array = (np.random.default_rng(seed).normal(3, 1, 200) * 10.0**exponent).astype(dtype)
    check_bound(array, float(np.spacing(np.abs(array).max())) * ratio)


@given(
    values=st.lists(st.integers(-(1 << 63), (1 << 64) - 1), min_size=1, max_size=40),
    dtype=st.sampled_from(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]),
    max_error=st.one_of(st.floats(0.1, 300), bounds),
)
@settings(max_examples=300, deadline=None)
def test_bound_holds_for_integers(values: list[int], dtype: str, max_error: float) -> None:
    """Integers of any width, the ends of their ranges included."""
    info = np.iinfo(dtype)
    array = np.array([min(max(v, info.min), info.max) for v in values], dtype)
    check_bound(array, max_error)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(128, 128), (5000,)])
@pytest.mark.parametrize("max_error", [10.0, 1e-2, 1e-5])
def test_specials_and_extremes_in_a_field(
    dtype: str, shape: tuple[int, ...], max_error: float
) -> None:
    """NaN with payload, infinities, a fill, denormals and the largest values in a smooth field."""
    rng = np.random.default_rng(1)
    array = np.cumsum(rng.normal(0, 1, shape), axis=-1).astype(dtype)
    flat = array.reshape(-1)
    info = np.finfo(dtype)
    flat[100:200] = 1e20
    flat[300:303] = [math.nan, math.inf, -math.inf]
    flat[400:404] = [info.max, -info.max, info.smallest_subnormal, -info.smallest_subnormal]
    flat[500:501].view(f"u{array.dtype.itemsize}")[0] |= 1
    flat[600:601].view(f"u{array.dtype.itemsize}")[0] = np.array(math.nan, dtype).view(
        f"u{array.dtype.itemsize}"
    ) | np.array(5, f"u{array.dtype.itemsize}")
    assert check_bound(array, max_error) == (max_error > float(np.spacing(np.array(10, dtype))))
    parameters = propose(quantised, array, max_error)
    if parameters is not None:
        back = round_trip(quantised, array, parameters)
        assert back is not None
        assert_identical(flat[100:200], back.reshape(-1)[100:200])


@pytest.mark.parametrize("fill", [-9999.0, 1e20, -32768.0])
def test_fill_values_come_back_exactly_under_a_coarse_bound(fill: float) -> None:
    """A rare fill value that the bound would allow to change does not change."""
    rng = np.random.default_rng(2)
    array = rng.normal(15, 5, 50_000)
    array[[7, 20_011]] = fill
    parameters = propose(quantised, array, 3.7)
    assert parameters is not None
    back = round_trip(quantised, array, parameters)
    assert back is not None
    assert back[7] == back[20_011] == fill


def test_levels_are_as_coarse_as_the_bound_allows() -> None:
    """Uniform data over 1000 bounds take 500 levels or fewer, not more."""
    array = np.random.default_rng(3).uniform(0, 1000, 20_000)
    parameters = propose(quantised, array, 1.0)
    assert parameters is not None
    mask, levels = forward(quantised, array, parameters) or ()
    assert not mask.any()
    assert np.ptp(levels) <= 500


def test_samples_on_a_grid_do_not_break_the_bound() -> None:
    """Float32 whose spacing is a third of the bound are nearly all coded as levels."""
    array = np.random.default_rng(4).uniform(260, 300, 20_000).astype(np.float32)
    spacing = float(np.spacing(np.float32(280)))
    for ratio in (1, 1.5, 3, 10.2, 333):
        parameters = propose(quantised, array, ratio * spacing)
        assert parameters is not None
        mask = (forward(quantised, array, parameters) or ())[0]
        assert np.mean(mask != 0) < 0.001


def test_a_bound_below_the_spacing_is_declined() -> None:
    """Nothing can be gained by levels finer than the floats."""
    array = np.random.default_rng(5).normal(1e6, 1, 5000).astype(np.float32)
    assert propose(quantised, array, 1e-9) is None


@pytest.mark.parametrize("level", [1, 5])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8"])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.6, 1.0])
def test_negative_zeros_come_back(dtype: str, share: float, level: int) -> None:
    """-0.0 is not 0.0, and may be a fill value: its bits come back, and those of 0.0."""
    rng = np.random.default_rng(6)
    array = rng.normal(0, 2, 3000).astype(dtype)
    array[::7] = 0
    negative = rng.random(3000) < share
    array[negative] = np.array(complex(-0.0, -0.0) if dtype == "c8" else -0.0, dtype)
    back = compress.decompress(compress.compress(array, level=level, max_error=0.25, verify=True))
    parts = [(array.real, back.real), (array.imag, back.imag)][: 1 + (dtype == "c8")]
    for part, restored in parts:
        zero = part == 0
        assert np.array_equal(np.signbit(part[zero]), np.signbit(restored[zero]))
        assert np.all(np.abs(part - restored) <= 0.25)


def test_no_other_time_becomes_not_a_time() -> None:
    """The samples next to the smallest int64 come back as times."""
    array = (np.iinfo(np.int64).min + np.arange(300)).view("m8[s]")
    back = compress.decompress(compress.compress(array, max_error=100))
    assert np.array_equal(np.isnat(back), np.isnat(array))
    assert np.abs(back - array)[1:].max() <= np.timedelta64(100, "s")


def test_small_floats_keep_the_bound() -> None:
    """The integers of bfloat16 are in order but no numbers: an error of 1 is more there."""
    array = np.random.default_rng(7).normal(0, 1e4, 3000).astype(ml_dtypes.bfloat16)
    array[::9] = np.nan
    back = compress.decompress(compress.compress(array, max_error=1.0))
    wide, restored = array.astype(np.float64), back.astype(np.float64)
    assert np.array_equal(np.isnan(wide), np.isnan(restored))
    assert np.nanmax(np.abs(wide - restored)) <= 1.0
