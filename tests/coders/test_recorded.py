"""What is recorded forward and coded backward: intervals, decisions, uniform values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.coders import encode_decisions, encode_intervals
from compress.coders.lanes import close_lane, open_lane
from compress.coders.recorded import ANSWER_SHIFT, TOTAL, decision_bits, interval_bits, uniform
from compress.errors import CorruptError

Words = npt.NDArray[np.uint32]
DECISIONS = st.lists(st.tuples(st.integers(1, TOTAL - 1), st.booleans()), max_size=60)
NONE = np.zeros(1, np.uint32)


def _decisions(pairs: list[tuple[int, bool]]) -> Words:
    return np.array([mass | answer << ANSWER_SHIFT for mass, answer in pairs], np.uint32)


@given(DECISIONS)
@settings(deadline=None)
def test_decisions_are_intervals(pairs: list[tuple[int, bool]]) -> None:
    """Yes is the interval from 0 on, no the one behind it: the same words, the same length."""
    starts = np.array([0 if answer else mass for mass, answer in pairs], np.uint32)
    masses = np.array([mass if answer else TOTAL - mass for mass, answer in pairs], np.uint32)
    words = encode_decisions(_decisions(pairs))
    np.testing.assert_array_equal(words, encode_intervals(starts, masses))
    assert decision_bits(_decisions(pairs)) == pytest.approx(interval_bits(masses).sum())
    assert 32 * len(words) <= decision_bits(_decisions(pairs)) + 64


def test_impossible_decisions_are_refused() -> None:
    """A mass of nothing could not be decoded."""
    with pytest.raises(ValueError, match="both answers"):
        encode_decisions(np.array([5, 0], np.uint32))


@given(
    st.lists(st.tuples(st.integers(-(1 << 60), 1 << 60), st.integers(1, 1 << 60), st.floats(0, 1)))
)
@settings(deadline=None)
def test_uniform_values_come_back(ranges: list[tuple[int, int, float]]) -> None:
    """Of any range below 2^61, at about the logarithm of its size."""
    starts, masses = (
        np.zeros(5 * len(ranges) + 1, np.uint32),
        np.zeros(5 * len(ranges) + 1, np.uint32),
    )
    recorded, zero = 0, np.uint64(0)
    values = [low + min(int(share * span), span - 1) for low, span, share in ranges]
    for value, (low, span, _) in zip(values, ranges, strict=True):
        *_, recorded = uniform(
            False, value, low, low + span, zero, zero, NONE, starts, masses, recorded
        )
    bits = sum(np.log2(span) for _, span, _ in ranges)
    assert interval_bits(masses[:recorded]).sum() <= 1.03 * bits + 1.1 * len(ranges)
    words = np.append(encode_intervals(starts[:recorded], masses[:recorded]), np.uint32(0))
    state, place = open_lane(words, 0, len(words) - 1)
    with np.errstate(over="ignore"):
        for value, (low, span, _) in zip(values, ranges, strict=True):
            found, state, place, _ = uniform(
                True, 0, low, low + span, np.uint64(state), np.uint64(place), words, NONE, NONE, 0
            )
            assert found == value
    assert state == place == 0


@given(st.integers(0, (1 << 64) - 1), st.lists(st.integers(0, (1 << 32) - 1), max_size=5))
def test_a_lane_is_opened_where_it_was_closed(state: int, before: list[int]) -> None:
    """The state comes back from the words at the end, if it fills more than those before allow."""
    if state < 1 << 32 and before:
        state += 1 << 32
    words = np.append(np.array(before, np.uint32), close_lane(state))
    assert open_lane(words, 0, len(words)) == (state, len(before))


def test_words_that_end_with_zero_are_corrupt() -> None:
    """No encoder writes them, so that there is one code of each message."""
    with pytest.raises(CorruptError, match="zero"):
        open_lane(np.array([7, 0], np.uint32), 0, 2)
