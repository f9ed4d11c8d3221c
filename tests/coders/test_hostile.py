"""Words and tables from an enemy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.coders import Stack, decode, encode
from compress.errors import CorruptError
from compress.tables import TableSet


@dataclass(frozen=True)
class Forged:
    """Arrays that nobody has checked."""

    cumulative: npt.NDArray[np.uint32]
    start: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    escape: npt.NDArray[np.bool_]
    lookup: tuple[int, npt.NDArray[np.uint64]]


words = st.lists(st.integers(0, (1 << 32) - 1), max_size=30)
forged = st.builds(
    lambda cumulative, start, low, escape, bits, slots: Forged(
        np.array(cumulative, dtype=np.uint32),
        np.array([0, *start, len(cumulative)], dtype=np.int64),
        np.array(low[: len(start) + 1], dtype=np.int64),
        np.array(escape[: len(start) + 1], dtype=np.bool_),
        (bits, np.resize(np.array(slots, dtype=np.uint64), (len(start) + 1) << max(bits, 0))),
    ),
    st.lists(st.integers(0, (1 << 32) - 1), min_size=2, max_size=12),
    st.lists(st.integers(-3, 12), max_size=2),
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.integers(-1, 4),
    st.lists(st.integers(0, (1 << 64) - 1), min_size=1, max_size=20),
)


@given(forged, words, st.integers(0, 20), st.sampled_from([1, 3, 4]))
@settings(max_examples=400, deadline=None)
def test_forged_tables_decode_to_something_or_are_refused(
    tables: Forged, stream: list[int], n: int, lanes: int
) -> None:
    """Tables that do not even fit themselves cannot make the decoder leave its arrays."""
    indexes = np.arange(n) % len(tables.low)
    for chosen in (None, indexes):
        try:
            symbols = decode(stream, n, tables, chosen, lanes=lanes)
        except (CorruptError, ValueError):
            continue
        assert len(symbols) == n


@given(forged, st.lists(st.integers(-20, 20), max_size=20), st.sampled_from([1, 3, 4]))
@settings(max_examples=400, deadline=None)
def test_forged_tables_encode_to_something_or_are_refused(
    tables: Forged, symbols: list[int], lanes: int
) -> None:
    """The same for the encoder, masses of zero included."""
    for chosen in (None, np.arange(len(symbols)) % len(tables.low)):
        try:
            stream = encode(symbols, tables, chosen, lanes=lanes)
        except ValueError:
            continue
        assert stream.dtype == np.uint32


@given(words, st.integers(0, 60), st.sampled_from([1, 2, 4, 5]))
@settings(max_examples=300, deadline=None)
def test_any_words_decode_or_are_refused(stream: list[int], n: int, lanes: int) -> None:
    """What decodes without an error encodes to the same words again."""
    tables = TableSet.from_pmf([0.5, 0.3, 0.1, 0.1], low=-1)
    try:
        symbols = decode(stream, n, tables, lanes=lanes)
    except CorruptError:
        return
    np.testing.assert_array_equal(encode(symbols, tables, lanes=lanes), stream)


@given(words, st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_a_stack_survives_any_words(stream: list[int], n: int) -> None:
    """Popping more than there is neither fails nor hangs, and pushing restores the words."""
    tables = TableSet.from_pmf([0.5, 0.3, 0.1, 0.1], low=-1)
    try:
        stack = Stack(stream)
    except CorruptError:
        assert stream[-1] == 0
        return
    stack.push(stack.pop(n, tables), tables)
    np.testing.assert_array_equal(stack.words, stream)
