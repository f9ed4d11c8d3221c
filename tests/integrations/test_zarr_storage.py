"""The zarr codec at work: shards, empty chunks, threads, damage."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import zarr
from zarr.abc.codec import ArrayBytesCodecPartialDecodeMixin
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.core.buffer.cpu import Buffer as CpuBuffer
from zarr.storage import LocalStore, MemoryStore, WrapperStore
from zarr.testing.store import LatencyStore

import compress
from compress.integrations.zarr import FourierCompressCodec
from tests.strategies import same

ZARR_TELLS = issubclass(FourierCompressCodec, ArrayBytesCodecPartialDecodeMixin)
QUICK = FourierCompressCodec(level=1)  # where it is the codec that is tried, not the compression


@dataclass
class Calls:
    """What the codec asked of the library: the threads it ran in and the options it gave."""

    encoded: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    decoded: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """Count the calls of `compress` and `decompress` that chunks cause."""
    seen = Calls()

    def spy(function: Any, calls: list[tuple[int, dict[str, Any]]]) -> Any:
        def counted(argument: Any, **options: Any) -> Any:
            calls.append((threading.get_ident(), options))
            return function(argument, **options)

        return counted

    encoder = "compress.integrations.chunks.compress"
    decoder = "compress.integrations.zarr.decompress"
    monkeypatch.setattr(encoder, spy(compress.compress, seen.encoded))
    monkeypatch.setattr(decoder, spy(compress.decompress, seen.decoded))
    return seen


class CountingStore(WrapperStore[MemoryStore]):
    """Counts the bytes of chunks that are read."""

    n_bytes = 0

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: Any = None
    ) -> Buffer | None:
        """Read and count."""
        value = await super().get(key, prototype, byte_range)
        if value is not None and not key.endswith("zarr.json"):
            self.n_bytes += len(value)
        return value

    async def get_ranges(self, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
        """Read parts, as zarr does from 3.3 on, and count."""
        async for parts in super().get_ranges(*arguments, **options):
            self.n_bytes += sum(len(part) for _, part in parts)
            yield parts


def grid(n: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Make an n x n array with no chunk equal to the fill value."""
    return (np.add.outer(np.arange(n) ** 2, np.arange(n)) + 1).astype(np.int32)


def test_one_inner_chunk_of_a_shard(calls: Calls) -> None:
    """Of 64 inner chunks, the one that is read is fetched and decoded, and no other."""
    array = grid(64)
    store = CountingStore(MemoryStore())
    zarr.create_array(
        store, data=array, chunks=(8, 8), shards=(64, 64), serializer=QUICK, compressors=None
    )
    assert len(calls.encoded) == 64
    (shard,) = (size for key, size in sizes(store._store).items() if key.startswith("c/"))
    z = zarr.open_array(store, mode="r+")
    assert same(z[16:24, 40:48], array[16:24, 40:48])
    assert len(calls.decoded) == 1
    index = 64 * 16 + 4  # an offset and a length for each inner chunk, and a checksum
    assert index < store.n_bytes < index + (shard - index) / 16
    assert z[17, 41] == array[17, 41]
    assert len(calls.decoded) == 2
    assert same(z[15:17, 0:8], array[15:17, 0:8])
    assert len(calls.decoded) == 4
    assert same(z[...], array)
    assert len(calls.decoded) == 4 + 64


def sizes(store: MemoryStore) -> dict[str, int]:
    """Lengths of the stored objects."""
    return {key: len(value) for key, value in store._store_dict.items()}


def test_writing_one_inner_chunk_of_a_shard(calls: Calls) -> None:
    """A written inner chunk is coded alone; the others of its shard are copied as they are."""
    store: dict[str, Any] = {}
    array = grid(32)
    zarr.create_array(
        store,
        data=array,
        chunks=(8, 8),
        shards=(32, 32),
        serializer=QUICK,
        compressors=None,
    )
    calls.encoded.clear()
    zarr.open_array(store)[8:16, 8:16] = 5
    assert (len(calls.encoded), len(calls.decoded)) == (1, 0)
    array[8:16, 8:16] = 5
    assert same(zarr.open_array(store)[...], array)


@pytest.mark.parametrize("shards", [None, (8, 8)])
@pytest.mark.parametrize("fill", [0, 7, np.nan])
def test_chunks_of_nothing_but_fill_value(
    fill: float, shards: tuple[int, int] | None, calls: Calls
) -> None:
    """They are neither coded nor stored, and read as the fill value."""
    store: dict[str, Any] = {}
    z = zarr.create_array(
        store,
        shape=(16, 16),
        chunks=(4, 4),
        shards=shards,
        dtype="f8",
        fill_value=fill,
        serializer=QUICK,
        compressors=None,
    )
    z[...] = fill
    assert list(store) == ["zarr.json"]
    z[1, 2] = 5.0
    assert len(calls.encoded) == 1
    np.testing.assert_array_equal(z[:4, :4].ravel()[[6, 0]], [5.0, fill])
    assert np.array_equal(z[4:], np.full((12, 16), fill), equal_nan=True)
    z[1, 2] = fill
    assert list(store) == ["zarr.json"]


def test_empty_chunks_are_stored_on_request(calls: Calls) -> None:
    """`write_empty_chunks` is zarr's to honour."""
    zarr.create_array(
        {},
        data=np.zeros((4, 4)),
        chunks=(2, 2),
        serializer=QUICK,
        compressors=None,
        config={"write_empty_chunks": True},
    )
    assert len(calls.encoded) == 4


