"""How many low bits of a residual stand outside its token. Encoder only.

Fewer tokens decode faster: what a quantile looks up stays in the nearest cache, and few cells of
the look-up hold two tokens, which a processor mispredicts. Where residuals that share a token are
about as frequent as one another, plain low bits cost next to nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compress.prediction.static.pairs import MOST_TOKENS

__all__ = ["coarser", "sum_up"]

# Tokens that decode as fast as fewer, nanoseconds that these take, and what more take when there
# are twice as many: 100 tokens take 1.9, 625 take 2.3, 3000 take 3.3.
_FEW, _NS, _DOUBLE_NS = 64, 1.8, 0.3
# Nanoseconds of a token in a pair, by the bits of a token: pairs of many tokens are looked up in
# cells that hold several.
_PAIR_NS = (0.0, 1.1, 1.1, 1.1, 1.1, 1.2, 1.4)
# What the table takes to read and to build, in nanoseconds a token.
_TABLE_NS = 60.0
# What plain low bits take where there are none yet, in nanoseconds a sample.
_LOW_BITS_NS = 0.2
# Samples from which on pairs repay the making of their table, and bits that a listed residual
# costs beyond those of an escape.
_PAIRS_FROM, _LISTED_BITS = 1 << 14, 32
# The entropy of a sample is too small by (K - 1) / 2n nats (Miller and Madow).
_MILLER_MADOW = 0.5 / np.log(2.0)


def coarser(
    low: int, counts: NDArray[np.int64], outside: int, low_bits: int, price: float
) -> tuple[int, bool]:
    """Return how many bits more to take out of tokens, and whether to code pairs of them.

    Parameters
    ----------
    low : int
        The first token.
    counts : ndarray, int64
        How often each token from there on occurs.
    outside : int
        How many residuals have other tokens.
    low_bits : int
        Bits that are taken out already.
    price : float
        Bits that a nanosecond is worth.

    Returns
    -------
    bits : int
    paired : bool
    """
    n = int(counts.sum())
    if n == 0 or price == 0.0:
        return 0, False
    fine = _entropy(counts, n)
    best, found = np.inf, (0, False)
    for bits in range(max(counts.size // 8, 1).bit_length() + 1):
        summed = sum_up(low, counts, bits)
        # Bits a sample that are lost, as far as the counts tell.
        lost = _entropy(summed, n) + bits - fine
        lost += price * (_LOW_BITS_NS * (low_bits + bits > 0) + _TABLE_NS * summed.size / n)
        single = _NS + _DOUBLE_NS * max(float(np.log2(summed.size / _FEW)), 0.0)
        if lost + price * single < best:
            best, found = lost + price * single, (bits, False)
        tokens = summed.size + (outside > 0)
        if n < _PAIRS_FROM or tokens > MOST_TOKENS:
            continue
        cost = price * _PAIR_NS[max(tokens - 1, 1).bit_length()]
        cost += lost + _LISTED_BITS * outside / n
        if cost < best:
            best, found = cost, (bits, True)
    return found


def sum_up(low: int, counts: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Count tokens without so many low bits, from ``low >> bits`` on."""
    edges = np.arange(low >> bits, ((low + counts.size - 1) >> bits) + 1)
    begins = np.maximum((edges << bits) - low, 0)
    summed: NDArray[np.int64] = np.add.reduceat(counts, begins)
    return summed


def _entropy(counts: NDArray[np.int64], n: int) -> float:
    some = counts[counts > 0].astype(np.float64)
    return float(np.log2(n) - some @ np.log2(some) / n + _MILLER_MADOW * (some.size - 1) / n)
