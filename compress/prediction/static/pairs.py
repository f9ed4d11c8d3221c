"""Two tokens a symbol: half the steps of the coder, where tokens are few.

A pair of tokens is the symbol ``first << bits | second`` of a table that follows from that of one
token. The last token may stand for what the table does not have; those residuals are listed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.tables import TOTAL, TableSet

__all__ = ["MOST_TOKENS", "joined", "pair_up"]

# Tokens of which there can be pairs: their table takes 16 KiB.
MOST_TOKENS = 64
# Upper bits of a quantile by which pairs are looked up, and those for the most tokens: 32 KiB, of
# which more than a nearest cache has would take longer where fewer cells hold two pairs.
_CELL_BITS, _MORE_CELL_BITS = 12, 13
_PRECISION = 24


def joined(table: TableSet) -> tuple[int, int, TableSet]:
    """Give the bits of a token, the bits of a look-up, and the table of pairs.

    Parameters
    ----------
    table : TableSet
        One table, of few masses.

    Raises
    ------
    CorruptError
        If it has more masses than there can be pairs of.
    """
    size = len(table.cumulative) - 1
    if size > MOST_TOKENS:
        raise CorruptError(f"a table of {size} tokens is too large for pairs")
    bits = max(size - 1, 1).bit_length()
    cell_bits = _MORE_CELL_BITS if 1 << bits == MOST_TOKENS else _CELL_BITS
    cumulative = np.empty((1 << 2 * bits) + 1, np.uint32)
    if not _join(table.cumulative, bits, cell_bits, cumulative):
        raise AssertionError("a sound table has no pairs")
    return bits, cell_bits, TableSet.from_cumulative(cumulative, 0, escape=False)


@kernel("b1(const(u4[::1]), i8, i8, u4[::1])")
def _join(one: np.ndarray, bits: int, cell_bits: int, pairs: np.ndarray) -> bool:
    """Fill the cumulative table of pairs.

    Each mass is a product of two, and at least 1. Where masses on both sides are wide, they are
    parted between two cells of the look-up, so that few cells hold two pairs.
    """
    size = len(one) - 1
    side = 1 << bits
    if not 1 <= bits <= 11 or not 1 <= cell_bits < _PRECISION:
        return False
    if not 1 <= size <= side or len(pairs) != side * side + 1:
        return False
    spare = TOTAL - side * side
    for first in range(side):
        left = np.int64(one[min(first, size)])
        mass = np.int64(one[min(first + 1, size)]) - left
        for second in range(side):
            start = left + ((mass * np.int64(one[min(second, size)])) >> _PRECISION)
            place = first * side + second
            pairs[place] = place + ((start * spare) >> _PRECISION)
    pairs[side * side] = TOTAL
    cell = 1 << (_PRECISION - cell_bits)
    before = np.int64(0)
    for place in range(1, side * side):
        here, after = np.int64(pairs[place]), np.int64(pairs[place + 1])
        if here - before >= 2 * cell and after - here >= 2 * cell:
            pairs[place] = (here + cell // 2) & -cell
        before = here
    return True


@kernel("i8(const(i8[::1]), i8, i8, i8, b1, i8, i2[::1], i8[::1])")
def pair_up(
    residuals: npt.NDArray[np.int64],
    low_bits: int,
    low: int,
    size: int,
    escapes: bool,
    bits: int,
    symbols: npt.NDArray[np.int16],
    listed: npt.NDArray[np.int64],
) -> int:
    """Write the pairs of residuals' tokens, and list residuals whose tokens the table lacks.

    Parameters
    ----------
    residuals : ndarray, int64
    low_bits : int
    low, size : int
        The tokens of the table.
    escapes : bool
        Whether the token behind them stands for all others.
    bits : int
        Of a token.
    symbols : ndarray, int16
        One for each two residuals; the last one may lack its second token.
    listed : ndarray, int64

    Returns
    -------
    int
        How many are outside, of which only as many are listed as there is room for; -1 where the
        table lacks a token and there is none for others, or the arguments do not fit each other.
    """
    n = residuals.size
    if len(symbols) != (n + 1) // 2 or not 0 <= low_bits <= 63 or not 1 <= bits <= 7:
        return -1
    if size + escapes > 1 << bits:
        return -1
    end, lowest = np.uint64(size), np.uint64(np.int64(low))
    outside = 0
    for i in range(len(symbols)):
        first = np.uint64(residuals[2 * i] >> low_bits) - lowest
        second = np.uint64(0)
        if 2 * i + 1 < n:
            second = np.uint64(residuals[2 * i + 1] >> low_bits) - lowest
        if first >= end or second >= end:
            if not escapes:
                return -1
            if first >= end:
                first = end
                if outside < len(listed):
                    listed[outside] = residuals[2 * i]
                outside += 1
            if second >= end:
                second = end
                if outside < len(listed):
                    listed[outside] = residuals[2 * i + 1]
                outside += 1
        symbols[i] = np.int64((first << np.uint64(bits)) | second)
    return outside
