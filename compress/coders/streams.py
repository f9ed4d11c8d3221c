"""`encode` and `decode`: arrays of symbols to words and back, at once or bit by bit."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from compress.coders.ans import ESCAPE_PIECES
from compress.coders.lanes import BAD_TABLES, DONE, UNFINISHED, close_lane, open_lane
from compress.coders.lanes_pop import decode_lanes
from compress.coders.lanes_push import encode_lanes
from compress.coders.recorded import push_intervals
from compress.errors import CorruptError

__all__ = [
    "Decoder",
    "Encoder",
    "Stack",
    "Tables",
    "decode",
    "default_lanes",
    "encode",
    "open_lanes",
]

Words = npt.NDArray[np.uint32]
Symbols = npt.NDArray[np.int64]
Indexes = npt.NDArray[np.int32] | None
Places = npt.NDArray[np.uint64]

_MAX_LANES = 64


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

    @property
    def lookup(self) -> tuple[int, npt.NDArray[np.uint64]]:
        """``(bits, entries)``: for each table and upper ``bits`` bits of a quantile, its mass.

        An entry holds, from the highest bit down, the mass (24 bits), start (24) and slot (16,
        counted from the table's first) of the first mass that such a quantile can lie in. A mass
        of 0 says: not from here, scan up from the slot that is in place of the start. That must
        be said of the escape, and of what does not fit.
        """


def default_lanes(n: int) -> int:
    """How many lanes a message of ``n`` symbols gets when nothing is said."""
    return 1 if n < 4096 else 4


def _lane_count(n: int, lanes: int | None) -> int:
    if n < 0:
        raise ValueError(f"the number of symbols must not be negative, got {n}")
    if lanes is None:
        return default_lanes(n)
    if not 1 <= lanes <= _MAX_LANES:
        raise ValueError(f"lanes must lie in 1..{_MAX_LANES}, got {lanes}")
    return lanes


def _as_symbols(symbols: npt.ArrayLike) -> Symbols:
    array = np.asarray(symbols)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iub":
        raise TypeError(f"symbols must be integers, got {array.dtype}")
    if array.dtype.kind == "u" and array.dtype.itemsize == 8 and array.max() >> np.uint64(63):
        raise ValueError("symbols must lie within int64")
    return np.ascontiguousarray(array, dtype=np.int64).ravel()


def _as_indexes(indexes: npt.ArrayLike | None, n: int, tables: Tables) -> Indexes:
    if indexes is None:
        return None
    array = np.asarray(indexes)
    if array.size != n or (n and array.dtype.kind not in "iu"):
        raise ValueError(f"indexes must be {n} integers, got {array.size} of {array.dtype}")
    if n and (array.min() < 0 or array.max() >= len(tables.low)):
        raise ValueError(f"indexes must lie in 0..{len(tables.low) - 1}")
    return np.ascontiguousarray(array, dtype=np.int32).ravel()


def _push(
    symbols: npt.NDArray[np.signedinteger],
    indexes: Indexes,
    tables: Tables,
    words: Words,
    states: npt.NDArray[np.uint64],
    places: npt.NDArray[np.uint64],
    limits: npt.NDArray[np.uint64],
) -> None:
    with np.errstate(over="ignore"):  # uint64 wraps, which numpy's scalars would remark on
        status = encode_lanes(
            symbols,
            indexes,
            tables.cumulative,
            tables.start,
            tables.low,
            tables.escape,
            words,
            states,
            places,
            limits,
        )
    if status == BAD_TABLES:
        raise ValueError("the arrays of the tables do not fit each other")
    if status != DONE:
        i = -1 - status
        t = 0 if indexes is None else indexes[i]
        raise ValueError(f"symbol {symbols[i]} (number {i}) lies outside table {t}, no escape")


def _pop(
    words: Words,
    floors: npt.NDArray[np.uint64],
    states: npt.NDArray[np.uint64],
    places: npt.NDArray[np.uint64],
    n: int,
    indexes: Indexes,
    tables: Tables,
) -> tuple[Symbols, bool]:
    """Pop n symbols; also whether nothing is left."""
    symbols = np.empty(n, np.int64)
    bits, entries = tables.lookup
    with np.errstate(over="ignore"):
        status = decode_lanes(
            words,
            floors,
            states,
            places,
            symbols,
            indexes,
            tables.cumulative,
            tables.start,
            tables.low,
            tables.escape,
            entries,
            bits,
        )
    if status not in (DONE, UNFINISHED):
        raise ValueError("the arrays of the tables do not fit each other")
    return symbols, status == DONE


def _u64(*values: int) -> npt.NDArray[np.uint64]:
    return np.array(values, dtype=np.uint64)


def open_lanes(words: Words, lanes: int) -> tuple[Places, Places, Places]:
    """Open the lanes of what `encode` returned.

    Parameters
    ----------
    words : ndarray, uint32
        The words, and one more, at which decoders may look.
    lanes : int

    Returns
    -------
    floors, states, places : ndarray, uint64, shape (L,)
        As `compress.coders.lanes_pop.decode_lanes` takes them.

    Raises
    ------
    CorruptError
        If they cannot be the words of so many lanes.
    """
    end = len(words) - 1
    if end < lanes - 1:
        raise CorruptError(f"{end} words cannot hold {lanes} lanes")
    bounds = [lanes - 1]
    for length in words[: lanes - 1].tolist():
        bounds.append(bounds[-1] + length)
    if bounds[-1] > end:
        raise CorruptError("the lanes are longer than the words")
    bounds.append(end)
    heads = [open_lane(words, bounds[lane], bounds[lane + 1]) for lane in range(lanes)]
    states, places = zip(*heads, strict=True)
    return _u64(*bounds[:-1]), _u64(*states), _u64(*places)


def encode(
    symbols: npt.ArrayLike,
    tables: Tables,
    indexes: npt.ArrayLike | None = None,
    *,
    lanes: int | None = None,
) -> Words:
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
        How many coders share the work, 1 to 64: symbol i goes to lane i mod L. ``None``:
        `default_lanes`.

    Returns
    -------
    ndarray, uint32
        With one lane, constriction's words. With L lanes, the number of words of each lane but
        the last, then constriction's words of each lane.

    Raises
    ------
    TypeError
        If the symbols are not integers.
    ValueError
        If a symbol lies outside a table without an escape, or an index names no table.
    """
    # Pairs of tokens come as int16, which need not be widened.
    narrow = isinstance(symbols, np.ndarray) and symbols.dtype == np.int16 and indexes is None
    values = np.ascontiguousarray(symbols).ravel() if narrow else _as_symbols(symbols)
    n = len(values)
    chosen = _as_indexes(indexes, n, tables)
    count = _lane_count(n, lanes)
    each = -(-n // count)
    # A push adds at most one word; an escape adds pushes. The word past each limit is spare.
    for room in (each, each * (1 + ESCAPE_PIECES)):
        words = np.empty(count * (room + 1), np.uint32)
        states = np.zeros(count, np.uint64)
        floors = np.arange(count, dtype=np.uint64) * np.uint64(room + 1)
        places = floors.copy()
        limits = floors + np.uint64(room)
        _push(values, chosen, tables, words, states, places, limits)
        if np.all(places <= limits):
            break
    parts: list[Words] = []
    for lane in range(count):
        parts.append(words[int(floors[lane]) : int(places[lane])])
        parts.append(close_lane(int(states[lane])))
    lengths = [len(parts[2 * lane]) + len(parts[2 * lane + 1]) for lane in range(count - 1)]
    return np.concatenate([np.array(lengths, dtype=np.uint32), *parts])


def decode(
    words: npt.ArrayLike,
    n: int,
    tables: Tables,
    indexes: npt.ArrayLike | None = None,
    *,
    lanes: int | None = None,
) -> Symbols:
    """Decode what `encode` encoded.

    Parameters
    ----------
    words : array_like of uint32
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
    ValueError
        If an index names no table.
    """
    count = _lane_count(n, lanes)
    chosen = _as_indexes(indexes, n, tables)
    # The decoder may look at one word past the end.
    data = np.append(np.asarray(words, dtype=np.uint32).ravel(), np.uint32(0))
    symbols, empty = _pop(data, *open_lanes(data, count), n, chosen, tables)
    if not empty:
        raise CorruptError(f"the words are not the code of {n} symbols with these tables")
    return symbols


class Stack:
    """An ANS stack of one lane: what was pushed last is popped first.

    Popping with a table that was not used for pushing turns words into samples of that table,
    and pushing those back restores the words: bits-back coding. Where they hold an escape to no
    int64, `pop` refuses.

    Parameters
    ----------
    words : array_like of uint32, optional
        Words to start from, as `words` or constriction gave them.

    Raises
    ------
    CorruptError
        If the words end with a zero, which no coder writes.
    """

    def __init__(self, words: npt.ArrayLike | None = None) -> None:
        given = np.asarray([] if words is None else words, dtype=np.uint32).ravel()
        self._words = np.append(given, np.uint32(0))
        state, place = open_lane(self._words, 0, len(given))
        self._state, self._place = _u64(state), _u64(place)

    @property
    def words(self) -> Words:
        """The content; constriction's words."""
        tail = close_lane(int(self._state[0]))
        return np.concatenate([self._words[: int(self._place[0])], tail])

    @property
    def empty(self) -> bool:
        """Whether nothing is left. Popping an empty stack gives every table's first symbol."""
        return int(self._state[0]) == 0 and int(self._place[0]) == 0

    def _reserve(self, pushes: int) -> None:
        place = int(self._place[0])
        if place + pushes >= len(self._words):
            grown = np.empty(max(place + pushes + 1, 2 * len(self._words)), np.uint32)
            grown[:place] = self._words[:place]
            self._words = grown

    def push(
        self, symbols: npt.ArrayLike, tables: Tables, indexes: npt.ArrayLike | None = None
    ) -> None:
        """Push symbols, last to first, so that `pop` gives them in their order.

        The parameters and errors are those of `encode`. A failed push changes nothing.
        """
        values = _as_symbols(symbols)
        chosen = _as_indexes(indexes, len(values), tables)
        for pieces in (0, ESCAPE_PIECES):
            self._reserve(len(values) * (1 + pieces))
            state, place = self._state.copy(), self._place.copy()
            limit = _u64(len(self._words) - 1)
            _push(values, chosen, tables, self._words, state, place, limit)
            if place[0] <= limit[0]:
                self._state, self._place = state, place
                break

    def push_intervals(
        self, starts: npt.NDArray[np.uint32], masses: npt.NDArray[np.uint32]
    ) -> None:
        """Push intervals, last to first; see `compress.coders.encode_intervals`."""
        left = np.ascontiguousarray(starts, dtype=np.uint32)
        mass = np.ascontiguousarray(masses, dtype=np.uint32)
        self._reserve(len(left))
        state, place = self._state.copy(), self._place.copy()
        if not push_intervals(left, mass, self._words, state, place):
            raise ValueError("starts and masses must be as many, and end within 0..2**24")
        self._state, self._place = state, place

    def pop(self, n: int, tables: Tables, indexes: npt.ArrayLike | None = None) -> Symbols:
        """Pop n symbols; the parameters are those of `decode`.

        Raises
        ------
        CorruptError
            If the words hold an escape to beyond int64, which nobody pushed and which pushing the
            symbols would not restore. A failed pop changes nothing. Tables without an escape never
            fail; with one, one escape in some 60 that random words give does.
        """
        _lane_count(n, 1)
        chosen = _as_indexes(indexes, n, tables)
        state, place = self._state.copy(), self._place.copy()
        symbols, _ = _pop(self._words, _u64(0), state, place, n, chosen, tables)
        if np.any(tables.escape) and not self._restores(symbols, tables, chosen, state, place):
            raise CorruptError("the words hold an escape to a symbol that is no int64")
        self._state, self._place = state, place
        return symbols

    def _restores(
        self,
        symbols: Symbols,
        tables: Tables,
        indexes: Indexes,
        state: npt.NDArray[np.uint64],
        place: npt.NDArray[np.uint64],
    ) -> bool:
        """Whether pushing what was popped gives the words and the state from before."""
        popped = self._words[int(place[0]) : int(self._place[0])]
        scratch = np.empty(len(symbols) * (1 + ESCAPE_PIECES) + 1, np.uint32)
        again, end = state.copy(), _u64(0)
        _push(symbols, indexes, tables, scratch, again, end, _u64(len(scratch) - 1))
        return again[0] == self._state[0] and np.array_equal(scratch[: int(end[0])], popped)


class Encoder:
    """Collects symbols in the order in which a `Decoder` will give them; one lane."""

    def __init__(self) -> None:
        self._parts: list[tuple[Symbols, Tables, Indexes]] = []

    def append(
        self, symbols: npt.ArrayLike, tables: Tables, indexes: npt.ArrayLike | None = None
    ) -> None:
        """Append symbols; the parameters are those of `encode`."""
        values = _as_symbols(symbols).copy()
        self._parts.append((values, tables, _as_indexes(indexes, len(values), tables)))

    def finish(self) -> Words:
        """Encode all that was appended; the errors are those of `encode`."""
        stack = Stack()
        for symbols, tables, indexes in reversed(self._parts):
            stack.push(symbols, tables, indexes)
        return stack.words


class Decoder:
    """Gives back what an `Encoder` collected, in the same order.

    Parameters
    ----------
    words : array_like of uint32
        What `Encoder.finish` returned.

    Raises
    ------
    CorruptError
        If the words end with a zero, which no encoder writes.
    """

    def __init__(self, words: npt.ArrayLike) -> None:
        self._stack = Stack(words)

    def take(self, n: int, tables: Tables, indexes: npt.ArrayLike | None = None) -> Symbols:
        """Decode the next n symbols; the parameters are those of `decode`."""
        return self._stack.pop(n, tables, indexes)

    def finish(self) -> None:
        """Raise `CorruptError` unless the words were the code of exactly what was taken."""
        if not self._stack.empty:
            raise CorruptError("the words are not the code of the symbols taken")
