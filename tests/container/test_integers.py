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