def test_the_event_loop_is_left_alone(calls: Calls) -> None:
    """Chunks are coded side by side in other threads, one thread each."""
    array = grid(40)
    loop_thread = []

    async def scenario() -> None:
        loop_thread.append(threading.get_ident())
        z = await zarr.api.asynchronous.create_array(
            LatencyStore(MemoryStore(), get_latency=0.01, set_latency=0.01),
            shape=array.shape,
            chunks=(10, 10),
            dtype=array.dtype,
            serializer=QUICK,
            compressors=None,
        )
        await z.setitem(..., array)
        assert same(np.asarray(await z.getitem(...)), array)

    asyncio.run(scenario())
    assert (len(calls.encoded), len(calls.decoded)) == (16, 16)
    for thread, options in calls.encoded + calls.decoded:
        assert thread != loop_thread[0]
        assert options["threads"] == 1


@pytest.mark.parametrize("shards", [None, (16, 16)])
def test_a_damaged_chunk(shards: tuple[int, int] | None) -> None:
    """Wherever its bytes change, `CorruptError` comes out, and the other chunks still read."""
    store: dict[str, Any] = {}
    array = grid(16)
    zarr.create_array(
        store,
        data=array,
        chunks=(8, 8),
        shards=shards,
        serializer=QUICK,
        compressors=None,
    )
    key = "c/0/0"
    data = store[key].to_bytes()
    length = len(data) if shards is None else first_inner_chunk(data)
    for place in range(length):
        version = place == 4
        damaged = bytearray(data)
        damaged[place] ^= 0x20
        store[key] = CpuBuffer.from_bytes(bytes(damaged))
        z = zarr.open_array(store, mode="r")
        # Inside a shard, zarr tells its place there; before 3.1.6, zarr tells nothing.
        where = r"/c/0/0: " if shards is None else r"inner chunk \(0, 0\) of a shard: "
        with pytest.raises(
            compress.FormatError if version else compress.CorruptError,
            match=where if ZARR_TELLS else None,
        ):
            z[:8, :8]
        if place % 16 == 0:
            with pytest.raises(compress.CorruptError):
                z[...]
            assert same(z[8:], array[8:])
            assert same(z[:8, 8:], array[:8, 8:])


def first_inner_chunk(shard: bytes) -> int:
    """Return the length of the inner chunk at the shard's beginning."""
    index = np.frombuffer(shard[-(4 * 16 + 4) : -4], "<u8").reshape(4, 2)
    return int(index[index[:, 0] == 0, 1][0])


@pytest.mark.parametrize(
    "content",
    [b"", bytes(100), b"\x89FD", compress.compress(np.zeros(3))[:-1], b"\x89FDZ"],
    ids=["empty", "zeros", "three bytes", "cut", "magic"],
)
def test_a_chunk_that_is_none(content: bytes) -> None:
    """Truncated, blanked or foreign bytes are damage too."""
    store: dict[str, Any] = {}
    zarr.create_array(store, data=np.arange(1, 4.0), serializer=QUICK, compressors=None)
    store["c/0"] = CpuBuffer.from_bytes(content)
    with pytest.raises(compress.CorruptError):
        zarr.open_array(store)[...]


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((2, 2), np.float32),
        np.zeros(4, np.int32),
        np.zeros(3, np.float32),
        np.zeros(1 << 20, np.float32),
        np.zeros(4, [("a", np.float32)]),
    ],
    ids=["shape", "dtype", "smaller", "larger", "structured"],
)
def test_a_chunk_of_another_array(other: np.ndarray[Any, Any]) -> None:
    """A whole stream in the wrong place is damage: what belongs there is said."""
    store: dict[str, Any] = {}
    array = np.arange(1, 5, dtype=np.float32)
    zarr.create_array(store, data=array, serializer=QUICK, compressors=None)
    store["c/0"] = CpuBuffer.from_bytes(compress.compress(other))
    with pytest.raises(compress.CorruptError, match="belongs"):
        zarr.open_array(store)[...]


def test_byte_order_of_the_stream_is_free() -> None:
    """A chunk written on a machine of the other byte order reads the same."""
    store: dict[str, Any] = {}
    array = np.arange(1, 5, dtype="<i4")
    zarr.create_array(store, data=array, serializer=QUICK, compressors=None)
    store["c/0"] = CpuBuffer.from_bytes(compress.compress(array.astype(">i4")))
    assert same(zarr.open_array(store)[...], array)


def test_groups_and_consolidated_metadata(tmp_path: Any) -> None:
    """Arrays of a group read the same through consolidated metadata."""
    group = zarr.create_group(LocalStore(tmp_path / "g.zarr"))
    array = grid(12)
    for name in ("a", "b/c"):
        group.create_array(
            name,
            data=array,
            serializer={"name": "fourier_compress", "configuration": {"max_error": 3}},
            compressors=None,
        )
    # zarr warns that format 3 has no consolidated metadata in its specification yet.
    with pytest.warns(zarr.errors.ZarrUserWarning, match="Consolidated metadata"):
        zarr.consolidate_metadata(group.store)
    back = zarr.open_consolidated(LocalStore(tmp_path / "g.zarr"))
    for name in ("a", "b/c"):
        assert back[name].serializer == FourierCompressCodec(max_error=3)
        assert np.abs(back[name][...].astype(np.int64) - array).max() <= 3
