"""Floats on a grid with an offset: found, exact whatever the bits, and safe if damaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.transforms import affine
from compress.transforms.misses import BY_INTEGER, BY_SAMPLE, EXACT

from .chains import assert_identical, check_step, forward, propose, round_trip

N = 20_000
RNG = np.random.default_rng(17)
PACKED = np.clip(np.cumsum(RNG.integers(-30, 31, N)), -32768, 32767)


def _bits(number: float) -> int:
    return int(np.array([number]).view(np.int64)[0])


def _range_of_main(array: np.ndarray) -> int:
    parameters = check_step(affine, array)
    assert parameters is not None
    mask, main, *_ = forward(affine, array, parameters) or ()
    assert not mask.any()
    return int(np.ptp(main))


def test_a_short_scale_and_offset_are_found_exactly() -> None:
    """Packed kelvins: 273.15 among all offsets that lie on the grid."""
    array = PACKED * 0.0372 + 273.15
    parameters = check_step(affine, array)
    assert parameters == (_bits(0.0372), _bits(273.15), 0, EXACT, 0)
    assert _range_of_main(array) == np.ptp(PACKED)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_full_mantissas_of_scale_and_offset_are_found(dtype: str) -> None:
    """Computed in float64 and in the dtype; what is missed is little and listed by integer."""
    single = PACKED.astype(dtype) * np.asarray(0.001_725_144, dtype) + np.asarray(
        9.123_456_7, dtype
    )
    for array in ((PACKED * 0.001_725_144_131_2 + 9.123_456_789_01).astype(dtype), single):
        assert _range_of_main(array) == np.ptp(PACKED)


def test_standard_scores_are_found() -> None:
    """Counts less their mean, over their deviation."""
    counts = RNG.poisson(40, N).astype(np.float64)
    assert _range_of_main((counts - counts.mean()) / counts.std()) == np.ptp(counts)


def test_averages_that_miss_the_grid_by_more_are_found() -> None:
    """Sums of 48 shares of 255, in an order of their own for each sample."""
    shares = RNG.integers(100, 256, (N, 48)) / 255
    array = np.add.accumulate(shares, axis=1)[:, -1] / 48
    parameters = check_step(affine, array)
    assert parameters is not None
    assert parameters[3] == BY_SAMPLE
    assert _range_of_main(array) < 48 * 155


def test_what_is_on_no_grid_is_set_apart() -> None:
    """NaN is a code of the mask, full mantissas are listed."""
    array = PACKED * 0.0372 + 273.15
    array[RNG.random(N) < 0.1] = np.nan
    array[::1000] = RNG.normal(300, 9, array[::1000].size)
    parameters = check_step(affine, array)
    assert parameters is not None
    assert len(parameters) == 6


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_noise_walks_and_decimals_have_no_grid(dtype: str) -> None:
    """Full mantissas lie on none, and decimals are simpler otherwise."""
    for array in (
        RNG.normal(size=N),
        np.cumsum(RNG.normal(size=N)),
        np.exp(4 * RNG.normal(size=N)),
        RNG.integers(0, 9999, N) / 100,
        np.zeros(N),
        np.full(N, np.nan),
    ):
        assert propose(affine, array.astype(dtype)) is None


@given(
    seed=st.integers(0, 1000),
    dtype=st.sampled_from(["f4", "f8"]),
    scale=st.sampled_from([0.1, -3e300, 5e-324, 1.0]),
    offset=st.sampled_from([0.0, -0.0, 273.15, 1e308]),
    precision=st.integers(0, 1),
    adjusted=st.sampled_from([EXACT, BY_SAMPLE, BY_INTEGER]),
)
@settings(max_examples=80, deadline=None)
def test_any_bits_come_back(
    *, seed: int, dtype: str, scale: float, offset: float, precision: int, adjusted: int
) -> None:
    """NaN payloads, -0.0, infinities, and products that overflow."""
    rng = np.random.default_rng(seed)
    array = rng.integers(0, 256, 40 * np.dtype(dtype).itemsize, np.uint8).view(dtype).copy()
    some = rng.random(array.size) < 0.7
    with np.errstate(all="ignore"):
        on_grid = (rng.integers(-99, 99, array.size) * scale + offset).astype(dtype)
        array[some] = on_grid[some]
        array[::7] = rng.choice(np.array([-0.0, 0.0, np.inf, np.nan], dtype), array[::7].size)
        parameters = (_bits(scale), _bits(offset), precision, adjusted, 0, 0)
        back = round_trip(affine, array, parameters)
    if back is not None:
        assert_identical(array, back)


@pytest.mark.parametrize(
    "head",
    [
        (0, 0, 0, 0),
        (_bits(np.inf), 0, 0, 0),
        (_bits(1.0), _bits(np.nan), 0, 0),
        (_bits(1.0), 0, 2, 0),
        (_bits(1.0), 0, 0, 3),
        (_bits(1.0), 0, 0),
    ],
)
def test_impossible_parameters_raise(head: tuple[int, ...]) -> None:
    """A finite scale other than 0, a finite offset, and choices that there are."""
    with pytest.raises(CorruptError):
        affine.inverse(np.zeros, (5,), np.dtype(np.float64), (*head, 0))
