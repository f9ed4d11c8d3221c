"""The static model's passes over a plane: low bits back in, differences along an axis and sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["add_up", "finish", "subtract"]


@kernel("b1(i8[::1], const(u8[::1]), i8, b1)")
def finish(
    tokens: NDArray[np.int64], packed: NDArray[np.uint64], low_bits: int, adding: bool
) -> bool:
    """Put the low bits behind each token and, if `adding`, replace each by the sum so far."""
    n = tokens.size
    if not 0 <= low_bits <= 63 or packed.size < (n * low_bits >> 6) + 2:
        return False
    width = np.uint64(low_bits)
    mask = (np.uint64(1) << width) - np.uint64(1)
    bit = np.uint64(0)
    total = np.int64(0)
    keep = np.int64(-1) if adding else np.int64(0)
    for i in range(n):
        word, used = bit >> np.uint64(6), bit & np.uint64(63)
        # Shifted twice, for a shift by 64 is not defined.
        above = (packed[word + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - used)
        low = ((packed[word] >> used) | above) & mask
        total = (total & keep) + ((tokens[i] << low_bits) | np.int64(low))
        tokens[i] = total
        bit += width
    return True


@kernel("void(i8[:, :, ::1])")
def add_up(values: NDArray[np.int64]) -> None:
    """Replace values by their sums along the middle axis, in place; wraps modulo 2**64."""
    outer, count, inner = values.shape
    for i in range(outer):
        if inner == 1:
            total = np.int64(0)
            for j in range(count):
                total += values[i, j, 0]
                values[i, j, 0] = total
            continue
        for j in range(1, count):
            for k in range(inner):
                values[i, j, k] += values[i, j - 1, k]


@kernel("b1(const(i8[:, :, ::1]), i8[:, :, ::1])")
def subtract(values: NDArray[np.int64], out: NDArray[np.int64]) -> bool:
    """Write differences along the middle axis; false for arrays of two shapes."""
    outer, count, inner = values.shape
    if out.shape != values.shape:
        return False
    for i in range(outer):
        for k in range(inner if count > 0 else 0):
            out[i, 0, k] = values[i, 0, k]
        for j in range(1, count):
            for k in range(inner):
                out[i, j, k] = values[i, j, k] - values[i, j - 1, k]
    return True
