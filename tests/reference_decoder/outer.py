"""Messages and files: everything around the chunks."""

from __future__ import annotations

from itertools import product
from math import ceil, prod
from typing import Any

from tests.reference_decoder.chunks import (
    check_bound,
    checksum,
    decode_chunk,
    read_checksum,
    read_model,
)
from tests.reference_decoder.dtypes import fields_of, read_dtype, zeros
from tests.reference_decoder.files import decode_file
from tests.reference_decoder.reader import Reader
from tests.reference_decoder.samples import Array, Shape, need, ranged

__all__ = ["decode"]

_MAGIC = bytes.fromhex("89 46 44 5A")
_VERSION = 1
_FILE = 128
_LEVEL, _TRANSPOSED, _BOUND, _CUT, _MODEL, _STATED = 15, 16, 32, 64, 128, 256
_MOST_AXES, _MOST_LENGTH = 64, 1 << 62
_CHUNK_SAMPLES = 1 << 21


def decode(stream: bytes, model: bytes | None = None) -> Array:
    """Give the array of a message, or of a file that needs no model."""
    need(stream[:4] == _MAGIC and len(stream) > 4, "no stream of this format")
    version = stream[4]
    need(version in (_VERSION, _FILE + _VERSION), f"version {version % _FILE}, not {_VERSION}")
    return _message(stream, model) if version < _FILE else decode_file(stream)


def _message(stream: bytes, given: bytes | None) -> Array:
    reader = Reader(stream)
    reader.take(5)
    header_length, chunks = reader.unsigned(), reader.unsigned()
    need(chunks <= reader.remaining + 1, "more chunks than bytes")
    lengths = [reader.unsigned() for _ in range(chunks - 1)]
    header = Reader(reader.take(header_length))
    known = checksum(stream[: reader.position])
    read_checksum(reader, known)
    flags = header.unsigned()
    need(flags < 512 and 1 <= flags & _LEVEL <= 9, "flags of a header")
    shape = tuple(header.unsigned() for _ in range(ranged(header.unsigned(), 0, _MOST_AXES)))
    need(all(length < _MOST_LENGTH for length in shape), "a length of an axis")
    if flags & _BOUND:
        check_bound(header.unsigned())
    if flags & _STATED:
        ranged(header.unsigned(), 0, 5)
        header.unsigned()
    axis = rows = -1
    if flags & _CUT:
        axis, rows = header.unsigned(), header.unsigned()
        need(axis < len(shape) and 1 <= rows <= shape[axis], "a cut")
    model = None
    if flags & _MODEL:
        need(given, "a stream that needs a model")
        model = read_model(given or b"")
        need(header.unsigned() == model.fingerprint, "a stream that needs another model")
    dtype = read_dtype(header)
    samples = prod(length for length in shape if length)
    need(samples * max(dtype.itemsize, 1) < _MOST_LENGTH, "an array that is too large")
    most = max([1, *(prod(own) for _, own in fields_of(dtype))])
    largest = prod((rows, *shape[axis + 1 :]) if axis >= 0 else shape) if 0 not in shape else 0
    need(largest <= max(1, _CHUNK_SAMPLES // most), "a large chunk")
    slabs = prod(shape[:axis]) * ceil(shape[axis] / rows) if axis >= 0 else 1
    need(chunks == (slabs if largest else 0), "a number of chunks")
    places = _cut(shape, axis, rows) if chunks else []
    out = zeros(shape, dtype)
    for number, (place, part) in enumerate(places):
        last = number == chunks - 1
        data = reader.take(reader.remaining - 4 if last else lengths[number])
        begin = checksum(known.to_bytes(4, "little") + number.to_bytes(8, "little"))
        read_checksum(reader, checksum(data, begin))
        out[place] = decode_chunk(data, part, dtype, model=model)
    need(not reader.remaining, "bytes behind the last chunk")
    return out.T if flags & _TRANSPOSED else out


def _cut(shape: Shape, axis: int, rows: int) -> list[tuple[tuple[Any, ...], Shape]]:
    """List the chunks: where each lies in the array, and its shape."""
    if axis < 0:
        return [((...,), shape)]
    begins = range(0, shape[axis], rows)
    return [
        ((*before, slice(begin, begin + rows)),
         (min(rows, shape[axis] - begin), *shape[axis + 1 :]))
        for before in product(*map(range, shape[:axis]))
        for begin in begins
    ]  # fmt: skip
