"""Plain low bits of samples, packed without gaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.kernels import kernel

__all__ = ["pack_bits", "unpack_bits"]


@kernel("b1(const(u8[::1]), const(u1[::1]), u8[::1])")
def _pack(values: np.ndarray, widths: np.ndarray, words: np.ndarray) -> bool:
    """Write ``values``; ``widths`` has one entry a value, or one for all."""
    n = len(values)
    one = len(widths) == 1
    if not one and len(widths) != n:
        return False
    place = 0
    filled = np.uint64(0)
    pending = np.uint64(0)
    full = np.uint64(64)
    zero = np.uint64(0)
    for i in range(n):
        width = np.uint64(widths[0] if one else widths[i])
        if width == zero:
            continue
        value = values[i]
        if width < full:
            value &= (np.uint64(1) << width) - np.uint64(1)
        pending |= value << filled
        filled += width
        if filled >= full:
            if place >= len(words):
                return False
            words[place] = pending
            place += 1
            filled -= full
            # Of this value, `filled` bits are left; shifting by 64 is not defined.
            pending = value >> (width - filled) if filled > zero else zero
    if filled > zero:
        if place >= len(words):
            return False
        words[place] = pending
    return True


@kernel("b1(const(u8[::1]), const(u1[::1]), u8[::1])")
def _unpack(words: np.ndarray, widths: np.ndarray, values: np.ndarray) -> bool:
    """Read ``values``, the inverse of `_pack`."""
    n = len(values)
    one = len(widths) == 1
    if not one and len(widths) != n:
        return False
    place = 0
    used = np.uint64(0)
    full = np.uint64(64)
    zero = np.uint64(0)
    for i in range(n):
        width = np.uint64(widths[0] if one else widths[i])
        if width == zero:
            values[i] = zero
            continue
        if place >= len(words):
            return False
        value = words[place] >> used
        used += width
        if used >= full:
            place += 1
            used -= full
            if used > zero:
                if place >= len(words):
                    return False
                value |= words[place] << (width - used)
        if width < full:
            value &= (np.uint64(1) << width) - np.uint64(1)
        values[i] = value
    return True


def _widths(widths: npt.ArrayLike, n: int) -> npt.NDArray[np.uint8]:
    array = np.atleast_1d(np.asarray(widths))
    if array.dtype.kind not in "iu" or array.ndim != 1 or (np.ndim(widths) and len(array) != n):
        raise ValueError(f"widths must be one integer, or {n} of them, got {widths!r}")
    if array.size and (array.min() < 0 or array.max() > 64):
        raise ValueError("widths must lie in 0..64")
    return np.ascontiguousarray(array, dtype=np.uint8)


def pack_bits(values: npt.ArrayLike, widths: npt.ArrayLike) -> bytes:
    """Pack the low bits of ``values`` without gaps, least significant first.

    Parameters
    ----------
    values : array_like of uint64, shape (n,)
        Bits above a value's width are ignored.
    widths : int or array_like of int, shape (n,)
        How many bits of each value, 0 to 64.

    Returns
    -------
    bytes
        As many as the bits fill, rounded up.
    """
    samples = np.ascontiguousarray(values, dtype=np.uint64).ravel()
    wide = _widths(widths, len(samples))
    bits = int(wide[0]) * len(samples) if np.ndim(widths) == 0 else int(wide.sum(dtype=np.int64))
    words = np.zeros(-(-bits // 64), np.uint64)
    if bits and not _pack(samples, wide, words):
        raise AssertionError("the packed size was computed wrongly")
    return words.astype("<u8", copy=False).tobytes()[: -(-bits // 8)]


def unpack_bits(data: bytes | memoryview, n: int, widths: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """Read back what `pack_bits` packed.

    Parameters
    ----------
    data : bytes
        Exactly the packed bytes.
    n : int
        How many values.
    widths : int or array_like of int, shape (n,)
        As given to `pack_bits`.

    Returns
    -------
    ndarray, shape (n,), uint64

    Raises
    ------
    CorruptError
        If ``data`` has not the length that the widths ask for.
    """
    wide = _widths(widths, n)
    bits = int(wide[0]) * n if np.ndim(widths) == 0 else int(wide.sum(dtype=np.int64))
    if len(data) != -(-bits // 8):
        raise CorruptError(f"packed bits: {len(data)} bytes where {-(-bits // 8)} belong")
    words = np.frombuffer(bytes(data) + bytes(-len(data) % 8), dtype="<u8").astype(np.uint64)
    values = np.zeros(n, np.uint64)
    if bits and not _unpack(words, wide, values):
        raise CorruptError("packed bits end too early")
    return values
