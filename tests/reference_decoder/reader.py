"""Integers and runs of bytes, as the page of the format describes them."""

from __future__ import annotations

__all__ = ["Reader", "RefusedError"]


class RefusedError(ValueError):
    """The bytes are none that a reader of the format may accept."""


class Reader:
    """Reads unsigned and signed integers and bytes, one after another."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = bytes(data)
        self.position = 0

    @property
    def remaining(self) -> int:
        """Bytes that are not read yet."""
        return len(self._data) - self.position

    def unsigned(self) -> int:
        """Seven bits a byte, lowest first; the highest bit of a byte says that more follow."""
        value = 0
        for place in range(10):
            byte = self.take(1)[0]
            value |= (byte & 127) << 7 * place
            if byte < 128:
                if value >= 1 << 64 or (place and byte == 0):
                    raise RefusedError("an integer is too large, or longer than it need be")
                return value
        raise RefusedError("an integer is longer than ten bytes")

    def signed(self) -> int:
        """0, -1, 1, -2, 2, ... from the unsigned 0, 1, 2, 3, 4, ..."""
        folded = self.unsigned()
        return -(folded + 1) // 2 if folded % 2 else folded // 2

    def take(self, count: int) -> bytes:
        """Read so many bytes."""
        if not 0 <= count <= self.remaining:
            raise RefusedError(f"{count} bytes where {self.remaining} are left")
        self.position += count
        return self._data[self.position - count : self.position]

    def rest(self) -> bytes:
        """Read all that is left."""
        return self.take(self.remaining)
