"""Sources in turn are found by values, changes or scales that lie apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction.common.entropy import plane_bits
from compress.transforms import interleaved
from compress.transforms.step import Context

from .chains import Children, assert_identical, check_step, forward, round_trip

N = 12_000
RNG = np.random.default_rng(4)


def _walk(scale: float, start: int) -> np.ndarray:
    return np.rint(start + np.cumsum(RNG.normal(0, scale, N))).astype(np.int64)


def _noise(scale: float, centre: int) -> np.ndarray:
    return np.rint(RNG.normal(centre, scale, N)).astype(np.int64)


SOURCES = {
    "levels": [_walk(10, 500 * j) for j in range(4)],
    "scales": [_walk(10, 0), _walk(3, 10**6), _walk(100, -(10**8)), _walk(1, 50)],
    "noise": [_noise(1, 0), _noise(10, 1000), _noise(30, 1000), _noise(100, 0)],
    "widths": [_noise(1, 0), _noise(1000, 0)],
    "same start": [_walk(10, 0), _walk(10, 0)],
    "kinds": [_walk(3, 0), _noise(200, 0), RNG.integers(0, 2, N)],
    "many": [_walk(10, 700 * (j * j % 11)) for j in range(31)],
}


@pytest.mark.parametrize("sources", SOURCES.values(), ids=SOURCES)
def test_each_source_gets_its_plane(sources: list[np.ndarray]) -> None:
    """The number of sources is found, and together they cost what each costs alone."""
    array = np.stack(sources, axis=1).reshape(-1)[:-1]
    assert check_step(interleaved, array) == (len(sources),)
    children = forward(interleaved, array, (len(sources),))
    assert children is not None
    assert np.array_equal(children[1], sources[1][: children[1].size])
    assert sum(map(plane_bits, children)) < plane_bits(array) - 0.15 * array.size


@pytest.mark.parametrize(
    "array",
    [
        _walk(10, 0),
        _noise(10, 0),
        RNG.integers(-(1 << 62), 1 << 62, N),
        np.arange(N) * 3,
        np.zeros(N, np.int64),
        np.stack([_walk(10, 0), _walk(10, 90)]),
    ],
    ids=["walk", "noise", "wide", "ramp", "zeros", "rows"],
)
def test_one_source_is_left_whole(array: np.ndarray) -> None:
    """Noise and walks are not taken apart, nor is what has rows already."""
    assert list(interleaved.candidates(array, Context())) == []


@given(
    array=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=9, max_size=40),
    sources=st.integers(1, 9),
)
@settings(deadline=None)
def test_all_numbers_of_sources_are_exact(array: list[int], sources: int) -> None:
    """Also where the last turn is not complete."""
    plane = np.array(array, np.int64)
    back = round_trip(interleaved, plane, (sources,))
    assert back is not None
    assert_identical(plane, back)


def test_more_sources_than_samples_are_refused() -> None:
    """A child would be empty."""
    with pytest.raises(CorruptError):
        interleaved.inverse(Children(()), (3,), np.dtype(np.int64), (4,))
