"""What steps know of a plane before they look at it themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from compress.transforms.sample import SAMPLE, statistics_of
from compress.transforms.spread import mean_bits
from compress.transforms.step import Context, Plane

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
PLANES = npst.arrays(np.int64, st.integers(1, 50), elements=INT64 | st.integers(-9, 9))


@given(PLANES, INT64)
def test_mean_bits_are_those_of_the_distances(plane: Plane, centre: int) -> None:
    """Also where a distance is no int64."""
    distances = [abs(float(value) - float(centre)) for value in plane.tolist()]
    assert mean_bits(plane, centre) == pytest.approx(np.mean(np.log2(np.add(distances, 1.0))))


def test_no_numbers_have_no_bits() -> None:
    """As steps ask for the differences of one sample."""
    assert mean_bits(np.zeros(0, np.int64)) == 0.0


@given(PLANES)
def test_a_small_plane_is_counted_whole(plane: Plane) -> None:
    """Whether its range is narrow, which is counted, or wide, which is sorted."""
    found = statistics_of(plane)
    values, counts = np.unique(plane, return_counts=True)
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.counts, counts)
    assert (found.low, found.high) == (int(plane.min()), int(plane.max()))


def test_bounds_are_those_of_all_samples() -> None:
    """A sample of a large plane may miss its extremes; the bounds do not."""
    plane = np.zeros(100 * SAMPLE, np.int64)
    plane[12345], plane[54321] = -7, 9
    found = statistics_of(plane)
    assert (found.low, found.high) == (-7, 9)
    assert found.sample.size == int(found.counts.sum()) <= SAMPLE


def test_a_context_looks_once() -> None:
    """Where it keeps anything; else every time."""
    seen: list[int] = []

    def look(plane: Plane, more: int = 0) -> int:
        seen.append(more)
        return plane.size + more

    plane = np.arange(5)
    shared = Context(shared={})
    assert shared.once(look, plane, 1) == shared.once(look, plane, 1) == 6
    assert seen == [1]
    assert Context().once(look, plane) == Context().once(look, plane) == 5
    assert seen == [1, 0, 0]
