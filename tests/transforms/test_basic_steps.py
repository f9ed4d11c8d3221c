"""The steps that every plan can fall back on: ordered, constant, dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.errors import CorruptError
from compress.transforms import STEPS, constant, dictionary, ordered

from .chains import Children, assert_identical, check_step, forward, propose

NATIVE = ["b1", "i1", "i2", "i4", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]


def bits_of(dtype: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return an array of random bits."""
    size = np.dtype(dtype).itemsize
    raw = np.random.default_rng(seed).integers(0, 256, (*shape, size), np.uint8)
    if dtype == "b1":
        raw &= 1
    return raw.reshape(-1).view(dtype).reshape(shape)


def test_codes_are_unique_and_stable() -> None:
    """The code in the registry is the code of the module; these codes never change."""
    assert all(code == step.CODE for code, step in STEPS.items())
    assert (ordered.CODE, constant.CODE, dictionary.CODE) == (1, 2, 3)
    names = [step.NAME for step in STEPS.values()]
    assert len(set(names)) == len(names)


@given(
    dtype=st.sampled_from(NATIVE),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_ordered_restores_every_bit_pattern(dtype: str, shape: tuple[int, ...], seed: int) -> None:
    """Random bits (NaN payloads, -0.0, denormals, extremes) come back."""
    assert check_step(ordered, bits_of(dtype, shape, seed)) == ()


@pytest.mark.parametrize("dtype", ["i2", "u2", "f2", "u8", "f4", "f8"])
def test_ordered_keeps_the_order_of_values(dtype: str) -> None:
    """Larger values have larger integers, and -0.0 is just below 0.0."""
    values = np.sort(bits_of(dtype, (5000,), 3))
    values = values[values == values]  # noqa: PLR0124 - drops NaN
    (plane,) = forward(ordered, values, ()) or ()
    assert np.all(np.diff(plane.astype(object))[np.diff(values.astype(object)) > 0] > 0)
    if dtype[0] == "f":
        (zeros,) = forward(ordered, np.array([-0.0, 0.0], dtype), ()) or ()
        assert zeros.tolist() == [-1, 0]


@pytest.mark.parametrize("dtype", ["b1", "i1", "u2", "f2", "f4"])
@pytest.mark.parametrize("value", [1 << 40, -(1 << 40), 1 << 31, -(1 << 31) - 1])
def test_ordered_refuses_values_outside_the_dtype(dtype: str, value: int) -> None:
    """A plane that no field of the dtype can have is corrupt, not wrapped."""
    with pytest.raises(CorruptError):
        ordered.inverse(Children((np.array([value]),)), (1,), np.dtype(dtype), ())


@given(
    value=st.integers(-(1 << 63), (1 << 63) - 1),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
@settings(deadline=None)
def test_constant_stores_one_value(value: int, shape: tuple[int, ...]) -> None:
    """A constant plane has no children; one other value anywhere makes it no constant."""
    plane = np.full(shape, value, np.int64)
    assert check_step(constant, plane) is not None
    if plane.size > 1:
        plane.flat[-1] ^= 1
        assert propose(constant, plane) is None
        assert forward(constant, plane, (value,)) is None


def test_constant_sees_a_late_exception() -> None:
    """The whole array is looked at, not only its beginning."""
    plane = np.full(100_000, 7)
    plane[70_000] = 8
    assert propose(constant, plane) is None


@given(
    values=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=2, max_size=50, unique=True),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_dictionary_numbers_few_values_in_order(values: list[int], seed: int) -> None:
    """Any few values are found in a long plane, whatever they are, and numbered in order."""
    array = np.random.default_rng(seed).choice(np.array(values, np.int64), 1000)
    parameters = check_step(dictionary, array)
    distinct = np.unique(array)
    if int(distinct[-1]) - int(distinct[0]) >= distinct.size:
        assert parameters == ()
        indexes, stored = forward(dictionary, array, parameters) or ()
        assert_identical(stored, distinct)
        assert_identical(indexes, np.searchsorted(distinct, array))


def test_dictionary_declines_many_or_dense_values() -> None:
    """Random 64-bit values have no dictionary; consecutive values need none."""
    rng = np.random.default_rng(0)
    assert propose(dictionary, rng.integers(-(1 << 62), 1 << 62, 100_000)) is None
    assert propose(dictionary, rng.integers(0, 1000, 100_000)) is None
    assert propose(dictionary, np.zeros(0, np.int64)) is None


@pytest.mark.parametrize("indexes", [[0, 3], [-1, 0], [1 << 40, 0]])
def test_dictionary_checks_indexes(indexes: list[int]) -> None:
    """Indexes from a damaged stream are checked before values are read or used."""
    read = Children((np.array(indexes), np.array([4, 5, 6])))
    with pytest.raises(CorruptError):
        dictionary.inverse(read, (2,), np.dtype(np.int64), ())
    assert read.asked == [(2,)]


@pytest.mark.parametrize("step", [constant, dictionary])
def test_steps_for_planes_refuse_other_dtypes(step: object) -> None:
    """A stream that asks a plane step for floats is corrupt."""
    with pytest.raises(CorruptError):
        step.inverse(Children(()), (1,), np.dtype(np.float32), (1,))  # type: ignore[attr-defined]
