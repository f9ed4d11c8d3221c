"""Models as bytes and as files, whichever kind they are."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Self

from compress.latent.streams import fingerprint_of

__all__ = ["StoredModel", "write_whole"]


class StoredModel(ABC):
    """A model that streams name by its fingerprint."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return the model as bytes."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` gave."""

    @cached_property
    def fingerprint(self) -> bytes:
        """Eight bytes that streams carry."""
        return fingerprint_of(self.to_bytes())

    def save(self, path: str | Path) -> None:
        """Write the model to a file, whole or not at all."""
        write_whole(path, self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model from a file; the errors are those of `from_bytes`."""
        return cls.from_bytes(Path(path).read_bytes())


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file; what was there before stays if that fails."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
