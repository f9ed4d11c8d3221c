"""Messages of one shape in one piece of bytes, each of which can be decoded without the others.

Layout::

    89 46 44 42          magic
    version              one byte
    fingerprint          8 bytes, little-endian, of the model
    axes, shape          of one message
    messages             how many
    others               how many are chunks of their own, then which: differences of their numbers
    lengths              0 and one integer a message, or 1, a plan of one leaf, the bytes of the
                         coded plane as an integer, and these bytes
    CRC-32               4 bytes, little-endian, of everything before
    for each 64 messages: their bytes, then a CRC-32 of these, continued from the one above and the
        number of the group

A message is what `compress.pipeline.warm` makes of it, or as `compress.pipeline.chunk` writes a
chunk of a stream that names a model.
"""

from __future__ import annotations

import zlib
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.container import IntegerReader, write_unsigned
from compress.errors import CorruptError, FormatError, LimitError, ModelMismatchError
from compress.pipeline.budget import Budget
from compress.pipeline.chunk import code_chunk, decode_chunk, smaller
from compress.pipeline.model import Model
from compress.pipeline.tree import Leaf, read_node, write_node
from compress.prediction import static
from compress.prediction.registry import MODELS

__all__ = ["Batch", "decode_batch", "encode_batch", "read_batch"]

Array = NDArray[Any]
Lengths = NDArray[np.int64]

_MAGIC = b"\x89FDB"
_VERSION = 0
_GROUP = 64
_CRC_BYTES = 4
_MOST_AXES = 64
_LEVEL = 3
# Of chunks of their own: a search of some milliseconds each.
_OWN_LEVEL = 1


