"""Damaged and hostile bytes: the right array or one of our errors, in bounded memory."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import compress
from compress.container import pack, unpack
from tests.strategies import same

MIB = 1 << 20
MUTATIONS = 20_000


def corpus() -> list[NDArray[Any]]:
    """Small arrays that between them take every kind of plan."""
    rng = np.random.default_rng(5)
    ramp = np.add.outer(np.arange(24), np.arange(30)) * 3
    return [
        (ramp + rng.integers(0, 4, ramp.shape)).astype(np.uint8),
        rng.normal(size=500).cumsum().astype(np.float32),
        np.round(rng.normal(size=300), 2),
        rng.choice([3, 7, 1000], 400),
        np.zeros((20, 20), np.int16),
        rng.integers(-(2**62), 2**62, 60),
        np.where(rng.random(300) < 0.1, np.nan, rng.normal(size=300)),
        np.array([(1, 2.5), (3, np.inf)] * 20, [("a", "<i2"), ("b", ">f8")]),
        rng.normal(size=100) + 1j * rng.normal(size=100),
        np.repeat(np.arange("2020-01-01", "2020-03-01", dtype="M8[D]"), 5),
        rng.random(200) < 0.2,
        np.empty((0, 4)),
        np.array(7.0),
    ]


def mutate(data: bytes, others: list[bytes], rng: np.random.Generator) -> bytes:
    """Flip bits, overwrite, truncate, extend, or splice with another stream."""
    out = bytearray(data)
    kind = rng.integers(0, 6)
    if kind <= 1 and out:
        for _ in range(rng.integers(1, 5)):
            out[rng.integers(len(out))] ^= 1 << rng.integers(8)
    elif kind == 2 and out:
        out[rng.integers(len(out))] = rng.integers(256)
    elif kind == 3:
        del out[rng.integers(len(out) + 1) :]
    elif kind == 4:
        out += rng.bytes(rng.integers(1, 9))
    else:
        other = others[rng.integers(len(others))]
        out = out[: rng.integers(len(out) + 1)] + bytearray(other[rng.integers(len(other) + 1) :])
    return bytes(out)


def decode_within_bounds(data: bytes, original: NDArray[Any], *, sealed: bool) -> bool:
    """Decode; True if an array came back. Any error but ours fails the test."""
    limit = 16 * MIB
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        array = compress.decompress(data, threads=1, max_bytes=limit)
    except compress.CompressError:
        return False
    finally:
        peak = tracemalloc.get_traced_memory()[1] - before
        assert peak <= limit + 64 * MIB, f"{peak / MIB:.0f} MiB for {data!r}"
    if not sealed:
        assert same(array, original)
    return True


@pytest.mark.parametrize("level", [1, 5])
def test_mutations_of_streams(level: int) -> None:
    """Bit flips, truncations and splices of whole streams: the original array or our error."""
    rng = np.random.default_rng(level)
    arrays = corpus()
    streams = [compress.compress(array, level=level) for array in arrays]
    tracemalloc.start()
    try:
        for i in range(MUTATIONS // 4):
            which = i % len(arrays)
            damaged = mutate(streams[which], streams, rng)
            original = arrays[which]
            if damaged in streams:  # a splice can give another valid stream
                original = arrays[streams.index(damaged)]
            decode_within_bounds(damaged, original, sealed=False)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("level", [1, 5])
def test_mutations_with_valid_checksums(level: int) -> None:
    """An enemy who mends the checksums gets an array or our error: no crash, hang or blow-up.

    This reaches the parsers of headers, plans, tables and words, which checksums otherwise guard.
    """
    rng = np.random.default_rng(10 + level)
    arrays = corpus()
    frames = [unpack(compress.compress(array, level=level)) for array in arrays]
    parts = [(f.header, [bytes(f.chunk(i)) for i in range(f.n_chunks)]) for f in frames]
    headers = [header for header, _ in parts]
    chunks = [chunk for _, many in parts for chunk in many]
    decoded = 0
    tracemalloc.start()
    try:
        for i in range(MUTATIONS // 4):
            header, many = parts[i % len(parts)]
            if rng.random() < 0.25 or not many:
                header = mutate(header, headers, rng)
            else:
                # The plan stands first, so most mutations go there.
                cut = int(rng.integers(1, min(40, len(many[0])) + 1))
                many = [mutate(many[0][:cut], chunks, rng)[: cut + 8] + many[0][cut:]]
            decoded += decode_within_bounds(pack(header, many), arrays[0], sealed=True)
    finally:
        tracemalloc.stop()
    assert decoded > 0


def test_a_damaged_chunk_is_named() -> None:
    """The error says which chunk is damaged."""
    data = bytearray(compress.compress(np.arange(100.0)))
    data[-2] ^= 4
    with pytest.raises(compress.CorruptError, match="chunk 0"):
        compress.decompress(data)
