"""Error bounds as people state them: kept on every sample, by definitions of their own."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from compress import ErrorBound
from compress.transforms import relative

RNG = np.random.default_rng(0)
WALK = np.cumsum(RNG.normal(size=400)) * 10


def specials(dtype: str) -> NDArray[Any]:
    """Make floats of many magnitudes, and all that are no usual numbers."""
    rng = np.random.default_rng(1)
    sizes = np.exp(np.clip(rng.normal(size=200) * 4, -11, 11))
    array = (sizes * rng.choice([-1, 1], 200)).astype(dtype)
    tiny = np.finfo(dtype).smallest_subnormal
    array[:9] = [np.nan, np.inf, -np.inf, -0.0, 0.0, tiny, -3 * tiny, 1.0, 9.9999]
    array[9:60:4] = -0.0
    return array


def most(sample: Fraction, bound: ErrorBound, extent: Fraction, spacing: Fraction) -> Fraction:
    """Say by how much a sample may change, in exact arithmetic, from the words of the bound."""
    if bound.kind == "absolute":
        return Fraction(bound.value)
    if bound.kind == "relative":
        return Fraction(bound.value) * extent
    if bound.kind == "pointwise_relative":
        return Fraction(bound.value) * abs(sample)
    if bound.kind == "least_significant_digit":
        return Fraction(1, 2) * Fraction(10) ** -int(bound.value)
    if sample == 0:
        return Fraction(0)
    decade = (Decimal(sample.numerator) / Decimal(sample.denominator)).adjusted()
    return Fraction(1, 2) * Fraction(10) ** (decade + 1 - int(bound.value)) + spacing / 2


def check(array: NDArray[Any], bound: ErrorBound, level: int = 1) -> bytes:
    """Compress, decompress and compare every sample."""
    data = compress.compress(array, level=level, max_error=bound, threads=1)
    back = compress.decompress(data, threads=1)
    finite = np.isfinite(array.astype(np.float64))
    exact = ~finite | (array == 0)
    assert array[exact].tobytes() == back[exact].tobytes()
    values = [Fraction(one.item()) for one in array[finite]]
    extent = max(values, default=Fraction(0)) - min(values, default=Fraction(0))
    for one, other in zip(values, back[finite], strict=True):
        assert np.isfinite(other)
        spacing = Fraction(0)
        if array.dtype.kind == "f" and other != 0:
            # Towards zero, for behind the largest float there is none.
            spacing = Fraction(abs(other - np.nextafter(other, other.dtype.type(0))).item())
        assert abs(one - Fraction(other.item())) <= most(one, bound, extent, spacing)
    return data


BOUNDS = [
    ErrorBound.absolute(0.1), ErrorBound.relative(1e-3), ErrorBound.pointwise_relative(1e-3),
    ErrorBound.pointwise_relative(0.4), ErrorBound.least_significant_digit(1),
    ErrorBound.least_significant_digit(-1), ErrorBound.significant_digits(1),
    ErrorBound.significant_digits(3),
]  # fmt: skip


@pytest.mark.parametrize("bound", BOUNDS, ids=str)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_each_bound_is_kept_by_floats(dtype: str, bound: ErrorBound) -> None:
    """Of many magnitudes, subnormal ones too; NaN, infinities and zeros keep their bits."""
    check(specials(dtype), bound)
    check(WALK.astype(dtype), bound)


@pytest.mark.parametrize("bound", BOUNDS, ids=str)
@pytest.mark.parametrize("dtype", ["i2", "u4", "i8", "u8"])
def test_each_bound_is_kept_by_integers(dtype: str, bound: ErrorBound) -> None:
    """To the ends of their range."""
    info = np.iinfo(dtype)
    array = (np.abs(WALK) * 40).astype(dtype)
    array[:6] = [info.min, info.max, info.max - 1, info.min + 1, 0, 1]
    check(array, bound)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=25)
@given(
    st.lists(st.floats(width=32), min_size=1, max_size=20),
    st.sampled_from(["relative", "pointwise_relative", "significant_digits"]),
    st.integers(1, 6),
)
def test_any_floats_keep_a_bound(numbers: list[float], kind: str, digits: int) -> None:
    """Whatever the bits."""
    value = digits if kind == "significant_digits" else 10.0**-digits
    with np.errstate(all="ignore"):
        check(np.array(numbers, np.float32), ErrorBound(kind, value))


@pytest.mark.parametrize("decibels", [40, 60, 100])
def test_a_psnr_is_reached(decibels: float) -> None:
    """And not exceeded by much where errors are spread evenly."""
    data = compress.compress(WALK, max_error=ErrorBound.psnr(decibels), level=1)
    error = compress.decompress(data) - WALK
    reached = 20 * math.log10(np.ptp(WALK) / math.sqrt(np.mean(error**2)))
    assert decibels <= reached < decibels + 2
    information = compress.inspect(data)
    assert information.max_error is not None
    assert np.abs(error).max() <= information.max_error
    assert f"PSNR of {decibels} dB (absolute" in str(information)


def test_a_psnr_is_reached_by_errors_that_are_not_even() -> None:
    """Where all errors are as large as the bound, it is narrowed until the ratio is kept."""
    array = np.where(np.arange(4000) % 2 == 0, 0.0, 1.0)
    array[0] = 1000.0
    data = compress.compress(array, max_error=ErrorBound.psnr(58), level=1)
    mean = np.mean((compress.decompress(data) - array) ** 2)
    assert 20 * math.log10(1000 / math.sqrt(mean)) >= 58 if mean else True


def test_zero_is_lossless() -> None:
    """As the users of SZ3 expect, however it is stated; so is a range of nothing."""
    lossless = compress.compress(WALK, level=1)
    assert compress.compress(WALK, level=1, max_error=0) == lossless
    assert compress.compress(WALK, level=1, max_error=ErrorBound.absolute(0.0)) == lossless
    for bound in (ErrorBound.relative(0), ErrorBound.pointwise_relative(0)):
        check(WALK, bound)
    constant = np.full(100, 3.7)
    assert np.array_equal(
        compress.decompress(compress.compress(constant, max_error=ErrorBound.relative(0.5))),
        constant,
    )


def test_a_fill_value_of_minus_zero_keeps_its_bits() -> None:
    """Nearly all samples are it, and it is not 0."""
    array = np.where(RNG.random(400) < 0.8, -0.0, WALK).astype(np.float32)
    for bound in (ErrorBound.absolute(0.5), ErrorBound.psnr(40), *BOUNDS):
        back = compress.decompress(compress.compress(array, max_error=bound, level=3))
        assert np.array_equal(np.signbit(back[array == 0]), np.signbit(array[array == 0]))


def test_fields_have_ranges_of_their_own() -> None:
    """Of structures and of complex numbers; dates, strings and booleans come back exactly."""
    array = np.zeros(200, [("small", "f4"), ("large", "f8"), ("day", "M8[D]"), ("name", "S3")])
    array["small"], array["large"] = WALK[:200] / 1e6, WALK[:200] * 1e6
    array["day"], array["name"] = np.arange(200), b"abc"
    back = compress.decompress(compress.compress(array, max_error=ErrorBound.relative(1e-2)))
    for name in ("small", "large"):
        assert np.abs(back[name] - array[name]).max() <= 1e-2 * np.ptp(array[name])
    assert np.array_equal(back["day"], array["day"])
    assert np.array_equal(back["name"], array["name"])
    both = (WALK + 1e-3j * WALK[::-1]).astype(np.complex128)
    back = compress.decompress(compress.compress(both, max_error=ErrorBound.relative(1e-2)))
    assert np.abs(back.imag - both.imag).max() <= 1e-2 * np.ptp(both.imag)


def test_a_range_beyond_floats_is_cut_to_the_largest() -> None:
    """The difference of the extremes of float64 is no float64."""
    array = np.array([-1.7e308, 0.0, 1.7e308, 1e300] * 20)
    with np.errstate(all="ignore"):
        check(array, ErrorBound.relative(1e-3))


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("relative", -1e-3, ValueError), ("relative", math.nan, ValueError),
        ("absolute", math.inf, ValueError), ("absolute", 10**400, ValueError),
        ("pointwise_relative", 1.0, ValueError), ("significant_digits", 0, ValueError),
        ("significant_digits", 2.5, ValueError), ("least_significant_digit", 1e9, ValueError),
        ("psnr", "60", TypeError), ("psnr", True, TypeError), ("nearly", 1.0, ValueError),
    ],
)  # fmt: skip
def test_impossible_bounds(kind: str, value: Any, error: type[Exception]) -> None:
    """Each is named with its value."""
    with pytest.raises(error, match=f"{kind.replace('_', '.')}|kind must be"):
        ErrorBound(kind, value)


def test_files_and_codecs_take_absolute_bounds_only() -> None:
    """A writer sees the array in parts; decimals are an absolute bound."""
    import io  # noqa: PLC0415

    with pytest.raises(ValueError, match=r"relative 0\.1"):
        compress.Writer(io.BytesIO(), max_error=ErrorBound.relative(0.1))
    out = io.BytesIO()
    bound = ErrorBound.least_significant_digit(1)
    with compress.Writer(out, max_error=bound, level=1) as writer:
        writer.append(WALK)
    with compress.open(out.getvalue()) as array:
        assert np.abs(array[:] - WALK).max() <= 0.05


def test_a_fault_is_found_before_the_stream_is_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step restores too far from the sample is an error, without `verify`."""
    restore = relative._restore

    def off(*arguments: Any) -> NDArray[Any]:
        return restore(*arguments) * 1.01

    bound = ErrorBound.pointwise_relative(1e-3)
    data = compress.compress(WALK, max_error=bound, level=1)
    monkeypatch.setattr(relative, "_within", lambda flat, *_: np.ones(flat.shape, np.bool_))
    monkeypatch.setattr(relative, "_restore", off)
    assert np.abs(compress.decompress(data) / WALK - 1).max() > 1e-3
    with pytest.raises(compress.VerificationError, match=r"pointwise relative 0\.001"):
        compress.compress(WALK, max_error=bound, level=1)
