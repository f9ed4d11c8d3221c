"""Short streams that ask for much: refused, or decoded within twice `max_bytes` and 64 MiB.

All have valid checksums. How long they take is what `python -m benchmarks.fuzz` measures; here it
is shown that what takes too long is refused before it begins.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest

import compress
from benchmarks.fuzz import PeakMemory
from compress.container import unpack
from compress.pipeline import budget
from compress.pipeline.header import read_header
from compress.pipeline.tree import Branch, Leaf, Node
from compress.prediction import classes, counts, raw, static
from compress.tables import DensityTable
from compress.transforms import framed, multiples
from tests.streams import causal_data, causal_leaf, native, stream

MIB = 1 << 20
NOTHING = Leaf(raw.CODE, (0, 0))
# A table that takes long to build: as many symbols and terms as there may be.
WIDE = DensityTable(0, 4096, 0, "normal", 0, 512, (5,) * 128, 10).to_integers()
CLASS = DensityTable(0, 481, 0, "normal", 0, 512, (5,) * 128, 10).to_integers()
# A scan of one axis, one neighbour, and as many classes as there may be.
CLASSES = (1, 0, -1, 1, 1, 0, 0, 0, 1, 0, 128, *(0, *CLASS) * 128)


def fields(count: int, kind: str = "u1") -> list[tuple[str, str]]:
    """Describe a structure of many fields."""
    return [(f"f{i}", kind) for i in range(count)]


def one_large_element() -> bytes:
    """Make one element with a subarray of 2^27 bool."""
    return stream([("a", "?", (1 << 27,))], (1,), [native(NOTHING)], [b""])


def strongest_model() -> bytes:
    """Ask for the dearest model over as many samples as a chunk may have, and no words."""
    shape = (1 << 21,)
    return stream("u1", shape, [native(causal_leaf(shape))], [causal_data()])


def wide_range() -> bytes:
    """Ask for the same in the range of 61 bits, where a sample takes more decisions."""
    shape = (1 << 21,)
    return stream("u1", shape, [native(causal_leaf(shape))], [causal_data(1 << 60)])


def many_channels() -> bytes:
    """Make many fields, for each of which 64 channels must be made ready."""
    shape = (2, 64)
    leaf = native(causal_leaf(shape, 1))
    return stream(fields(512), shape, [leaf] * 512, [causal_data()] * 512)


def tables_of_one_sample() -> bytes:
    """Ask for 128 tables of classes for one sample."""
    return stream("i8", (1,), [Leaf(classes.CODE, CLASSES)], [bytes(5)])


def tables_of_fields() -> bytes:
    """Ask for a wide table for each of many samples."""
    leaf = Leaf(static.CODE, (0, 0, 0, *WIDE))
    return stream(fields(500, "i8"), (1,), [leaf] * 500, [bytes(5)] * 500)


def wide_alphabets() -> bytes:
    """Ask for trees over 2^16 symbols for one sample each, beside a field that is large enough."""
    dtype = [*fields(300, "i8"), ("rest", "u1", (4000,))]
    leaves = [Leaf(counts.CODE, (0, 1 << 16, 7, 6, 0))] * 300
    return stream(dtype, (1,), [*leaves, native(NOTHING)], [b"\1\0\0\0" * 2] * 300 + [b""])


def a_channel_a_column() -> bytes:
    """Ask for contexts for each of 2^21 channels."""
    plan = native(Leaf(counts.CODE, (0, 2, 5, 6, 0)))
    return stream("u1", (1, 1 << 21), [plan], [b"\1\0\0\0" * 2])


def nested_steps() -> bytes:
    """Nest steps, each of which holds a plane while the next one is decoded."""
    node: Node = NOTHING
    for _ in range(22):
        node = Branch(multiples.CODE, (2, 0, 1), (NOTHING, node))
    return stream("u1", (1 << 21,), [native(node)], [b""] * 23)


def wide_nested_steps() -> bytes:
    """Nest as many planes as a plan may have, each as large as the field."""
    node: Node = NOTHING
    for _ in range(8):
        node = Branch(multiples.CODE, (2, 0, 1), (node, node))
    return stream("u1", (1 << 21,), [native(node)], [b""] * 256)


def many_fields() -> bytes:
    """Make 64 fields of 2^21 samples."""
    return stream(fields(64), (1 << 21,), [native(NOTHING)] * 64, [b""] * 64)


def many_frames() -> bytes:
    """Ask for a frame for each sample."""
    n = 1 << 20
    node = Branch(framed.CODE, (n, 1), (Leaf(raw.CODE, (0, 1)), NOTHING, NOTHING, NOTHING))
    return stream("u1", (n,), [native(node)], [b""] * 4)


def chunks_of_a_byte() -> bytes:
    """Cut a chunk for each of many bytes."""
    return stream("u1", (50_000,), [native(NOTHING)], [b""], rows=1)


def chunks_of_nothing() -> bytes:
    """Cut chunks of elements that have no bytes."""
    return stream([("a", "u1", (0,))], (50_000,), [native(NOTHING)], [b""], rows=1)


BOMBS = (
    one_large_element,
    strongest_model,
    wide_range,
    many_channels,
    tables_of_one_sample,
    tables_of_fields,
    wide_alphabets,
    a_channel_a_column,
    nested_steps,
    wide_nested_steps,
    many_fields,
    many_frames,
    chunks_of_a_byte,
    chunks_of_nothing,
)


def declared(data: bytes) -> int:
    """Bytes of the array that a stream declares."""
    return read_header(unpack(data).header).n_bytes


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
@pytest.mark.parametrize("more", [0, MIB])
def test_memory_is_twice_the_limit_and_64_mib(bomb: Callable[[], bytes], more: int) -> None:
    """Whatever it asks for, with a limit that its array just fits, and with a larger one."""
    data = bomb()
    limit = declared(data) + more
    with PeakMemory() as peak, suppress(compress.CompressError):
        compress.decompress(data, max_bytes=limit, threads=2)
    assert peak.n_bytes <= 2 * limit + 64 * MIB


@pytest.mark.parametrize("bomb", [many_channels, wide_range, chunks_of_a_byte, chunks_of_nothing])
def test_what_takes_too_long_is_refused_without_a_limit_of_memory(
    bomb: Callable[[], bytes],
) -> None:
    """Time is bounded by the bytes declared, so that this needs no `max_bytes`."""
    with pytest.raises(compress.CorruptError, match="seconds or more"):
        compress.decompress(bomb())


@pytest.mark.parametrize("bomb", [tables_of_one_sample, tables_of_fields])
def test_tables_are_no_longer_than_the_bits_of_their_samples(bomb: Callable[[], bytes]) -> None:
    """Whose plans are longer than that are refused before they are read, by `inspect` too."""
    for read in (compress.decompress, compress.inspect):
        with pytest.raises(compress.CorruptError, match="more than the"):
            read(bomb())


def test_channels_that_have_contexts_are_few() -> None:
    """A context for each channel, of more than 64."""
    with pytest.raises(compress.CorruptError, match="at most 64"):
        compress.decompress(a_channel_a_column())


def test_a_limit_of_memory_says_what_is_needed() -> None:
    """What only `max_bytes` forbids comes back with a larger one."""
    data = stream([("a", "?", (1 << 22,))], (1,), [native(NOTHING)], [b""])
    with pytest.raises(compress.LimitError, match="of which max_bytes allows"):
        compress.decompress(data, max_bytes=1 << 22)
    for limit in (None, 1 << 26):
        back = compress.decompress(data, max_bytes=limit)
        assert not back["a"].any()


def test_honest_constants_need_no_limit() -> None:
    """A large array of one value is a short stream, and comes back by default."""
    array = np.full((1 << 25,), 7, np.uint8)
    data = compress.compress(array, level=1)
    assert len(data) < 1000
    for limit in (None, array.nbytes):
        assert (compress.decompress(data, max_bytes=limit) == 7).all()


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_share_what_memory_there_is(threads: int) -> None:
    """Chunks are decoded side by side only as far as the limit goes."""
    array = np.cumsum(np.random.default_rng(0).integers(-9, 10, 1 << 22)).astype(np.int16)
    data = compress.compress(array, level=2)
    with PeakMemory() as peak:
        back = compress.decompress(data, max_bytes=array.nbytes, threads=threads)
    assert peak.n_bytes <= 2 * array.nbytes + 64 * MIB
    np.testing.assert_array_equal(back, array)


def test_the_encoder_writes_nothing_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take decoders too long is coded by cheaper models, else as plain bits."""
    image = (np.add.outer(np.arange(64), np.arange(64)) % 97).astype(np.uint8)
    dear = compress.compress(image, level=9)
    # As if the image were as large as that matters.
    monkeypatch.setattr(budget, "_NS_A_CHUNK_WRITTEN", 0.0)
    monkeypatch.setattr(budget, "_NS_A_BYTE_WRITTEN", 3000.0)
    cheaper = compress.compress(image, level=9)
    monkeypatch.setattr(budget, "_NS_A_BYTE_WRITTEN", 1.0)
    plain = compress.compress(image, level=9)
    assert len(dear) <= len(cheaper) < len(plain)
    assert compress.inspect(plain).chunks[0].plan == ("ordered() -> plain(8, 0)",)
    for data in (dear, cheaper, plain):
        np.testing.assert_array_equal(compress.decompress(data), image)
