"""The file layout: records one after another, an index at the end, readable without it.

Layout (fixed integers are little-endian)::

    89 46 44 5A          magic
    version              one byte, with its highest bit set: a file, not a message
    record, record, ...
    offset of the last index record (8 bytes), their CRC-32 (4), F5 46 44 45

A record is::

    F5 46 44 52          mark
    kind                 one byte: 0 head, 1 chunk, 2 index
    slab, tile, rows     8, 4 and 4 bytes: of a chunk, else 0
    length               8 bytes: of the payload
    CRC-32               4 bytes, of the 29 before it, continued from the head's payload
    payload
    CRC-32               4 bytes, of the payload, continued from the CRC-32 above

The first record is the head. Nothing is ever written over: a chunk that is written again, with more
rows, is a new record, and so is the index of a file that grew. So a file that ends anywhere is read
up to its last whole record, by walking from record to record; where one is damaged, the walk goes
on from the next mark.

An index holds the number of its entries, for each of them slab, tile, rows, offset (from the end
of the chunk before it) and length as integers of `compress.container.integers` (the offset signed),
then the 4 bytes of each payload's CRC-32, then bytes that are opaque here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from compress.container.frame import MAGIC, VERSION
from compress.container.integers import IntegerReader, write_signed, write_unsigned
from compress.errors import CorruptError, FormatError

__all__ = ["Entry", "LogReader", "LogWriter", "Readable", "Writable", "is_log"]

FILE = 0x80
_MARK, _END = b"\xf5FDR", b"\xf5FDE"
_HEAD, _CHUNK, _INDEX = 0, 1, 2
_FIELDS = struct.Struct("<4sBQIIQ")
_CRC = struct.Struct("<I")
_TRAILER = struct.Struct("<QI4s")
_RECORD_BYTES = _FIELDS.size + _CRC.size
_START = len(MAGIC) + 1
# Bytes in which a mark is looked for at once: few at first, for a file may be full of marks.
_WINDOW, _MOST_WINDOW = 1 << 6, 1 << 20

Readable = Callable[[int, int], "bytes | memoryview"]
"""Gives bytes from an offset on, so many or as many as there are."""


class Writable(Protocol):
    """Takes bytes, as a file does."""

    def write(self, data: bytes, /) -> int | None:
        """Take bytes and say how many; None stands for all of them."""


class Entry(NamedTuple):
    """Where a chunk is: its slab and tile, the rows of it, and its payload."""

    slab: int
    tile: int
    rows: int
    offset: int
    length: int
    crc: int


def is_log(data: bytes | memoryview) -> bool:
    """Whether bytes begin as a file does."""
    return len(data) >= _START and bytes(data[: len(MAGIC)]) == MAGIC and data[4] >= FILE


class LogWriter:
    """Writes records; never seeks, so that anything that takes bytes will do.

    Parameters
    ----------
    out : file-like
        Where they go, from its first byte on.
    head : bytes
    """

    def __init__(self, out: Writable, head: bytes) -> None:
        self._out = out
        self._position = 0
        self._seed = 0
        self._is_broken = False
        self.entries: dict[tuple[int, int], Entry] = {}
        self._write(MAGIC + bytes([FILE | VERSION]))
        self._seed = self._record(_HEAD, (0, 0, 0), head)[1]

    def chunk(self, slab: int, tile: int, rows: int, payload: bytes) -> None:
        """Write a chunk, which takes the place of an earlier one of the same slab and tile."""
        offset, crc = self._record(_CHUNK, (slab, tile, rows), payload)
        self.entries[slab, tile] = Entry(slab, tile, rows, offset, len(payload), crc)

    def index(self, extra: bytes) -> None:
        """Write an index of all chunks, and what tells a reader where it is."""
        begin = self._position
        entries = [self.entries[key] for key in sorted(self.entries)]
        body = bytearray(write_unsigned([len(entries)]))
        end = 0
        for entry in entries:
            body += write_unsigned(entry[:3]) + write_signed([entry.offset - end])
            body += write_unsigned([entry.length])
            end = entry.offset + entry.length
        body += b"".join(_CRC.pack(entry.crc) for entry in entries) + extra
        self._record(_INDEX, (0, 0, 0), bytes(body))
        place = begin.to_bytes(8, "little")
        self._write(_TRAILER.pack(begin, zlib.crc32(place, self._seed), _END))

    def _record(self, kind: int, key: tuple[int, int, int], payload: bytes) -> tuple[int, int]:
        fields = _FIELDS.pack(_MARK, kind, *key, len(payload))
        before = zlib.crc32(fields, self._seed)
        crc = zlib.crc32(payload, before)
        # In one piece: whoever reads the file meanwhile sees the record or does not.
        self._write(b"".join((fields, _CRC.pack(before), payload, _CRC.pack(crc))))
        return self._position - len(payload) - _CRC.size, crc

    def _write(self, data: bytes) -> None:
        if self._is_broken:
            raise OSError("an earlier write failed, and nothing can follow it in this file")
        self._is_broken = True
        rest = data
        # Files without a buffer may take a part only.
        while (taken := self._out.write(rest)) is not None and taken < len(rest):
            rest = rest[taken:]
        self._is_broken = False
        self._position += len(data)


class LogReader:
    """Reads records, by the index where there is one.

    Parameters
    ----------
    read : callable
    size : int
        Bytes that there are.

    Attributes
    ----------
    head : bytes
    entries : dict of (slab, tile) to Entry
        The last one of each.
    extra : bytes or None
        What the index holds beside the entries; None without an index.

    Raises
    ------
    FormatError
        Not a file of this library, or of a newer version.
    CorruptError
        The head is damaged.
    """

    def __init__(self, read: Readable, size: int) -> None:
        self._read, self._size = read, size
        start = bytes(read(0, _START))
        if start[: len(MAGIC)] != MAGIC or len(start) < _START or start[4] < FILE:
            raise FormatError("not a file of chunks of this library")
        if start[4] != FILE | VERSION:
            version = start[4] & ~FILE
            raise FormatError(
                f"format version {version} is not known here; this is version {VERSION}"
            )
        self._seed = 0
        kind, _, offset, length, before = self._fields(_START)
        if kind != _HEAD:
            raise CorruptError("the file does not begin with its head")
        self.head = bytes(read(offset, length))
        self._seed = zlib.crc32(self.head, before)
        if bytes(read(offset + length, _CRC.size)) != _CRC.pack(self._seed):
            raise CorruptError("the head of the file is damaged: its checksum does not match")
        self._first = offset + length + _CRC.size
        self.entries: dict[tuple[int, int], Entry] = {}
        self.extra: bytes | None = None
        try:
            self._by_index()
        except CorruptError:
            self.extra, self.entries = None, {}
            for entry in self._walk():
                self.entries[entry.slab, entry.tile] = entry

    def payload(self, entry: Entry) -> memoryview:
        """Return the bytes of a chunk once their checksum holds.

        Raises
        ------
        CorruptError
            If they were damaged.
        """
        begin = entry.offset - _RECORD_BYTES
        record = memoryview(self._read(begin, _RECORD_BYTES + entry.length))
        payload = record[_RECORD_BYTES:]
        expected = _FIELDS.pack(_MARK, _CHUNK, *entry[:3], entry.length)
        before = zlib.crc32(expected, self._seed)
        whole = len(payload) == entry.length and record[: _FIELDS.size] == expected
        if not whole or zlib.crc32(payload, before) != entry.crc:
            raise CorruptError("its checksum does not match")
        return payload

    def _by_index(self) -> None:
        trailer = bytes(self._read(max(self._size - _TRAILER.size, 0), _TRAILER.size))
        if len(trailer) < _TRAILER.size:
            raise CorruptError("the file is too short for an index")
        begin, crc, end = _TRAILER.unpack(trailer)
        if end != _END or crc != zlib.crc32(trailer[:8], self._seed):
            raise CorruptError("the file does not end with an index")
        kind, _, offset, length, before = self._fields(begin)
        body = memoryview(self._read(offset, length))
        crc = zlib.crc32(body, before)
        if kind != _INDEX or bytes(self._read(offset + length, _CRC.size)) != _CRC.pack(crc):
            raise CorruptError("the index is damaged")
        self._parse(body)

    def _parse(self, body: memoryview) -> None:
        reader = IntegerReader(body)
        # Five integers and a checksum are nine bytes at least.
        count = reader.unsigned(len(body) // 9 + 1)
        found, end = [], 0
        for _ in range(count):
            slab, tile, rows = (reader.unsigned(limit) for limit in (1 << 62, 1 << 32, 1 << 32))
            offset = end + reader.signed()
            length = reader.unsigned(self._size + 1)
            end = offset + length
            if offset < self._first + _RECORD_BYTES or end > self._size:
                raise CorruptError("the index names bytes that the file does not have")
            found.append((slab, tile, rows, offset, length))
        crcs = struct.unpack(f"<{count}I", reader.take(_CRC.size * count))
        entries = [Entry(*one, crc) for one, crc in zip(found, crcs, strict=True)]
        self.entries = {(entry.slab, entry.tile): entry for entry in entries}
        self.extra = reader.take(reader.remaining).tobytes()

    def _walk(self) -> Iterator[Entry]:
        """Go from record to record; where one is damaged, go on from the next mark."""
        position: int | None = self._first
        while position is not None:
            try:
                kind, key, offset, length, _ = self._fields(position)
                tail = bytes(self._read(offset + length, _CRC.size))
                if len(tail) < _CRC.size:
                    raise CorruptError("the file ends inside a record")
            except CorruptError:
                position = self._next_mark(position + 1)
                continue
            if kind == _CHUNK:
                yield Entry(*key, offset, length, *_CRC.unpack(tail))
            position = offset + length + _CRC.size
            if kind == _INDEX and bytes(self._read(position, 4)) != _MARK:
                position += _TRAILER.size

    def _next_mark(self, position: int) -> int | None:
        size = _WINDOW
        while position < self._size:
            window = bytes(self._read(position, size))
            found = window.find(_MARK)
            if found >= 0:
                return position + found
            position += max(len(window) - len(_MARK) + 1, 1)
            size = min(2 * size, _MOST_WINDOW)
        return None

    def _fields(self, position: int) -> tuple[int, tuple[int, int, int], int, int, int]:
        """Read what stands before a payload: kind, key, offset, length, and their checksum."""
        data = bytes(self._read(position, _RECORD_BYTES))
        if len(data) < _RECORD_BYTES:
            raise CorruptError("the file ends inside a record")
        mark, kind, slab, tile, rows, length = _FIELDS.unpack_from(data)
        crc = zlib.crc32(data[: _FIELDS.size], self._seed)
        offset = position + _RECORD_BYTES
        if mark != _MARK or crc != _CRC.unpack_from(data, _FIELDS.size)[0]:
            raise CorruptError("a record is damaged: its checksum does not match")
        if offset + length + _CRC.size > self._size:
            raise CorruptError("the file ends inside a record")
        return kind, (slab, tile, rows), offset, length, crc
