"""Every path is interchangeable with constriction: it decodes our words, and we decode its."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from compress.coders import Decoder, Encoder, Stack, ans, decode, encode, encode_intervals
from compress.errors import CorruptError
from compress.kernels import for_numba
from compress.tables import TableSet
from tests.coders.oracle import Oracle, join_lanes, split_lanes

INT64 = np.iinfo(np.int64)
bits_interval, decode_symbol, encode_symbol, find, flush = map(
    for_numba, (ans.bits_interval, ans.decode_symbol, ans.encode_symbol, ans.find, ans.flush)
)
init, pop_bits, pop_interval, push_interval, quantile = map(
    for_numba, (ans.init, ans.pop_bits, ans.pop_interval, ans.push_interval, ans.quantile)
)


@dataclass(frozen=True)
class Message:
    """Tables, symbols that they can code, and the table of each symbol."""

    tables: TableSet
    symbols: list[int]
    indexes: list[int]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Ragged tables with and without escapes anywhere in int64; symbols in and out of them."""
    sets = []
    for _ in range(draw(st.integers(1, 3))):
        pmf = draw(st.lists(st.sampled_from([0.0, 1e-6, 0.01, 1.0]), min_size=2, max_size=20))
        low = draw(st.integers(INT64.min, INT64.max - 20) | st.integers(-30, 30))
        escape = draw(st.sampled_from([None, 0.0, 0.1]))
        sets.append(TableSet.from_pmf(np.array(pmf) + 1e-9, low, escape))
    tables = TableSet.concatenate(sets)
    symbols, indexes = [], []
    for _ in range(draw(st.integers(0, 25))):
        t = draw(st.integers(0, len(tables) - 1))
        low = int(tables.low[t])
        inside = st.integers(low, low + len(tables.masses(t)) - 1 - int(tables.escape[t]))
        near = st.integers(max(low - 40, INT64.min), min(low + 60, INT64.max))
        anywhere = st.integers(INT64.min, INT64.max)
        symbols.append(draw(inside | near | anywhere if tables.escape[t] else inside))
        indexes.append(t)
    return Message(tables, symbols, indexes)


