"""Values that recur are numbered, however many there are, where that is shorter."""

from __future__ import annotations

import numpy as np
import pytest

from compress.transforms import dictionary
from compress.transforms.distinct import recurring_share

from .chains import check_step, forward, propose

RNG = np.random.default_rng(14)
WIDE = 1 << 60


@pytest.mark.parametrize(("count", "size"), [(3000, 20_000), (8000, 25_000), (40_000, 500_000)])
def test_thousands_of_wide_values_are_numbered(count: int, size: int) -> None:
    """Even where a sample of the plane hardly has one of them twice."""
    array = RNG.choice(RNG.integers(0, WIDE, count), size)
    assert check_step(dictionary, array) == ()
    _, values = forward(dictionary, array, ()) or ()
    assert np.array_equal(values, np.unique(array))


def test_wide_values_that_hardly_recur_are_not_numbered() -> None:
    """A list of nearly all samples is no gain."""
    array = RNG.integers(0, WIDE, 20_000)
    array[::50] = array[25::50]
    assert propose(dictionary, array) is None


def test_narrow_values_that_recur_twice_are_not_numbered() -> None:
    """Indexes are hardly shorter than values of 16 bits."""
    assert propose(dictionary, RNG.integers(0, 1 << 16, 60_000)) is None


@pytest.mark.parametrize("size", [1000, 100_000])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
def test_the_share_of_recurring_samples_is_estimated(size: int, share: float) -> None:
    """By all samples of some values."""
    count = round(size * (1 - share))
    array = np.concatenate([np.arange(count), RNG.integers(0, count, size - count)]) * 7919
    assert recurring_share(array) == pytest.approx(share, abs=0.05)
