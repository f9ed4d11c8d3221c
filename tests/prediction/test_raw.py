"""Plain bits: any plane, its exact size, and nothing else from damaged streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction import raw

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@given(values=st.one_of(st.lists(INT64, min_size=1), st.lists(st.integers(-9, 9), min_size=1)))
@settings(deadline=None)
def test_planes_come_back_at_their_size(values: list[int]) -> None:
    """A plane takes the bits of its range for each sample, to the byte."""
    plane = np.array(values)
    parameters = raw.propose(plane, 5) or ()
    assert parameters[0] == (max(values) - min(values)).bit_length()
    data = raw.encode(plane, parameters)
    assert len(data) == -(-len(values) * parameters[0] // 8)
    assert np.array_equal(raw.decode(memoryview(data), plane.shape, parameters), plane)


@pytest.mark.parametrize(
    "parameters", [(), (0,), (65, 0), (-1, 0), (8, 1 << 63), (9, 0), (8, 8, 0)]
)
def test_impossible_parameters_are_corrupt(parameters: tuple[int, ...]) -> None:
    """Widths that do not fit the data, and numbers that are none."""
    with pytest.raises(CorruptError):
        raw.decode(memoryview(bytes(4)), (4,), parameters)


def test_parameters_of_another_plane_are_refused() -> None:
    """A plane beyond the learned range is a ValueError, not a wrong plane."""
    with pytest.raises(ValueError, match="do not fit"):
        raw.encode(np.array([0, 16]), (4, 0))
