"""The static plane model: one learned density for the residuals of a plane.

A residual is a token (its high bits, coded with one integer table) and plain low bits. Nothing
depends on samples decoded before, so decoding runs through the coder's lanes.

Parameters: the set of axes of `compress.prediction.static.lorenzo`, the number of low bits, whether
a symbol is two tokens (see `compress.prediction.static.pairs`), then the integers of the table.
Data: the type of the decoded plane, the number of words, how many residuals are listed and their
bits where pairs have an escape, the words, the low bits as `compress.prediction.common.low` lays
them out, the listed residuals. Residuals, sums and samples are counted modulo what the type of the
plane holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from compress.coders import default_lanes, open_lanes, pack_bits, unpack_bits
from compress.coders import encode as encode_words
from compress.coders.lanes import DONE
from compress.errors import CorruptError
from compress.prediction.common.entropy import TABLE_SIZE, order0_bits, plane_bits, token_shift
from compress.prediction.common.low import as_words, take_low_bits
from compress.prediction.demand import Demand
from compress.prediction.kept import once
from compress.prediction.model import MOST, NARROW, NarrowPlane, Parameters, Plane
from compress.prediction.static.kernel import Pairs, decode_residuals
from compress.prediction.static.lorenzo import axis_sets, differences, sums
from compress.prediction.static.pairs import joined, pair_up
from compress.prediction.static.tokens import coarser, sum_up
from compress.sampling import thinned, window
from compress.tables import TableSet, count_densest, count_symbols, fit_counts, read_table

__all__ = ["CODE", "NAME", "decode", "encode", "propose"]

CODE = 0
NAME = "static"
KNOWS_HOLES = False
FITS_ON_A_PART = False

_SAMPLE = 1 << 14
_WINDOWS = 16
_TERMS_FROM = 1 << 14
_COUNT_BYTES = 4
_MOST_BITS = 64
# Symbols that are tokens.
_SINGLE = Pairs(0, 0, -1, np.empty(0, np.int64))
# Bits that a nanosecond of decoding is worth where tokens are chosen, at levels that choose them.
_PRICES = {1: 2e-2, 2: 1e-2}


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters | None:
    """Learn axes, low bits and table; every plane can be coded."""
    del holes
    axes = _choose_axes(plane)
    residual = differences(plane, axes).ravel()
    low_bits = _low_bits(residual)
    # Terms take a while to fit, which small planes and fast levels do not repay.
    fourier = level >= 3 and plane.size >= _TERMS_FROM
    tokens = residual >> low_bits if low_bits else residual
    low, counts, outside = count_densest(tokens, TABLE_SIZE)
    more, paired = coarser(low, counts, outside, low_bits, _PRICES.get(level, 0.0))
    if more:
        low, counts, low_bits = low >> more, sum_up(low, counts, more), low_bits + more
    table = fit_counts(low, counts, outside, fourier=fourier)
    return (axes, low_bits, int(paired), *table.to_integers())


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    axes, low_bits, paired, table = _parse(parameters, plane.ndim)
    residual = differences(plane, axes).ravel()
    if paired:
        bits, _, pairs = once(parameters, "pairs", lambda: joined(table))
        head, words, listed = _encode_pairs(residual, low_bits, table, bits, pairs)
    else:
        head, words, listed = (
            b"",
            encode_words(residual >> low_bits if low_bits else residual, table),
            b"",
        )
    packed = np.zeros((residual.size * low_bits >> 6) + 2, np.uint64)
    with np.errstate(over="ignore"):
        if not take_low_bits(residual, low_bits, packed):
            raise AssertionError("the packed size was computed wrongly")
    low = packed.astype("<u8", copy=False).view(np.uint8)[: (residual.size * low_bits + 7) // 8]
    head = bytes([_width(plane)]) + len(words).to_bytes(_COUNT_BYTES, "little") + head
    return b"".join([head, words.astype("<u4", copy=False).data, low.data, listed])


def _encode_pairs(
    residual: NDArray[np.int64], low_bits: int, table: TableSet, bits: int, pairs: TableSet
) -> tuple[bytes, NDArray[np.uint32], bytes]:
    """Give what stands before the words, the words, and the residuals outside the table."""
    symbols = np.empty((residual.size + 1) // 2, np.int16)
    escapes = bool(table.escape[0])
    low, size = int(table.low[0]), len(table.cumulative) - 1 - escapes
    listed = np.empty(residual.size >> 8, np.int64)
    with np.errstate(over="ignore"):
        found = pair_up(residual, low_bits, low, size, escapes, bits, symbols, listed)
        if found > listed.size:
            listed = np.empty(found, np.int64)
            pair_up(residual, low_bits, low, size, escapes, bits, symbols, listed)
    if found < 0:
        raise ValueError("a residual lies outside a table that has no escape")
    words = encode_words(symbols, pairs)
    if not escapes:
        return b"", words, b""
    listed = listed[:found]
    folded = ((listed << 1) ^ (listed >> 63)).view(np.uint64)
    width = int(folded.max(initial=0)).bit_length()
    head = found.to_bytes(_COUNT_BYTES, "little") + bytes([width])
    return head, words, pack_bits(folded, width)


def _width(plane: Plane) -> int:
    """Place in `NARROW` of the narrowest type that holds all samples."""
    low, high = int(plane.min()), int(plane.max())
    return next(
        i
        for i, dtype in enumerate(NARROW)
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max
    )


def decode(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> NarrowPlane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    axes, low_bits, paired, table = _parse(parameters, len(shape))
    n = prod(shape)
    found = width = 0
    begin = 1 + _COUNT_BYTES
    if paired and table.escape[0]:
        found = int.from_bytes(data[begin : begin + _COUNT_BYTES], "little")
        width = data[begin + _COUNT_BYTES] if len(data) > begin + _COUNT_BYTES else 0
        begin += _COUNT_BYTES + 1
    words_end = begin + 4 * int.from_bytes(data[1 : 1 + _COUNT_BYTES], "little")
    end = words_end + (n * low_bits + 7) // 8
    if (
        len(data) != end + (found * width + 7) // 8
        or data[0] >= len(NARROW)
        or found > n
        or width > _MOST_BITS
    ):
        raise CorruptError(f"a plane of {n} samples is coded in {len(data)} bytes, which cannot be")
    words = np.empty((words_end - begin) // 4 + 1, np.uint32)
    words[:-1] = np.frombuffer(data[begin:words_end], "<u4")
    words[-1] = 0
    pairs = _SINGLE
    if paired:
        low, other = int(table.low[0]), len(table.cumulative) - 2 if table.escape[0] else -1
        folded = unpack_bits(data[end:], found, width)
        listed = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
        one = table
        token_bits, bits, table = once(parameters, "pairs", lambda: joined(one))
        entries = once(parameters, "entries", lambda: table.entries(bits))
        pairs = Pairs(token_bits, low, other, listed)
    else:
        bits, entries = table.lookup
    lanes = open_lanes(words, default_lanes((n + 1) // 2 if paired else n))
    residual: NarrowPlane = np.empty(n, NARROW[data[0]])
    # Where samples follow one another, they are added up while they are at hand.
    adding = axes == 1 and n == shape[0]
    with np.errstate(over="ignore"):  # wraps, compiled or not
        status = decode_residuals(
            words, *lanes, table.cumulative, table.start, table.low, table.escape,
            entries, bits, pairs, as_words(data[words_end:end]), low_bits, adding, residual,
        )  # fmt: skip
    if status != DONE:
        raise CorruptError(f"the words are not the code of {n} residuals")
    return sums(residual.reshape(shape), 0 if adding else axes)


def _parse(parameters: Parameters, n_dimensions: int) -> tuple[int, int, bool, TableSet]:
    integers = iter(parameters)
    axes, low_bits, paired = (next(integers, -1) for _ in range(3))
    if not (0 <= axes < 1 << n_dimensions and 0 <= low_bits <= 63 and 0 <= paired <= 1):
        raise CorruptError(f"a static model has axes {axes}, {low_bits} low bits, pairs {paired}")
    table = once(parameters, "table", lambda: _read_whole_table(integers))
    return axes, low_bits, bool(paired), table


def _read_whole_table(integers: Iterator[int]) -> TableSet:
    table = read_table(integers, TABLE_SIZE)
    if next(integers, None) is not None:
        raise CorruptError("a static model has more parameters than it uses")
    return table


def _choose_axes(plane: Plane) -> int:
    """Choose the set of axes whose residuals cost least, by windows from all over a plane."""
    if plane.size <= 2 * _SAMPLE or plane.ndim == 0:
        windows = [plane]
    else:
        windows = [window(plane, _SAMPLE // _WINDOWS, i, _WINDOWS) for i in range(_WINDOWS)]
    return min(axis_sets(plane.ndim), key=lambda axes: _residual_bits(windows, axes, plane.size))


def _residual_bits(windows: list[Plane], axes: int, total: int) -> float:
    """Estimated code length per residual, of those that windows have all neighbours for."""
    residuals = []
    for part in windows:
        inner = tuple(slice(axes >> axis & 1, None) for axis in range(part.ndim))
        residuals.append(differences(part, axes)[inner].ravel())
    found = np.concatenate(residuals)
    return order0_bits(found, total) if found.size else np.inf


def _low_bits(residual: NDArray[np.int64]) -> int:
    """Bits below the token: what codes a sample of the residuals best."""
    # Tables begin a margin below the largest int64; one low bit brings anything below that.
    near_end = int(residual.max()) >> 62 == 1
    return max(int(near_end), token_shift(thinned(residual, _SAMPLE), residual.size))


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes."""
    del parameters
    return 2.8


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that encoding takes."""
    del parameters
    return 17.0


def demand(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    n = prod(shape)
    # Tables of 4096 symbols and 64 terms take 0.9 ms; pairs and look-ups 0.05 and 0.5 MiB.
    symbols = min(count_symbols(parameters[3:]), TABLE_SIZE)
    return Demand(1e5 + 250.0 * symbols + 20.0 * n, 8 * n + 2 * len(data) + (1 << 20))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Estimate the bits that ``total`` samples take at least, of which the plane is a part."""
    return plane_bits(plane, total, most)
