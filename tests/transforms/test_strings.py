"""Strings: what the forms make of real kinds of columns, and what damaged ones may do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.transforms import strings
from compress.transforms.step import Context

from .chains import Children, assert_identical, round_trip

FORMS = ((strings.PLAIN,), (strings.SHARED,), (strings.NUMBERS,))


def field(texts: list[bytes], width: int) -> np.ndarray:
    """Make a field of characters."""
    array = np.array(texts, f"S{width}")
    return array.view(("S1", (width,)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [b"", b"a", b"2024-02-29", b"2024-03-01", b"NA", b"a\0b", b"\xff" * 12]
            ),
            st.binary(max_size=12),
            st.integers(0, 99999).map(lambda number: b"%05d" % number),
        ),
        min_size=2,
        max_size=40,
    )
)
def test_every_candidate_comes_back(texts: list[bytes]) -> None:
    """Zeros inside, bytes of no encoding, empty and missing strings: all bits, in every form."""
    array = field(texts, 12)
    for parameters in strings.candidates(array, Context()):
        back = round_trip(strings, array, tuple(parameters))  # type: ignore[arg-type] # a module
        assert back is not None
        assert_identical(array, back)


def test_code_points_come_back() -> None:
    """Any 32 bits are a character, in rows of several axes."""
    bits = np.random.default_rng(0).integers(0, 1 << 32, (4, 6, 3), np.uint32)
    bits[1:] = bits[0]
    array = bits.view("U1")
    found = list(strings.candidates(array, Context()))
    assert (1, strings.PLAIN) in found
    for parameters in found:
        assert_identical(array, round_trip(strings, array, tuple(parameters)))  # type: ignore[arg-type]


def test_recurring_strings_are_listed_in_order() -> None:
    """The index follows the order of the characters, and every listed string occurs."""
    array = field([b"b", b"aa", b"b", b"", b"aa", b"b", b"", b"b"], 2)
    indexes, rows = strings.split(array, (1, strings.PLAIN)) or ()
    assert indexes.plane.tolist() == [2, 1, 2, 0, 1, 2, 0, 2]
    assert rows.plane.tolist() == [[0, 0], [97, 97], [98, 0]]


def test_columns_of_digits_are_numbers() -> None:
    """Dates give year, month and day; what is no date is set apart."""
    array = field([b"2024-02-28", b"2024-02-29", b"2024-03-01"] * 5 + [b"missing"], 10)
    parameters = next(
        found for found in strings.candidates(array, Context()) if found[:2] == (0, strings.NUMBERS)
    )
    assert parameters[2:] == (1, 4, -1, 2, -1, 2)
    mark, year, _, month, _, day, apart = strings.split(array, parameters) or ()
    assert mark.plane.sum() == 1
    assert set(year.plane.tolist()) == {2024}
    assert set(month.plane.tolist()) == {2, 3}
    assert set(day.plane.tolist()) == {28, 29, 1}
    assert bytes(apart.plane.reshape(-1).astype(np.uint8)).rstrip(b"\0") == b"missing"


def test_shared_beginnings_are_left_out() -> None:
    """A sorted list takes the characters that are new, and an end for each string."""
    array = field([b"alpha", b"alphabet", b"beta"], 8)
    shared, characters = strings.split(array, (0, strings.SHARED, 5 + 3 + 4 + 3)) or ()
    assert shared.plane.tolist() == [0, 5, 0]
    assert bytes(characters.plane.astype(np.uint8)) == b"alpha\0bet\0beta\0"


@pytest.mark.parametrize(
    ("parameters", "children"),
    [
        ((1, 0), ([0, 3],)),
        ((1, 0), ([-1, 0],)),
        ((2, 0), ()),
        ((0, 3), ()),
        ((0,), ()),
        ((0, 1, 3), ([0, 0], [65, 66, 67])),
        ((0, 1, 4), ([0, 9], [65, 0, 66, 0])),
        ((0, 1, 4), ([0, -1], [65, 0, 66, 0])),
        ((0, 1, 9), ()),
        ((0, 2, 0, 3), ()),
        ((0, 2, 0, 2), ([0, 100],)),
        ((0, 2, 0, 2), ([0, -1],)),
        ((0, 2, 1, 2), ([0, 2],)),
        ((0, 2, 0, 0, 2), ()),
        ((0, 2, 0, 1 << 62, 2 - (1 << 62)), ()),
    ],
)
def test_damage_is_found(parameters: tuple[int, ...], children: tuple[list[int], ...]) -> None:
    """Indexes, ends, lengths, digits and columns that cannot be are refused."""
    read = Children(tuple(np.array(child, np.int64) for child in children))
    with pytest.raises(CorruptError):
        strings.inverse(read, (2, 2), np.dtype("S1"), parameters)
