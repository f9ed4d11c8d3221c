"""The static model's decoding pass: low bits back in, and differences along one axis added up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compress.kernels import kernel

__all__ = ["finish"]


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
