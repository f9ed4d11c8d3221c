"""What a file says of its array before its first chunk; and after the last one."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from compress.container import IntegerReader, write_unsigned
from compress.errors import CorruptError
from compress.pipeline.geometry import MOST_CHUNK_SAMPLES
from compress.pipeline.header import samples_per_element
from compress.transforms.dtypes import describe, parse

__all__ = ["Head", "read_attributes", "read_head", "write_attributes", "write_head"]

_LEVEL = 0b1111
_BOUNDED, _MODEL, _SUMS = 1 << 4, 1 << 5, 1 << 6
_FLAGS = 1 << 7
_MOST_DIMENSIONS = 64
# What metadata may take, in bytes: names and units, no data.
_MOST_ATTRIBUTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Head:
    """What every chunk of a file has in common.

    Attributes
    ----------
    dtype : numpy.dtype
    rest : tuple of int
        Shape of a row: of the array without its first axis.
    chunks : tuple of int
        Shape of a chunk, one axis more.
    level : int
    max_error : float or None
    fingerprint : int or None
        Of the model that the chunks need.
    sums : bool
        Whether each chunk carries a checksum of its decoded samples.
    attributes : dict
        As they were when the file was begun.
    """

    dtype: np.dtype[Any]
    rest: tuple[int, ...]
    chunks: tuple[int, ...]
    level: int
    max_error: float | None
    fingerprint: int | None
    sums: bool
    attributes: dict[str, Any]


def write_head(head: Head) -> bytes:
    """Write a head; `read_head` reads it."""
    flags = head.level | _BOUNDED * (head.max_error is not None)
    flags |= _MODEL * (head.fingerprint is not None) | _SUMS * head.sums
    values = [flags, len(head.rest), *head.rest, *head.chunks]
    if head.max_error is not None:
        values += struct.unpack("<Q", struct.pack("<d", head.max_error))
    if head.fingerprint is not None:
        values.append(head.fingerprint)
    dtype = describe(head.dtype)
    values += [len(dtype), *dtype]
    return write_unsigned(values) + write_attributes(head.attributes)


def read_head(data: bytes) -> Head:
    """Read a head.

    Raises
    ------
    CorruptError
        If the data are no head, or describe an array that cannot be.
    """
    reader = IntegerReader(data)
    flags = reader.unsigned(_FLAGS)
    level = flags & _LEVEL
    if not 1 <= level <= 9:
        raise CorruptError(f"the head names level {level}, which does not exist")
    count = reader.unsigned(_MOST_DIMENSIONS)
    rest = tuple(reader.unsigned(1 << 62) for _ in range(count))
    chunks = tuple(reader.unsigned(1 << 32) for _ in range(count + 1))
    max_error = None
    if flags & _BOUNDED:
        (max_error,) = struct.unpack("<d", struct.pack("<Q", reader.unsigned()))
        if not 0 < max_error < float("inf"):
            raise CorruptError(f"the head names an impossible error bound, {max_error}")
    fingerprint = reader.unsigned() if flags & _MODEL else None
    dtype = parse([reader.unsigned() for _ in range(reader.unsigned(reader.remaining + 1))])
    if min(chunks) < 1 or prod(chunks) * samples_per_element(dtype) > MOST_CHUNK_SAMPLES:
        raise CorruptError(f"the head describes chunks of {chunks} elements of {dtype}")
    if prod(n for n in rest if n) * max(dtype.itemsize, 1) >= 1 << 62:
        raise CorruptError(f"the head describes impossible rows: {dtype}, shape {rest}")
    attributes = read_attributes(reader.take(reader.remaining).tobytes())
    sums = bool(flags & _SUMS)
    return Head(dtype, rest, chunks, level, max_error, fingerprint, sums, attributes)


def write_attributes(attributes: Mapping[str, Any]) -> bytes:
    """Write metadata as JSON; nothing for none.

    Raises
    ------
    TypeError, ValueError
        If they are no mapping from strings to what JSON knows, or too long.
    """
    if not isinstance(attributes, Mapping) or not all(isinstance(key, str) for key in attributes):
        raise TypeError(f"attrs must be a mapping whose keys are strings, not {attributes!r:.80}")
    try:
        text = json.dumps(dict(attributes), ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"attrs must be what JSON can hold: {error}") from error
    data = text.encode("utf-8", "surrogatepass") if attributes else b""
    if len(data) > _MOST_ATTRIBUTES:
        raise ValueError(f"attrs take {len(data)} bytes, more than {_MOST_ATTRIBUTES}")
    return data


def read_attributes(data: bytes) -> dict[str, Any]:
    """Read metadata.

    Raises
    ------
    CorruptError
        If they are no JSON object.
    """
    if not data:
        return {}
    if len(data) > _MOST_ATTRIBUTES:
        raise CorruptError(f"the metadata take {len(data)} bytes")
    try:
        found = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise CorruptError(f"the metadata are no JSON: {error}") from error
    if not isinstance(found, dict):
        raise CorruptError("the metadata are no JSON object")
    return found
