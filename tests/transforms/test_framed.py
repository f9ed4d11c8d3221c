"""Regimes: pieces with a level and a scale of their own are found, and cost what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction.common.entropy import plane_bits
from compress.transforms import framed
from compress.transforms.step import Context

from .chains import Children, assert_identical, check_step, forward

N = 40_000
RNG = np.random.default_rng(9)
LENGTH = 500


def _each(values: np.ndarray) -> np.ndarray:
    return np.repeat(values, LENGTH)


@pytest.mark.parametrize("offset", [0, 1 << 50])
def test_regimes_of_any_width_cost_their_widths(offset: int) -> None:
    """Uniform samples of 0 to 23 bits, each regime somewhere else."""
    bits = RNG.integers(0, 24, N // LENGTH)
    starts = RNG.integers(0, offset + 1, bits.size)
    array = _each(starts) + (RNG.random(N) * _each(2.0**bits)).astype(np.int64)
    assert check_step(framed, array) is not None
    children = forward(framed, array, next(framed.candidates(array, Context()))) or ()
    assert sum(map(plane_bits, children)) < (np.mean(bits) + 0.9) * N


def test_regimes_of_normal_noise_are_cut_where_the_scale_changes() -> None:
    """About as many frames as regimes, and the entropy of the noise."""
    scales = 2.0 ** RNG.integers(1, 11, N // LENGTH)
    array = np.rint(RNG.normal(0, 1, N) * _each(scales)).astype(np.int64)
    parameters = check_step(framed, array)
    assert parameters is not None
    assert parameters[0] < 1.2 * N / LENGTH
    bits = float(np.mean(np.log2(scales))) + 0.5 * np.log2(2 * np.pi * np.e)
    children = forward(framed, array, parameters) or ()
    assert sum(map(plane_bits, children)) < (bits + 0.35) * N


@pytest.mark.parametrize(
    "array",
    [
        np.cumsum(RNG.integers(-9, 10, N)),
        RNG.integers(0, 256, N),
        RNG.integers(-(1 << 62), 1 << 62, N),
        np.rint(1000 * np.sin(np.arange(N) / 50)).astype(np.int64),
        np.rint(10 * RNG.standard_cauchy(N)).astype(np.int64),
        np.zeros(N, np.int64),
        np.cumsum(RNG.integers(-9, 10, (200, 200)), axis=0),
    ],
    ids=["walk", "bytes", "wide", "sine", "cauchy", "zeros", "picture"],
)
def test_one_regime_is_left_whole(array: np.ndarray) -> None:
    """Noise of one scale, walks and smooth curves are not cut."""
    assert list(framed.candidates(array, Context())) == []


@given(
    array=st.lists(
        st.sampled_from([0, 1, -5, 1000, (1 << 63) - 1, -(1 << 63)]), min_size=1, max_size=60
    )
)
@settings(deadline=None)
def test_every_cut_is_exact(array: list[int]) -> None:
    """Also where a frame has both ends of int64."""
    plane = np.array(array, np.int64)
    lengths, _, which = framed._frames(plane)
    children = forward(framed, plane, (lengths.size, int(which.max()) + 1))
    assert children is not None
    parameters = (lengths.size, int(which.max()) + 1)
    back = framed.inverse(Children(children), plane.shape, plane.dtype, parameters)
    assert_identical(plane, back)


@pytest.mark.parametrize(
    ("lengths", "which", "parameters"),
    [
        ([2, 3], [0, 0], (2, 1)),
        ([4, 0], [0, 0], (2, 1)),
        ([5, -1], [0, 0], (2, 1)),
        ([2, 2], [0, 1], (2, 1)),
        ([2, 2], [0, -1], (2, 1)),
        ([4], [0], (1, 0)),
        ([], [], (0, 1)),
        ([4], [0], (1, 1000)),
    ],
)
def test_frames_that_cannot_be_are_refused(
    lengths: list[int], which: list[int], parameters: tuple[int, ...]
) -> None:
    """Frames that are not the samples, scales that there are not."""
    planes = [np.array(plane, np.int64) for plane in (lengths, lengths, which, [0] * 4)]
    with pytest.raises(CorruptError):
        framed.inverse(Children(tuple(planes)), (4,), np.dtype(np.int64), parameters)
