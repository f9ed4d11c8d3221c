"""Halves that miss their mirror image by rounding, and stacks of symmetric matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.errors import CorruptError
from compress.transforms import mirrored
from compress.transforms.ordered import to_plane

from .chains import Children, assert_identical, check_step, forward, propose, round_trip

RNG = np.random.default_rng(5)


@given(
    array=hnp.arrays(
        np.int64,
        st.sampled_from([(2,), (9,), (3, 3), (4, 4), (2, 3, 3), (3, 1, 4, 4)]),
        elements=st.integers(-(1 << 63), (1 << 63) - 1),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_plane_comes_back_from_two_halves(array: np.ndarray) -> None:
    """Differences of halves wrap around, so every plane has them, about every axis it has."""
    for axis in range(array.ndim + 1):
        back = round_trip(mirrored, array, (axis, mirrored.NEARLY))
        if back is not None:
            assert_identical(array, back)
    assert forward(mirrored, array, (0, mirrored.NEARLY)) is not None or len(array) < 2


def test_rounding_between_the_halves_of_a_matrix_is_a_small_plane() -> None:
    """Correlations computed in two orders differ by units in the last place."""
    table = np.corrcoef(RNG.normal(size=(60, 200)))
    plane = to_plane((table + table.T) / 2)
    plane += np.triu(RNG.integers(-3, 4, plane.shape), 1)
    assert check_step(mirrored, plane) == (2, mirrored.NEARLY)
    main, more = forward(mirrored, plane, (2, mirrored.NEARLY)) or ()
    assert main.size == 60 * 61 // 2
    assert np.abs(more).max() <= 3


def test_rounding_between_the_halves_of_a_window_is_a_small_plane() -> None:
    """Cosines of a phase and of its complement differ by units in the last place."""
    plane = to_plane(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, 1000) / 1000))
    plane[600] += 1
    assert check_step(mirrored, plane) == (0, mirrored.NEARLY)


def test_stacks_of_symmetric_matrices_are_kept_by_half() -> None:
    """One covariance matrix for each trial."""
    plane = np.stack([to_plane(np.cov(RNG.normal(size=(7, 50)))) for _ in range(9)])
    plane = np.maximum(plane, plane.swapaxes(-1, -2))
    assert check_step(mirrored, plane) == (3,)
    assert (forward(mirrored, plane, (3,)) or ())[0].shape == (9, 4, 7)


@pytest.mark.parametrize("shape", [(5000,), (70, 70), (5, 40, 40)])
@pytest.mark.parametrize("bits", [1, 8, 62])
def test_noise_is_not_nearly_mirrored(shape: tuple[int, ...], bits: int) -> None:
    """Halves of noise differ as much as neighbours do."""
    assert propose(mirrored, RNG.integers(0, 1 << bits, shape)) is None


def test_a_smooth_plane_is_not_nearly_mirrored() -> None:
    """Neighbours that are close need no mirror."""
    assert propose(mirrored, np.cumsum(RNG.integers(-1, 2, (80, 80)), axis=1)) is None


def test_a_diagonal_that_differs_from_itself_is_corrupt() -> None:
    """The rectangle holds the diagonal once, and its difference must be 0."""
    half, more = np.zeros((2, 3), np.int64), np.ones((2, 3), np.int64)
    with pytest.raises(CorruptError):
        mirrored.inverse(Children((half, more)), (3, 3), np.dtype(np.int64), (2, 1))


@pytest.mark.parametrize("parameters", [(2, 2), (2, -1), (3,), (1, 0, 0), ()])
def test_impossible_parameters_raise(parameters: tuple[int, ...]) -> None:
    """An axis of the plane, exactly or nearly, and nothing else."""
    with pytest.raises(CorruptError):
        mirrored.inverse(np.zeros, (4, 4), np.dtype(np.int64), parameters)
