"""Integers as bytes: little-endian base 128, seven bits a byte, high bit meaning "more follows".

Signed integers are folded first (0, -1, 1, -2, 2, ... become 0, 1, 2, 3, 4, ...). Every integer
is below 2**64 in its folded form, so ten bytes are the most that a reader accepts.
"""

from __future__ import annotations

from collections.abc import Iterable

from compress.errors import CorruptError

__all__ = ["IntegerReader", "write_signed", "write_unsigned"]

_LIMIT = 1 << 64
_MOST_BYTES = 10


def write_unsigned(values: Iterable[int]) -> bytes:
    """Write integers from 0 to 2**64 - 1.

    Parameters
    ----------
    values : iterable of int

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If a value is negative or does not fit in 64 bits.
    """
    out = bytearray()
    for value in values:
        rest = int(value)
        if not 0 <= rest < _LIMIT:
            raise ValueError(f"{value} does not fit in 64 unsigned bits")
        while rest >= 0x80:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def write_signed(values: Iterable[int]) -> bytes:
    """Write integers from -2**63 to 2**63 - 1; see `write_unsigned`."""
    return write_unsigned(2 * v if v >= 0 else -2 * v - 1 for v in map(int, values))


class IntegerReader:
    """Reads what `write_unsigned` and `write_signed` wrote, never past the end.

    Parameters
    ----------
    data : bytes-like
        The bytes; reading starts at the first one.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self.position = 0

    @property
    def remaining(self) -> int:
        """Bytes not read yet; also the most integers that can still follow."""
        return len(self._data) - self.position

    def unsigned(self, limit: int = _LIMIT) -> int:
        """Read one unsigned integer that must be below `limit`.

        Raises
        ------
        CorruptError
            If the data end early, the integer is longer than 64 bits, is written in more bytes
            than it needs, or is not below `limit`.
        """
        value = 0
        for i in range(_MOST_BYTES):
            if self.position >= len(self._data):
                raise CorruptError("the data end in the middle of an integer")
            byte = self._data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << (7 * i)
            if byte < 0x80:
                if byte == 0 and i > 0:
                    raise CorruptError("an integer is written in more bytes than it needs")
                if value >= limit or value >= _LIMIT:
                    raise CorruptError(f"found the integer {value} where it must be below {limit}")
                return value
        raise CorruptError("an integer is longer than 64 bits")

    def signed(self) -> int:
        """Read one signed integer; errors as `unsigned`."""
        folded = self.unsigned()
        return (folded >> 1) ^ -(folded & 1)

    def take(self, count: int) -> memoryview:
        """Return the next `count` bytes.

        Raises
        ------
        CorruptError
            If fewer than `count` bytes are left.
        """
        if not 0 <= count <= self.remaining:
            raise CorruptError(f"{count} bytes announced where {self.remaining} are left")
        view = self._data[self.position : self.position + count]
        self.position += count
        return view

    def finish(self) -> None:
        """Check that everything was read.

        Raises
        ------
        CorruptError
            If bytes are left.
        """
        if self.remaining:
            raise CorruptError(f"{self.remaining} bytes follow the end of the data")
