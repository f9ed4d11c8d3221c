"""How small, how fast, and with how much memory: one array against many compressors.

Every compressor first makes one full trip, which warms caches and compilers and is checked
sample by sample. Then all of them are timed in turns, round after round, so that a busy minute
of the machine falls on all alike; the median of the rounds is kept. One thread everywhere.
"""

from __future__ import annotations

import faulthandler
import gc
import math
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from benchmarks.errors import RoundTripError
from benchmarks.machine import PeakMemory
from benchmarks.peers import Job, Peer

Array = np.ndarray[Any, np.dtype[Any]]

PROBE_SECONDS = 120
SHORTEST_NS = 2_000_000  # a timing is repeated inside a round until it lasts this long


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, and seconds per compressor and array after which to stop."""

    rounds: int
    seconds: float


QUICK, FULL, SIZES = Effort(3, 0.1), Effort(5, 1.0), Effort(0, 0.0)


@dataclass(frozen=True)
class Row:
    """One compressor on one array, at one bound (None: lossless).

    Times are nanoseconds per sample, memory is the rise in bytes, ``error`` is the largest
    absolute error over finite samples (infinite where a NaN or an infinity was lost), and
    ``refused`` says why there is no measurement. ``planning`` is the part of ``encode`` that is
    the search (see `benchmarks.planning`), NaN for compressors that it is not known of.
    """

    peer: str
    family: str
    bound: float | None = None
    size: int = 0
    encode: float = math.nan
    decode: float = math.nan
    encode_memory: int | None = None
    decode_memory: int | None = None
    error: float | None = None
    refused: str | None = None
    planning: float = math.nan


def largest_error(array: Array, back: Array) -> float:
    """Return the largest absolute error; infinite when a special value did not come back."""
    if back.shape != array.shape or back.dtype != array.dtype:
        return math.inf
    finite = np.isfinite(array)
    if not np.array_equal(array[~finite], back[~finite], equal_nan=True):
        return math.inf
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(back[finite].astype(np.float64) - array[finite].astype(np.float64))
    return float(error.max(initial=0.0)) if not np.isnan(error).any() else math.inf


def identical(array: Array, back: Array) -> bool:
    """Return whether the same bytes came back, in the same dtype and shape."""
    same = back.dtype == array.dtype and back.shape == array.shape
    return same and np.ascontiguousarray(back).tobytes() == array.tobytes()


def _trip(peer: Peer, array: Array, bound: float | None) -> tuple[Job, bytes, float | None] | None:
    job = peer.prepare(array, bound)
    if job is None:
        return None
    data = job.encode(job.source)
    back = job.restore(job.decode(data))
    if bound is not None:
        return job, data, largest_error(array, back)
    if not identical(array, back):
        raise RoundTripError("other bytes came back than were given")
    return job, data, None


def survives(work: Callable[[], object]) -> str | None:
    """Run ``work`` in a forked child; say how it died, or None when it came to an end."""
    with warnings.catch_warnings():
        # idle threads of linear algebra libraries are no danger to a child that uses none
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        faulthandler.disable()  # a crash is what is looked for, not a surprise
        signal.alarm(PROBE_SECONDS)
        try:
            work()
        except BaseException:  # noqa: BLE001 -- the parent meets the same error itself
            os._exit(0)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "took too long" if number == signal.SIGALRM else f"crashed with signal {number}"
    return None


@dataclass
class _Running:
    row: Row
    job: Job
    data: bytes
    encode: list[float]
    decode: list[float]
    carried: list[float] = field(default_factory=list)
    memory: tuple[int | None, int | None] = (None, None)
    spent: float = 0.0


def _start(peer: Peer, array: Array, bound: float | None) -> _Running | Row | None:
    row = Row(peer.name, peer.family, bound)
    if peer.fragile and hasattr(os, "fork"):
        death = survives(lambda: _trip(peer, array, bound))
        if death is not None:
            return Row(peer.name, peer.family, bound, refused=death)
    try:
        trip = _trip(peer, array, bound)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 -- some packages let a panic of Rust through
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        return Row(peer.name, peer.family, bound, refused=reason)
    if trip is None:
        return None
    job, data, off = trip
    row = Row(peer.name, peer.family, bound, len(data), error=off)
    return _Running(row, job, data, [], [])


def _time(work: Callable[[], object]) -> float:
    """Return nanoseconds per call; short calls are repeated."""
    calls = 1
    while True:
        start = time.perf_counter_ns()
        for _ in range(calls):
            work()
        elapsed = time.perf_counter_ns() - start
        if elapsed >= SHORTEST_NS or calls >= 4096:
            return elapsed / calls
        calls = min(4096, 2 + int(calls * SHORTEST_NS / max(elapsed, 1)))


def _round(running: _Running, first: bool) -> None:
    job, data = running.job, running.data
    start = time.perf_counter()
    with PeakMemory() if first else nullcontext() as encoding:
        running.encode.append(_time(lambda: job.encode(job.source)))
    with PeakMemory() if first else nullcontext() as decoding:
        running.decode.append(_time(lambda: job.decode(data)))
    carry_out = job.carry_out
    if carry_out is not None:
        carry_out(job.source)
        running.carried.append(_time(lambda: carry_out(job.source)))
    if encoding is not None and decoding is not None:
        running.memory = encoding.rise, decoding.rise
    running.spent += time.perf_counter() - start


def measure(
    array: Array,
    peers: Iterable[Peer],
    bounds: Iterable[float],
    effort: Effort,
    tell: Callable[[str], None] = lambda _text: None,
) -> list[Row]:
    """Measure every peer that takes ``array``.

    Parameters
    ----------
    array : ndarray
    peers : iterable of Peer
        Bounded ones are measured once per bound, the others once.
    bounds : iterable of float
        Absolute error bounds.
    effort : Effort
        With zero rounds there are sizes and errors only.
    tell : callable
        Hears what is going on.

    Returns
    -------
    list of Row
        In the order of ``peers``; those that do not take such arrays at all are left out.
    """
    started: list[_Running | Row] = []
    for peer in peers:
        for bound in tuple(bounds) if peer.bounded else (None,):
            tell(peer.name)
            outcome = _start(peer, array, bound)
            if outcome is not None:
                started.append(outcome)
    gc.collect()
    gc.disable()
    try:
        for turn in range(effort.rounds):
            for running in started:
                if isinstance(running, _Running) and (turn == 0 or running.spent < effort.seconds):
                    tell(f"{running.row.peer}, round {turn + 1}")
                    _round(running, first=turn == 0)
    finally:
        gc.enable()
    return [_finish(outcome, array.size) for outcome in started]


def _finish(outcome: _Running | Row, samples: int) -> Row:
    if isinstance(outcome, Row):
        return outcome
    row = outcome.row
    return Row(
        row.peer,
        row.family,
        row.bound,
        row.size,
        median(outcome.encode) / samples if outcome.encode else math.nan,
        median(outcome.decode) / samples if outcome.decode else math.nan,
        *outcome.memory,
        error=row.error,
        planning=_planning(outcome) / samples,
    )


def _planning(running: _Running) -> float:
    """Nanoseconds of encoding beyond carrying out the plan."""
    if not running.carried:
        return math.nan
    return max(0.0, median(running.encode) - median(running.carried))
