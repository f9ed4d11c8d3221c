"""Integers as bytes: little-endian base 128, seven bits a byte, high bit meaning "more follows".

Signed integers are folded first (0, -1, 1, -2, 2, ... become 0, 1, 2, 3, 4, ...). Every integer
is below 2**64 in its folded form, so ten bytes are the most that a reader accepts.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError

__all__ = ["IntegerReader", "write_signed", "write_unsigned"]

_LIMIT = 1 << 64
_MOST_BYTES = 10
# From so many integers on, arrays are faster than a loop.
_MANY = 64
# The first integers that take one byte more.
_LONGER = np.array([1 << 7 * i for i in range(1, _MOST_BYTES)], np.uint64)


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
    listed = [int(value) for value in values]
    if len(listed) >= _MANY:
        try:
            return _write_many(np.array(listed, np.uint64))
        except OverflowError as error:
            raise ValueError("an integer does not fit in 64 unsigned bits") from error
    out = bytearray()
    for value in listed:
        rest = value
        if not 0 <= rest < _LIMIT:
            raise ValueError(f"{value} does not fit in 64 unsigned bits")
        while rest >= 0x80:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def _write_many(values: npt.NDArray[np.uint64]) -> bytes:
    lengths = 1 + np.searchsorted(_LONGER, values, side="right")
    ends = np.cumsum(lengths)
    place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    sevens = np.repeat(values, lengths) >> (7 * place).astype(np.uint64)
    out = (sevens & np.uint64(0x7F)).astype(np.uint8) | np.uint8(0x80)
    out[ends - 1] &= 0x7F
    return out.tobytes()


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
        # Most integers are short.
        if self.position < len(self._data):
            value = self._data[self.position]
            if value < min(limit, 0x80):
                self.position += 1
                return value
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

    def signed_tuple(self, count: int) -> tuple[int, ...]:
        """Read so many signed integers; errors as `unsigned`."""
        if count < _MANY:
            return self._few_signed(count)
        data = np.frombuffer(self._data, np.uint8)[self.position :][: _MOST_BYTES * count]
        ends = np.flatnonzero(data < 0x80)[:count] + 1
        if len(ends) < count:
            raise CorruptError("the data end in the middle of an integer, or it is too long")
        data = data[: ends[-1]]
        starts = np.append(0, ends[:-1])
        lengths = ends - starts
        last = data[ends - 1]
        if ((last == 0) & (lengths > 1)).any():
            raise CorruptError("an integer is written in more bytes than it needs")
        if lengths.max() > _MOST_BYTES or ((last > 1) & (lengths == _MOST_BYTES)).any():
            raise CorruptError("an integer is longer than 64 bits")
        shifts = (7 * (np.arange(len(data)) - np.repeat(starts, lengths))).astype(np.uint64)
        folded = np.bitwise_or.reduceat((data & 0x7F).astype(np.uint64) << shifts, starts)
        half = (folded >> np.uint64(1)).view(np.int64)
        self.position += len(data)
        return tuple((half ^ -(folded & np.uint64(1)).view(np.int64)).tolist())

    def _few_signed(self, count: int) -> tuple[int, ...]:
        """Read integers one after another, for less than calls of `signed` take."""
        data, position, end = self._data, self.position, len(self._data)
        found = []
        for _ in range(count):
            value = shift = 0
            byte = 0x80
            while byte >= 0x80:
                if position == end or shift == 7 * _MOST_BYTES:
                    break
                byte = data[position]
                position += 1
                value |= (byte & 0x7F) << shift
                shift += 7
            if byte >= 0x80 or value >= _LIMIT or (byte == 0 and shift > 7):
                # It is damaged: in which way?
                self.position = position - shift // 7
                self.unsigned()
            found.append((value >> 1) ^ -(value & 1))
        self.position = position
        return tuple(found)

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
