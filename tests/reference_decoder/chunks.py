"""Chunks: plans, payloads and the fields that they become."""

from __future__ import annotations

import zlib
from math import ceil, isfinite, prod
from typing import Any

import numpy as np

from tests.reference_decoder.dtypes import fields_of, planned_shape, put_together
from tests.reference_decoder.plans import Branch, Leaf, Node, decode_field, leaves, read_plan
from tests.reference_decoder.reader import Reader
from tests.reference_decoder.samples import Array, Shape, float_of, need

__all__ = ["check_bound", "checksum", "decode_chunk", "read_checksum"]

_SPARE = 64
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


def decode_chunk(
    data: bytes, shape: Shape, dtype: np.dtype[Any], samples: int | None = None
) -> Array:
    """Decode a chunk with plans of its own; refuse one of another checksum of its samples."""
    fields = _decode_fields(data, shape, dtype)
    if samples is not None:
        found = 0
        for field in fields:
            found = checksum(field.astype(field.dtype.newbyteorder("<")).tobytes(), found)
        need(found == samples, "samples of another checksum")
    return put_together(iter(fields), dtype, shape)


def _decode_fields(data: bytes, shape: Shape, dtype: np.dtype[Any]) -> list[Array]:
    fields = [(native, (*shape, *own)) for native, own in fields_of(dtype)]
    raw = [ceil(prod(whole) * _bits(native) / 8) for native, whole in fields]
    need(len(data) <= _SPARE + sum(raw), "a chunk that is longer than its bits")
    reader = Reader(data)
    plans: list[Node]
    if fields and data[:1] == b"\1":
        reader.take(1)
        plans, lengths = [_bits_plan(native) for native, _ in fields], raw
    else:
        plans = [read_plan(reader) for _ in fields]
        count = sum(map(leaves, plans))
        lengths = [reader.unsigned() for _ in range(count - 1)]
        if count:
            lengths.append(reader.remaining - sum(lengths))
    payloads = iter([reader.take(length) for length in lengths])
    need(not reader.remaining, "bytes behind the last payload")
    return [
        decode_field(plan, native, planned_shape(whole), payloads).reshape(whole)
        for plan, (native, whole) in zip(plans, fields, strict=True)
    ]


def _bits(dtype: np.dtype[Any]) -> int:
    return 1 if dtype.kind == "b" else 8 * dtype.itemsize


def _bits_plan(dtype: np.dtype[Any]) -> Node:
    lowest = (0,) if dtype.kind in "bu" and dtype.itemsize < 8 else ()
    leaf = Leaf(_PLAIN, (_bits(dtype), *lowest))
    return leaf if dtype == np.int64 else Branch(_ORDERED, (), (leaf,))
