"""The checksum of decoded samples that a chunk of a file may carry in front of its bytes."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.errors import CorruptError
from compress.transforms.fields import take_apart

__all__ = ["checked_sum", "with_sum", "without_sum"]

_BYTES = 4


def with_sum(data: bytes, chunk: NDArray[Any]) -> bytes:
    """Put the checksum of a chunk's samples in front of its bytes."""
    return _sum(chunk) + data


def without_sum(data: memoryview) -> tuple[memoryview, bytes]:
    """Return the bytes of a chunk, and the checksum of its samples."""
    if len(data) < _BYTES:
        raise CorruptError("it is too short for a checksum")
    return data[_BYTES:], bytes(data[:_BYTES])


def checked_sum(chunk: NDArray[Any], expected: bytes) -> NDArray[Any]:
    """Return a decoded chunk; raise `CorruptError` if its samples are not those of the writer."""
    if _sum(chunk) != expected:
        raise CorruptError("its samples are not those that were written")
    return chunk


def _sum(chunk: NDArray[Any]) -> bytes:
    crc = 0
    # Field by field: what pads a structure is not coded.
    for field in take_apart(chunk):
        little = field.astype(field.dtype.newbyteorder("<"), copy=False)
        crc = zlib.crc32(np.ascontiguousarray(little).tobytes(), crc)
    return crc.to_bytes(_BYTES, "little")
