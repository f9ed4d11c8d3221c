"""Files: records, read by their last index."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from tests.reference_decoder.chunks import check_bound, checksum, decode_chunk, read_checksum
from tests.reference_decoder.dtypes import read_dtype, zeros
from tests.reference_decoder.reader import Reader
from tests.reference_decoder.samples import Array, Shape, need, ranged

__all__ = ["decode_file"]

_LEVEL, _MOST_AXES = 15, 64
_RECORD, _END = bytes.fromhex("F5 46 44 52"), bytes.fromhex("F5 46 44 45")
_HEAD_KIND, _CHUNK_KIND, _INDEX_KIND = 0, 1, 2
_BOUND, _MODEL, _SUMS = 16, 32, 64


def _record(stream: bytes, at: int, before: int) -> tuple[int, tuple[int, int, int], bytes, int]:
    """Read a record: its kind, its slab, tile and rows, its payload, and the last checksum."""
    reader = Reader(stream[at:])
    need(reader.take(4) == _RECORD, "no record")
    fixed = Reader(reader.take(25))
    kind = fixed.take(1)[0]
    slab, tile, rows, length = (int.from_bytes(fixed.take(size), "little") for size in (8, 4, 4, 8))
    known = checksum(stream[at : at + 29], before)
    read_checksum(reader, known)
    payload = reader.take(length)
    known = checksum(payload, known)
    read_checksum(reader, known)
    return kind, (slab, tile, rows), payload, known


def decode_file(stream: bytes) -> Array:
    """Decode a whole file by its last index."""
    kind, _, payload, head = _record(stream, 5, 0)
    need(kind == _HEAD_KIND, "no head")
    reader = Reader(payload)
    flags = reader.unsigned()
    need(flags < 128 and 1 <= flags & _LEVEL <= 9 and not flags & _MODEL, "flags of a head")
    inner = tuple(reader.unsigned() for _ in range(ranged(reader.unsigned(), 0, _MOST_AXES - 1)))
    chunk = tuple(reader.unsigned() for _ in range(len(inner) + 1))
    need(all(chunk), "a chunk without samples")
    if flags & _BOUND:
        check_bound(reader.unsigned())
    count = reader.unsigned()
    start = reader.position
    for _ in range(count):
        reader.unsigned()
    dtype = read_dtype(Reader(payload[start : reader.position]))
    trailer = Reader(stream[-16:])
    offset = trailer.take(8)
    read_checksum(trailer, checksum(offset, head))
    need(trailer.take(4) == _END, "no end of a file")
    kind, _, payload, _ = _record(stream, int.from_bytes(offset, "little"), head)
    need(kind == _INDEX_KIND, "no index")
    return _indexed(stream, Reader(payload), inner, chunk, dtype, head, bool(flags & _SUMS))


def _indexed(
    stream: bytes, index: Reader, inner: Shape, chunk: Shape, dtype: np.dtype[Any], head: int,
    sums: bool,
) -> Array:  # fmt: skip
    entries = []
    place = 0
    for _ in range(index.unsigned()):
        slab, tile, rows = index.unsigned(), index.unsigned(), index.unsigned()
        place += index.signed()
        length = index.unsigned()
        entries.append((slab, tile, rows, place, length))
        place += length
    index.take(4 * len(entries))
    out = zeros((index.unsigned(), *inner), dtype)
    tiles = [ceil(length / size) for length, size in zip(inner, chunk[1:], strict=True)]
    for slab, tile, rows, begin, length in entries:
        kind, known, payload, _ = _record(stream, begin - 33, head)
        need(kind == _CHUNK_KIND and known == (slab, tile, rows), "a chunk of another place")
        need(len(payload) == length, "a length of a chunk")
        which = np.unravel_index(tile, tiles) if tiles else ()
        where = [int(i) * size for i, size in zip(which, chunk[1:], strict=True)]
        part = (rows, *(min(s, n - w) for w, s, n in zip(where, chunk[1:], inner, strict=True)))
        samples = int.from_bytes(payload[:4], "little") if sums else None
        decoded = decode_chunk(payload[4:] if sums else payload, part, dtype, samples)
        first = slab * chunk[0]
        spot = (
            slice(first, first + rows),
            *(slice(w, w + n) for w, n in zip(where, part[1:], strict=True)),
        )
        kept = out[spot]
        kept[...] = decoded[: kept.shape[0]]
    return out
