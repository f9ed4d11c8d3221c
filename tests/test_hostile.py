"""Damaged and hostile bytes: the right array or one of our errors, in bounded memory.

`python -m benchmarks.fuzz` runs more of them, and measures how long they take.
"""

from __future__ import annotations

import zlib
from collections import Counter
from functools import cache, partial

import numpy as np
import pytest

import compress
from benchmarks.fuzz import Stream, arrays, files, fuzz, mended, modelled, mutated, outcome, streams
from benchmarks.fuzz.corpus import assembled, kept, taken_apart
from compress.container import LogReader, is_log, unpack

EMPTY = np.empty(0)
MUTATIONS = 50_000
LEVELS = ((1, 2), (3, 4), (5, 6), (7, 8))


@cache
def known(levels: tuple[int, ...]) -> tuple[Stream, ...]:
    """Make streams, files and streams with a model of several levels, once."""
    # Files at one level, models at the other.
    return (*streams(levels), *files(levels[:1]), *modelled(levels[1:]))


@pytest.mark.parametrize("levels", LEVELS)
def test_mutations_with_and_without_valid_checksums(levels: tuple[int, ...]) -> None:
    """Bit flips, splices, truncations, lengths, chunks: the original array or our error.

    An enemy who mends the checksums gets an array or our error: no crash and no blow-up. This
    reaches the parsers of headers, plans, tables and words, which checksums otherwise guard.
    """
    outcomes = fuzz(known(levels), MUTATIONS // len(LEVELS), levels[0], 1 << 17, timed=False)
    assert outcomes.faults == []
    assert outcomes.counts["mended: an array"] > 100
    assert outcomes.counts["mended: LimitError"] > 0
    assert outcomes.counts["CorruptError"] > 1000


def test_inputs_that_a_search_by_coverage_kept() -> None:
    """Each reaches lines that the others do not; with valid checksums, an array or our error."""
    inputs = kept()
    assert len(inputs) > 1000
    found = Counter(outcome(Stream(assembled(one), EMPTY), None, 1 << 17) for one in inputs)
    assert found["an array"] > 100
    assert found["CorruptError"] > 500


def test_what_is_kept_stands_for_streams_and_files() -> None:
    """An input made of a stream or a file is put together to the same array."""
    for one in known(LEVELS[0])[::7]:
        if one.model is None:
            whole = one._replace(data=assembled(taken_apart(one.data)))
            assert outcome(whole, one.array, 1 << 20) == "the array"


def test_faults_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzz reports wrong arrays, foreign errors, and too much memory and time."""
    some = known(LEVELS[0])

    def outcomes(seconds: float = 1.0) -> list[str]:
        monkeypatch.setattr("benchmarks.fuzz.run._SECONDS", seconds)
        return fuzz(some, 20, 0, 1000).faults

    assert outcomes() == []
    assert any("after" in fault for fault in outcomes(seconds=-1.0))
    kept: list[bytearray] = []
    monkeypatch.setattr(compress, "decompress", lambda *_, **__: kept.append(bytearray(1 << 24)))
    assert any("AttributeError" in fault for fault in outcomes())
    assert any("MiB" in fault for fault in outcomes())
    monkeypatch.setattr(compress, "decompress", lambda *_, **__: np.zeros(3))
    assert any("wrong array" in fault for fault in outcomes())


def test_mutations_have_valid_checksums_where_they_are_mended() -> None:
    """All mended streams, files and models pass the checks; most mutations change something."""
    some = known(LEVELS[0])
    changed = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        stream = some[seed % len(some)]
        found = mended(stream, some, rng)
        changed += found != stream
        assert isinstance(mutated(stream.data, [found.data], rng), bytes)
        if found.model != stream.model and found.model is not None:
            assert zlib.crc32(found.model[:-4]).to_bytes(4, "little") == found.model[-4:]
        if is_log(found.data):
            log = LogReader(partial(_read, found.data), len(found.data))
            assert all(log.payload(entry) is not None for entry in log.entries.values())
        else:
            frame = unpack(found.data)
            assert all(frame.chunk(i) is not None for i in range(frame.n_chunks))
    assert changed > 200


def _read(data: bytes, begin: int, count: int) -> bytes:
    return data[begin : begin + count]


def test_the_arrays_are_of_every_kind() -> None:
    """Every kind of dtype that is not of another package."""
    kinds = {array.dtype.kind for array in arrays()}
    assert kinds == set("buifcMV")


def test_a_damaged_chunk_is_named() -> None:
    """The error says which chunk is damaged."""
    data = bytearray(compress.compress(np.arange(100.0)))
    data[-2] ^= 4
    with pytest.raises(compress.CorruptError, match="chunk 0"):
        compress.decompress(data)
