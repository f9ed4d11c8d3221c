"""Each structure is found where it is, with the parameters that made it."""

from __future__ import annotations

import numpy as np
import pytest

from compress.errors import CorruptError
from compress.transforms import (
    decorrelated,
    folded,
    masked,
    mirrored,
    multiples,
    repeated,
    scaled,
    seasonal,
    sparse,
    transposed,
    truncated,
    unwrapped,
)
from compress.transforms.base import find_base
from compress.transforms.special import COMPACT, FILLED

from .chains import assert_identical, check_step, forward, propose, round_trip

N = 20_000


@pytest.fixture
def rng() -> np.random.Generator:
    """Give every test the same numbers."""
    return np.random.default_rng(7)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("digits", [0, 1, 2, 3])
def test_decimals_are_found(rng: np.random.Generator, digits: int, dtype: str) -> None:
    """Numbers of so many decimals, as text would be parsed, are integers over that power of ten."""
    integers = rng.integers(-3000, 3000, N)
    # One of the last digit must occur, or it is the multiple of a larger unit.
    text = [f"{k / 10**digits:.{digits}f}" for k in integers.tolist()]
    array = np.array([float(t) for t in text]).astype(dtype)
    array[array == 0] = 0  # "-0.00" is negative zero
    parameters = check_step(scaled, array)
    assert parameters is not None
    assert parameters[:4] == (0, digits, 0, 0)
    mask, main = forward(scaled, array, parameters) or ()
    assert not mask.any()
    assert np.array_equal(main, np.rint(array.astype(np.float64) * 10**digits))


def test_decimals_beyond_float_precision_of_a_product(rng: np.random.Generator) -> None:
    """Prices of five decimals come back though k * 1e-5 is another float than the parsed one."""
    array = rng.integers(100_000, 150_000, N) / 1e5
    assert np.any(array != np.rint(array * 1e5) * 1e-5)
    parameters = check_step(scaled, array)
    assert parameters is not None
    assert parameters[:2] == (0, 5)
    assert not (forward(scaled, array, parameters) or ())[0].any()


