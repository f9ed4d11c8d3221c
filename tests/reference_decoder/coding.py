"""Packed bits, the coder and its lanes, as the page of coding describes them."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from tests.reference_decoder.reader import Reader, RefusedError

__all__ = [
    "Lane",
    "Table",
    "floor_to",
    "half_octaves",
    "lane_words",
    "pattern",
    "quarter_octaves",
    "read_words",
    "symbols",
    "unfolded",
    "unpack",
    "unpack_columns",
    "usual_lanes",
    "wrap",
]

WHOLE = 1 << 24
WORD = (1 << 32) - 1


class Table(NamedTuple):
    """Masses of the symbols from `low` on, cumulative; with an escape in the last slot or not."""

    low: int
    cumulative: Sequence[int]
    escape: bool

    @property
    def size(self) -> int:
        """Symbols, without the escape."""
        return len(self.cumulative) - 1 - self.escape


def wrap(value: int, bits: int = 64) -> int:
    """Value modulo 2^bits, in two's complement."""
    half = 1 << bits - 1
    return (value + half & (1 << bits) - 1) - half


def pattern(number: float) -> int:
    """Bits of a float."""
    found: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return found


def half_octaves(n: int) -> int:
    """Twice the binary logarithm, about."""
    return (pattern(float(n)) >> 51) - 2046


def quarter_octaves(n: int) -> int:
    """Four times the binary logarithm, about."""
    return (pattern(float(n)) >> 50) - 4092


def floor_to(low: int, value: int, high: int) -> int:
    """Value, but within the bounds."""
    return min(max(value, low), high)


def unfolded(number: int) -> int:
    """0, -1, 1, -2, ... from 0, 1, 2, 3, ..."""
    return -(number + 1) // 2 if number % 2 else number // 2


def unpack(data: bytes, n: int, width: int) -> list[int]:
    """Values of so many bits, packed without gaps."""
    if width == 0:
        return [0] * n
    out, mask, held, bits, place = [], (1 << width) - 1, 0, 0, 0
    for _ in range(n):
        while bits < width:
            held |= data[place] << bits
            place += 1
            bits += 8
        out.append(held & mask)
        held >>= width
        bits -= width
    return out


def unpack_columns(data: bytes, n: int, width: int) -> list[int]:
    """Values of so many bits, packed in rows and columns."""
    if width == 0:
        return [0] * n
    padded = data + bytes(-len(data) % 8)
    words = struct.unpack(f"<{len(padded) // 8}Q", padded)
    mask, out = (1 << width) - 1, [0] * n
    whole = n // 4096 * 4096
    for first in range(0, whole, 4096):
        base = first // 64 * width
        for column in range(64):
            string = 0
            for j in range(width):
                string |= words[base + 64 * j + column] << 64 * j
            for row in range(64):
                out[first + 64 * row + column] = string >> row * width & mask
    for i in range(whole, n):
        word, shift = divmod(i * width, 64)
        pair = words[word] | (words[word + 1] << 64 if word + 1 < len(words) else 0)
        out[i] = pair >> shift & mask
    return out


def read_words(reader: Reader, count: int) -> list[int]:
    """Read words of 32 bits."""
    return list(struct.unpack(f"<{count}I", reader.take(4 * count)))


class Lane:
    """One decoder of words, from the last to the first."""

    def __init__(self, words: Sequence[int]) -> None:
        self._words = words
        self._place = len(words)
        self._state = 0
        if self._place:
            self._state = self._next()
            if self._state == 0:
                raise RefusedError("the last word is 0")
        if self._place:
            self._state = self._state << 32 | self._next()

    def _next(self) -> int:
        self._place -= 1
        return self._words[self._place]

    @property
    def quantile(self) -> int:
        """What the intervals are looked up by."""
        return self._state & WHOLE - 1

    def pop(self, start: int, mass: int) -> None:
        """Take the interval that holds the quantile."""
        self._state = (self._state >> 24) * mass + (self._state & WHOLE - 1) - start
        if self._state <= WORD and self._place:
            self._state = self._state << 32 | self._next()

    def bits(self, count: int) -> int:
        """Pop 1 to 23 bits."""
        value = self.quantile >> 24 - count
        self.pop(value << 24 - count, 1 << 24 - count)
        return value

    def slot(self, table: Table) -> int:
        """Pop the slot of a table."""
        slot = bisect_right(table.cumulative, self.quantile) - 1
        start = table.cumulative[slot]
        self.pop(start, table.cumulative[slot + 1] - start)
        return slot

    def symbol(self, table: Table) -> int:
        """Pop a symbol, and what follows an escape."""
        slot = self.slot(table)
        if not table.escape or slot < table.size:
            return table.low + slot
        head = self.bits(7)
        length = head & 63
        distance = 1 << length
        for done in range(0, length, 16):
            distance += self.bits(min(16, length - done)) << done
        if head & 64:
            return wrap(table.low - distance)
        return wrap(table.low + table.size - 1 + distance)

    def decision(self, mass: int) -> bool:
        """Pop a decision of which yes has the mass."""
        yes = self.quantile < mass
        self.pop(0 if yes else mass, mass if yes else WHOLE - mass)
        return yes

    def uniform(self, low: int, high: int) -> int:
        """Pop a value from low to high - 1."""
        span, found = high - low, low
        while span > 1:
            shift = max(0, (span - 1).bit_length() - 16)
            pieces = (span - 1 >> shift) + 1
            mass = WHOLE // pieces
            piece = min(self.quantile // mass, pieces - 1)
            self.pop(piece * mass, mass)
            found += piece << shift
            span = 1 << shift
        return min(found, high - 1)

    def finish(self) -> None:
        """Check that nothing is left."""
        if self._state or self._place:
            raise RefusedError("a lane does not end with its last symbol")


def usual_lanes(n: int) -> int:
    """Lanes of so many symbols."""
    return 1 if n < 4096 else 4


def lane_words(words: Sequence[int], lanes: int) -> list[Sequence[int]]:
    """Cut words into those of each lane."""
    if len(words) < lanes - 1:
        raise RefusedError("there are fewer words than lanes need")
    lengths, rest = words[: lanes - 1], words[lanes - 1 :]
    out: list[Sequence[int]] = []
    for length in lengths:
        if length > len(rest):
            raise RefusedError("lanes are longer than the words")
        out.append(rest[:length])
        rest = rest[length:]
    return [*out, rest]


def symbols(words: Sequence[int], table: Table, n: int, lanes: int) -> list[int]:
    """Symbols of one table in lanes."""
    each = [Lane(part) for part in lane_words(words, lanes)]
    out = [each[i % lanes].symbol(table) for i in range(n)]
    for lane in each:
        lane.finish()
    return out
