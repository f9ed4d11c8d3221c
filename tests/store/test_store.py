"""Files: what a writer appended comes back, whole or in part, from whatever the file is read."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import compress
from compress.container import LogReader, LogWriter
from tests.strategies import arrays, same

Array = np.ndarray[Any, np.dtype[Any]]

WALK = np.cumsum(np.random.default_rng(0).integers(-5, 6, (300, 70)), 0).astype(np.int16)


def written(array: Array, *, blocks: int = 1, **options: Any) -> bytes:
    """Write an array in so many blocks of rows, to memory."""
    out = io.BytesIO()
    with compress.Writer(out, dtype=array.dtype, shape=array.shape, **options) as writer:
        for block in np.array_split(array, blocks):
            writer.append(block)
    return out.getvalue()


class Forward(io.RawIOBase):
    """A file that can only be written to its end, as a pipe."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        """Keep the bytes."""
        self.parts.append(bytes(data))
        return len(data)


@settings(max_examples=60, deadline=None)
@given(array=arrays(), data=st.data())
def test_any_array_comes_back_whole(array: Array, data: st.DataObject) -> None:
    """Any dtype, shape, chunks and blocks; by `open`, by `decompress`, and from a file."""
    if array.ndim == 0:
        array = array.reshape(1)
    chunks = tuple(data.draw(st.integers(1, 4)) for _ in array.shape)
    stream = written(array, blocks=data.draw(st.integers(1, 5)), chunks=chunks, level=1)
    expected = np.ascontiguousarray(array)
    assert same(compress.open(stream)[...], expected)
    assert same(compress.decompress(stream), expected)
    assert same(np.asarray(compress.open(io.BytesIO(stream))), expected)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_part_is_what_numpy_gives(data: st.DataObject) -> None:
    """Integers, slices with any step, ellipsis and new axes, of files and of messages."""
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=9))
    array = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    chunks = tuple(data.draw(st.integers(1, 5)) for _ in shape)
    expected = array[key]
    streams = [
        written(array, chunks=chunks, level=1),
        compress.compress(array, level=1),
        compress.compress(np.asfortranarray(array), level=1),
    ]
    for stream in streams:
        found = compress.open(stream)[key]
        assert type(found) is type(expected)
        assert found.shape == expected.shape
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    "key",
    [
        [3, 5, -1],
        ([3, 299], [1, 2]),
        (slice(5, 9), [0, 69]),
        WALK[:, 0] > 3,
        WALK > 20,
        [],
        (np.array([[1, 2], [3, 4]]), None),
        (np.zeros(300, bool), 4),
    ],
)
def test_arrays_of_indexes_are_as_of_numpy(key: Any) -> None:
    """Integers and masks, along one axis and several."""
    array = compress.open(written(WALK, chunks=(64, 32), level=1))
    assert np.array_equal(array[key], WALK[key])


@pytest.mark.parametrize("key", [300, (0, 70), (0, 0, 0), [300], "a", 1.5, (..., ...), [True] * 3])
def test_bad_indexes_are_index_errors(key: Any) -> None:
    """As numpy says it, before anything is decoded."""
    array = compress.open(written(WALK, level=1))
    with pytest.raises(IndexError):
        array[key]


def test_a_lazy_array_looks_like_an_array() -> None:
    """Shape and the like, rows by iteration, and what the writer said of it."""
    array = compress.open(written(WALK, chunks=(64, 32), attrs={"unit": "mV"}, level=1))
    assert (array.shape, array.dtype, array.ndim) == (WALK.shape, WALK.dtype, 2)
    assert (array.size, array.nbytes, len(array)) == (WALK.size, WALK.nbytes, len(WALK))
    assert (array.chunks, array.attrs, array.is_complete) == ((64, 32), {"unit": "mV"}, True)
    assert np.array_equal(np.stack(list(array)), WALK)
    assert repr(array) == "<CompressedArray int16 (300, 70), chunks (64, 32)>"
    assert np.asarray(array, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="copy"):
        np.array(array, copy=False)


def test_a_part_decodes_only_the_chunks_that_it_touches() -> None:
    """All other chunks may be damaged."""
    stream = bytearray(written(WALK, chunks=(100, 70), level=1))
    half = len(stream) // 2
    stream[half] ^= 1
    array = compress.open(bytes(stream))
    assert np.array_equal(array[:100], WALK[:100])
    assert np.array_equal(array[200:], WALK[200:])
    with pytest.raises(compress.CorruptError, match=r"chunk 1 \(rows 100 to 199\)"):
        array[150]


def test_the_file_is_the_same_for_any_number_of_threads_and_blocks() -> None:
    """Chunks depend on the rows, not on who coded them or how they came."""
    one = written(WALK, chunks=(64, 30), threads=1, level=3)
    assert written(WALK, chunks=(64, 30), threads=3, blocks=7, level=3) == one


def test_blocks_may_be_changed_after_they_were_appended() -> None:
    """A writer keeps copies of what waits."""
    out, block = io.BytesIO(), np.zeros((10, 4), np.int32)
    with compress.Writer(out, chunks=25) as writer:
        for i in range(10):
            block[:] = i
            writer.append(block)
    array = compress.open(out.getvalue())
    assert np.array_equal(array[:, 0], np.repeat(np.arange(10), 10))


def test_single_rows_and_numbers_may_be_appended() -> None:
    """A block of one axis less is a row."""
    out = io.BytesIO()
    with compress.Writer(out, dtype="i4", shape=(None,)) as writer:
        for i in range(5):
            writer.append(np.int32(i))
    assert compress.open(out.getvalue())[...].tolist() == [0, 1, 2, 3, 4]


def test_any_file_object_will_do() -> None:
    """To write: what takes bytes. To read: what seeks and reads, from several threads."""
    pipe = Forward()
    with compress.Writer(pipe, chunks=(32, 70), level=1) as writer:
        writer.append(WALK)
    array = compress.open(io.BytesIO(b"".join(pipe.parts)), cache_bytes=0)
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(array.__getitem__, range(300)))
    assert np.array_equal(np.stack(rows), WALK)


class Full(Forward):
    """A file that takes some bytes at a time, and no more than fit."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: Any) -> int:
        """Keep a part of the bytes."""
        if not self.room:
            raise OSError("no space left")
        taken = min(len(data), 100, self.room)
        self.room -= taken
        return super().write(data[:taken])


