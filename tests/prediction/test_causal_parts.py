"""The parts of the causal model against independent references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from compress.prediction.common.logistic import SQUASH, STRETCH, squash, stretch, student
from compress.prediction.common.scan import Scan, arrange, nearest, restore


def test_links_are_the_logistic_function_and_its_inverse() -> None:
    """The tables agree with scipy as closely as their steps allow."""
    for logit in np.linspace(-11.9, 11.9, 977).tolist():
        assert squash(logit, SQUASH) == pytest.approx(special.expit(logit), rel=0.008)
    for p in np.linspace(0.0001, 0.9999, 997).tolist():
        for scale in (1.0, 1e-3):
            odds = stretch(p * scale, (1.0 - p) * scale, STRETCH)
            assert odds == pytest.approx(special.logit(p), abs=0.016)


def test_shares_that_vanish_have_even_odds() -> None:
    """Where rounding leaves nothing on either side, or less than nothing, no side is favoured."""
    for yes, no in ((0.0, 0.0), (-1e-16, 1e-16), (1e-16, -2e-16)):
        assert abs(stretch(yes, no, STRETCH)) < 0.02


@given(st.floats(-1e9, 1e9))
def test_the_student_distribution_is_scipys(z: float) -> None:
    """Four degrees of freedom have an algebraic distribution function."""
    assert student(z) == pytest.approx(stats.t.cdf(z, 4), abs=1e-12)


@st.composite
def scans(draw: st.DrawFn) -> tuple[tuple[int, ...], Scan, int]:
    """Shape in scan order, scan, channel."""
    shape = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=5)))
    axes = tuple(draw(st.permutations(range(len(shape)))))
    steps = tuple(draw(st.integers(1, 5)) for _ in shape)
    channel = draw(st.integers(-1, len(shape) - 1))
    index = draw(st.integers(0, shape[channel] - 1)) if channel >= 0 else 0
    return shape, Scan(axes, channel, steps), index


@given(scans(), st.integers(1, 40))
def test_neighbours_are_causal_and_the_nearest(
    drawn: tuple[tuple[int, ...], Scan, int], count: int
) -> None:
    """Every offset points backwards, stays among the channels, and no nearer one is left out."""
    shape, scan, index = drawn
    offsets = nearest(shape, scan, index, count)
    assert offsets.shape == (count, len(shape))
    assert all(tuple(offset) < (0,) * len(shape) for offset in offsets.tolist())
    distances = ((offsets * np.array(scan.steps)) ** 2).sum(1)
    assert (np.diff(distances) >= 0).all()
    if scan.channel >= 0 and np.prod(shape) > 1:
        channels = offsets[:, scan.channel] + index
        if len(np.unique(offsets, axis=0)) > 1:
            assert ((channels >= 0) & (channels < shape[scan.channel])).all()


@given(scans())
def test_arranging_is_undone(drawn: tuple[tuple[int, ...], Scan, int]) -> None:
    """`restore` inverts `arrange` for every order of axes."""
    shape, scan, _ = drawn
    plane = np.arange(np.prod(shape)).reshape(shape)
    np.testing.assert_array_equal(restore(arrange(plane, scan), scan), plane)
