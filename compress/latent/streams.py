"""The bytes of streams and of models: a kind, integers, words and a checksum.

A stream is "FDL", a version, the kind, 8 bytes of the model's fingerprint, the integers behind
their number, and words. A model is the same without a fingerprint, and with "FDM".
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compress.container import IntegerReader, write_signed, write_unsigned
from compress.errors import CorruptError, FormatError, ModelMismatchError

__all__ = [
    "Stream",
    "fingerprint_of",
    "pack_model",
    "pack_stream",
    "unpack_model",
    "unpack_stream",
]

Words = npt.NDArray[np.uint32]

_STREAM, _MODEL = b"FDL", b"FDM"
_VERSION = 0
_CHECK = 4
_PRINT = 8


class Stream(NamedTuple):
    """What a stream holds beside its words."""

    integers: tuple[int, ...]
    words: Words


def fingerprint_of(model: bytes) -> bytes:
    """Eight bytes that tell a model from others."""
    return hashlib.blake2b(model, digest_size=_PRINT).digest()


def pack_model(kind: int, integers: Sequence[int], words: Words) -> bytes:
    """Put a model's integers (signed) and words into bytes."""
    body = bytes([_VERSION, kind]) + write_unsigned([len(integers)]) + write_signed(integers)
    return _sealed(_MODEL + body + words.astype("<u4").tobytes())


def unpack_model(data: bytes, kind: int) -> tuple[Iterator[int], Words]:
    """Read what `pack_model` wrote.

    Raises
    ------
    FormatError
        If it is no model, or of another kind or version.
    CorruptError
        If it is damaged.
    """
    view = _opened(data, _MODEL, kind)
    reader = IntegerReader(view)
    reader.take(len(_MODEL) + 2)
    count = reader.unsigned(reader.remaining + 1)
    integers = [reader.signed() for _ in range(count)]
    return iter(integers), _words(reader.take(reader.remaining))


def pack_stream(kind: int, fingerprint: bytes, integers: Sequence[int], words: Words) -> bytes:
    """Put a stream's integers (not negative) and words into bytes."""
    body = bytes([_VERSION, kind]) + fingerprint + write_unsigned([len(integers), *integers])
    return _sealed(_STREAM + body + words.astype("<u4").tobytes())


def unpack_stream(data: bytes, kind: int, fingerprint: bytes, n_integers: int) -> Stream:
    """Read what `pack_stream` wrote.

    Raises
    ------
    FormatError
        If it is no such stream, or one of another version.
    ModelMismatchError
        If it was coded with another model.
    CorruptError
        If it is damaged.
    """
    view = _opened(data, _STREAM, kind)
    reader = IntegerReader(view)
    reader.take(len(_STREAM) + 2)
    if reader.take(_PRINT) != fingerprint:
        raise ModelMismatchError("the stream was coded with another model than this one")
    if reader.unsigned() != n_integers:
        raise CorruptError("the stream's head has another length")
    integers = tuple(reader.unsigned() for _ in range(n_integers))
    return Stream(integers, _words(reader.take(reader.remaining)))


def _sealed(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(_CHECK, "little")


def _opened(data: bytes, magic: bytes, kind: int) -> memoryview:
    view = memoryview(data).cast("B")
    if view[: len(magic)] != magic[: len(view)]:
        raise FormatError(f"the data do not start with {magic!r}")
    if len(view) < len(magic) + 2 + _CHECK:
        raise CorruptError(f"the data end after {len(view)} bytes")
    if view[len(magic)] != _VERSION:
        raise FormatError(f"version {view[len(magic)]} is not known here; this is {_VERSION}")
    if zlib.crc32(view[:-_CHECK]) != int.from_bytes(view[-_CHECK:], "little"):
        raise CorruptError("the data are damaged: their checksum does not match")
    if view[len(magic) + 1] != kind:
        raise FormatError(f"the data are of kind {view[len(magic) + 1]}, not {kind}")
    return view[:-_CHECK]


def _words(data: memoryview) -> Words:
    if len(data) % 4:
        raise CorruptError("the words do not end with a whole one")
    return np.frombuffer(data, "<u4").astype(np.uint32)
