"""Fixed-point planes: every float comes back, and fields that cross zero are smooth in them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.transforms import fixed, ordered

from .chains import Children, assert_identical, check_step, forward, propose, round_trip

MANTISSA = {"f2": 11, "f4": 24, "f8": 53}
# Exponents of the last bit of the smallest and of the largest floats, all bits in use.
LAST = {"f2": (-24, 5), "f4": (-149, 104), "f8": (-1074, 971)}


@st.composite
def grids(draw: st.DrawFn) -> tuple[str, int, int]:
    """Draw a dtype, bits of mantissa and a shift that a plan may hold."""
    dtype = draw(st.sampled_from(sorted(MANTISSA)))
    precision = draw(st.sampled_from([MANTISSA[dtype], draw(st.integers(2, MANTISSA[dtype]))]))
    low, high = (unit + MANTISSA[dtype] - precision for unit in LAST[dtype])
    near = st.integers(max(-high, -8), min(-low, 70))
    return dtype, precision, draw(st.one_of(near, st.integers(-high, -low)))


@given(
    grid=grids(),
    values=st.lists(
        st.one_of(
            st.floats(),
            st.floats(-100, 100, width=16),
            st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, -1e-45, 6e-8, 65504.0, 1e300]),
        ),
        max_size=40,
    ),
    layout=st.integers(0, 1),
)
@example(grid=("f8", 53, 1074), values=[5e-324, -5e-324, 2.2e-308, 1e-300, -0.0], layout=0)
@settings(max_examples=400, deadline=None)
def test_all_floats_come_back_on_any_grid(
    grid: tuple[str, int, int], values: list[float], layout: int
) -> None:
    """Denormals, both zeros, infinities, NaN and the largest floats among them."""
    dtype, precision, shift = grid
    with np.errstate(over="ignore"):
        array = np.array(values, dtype)
    back = round_trip(fixed, array, (precision, shift, layout))
    assert back is not None
    assert_identical(array, back)


@given(grid=grids(), seed=st.integers(0, 999), layout=st.integers(0, 1))
@settings(max_examples=200, deadline=None)
def test_all_bit_patterns_come_back(grid: tuple[str, int, int], seed: int, layout: int) -> None:
    """Random bits, NaN payloads among them, in two dimensions."""
    dtype, precision, shift = grid
    raw = np.random.default_rng(seed).integers(0, 256, 60 * int(dtype[1]), np.uint8)
    array = raw.view(dtype).reshape(6, 10)
    specials = ordered.to_plane(array)[0, :2].tolist()
    back = round_trip(fixed, array, (precision, shift, layout, *specials))
    assert back is not None
    assert_identical(array, back)


@given(
    values=st.lists(st.floats(-1000, 1000, width=32), min_size=1, max_size=30),
    shift=st.integers(-3, 28),
)
def test_the_main_plane_is_the_sample_cut_to_the_grid(values: list[float], shift: int) -> None:
    """Exactly x 2^s without its fraction, towards zero."""
    children = forward(fixed, np.array(values, "f4"), (24, shift, 0))
    assert children is not None
    assert children[1].tolist() == [math.trunc(Fraction(x) * Fraction(2) ** shift) for x in values]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_ramp_through_zero_is_even(dtype: str) -> None:
    """Steps of equal size stay equal, where order-preserving integers fan out."""
    array = np.arange(-4097, 4096, 2).astype(dtype) / np.dtype(dtype).type(3.7)
    parameters = check_step(fixed, array)
    assert parameters is not None
    children = forward(fixed, array, parameters)
    assert children is not None
    steps = np.diff(children[1])
    assert steps.max() - steps.min() <= 2
    assert np.ptp(np.diff(ordered.to_plane(array))) > 1 << 20


def test_short_mantissas_are_found() -> None:
    """float32 kept in float64 has no bits below those of float32."""
    rng = np.random.default_rng(3)
    array = rng.normal(0, 1, 4000).astype("f4").astype("f8")
    parameters = check_step(fixed, array)
    assert parameters is not None
    assert parameters[0] == 24


def test_fills_and_misfits_are_set_apart() -> None:
    """A fill, NaN and longer mantissas leave the main plane as it is."""
    rng = np.random.default_rng(4)
    array = rng.normal(0, 1, (40, 50)).astype("f4").astype("f8")
    array[3:9, 4:30] = 1e20
    array[20, 5:9] = np.nan
    array[0, 0] = 0.1
    parameters = check_step(fixed, array)
    assert parameters is not None
    children = forward(fixed, array, parameters)
    assert children is not None
    assert np.abs(children[1]).max() < 1 << 30
    assert children[-1].tolist() == [ordered.to_plane(np.array([0.1]))[0]]


def test_one_binade_is_left_to_ordered_integers() -> None:
    """Between two powers of two both planes are the same but for an offset."""
    assert propose(fixed, np.random.default_rng(5).uniform(1, 2, 1000)) is None


@pytest.mark.parametrize(
    "children",
    [
        ([0], [1 << 62], [], []),
        ([0], [-(1 << 63)], [], []),
        ([0], [(1 << 24) + 1], [], []),
        ([0], [1], [1 << 56], []),
        ([0], [1], [-1], []),
        ([0], [0], [], [1 << 31]),
    ],
    ids=["too long", "the least", "not on the grid", "word too wide", "word below 0", "listed"],
)
def test_impossible_children_are_corrupt(children: tuple[list[int], ...]) -> None:
    """Numbers that no float32 has, and words of more bits than are packed into one."""
    planes = tuple(np.array(child, np.int64) for child in children)
    with pytest.raises(CorruptError):
        fixed.inverse(Children(planes), (1,), np.dtype("f4"), (24, 20, 0))


def test_a_number_beyond_the_largest_float_is_corrupt() -> None:
    """Half floats end at 65504."""
    planes = tuple(np.array(child, np.int64) for child in ([0], [1 << 17], [], []))
    with pytest.raises(CorruptError, match="too large"):
        fixed.inverse(Children(planes), (1,), np.dtype("f2"), (11, 0, 0))
