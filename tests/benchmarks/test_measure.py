"""Measuring: what is timed, what is refused, and what never enters a record."""

from __future__ import annotations

import math
import os
import signal
import zlib
from typing import Any

import numpy as np
import pytest

from benchmarks.machine import PeakMemory, describe
from benchmarks.marginals import integers, marginals
from benchmarks.measure import SIZES, Effort, identical, largest_error, measure, survives
from benchmarks.peers import Job, Peer
from benchmarks.synthetic import SOURCES

ONCE = Effort(1, 0.0)
ARRAY = np.arange(2000, dtype=np.int16)


def _peer(name: str, job: Job | None, **settings: Any) -> Peer:
    return Peer(name, name, (), lambda _array, _bound: job, **settings)


def _deflate(array: np.ndarray[Any, Any]) -> Job:
    return Job(
        array.tobytes(),
        zlib.compress,
        zlib.decompress,
        lambda data: np.frombuffer(data, array.dtype).reshape(array.shape),
    )


def test_a_row_has_the_exact_size_and_a_time_for_each_direction() -> None:
    """Bytes as they are; times positive; memory where the system tells it."""
    (row,) = measure(ARRAY, [_peer("z", _deflate(ARRAY))], (), ONCE)
    assert row.size == len(zlib.compress(ARRAY.tobytes()))
    assert row.encode > 0
    assert row.decode > 0
    assert row.refused is None


def test_without_rounds_there_are_sizes_only() -> None:
    """The check of sizes does not time."""
    (row,) = measure(ARRAY, [_peer("z", _deflate(ARRAY))], (), SIZES)
    assert row.size > 0
    assert math.isnan(row.encode)


def test_a_wrong_round_trip_is_refused_and_not_measured() -> None:
    """One changed sample is enough."""
    wrong = _deflate(ARRAY)
    broken = Job(wrong.source, wrong.encode, wrong.decode, lambda _data: ARRAY + 1)
    (row,) = measure(ARRAY, [_peer("w", broken)], (), ONCE)
    assert row.refused is not None
    assert "other bytes" in row.refused


def test_an_error_of_a_compressor_is_told_and_the_others_go_on() -> None:
    """The reason stands in the record."""

    def fail(_source: Any) -> bytes:
        raise OverflowError("too wide")

    bad = Job(ARRAY, fail, bytes, np.asarray)
    rows = measure(ARRAY, [_peer("bad", bad), _peer("z", _deflate(ARRAY))], (), ONCE)
    assert rows[0].refused == "OverflowError: too wide"
    assert rows[1].size > 0


def test_a_compressor_that_does_not_take_the_array_has_no_row() -> None:
    """None from `prepare` means: not for such arrays."""
    assert measure(ARRAY, [_peer("none", None)], (), ONCE) == []


def test_a_crash_of_a_fragile_compressor_does_not_end_the_run() -> None:
    """It is tried in a child process first."""

    def crash(_source: Any) -> bytes:
        os.kill(os.getpid(), signal.SIGSEGV)
        return b""

    (row,) = measure(
        ARRAY, [_peer("c", Job(ARRAY, crash, bytes, np.asarray), fragile=True)], (), ONCE
    )
    assert row.refused == "crashed with signal 11"


def test_a_child_that_raises_has_survived() -> None:
    """The parent will meet the same error and tell it."""
    assert survives(lambda: 1 / 0) is None


def test_bounded_compressors_are_measured_once_per_bound_with_their_error() -> None:
    """The error is what came back, not what was promised."""
    field = np.arange(100.0)

    def prepare(array: np.ndarray[Any, Any], bound: float | None) -> Job:
        assert bound is not None
        off = array + 2 * bound
        return Job(off, lambda source: bytes(source.tobytes()), np.frombuffer, np.asarray)

    peer = Peer("off", "off", (), prepare, bounded=True)
    rows = measure(field, [peer], (0.5, 0.25), SIZES)
    assert [(row.bound, row.error) for row in rows] == [(0.5, 1.0), (0.25, 0.5)]


@pytest.mark.parametrize(
    ("back", "error"),
    [
        ([1.0, math.nan, math.inf], 0.0),
        ([1.5, math.nan, math.inf], 0.5),
        ([1.0, 0.0, math.inf], math.inf),
        ([1.0, math.nan, -math.inf], math.inf),
        ([math.nan, math.nan, math.inf], math.inf),
    ],
)
def test_a_lost_special_value_is_an_infinite_error(back: list[float], error: float) -> None:
    """NaN and infinities have to come back as they were."""
    assert largest_error(np.array([1.0, math.nan, math.inf]), np.array(back)) == error


def test_identity_is_that_of_bytes() -> None:
    """-0.0 is not 0.0, and int32 is not int64."""
    assert identical(np.array([0.0]), np.array([0.0]))
    assert not identical(np.array([0.0]), np.array([-0.0]))
    assert not identical(np.zeros(2, np.int32), np.zeros(2, np.int64))


def test_peak_memory_sees_what_was_allocated_and_freed() -> None:
    """64 MiB for a moment; nothing is claimed where the system cannot tell."""
    with PeakMemory() as peak:
        np.ones(8 << 20).sum()
    assert peak.rise is None or peak.rise > 48 << 20


def test_the_machine_is_described_without_its_name() -> None:
    """What matters for speed, nothing that identifies."""
    assert set(describe()) == {"processor", "cores", "memory GiB", "system", "python"}


def test_decimal_columns_are_integers_in_disguise() -> None:
    """Hundredths are found, NaN left out, and a continuous column is not one."""
    found = integers(np.array([0.25, 1.5, math.nan]))
    assert found is not None
    assert found.tolist() == [25, 150]
    assert integers(np.array([math.pi])) is None


def test_the_code_length_of_the_true_shape_is_the_entropy() -> None:
    """The two-sided geometric source under Laplace; no shape beats order 0 by more than noise."""
    array = SOURCES["laplace"].draw()
    rows = {name: bits for name, bits, _ in marginals(array, ("normal", "Laplace"))}
    assert rows["Laplace"] == pytest.approx(SOURCES["laplace"].entropy, abs=0.005)
    assert rows["order 0"] < rows["histogram"] < rows["normal"]