class Batch(NamedTuple):
    """A batch whose head is verified, and whose groups are verified when read.

    Attributes
    ----------
    shape : tuple of int
        Of one message.
    offsets : int64 array, shape (n + 1,)
        Where each message begins, and the end, checksums left out.
    others : frozenset of int
        Messages that are chunks of their own.
    """

    shape: tuple[int, ...]
    offsets: Lengths
    others: frozenset[int]
    data: memoryview
    begin: int
    head_crc: int

    @property
    def n(self) -> int:
        """Number of messages."""
        return len(self.offsets) - 1

    def bytes_of(self, first: int, last: int) -> bytes:
        """Return the bytes of messages from ``first`` to before ``last``, whole groups checked."""
        groups = range(first // _GROUP, (last + _GROUP - 1) // _GROUP)
        found = b"".join(self._group(group) for group in groups)
        skipped = int(self.offsets[first] - self.offsets[groups.start * _GROUP])
        return found[skipped : skipped + int(self.offsets[last] - self.offsets[first])]

    def _group(self, group: int) -> bytes:
        place = group * _GROUP
        low, high = self.offsets[place], self.offsets[min(place + _GROUP, self.n)]
        start = self.begin + int(low) + _CRC_BYTES * group
        end = start + int(high - low)
        found = bytes(self.data[start:end])
        if _group_crc(found, self.head_crc, group) != self.data[end : end + _CRC_BYTES]:
            raise CorruptError(
                f"messages {place} to {min(place + _GROUP, self.n) - 1} are damaged: their "
                "checksum does not match"
            )
        return found


def _group_crc(data: bytes, head_crc: int, group: int) -> bytes:
    before = zlib.crc32(group.to_bytes(8, "little"), head_crc)
    return zlib.crc32(data, before).to_bytes(_CRC_BYTES, "little")


def encode_batch(arrays: Array, model: Model) -> bytes:
    """Code messages.

    Parameters
    ----------
    arrays : array, shape (n, ...)
        Of the dtype of the model, C-contiguous.
    model : Model

    Returns
    -------
    bytes
    """
    n, shape = len(arrays), arrays.shape[1:]
    lengths = np.full(n, -1, np.int64)
    data = np.zeros(0, np.uint8)
    if n and model.warm is not None and model.warm.fits(shape):
        data, lengths = model.warm.encode(arrays)
        # What has more bytes than the array itself is coded some other way.
        spent = np.maximum(lengths, 0)
        kept = lengths <= prod(shape) * arrays.dtype.itemsize
        data = data[np.repeat(kept, spent)]
        lengths[~kept] = -1
    others = np.flatnonzero(lengths < 0)
    own = [smaller(code_chunk(arrays[i], _OWN_LEVEL, None, model)) for i in others]
    pieces = _pieces(bytes(data), lengths, dict(zip(others.tolist(), own, strict=True)))
    sizes = np.array([len(piece) for piece in pieces], np.int64)
    head = _MAGIC + bytes([_VERSION]) + model.fingerprint.to_bytes(8, "little")
    head += write_unsigned([len(shape), *shape, n, len(others)])
    head += write_unsigned(np.diff(others, prepend=0).tolist()) + _written(sizes)
    head_crc = zlib.crc32(head)
    written = [head, head_crc.to_bytes(_CRC_BYTES, "little")]
    for group, first in enumerate(range(0, n, _GROUP)):
        whole = b"".join(pieces[first : first + _GROUP])
        written += [whole, _group_crc(whole, head_crc, group)]
    return b"".join(written)


def _pieces(data: bytes, lengths: Lengths, others: dict[int, bytes]) -> list[bytes]:
    ends = np.concatenate([[0], np.cumsum(np.maximum(lengths, 0))]).tolist()
    found = [data[a:b] for a, b in pairwise(ends)]
    for i, piece in others.items():
        found[i] = piece
    return found


def _written(sizes: Lengths) -> bytes:
    """Write lengths plainly or as a plane, whichever is shorter."""
    plain = write_unsigned([0, *sizes.tolist()])
    parameters = static.propose(sizes, _LEVEL) if len(sizes) else None
    if parameters is None:
        return plain
    coded = static.encode(sizes, parameters)
    leaf = write_node(Leaf(static.CODE, parameters))
    return min(plain, write_unsigned([1]) + leaf + write_unsigned([len(coded)]) + coded, key=len)


def read_batch(data: memoryview, model: Model, max_bytes: int | None) -> Batch:
    """Read and verify the head of a batch.

    Raises
    ------
    FormatError
        If the data are no batch, or of a newer version.
    CorruptError
        If they are damaged.
    ModelMismatchError
        If they were coded with another model.
    LimitError
        If the messages take more than ``max_bytes``.
    """
    if data[: len(_MAGIC)] != _MAGIC:
        raise FormatError("not a batch of messages")
    reader = IntegerReader(data)
    reader.take(len(_MAGIC))
    version = reader.take(1)[0]
    if version != _VERSION:
        raise FormatError(f"batch version {version} is not known; this is version {_VERSION}")
    fingerprint = int.from_bytes(reader.take(8), "little")
    shape = tuple(reader.unsigned(1 << 62) for _ in range(reader.unsigned(_MOST_AXES + 1)))
    n = reader.unsigned(1 << 40)
    n_bytes = n * max(1, prod(shape)) * max(1, model.dtype.itemsize)
    n_others = reader.unsigned(min(n, reader.remaining) + 1)
    others = np.cumsum([reader.unsigned(n + 1) for _ in range(n_others)], dtype=np.int64)
    if n_others and (int(others[-1]) >= n or (np.diff(others) <= 0).any()):
        raise CorruptError("the batch lists messages that there are not")
    limit = max_bytes if max_bytes is not None else 1 << 40
    budget = Budget(n_bytes)
    if reader.unsigned(2) == 0:
        if n > reader.remaining:
            raise CorruptError(f"the batch ends before the lengths of {n} messages")
        sizes = np.array([reader.unsigned(len(data) + 1) for _ in range(n)], np.int64)
    else:
        leaf = read_node(reader)
        coded = reader.take(reader.unsigned(reader.remaining + 1))
        if n_bytes > limit:
            raise LimitError(f"the messages take {n_bytes} bytes, more than max_bytes={max_bytes}")
        if not isinstance(leaf, Leaf) or leaf.model != static.CODE or n == 0:
            raise CorruptError("the lengths of a batch are no plane")
        budget.spend(static.demand(coded, (n,), leaf.parameters).ns)
        sizes = MODELS[leaf.model].decode(coded, (n,), leaf.parameters).astype(np.int64)
    head_crc = zlib.crc32(data[: reader.position])
    if head_crc.to_bytes(_CRC_BYTES, "little") != reader.take(_CRC_BYTES):
        raise CorruptError("the head of the batch is damaged: its checksum does not match")
    if n_bytes > limit:
        raise LimitError(f"the messages take {n_bytes} bytes, more than max_bytes={max_bytes}")
    if fingerprint != model.fingerprint:
        raise ModelMismatchError(
            f"the batch needs the model with the fingerprint {fingerprint:016x}, "
            f"not {model.fingerprint:016x}"
        )
    left = reader.remaining - _CRC_BYTES * ((n + _GROUP - 1) // _GROUP)
    if n and (int(sizes.min()) < 0 or int(sizes.max()) > max(left, 0)):
        raise CorruptError("a message of the batch is longer than the batch")
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    if int(offsets[-1]) != left:
        raise CorruptError(f"the batch has {left} bytes of messages instead of {offsets[-1]}")
    known = frozenset(others.tolist())
    if len(known) < n and (model.warm is None or not model.warm.fits(shape)):
        raise CorruptError(f"the model has no way to code messages of shape {shape}")
    return Batch(shape, offsets, known, data, reader.position, head_crc)


def decode_batch(batch: Batch, model: Model, first: int, last: int) -> Array:
    """Decode messages from ``first`` to before ``last``; shape (last - first, ...).

    Raises
    ------
    CorruptError
        If they are damaged.
    """
    out = np.empty((last - first, *batch.shape), model.dtype)
    if last <= first:
        return out
    data = batch.bytes_of(first, last)
    starts = batch.offsets[first : last + 1] - batch.offsets[first]
    chosen = [i for i in range(first, last) if i in batch.others] if batch.others else []
    if len(chosen) < last - first:
        if model.warm is None:
            raise CorruptError("the model has no way to code messages")
        kept = np.ones(last - first, np.bool_)
        kept[[i - first for i in chosen]] = False
        lengths = np.diff(starts)
        flat = np.frombuffer(data, np.uint8)[np.repeat(kept, lengths)]
        out[kept] = model.warm.decode(flat, lengths[kept], batch.shape)
    for i in chosen:
        piece = memoryview(data)[int(starts[i - first]) : int(starts[i - first + 1])]
        budget = Budget(prod(batch.shape) * model.dtype.itemsize)
        out[i - first] = decode_chunk(piece, batch.shape, model.dtype, model, budget)
    return out
