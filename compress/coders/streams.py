"""`encode` and `decode`: arrays of symbols to words and back."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from numba import njit

from compress.coders.ans import ESCAPE_WORDS, Scalar, pop, pop_escape, push, push_escape
from compress.errors import CorruptError

__all__ = ["Tables", "decode", "encode"]


class Tables(Protocol):
    """What the coders need of tables; `compress.tables.TableSet` has it."""

    @property
    def cumulative(self) -> npt.NDArray[np.uint32]:
        """All tables one after another, each rising strictly from 0 to 2**24."""

    @property
    def start(self) -> npt.NDArray[np.int64]:
        """Offsets into ``cumulative``, one more than there are tables."""

    @property
    def low(self) -> npt.NDArray[np.int64]:
        """The symbol value of each table's first mass."""

    @property
    def escape(self) -> npt.NDArray[np.bool_]:
        """Whether each table's last mass is the escape."""


@njit(cache=True, nogil=True)
def _encode_lane(
    symbols: np.ndarray,
    indexes: np.ndarray,
    lane: int,
    lanes: int,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
    words: np.ndarray,
) -> int:
    """Encode every ``lanes``-th symbol; the number of words, or -1 - i for a bad symbol i."""
    n = len(symbols)
    state: Scalar = np.uint64(0)
    place = 0
    if n:
        for i in range(n - 1 - (n - 1 - lane) % lanes, -1, -lanes):
            t = 0 if len(indexes) == 0 else indexes[i]
            if not 0 <= t < len(low):
                return -1 - i
            first = start[t]
            size = start[t + 1] - first - 1
            if escape[t]:
                size -= 1
            symbol = symbols[i]
            high = low[t] + (size - 1)
            if low[t] <= symbol <= high:
                slot = first + (symbol - low[t])
            else:
                if not escape[t]:
                    return -1 - i
                state, place = push_escape(state, symbol, low[t], high, words, place)
                slot = first + size
            left = np.uint64(cumulative[slot])
            mass = np.uint64(cumulative[slot + 1]) - left
            state, place = push(state, left, mass, words, place)
    while state:
        if place < len(words):
            words[place] = np.uint32(state & np.uint64(0xFFFFFFFF))
        place += 1
        state >>= np.uint64(32)
    return place


@njit(cache=True, nogil=True)
def _decode_lane(
    words: np.ndarray,
    symbols: np.ndarray,
    indexes: np.ndarray,
    lane: int,
    lanes: int,
    cumulative: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    escape: np.ndarray,
) -> bool:
    """Decode every ``lanes``-th symbol; False if the words do not end exactly there."""
    place = len(words)
    state: Scalar = np.uint64(0)
    while place and (state >> np.uint64(32)) == np.uint64(0):
        place -= 1
        state = (state << np.uint64(32)) | np.uint64(words[place])
    if len(words) and words[len(words) - 1] == 0:
        return False
    for i in range(lane, len(symbols), lanes):
        t = 0 if len(indexes) == 0 else indexes[i]
        if not 0 <= t < len(low):
            return False
        first = start[t]
        last = start[t + 1] - 1
        quantile = np.uint32(state & np.uint64(0xFFFFFF))
        below = first
        above = last
        while above - below > 1:
            middle = (below + above) >> 1
            if cumulative[middle] <= quantile:
                below = middle
            else:
                above = middle
        left = np.uint64(cumulative[below])
        mass = np.uint64(cumulative[below + 1]) - left
        state, place = pop(state, left, mass, words, place)
        if escape[t] and below + 1 == last:
            high = low[t] + (last - first - 2)
            symbols[i], state, place = pop_escape(state, low[t], high, words, place)
        else:
            symbols[i] = low[t] + (below - first)
    return place == 0 and state == np.uint64(0)


def _lanes(n: int, lanes: int | None) -> int:
    if lanes is None:
        return 1 if n < 4096 else 4
    if not 1 <= lanes <= 64:
        raise ValueError(f"lanes must lie in 1..64, got {lanes}")
    return lanes


