"""Arrays to words and back, against constriction."""

from __future__ import annotations

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.coders import (
    Decoder,
    Encoder,
    Stack,
    decode,
    encode,
    encode_intervals,
    pack_bits,
    unpack_bits,
)
from compress.errors import CorruptError
from compress.tables import TableSet

Ans = constriction.stream.stack.AnsCoder
model = constriction.stream.model


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator that is the same in every test."""
    return np.random.default_rng(1)


def test_one_lane_is_constrictions_stream(rng: np.random.Generator) -> None:
    """One lane gives exactly the words that constriction gives with the same table."""
    pmf = rng.dirichlet(np.full(60, 0.3))
    symbols = rng.choice(60, 5000, p=pmf)
    tables = TableSet.from_pmf(pmf)
    coder = Ans()
    exact = model.Categorical((tables.masses() - 1).astype(np.float64), perfect=False)
    coder.encode_reverse(symbols.astype(np.int32), exact)
    words = encode(symbols, tables, lanes=1)
    np.testing.assert_array_equal(words, coder.get_compressed())
    np.testing.assert_array_equal(decode(words, 5000, tables, lanes=1), symbols)


@pytest.mark.parametrize("lanes", [1, 2, 4, 7, None])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 6, 7, 5000])
def test_lanes_and_indexes_round_trip(lanes: int | None, n: int, rng: np.random.Generator) -> None:
    """Any number of lanes and any length, with a table a symbol and escapes, comes back."""
    tables = TableSet.from_pmf(rng.dirichlet(np.ones(30), 9), low=np.arange(-9, 0), escape=0.01)
    symbols = rng.integers(-15, 30, n)
    symbols[rng.random(n) < 0.05] = np.iinfo(np.int64).min
    symbols[rng.random(n) < 0.05] = np.iinfo(np.int64).max
    indexes = rng.integers(0, 9, n)
    words = encode(symbols, tables, indexes, lanes=lanes)
    np.testing.assert_array_equal(decode(words, n, tables, indexes, lanes=lanes), symbols)


@given(
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20),
    st.integers(-(1 << 63), (1 << 63) - 3),
)
@settings(max_examples=200, deadline=None)
def test_nothing_is_unencodable(symbols: list[int], low: int) -> None:
    """With an escape every int64 can be coded, wherever the table lies."""
    tables = TableSet.from_pmf([0.5, 0.3, 0.2], low=low, escape=0.1)
    words = encode(np.array(symbols, dtype=np.int64), tables)
    np.testing.assert_array_equal(decode(words, len(symbols), tables), symbols)


@given(st.lists(st.integers(0, (1 << 32) - 1), max_size=40), st.integers(0, 50))
@settings(max_examples=300, deadline=None)
def test_hostile_words_give_symbols_or_a_clear_error(words: list[int], n: int) -> None:
    """Arbitrary words decode to some symbols or raise `CorruptError`."""
    tables = TableSet.from_pmf([0.5, 0.3, 0.2], low=-1, escape=0.1)
    for lanes in (1, 3):
        try:
            symbols = decode(np.array(words, dtype=np.uint32), n, tables, lanes=lanes)
        except CorruptError:
            continue
        assert len(symbols) == n


@given(st.lists(st.tuples(st.integers(0, (1 << 64) - 1), st.integers(0, 64)), max_size=50))
@settings(max_examples=200, deadline=None)
def test_packed_bits_come_back(pairs: list[tuple[int, int]]) -> None:
    """The low bits of every value come back, with a width each and with one width for all."""
    values = np.array([value for value, _ in pairs], dtype=np.uint64)
    widths = np.array([width for _, width in pairs], dtype=np.uint8)
    packed = pack_bits(values, widths)
    assert len(packed) == -(-sum(width for _, width in pairs) // 8)
    expected = [value & ((1 << width) - 1) for value, width in pairs]
    assert unpack_bits(packed, len(pairs), widths).tolist() == expected
    if packed:
        with pytest.raises(CorruptError):
            unpack_bits(packed[:-1], len(pairs), widths)
    packed = pack_bits(values, 13)
    assert unpack_bits(packed, len(pairs), 13).tolist() == [v & 0x1FFF for v, _ in pairs]


def test_a_stack_turns_words_into_samples_and_back(rng: np.random.Generator) -> None:
    """Bits-back: popping with any table and pushing again restores the words exactly."""
    words = rng.integers(1, 1 << 32, 300, dtype=np.uint32)
    tables = TableSet.from_pmf(rng.dirichlet(np.ones(30), 5), escape=0.01)
    indexes = rng.integers(0, 5, 400)
    stack = Stack(words)
    samples = stack.pop(400, tables, indexes)
    oracle = Ans(words)
    for sample, t in zip(samples.tolist(), indexes.tolist(), strict=True):
        if not 0 <= sample < 30:
            break
        exact = model.Categorical((tables.masses(t) - 1).astype(np.float64), perfect=False)
        assert oracle.decode(exact) == sample
    stack.push(samples, tables, indexes)
    np.testing.assert_array_equal(stack.words, words)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.integers(1, (1 << 32) - 1), max_size=60),
    st.integers(0, 80),
    st.sampled_from([None, 0.01, 0.3, 0.9]),
    st.integers(0, 2**32 - 1),
)
def test_popping_and_pushing_restores_any_words(
    words: list[int], n: int, escape: float | None, seed: int
) -> None:
    """Or the pop is refused, for an escape that nobody pushed, and the stack is what it was."""
    rng = np.random.default_rng(seed)
    low = rng.integers(-(1 << 63), 1 << 62, 3) if seed % 2 else 0
    tables = TableSet.from_pmf(rng.dirichlet(np.ones(8), 3), low=low, escape=escape)
    indexes = rng.integers(0, 3, n)
    stack = Stack(words)
    before = stack.words
    try:
        symbols = stack.pop(n, tables, indexes)
    except CorruptError:
        assert escape is not None
    else:
        stack.push(symbols, tables, indexes)
    np.testing.assert_array_equal(stack.words, before)


def test_one_escape_in_some_sixty_is_refused() -> None:
    """Words that are random hold distances of any length, and those of 63 bits leave int64."""
    refused = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        words = rng.integers(1, 1 << 32, 60, dtype=np.uint32)
        tables = TableSet.from_pmf(rng.dirichlet(np.ones(8)), escape=0.3)
        stack = Stack(words)
        try:
            stack.push(stack.pop(60, tables), tables)
        except CorruptError:
            refused += 1
        np.testing.assert_array_equal(stack.words, words)
    assert 0 < refused < 100


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=40), st.integers(0, 99))
def test_what_was_pushed_is_never_refused(symbols: list[int], seed: int) -> None:
    """Escapes to any int64, over words that are there already."""
    rng = np.random.default_rng(seed)
    tables = TableSet.from_pmf(rng.dirichlet(np.ones(5)), low=-2, escape=0.2)
    stack = Stack(rng.integers(1, 1 << 32, 9, dtype=np.uint32))
    before = stack.words
    stack.push(np.array(symbols, np.int64), tables)
    np.testing.assert_array_equal(stack.pop(len(symbols), tables), symbols)
    np.testing.assert_array_equal(stack.words, before)


def test_encoder_and_decoder_are_first_in_first_out(rng: np.random.Generator) -> None:
    """Arrays appended one after another, with different tables, come out in that order."""
    tables = [TableSet.from_pmf(rng.dirichlet(np.ones(k)), escape=0.01) for k in (2, 30, 400)]
    parts = [rng.integers(-3, 450, n) for n in (100, 0, 3000)]
    encoder = Encoder()
    for part, table in zip(parts, tables, strict=True):
        encoder.append(part, table)
    decoder = Decoder(encoder.finish())
    for part, table in zip(parts, tables, strict=True):
        np.testing.assert_array_equal(decoder.take(len(part), table), part)
    decoder.finish()
    with pytest.raises(CorruptError):
        Decoder(encoder.finish()).finish()


@given(st.lists(st.tuples(st.integers(0, 1 << 24), st.integers(1, 1 << 24)), max_size=50))
@settings(max_examples=100, deadline=None)
def test_intervals_are_encoded_or_refused(pairs: list[tuple[int, int]]) -> None:
    """Possible intervals give constriction's words; impossible ones a `ValueError`."""
    starts = np.array([start for start, _ in pairs], dtype=np.uint32)
    masses = np.array([mass for _, mass in pairs], dtype=np.uint32)
    if any(start + mass > 1 << 24 for start, mass in pairs):
        with pytest.raises(ValueError, match="starts and masses"):
            encode_intervals(starts, masses)
        return
    coder = Ans()
    for start, mass in reversed(pairs):
        row = [m for m in (start, mass, (1 << 24) - start - mass) if m]
        if len(row) > 1:
            exact = model.Categorical(np.array(row, dtype=np.float64) - 1, perfect=False)
            coder.encode_reverse(int(start > 0), exact)
    np.testing.assert_array_equal(encode_intervals(starts, masses), coder.get_compressed())
