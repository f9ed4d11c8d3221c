"""Histogram weights as few bits, carried by integers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError

__all__ = ["EXACT", "pack_weights", "round_weights", "unpack_weights"]

# A bit string travels in integers of this many bits: nine bytes each as a signed varint.
_CHUNK = 62
# More precision than any weight has bits.
EXACT = 64
MAX_WEIGHT_BITS = 33

Weights = npt.NDArray[np.int64]


def _lengths(values: Weights) -> Weights:
    """Bit lengths; exact below 2**53."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def _kept(length: Weights, precision: int) -> Weights:
    """Bits kept behind the leading one of weights of ``length`` bits.

    A count's standard error is its square root, so about half of its bits carry information.
    """
    return np.maximum(0, np.minimum(length - 1, (length + precision) // 2))


def round_weights(weights: npt.ArrayLike, precision: int) -> Weights:
    """Round weights below ``2**MAX_WEIGHT_BITS`` to what `pack_weights` writes of them."""
    values = np.asarray(weights, dtype=np.int64)
    length = _lengths(values)
    dropped = np.maximum(length - 1 - _kept(length, precision), 0)
    half = np.where(dropped > 0, np.int64(1) << np.maximum(dropped - 1, 0), 0)
    rounded: Weights = (values >> dropped << dropped) | half
    return rounded


def _gamma(values: Weights) -> tuple[Weights, Weights]:
    """Elias's gamma codes of integers >= 1, least significant bit first; and their widths."""
    length = _lengths(values)
    behind = values - (np.int64(1) << (length - 1))
    return (np.int64(1) << (length - 1)) | behind << length, 2 * length - 1


def pack_weights(weights: npt.ArrayLike, precision: int) -> list[int]:
    """Write weights that `round_weights` has rounded.

    A weight's bit length is written as its difference to the one before (gamma code, signs
    interleaved), zero weights as a length of zero and the length of their run, and then the kept
    bits behind the leading one.
    """
    values = np.asarray(weights, dtype=np.int64)
    # A run of zeros is one item.
    starts = np.flatnonzero((values != 0) | (np.append(1, values[:-1]) != 0))
    values, runs = values[starts], np.diff(starts, append=values.size)
    length = _lengths(values)
    # A run of zeros leaves the length before it in force; two runs never meet.
    before = np.append(0, length[:-1])
    behind = np.flatnonzero(before[2:] == 0) + 2
    before[behind] = length[behind - 2]
    step = length - before
    head, head_width = _gamma(np.where(step >= 0, 2 * step + 1, -2 * step))
    kept = np.where(length > 0, _kept(length, precision), 0)
    body = (values >> np.maximum(length - 1 - kept, 0)) & ((np.int64(1) << kept) - 1)
    run, run_width = _gamma(runs)
    body, body_width = np.where(length > 0, body, run), np.where(length > 0, kept, run_width)
    codes = np.stack([head, body], axis=1).ravel()
    widths = np.stack([head_width, body_width], axis=1).ravel()
    place = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
    bits = (np.repeat(codes, widths) >> place) & 1
    bits = np.pad(bits, (0, -bits.size % _CHUNK)).reshape(-1, _CHUNK)
    chunks: list[int] = (bits << np.arange(_CHUNK)).sum(axis=1).tolist()
    return chunks


class _Reader:
    """Reads what `pack_weights` wrote, taking integers as it needs them."""

    def __init__(self, integers: Iterator[int]) -> None:
        self._integers = integers
        self._held = 0
        self._count = 0

    def _take(self) -> None:
        chunk = next(self._integers, -1)
        if not 0 <= chunk < 1 << _CHUNK:
            raise CorruptError("a table's packed weights are cut short")
        self._held |= chunk << self._count
        self._count += _CHUNK

    def bits(self, width: int) -> int:
        while self._count < width:
            self._take()
        value = self._held & ((1 << width) - 1)
        self._held >>= width
        self._count -= width
        return value

    def gamma(self) -> int:
        while not self._held:
            if self._count > MAX_WEIGHT_BITS:
                raise CorruptError("a table's packed weights are damaged")
            self._take()
        zeros = (self._held & -self._held).bit_length() - 1
        if zeros > MAX_WEIGHT_BITS:
            raise CorruptError("a table's packed weights are damaged")
        self._held >>= zeros + 1
        self._count -= zeros + 1
        return 1 << zeros | self.bits(zeros)


def unpack_weights(integers: Iterator[int], size: int, precision: int) -> Weights:
    """Read ``size`` weights; raises `CorruptError` if they cannot be."""
    reader = _Reader(integers)
    weights: list[int] = []
    kept = _kept(np.arange(MAX_WEIGHT_BITS + 1), precision).tolist()
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
        top = 1 << kept[length] | reader.bits(kept[length])
        weights.append(top << (length - 1 - kept[length]))
        before = length
    return round_weights(weights, precision)
