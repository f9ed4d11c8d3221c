"""Decode mutated streams and files; count what comes of them, and what must not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

import compress
from benchmarks.fuzz.known import Array, Stream
from benchmarks.fuzz.memory import PeakMemory
from benchmarks.fuzz.mutations import mended, mutated
from compress.container import is_log

__all__ = ["Outcomes", "fuzz", "outcome"]

MIB = 1 << 20
# What is allowed: a second and 10 us a byte; twice the limit and 64 MiB.
_SECONDS, _SECONDS_A_BYTE, _SPARE = 1.0, 1e-5, 64 * MIB
# Streams between two looks at the memory.
_BATCH = 20


@dataclass
class Outcomes:
    """What became of mutated streams.

    Attributes
    ----------
    counts : Counter of str
    faults : list of str
        What must not be: wrong arrays, other errors, too much time or memory.
    seconds : float
        The most for one stream.
    n_bytes : int
        The most memory for one batch of streams, above twice the limit where that is more than 0.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    n_bytes: int = 0

    def __str__(self) -> str:
        """Return lines to print."""
        total = self.counts.total()
        lines = [f"{total} streams"]
        lines += [f"  {count:8d}  {what}" for what, count in self.counts.most_common()]
        lines += [f"  slowest {self.seconds:.3f} s", f"  most memory {self.n_bytes / MIB:.1f} MiB"]
        return "\n".join([*lines, f"{len(self.faults)} faults", *self.faults])


def fuzz(
    known: Sequence[Stream], count: int, seed: int, max_bytes: int, *, timed: bool = True
) -> Outcomes:
    """Decode mutated streams.

    Parameters
    ----------
    known : sequence of Stream
    count : int
        How many mutations: half with checksums that are wrong, half with mended ones.
    seed : int
    max_bytes : int
    timed : bool, optional
        Whether taking too long is a fault.
    """
    outcomes = Outcomes()
    allowed = _SECONDS + _SECONDS_A_BYTE * max_bytes
    originals = {stream.data: stream.array for stream in known}
    for begin in range(0, count, _BATCH):
        batch = list(_batch(known, range(begin, min(begin + _BATCH, count)), seed))
        with PeakMemory() as peak:
            for name, stream, is_mended in batch:
                start = perf_counter()
                expected = None if is_mended else originals.get(stream.data, stream.array)
                try:
                    what = outcome(stream, expected, max_bytes)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
                    what = f"{type(error).__name__}"
                    outcomes.faults.append(f"{name}: {type(error).__name__}: {error}")
                seconds = perf_counter() - start
                outcomes.counts[("mended: " if is_mended else "") + what] += 1
                if what == "a wrong array" or (timed and seconds > allowed):
                    outcomes.faults.append(f"{name}: {what} after {seconds:.2f} s")
                outcomes.seconds = max(outcomes.seconds, seconds)
        outcomes.n_bytes = max(outcomes.n_bytes, peak.n_bytes)
        if peak.n_bytes > 2 * max_bytes + _SPARE:
            outcomes.faults.append(f"from mutation {begin} on: {peak.n_bytes / MIB:.0f} MiB")
    return outcomes


class _Case(NamedTuple):
    name: str
    stream: Stream
    is_mended: bool


def _batch(known: Sequence[Stream], numbers: range, seed: int) -> Iterator[_Case]:
    for number in numbers:
        rng = np.random.default_rng((seed, number))
        stream = known[int(rng.integers(len(known)))]
        is_mended = number % 2 == 1
        if is_mended:
            changed = mended(stream, known, rng)
        else:
            other = known[int(rng.integers(len(known)))].data
            changed = stream._replace(data=mutated(stream.data, [other], rng))
        yield _Case(f"mutation {number}", changed, is_mended)


def outcome(stream: Stream, expected: Array | None, max_bytes: int) -> str:
    """Decode a stream with its model, and a file chunk by chunk too.

    Parameters
    ----------
    stream : Stream
    expected : array or None
        The only array that may come out; None for any.
    max_bytes : int

    Returns
    -------
    str
        "the array", "an array", "the rows up to a flush", "a wrong array", or the name of an error
        of ours.
    """
    try:
        model = None if stream.model is None else compress.Model.from_bytes(stream.model)
        back = compress.decompress(stream.data, model=model, threads=1, max_bytes=max_bytes)
    except compress.CompressError as error:
        if expected is not None and is_log(stream.data) and not _chunks_are_right(stream, expected):
            return "a wrong array"
        return type(error).__name__
    if expected is None:
        return "an array"
    if _same(back, expected):
        return "the array"
    # A file that ends right behind a flush is whole: that of the moment of the flush.
    is_flushed = is_log(stream.data) and _same(back, expected[: len(back)])
    return "the rows up to a flush" if is_flushed else "a wrong array"


def _chunks_are_right(file: Stream, expected: Array) -> bool:
    """Whether all rows that can be read of a damaged file are those that were written."""
    try:
        opened = compress.open(file.data, cache_bytes=0)
    except compress.CompressError:
        return True
    begins = range(0, min(len(opened), len(expected)), opened.chunks[0])
    for begin in begins:
        rows = slice(begin, begin + opened.chunks[0])
        try:
            back = opened[rows]
        except compress.CompressError:
            continue
        if not _same(back, expected[rows][: len(back)]):
            return False
    return len(opened) <= len(expected)


def _same(a: Array, b: Array) -> bool:
    return (a.dtype, a.shape) == (b.dtype, b.shape) and a.tobytes() == b.tobytes()
