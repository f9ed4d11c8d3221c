"""Histogram weights as few bits, carried by integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compress.errors import CorruptError

__all__ = ["EXACT", "pack_weights", "round_weight", "unpack_weights"]

# A bit string travels in integers of this many bits: nine bytes each as a signed varint.
_CHUNK = 62
# More precision than any weight has bits.
EXACT = 64
MAX_WEIGHT_BITS = 33


def _kept(length: int, precision: int) -> int:
    """Bits kept behind the leading one of a weight of ``length`` bits.

    A count's standard error is its square root, so about half of its bits carry information.
    """
    return max(0, min(length - 1, (length + precision) // 2))


def round_weight(weight: int, precision: int) -> int:
    """Round a weight to what `pack_weights` writes of it."""
    length = weight.bit_length()
    dropped = length - 1 - _kept(length, precision) if length else 0
    if dropped <= 0:
        return weight
    return (weight >> dropped << dropped) | 1 << (dropped - 1)


class _Writer:
    """Collects bits, least significant first."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def bits(self, value: int, width: int) -> None:
        if width:
            self._parts.append(format(value, f"0{width}b")[::-1])

    def gamma(self, value: int) -> None:
        """Elias's gamma code of an integer >= 1."""
        length = value.bit_length()
        self._parts.append("0" * (length - 1) + "1")
        self.bits(value & ((1 << (length - 1)) - 1), length - 1)

    def chunks(self) -> list[int]:
        text = "".join(self._parts)
        return [int(text[k : k + _CHUNK][::-1], 2) for k in range(0, len(text), _CHUNK)]


class _Reader:
    """Reads what `_Writer` wrote, taking integers as it needs them."""

    def __init__(self, integers: Iterator[int]) -> None:
        self._integers = integers
        self._held = 0
        self._count = 0

    def bits(self, width: int) -> int:
        while self._count < width:
            chunk = next(self._integers, -1)
            if not 0 <= chunk < 1 << _CHUNK:
                raise CorruptError("a table's packed weights are cut short")
            self._held |= chunk << self._count
            self._count += _CHUNK
        value = self._held & ((1 << width) - 1)
        self._held >>= width
        self._count -= width
        return value

    def gamma(self) -> int:
        length = 0
        while not self.bits(1):
            length += 1
            if length > MAX_WEIGHT_BITS:
                raise CorruptError("a table's packed weights are damaged")
        return 1 << length | self.bits(length)


def pack_weights(weights: Sequence[int], precision: int) -> list[int]:
    """Write weights that `round_weight` has rounded.

    A weight's bit length is written as its difference to the one before (gamma code, signs
    interleaved), zero weights as a length of zero and the length of their run, and then the kept
    bits behind the leading one.
    """
    writer = _Writer()
    before = 0
    k = 0
    while k < len(weights):
        length = weights[k].bit_length()
        step = length - before
        writer.gamma(2 * step + 1 if step >= 0 else -2 * step)
        if length == 0:
            run = k
            while run < len(weights) and weights[run] == 0:
                run += 1
            writer.gamma(run - k)
            k = run
        else:
            kept = _kept(length, precision)
            writer.bits((weights[k] >> (length - 1 - kept)) & ((1 << kept) - 1), kept)
            before = length
            k += 1
    return writer.chunks()


def unpack_weights(integers: Iterator[int], size: int, precision: int) -> list[int]:
    """Read ``size`` weights; raises `CorruptError` if they cannot be."""
    reader = _Reader(integers)
    weights: list[int] = []
    before = 0
    while len(weights) < size:
        code = reader.gamma()
        length = before + (code >> 1 if code & 1 else -(code >> 1))
        if not 0 <= length <= MAX_WEIGHT_BITS:
            raise CorruptError(f"a table's weight has {length} bits")
        if length == 0:
            run = reader.gamma()
            if run > size - len(weights):
                raise CorruptError("a table's run of zeros is too long")
            weights += [0] * run
            continue
        kept = _kept(length, precision)
        top = 1 << kept | reader.bits(kept)
        weights.append(round_weight(top << (length - 1 - kept), precision))
        before = length
    return weights