def test_specials_and_misfits_are_set_apart(rng: np.random.Generator) -> None:
    """NaN and infinities become codes of the mask, other misfits are listed."""
    array = rng.integers(0, 999, N) / 10
    array[rng.random(N) < 0.05] = np.nan
    array[rng.random(N) < 0.05] = np.inf
    array[::500] = np.pi * np.arange(N // 500)
    parameters = check_step(scaled, array)
    assert parameters is not None
    assert parameters[:5] == (0, 1, 0, 0, COMPACT)
    mask, main, listed = forward(scaled, array, parameters) or ()
    specials = parameters[5:]
    assert len(specials) >= 2
    assert np.count_nonzero(mask == len(specials) + 1) == listed.size <= N // 500
    assert main.size == np.count_nonzero(mask == 0)


@pytest.mark.parametrize("base", [0.1, 1 / 3, 0.025, 2.0**-12, 3.3 / 4096, 1e-9 / 7])
def test_multiples_of_a_float_are_found(rng: np.random.Generator, base: float) -> None:
    """K times a float base needs few bits, whatever the base."""
    integers = rng.integers(1, 4096, N)
    array = integers * base
    parameters = check_step(scaled, array)
    assert parameters is not None
    mask, main, *_ = forward(scaled, array, parameters) or ()
    assert not mask.any()
    assert np.ptp(main) <= 4096 * 4


def test_a_base_is_found_that_fine_decimals_nearly_fit(rng: np.random.Generator) -> None:
    """Samples of a converter times five digits: most products are decimals of eight, not all."""
    integers = rng.integers(-1500, 1500, N)
    array = integers * 0.000_305_19
    parameters = check_step(scaled, array)
    assert parameters is not None
    mask, main, *_ = forward(scaled, array, parameters) or ()
    assert not mask[integers != 0].any()
    assert np.ptp(main) < 3000


def test_arithmetic_leaves_misses_in_the_last_place(rng: np.random.Generator) -> None:
    """Degrees turned into radians miss the nearest multiple by a unit or two, which is stored."""
    array = rng.integers(1, 100_000, N) * np.pi / 180
    parameters = check_step(scaled, array)
    assert parameters is not None
    mask, main, misses = forward(scaled, array, parameters) or ()
    assert not mask.any()
    assert np.ptp(main) < 100_000
    assert np.abs(misses).max() <= 2


def test_misses_of_equal_integers_are_listed_once(rng: np.random.Generator) -> None:
    """Tenths of degrees turned into radians miss by a rule of which only the outcome is kept."""
    array = np.deg2rad(rng.integers(0, 900, (100, N // 100)) / 10)
    array[10:20, 30:60] = np.nan
    parameters = check_step(scaled, array)
    assert parameters is not None
    assert parameters[3] == scaled.BY_INTEGER
    children = forward(scaled, array, parameters)
    assert children is not None
    assert children[2].size == np.unique(array[np.isfinite(array)]).size


def test_unequal_misses_of_equal_integers_are_kept_by_sample(rng: np.random.Generator) -> None:
    """One sample that was rounded otherwise is enough."""
    array = np.deg2rad(rng.integers(0, 900, N) / 10)
    array[N // 2] = np.nextafter(array[N // 2], 9)
    parameters = check_step(scaled, array)
    assert parameters is not None
    assert parameters[3] == scaled.BY_SAMPLE


def test_decimals_that_went_through_float32(rng: np.random.Generator) -> None:
    """Float64 that hold float32 that hold hundredths are hundredths."""
    array = (rng.integers(0, 9999, N) / 100).astype(np.float32).astype(np.float64)
    parameters = check_step(scaled, array)
    assert parameters is not None
    assert parameters[:4] == (0, 2, 1, 0)


@pytest.mark.parametrize("power", [2, 5])
def test_decimals_that_went_through_arithmetic_miss_by_sample(power: int) -> None:
    """Times a number and over it leaves some decimals a unit in the last place off."""
    rng = np.random.default_rng(4)
    numbers = rng.integers(1, 10**7, N)
    array = numbers / 10**power * 1.1 / 1.1
    wrong = np.mean(array != numbers / 10**power)
    assert wrong > 0.05
    parameters = check_step(scaled, array)
    assert parameters is not None
    assert parameters[:4] == (0, power, 0, scaled.BY_SAMPLE)
    main = (forward(scaled, array, parameters) or ())[1]
    assert np.array_equal(main, numbers)


@pytest.mark.parametrize("count", [7, 90, 365])
@pytest.mark.parametrize("unit", [1.0, 2.0**-9, 0.1])
def test_means_far_from_zero_are_multiples_of_the_unit_over_their_count(
    count: int, unit: float
) -> None:
    """Though they are billions of that unit, of which rounding left a few digits."""
    rng = np.random.default_rng(5)
    sums = rng.integers(count * 5 * 10**5, count * 6 * 10**5, N)
    array = sums * unit / count
    assert check_step(scaled, array) is not None
    main = (forward(scaled, array, propose(scaled, array) or ()) or ())[1]
    ratio = np.diff(main) / np.diff(sums)
    assert np.ptp(ratio) == 0
    assert ratio[0] == 1 or unit < 1


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_random_floats_are_no_multiples(rng: np.random.Generator, dtype: str) -> None:
    """Nothing is found in noise."""
    assert propose(scaled, rng.normal(size=N).astype(dtype)) is None
    assert propose(truncated, rng.normal(size=N).astype(dtype)) is None


@pytest.mark.parametrize(("dtype", "bits"), [("f8", 29), ("f4", 16), ("f4", 11), ("f8", 42)])
def test_truncated_mantissas_are_found(rng: np.random.Generator, dtype: str, bits: int) -> None:
    """Zeros at the end of the mantissa are shifted out, of negative numbers too."""
    array = rng.normal(size=N).astype(dtype)
    unsigned = array.view(f"u{array.dtype.itemsize}")
    unsigned[...] = unsigned >> np.array(bits, unsigned.dtype) << np.array(bits, unsigned.dtype)
    array[5] = np.inf
    array[70] = np.pi
    parameters = check_step(truncated, array)
    assert parameters == (bits, COMPACT)
    assert np.count_nonzero((forward(truncated, array, parameters) or ())[0]) == 1


def test_multiples_and_offset_are_found(rng: np.random.Generator) -> None:
    """Minutes since an odd second."""
    array = rng.integers(-1000, 1000, N) * 60 + 17
    parameters = check_step(multiples, array)
    assert parameters == (60, 17, 0)


def test_multiples_with_exceptions_are_found(rng: np.random.Generator) -> None:
    """One time in a hundred is no multiple; the rest still is."""
    array = rng.integers(-1000, 1000, N) * 60 + 17
    array[rng.random(N) < 0.01] += 3
    parameters = check_step(multiples, array)
    assert parameters == (60, 17, 1)
    quotients, rest = forward(multiples, array, parameters) or ()
    assert np.ptp(quotients) < 2000
    assert np.mean(rest != 0) < 0.02


def test_rare_exceptions_are_found(rng: np.random.Generator) -> None:
    """A mostly constant plane is the list of its exceptions."""
    array = np.full(N, 5)
    where = rng.choice(N, 50, replace=False)
    array[where] = rng.integers(100, 200, 50)
    assert check_step(sparse, array) == (5, 50)


@pytest.mark.parametrize("low", [0, -(1 << 15)])
def test_counters_are_unwrapped(rng: np.random.Generator, low: int) -> None:
    """A 16-bit counter, unsigned or signed, becomes one that runs on."""
    true = np.cumsum(rng.integers(0, 500, N))
    array = (true - low) % (1 << 16) + low
    parameters = check_step(unwrapped, array)
    assert parameters is not None
    assert parameters[0] == 1 << 16
    (plane,) = forward(unwrapped, array, parameters) or ()
    assert np.array_equal(np.diff(plane), np.diff(true))


def test_angles_are_unwrapped(rng: np.random.Generator) -> None:
    """Degrees walk across north."""
    array = np.cumsum(rng.integers(-5, 6, N)) % 360
    parameters = check_step(unwrapped, array)
    assert parameters == (360, 0)


def test_noise_is_not_unwrapped(rng: np.random.Generator) -> None:
    """Independent samples have large steps, but wrap nowhere."""
    assert propose(unwrapped, rng.integers(0, 360, N)) is None


@pytest.mark.parametrize("period", [2, 3, 24, 97, 1440])
def test_periods_are_found(rng: np.random.Generator, period: int) -> None:
    """A pattern that repeats with a little noise is folded at its period."""
    pattern = rng.integers(0, 5000, period)
    array = np.tile(pattern, N // period + 1)[:N] + rng.integers(-2, 3, N)
    assert check_step(folded, array) == (period,)


@pytest.mark.parametrize("noise", ["uniform", "normal"])
def test_the_pattern_of_a_season_is_told_from_its_noise(
    rng: np.random.Generator, noise: str
) -> None:
    """What is left is the noise: of the same spread, and of the same ends where it has ends."""
    pattern = rng.integers(0, 5000, 100)
    drawn = rng.integers(0, 8, N) if noise == "uniform" else np.rint(rng.normal(0, 9, N))
    array = np.resize(pattern, N) + drawn.astype(np.int64)
    assert check_step(seasonal, array) == (100,)
    children = forward(seasonal, array, (100,))
    assert children is not None
    assert children[0].shape == (100,)
    assert np.std(children[1]) < 1.01 * np.std(drawn)
    if noise == "uniform":
        assert np.ptp(children[1]) == 7


@pytest.mark.parametrize("ends", [(-(1 << 63), (1 << 63) - 1), (-3, (1 << 63) - 1)])
def test_seasons_of_the_widest_range_come_back(
    rng: np.random.Generator, ends: tuple[int, int]
) -> None:
    """Differences that do not fit 64 bits wrap around and back."""
    array = rng.integers(*ends, 1000, endpoint=True)
    back = round_trip(seasonal, array, (7,))
    assert back is not None
    assert_identical(array, back)


@pytest.mark.parametrize("distance", [1000, 7919])
def test_exact_repeats_at_any_distance_are_found(rng: np.random.Generator, distance: int) -> None:
    """A block that comes again is folded onto itself, however long it is."""
    array = np.tile(rng.integers(0, 1 << 40, distance), N // distance + 1)[:N]
    assert check_step(folded, array) == (distance,)


def test_noise_has_no_period(rng: np.random.Generator) -> None:
    """Nothing is folded without a reason."""
    assert propose(folded, rng.integers(0, 1 << 20, N)) is None
    assert propose(folded, np.cumsum(rng.integers(-9, 10, N))) is None


@pytest.mark.parametrize("fill", [(1 << 63) - 1, -9999, 1 << 40])
def test_fill_values_are_masked(rng: np.random.Generator, fill: int) -> None:
    """A repeated value far from the rest becomes a mask; images keep their shape."""
    image = np.cumsum(rng.integers(-3, 4, (100, 200)), axis=1)
    image[20:60, 50:90] = fill
    assert check_step(masked, image) == (FILLED, fill)
    _, main = forward(masked, image, (FILLED, fill)) or ()
    assert main.shape == image.shape
    assert fill not in main
    column = image.reshape(-1)
    assert check_step(masked, column) == (COMPACT, fill)


def test_two_rare_fill_values_are_masked(rng: np.random.Generator) -> None:
    """A few fills on either side are found though no sample sees them."""
    column = rng.integers(0, 50, 200_000)
    column[[11, 150_001]] = 99_999
    column[[13, 77, 150_011]] = -99_999
    parameters = check_step(masked, column)
    assert parameters is not None
    assert set(parameters[1:]) == {99_999, -99_999}


def test_background_is_masked(rng: np.random.Generator) -> None:
    """Most of an image is one value."""
    image = rng.integers(100, 200, (200, 200))
    image[:150] = 0
    assert check_step(masked, image) == (FILLED, 0)


def test_channels_are_moved_to_the_front(rng: np.random.Generator) -> None:
    """A short last axis is taken for channels."""
    image = rng.integers(0, 255, (40, 50, 3))
    assert check_step(transposed, image) == (2, 0, 1)
    (plane,) = forward(transposed, image, (2, 0, 1)) or ()
    assert plane.shape == (3, 40, 50)


def test_correlated_channels_are_decorrelated(rng: np.random.Generator) -> None:
    """Channels that are sums of others lose what they share."""
    a, b = np.cumsum(rng.integers(-50, 51, (2, N)), axis=1)
    plane = np.stack([a, b, a - b + rng.integers(0, 2, N), 2 * a])
    parameters = check_step(decorrelated, plane)
    assert parameters is not None
    (left,) = forward(decorrelated, plane, parameters) or ()
    sizes = np.sort(np.std(np.diff(left, axis=1), axis=1))
    assert sizes[0] < 1
    assert sizes[1] < 2
    assert propose(decorrelated, np.cumsum(rng.integers(-9, 10, (3, N)), axis=1)) is None


@pytest.mark.parametrize("shape", [(), (3,)])
def test_repeated_rows_are_left_out(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    """Runs of equal rows keep one row each."""
    rows = rng.integers(0, 1 << 40, (N // 10, *shape))
    array = np.repeat(rows, 10, axis=0)
    assert check_step(repeated, array) == (1,)
    flags, kept = forward(repeated, array, (1,)) or ()
    assert np.array_equal(kept, rows)
    assert flags.sum() == len(rows) - 1


@pytest.mark.parametrize("axis", [1, 2])
def test_repeated_columns_are_left_out(rng: np.random.Generator, axis: int) -> None:
    """Rows along another axis than the first, as in pictures of doubled pixels."""
    once = rng.integers(0, 1 << 40, (70, 80, 90))
    array = np.repeat(once, 2, axis=axis)
    assert check_step(repeated, array) == (1, axis)
    flags, kept = forward(repeated, array, (1, axis)) or ()
    assert np.array_equal(kept, once)
    assert flags.sum() == once.shape[axis] - 1


@pytest.mark.parametrize("parameters", [(), (0,), (5,), (1, 2), (1, -1), (1, 0, 0), (0, 1), (7, 1)])
def test_impossible_repeats_raise(parameters: tuple[int, ...]) -> None:
    """A lag within the axis, and an axis of the plane, or an error."""
    with pytest.raises(CorruptError):
        repeated.inverse(np.zeros, (5, 7), np.dtype(np.int64), parameters)


def test_a_changed_repeat_keeps_what_changed(rng: np.random.Generator) -> None:
    """A block that comes again with a few samples changed costs the changes."""
    array = np.tile(rng.integers(0, 1 << 40, 4567), 5)
    array[rng.choice(array.size, 100, replace=False)] += 1
    assert check_step(repeated, array) == (4567,)
    _, kept = forward(repeated, array, (4567,)) or ()
    assert 4567 <= kept.size <= 4567 + 200


@pytest.mark.parametrize("shape", [(2,), (9,), (10, 7), (7, 10, 3), (4, 1, 5)])
def test_mirror_images_are_kept_by_half(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    """Along whatever axis, with and without a middle."""
    for axis, size in enumerate(shape):
        half = rng.integers(0, 1 << 40, shape).take(range((size + 1) // 2), axis)
        other = np.flip(half, axis).take(range(size % 2, (size + 1) // 2), axis)
        array = np.concatenate([half, other], axis)
        if size > 1:
            assert check_step(mirrored, array) == (axis,)
            assert np.array_equal((forward(mirrored, array, (axis,)) or ())[0], half)


@pytest.mark.parametrize("side", [2, 3, 10, 31])
def test_symmetric_matrices_are_kept_by_half(rng: np.random.Generator, side: int) -> None:
    """Every number of the lower triangle is there once."""
    lower = np.tril(rng.permutation(1 << 12)[: side * side].reshape(side, side)) + 1
    array = np.maximum(lower, np.tril(lower, -1).T)
    assert check_step(mirrored, array) == (2,)
    (child,) = forward(mirrored, array, (2,)) or ()
    assert sorted(child.ravel()) == sorted(array[np.tril_indices(side)])


def test_one_sample_breaks_a_mirror(rng: np.random.Generator) -> None:
    """Nothing is left out that is not the same."""
    half = rng.integers(0, 99, (10, 30))
    array = np.concatenate([half, half[::-1]])
    array[4, 5] += 1
    assert propose(mirrored, array) is None
    assert forward(mirrored, array, (0,)) is None


def test_noise_does_not_repeat(rng: np.random.Generator) -> None:
    """Rows that differ are not compared to death."""
    assert propose(repeated, rng.integers(0, 99, (N, 3))) is None
    assert propose(repeated, rng.integers(0, 1 << 30, N)) is None


def test_samples_below_half_the_base_divide_nothing() -> None:
    """The least samples may be zero times the number that is found, which warns of nothing."""
    array = np.array([-16.81, 0.01793, 0.004387, 4.137])
    assert list(find_base(array, 11))
