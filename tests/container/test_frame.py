"""Frames: exact, small, and every damage is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compress.container import pack, unpack
from compress.container.frame import MAGIC, VERSION
from compress.errors import CompressError, CorruptError, FormatError

chunks = st.lists(st.binary(max_size=200), max_size=5)


@given(st.binary(max_size=50), chunks)
def test_round_trip(header: bytes, parts: list[bytes]) -> None:
    """Header and chunks come back as they were."""
    frame = unpack(pack(header, parts))
    assert frame.header == header
    assert [bytes(frame.chunk(i)) for i in range(frame.n_chunks)] == parts
    assert [frame.chunk_length(i) for i in range(frame.n_chunks)] == list(map(len, parts))


@given(st.binary(max_size=20), chunks, st.data())
def test_one_changed_byte_is_noticed(
    header: bytes, parts: list[bytes], data: st.DataObject
) -> None:
    """A changed byte anywhere gives one of our errors, in the frame or in exactly one chunk."""
    whole = bytearray(pack(header, parts))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    damaged = 0
    try:
        frame = unpack(bytes(whole))
    except CompressError:
        return
    for i, part in enumerate(parts):
        try:
            assert bytes(frame.chunk(i)) == part
        except CorruptError:
            damaged += 1
    assert damaged == 1


@given(st.binary(max_size=20), chunks, st.data())
def test_truncation_is_noticed(header: bytes, parts: list[bytes], data: st.DataObject) -> None:
    """A frame cut short is an error in the frame or in its last chunk."""
    whole = pack(header, parts)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(CompressError):  # noqa: PT012 - either of the two may notice
        frame = unpack(cut)
        frame.chunk(frame.n_chunks - 1)


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic(data: bytes) -> None:
    """Random bytes after a valid start never cause another exception."""
    with pytest.raises(CompressError):
        unpack(MAGIC + bytes([VERSION]) + data)


def test_foreign_and_newer_data_are_named() -> None:
    """Foreign bytes are quoted; a newer version is named."""
    with pytest.raises(FormatError, match="50 4b 03 04"):
        unpack(b"PK\x03\x04abcdef")
    with pytest.raises(FormatError, match=f"version {VERSION + 1}"):
        unpack(MAGIC + bytes([VERSION + 1]) + bytes(20))
    with pytest.raises(FormatError):
        unpack(b"x")
    for length in range(5):
        with pytest.raises(CorruptError, match="end"):
            unpack((MAGIC + bytes([VERSION]))[:length])


def test_a_damaged_chunk_leaves_the_others() -> None:
    """The chunks around a damaged one are still read."""
    whole = bytearray(pack(b"h", [b"aaaa", b"bbbb", b"cccc"]))
    whole[whole.index(b"bbbb")] ^= 1
    frame = unpack(bytes(whole))
    assert bytes(frame.chunk(0)) == b"aaaa"
    assert bytes(frame.chunk(2)) == b"cccc"
    with pytest.raises(CorruptError, match="chunk 1"):
        frame.chunk(1)


@given(st.binary(max_size=30), st.binary(max_size=1 << 16))
def test_overhead(header: bytes, chunk: bytes) -> None:
    """One chunk costs 15 bytes around itself and the header."""
    assert len(pack(header, [chunk])) == len(header) + len(chunk) + 15


def test_chunks_belong_to_their_place() -> None:
    """A chunk of another stream, or of another place in the same one, is not taken for its own."""
    parts = [b"aaaa", b"bbbb"]
    one, other = pack(b"h", parts), pack(b"i", parts)
    spliced = unpack(one[: one.index(b"aaaa")] + other[other.index(b"aaaa") :])
    first = one.index(b"aaaa")
    swapped = unpack(one[:first] + one[first + 8 :] + one[first : first + 8])
    for frame in (spliced, swapped):
        for index in range(2):
            with pytest.raises(CorruptError, match=f"chunk {index}"):
                frame.chunk(index)
