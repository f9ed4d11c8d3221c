"""Integers near both ends of their dtypes: what a step proposes and accepts, it undoes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import compress
from compress.transforms import STEPS, Step
from compress.transforms.ordered import to_plane
from compress.transforms.step import Context

from .chains import assert_identical, round_trip

ALL = list(STEPS.values())
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
KINDS = ("wrapping", "walk", "multiples", "few", "repeats", "symmetric", "bits")
OFFSETS = (0, -(1 << 42), 1 << 42, -(1 << 62), 1 << 62, (1 << 62) - 700)


def _structure(rng: np.random.Generator, kind: str, size: int, width: int) -> np.ndarray:
    """Give non-negative integers below ``width`` in which some step finds something."""
    if kind == "wrapping":
        return np.cumsum(rng.integers(0, max(2, width // 20), size)) % width
    if kind == "walk":
        return np.abs(np.cumsum(rng.integers(-2, 3, size))) % width
    if kind == "multiples":
        return rng.integers(0, max(1, width // 12), size) * 12 % width
    if kind == "few":
        return rng.choice(rng.integers(0, width, 5), size)
    if kind == "repeats":
        return np.tile(rng.integers(0, width, 50), size // 50 + 1)[:size]
    if kind == "symmetric":
        half = rng.integers(0, width, (size + 1) // 2)
        return np.concatenate([half, half[::-1]])[:size]
    return rng.integers(0, width, size)


@st.composite
def near_the_ends(draw: st.DrawFn) -> np.ndarray:
    """Draw integers against the lower or the upper end of a dtype, or about an offset."""
    dtype = np.dtype(draw(st.sampled_from(INTEGERS)))
    info = np.iinfo(dtype)
    shape = draw(
        st.one_of(
            hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=24),
            st.integers(64, 3000).map(lambda n: (n,)),
        )
    )
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    width = draw(st.sampled_from([7, 24, 100, 360, 1440, 1 << 16, 1 << 33, 1 << 62]))
    width = min(width, int(info.max) - int(info.min))
    values = _structure(rng, draw(st.sampled_from(KINDS)), math.prod(shape), width)
    where = draw(st.sampled_from(["low", "high", *OFFSETS]))
    if where == "low":
        lowest = int(info.min) + draw(st.integers(0, 2))
    elif where == "high":
        lowest = int(info.max) - int(values.max()) - draw(st.integers(0, 2))
    else:
        lowest = int(where)
    lowest = max(int(info.min), min(lowest, int(info.max) - int(values.max())))
    array = (values.astype(np.uint64) + np.uint64(lowest % (1 << 64))).astype(dtype)
    if draw(st.integers(0, 7)) == 0:
        array = np.frombuffer(rng.bytes(array.nbytes), dtype).copy()
    if draw(st.booleans()):
        rare = rng.random(array.size) < 0.02
        array[rare] = draw(st.sampled_from([info.min, info.max]))
    return array.reshape(shape)


@pytest.mark.parametrize("step", ALL, ids=[step.NAME for step in ALL])
@given(array=near_the_ends(), max_error=st.sampled_from([1.0, 3.5, 1e4, 1e30]))
@settings(max_examples=150, deadline=None)
def test_what_a_step_proposes_its_inverse_takes(
    step: Step, array: np.ndarray, max_error: float
) -> None:
    """Every candidate that `split` accepts comes back, exactly or within the bound."""
    if not step.accepts(array.dtype):
        array = to_plane(array)
        if not step.accepts(array.dtype):
            return
    lossy = step.NAME == "quantised"
    for parameters in step.candidates(array, Context(max_error if lossy else None)):
        back = round_trip(step, array, parameters)
        if back is None:
            continue
        if lossy:
            assert back.dtype == array.dtype
            pairs = zip(array.ravel().tolist(), back.ravel().tolist(), strict=True)
            assert all(abs(a - b) <= max_error for a, b in pairs)
        else:
            assert_identical(array, back)


@given(array=near_the_ends(), level=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_whole_arrays_near_the_ends_come_back(array: np.ndarray, level: int) -> None:
    """So do arrays that the search has put any chain of steps together for."""
    data = compress.compress(array, level=level, threads=1)
    assert_identical(array, compress.decompress(data, threads=1))
