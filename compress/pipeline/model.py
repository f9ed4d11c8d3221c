"""A reusable model: the plans learned on a sample, kept outside the streams."""

from __future__ import annotations

import hashlib
import os
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from compress.container import IntegerReader, write_unsigned
from compress.errors import CorruptError, FormatError
from compress.pipeline.tree import Branch, Node, read_node, write_node
from compress.prediction.kept import Kept
from compress.transforms.dtypes import describe, parse
from compress.transforms.fields import field_specs

__all__ = ["Model"]

_MAGIC = b"\x89FDM"
_VERSION = 0
# As many as numpy has.
_MOST_AXES = 64


@dataclass(frozen=True)
class Model:
    """What `compress.fit` learned from a sample.

    Attributes
    ----------
    dtype : numpy.dtype
        The dtype of the arrays that the model is for.
    axes : int
        Number of axes of the sample. What has another number is coded as if it had this one.
    plans : tuple of Node
        One plan for each scalar field of the dtype.
    """

    dtype: np.dtype[Any]
    axes: int
    plans: tuple[Node, ...]

    @cached_property
    def fingerprint(self) -> int:
        """64 bits that tell this model from others (of a BLAKE2b hash of its bytes)."""
        return int.from_bytes(hashlib.blake2b(self.to_bytes(), digest_size=8).digest(), "little")

    @cached_property
    def kept_plans(self) -> tuple[Node, ...]:
        """The plans, beside whose parameters is kept what is built of them, such as tables.

        Threads may share it. It is no part of what is compared and written.
        """
        return tuple(map(_kept, self.plans))

    def to_bytes(self) -> bytes:
        """Return the model as bytes: plain integers and a checksum, nothing executable."""
        dtype = describe(self.dtype)
        body = write_unsigned([len(dtype), *dtype, self.axes])
        body += b"".join(map(write_node, self.plans))
        head = _MAGIC + bytes([_VERSION])
        return head + body + zlib.crc32(head + body).to_bytes(4, "little")

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Model:
        """Return the model that `to_bytes` wrote.

        Raises
        ------
        FormatError
            If the data are not a model, or one of a newer version.
        CorruptError
            If they are damaged.
        """
        view = bytes(data)
        if view[:4] != _MAGIC:
            raise FormatError(f"not a model: the data start with {view[:4].hex(' ')!r}")
        # First, for a newer version may end in something else than this checksum.
        if len(view) > 4 and view[4] != _VERSION:
            raise FormatError(f"model version {view[4]} is not known; this is version {_VERSION}")
        if len(view) < 9 or zlib.crc32(view[:-4]).to_bytes(4, "little") != view[-4:]:
            raise CorruptError("the model is damaged: its checksum does not match")
        reader = IntegerReader(memoryview(view)[5:-4])
        dtype = parse([reader.unsigned() for _ in range(reader.unsigned(reader.remaining + 1))])
        axes = reader.unsigned(_MOST_AXES + 1)
        plans = tuple(read_node(reader) for _ in field_specs(dtype, ()))
        reader.finish()
        return cls(dtype, axes, plans)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, whole or not at all."""
        target = Path(path)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            temporary.write_bytes(self.to_bytes())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model from a file; errors as `from_bytes`."""
        return cls.from_bytes(Path(path).read_bytes())

    def __repr__(self) -> str:
        return f"Model(dtype={self.dtype}, fingerprint={self.fingerprint:016x})"


def _kept(node: Node) -> Node:
    if isinstance(node, Branch):
        return node._replace(children=tuple(map(_kept, node.children)))
    return node._replace(parameters=Kept(node.parameters))