@given(messages(), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_constriction_decodes_each_lane(message: Message, lanes: int) -> None:
    """Lane i mod L of our words, taken by itself, gives its symbols; nothing is left."""
    words = encode(message.symbols, message.tables, message.indexes, lanes=lanes)
    for lane, part in enumerate(split_lanes(words, lanes)):
        oracle = Oracle(message.tables, part)
        assert [oracle.pop(t) for t in message.indexes[lane::lanes]] == message.symbols[lane::lanes]
        assert len(oracle.words) == 0


@given(messages(), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_lanes_made_by_constriction_are_ours(message: Message, lanes: int) -> None:
    """Lanes that constriction encoded, put together, are our words and decode here."""
    parts = []
    for lane in range(lanes):
        oracle = Oracle(message.tables)
        pairs = list(zip(message.symbols, message.indexes, strict=True))[lane::lanes]
        for symbol, t in reversed(pairs):
            oracle.push(symbol, t)
        parts.append(oracle.words)
    words = join_lanes(parts)
    ours = encode(message.symbols, message.tables, message.indexes, lanes=lanes)
    np.testing.assert_array_equal(words, ours)
    n = len(message.symbols)
    back = decode(words, n, message.tables, message.indexes, lanes=lanes)
    np.testing.assert_array_equal(back, message.symbols)


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("one_table", [True, False])
def test_long_messages_are_interchangeable(lanes: int, one_table: bool) -> None:
    """Thousands of symbols with rare escapes, one table for all and a table for each."""
    rng = np.random.default_rng(lanes)
    tables = TableSet.from_pmf(rng.dirichlet(np.full(200, 0.2), 5), low=-100, escape=0.002)
    indexes = np.zeros(3000, int) if one_table else rng.integers(0, 5, 3000)
    symbols = rng.integers(-100, 100, 3000)
    symbols[rng.random(3000) < 0.01] = 1 << 40
    words = encode(symbols, tables, None if one_table else indexes, lanes=lanes)
    parts = []
    for lane, part in enumerate(split_lanes(words, lanes)):
        oracle, again = Oracle(tables, part), Oracle(tables)
        popped = [oracle.pop(t) for t in indexes[lane::lanes].tolist()]
        np.testing.assert_array_equal(popped, symbols[lane::lanes])
        for symbol, t in zip(popped[::-1], indexes[lane::lanes][::-1].tolist(), strict=True):
            again.push(symbol, t)
        parts.append(again.words)
    back = decode(join_lanes(parts), 3000, tables, None if one_table else indexes, lanes=lanes)
    np.testing.assert_array_equal(back, symbols)


@pytest.mark.parametrize("size", [2, 3, 256, 4096, 65536, 65537, 200_000])
def test_every_slot_of_a_table_is_found(size: int) -> None:
    """First, last and all slots between, whatever the look-up has to leave to the search."""
    rng = np.random.default_rng(size)
    tables = TableSet.from_pmf(rng.random(size) ** 4 + 1e-9, low=-7)
    symbols = np.concatenate([[0, size - 1], rng.integers(0, size, 400), np.arange(size)[-500:]])
    symbols = symbols[: len(symbols) & -4] - 7
    oracle = Oracle(tables)
    for symbol in symbols[::-1].tolist():
        oracle.push(symbol, 0)
    np.testing.assert_array_equal(encode(symbols, tables, lanes=1), oracle.words)
    for lanes in (1, 4):
        words = encode(symbols, tables, lanes=lanes)
        np.testing.assert_array_equal(decode(words, len(symbols), tables, lanes=lanes), symbols)


@pytest.mark.parametrize("n", [0, 1, 9, 10_000])
def test_a_certain_symbol_costs_nothing(n: int) -> None:
    """A table of one symbol, which constriction does not take, codes any number of it."""
    tables = TableSet.from_pmf([1.0], low=5)
    words = encode(np.full(n, 5), tables)
    assert words.tolist() in ([], [0, 0, 0])
    np.testing.assert_array_equal(decode(words, n, tables), np.full(n, 5))


@given(messages(), messages())
@settings(max_examples=80, deadline=None)
def test_an_encoder_writes_what_constriction_reads_and_back(first: Message, then: Message) -> None:
    """`Encoder` and `Decoder`, with tables that change on the way."""
    encoder = Encoder()
    for part in (first, then):
        encoder.append(part.symbols, part.tables, part.indexes)
    words = encoder.finish()
    tables = TableSet.concatenate([first.tables, then.tables])
    symbols = first.symbols + then.symbols
    indexes = first.indexes + [t + len(first.tables) for t in then.indexes]
    oracle, again = Oracle(tables, words), Oracle(tables)
    assert [oracle.pop(t) for t in indexes] == symbols
    for symbol, t in zip(reversed(symbols), reversed(indexes), strict=True):
        again.push(symbol, t)
    decoder = Decoder(again.words)
    for part in (first, then):
        taken = decoder.take(len(part.symbols), part.tables, part.indexes)
        np.testing.assert_array_equal(taken, part.symbols)
    decoder.finish()


@given(messages(), st.lists(st.integers(1, (1 << 32) - 1), min_size=60, max_size=80))
@settings(max_examples=80, deadline=None)
def test_a_stack_and_constrictions_do_the_same(message: Message, words: list[int]) -> None:
    """Popping symbols out of any words, and pushing others onto what is left."""
    start = np.array(words, dtype=np.uint32)
    stack, oracle = Stack(start), Oracle(message.tables, start)
    wanted = [oracle.pop(t) for t in message.indexes]
    if not all(-(1 << 63) <= symbol < 1 << 63 for symbol in wanted):
        with pytest.raises(CorruptError):
            stack.pop(len(message.indexes), message.tables, message.indexes)
        np.testing.assert_array_equal(stack.words, start)
        return
    popped = stack.pop(len(message.indexes), message.tables, message.indexes)
    assert popped.tolist() == wanted
    np.testing.assert_array_equal(stack.words, oracle.words)
    stack.push(message.symbols, message.tables, message.indexes)
    for symbol, t in zip(reversed(message.symbols), reversed(message.indexes), strict=True):
        oracle.push(symbol, t)
    np.testing.assert_array_equal(stack.words, oracle.words)


@njit
def _encode_pairs(
    symbols: npt.NDArray[np.uint64],
    cumulative: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint32],
) -> np.uint64:
    """Encode with a table that depends on the symbol before: rows of ``cumulative``, 5 masses."""
    state = place = np.uint64(0)
    limit = np.uint64(len(words) - 1)
    for i in range(len(symbols) - 1, -1, -1):
        before = symbols[i - 1] if i else np.uint64(0)
        start, mass = bits_interval(symbols[i] & np.uint64(1), np.uint64(3))
        state, place = push_interval(state, place, limit, words, start, mass)
        slot = np.uint64(6) * before + symbols[i]
        state, place = encode_symbol(state, place, limit, words, cumulative, slot)
    return flush(state, place, limit, words)


@njit
def _decode_pairs(
    words: npt.NDArray[np.uint32],
    cumulative: npt.NDArray[np.uint32],
    symbols: npt.NDArray[np.uint64],
) -> bool:
    """Decode what `_encode_pairs` encoded; whether nothing is left and all bits were right."""
    floor = before = np.uint64(0)
    good, state, place = init(words, floor, np.uint64(len(words) - 1))
    for i in range(len(symbols)):
        first = np.uint64(6) * before
        slot = find(state, cumulative, first, first + np.uint64(5))
        state, place = decode_symbol(state, place, floor, words, cumulative, slot)
        before = slot - first
        symbols[i] = before
        bit, state, place = pop_bits(state, place, floor, words, np.uint64(3))
        good = good and bit == before & np.uint64(1)
    return good and place == floor and state == np.uint64(0)


def test_the_primitives_of_causal_loops_speak_constrictions_words() -> None:
    """A table chosen by the symbol just decoded, and plain bits between."""
    rng = np.random.default_rng(3)
    tables = TableSet.from_pmf(rng.dirichlet(np.ones(5), 5))
    bits = TableSet.from_pmf(np.ones(8))
    both = TableSet.concatenate([tables, bits])
    symbols = rng.integers(0, 5, 2000).astype(np.uint64)
    words = np.zeros(3000, np.uint32)
    with np.errstate(over="ignore"):
        used = int(_encode_pairs(symbols, tables.cumulative, words))
    oracle, again = Oracle(both, words[:used]), Oracle(both)
    before = 0
    pairs = []
    for symbol in symbols.tolist():
        assert oracle.pop(before) == symbol
        assert oracle.pop(5) == symbol & 1
        pairs += [(symbol, before), (symbol & 1, 5)]
        before = symbol
    assert len(oracle.words) == 0
    for symbol, t in reversed(pairs):
        again.push(symbol, t)
    theirs = np.append(again.words, np.uint32(0)).astype(np.uint32)
    back = np.zeros(2000, np.uint64)
    with np.errstate(over="ignore"):
        assert _decode_pairs(theirs, tables.cumulative, back)
    np.testing.assert_array_equal(back, symbols)


@njit
def _recode(
    words: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    masses: npt.NDArray[np.uint32],
    out: npt.NDArray[np.uint32],
) -> np.uint64:
    """Pop intervals and push them again."""
    floor = np.uint64(0)
    good, state, place = init(words, floor, np.uint64(len(words) - 1))
    for i in range(len(starts)):
        start, mass = np.uint64(starts[i]), np.uint64(masses[i])
        good = good and start <= quantile(state) < start + mass
        state, place = pop_interval(state, place, floor, words, start, mass)
    good = good and state == floor and place == floor
    limit = np.uint64(len(out) - 1)
    for i in range(len(starts) - 1, -1, -1):
        start, mass = np.uint64(starts[i]), np.uint64(masses[i])
        state, place = push_interval(state, place, limit, out, start, mass)
    return flush(state, place, limit, out) if good else floor


@given(st.lists(st.tuples(st.integers(0, (1 << 24) - 1), st.integers(1, 1 << 24)), max_size=50))
@settings(max_examples=100, deadline=None)
def test_the_primitives_of_intervals_agree(pairs: list[tuple[int, int]]) -> None:
    """Push and pop undo each other, and code as `encode_intervals` does."""
    starts = np.array([start for start, _ in pairs], dtype=np.uint32)
    masses = np.array([min(mass, (1 << 24) - start) for start, mass in pairs], dtype=np.uint32)
    words = encode_intervals(starts, masses)
    out = np.zeros(len(pairs) + 3, np.uint32)
    with np.errstate(over="ignore"):
        used = int(_recode(np.append(words, np.uint32(0)).astype(np.uint32), starts, masses, out))
    np.testing.assert_array_equal(out[:used], words)
