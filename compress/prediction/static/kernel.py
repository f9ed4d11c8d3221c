"""The static model's passes over a plane: residuals out of words, differences and sums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from compress.coders.lanes import BAD_TABLES, DONE, UNFINISHED
from compress.coders.lanes_pop import decode_lanes
from compress.kernels import inlined, kernel
from compress.prediction.common.low import BLOCK, put_low_bits
from compress.prediction.model import NarrowPlane

__all__ = ["Pairs", "add_up", "decode_residuals", "subtract"]


class Pairs(NamedTuple):
    """How tokens lie in symbols; see `compress.prediction.static.pairs`.

    Attributes
    ----------
    bits : int
        Of a token in a pair of them; 0 where symbols are tokens.
    low, other : int
        The first token, and which one from there on stands for what is listed; -1 for none.
    listed : ndarray, int64
        Residuals.
    """

    bits: int
    low: int
    other: int
    listed: npt.NDArray[np.int64]


# Residuals that are finished while they are in the nearest cache.
_PART = 2 * BLOCK


@kernel(
    *(
        "i8(const(u4[::1]), const(u8[::1]), u8[::1], u8[::1], const(u4[::1]), const(i8[::1]), "
        "const(i8[::1]), const(b1[::1]), const(u8[::1]), i8, Pairs(i8, i8, i8, const(i8[::1])), "
        f"const(u8[::1]), i8, b1, {out}[::1])"
        for out in ("i2", "i4", "i8")
    )
)
def decode_residuals(
    words: npt.NDArray[np.uint32],
    floors: npt.NDArray[np.uint64],
    states: npt.NDArray[np.uint64],
    places: npt.NDArray[np.uint64],
    cumulative: npt.NDArray[np.uint32],
    start: npt.NDArray[np.int64],
    low: npt.NDArray[np.int64],
    escape: npt.NDArray[np.bool_],
    entries: npt.NDArray[np.uint64],
    bits: int,
    pairs: Pairs,
    packed: npt.NDArray[np.uint64],
    low_bits: int,
    adding: bool,
    out: NarrowPlane,
) -> int:
    """Decode residuals, or, if `adding`, their sums so far; modulo what an item of ``out`` holds.

    Parameters
    ----------
    words, floors, states, places, cumulative, start, low, escape, entries, bits
        Those of `compress.coders.lanes_pop.decode_lanes`.
    pairs : Pairs
    packed : ndarray, uint64
        As `compress.prediction.common.low` has them; one word more than they fill.
    low_bits : int
    adding : bool
    out : ndarray of int16, int32 or int64
        Written.

    Returns
    -------
    int
        A status of `compress.coders.lanes`.
    """
    n = out.size
    if not 0 <= low_bits <= 63 or packed.size < (n * low_bits >> 6) + 2:
        return BAD_TABLES
    status: int = DONE
    # Wraps, compiled or not.
    narrow = out.dtype.type
    total = np.int64(0)
    symbols = np.empty(_PART // 2, np.int16)
    escaped = False
    used = 0
    begin = 0
    while begin < n:
        end = min(begin + _PART, n)
        if pairs.bits > 0:
            half = symbols[: (end - begin + 1) // 2]
            status = decode_lanes(
                words, floors, states, places, half, None,
                cumulative, start, low, escape, entries, bits,
            )  # fmt: skip
            if status not in (DONE, UNFINISHED):
                return status
            escaped = _take_apart(half, pairs.bits, pairs.low, pairs.other, out[begin:end])
        else:
            status = decode_lanes(
                words, floors, states, places, out[begin:end], None,
                cumulative, start, low, escape, entries, bits,
            )  # fmt: skip
            if status not in (DONE, UNFINISHED):
                return status
        if low_bits > 0:
            put_low_bits(out, packed, low_bits, np.uint64(begin), np.uint64(end))
        if escaped:
            used = _put_listed(symbols, pairs, out[begin:end], used)
            if used > pairs.listed.size:
                return UNFINISHED
        if adding:
            for i in range(np.uint64(begin), np.uint64(end)):
                total += np.int64(out[i])
                out[i] = narrow(total)
        begin = end
    return status if used == pairs.listed.size else UNFINISHED


@inlined()
def _take_apart(
    symbols: npt.NDArray[np.int16], bits: int, low: int, other: int, out: NarrowPlane
) -> bool:
    """Write the tokens of pairs; returns whether one stands for what is listed."""
    width, mask = np.uint64(bits), (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    first_low, special = np.int64(low), np.int64(other)
    narrow = out.dtype.type
    found = 0
    for i in range(np.uint64(out.size >> 1)):
        symbol = np.uint64(symbols[i])
        first, second = np.int64(symbol >> width), np.int64(symbol & mask)
        found |= (first == special) | (second == special)
        out[i << np.uint64(1)] = narrow(first_low + first)
        out[(i << np.uint64(1)) | np.uint64(1)] = narrow(first_low + second)
    if out.size & 1:
        first = np.int64(symbols[out.size >> 1]) >> bits
        found |= first == special
        out[out.size - 1] = narrow(first_low + first)
    return found != 0


@inlined()
def _put_listed(symbols: npt.NDArray[np.int16], pairs: Pairs, out: NarrowPlane, used: int) -> int:
    """Put listed residuals where tokens stand for them; returns how many are used up by then."""
    mask = (1 << pairs.bits) - 1
    for i in range(out.size):
        symbol = np.int64(symbols[i >> 1])
        token = symbol & mask if i & 1 else symbol >> pairs.bits
        if token == pairs.other:
            if used < pairs.listed.size:
                out[i] = out.dtype.type(pairs.listed[used])
            used += 1
    return used


@kernel("void(i2[:, :, ::1])", "void(i4[:, :, ::1])", "void(i8[:, :, ::1])")
def add_up(values: NarrowPlane) -> None:
    """Replace values by their sums along the middle axis, in place; wraps."""
    outer, count, inner = values.shape
    narrow = values.dtype.type
    for i in range(outer):
        if inner == 1:
            total = np.int64(0)
            for j in range(count):
                total += np.int64(values[i, j, 0])
                values[i, j, 0] = narrow(total)
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
        if inner == 1:
            # A loop of its own, which takes several samples at once.
            for j in range(np.uint64(1), np.uint64(count)):
                out[i, j, 0] = values[i, j, 0] - values[i, j - np.uint64(1), 0]
            continue
        for j in range(1, count):
            for k in range(inner):
                out[i, j, k] = values[i, j, k] - values[i, j - 1, k]
    return True
