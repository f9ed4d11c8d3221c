"""Tracks: interleaved streams are taken apart, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction.common.entropy import plane_bits
from compress.transforms import lookback
from compress.transforms.step import Context
from compress.transforms.tracks import BY_NUMBER, BY_RECENCY, MAX_SMOOTHING

from .chains import Children, assert_identical, forward, propose, round_trip

N = 40_000


def _entropy(values: np.ndarray) -> float:
    share = np.unique(values, return_counts=True)[1] / values.size
    return float(-np.sum(share * np.log2(share)))


def _tracks(k: int, drift: bool) -> tuple[np.ndarray, float]:
    """Make samples that each continue one of k tracks, and the bits that each holds."""
    rng = np.random.default_rng(k)
    which = rng.integers(0, k, N)
    noise = np.rint(rng.normal(0, 3, N)).astype(np.int64)
    array = rng.integers(0, 1 << 40, k)[which]
    for track in range(k):
        mine = which == track
        array[mine] += np.cumsum(noise[mine]) if drift else noise[mine]
    return array, float(np.log2(k)) + _entropy(noise) + 40 * k / N


@pytest.mark.parametrize("drift", [False, True])
@pytest.mark.parametrize("k", [4, 64, 1000])
def test_tracks_cost_their_names_and_their_noise(k: int, drift: bool) -> None:
    """A uniformly chosen one of k tracks and small noise: within 3 % of what they hold."""
    array, bits = _tracks(k, drift)
    children = forward(lookback, array, propose(lookback, array) or ())
    assert children is not None
    assert sum(map(plane_bits, children)) < 1.03 * bits * N


def test_a_changing_set_of_sessions_is_followed() -> None:
    """Each of 30 users goes on in time, and some begin anew far away."""
    rng = np.random.default_rng(0)
    times, waits = rng.integers(0, 10**9, 30), rng.exponential(10, N).astype(np.int64)
    array = np.empty(N, np.int64)
    for i, user in enumerate(rng.integers(0, 30, N)):
        times[user] = times[user] + waits[i] if rng.random() > 0.002 else rng.integers(0, 10**9)
        array[i] = times[user]
    children = forward(lookback, array, propose(lookback, array) or ())
    assert children is not None
    bits = np.log2(30) + _entropy(waits)
    assert sum(map(plane_bits, children)) < (1.03 * bits + 0.002 * 40) * N


def test_waits_of_one_sign_are_no_steady_change() -> None:
    """Waits of 1 to 16 are coded as they are: the last one says nothing of the next."""
    rng = np.random.default_rng(3)
    which, waits = rng.integers(0, 20, N), rng.integers(1, 17, N)
    array = which * 10_000_000
    for track in range(20):
        array[which == track] += np.cumsum(waits[which == track])
    children = forward(lookback, array, propose(lookback, array) or ())
    assert children is not None
    assert sum(map(plane_bits, children)) < 1.03 * (np.log2(20) + 4) * N


def test_values_that_come_again_are_found_among_new_ones() -> None:
    """Three of five values are one of the 16 newest, the others anywhere in 52 bits."""
    rng = np.random.default_rng(4)
    pool, at, out = list(range(16)), 0, []
    for _ in range(N):
        if rng.random() > 0.6:
            pool[at] = int(rng.integers(0, 1 << 52))
            out.append(pool[at])
            at = (at + 1) % 16
        else:
            out.append(pool[rng.integers(0, 16)])
    array = np.array(out, np.int64)
    bits = 0.971 + 0.6 * 4 + 0.4 * 52
    costs = [
        sum(map(plane_bits, forward(lookback, array, parameters) or ()))
        for parameters in lookback.candidates(array, Context())
    ]
    assert min(costs) < 1.02 * bits * N


def test_steady_tracks_leave_nothing_but_their_names() -> None:
    """Each track expects its last change again."""
    rng = np.random.default_rng(1)
    which = rng.integers(0, 20, N)
    array = rng.integers(0, 1 << 40, 20)[which]
    for track in range(20):
        array[which == track] += 1000 * track * np.arange(np.count_nonzero(which == track))
    parameters = propose(lookback, array)
    assert parameters is not None
    assert parameters[4] == 1
    assert np.count_nonzero((forward(lookback, array, parameters) or ())[1]) < 100


_RNG = np.random.default_rng(2)


@pytest.mark.parametrize(
    "array",
    [
        _RNG.integers(-(1 << 62), 1 << 62, N),
        _RNG.integers(0, 1000, N),
        np.rint(_RNG.normal(0, 1e6, N)).astype(np.int64),
        np.cumsum(_RNG.integers(-9, 10, N)),
        np.cumsum(_RNG.integers(0, 1000, N)) % 100_000,
        np.arange(N),
        np.zeros(N, np.int64),
        np.cumsum(_RNG.integers(-9, 10, (200, 200)), axis=0),
    ],
    ids=["wide", "narrow", "normal", "walk", "wrapped", "ramp", "zeros", "picture"],
)
def test_no_tracks_are_seen_where_there_are_none(array: np.ndarray) -> None:
    """Noise, walks and pictures: nothing is proposed."""
    assert list(lookback.candidates(array, Context())) == []


values = st.one_of(
    st.integers(0, 40), st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from([1 << 40, 1 << 62])
)


@given(
    array=st.lists(values, max_size=60),
    tracks=st.integers(1, 9),
    ranking=st.sampled_from([BY_RECENCY, BY_NUMBER]),
    reach=st.sampled_from([0, 1, 20, 1 << 47, lookback.MAX_REACH]),
    smoothing=st.integers(0, MAX_SMOOTHING),
    trend=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_all_parameters_are_exact(
    *, array: list[int], tracks: int, ranking: int, reach: int, smoothing: int, trend: bool
) -> None:
    """Any values with any parameters come back, or the parameters are refused."""
    plane = np.array(array, np.int64)
    if smoothing and (trend or reach >= lookback.MAX_SMOOTHED_REACH):
        smoothing = 0
    parameters = (tracks, ranking, reach, smoothing, int(trend))
    back = round_trip(lookback, plane, parameters)
    assert back is not None
    assert_identical(plane, back)


@pytest.mark.parametrize("ranking", [BY_RECENCY, BY_NUMBER])
def test_more_tracks_than_are_kept(ranking: int) -> None:
    """Tracks beyond the number that is kept replace others, in the same order on both sides."""
    array, _ = _tracks(200, True)
    back = round_trip(lookback, array, (70, ranking, 100, 0, 0))
    assert back is not None
    assert_identical(array, back)


@pytest.mark.parametrize(
    ("which", "differences", "parameters"),
    [
        ([0, 2], [1], (4, 0, 9, 0, 0)),
        ([1, 0], [1], (4, 0, 9, 0, 0)),
        ([0, -1], [1], (4, 1, 9, 0, 0)),
        ([0, 1], [10], (4, 0, 9, 0, 0)),
        ([0, 1], [-10], (4, 0, 9, 0, 0)),
        ([0, 1], [1], (4, 0, 9, 1, 1)),
        ([0, 1], [1], (0, 0, 9, 0, 0)),
        ([0, 1], [1], (4, 0, 1 << 50, 3, 0)),
    ],
)
def test_tracks_that_cannot_be_are_refused(
    which: list[int], differences: list[int], parameters: tuple[int, ...]
) -> None:
    """A track that has not begun, a difference beyond the largest, a mean of no kind."""
    read = Children(tuple(np.array(plane, np.int64) for plane in (which, differences, [5])))
    with pytest.raises(CorruptError):
        lookback.inverse(read, (2,), np.dtype(np.int64), parameters)
