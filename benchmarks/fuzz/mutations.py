"""Changes of streams, files and models, with checksums that are wrong or mended."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import compress
from benchmarks.fuzz.known import Stream
from compress.container import (
    IntegerReader,
    LogReader,
    LogWriter,
    is_log,
    pack,
    unpack,
    write_unsigned,
)
from compress.pipeline.chunk import read_layout
from compress.pipeline.geometry import Geometry
from compress.pipeline.header import read_header, write_header
from compress.pipeline.tree import Branch, Node, write_node
from compress.store.head import read_head
from compress.transforms.fields import field_specs

__all__ = ["mended", "mutated"]

# The plan of a chunk stands first, so that most mutations go there.
_FRONT = 40
_SPECIAL = (0, 1, -1, 2, 3, 63, 64, 127, 128, 255, *(1 << n for n in (16, 20, 31, 40)), 2097153)
_EXTREME = ((1 << 63) - 1, -(1 << 63), 1 << 62, -(1 << 31))


def mutated(data: bytes, others: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Flip bits, overwrite, truncate, extend, splice, or put a large length in."""
    out = bytearray(data)
    kind = int(rng.integers(0, 8))
    if kind <= 1 and out:
        for _ in range(int(rng.integers(1, 5))):
            out[int(rng.integers(len(out)))] ^= 1 << int(rng.integers(8))
    elif kind == 2 and out:
        out[int(rng.integers(len(out)))] = int(rng.integers(256))
    elif kind == 3:
        del out[int(rng.integers(len(out) + 1)) :]
    elif kind == 4:
        out += rng.bytes(int(rng.integers(1, 9)))
    elif kind == 5 and out:
        at = int(rng.integers(len(out)))
        out[at : at + 1] = write_unsigned([int(rng.integers(1 << int(rng.integers(1, 63))))])
    else:
        other = others[int(rng.integers(len(others)))]
        cut = int(rng.integers(len(out) + 1))
        out = out[:cut] + bytearray(other[int(rng.integers(len(other) + 1)) :])
    return bytes(out)


def mended(stream: Stream, others: Sequence[Stream], rng: np.random.Generator) -> Stream:
    """Change the header, the plans, the chunks or the model of a stream, and mend its checksums.

    Returns
    -------
    Stream
        With the array of the original, which the changed one need not stand for.
    """
    if stream.model is not None and rng.random() < 0.5:
        return _with_changed_model(stream, others, rng)
    change = _mended_file if is_log(stream.data) else _mended_message
    return stream._replace(data=change(stream.data, [one.data for one in others], rng))


def _mended_message(data: bytes, others: Sequence[bytes], rng: np.random.Generator) -> bytes:
    frame = unpack(data)
    chunks = [bytes(frame.chunk(i)) for i in range(frame.n_chunks)]
    header = frame.header
    kind = int(rng.integers(0, 8))
    place = int(rng.integers(len(chunks))) if chunks else 0
    other = _pieces(others[int(rng.integers(len(others)))])
    if kind == 0 or not chunks:
        header = mutated(header, other[:1], rng)
    elif kind == 1:
        header = _grown(header, rng)
    elif kind == 2 and other[1:]:
        chunks[place] = other[int(rng.integers(1, len(other)))]
    elif kind == 3:
        chunks = [chunks[i] for i in rng.permutation(len(chunks))]
    elif kind <= 5:
        known = read_header(header)
        shape = known.geometry.chunk_shape(0)
        has_choice = known.fingerprint is not None
        chunks[place] = _replanned(known.dtype, shape, chunks[place], rng, has_choice=has_choice)
    else:
        chunks[place] = _changed_front(chunks[place], chunks, rng)
    return pack(header, chunks)


def _mended_file(data: bytes, others: Sequence[bytes], rng: np.random.Generator) -> bytes:
    log = LogReader(lambda begin, n: data[begin : begin + n], len(data))
    keys = sorted(log.entries)
    chunks = [bytes(log.payload(log.entries[key])) for key in keys]
    rows = [log.entries[key].rows for key in keys]
    head, extra = log.head, log.extra or b""
    kind = int(rng.integers(0, 8))
    place = int(rng.integers(len(chunks)))
    other = _pieces(others[int(rng.integers(len(others)))])
    if kind == 0:
        head = mutated(head, other[:1], rng)
    elif kind == 1:
        extra = mutated(extra, [head, extra], rng)
    elif kind == 2 and other[1:]:
        chunks[place] = other[int(rng.integers(1, len(other)))]
    elif kind == 3:
        keys = [keys[i] for i in rng.permutation(len(keys))]
    elif kind == 4:
        rows[place] = max(0, rows[place] + int(rng.integers(-2, 1 << int(rng.integers(1, 20)))))
    elif kind == 5:
        known = read_head(head)
        begin = 4 * known.sums
        whole = (rows[place], *known.chunks[1:])
        plans = _replanned(known.dtype, whole, chunks[place][begin:], rng)
        chunks[place] = chunks[place][:begin] + plans
    else:
        chunks[place] = _changed_front(chunks[place], chunks, rng)
    out = io.BytesIO()
    writer = LogWriter(out, head)
    for key, height, chunk in zip(keys, rows, chunks, strict=True):
        writer.chunk(*key, height, chunk)
    if rng.random() < 0.8:
        writer.index(extra)
    return out.getvalue()


