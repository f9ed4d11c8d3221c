"""The same streams by constriction alone: what its own users would write to read or make ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import constriction
import numpy as np
import numpy.typing as npt

from compress.tables import TableSet

__all__ = ["Oracle", "join_lanes", "split_lanes"]

Words = npt.NDArray[np.uint32]
_PIECE = 16


def _uniform(bits: int) -> Any:
    return constriction.stream.model.Uniform(1 << bits)


class Oracle:
    """A stack of constriction's, with the tables of a `TableSet` and their escapes.

    Parameters
    ----------
    tables : TableSet
        Each with two masses or more; constriction refuses fewer.
    words : ndarray, uint32, optional
        What to start from.
    """

    def __init__(self, tables: TableSet, words: Words | None = None) -> None:
        self._tables = tables
        self._models = [
            constriction.stream.model.Categorical(
                (tables.masses(t) - 1).astype(np.float64), perfect=False
            )
            for t in range(len(tables))
        ]
        coder = constriction.stream.stack.AnsCoder
        self._coder = coder() if words is None else coder(words)

    @property
    def words(self) -> Words:
        """The content."""
        return np.asarray(self._coder.get_compressed())

    def pop(self, t: int) -> int:
        """Decode one symbol with table ``t``."""
        slot = int(self._coder.decode(self._models[t]))
        low, size = self._range(t)
        if slot < size:
            return low + slot
        head = int(self._coder.decode(_uniform(7)))
        length = head & 63
        distance = 1 << length
        for done in range(0, length, _PIECE):
            width = min(_PIECE, length - done)
            distance |= int(self._coder.decode(_uniform(width))) << done
        return low - distance if head & 64 else low + size - 1 + distance

    def push(self, symbol: int, t: int) -> None:
        """Encode one symbol with table ``t``, so that `pop` gives it next."""
        low, size = self._range(t)
        slot = symbol - low
        if not 0 <= slot < size:
            distance = low - symbol if symbol < low else symbol - (low + size) + 1
            length = distance.bit_length() - 1
            for done in reversed(range(0, length, _PIECE)):
                width = min(_PIECE, length - done)
                piece = distance >> done & ((1 << width) - 1)
                self._coder.encode_reverse(piece, _uniform(width))
            self._coder.encode_reverse(64 * (symbol < low) + length, _uniform(7))
            slot = size
        self._coder.encode_reverse(slot, self._models[t])

    def _range(self, t: int) -> tuple[int, int]:
        size = len(self._tables.masses(t)) - int(self._tables.escape[t])
        return int(self._tables.low[t]), size


def split_lanes(words: Words, lanes: int) -> list[Words]:
    """Take the lanes of a stream apart, by the lengths in front."""
    lengths = words[: lanes - 1].astype(np.int64)
    return np.split(words[lanes - 1 :], np.cumsum(lengths))


def join_lanes(lanes: Sequence[Words]) -> Words:
    """Put lanes together; the inverse of `split_lanes`."""
    lengths = np.array([len(lane) for lane in lanes[:-1]], dtype=np.uint32)
    return np.concatenate([lengths, *lanes]).astype(np.uint32)
