"""Damaged files: one of our errors, or the right rows, whatever happened to the bytes."""

from __future__ import annotations

import io
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compress
from compress.container import LogReader, LogWriter
from compress.container.log import FILE
from compress.store.head import Head, write_head
from tests.store.test_store import written

ROWS = (np.arange(60).reshape(20, 3) ** 2).astype(np.int32)


def flushed() -> bytes:
    """Write the rows with a flush in the middle of a chunk."""
    out = io.BytesIO()
    with compress.Writer(out, chunks=(8, 2), level=1, dtype="i4", shape=(None, 3)) as writer:
        writer.append(ROWS[:11])
        writer.flush()
        writer.append(ROWS[11:])
    return out.getvalue()


def test_a_file_cut_anywhere_has_the_rows_of_its_whole_chunks() -> None:
    """At every byte: an error inside the head, then more and more rows, and never other ones."""
    stream = flushed()
    rows = []
    for end in range(len(stream)):
        try:
            array = compress.open(stream[:end])
        except compress.CompressError:
            assert not rows
            continue
        assert np.array_equal(array[...], ROWS[: len(array)])
        rows.append(len(array))
    assert rows == sorted(rows)
    # The rows of the flush are there from it on, though the chunk was written again.
    assert sorted(set(rows)) == [0, 8, 11, 16, 20]


def test_decompress_wants_the_whole_file() -> None:
    """At every byte: it gives no fewer rows than were written without saying so."""
    stream = written(ROWS, chunks=(8, 3), level=1)
    for end in range(len(stream)):
        with pytest.raises(compress.CompressError):
            compress.decompress(stream[:end])
    with pytest.raises(compress.CorruptError, match=r"compress\.recover"):
        compress.decompress(stream[:-1])


def test_a_flushed_file_is_complete() -> None:
    """It ends with an index, as one that was closed does."""
    out = io.BytesIO()
    writer = compress.Writer(out, chunks=8, level=1)
    writer.append(ROWS[:11])
    writer.flush()
    array = compress.open(out.getvalue())
    assert array.is_complete
    assert np.array_equal(array[...], ROWS[:11])
    length = len(out.getvalue())
    writer.flush()
    assert len(out.getvalue()) == length


@pytest.mark.parametrize("stream", [flushed(), written(ROWS, chunks=(8, 3), checksum=True)])
def test_a_changed_byte_is_found_or_harmless(stream: bytes) -> None:
    """Every byte in turn: the array, without its index at worst, or our error."""
    for i in range(len(stream)):
        damaged = bytearray(stream)
        damaged[i] ^= 0x41
        try:
            back = compress.open(bytes(damaged))
            whole = back[...]
        except compress.CompressError:
            continue
        assert np.array_equal(whole, ROWS[: len(whole)])
        assert len(whole) >= 8


def test_the_chunks_beside_a_damaged_one_are_read_without_an_index() -> None:
    """Both the index and a record before others are damaged."""
    stream = bytearray(written(ROWS, chunks=(4, 3), level=1))
    entries = LogReader(lambda at, length: bytes(stream[at : at + length]), len(stream)).entries
    stream[entries[1, 0].offset - 9] ^= 1  # the length of a record
    stream[-1] ^= 1
    array = compress.open(bytes(stream))
    assert not array.is_complete
    assert len(array) == 20
    assert np.array_equal(array[8:], ROWS[8:])
    with pytest.raises(compress.CorruptError, match="chunk 1 "):
        array[4]


def test_a_chunk_of_another_place_is_refused() -> None:
    """Two chunks of equal length change places, payloads and all checksums of theirs."""
    array = np.random.default_rng(0).integers(0, 256, (20, 16)).astype(np.uint8)
    stream = written(array, chunks=(4, 16), level=1)
    entries = LogReader(lambda at, length: stream[at : at + length], len(stream)).entries
    one, two = entries[1, 0], entries[2, 0]
    assert one.length == two.length
    parts = {one.offset: two.offset, two.offset: one.offset}
    swapped = bytearray(stream)
    for here, there in parts.items():
        begin, other = here - 33, there - 33
        swapped[begin : here + one.length + 4] = stream[other : there + one.length + 4]
    for slab in (1, 2):
        with pytest.raises(compress.CorruptError, match=f"chunk {slab} "):
            compress.open(bytes(swapped))[4 * slab]
    assert np.array_equal(compress.open(bytes(swapped))[12:], array[12:])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_bytes_give_our_errors_only(data: st.DataObject) -> None:
    """Records of anything, with good checksums, behind a good head."""
    head = Head(np.dtype("i4"), (3,), (8, 2), 1, None, None, sums=False, attributes={})
    out = io.BytesIO()
    log = LogWriter(out, data.draw(st.sampled_from([write_head(head), b"", b"\x01\x01\x01"])))
    for _ in range(data.draw(st.integers(0, 4))):
        slab = data.draw(st.sampled_from([0, 1, 2, 1 << 40, (1 << 62) - 1]))
        tile = data.draw(st.sampled_from([0, 1, 2, (1 << 32) - 1]))
        rows = data.draw(st.sampled_from([0, 1, 8, 9, (1 << 32) - 1]))
        log.chunk(slab, tile, rows, data.draw(st.binary(max_size=30)))
    if data.draw(st.booleans()):
        log.index(data.draw(st.binary(max_size=12)))
    stream = out.getvalue() + data.draw(st.binary(max_size=20))
    try:
        array = compress.open(stream)
        array[:1]
        array[-1:]
    except compress.CompressError:
        return
    assert array.dtype == "i4"