def _indexes(indexes: npt.ArrayLike | None, n: int, tables: Tables) -> npt.NDArray[np.int32]:
    if indexes is None:
        return np.empty(0, np.int32)
    array = np.ascontiguousarray(indexes).ravel()
    if array.dtype.kind not in "iu" or len(array) != n:
        raise ValueError(f"indexes must be {n} integers, got {array.dtype}, {len(array)}")
    if n and (array.min() < 0 or array.max() >= len(tables.low)):
        raise ValueError(f"indexes must lie in 0..{len(tables.low) - 1}")
    return array.astype(np.int32, copy=False)


def encode(
    symbols: npt.ArrayLike,
    tables: Tables,
    indexes: npt.ArrayLike | None = None,
    *,
    lanes: int | None = None,
) -> npt.NDArray[np.uint32]:
    """Encode symbols with integer tables into words.

    Parameters
    ----------
    symbols : array_like of int
        Any shape and integer dtype; coded in C order. Symbols outside a table's range take its
        escape.
    tables : Tables
        For example a `compress.tables.TableSet`.
    indexes : array_like of int, optional
        The table of each symbol; ``None``: table 0 for all.
    lanes : int, optional
        How many coders share the work, 1 to 64; ``None``: chosen from the number of symbols.

    Returns
    -------
    ndarray, uint32
        With one lane, constriction's words. With L lanes, the number of words of lanes 0 to
        L - 2, then the words of each lane.

    Raises
    ------
    ValueError
        If a symbol lies outside a table without an escape, or an index names no table.
    """
    array = np.asarray(symbols)
    if array.dtype.kind not in "iub":
        raise TypeError(f"symbols must be integers, got {array.dtype}")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError("symbols must lie within int64")
    values = np.ascontiguousarray(array.ravel(), dtype=np.int64)
    n = len(values)
    chosen = _indexes(indexes, n, tables)
    count = _lanes(n, lanes)
    each = -(-n // count)
    words = np.empty(each + 8, np.uint32)
    header = np.zeros(count - 1, np.uint32)
    parts = [header]
    for lane in range(count):
        while True:
            used = _encode_lane(
                values,
                chosen,
                lane,
                count,
                tables.cumulative,
                tables.start,
                tables.low,
                tables.escape,
                words,
            )
            if used <= len(words):
                break
            words = np.empty(each * (1 + ESCAPE_WORDS) + 8, np.uint32)
        if used < 0:
            raise ValueError(f"symbol {values[-1 - used]} is outside a table without an escape")
        parts.append(words[:used].copy())
        if lane < count - 1:
            header[lane] = used
    return np.concatenate(parts)


def decode(
    words: npt.NDArray[np.uint32],
    n: int,
    tables: Tables,
    indexes: npt.ArrayLike | None = None,
    *,
    lanes: int | None = None,
) -> npt.NDArray[np.int64]:
    """Decode what `encode` encoded.

    Parameters
    ----------
    words : ndarray, uint32
    n : int
        How many symbols.
    tables, indexes, lanes
        As given to `encode`.

    Returns
    -------
    ndarray, shape (n,), int64

    Raises
    ------
    CorruptError
        If the words are not the code of n symbols.
    """
    data = np.ascontiguousarray(words, dtype=np.uint32)
    chosen = _indexes(indexes, n, tables)
    count = _lanes(n, lanes)
    if len(data) < count - 1:
        raise CorruptError(f"{len(data)} words cannot hold {count} lanes")
    ends = np.cumsum(data[: count - 1].astype(np.int64)) + (count - 1)
    if count > 1 and ends[-1] > len(data):
        raise CorruptError("the lanes are longer than the words")
    bounds = [count - 1, *ends.tolist(), len(data)]
    symbols = np.empty(n, np.int64)
    for lane in range(count):
        if not _decode_lane(
            data[bounds[lane] : bounds[lane + 1]],
            symbols,
            chosen,
            lane,
            count,
            tables.cumulative,
            tables.start,
            tables.low,
            tables.escape,
        ):
            raise CorruptError("the words are not the code of these symbols")
    return symbols
