"""Histogram weights as few bits, carried by integers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.kernels import kernel

__all__ = ["EXACT", "pack_weights", "packed_bits", "round_weights", "unpack_weights"]

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


@lru_cache(maxsize=2 * EXACT)
def _all_kept(precision: int) -> Weights:
    """Bits kept of weights of each length; one array for all calls."""
    kept = _kept(np.arange(MAX_WEIGHT_BITS + 1), precision)
    kept.flags.writeable = False
    return kept


def round_weights(weights: npt.ArrayLike, precision: int) -> Weights:
    """Round weights below ``2**MAX_WEIGHT_BITS`` to what `pack_weights` writes of them."""
    values = np.asarray(weights, dtype=np.int64)
    length = _lengths(values)
    dropped = np.maximum(length - 1 - _kept(length, precision), 0)
    half = np.where(dropped > 0, np.int64(1) << np.maximum(dropped - 1, 0), 0)
    rounded: Weights = (values >> dropped << dropped) | half
    return rounded


@kernel()
def _put(chunks: Weights, place: int, code: int, width: int) -> int:
    """Write the lowest bits of a code, the lowest one first; returns the place behind them."""
    if chunks.size:
        for j in range(width):
            chunks[(place + j) // _CHUNK] |= ((code >> j) & 1) << ((place + j) % _CHUNK)
    return place + width


@kernel()
def _put_gamma(chunks: Weights, place: int, value: int) -> int:
    """Write Elias's gamma code of an integer >= 1."""
    zeros = 0
    while value >> (zeros + 1):
        zeros += 1
    behind: int = _put(chunks, _put(chunks, place, 1 << zeros, zeros + 1), value, zeros)
    return behind


@kernel("i8(const(i8[::1]), const(i8[::1]), i8[::1])")
def _pack(weights: Weights, kept: Weights, chunks: Weights) -> int:
    """Write weights as `pack_weights` says; without chunks, only count the bits."""
    place = 0
    before = 0
    k = 0
    while k < weights.size:
        length = 0
        while weights[k] >> length:
            length += 1
        step = length - before
        place = _put_gamma(chunks, place, 2 * step + 1 if step >= 0 else -2 * step)
        if length:
            place = _put(chunks, place, weights[k] >> (length - 1 - kept[length]), kept[length])
            before = length
            k += 1
        else:
            start = k
            while k < weights.size and weights[k] == 0:
                k += 1
            place = _put_gamma(chunks, place, k - start)
    return place


def _as_weights(weights: npt.ArrayLike) -> Weights:
    values = np.ascontiguousarray(weights, dtype=np.int64)
    if values.size and not 0 <= int(values.min()) <= int(values.max()) < 1 << MAX_WEIGHT_BITS:
        raise ValueError(f"weights must be from 0 to 2**{MAX_WEIGHT_BITS} - 1")
    return values


def packed_bits(weights: npt.ArrayLike, precision: int) -> int:
    """Return the size of what `pack_weights` gives as signed varints, in bits; about right."""
    kept = _all_kept(precision)
    bits = int(_pack(_as_weights(weights), kept, np.empty(0, np.int64)))
    # A chunk has a sign bit too, and seven bits to a byte.
    return 72 * (bits // _CHUNK) + 8 * -(-(bits % _CHUNK + 1) // 7)


def pack_weights(weights: npt.ArrayLike, precision: int) -> list[int]:
    """Write weights that `round_weights` has rounded.

    A weight's bit length is written as its difference to the one before (gamma code, signs
    interleaved), zero weights as a length of zero and the length of their run, and then the kept
    bits behind the leading one. A run of zeros leaves the length before it in force.
    """
    values = _as_weights(weights)
    kept = _all_kept(precision)
    bits = int(_pack(values, kept, np.empty(0, np.int64)))
    chunks = np.zeros(-(-bits // _CHUNK), np.int64)
    _pack(values, kept, chunks)
    packed: list[int] = chunks.tolist()
    return packed


@kernel("b1(const(i8[::1]), const(i8[::1]), i8[::1])")
def _unpack(
    chunks: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], weights: npt.NDArray[np.int64]
) -> bool:
    """Undo `pack_weights` but for the rounding; False for what it cannot have written."""
    most = kept.size - 1
    end = chunks.size * _CHUNK
    place = 0
    before = 0
    k = 0
    while k < weights.size:
        # A length, or the length 0 of a run and then the run: gamma codes both.
        code = 0
        for part in range(2):
            zeros = 0
            while place < end and (chunks[place // _CHUNK] >> (place % _CHUNK)) & 1 == 0:
                zeros += 1
                place += 1
            place += 1
            if zeros > most or place + zeros > end:
                return False
            value = 1 << zeros
            for j in range(zeros):
                value |= ((chunks[place // _CHUNK] >> (place % _CHUNK)) & 1) << j
                place += 1
            if part == 1:
                if value > weights.size - k:
                    return False
                for j in range(value):
                    weights[k + j] = 0
                k += value
                break
            code = value
            length = before + (code >> 1 if code & 1 else -(code >> 1))
            if length < 0 or length > most or (length > 0 and place + kept[length] > end):
                return False
            if length > 0:
                top = 0
                for j in range(kept[length]):
                    top |= ((chunks[place // _CHUNK] >> (place % _CHUNK)) & 1) << j
                    place += 1
                dropped = length - 1 - kept[length]
                # In the middle of what the dropped bits can be, as `round_weights` has it.
                half = 1 << (dropped - 1) if dropped > 0 else 0
                weights[k] = (((1 << kept[length]) | top) << dropped) | half
                before = length
                k += 1
                break
    return end - place < _CHUNK


def unpack_weights(chunks: Sequence[int], size: int, precision: int) -> Weights:
    """Read ``size`` weights from what `pack_weights` wrote.

    Raises
    ------
    CorruptError
        If they cannot be read.
    """
    if chunks and not 0 <= min(chunks) <= max(chunks) < 1 << _CHUNK:
        raise CorruptError("a table's packed weights are damaged")
    weights = np.zeros(size, np.int64)
    if not _unpack(np.array(chunks, dtype=np.int64), _all_kept(precision), weights):
        raise CorruptError("a table's packed weights are damaged")
    return weights