def test_a_file_full_of_marks_is_walked_once() -> None:
    """A million marks that begin no record: what looks for the next one must not look far."""
    head = Head(np.dtype("i4"), (), (8,), 1, None, None, sums=False, attributes={})
    out = io.BytesIO()
    LogWriter(out, write_head(head))
    seen = []

    def read(offset: int, length: int) -> bytes:
        seen.append(length)
        return stream[offset : offset + length]

    stream = out.getvalue() + b"\xf5FDR" * 10_000
    assert not LogReader(read, len(stream)).entries
    assert sum(seen) < 200 * len(stream)


def test_an_index_of_more_than_there_is_is_refused() -> None:
    """Rows and chunks beyond the file are found before anything is allocated."""
    head = Head(np.dtype("u1"), (), (1 << 20,), 1, None, None, sums=False, attributes={})
    out = io.BytesIO()
    log = LogWriter(out, write_head(head))
    log.index(b"\xff" * 8 + b"\x3f")
    with pytest.raises(compress.CorruptError):
        compress.open(out.getvalue())


def test_newer_versions_are_named() -> None:
    """Both numbers, as for messages."""
    stream = bytearray(written(ROWS))
    stream[4] = FILE | 77
    with pytest.raises(compress.FormatError, match="77"):
        compress.open(bytes(stream))
    with pytest.raises(compress.FormatError):
        compress.open(b"not ours at all")


def test_metadata_must_be_an_object() -> None:
    """Whatever stands where they are."""
    head = Head(np.dtype("u1"), (), (8,), 1, None, None, sums=False, attributes={})
    for text in (b"[1]", b"{", b"\xff\xfe", b"[" * 100_000):
        out = io.BytesIO()
        LogWriter(out, write_head(head)).index(b"\x00" + text)
        with pytest.raises(compress.CorruptError, match="metadata"):
            compress.open(out.getvalue())


_KILLED = """
import os, signal, sys
import numpy as np
import compress
rows = (np.arange(60).reshape(20, 3) ** 2).astype(np.int32)
writer = compress.Writer(sys.argv[1], chunks=(4, 3), level=1)
for i in range(0, 20, 2):
    writer.append(rows[i : i + 2])
    if i == 8:
        writer.flush()
    if i == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no such signal")
@pytest.mark.parametrize("last", [8, 14])
def test_a_killed_writer_loses_what_was_not_flushed_at_most(tmp_path: Path, last: int) -> None:
    """What the process had handed to the system is there; nothing takes the final name."""
    path = tmp_path / "a.fdz"
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path), str(last)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()
    with compress.open(tmp_path / "a.fdz.partial") as array:
        assert len(array) == {8: 10, 14: 16}[last]
        assert np.array_equal(array[...], ROWS[: len(array)])


def test_what_the_format_says_is_what_is_written() -> None:
    """Marks, fields and checksums of the first record, read without the library."""
    stream = written(ROWS, chunks=(20, 3))
    assert stream[:5] == b"\x89FDZ\x81"
    mark, kind, slab, tile, rows, length = struct.unpack_from("<4sBQIIQ", stream, 5)
    assert (mark, kind, slab, tile, rows) == (b"\xf5FDR", 0, 0, 0, 0)
    (crc,) = struct.unpack_from("<I", stream, 34)
    assert crc == zlib.crc32(stream[5:34])
    (crc_of_payload,) = struct.unpack_from("<I", stream, 38 + length)
    assert crc_of_payload == zlib.crc32(stream[38 : 38 + length], crc)
    place, crc, end = struct.unpack("<QI4s", stream[-16:])
    assert end == b"\xf5FDE"
    assert crc == zlib.crc32(stream[-16:-8], crc_of_payload)
    assert stream[place : place + 5] == b"\xf5FDR\x02"
