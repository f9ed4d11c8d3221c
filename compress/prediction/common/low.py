"""Plain low bits in rows and columns, so that a processor takes many out at once.

Samples in blocks of `BLOCK` are rows of `_COLUMNS`. The bits of a column's samples follow one
another without gaps in 64-bit words, first sample lowest, and the words of the columns alternate:
what is a row's lies at one place in its words, whatever the column. The samples behind the last
whole block follow one another without gaps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.coders.ans import Scalar
from compress.kernels import inlined, kernel

__all__ = ["BLOCK", "as_words", "put_low_bits", "read_bits", "take_low_bits"]

# As many rows as a word has bits, so that the columns of a block end with whole words; as many
# columns as repay the preparations of a row (16 take twice as long).
_COLUMNS = np.uint64(64)
_ROWS = np.uint64(64)
BLOCK = 64 * 64
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_LOG_WORD = np.uint64(6)
_LAST_BIT = np.uint64(63)
_WORD = np.uint64(64)


@inlined()
def put_low_bits(
    values: npt.NDArray[np.signedinteger],
    packed: npt.NDArray[np.uint64],
    low_bits: int,
    first: Scalar,
    end: Scalar,
) -> None:
    """Put low bits behind ``values[first:end]``; ``first`` is where a block begins.

    ``packed`` holds the low bits of all values, and one word more.
    """
    if low_bits == 0:
        return
    width = np.uint64(low_bits)
    mask = (_ONE << width) - _ONE
    size = _ROWS * _COLUMNS
    narrow = values.dtype.type
    i = first
    while i + size <= end:
        base = (i >> _LOG_WORD) * width
        for row in range(_ROWS):
            bit = row * width
            used = bit & _LAST_BIT
            at = base + (bit >> _LOG_WORD) * _COLUMNS
            begin = i + row * _COLUMNS
            if used + width <= _WORD:
                for column in range(_COLUMNS):
                    low = (packed[at + column] >> used) & mask
                    high = np.uint64(values[begin + column]) << width
                    values[begin + column] = narrow(high | low)
            else:
                above = at + _COLUMNS
                left = _WORD - used
                for column in range(_COLUMNS):
                    both = (packed[at + column] >> used) | (packed[above + column] << left)
                    high = np.uint64(values[begin + column]) << width
                    values[begin + column] = narrow(high | (both & mask))
        i += size
    bit = i * width
    while i < end:
        place, used = bit >> _LOG_WORD, bit & _LAST_BIT
        # Shifted twice, for a shift by 64 is not defined.
        above = (packed[place + _ONE] << _ONE) << (_LAST_BIT - used)
        low = ((packed[place] >> used) | above) & mask
        values[i] = narrow((np.uint64(values[i]) << width) | low)
        bit += width
        i += _ONE


@kernel("b1(const(i8[::1]), i8, u8[::1])")
def take_low_bits(
    values: npt.NDArray[np.int64], low_bits: int, packed: npt.NDArray[np.uint64]
) -> bool:
    """Write the low bits of all values over zeros; False if these are too few words."""
    n = np.uint64(values.size)
    if not 0 <= low_bits <= 63 or packed.size < (values.size * low_bits >> 6) + 2:
        return False
    if low_bits == 0:
        return True
    width = np.uint64(low_bits)
    mask = (_ONE << width) - _ONE
    size = _ROWS * _COLUMNS
    i = _ZERO
    while i + size <= n:
        base = (i >> _LOG_WORD) * width
        for row in range(_ROWS):
            bit = row * width
            used = bit & _LAST_BIT
            at = base + (bit >> _LOG_WORD) * _COLUMNS
            begin = i + row * _COLUMNS
            for column in range(_COLUMNS):
                packed[at + column] |= (np.uint64(values[begin + column]) & mask) << used
            if used + width > _WORD:
                above = at + _COLUMNS
                for column in range(_COLUMNS):
                    low = np.uint64(values[begin + column]) & mask
                    packed[above + column] = low >> (_WORD - used)
        i += size
    bit = i * width
    while i < n:
        place, used = bit >> _LOG_WORD, bit & _LAST_BIT
        low = np.uint64(values[i]) & mask
        packed[place] |= low << used
        packed[place + _ONE] |= (low >> _ONE) >> (_LAST_BIT - used)
        bit += width
        i += _ONE
    return True


@kernel(
    "b1(const(u8[::1]), i8, i8, i2[::1])",
    "b1(const(u8[::1]), i8, i8, i4[::1])",
    "b1(const(u8[::1]), i8, i8, i8[::1])",
)
def read_bits(
    packed: npt.NDArray[np.uint64], bits: int, low: int, out: npt.NDArray[np.signedinteger]
) -> bool:
    """Write values of 1 to 63 bits above the lowest one; False if there are too few words."""
    n = out.size
    if not 1 <= bits <= 63 or packed.size < (n * bits >> 6) + 2:
        return False
    narrow = out.dtype.type
    begin = 0
    while begin < n:
        # A part stays in the nearest cache.
        end = min(begin + BLOCK, n)
        for i in range(np.uint64(begin), np.uint64(end)):
            out[i] = narrow(0)
        put_low_bits(out, packed, bits, np.uint64(begin), np.uint64(end))
        for i in range(np.uint64(begin), np.uint64(end)):
            out[i] = narrow(np.int64(out[i]) + low)
        begin = end
    return True


def as_words(packed: memoryview) -> npt.NDArray[np.uint64]:
    """Return packed bits as 64-bit words, and one word more than they fill."""
    words = np.zeros(len(packed) // 8 + 2, "<u8")
    words.view(np.uint8)[: len(packed)] = np.frombuffer(packed, np.uint8)
    return words.astype(np.uint64, copy=False)
