"""What can be saved of damaged files is saved, and what is lost is named."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import compress
from compress.container import LogReader, unpack
from tests.store.test_store import WALK, written


def damaged(stream: bytes, slab: int, tile: int) -> bytes:
    """Change a byte of a chunk."""
    entries = LogReader(lambda at, length: stream[at : at + length], len(stream)).entries
    place = entries[slab, tile].offset + 5
    return stream[:place] + bytes([stream[place] ^ 1]) + stream[place + 1 :]


@pytest.mark.parametrize("max_error", [None, 1.5])
def test_whole_chunks_are_copied_and_the_others_filled(
    tmp_path: Path, max_error: float | None
) -> None:
    """Within the bound of the writer, which copying does not widen; metadata too."""
    options = {"checksum": True, "max_error": max_error, "attrs": {"a": 1}}
    stream = written(WALK, chunks=(100, 40), level=1, **options)
    before = compress.open(stream)[...]
    path = tmp_path / "a.fdz"
    lost = compress.recover(damaged(stream, 1, 1), path, fill=-7)
    assert lost == ((slice(100, 200), slice(40, 70)),)
    expected = before.copy()
    expected[lost[0]] = -7
    with compress.open(path) as back:
        assert np.array_equal(back[...], expected)
        assert (back.attrs, back.is_complete, back.max_error) == ({"a": 1}, True, max_error)


def test_a_file_without_its_end_is_closed(tmp_path: Path) -> None:
    """Nothing is lost of the rows that it has."""
    stream = written(WALK, chunks=(100, 70), level=1)
    assert compress.recover(stream[: len(stream) * 2 // 3], tmp_path / "a") == ()
    with compress.open(tmp_path / "a") as back:
        assert back.is_complete
        assert len(back) in (100, 200)
        assert np.array_equal(back[...], WALK[: len(back)])


def test_rows_that_some_tiles_have_are_left_out(tmp_path: Path) -> None:
    """A last chunk was being written again with more rows when the file ended."""
    out = io.BytesIO()
    with compress.Writer(out, chunks=(100, 40), level=1) as writer:
        writer.append(WALK[:150])
        writer.flush()
        writer.append(WALK[150:200])
    stream = out.getvalue()
    reader = LogReader(lambda at, length: stream[at : at + length], len(stream))
    cut = stream[: reader.entries[1, 1].offset + 3]
    assert compress.recover(cut, tmp_path / "a") == ()
    with compress.open(tmp_path / "a") as back:
        assert np.array_equal(back[...], WALK[:150])


def test_what_is_left_of_a_message_is_written_to_a_file(tmp_path: Path) -> None:
    """Chunks of what `compress` returned are coded again."""
    array = np.random.default_rng(0).integers(0, 9, (3, 1 << 20)).astype(np.uint8)
    stream = bytearray(compress.compress(array, level=1))
    frame = unpack(bytes(stream))
    assert frame.n_chunks == 3
    stream[len(stream) // 2] ^= 1
    path = tmp_path / "a.fdz"
    lost = compress.recover(bytes(stream), path)
    assert lost == ((slice(1, 2), slice(0, 1 << 20)),)
    with compress.open(path) as back:
        assert np.array_equal(back[0], array[0])
        assert np.array_equal(back[2], array[2])
        assert not back[1].any()


def test_nothing_is_written_where_nothing_can_be_read(tmp_path: Path) -> None:
    """Nor over a file that is there, nor with a filler that is no sample."""
    stream = written(WALK, level=1)
    path = tmp_path / "a.fdz"
    with pytest.raises(compress.CompressError):
        compress.recover(stream[:20], path)
    with pytest.raises((ValueError, OverflowError)):
        compress.recover(stream, path, fill=1 << 20)
    assert not list(tmp_path.iterdir())
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        compress.recover(stream, path)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("stream", [written(WALK, level=1), compress.compress(WALK, level=1)])
def test_a_lack_of_memory_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bytes
) -> None:
    """What cannot be decoded here and now is not filled as if it were lost."""

    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("compress.store.lazy.decode_chunk", no_memory)
    with pytest.raises(compress.LimitError):
        compress.recover(stream, tmp_path / "a.fdz")
    assert not list(tmp_path.iterdir())
