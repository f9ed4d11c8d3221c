"""Histogram weights as few bits, carried by integers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.kernels import kernel

__all__ = ["EXACT", "pack_weights", "packed_length", "round_weights", "unpack_weights"]

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


def _codes(values: Weights, precision: int) -> tuple[Weights, Weights]:
    """Codes of weights in their order, least significant bit first, and their widths."""
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
    return codes, np.stack([head_width, body_width], axis=1).ravel()


def packed_length(weights: npt.ArrayLike, precision: int) -> int:
    """Return how many integers `pack_weights` gives."""
    _, widths = _codes(np.asarray(weights, dtype=np.int64), precision)
    return -(-int(widths.sum()) // _CHUNK)


def pack_weights(weights: npt.ArrayLike, precision: int) -> list[int]:
    """Write weights that `round_weights` has rounded.

    A weight's bit length is written as its difference to the one before (gamma code, signs
    interleaved), zero weights as a length of zero and the length of their run, and then the kept
    bits behind the leading one.
    """
    codes, widths = _codes(np.asarray(weights, dtype=np.int64), precision)
    place = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
    bits = (np.repeat(codes, widths) >> place) & 1
    bits = np.pad(bits, (0, -bits.size % _CHUNK)).reshape(-1, _CHUNK)
    chunks: list[int] = (bits << np.arange(_CHUNK)).sum(axis=1).tolist()
    return chunks


@kernel()
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
                weights[k] = ((1 << kept[length]) | top) << (length - 1 - kept[length])
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
    if any(not 0 <= chunk < 1 << _CHUNK for chunk in chunks):
        raise CorruptError("a table's packed weights are damaged")
    weights = np.zeros(size, np.int64)
    kept = _kept(np.arange(MAX_WEIGHT_BITS + 1), precision)
    if not _unpack(np.array(chunks, dtype=np.int64), kept, weights):
        raise CorruptError("a table's packed weights are damaged")
    return round_weights(weights, precision)
