"""Holes that are marked in the main plane: exact for every step that has them, safe if damaged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.transforms import Step, affine, fixed, masked, quantised, ratios, scaled, truncated
from compress.transforms.special import COMPACT, FILLED, MARKED

from .chains import assert_identical, forward, propose, round_trip
from .test_all_steps import Hostile, fields, numbers

# Where their parameters say what becomes of holes.
LAYOUT = {scaled: 4, truncated: 1, masked: 0, fixed: 2, affine: 4, ratios: 2}
STEPS = list(LAYOUT)
SMALLEST, LARGEST = -(1 << 63), (1 << 63) - 1


def _with(parameters: tuple[int, ...], place: int, layout: int) -> tuple[int, ...]:
    return (*parameters[:place], layout, *parameters[place + 1 :])


@pytest.mark.parametrize("step", STEPS, ids=[step.NAME for step in STEPS])
@given(array=fields())
@settings(max_examples=80, deadline=None)
def test_marked_holes_come_back(step: Step, array: np.ndarray) -> None:
    """Whatever a step proposes also comes back with marked holes."""
    proposed = propose(step, array) if step.accepts(array.dtype) else None
    if proposed is None:
        return
    back = round_trip(step, array, _with(proposed, LAYOUT[step], MARKED))
    if back is not None:
        assert_identical(array, back)


@given(array=fields())
@settings(max_examples=60, deadline=None)
def test_bounded_arrays_come_back_alike_in_all_layouts(array: np.ndarray) -> None:
    """What a quantiser restores does not depend on where the holes are kept."""
    numeric = array.dtype.kind in "fiu" and array.ndim > 0
    proposed = propose(quantised, array, 2.5) if numeric else None
    if proposed is None:
        return
    backs = [round_trip(quantised, array, _with(proposed, 3, i)) for i in (COMPACT, FILLED, MARKED)]
    assert backs[0] is not None
    for back in backs[1:]:
        assert back is not None
        assert_identical(backs[0], back)


def test_the_main_plane_shows_the_holes_below_all_samples() -> None:
    """One less than the smallest good value; behind it, what the holes are."""
    image = np.arange(12).reshape(3, 4)
    image[1, 1:3] = 99
    image[2, 0] = -99
    children = forward(masked, image, (MARKED, 99, -99))
    assert children is not None
    main, codes = children
    assert main.tolist() == [[0, 1, 2, 3], [4, -1, -1, 7], [-1, 9, 10, 11]]
    assert codes.tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    "values",
    [
        [SMALLEST, 5, 7, SMALLEST, 5],
        [SMALLEST, SMALLEST + 1, LARGEST, 5],
        [5, 5],
        [SMALLEST, LARGEST],
        [SMALLEST] * 3,
        [7, 8, 7],
        [],
    ],
)
def test_there_need_be_no_integer_below_and_no_hole(values: list[int]) -> None:
    """Good samples with the smallest value of all are told from holes by their codes."""
    array = np.array(values, np.int64)
    for specials in ((5,), (LARGEST,), (SMALLEST,)):
        back = round_trip(masked, array, (MARKED, *specials))
        assert back is not None
        assert_identical(array, back)


def _read(*planes: Any) -> Any:
    waiting = [np.array(plane, np.int64) for plane in planes]

    def read(shape: tuple[int, ...]) -> Any:
        if not waiting or waiting[0].shape != shape:
            raise CorruptError("a child of another shape")
        return waiting.pop(0)

    return read


@pytest.mark.parametrize("codes", [[2, 2], [0, -1], [1], [1, 1, 1]])
def test_codes_that_cannot_be_are_refused(codes: list[int]) -> None:
    """Codes of values that there are none of, and too few or too many codes."""
    read = _read([[3, 3], [4, 5]], codes)
    with pytest.raises(CorruptError):
        masked.inverse(read, (2, 2), np.dtype(np.int64), (MARKED, 77))


@pytest.mark.parametrize("step", [*STEPS, quantised], ids=lambda step: step.NAME)
@given(
    dtype=st.sampled_from(["i8", "u4", "f2", "f4", "f8"]),
    shape=st.sampled_from([(), (0,), (7,), (5, 6), (2, 0, 3), (2, 3, 4)]),
    head=st.lists(numbers, max_size=4),
    specials=st.lists(numbers, max_size=3),
    seed=st.integers(0, 1000),
    narrow=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_damaged_streams_give_an_array_or_a_corrupt_error(
    *,
    step: Step,
    dtype: str,
    shape: tuple[int, ...],
    head: list[int],
    specials: list[int],
    seed: int,
    narrow: bool,
) -> None:
    """Arbitrary children under marked holes never do anything else, nor ask for too much."""
    place = 3 if step is quantised else LAYOUT[step]
    parameters = (*(*head, 1, 1, 1, 1)[:place], MARKED, *specials)
    read = Hostile(np.random.default_rng(seed), math.prod(shape), narrow)
    try:
        array = step.inverse(read, shape, np.dtype(dtype), parameters)
    except CorruptError:
        return
    assert array.dtype == dtype
    assert array.shape == shape
