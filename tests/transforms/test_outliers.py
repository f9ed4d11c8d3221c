"""Spikes are listed apart, wherever they stand; shifts of level and heavy noise are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.prediction.common.entropy import plane_bits
from compress.transforms import outliers
from compress.transforms.special import COMPACT, FILLED
from compress.transforms.step import Context

from .chains import assert_identical, check_step, forward, round_trip

N = 40_000
RNG = np.random.default_rng(8)
WALK = np.cumsum(RNG.integers(-9, 10, N))
PICTURE = np.cumsum(np.cumsum(RNG.integers(-1, 2, (200, 200)), axis=0), axis=1)


def _spiked(array: np.ndarray, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Add spikes with a sample or more between them; returns where they are too."""
    places = np.sort(RNG.choice(array.size // 3, count, replace=False)) * 3 + 1
    spiked = array.copy()
    spiked.reshape(-1)[places] += RNG.choice([-1, 1], count) * RNG.integers(size, 2 * size, count)
    where = np.zeros(array.size, np.bool_)
    where[places] = True
    return spiked, where.reshape(array.shape)


@pytest.mark.parametrize(
    ("array", "count", "size"),
    [
        (np.rint(RNG.normal(0, 3, N)).astype(np.int64), 80, 1 << 29),
        (WALK, 300, 10_000),
        (WALK, 1, 1 << 40),
        (PICTURE, 1, 1 << 31),
        (PICTURE, 100, 1 << 20),
    ],
    ids=["rest", "walk", "one", "pixel", "pixels"],
)
def test_spikes_are_set_apart(array: np.ndarray, count: int, size: int) -> None:
    """Exactly the spikes are listed, and the rest costs about what it cost without them."""
    spiked, where = _spiked(array, count, size)
    parameters = check_step(outliers, spiked)
    assert parameters is not None
    assert parameters[0] == (COMPACT if array.ndim == 1 else FILLED)
    mask, main, listed = forward(outliers, spiked, parameters) or ()
    assert np.array_equal(mask == 1, where)
    assert listed.size == count
    assert plane_bits(main) < plane_bits(array) + 300 + 40 * count


@pytest.mark.parametrize(
    "array",
    [
        WALK,
        np.concatenate([WALK, WALK + 10**9]),
        PICTURE,
        RNG.integers(-(1 << 62), 1 << 62, N),
        np.rint(RNG.laplace(0, 10, N)).astype(np.int64),
        RNG.choice([0, 10**6], N),
        np.repeat(RNG.integers(0, 10**9, N // 10), 10),
        np.zeros(N, np.int64),
    ],
    ids=["walk", "shift", "picture", "wide", "laplace", "two", "steps", "zeros"],
)
def test_nothing_else_is_an_outlier(array: np.ndarray) -> None:
    """Walks, shifts of level, noise and steps have none."""
    assert list(outliers.candidates(array, Context())) == []


@given(
    array=st.lists(
        st.sampled_from([0, 1, 5, (1 << 63) - 1, -(1 << 63), 1 << 62]), min_size=1, max_size=40
    ),
    step=st.sampled_from([0, 1, 1 << 62, (1 << 63) - 1]),
)
@settings(deadline=None)
def test_every_distance_is_exact(array: list[int], step: int) -> None:
    """Also at both ends of int64."""
    plane = np.array(array, np.int64)
    back = round_trip(outliers, plane, (COMPACT, step))
    assert back is not None
    assert_identical(plane, back)
