"""Exact values among full mantissas are set apart, whatever the dtype and however they lie."""

from __future__ import annotations

import numpy as np
import pytest

from compress.transforms import masked
from compress.transforms.ordered import to_plane

from .chains import check_step, forward, propose

RNG = np.random.default_rng(12)


def _volume(dtype: str, share: float) -> np.ndarray:
    """Noise of full mantissas with blocks of exact zeros."""
    blocks = RNG.random((4, 12, 12)) < share
    zero = np.kron(blocks, np.ones((4, 4, 4), np.bool_))
    values = RNG.normal(300, 90, zero.shape).astype(dtype)
    values[zero] = 0
    return values


@pytest.mark.parametrize(
    ("dtype", "share"),
    [("f4", 0.02), ("f8", 0.02), *((dtype, share) for dtype in "efd" for share in (0.25, 0.6))],
)
def test_blocks_of_exact_zeros_are_set_apart(dtype: str, share: float) -> None:
    """What is left has no zero any more."""
    plane = to_plane(_volume(dtype, share))
    parameters = check_step(masked, plane)
    assert parameters is not None
    assert parameters[1:] == (0,)
    mask, main = forward(masked, plane, parameters) or ()
    assert np.array_equal(mask == 1, plane == 0)
    assert not np.any(main == 0)


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_rare_exact_values_in_a_continuum_are_set_apart(share: float) -> None:
    """One sample in a hundred, amid the range of the others."""
    values = RNG.normal(0, 1, 50_000)
    values[RNG.random(values.size) < share] = 0.125
    parameters = check_step(masked, to_plane(values))
    assert parameters is not None
    assert parameters[1:] == (int(to_plane(np.array([0.125]))[0]),)


def test_both_ends_of_a_clipped_range_are_set_apart() -> None:
    """Several exact values at once."""
    plane = to_plane(np.clip(RNG.normal(0, 1, 50_000), -1.25, 1.5))
    parameters = check_step(masked, plane)
    assert parameters is not None
    assert set(parameters[1:]) == {int(plane.min()), int(plane.max())}


def test_values_of_a_narrow_histogram_stay() -> None:
    """Small integers recur, the frequent ones hardly more than the next."""
    assert propose(masked, np.rint(RNG.normal(0, 20, 50_000)).astype(np.int64)) is None
    assert propose(masked, to_plane(RNG.normal(0, 1, 50_000))) is None
