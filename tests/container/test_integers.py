"""Integers as bytes: what is written is read, and nothing else is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compress.container import IntegerReader, write_signed, write_unsigned
from compress.errors import CorruptError


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_unsigned_round_trip(values: list[int]) -> None:
    """Every list of 64-bit unsigned integers comes back, and nothing is left over."""
    reader = IntegerReader(write_unsigned(values))
    assert [reader.unsigned() for _ in values] == values
    reader.finish()


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_signed_round_trip(values: list[int]) -> None:
    """Every list of 64-bit signed integers comes back."""
    reader = IntegerReader(write_signed(values))
    assert [reader.signed() for _ in values] == values
    reader.finish()


@given(st.binary(max_size=24))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Random bytes give integers below 2**64 that are written as those very bytes, or our error."""
    reader = IntegerReader(data)
    try:
        value = reader.unsigned()
    except CorruptError:
        return
    assert write_unsigned([value]) == data[: reader.position]


# Long lists go through arrays, short ones through a loop; lengths of all kinds on both sides.
_SIGNED = st.integers(0, 63).flatmap(lambda bits: st.integers(-(2**bits), 2**bits - 1))


@given(st.lists(_SIGNED, min_size=64, max_size=99), st.binary(max_size=3))
def test_long_lists_are_written_and_read_like_short_ones(values: list[int], rest: bytes) -> None:
    """The bytes are those of the integers one by one, and come back either way."""
    data = write_signed(values)
    assert data == b"".join(write_signed([value]) for value in values)
    reader = IntegerReader(data + rest)
    assert reader.signed_tuple(len(values)) == tuple(values)
    assert bytes(reader.take(reader.remaining)) == rest


@given(st.lists(_SIGNED, min_size=70, max_size=80), st.data())
def test_damaged_long_lists_are_refused_like_short_ones(
    values: list[int], data: st.DataObject
) -> None:
    """A changed byte gives the integers that a loop would read, or our error where it would."""
    damaged = bytearray(write_signed(values))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(
        st.sampled_from([0, 1, 2, 127, 128, 255])
    )
    del damaged[data.draw(st.integers(0, 2 * len(damaged))) :]
    one_by_one, at_once = IntegerReader(damaged), IntegerReader(damaged)
    try:
        expected = tuple(one_by_one.signed() for _ in values)
    except CorruptError:
        with pytest.raises(CorruptError):
            at_once.signed_tuple(len(values))
    else:
        assert at_once.signed_tuple(len(values)) == expected
        assert at_once.position == one_by_one.position


@pytest.mark.parametrize("value", [-1, 2**64])
def test_too_large_to_write_in_a_long_list(value: int) -> None:
    """What does not fit is refused there too."""
    with pytest.raises(ValueError, match="64 unsigned bits"):
        write_unsigned([*range(99), value])


@pytest.mark.parametrize("value", [-1, 2**64])
def test_too_large_to_write(value: int) -> None:
    """What does not fit is refused by name."""
    with pytest.raises(ValueError, match=str(value)):
        write_unsigned([value])


def test_limit_and_take() -> None:
    """A limit is exclusive; more bytes than are left are never handed out."""
    reader = IntegerReader(write_unsigned([5, 5]) + b"ab")
    assert reader.unsigned(6) == 5
    with pytest.raises(CorruptError, match="below 5"):
        reader.unsigned(5)
    assert bytes(reader.take(2)) == b"ab"
    with pytest.raises(CorruptError, match="1 bytes announced where 0"):
        reader.take(1)
    with pytest.raises(CorruptError, match="announced"):
        reader.take(-1)


def test_finish_refuses_leftovers() -> None:
    """Bytes that follow the end are an error."""
    with pytest.raises(CorruptError, match="2 bytes follow"):
        IntegerReader(b"ab").finish()
