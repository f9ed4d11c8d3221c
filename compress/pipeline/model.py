"""A reusable model: the plans learned on a sample, kept outside the streams."""

from __future__ import annotations

import hashlib
import operator
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.container import IntegerReader, write_unsigned
from compress.errors import CorruptError, FormatError, LimitError
from compress.pipeline.tree import Branch, Node, read_node, write_node
from compress.pipeline.warm import Warm, read_warm
from compress.prediction.kept import Kept
from compress.transforms.dtypes import describe, parse
from compress.transforms.fields import field_specs

__all__ = ["Model"]

_MAGIC = b"\x89FDM"
_VERSION = 1
# Without what is said of messages.
_PLANS_ONLY = 0
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
    messages : bytes
        What `compress.pipeline.warm` wrote of short messages; empty where nothing is known of them.
    """

    dtype: np.dtype[Any]
    axes: int
    plans: tuple[Node, ...]
    messages: bytes = b""

    @cached_property
    def fingerprint(self) -> int:
        """64 bits that tell this model from others (of a BLAKE2b hash of its bytes)."""
        return int.from_bytes(hashlib.blake2b(self.to_bytes(), digest_size=8).digest(), "little")

    @cached_property
    def warm(self) -> Warm | None:
        """What is known of short messages, if anything is."""
        if not self.messages:
            return None
        reader = IntegerReader(self.messages)
        return read_warm(reader, self.dtype)

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
        body += b"".join(map(write_node, self.plans)) + self.messages
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
        if len(view) > 4 and view[4] not in (_PLANS_ONLY, _VERSION):
            raise FormatError(f"model version {view[4]} is not known; this is version {_VERSION}")
        if len(view) < 9 or zlib.crc32(view[:-4]).to_bytes(4, "little") != view[-4:]:
            raise CorruptError("the model is damaged: its checksum does not match")
        reader = IntegerReader(memoryview(view)[5:-4])
        dtype = parse([reader.unsigned() for _ in range(reader.unsigned(reader.remaining + 1))])
        axes = reader.unsigned(_MOST_AXES + 1)
        plans = tuple(read_node(reader) for _ in field_specs(dtype, ()))
        if view[4] == _PLANS_ONLY:
            reader.finish()
        messages = bytes(reader.take(reader.remaining))
        model = cls(dtype, axes, plans, messages)
        # Read now, so that damage is noticed now.
        _ = model.warm
        return model

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

    def compress_many(self, arrays: Iterable[ArrayLike]) -> bytes:
        """Compress messages of one shape, each so that it can be decompressed alone.

        Parameters
        ----------
        arrays : array_like or iterable of array_like
            Messages of one shape and of the dtype of the model: an array whose first axis counts
            them, or one after another.

        Returns
        -------
        bytes
            What all have in common is written once; a message takes its own bits, about one byte
            more, and half a byte that says how long it is. For `decompress_many`.

        Raises
        ------
        TypeError, ValueError
            If the messages are of another dtype than the model, or of several shapes.

        Notes
        -----
        Fast and small are messages of the shape of those that the model was learned on, when it
        was learned on several of one shape; the number of their rows may differ. All others are
        coded one by one as by `compress.compress`.
        """
        from compress.pipeline.batch import encode_batch  # noqa: PLC0415 (it needs this module)

        if isinstance(arrays, np.ndarray):
            stacked = arrays
        else:
            listed = [np.asarray(array) for array in arrays]
            shapes = sorted({array.shape for array in listed})
            if len(shapes) > 1:
                raise ValueError(f"messages of one batch have one shape, not {shapes[:4]}")
            dtypes = {array.dtype for array in listed}
            if len(dtypes) > 1:
                raise TypeError(f"messages of one batch have one dtype, not {dtypes}")
            stacked = np.stack(listed, dtype=listed[0].dtype) if listed else np.empty(0, self.dtype)
        if stacked.ndim == 0:
            raise ValueError("arrays must be several, not a scalar")
        if stacked.dtype != self.dtype:
            raise ValueError(f"the model is for {self.dtype} arrays, these are {stacked.dtype}")
        return encode_batch(np.ascontiguousarray(stacked), self)

    def decompress_many(
        self,
        data: bytes | bytearray | memoryview,
        which: int | slice | None = None,
        *,
        max_bytes: int | None = None,
    ) -> NDArray[Any]:
        """Return messages that `compress_many` was given.

        Parameters
        ----------
        data : bytes-like
            What `compress_many` returned.
        which : int or slice, optional
            Which message, or which (steps of 1), to decode without the others; all by default.
        max_bytes : int, optional
            For bytes that are not trusted: refuse batches whose messages take more together.

        Returns
        -------
        numpy.ndarray
            One message, or several along a first axis.

        Raises
        ------
        FormatError
            If the data are no batch, or of a newer version.
        CorruptError
            If they are damaged.
        ModelMismatchError
            If they were coded with another model.
        LimitError
            If the messages take more than `max_bytes`, or than memory.
        IndexError
            If there is no such message.
        """
        from compress.pipeline.batch import decode_batch, read_batch  # noqa: PLC0415 (as above)

        try:
            batch = read_batch(memoryview(data).cast("B"), self, max_bytes)
            chosen = slice(None) if which is None else which
            if isinstance(chosen, slice):
                first, last, step = chosen.indices(batch.n)
                if step != 1:
                    raise ValueError(f"messages are decoded in steps of 1, not {step}")
                return decode_batch(batch, self, first, max(first, last))
            place = operator.index(chosen)
            place += batch.n if place < 0 else 0
            if not 0 <= place < batch.n:
                raise IndexError(f"there is no message {chosen} in a batch of {batch.n}")
            one: NDArray[Any] = decode_batch(batch, self, place, place + 1)[0]
            return one
        except MemoryError as error:
            raise LimitError("the messages take more memory than there is") from error

    def __repr__(self) -> str:
        return f"Model(dtype={self.dtype}, fingerprint={self.fingerprint:016x})"


def _kept(node: Node) -> Node:
    if isinstance(node, Branch):
        return node._replace(children=tuple(map(_kept, node.children)))
    return node._replace(parameters=Kept(node.parameters))
