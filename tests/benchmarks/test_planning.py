"""Planning is told apart from carrying out a plan."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import planning
from benchmarks.measure import Effort, measure
from benchmarks.peers import select

WALK = np.cumsum(np.random.default_rng(6).integers(-9, 10, 3000)).astype(np.int32)


def test_parts_of_encoding_are_no_more_than_the_whole() -> None:
    """Steps, fits, coding and planning are all there, and planning is a share."""
    spent = planning.measure(WALK, 1, rounds=1)
    assert min(spent) >= 0
    assert 0 <= spent.share <= 1


def test_bars_are_for_large_arrays() -> None:
    """A share at 500,000 samples, milliseconds at 50,000 and level 1, else nothing."""
    spent = planning.Spent(total=10.0, steps=1.0, fits=1.0, coding=6.5)
    assert planning.held(spent, 500_000, 5) is True
    assert planning.held(spent, 50_000, 1) is True
    assert planning.held(spent, 50_000, 5) is None
    assert planning.held(spent._replace(coding=1.0), 500_000, 5) is False


def test_a_run_records_planning_of_this_library() -> None:
    """Other compressors have none."""
    ours, other = measure(WALK, select(["compress 1", "zlib 6"]), (), Effort(1, 0.01))
    assert 0 <= ours.planning < ours.encode
    assert math.isnan(other.planning)