def _with_changed_model(
    stream: Stream, others: Sequence[Stream], rng: np.random.Generator
) -> Stream:
    """Change a model, mend its checksum, and let the stream name it, where it is one still."""
    models = [one.model for one in others if one.model is not None]
    body = mutated((stream.model or b"")[:-4], [model[:-4] for model in models], rng)
    changed = body + zlib.crc32(body).to_bytes(4, "little")
    try:
        fingerprint = compress.Model.from_bytes(changed).fingerprint
    except compress.CompressError:
        return stream._replace(model=changed)
    frame = unpack(stream.data)
    header = replace(read_header(frame.header), fingerprint=fingerprint)
    chunks = [bytes(frame.chunk(i)) for i in range(frame.n_chunks)]
    return stream._replace(data=pack(write_header(header), chunks), model=changed)


def _pieces(data: bytes) -> list[bytes]:
    """Return the head of a stream or file, then its chunks."""
    if is_log(data):
        log = LogReader(lambda begin, n: data[begin : begin + n], len(data))
        return [log.head, *(bytes(log.payload(entry)) for entry in log.entries.values())]
    frame = unpack(data)
    return [frame.header, *(bytes(frame.chunk(i)) for i in range(frame.n_chunks))]


def _changed_front(chunk: bytes, chunks: Sequence[bytes], rng: np.random.Generator) -> bytes:
    cut = int(rng.integers(1, min(_FRONT, len(chunk)) + 1)) if chunk else 0
    front = mutated(chunk[:cut], [chunk, *chunks], rng)
    return front[: cut + 8] + chunk[cut:]


def _grown(header: bytes, rng: np.random.Generator) -> bytes:
    """Declare another shape: longer axes, fewer or more of them."""
    known = read_header(header)
    shape = [int(n) for n in known.geometry.shape] or [1]
    at = int(rng.integers(len(shape)))
    shape[at] = max(1, shape[at]) << int(rng.integers(1, 12))
    if rng.random() < 0.2:
        shape = shape[:at] + shape[at + 1 :]
    geometry = Geometry(tuple(shape), 0, max(1, shape[0]) if shape else 1)
    return write_header(replace(known, geometry=geometry))


def _replanned(
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    chunk: bytes,
    rng: np.random.Generator,
    *,
    has_choice: bool = False,
) -> bytes:
    """Change parameters of the plans of a chunk; or its first bytes, where it has none."""
    begin = 0
    if has_choice:
        # 0 stands for the plans of the model.
        begin = 1 if chunk[:1] != b"\0" else len(chunk)
    reader = IntegerReader(chunk[begin:])
    try:
        plans, lengths = read_layout(reader, field_specs(dtype, shape))
    except compress.CorruptError:
        return _changed_front(chunk, [chunk], rng)
    coded = chunk[begin + reader.position :]
    changed = b"".join(write_node(_changed(plan, rng)) for plan in plans)
    return chunk[:begin] + changed + write_unsigned(lengths[:-1]) + coded


def _changed(node: Node, rng: np.random.Generator) -> Node:
    """Change a parameter of one node of a plan, most of the time the first ones."""
    if isinstance(node, Branch) and node.children and rng.random() < 0.6:
        at = int(rng.integers(len(node.children)))
        children = list(node.children)
        children[at] = _changed(children[at], rng)
        return node._replace(children=tuple(children))
    if not node.parameters:
        return node
    parameters = list(node.parameters)
    at = min(int(rng.exponential(4.0)), len(parameters) - 1)
    kind = rng.random()
    if kind < 0.5:
        parameters[at] += int(rng.integers(-3, 4))
    elif kind < 0.8:
        parameters[at] = _SPECIAL[int(rng.integers(len(_SPECIAL)))]
    elif kind < 0.9:
        parameters[at] = _EXTREME[int(rng.integers(len(_EXTREME)))]
    elif kind < 0.95:
        del parameters[at]
    else:
        parameters[at:at] = parameters[at : at + 1]
    within = [min(max(value, -(1 << 63)), (1 << 63) - 1) for value in parameters]
    return node._replace(parameters=tuple(within))
