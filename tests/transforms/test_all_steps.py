"""What every step owes: exact inverses, and no harm from damaged streams."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.errors import CorruptError
from compress.transforms import STEPS, Step
from compress.transforms.step import NARROW

from .chains import check_step, propose

NATIVE = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
ALL = list(STEPS.values())
NAMES = [step.NAME for step in ALL]

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=20)


@st.composite
def fields(draw: st.DrawFn) -> np.ndarray:
    """Arrays with the structures that steps look for, some of them damaged in places."""
    dtype = np.dtype(draw(st.sampled_from(NATIVE)))
    shape = draw(shapes)
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    size = math.prod(shape)
    kind = draw(st.sampled_from(["bits", "few", "walk", "multiples", "period", "constant"]))
    if kind == "bits" or dtype.kind == "b":
        raw = rng.integers(0, 256, size * dtype.itemsize, np.uint8)
        values = (raw & 1 if dtype.kind == "b" else raw).view(dtype)
    else:
        numbers = {
            "few": rng.integers(-4, 5, size) * 13,
            "walk": np.cumsum(rng.integers(-3, 4, size)),
            "multiples": rng.integers(0, 50, size) * 6 + 1,
            "period": np.tile(rng.integers(0, 99, 7), size // 7 + 1)[:size],
            "constant": np.full(size, 42),
        }[kind]
        divisor = draw(st.sampled_from([1, 10, 100, 3])) if dtype.kind == "f" else 1
        values = (numbers / divisor if divisor > 1 else numbers).astype(dtype)
    if size and draw(st.booleans()):
        where = rng.random(size) < draw(st.sampled_from([0.02, 0.3]))
        values[where] = draw(st.sampled_from(_specials(dtype)))
    return values.reshape(shape)


def _specials(dtype: np.dtype) -> list[object]:
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return [math.nan, math.inf, -math.inf, -0.0, info.max, info.smallest_subnormal]
    if dtype.kind == "b":
        return [True, False]
    return [np.iinfo(dtype).max, np.iinfo(dtype).min, 99]


@pytest.mark.parametrize("step", ALL, ids=NAMES)
@given(array=fields())
@settings(max_examples=60, deadline=None)
def test_whatever_a_step_proposes_comes_back(step: Step, array: np.ndarray) -> None:
    """Any structure, damaged or not: the step declines or restores every bit."""
    if not step.accepts(array.dtype):
        return
    before = array.copy()
    check_step(step, array)
    assert before.tobytes() == array.tobytes(), "the step changed its input"


numbers = st.one_of(
    st.integers(-3, 20), st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 70), 1 << 70)
)


class Hostile:
    """Gives arbitrary planes of whatever shape is asked for, and checks that it is modest."""

    def __init__(self, rng: np.random.Generator, size: int, narrow: bool) -> None:
        self.rng, self.size, self.narrow = rng, size, narrow
        self.calls = 0

    def __call__(self, shape: tuple[int, ...]) -> np.ndarray:
        self.calls += 1
        assert all(type(side) is int and side >= 0 for side in shape)
        assert math.prod(shape) <= self.size, "a child larger than its parent"
        assert self.calls <= 64
        high = int(self.rng.integers(1, 5)) if self.narrow else (1 << 63) - 1
        low = -1 if self.narrow and self.rng.random() < 0.2 else 0 if self.narrow else -(1 << 63)
        return self.rng.integers(low, high, shape, np.int64, endpoint=True)


@pytest.mark.parametrize("step", ALL, ids=NAMES)
@given(
    dtype=st.sampled_from(NATIVE),
    shape=shapes,
    parameters=st.lists(numbers, max_size=8),
    seed=st.integers(0, 1000),
    narrow=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_damaged_streams_give_an_array_or_a_corrupt_error(
    *,
    step: Step,
    dtype: str,
    shape: tuple[int, ...],
    parameters: list[int],
    seed: int,
    narrow: bool,
) -> None:
    """Arbitrary parameters and children never do anything else, nor ask for too much."""
    read = Hostile(np.random.default_rng(seed), math.prod(shape), narrow)
    width = NARROW[seed % 3] if step.TRAITS.takes_narrow else np.int64
    try:
        array = step.inverse(
            lambda asked: read(asked).astype(width), shape, np.dtype(dtype), tuple(parameters)
        )
    except CorruptError:
        return
    assert array.dtype == dtype or (dtype == "i8" and array.dtype in NARROW)
    assert array.shape == shape


@pytest.mark.parametrize("step", ALL, ids=NAMES)
@given(array=fields(), change=numbers, where=st.integers(0, 9), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_altered_parameters_give_an_array_or_a_corrupt_error(
    step: Step, array: np.ndarray, change: int, where: int, seed: int
) -> None:
    """Parameters that were right but for one number, with children of small values."""
    if not step.accepts(array.dtype):
        return
    proposed = propose(step, array)
    if not proposed:
        return
    parameters = list(proposed)
    parameters[where % len(parameters)] = change
    read = Hostile(np.random.default_rng(seed), array.size, True)
    try:
        back = step.inverse(read, array.shape, array.dtype, tuple(parameters))
    except CorruptError:
        return
    assert back.dtype == array.dtype or (array.dtype == "i8" and back.dtype in NARROW)
    assert back.shape == array.shape