def test_a_file_may_take_a_part_of_what_it_is_given() -> None:
    """As files without a buffer do; the rest follows."""
    out = Full(1 << 20)
    with compress.Writer(out, chunks=(64, 70), level=1) as writer:
        writer.append(WALK)
    assert np.array_equal(compress.open(b"".join(out.parts))[...], WALK)


def test_nothing_follows_what_could_not_be_written() -> None:
    """A full disk: the error, then an error for every further block; whole chunks are readable."""
    out = Full(5_000)
    writer = compress.Writer(out, chunks=(64, 70), level=1)
    with pytest.raises(OSError, match="no space left"):
        writer.append(WALK)
    out.room = 1 << 20
    with pytest.raises(OSError, match="an earlier write failed"):
        writer.append(WALK)
    array = compress.open(b"".join(out.parts))
    assert not array.is_complete
    assert 0 < len(array) < 300
    assert np.array_equal(array[...], WALK[: len(array)])


def test_decoded_chunks_are_kept_within_bounds() -> None:
    """The cache holds the last chunks, and no more bytes than it may."""
    array = compress.open(written(WALK, chunks=(30, 70), level=1), cache_bytes=9000)
    for row in range(300):
        array[row]
    assert sum(chunk.nbytes for chunk in array._cache.values()) <= 9000
    assert list(array._cache) == [(8, 0), (9, 0)]


@pytest.mark.parametrize("max_error", [None, 0.5])
def test_samples_carry_a_checksum_on_request(max_error: float | None) -> None:
    """Of what readers get, bounded errors included; a wrong sample is found."""
    array = WALK / 3
    stream = written(array, chunks=(64, 70), checksum=True, max_error=max_error, level=1)
    back = compress.open(stream)
    assert back.max_error == max_error
    assert np.abs(back[...] - array).max() <= (max_error or 0)
    # The first bytes of a chunk's payload are the checksum: other ones, well written, are found.
    head = LogReader(*_bytes(stream)).head
    out = io.BytesIO()
    log = LogWriter(out, head)
    for (slab, tile), entry in LogReader(*_bytes(stream)).entries.items():
        payload = bytearray(stream[entry.offset : entry.offset + entry.length])
        payload[0] ^= slab == 1
        log.chunk(slab, tile, entry.rows, bytes(payload))
    other = compress.open(out.getvalue())
    assert len(other[:64]) == 64
    with pytest.raises(compress.CorruptError, match="samples are not those"):
        other[64]


def _bytes(stream: bytes) -> tuple[Any, int]:
    return (lambda offset, length: stream[offset : offset + length]), len(stream)


def test_a_model_serves_all_chunks() -> None:
    """Readers need the same one, as for messages."""
    model = compress.fit(WALK, level=3)
    stream = written(WALK, chunks=(64, 70), model=model, level=3)
    assert np.array_equal(compress.open(stream, model=model)[...], WALK)
    with pytest.raises(compress.ModelMismatchError):
        compress.open(stream)
    with pytest.raises(ValueError, match="the model is for int16"):
        written(WALK.astype(np.int32), model=model)


def test_whole_files_keep_to_a_limit() -> None:
    """`decompress` refuses files larger than it may hold."""
    stream = written(WALK, level=1)
    with pytest.raises(compress.LimitError, match="max_bytes=100"):
        compress.decompress(stream, max_bytes=100)
    assert np.array_equal(compress.decompress(stream, max_bytes=WALK.nbytes), WALK)


