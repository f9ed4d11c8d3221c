"""What a format makes of a file: an array, and what else it takes to write the file again."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["KEY", "Document", "Format", "Restored", "Source", "as_bytes", "as_text"]

Array = NDArray[Any]

KEY = "fdz"
"""The attribute of a compressed file that says how the original is written again."""


class Source(NamedTuple):
    """A file that is read, or the bytes of standard input.

    Attributes
    ----------
    name : str
        As it was given.
    path : Path or None
    data : bytes or None
        Where there is no path.
    dtype : str or None
        Of raw samples.
    shape : str or None
        Of raw samples.
    """

    name: str
    path: Path | None
    data: bytes | None
    dtype: str | None = None
    shape: str | None = None

    def read(self, offset: int = 0, length: int | None = None) -> bytes:
        """Read a part of it."""
        if self.path is None:
            data = self.data or b""
            return data[offset:] if length is None else data[offset : offset + length]
        with self.path.open("rb") as stream:
            stream.seek(offset)
            return stream.read() if length is None else stream.read(length)

    @property
    def size(self) -> int:
        """Bytes of it."""
        return len(self.data or b"") if self.path is None else self.path.stat().st_size

    def samples(self, dtype: np.dtype[Any], offset: int, count: int) -> Array:
        """Return samples that are somewhere in it; those of a file are mapped, not read."""
        if self.path is None:
            return np.frombuffer(self.data or b"", dtype, count, offset)
        if count == 0:
            return np.empty(0, dtype)
        return np.memmap(self.path, dtype, "r", offset, (count,))


class Document(NamedTuple):
    """A file as an array.

    Attributes
    ----------
    array : array
        Perhaps mapped from the file.
    attrs : mapping
        Under `KEY`, what writes the file again; beside it, what users of the array want. Empty for
        a plain array.
    """

    array: Array
    attrs: Mapping[str, Any]


class Restored(NamedTuple):
    """What was decompressed.

    Attributes
    ----------
    parts : iterable of arrays
        Its blocks of rows, in order; as they are decoded.
    dtype : numpy.dtype
    shape : tuple of int
    details : mapping
        What the format gave under `KEY`.
    """

    parts: Iterable[Array]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    details: Mapping[str, Any]

    def whole(self) -> Array:
        """Return the array."""
        parts = list(self.parts)
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty(self.shape, self.dtype)


class Format(Protocol):
    """A format: usually a module.

    Attributes
    ----------
    SUFFIX : str
        Of files that are restored where their name is lost.
    """

    SUFFIX: str

    def read(self, source: Source) -> Document:
        """Read a file; `ValueError` where it is none of this format, or of no use."""

    def write(self, restored: Restored, stream: BinaryIO) -> None:
        """Write the file again."""


def as_text(data: bytes) -> str:
    """Return bytes as text that JSON holds."""
    return base64.b64encode(data).decode("ascii")


def as_bytes(text: str) -> bytes:
    """Return the bytes of `as_text`."""
    return base64.b64decode(text, validate=True)
