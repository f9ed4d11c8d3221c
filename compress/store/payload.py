"""Chunks of a file: coded bytes, behind a checksum of the decoded samples where one is kept."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.errors import CorruptError
from compress.pipeline.budget import Budget
from compress.pipeline.chunk import Guide, code_chunk, decode_chunk, smaller
from compress.pipeline.model import Model
from compress.transforms.fields import take_apart

__all__ = ["checked_sum", "coded_chunk", "without_sum"]

_BYTES = 4


def coded_chunk(
    chunk: NDArray[Any],
    level: int,
    max_error: float | None,
    model: Model | None,
    guide: Guide | None = None,
    *,
    sums: bool,
) -> tuple[bytes, Guide | None]:
    """Code a chunk; see `compress.pipeline.chunk.code_chunk`.

    Returns
    -------
    bytes
        As they stand in the file.
    Guide or None
        For other chunks.
    """
    coded = code_chunk(chunk, level, max_error, model, guide)
    data = coded.own if model is None else smaller(coded)
    assert data is not None  # noqa: S101 - without a model there are own plans
    if not sums:
        return data, coded.guide
    # The checksum is of what readers get, which an error bound changes.
    if max_error is not None:
        view, budget = memoryview(data), Budget(chunk.nbytes)
        chunk = decode_chunk(view, chunk.shape, chunk.dtype, model, budget)
    return _sum(chunk) + data, coded.guide


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