def test_an_earlier_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """An error in between leaves both, the new one under its partial name."""
    path = tmp_path / "a.fdz"
    path.write_bytes(b"earlier")

    def fail() -> None:
        with compress.Writer(path, chunks=(64, 70)) as writer:
            writer.append(WALK)
            raise KeyError

    with pytest.raises(KeyError) as failed:
        fail()
    assert path.read_bytes() == b"earlier"
    partial = tmp_path / "a.fdz.partial"
    assert any(str(partial) in note for note in failed.value.__notes__)
    array = compress.open(partial)
    assert not array.is_complete
    assert np.array_equal(array[...], WALK[:256])
    with pytest.raises(FileExistsError):
        compress.Writer(path)
    array.close()
    partial.unlink()
    with compress.Writer(path) as writer:
        writer.append(WALK)
    with compress.open(path) as array:
        assert np.array_equal(array[...], WALK)
    assert [one.name for one in tmp_path.iterdir()] == ["a.fdz"]


def test_a_writer_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    """No block and no shape: an error, and no file."""
    with pytest.raises(ValueError, match="nothing was appended"), compress.Writer(tmp_path / "a"):
        pass
    with pytest.raises(ValueError, match="samples"):
        compress.Writer(tmp_path / "a", dtype="i2", shape=(None, 3), chunks=1 << 21)
    writer = compress.Writer(tmp_path / "a", dtype="i2", shape=(None, 3))
    writer.abort()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"level": 0}, ValueError, "level"),
        ({"dtype": "O"}, TypeError, "object"),
        ({"shape": ()}, ValueError, "axis to grow"),
        ({"shape": (None, None)}, TypeError, "integers"),
        ({"shape": (3, -1)}, ValueError, "negative"),
        ({"dtype": "i2", "shape": (None, 4), "chunks": (1, 1, 1)}, ValueError, "3 axes"),
        ({"dtype": "i2", "shape": (None, 4), "chunks": (0, 1)}, ValueError, "from 1 to"),
        ({"dtype": "i2", "shape": (None, 4), "chunks": 1 << 20}, ValueError, "samples"),
        ({"dtype": "i2", "shape": (None, 4), "chunks": 2.5}, TypeError, "chunks"),
        ({"attrs": {"a": object()}}, TypeError, "JSON"),
        ({"attrs": {1: 2}}, TypeError, "strings"),
        ({"model": "m"}, TypeError, "Model"),
        ({"threads": 0}, ValueError, "threads"),
    ],
)
def test_bad_arguments_say_what_is_allowed(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Before anything is written."""
    with pytest.raises(error, match=words):
        compress.Writer(io.BytesIO(), **options)


def test_blocks_that_do_not_fit_are_refused() -> None:
    """The writer goes on with those that do."""
    out = io.BytesIO()
    writer = compress.Writer(out, shape=(6, 3), dtype=np.int16)
    writer.append(np.zeros((2, 3), np.int16))
    for block, error in [
        (np.zeros((2, 3)), TypeError),
        (np.zeros((2, 4), np.int16), ValueError),
        (np.zeros((5, 3), np.int16), ValueError),
        (np.array(["a"]), TypeError),
    ]:
        with pytest.raises(error):
            writer.append(block)
    with pytest.raises(ValueError, match="2 rows"):
        writer.close()
    writer.append(np.ones((4, 3), np.int16))
    writer.close()
    assert compress.open(out.getvalue())[...].sum() == 12
    with pytest.raises(ValueError, match="closed"):
        writer.append(np.ones(3, np.int16))


@pytest.mark.parametrize("thing", [5, None, [1, 2]])
def test_what_is_no_file_is_a_type_error(thing: Any) -> None:
    """Both ways."""
    with pytest.raises(TypeError, match="file"):
        compress.open(thing)
    with pytest.raises(TypeError, match="file"):
        compress.Writer(thing)


def test_inspect_describes_a_file() -> None:
    """Shape, metadata and the plan of every chunk, without decoding; damage is found."""
    model = compress.fit(WALK, level=1)
    for options in ({}, {"checksum": True}, {"model": model}):
        stream = written(WALK, chunks=(200, 40), level=1, attrs={"unit": "mV"}, **options)
        about = compress.inspect(stream)
        assert (about.shape, about.dtype, about.level) == (WALK.shape, WALK.dtype, 1)
        assert [chunk.shape for chunk in about.chunks] == [
            (200, 40),
            (200, 30),
            (100, 40),
            (100, 30),
        ]
        assert (about.n_bytes, about.array_bytes) == (len(stream), WALK.nbytes)
        assert "attribute   unit: 'mV'" in str(about)
    damaged = bytearray(stream)
    damaged[len(stream) // 2] ^= 1
    with pytest.raises(compress.CorruptError):
        compress.inspect(bytes(damaged))


def test_a_map_of_a_stream_is_closed(tmp_path: Path) -> None:
    """What `compress` returned, in a file: views of its map do not keep `close` from its work."""
    path = tmp_path / "a.fdz"
    path.write_bytes(compress.compress(WALK, level=1))
    with compress.open(path) as array:
        part = array[10:20]
    assert np.array_equal(part, WALK[10:20])
