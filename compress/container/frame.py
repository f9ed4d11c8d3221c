"""The frame: magic, version, header, chunk lengths, checksums.

Layout (integers as in `compress.container.integers`)::

    89 46 44 5A          magic (the first byte is no ASCII and no UTF-8 start)
    version              one byte
    header length, number of chunks, length of each chunk but the last
    header               opaque here
    CRC-32               4 bytes, little-endian, of everything before it
    for each chunk: its bytes, then their CRC-32, continued from the CRC-32 above and the
        chunk's number, so that a chunk belongs to one place in one stream

A reader knows from the first checksum alone that every length is the writer's, before it
allocates or seeks; a damaged chunk leaves the other chunks readable. The last chunk is what is
left: its own checksum tells whether it is whole.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from compress.container.integers import IntegerReader, write_unsigned
from compress.errors import CorruptError, FormatError

__all__ = ["MAGIC", "VERSION", "Frame", "pack", "unpack"]

MAGIC = b"\x89FDZ"
VERSION = 1
_CRC_BYTES = 4


def _crc(data: bytes | memoryview) -> bytes:
    return zlib.crc32(data).to_bytes(_CRC_BYTES, "little")


def _chunk_crc(chunk: bytes | memoryview, head_crc: bytes, index: int) -> bytes:
    before = zlib.crc32(head_crc + index.to_bytes(8, "little"))
    return zlib.crc32(chunk, before).to_bytes(_CRC_BYTES, "little")


@dataclass(frozen=True, slots=True)
class Frame:
    """A parsed frame whose header is verified and whose chunks are verified when read.

    Attributes
    ----------
    header : bytes
    n_chunks : int
    n_bytes : int
        Length of the whole frame.
    """

    header: bytes
    n_bytes: int
    _data: memoryview
    _offsets: tuple[int, ...]
    _head_crc: bytes

    @property
    def n_chunks(self) -> int:
        """Number of chunks."""
        return len(self._offsets) - 1

    def chunk_length(self, index: int) -> int:
        """Return the length of a chunk in bytes, without its checksum."""
        return self._offsets[index + 1] - self._offsets[index] - _CRC_BYTES

    def chunk(self, index: int) -> memoryview:
        """Return the bytes of a chunk once their checksum holds.

        Raises
        ------
        CorruptError
            If they were damaged.
        """
        begin, end = self._offsets[index], self._offsets[index + 1] - _CRC_BYTES
        chunk = self._data[begin:end]
        expected = _chunk_crc(chunk, self._head_crc, index)
        if expected != self._data[end : end + _CRC_BYTES]:
            raise CorruptError(f"chunk {index} is damaged: its checksum does not match")
        return chunk


def pack(header: bytes, chunks: Iterable[bytes]) -> bytes:
    """Put a header and chunks into a frame.

    Parameters
    ----------
    header : bytes
    chunks : iterable of bytes
        A chunk that nothing else holds is freed once it is written, for together they may take as
        much memory as the array.

    Returns
    -------
    bytes
    """
    waiting = list(chunks)
    lengths = [len(header), len(waiting), *map(len, waiting[:-1])]
    head = MAGIC + bytes([VERSION]) + write_unsigned(lengths) + header
    head_crc = _crc(head)
    frame = io.BytesIO()
    frame.write(head + head_crc)
    waiting.reverse()
    for index in range(len(waiting)):
        chunk = waiting.pop()
        frame.write(chunk)
        frame.write(_chunk_crc(chunk, head_crc, index))
    return frame.getvalue()


def unpack(data: bytes | bytearray | memoryview) -> Frame:
    """Parse a frame and verify its header.

    Parameters
    ----------
    data : bytes-like
        The whole frame, nothing after it.

    Returns
    -------
    Frame

    Raises
    ------
    FormatError
        If the data are not a frame, or one of a newer version.
    CorruptError
        If they are damaged.
    """
    view = memoryview(data).cast("B")
    if len(view) < len(MAGIC) and MAGIC.startswith(view.tobytes()):
        raise CorruptError(f"the data end after {len(view)} bytes, inside the magic number")
    if view[: len(MAGIC)] != MAGIC:
        raise FormatError(
            f"not compressed by this library: the data start with {view[:4].tobytes().hex(' ')}, "
            f"not with {MAGIC.hex(' ')}"
        )
    if len(view) == len(MAGIC):
        raise CorruptError("the data end after the magic number")
    version = view[len(MAGIC)]
    if version != VERSION:
        raise FormatError(f"format version {version} is not known here; this is version {VERSION}")
    reader = IntegerReader(view)
    reader.take(len(MAGIC) + 1)
    header_length = reader.unsigned(len(view))
    # A chunk costs one byte of length and four of checksum: no stream can announce more.
    n_chunks = reader.unsigned(reader.remaining // (1 + _CRC_BYTES) + 2)
    lengths = [reader.unsigned(len(view)) for _ in range(n_chunks - 1)]
    header = reader.take(header_length).tobytes()
    end = reader.position
    head_crc = _crc(view[:end])
    if head_crc != reader.take(_CRC_BYTES):
        raise CorruptError("the header is damaged: its checksum does not match")
    offsets = [reader.position]
    for length in lengths:
        offsets.append(offsets[-1] + length + _CRC_BYTES)
    if n_chunks:
        if offsets[-1] + _CRC_BYTES > len(view):
            raise CorruptError(f"the data end after {len(view)} bytes, before the last chunk")
        offsets.append(len(view))
    elif reader.remaining:
        raise CorruptError(f"{reader.remaining} bytes follow the end of the data")
    return Frame(header, len(view), view, tuple(offsets), head_crc)
