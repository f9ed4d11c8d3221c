"""Chunks: plans, payloads and the fields that they become."""

from __future__ import annotations

import hashlib
import zlib
from math import ceil, isfinite, prod
from typing import Any, NamedTuple

import numpy as np

from tests.reference_decoder.dtypes import (
    fields_of,
    planned_shape,
    put_together,
    read_dtype,
)
from tests.reference_decoder.plans import Branch, Leaf, Node, decode_field, leaves, read_plan
from tests.reference_decoder.reader import Reader
from tests.reference_decoder.samples import Array, Shape, float_of, need, ranged

__all__ = [
    "Model", "check_bound", "check_stated", "checksum", "decode_chunk", "read_checksum",
    "read_model",
]  # fmt: skip

_SPARE = 64
_MOST_DIGITS = 400
_MODEL_START = bytes.fromhex("89 46 44 4D")
# The codes of the step and the model in bits that take the place of plans.
_ORDERED, _PLAIN = 1, 6


def checksum(data: bytes, before: int = 0) -> int:
    """Give the CRC-32 of bytes, continued from another one."""
    return zlib.crc32(data, before)


def read_checksum(reader: Reader, expected: int) -> None:
    """Refuse another checksum."""
    need(int.from_bytes(reader.take(4), "little") == expected, "a checksum does not match")


def check_bound(pattern: int) -> None:
    """Refuse what is no error bound."""
    bound = float_of(pattern) if pattern < 1 << 63 else -1.0
    need(isfinite(bound) and bound > 0.0, "an error bound")


def check_stated(kind: int, pattern: int) -> None:
    """Refuse what states no error bound: a kind, and the bits of its value."""
    value = float_of(pattern - (pattern >> 63 << 64))
    need(isfinite(value), "a stated bound")
    if kind in (3, 4):
        need(value == int(value) and (kind == 3 or value >= 1), "digits of a stated bound")
        need(abs(value) <= _MOST_DIGITS, "digits of a stated bound")
    else:
        need(0 <= kind <= 5 and value >= 0.0, "a stated bound")
        need(kind != 2 or value < 1.0, "a stated bound")


class Model(NamedTuple):
    """Plans that streams may name."""

    fingerprint: int
    axes: int
    plans: list[Node]


def read_model(data: bytes) -> Model:
    """Read the file of a model."""
    need(data[:4] == _MODEL_START and len(data) > 9 and data[4] <= 1, "no model of this version")
    body, end = data[:-4], int.from_bytes(data[-4:], "little")
    need(checksum(body) == end, "a checksum does not match")
    reader = Reader(body[5:])
    numbers = reader.unsigned()
    start = reader.position
    for _ in range(numbers):
        reader.unsigned()
    dtype = read_dtype(Reader(body[5 + start : 5 + reader.position]))
    axes = ranged(reader.unsigned(), 0, 64)
    plans = [read_plan(reader) for _ in fields_of(dtype)]
    # What follows is for messages, which are not decoded here.
    need(data[4] or not reader.remaining, "bytes behind the plans of a model")
    fingerprint = hashlib.blake2b(data, digest_size=8).digest()
    return Model(int.from_bytes(fingerprint, "little"), axes, plans)


def decode_chunk(
    data: bytes,
    shape: Shape,
    dtype: np.dtype[Any],
    samples: int | None = None,
    model: Model | None = None,
) -> Array:
    """Decode a chunk; refuse one of another checksum of its samples."""
    fields = _decode_fields(data, shape, dtype, model)
    if samples is not None:
        found = 0
        for field in fields:
            found = checksum(field.astype(field.dtype.newbyteorder("<")).tobytes(), found)
        need(found == samples, "samples of another checksum")
    return put_together(iter(fields), dtype, shape)


def _with_axes(shape: Shape, axes: int) -> Shape:
    """Give a shape of so many axes, one at least where there are any."""
    spare = len(shape) - max(axes, 1)
    if len(shape) < axes:
        return (*(1,) * (axes - len(shape)), *shape)
    return (prod(shape[: spare + 1]), *shape[spare + 1 :]) if spare > 0 else shape


def _decode_fields(
    data: bytes, shape: Shape, dtype: np.dtype[Any], model: Model | None
) -> list[Array]:
    fields = [(native, (*shape, *own)) for native, own in fields_of(dtype)]
    raw = [ceil(prod(whole) * _bits(native) / 8) for native, whole in fields]
    need(len(data) <= _SPARE + sum(raw), "a chunk that is longer than its bits")
    reader = Reader(data)
    planned, plans = shape, None
    if model is not None and ranged(reader.unsigned(), 0, 1) == 0:
        planned, plans = _with_axes(shape, model.axes), model.plans
    if plans is None and fields and data[reader.position :][:1] == b"\1":
        reader.take(1)
        plans, lengths = [_bits_plan(native) for native, _ in fields], raw
    else:
        plans = plans or [read_plan(reader) for _ in fields]
        count = sum(map(leaves, plans))
        lengths = [reader.unsigned() for _ in range(count - 1)]
        if count:
            lengths.append(reader.remaining - sum(lengths))
    payloads = iter([reader.take(length) for length in lengths])
    need(not reader.remaining, "bytes behind the last payload")
    out = []
    for plan, (native, own) in zip(plans, fields_of(dtype), strict=True):
        field = decode_field(plan, native, planned_shape((*planned, *own)), payloads)
        out.append(field.reshape((*shape, *own)))
    return out


def _bits(dtype: np.dtype[Any]) -> int:
    return 1 if dtype.kind == "b" else 8 * dtype.itemsize


def _bits_plan(dtype: np.dtype[Any]) -> Node:
    lowest = (0,) if dtype.kind in "buSU" and dtype.itemsize < 8 else ()
    leaf = Leaf(_PLAIN, (_bits(dtype), *lowest))
    return leaf if dtype == np.int64 else Branch(_ORDERED, (), (leaf,))
