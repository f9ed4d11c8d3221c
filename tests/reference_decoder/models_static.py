"""The plane models `plain` and `static`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.coding import (
    WHOLE,
    Table,
    read_words,
    symbols,
    unfolded,
    unpack,
    unpack_columns,
    usual_lanes,
    wrap,
)
from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.tables import read_table, take

__all__ = ["decode_plain", "decode_static"]

Plane = NDArray[np.int64]
Shape = tuple[int, ...]


def decode_plain(parameters: Iterator[int], reader: Reader, shape: Shape) -> Plane:
    """Bits as they are."""
    bits = take(parameters, 0, 64)
    low = next(parameters, -(1 << bits - 1) if bits else 0)
    n = prod(shape)
    data = reader.take((n * bits + 7) // 8)
    if bits == 64:
        values = [int.from_bytes(data[8 * i : 8 * i + 8], "little") for i in range(n)]
    else:
        values = unpack_columns(data, n, bits)
    return np.array([wrap(value + low) for value in values], np.int64).reshape(shape)


def decode_static(parameters: Iterator[int], reader: Reader, shape: Shape) -> Plane:
    """One table for all samples."""
    axes = take(parameters, 0, (1 << len(shape)) - 1)
    low_bits = take(parameters, 0, 63)
    paired = take(parameters, 0, 1)
    table = read_table(parameters, 4096)
    n = prod(shape)
    kind = reader.take(1)[0]
    if kind > 2:
        raise RefusedError("no such type of samples")
    count = int.from_bytes(reader.take(4), "little")
    listed = width = 0
    if paired and table.escape:
        listed = int.from_bytes(reader.take(4), "little")
        width = reader.take(1)[0]
        if listed > n or width > 64:
            raise RefusedError("more residuals are listed than there are")
    words = read_words(reader, count)
    low = unpack_columns(reader.take((n * low_bits + 7) // 8), n, low_bits)
    folded = unpack(reader.take((listed * width + 7) // 8), listed, width)
    if paired:
        residuals = _of_pairs(words, table, low, low_bits, folded)
    else:
        tokens = symbols(words, table, n, usual_lanes(n))
        residuals = [(token << low_bits) + bits for token, bits in zip(tokens, low, strict=True)]
    plane = np.array([wrap(residual) for residual in residuals], np.int64).reshape(shape)
    for axis in range(len(shape)):
        if axes >> axis & 1:
            plane = np.cumsum(plane, axis=axis, dtype=np.int64)
    wrapped = plane.astype((np.int16, np.int32, np.int64)[kind])
    return np.ascontiguousarray(wrapped.astype(np.int64))


def _of_pairs(
    words: list[int], table: Table, low: list[int], low_bits: int, folded: list[int]
) -> list[int]:
    slots = len(table.cumulative) - 1
    if slots > 64:
        raise RefusedError("a table of pairs would be too large")
    bits = max(1, (slots - 1).bit_length())
    n = len(low)
    each = (n + 1) // 2
    pairs = symbols(words, _table_of_pairs(table, bits), each, usual_lanes(each))
    tokens = [slot for pair in pairs for slot in (pair >> bits, pair & (1 << bits) - 1)][:n]
    listed, out = iter(folded), []
    for slot, bits_below in zip(tokens, low, strict=True):
        if table.escape and slot == slots - 1:
            number = next(listed, None)
            if number is None:
                raise RefusedError("fewer residuals are listed than there are escapes")
            out.append(unfolded(number))
        else:
            out.append((table.low + slot << low_bits) + bits_below)
    if next(listed, None) is not None:
        raise RefusedError("more residuals are listed than there are escapes")
    return out


def _table_of_pairs(table: Table, bits: int) -> Table:
    side = 1 << bits
    c = list(table.cumulative) + [WHOLE] * (side + 1 - len(table.cumulative))
    p = []
    for f in range(side):
        for g in range(side):
            start = c[f] + ((c[f + 1] - c[f]) * c[g] >> 24)
            p.append(f * side + g + (start * (WHOLE - side * side) >> 24))
    p.append(WHOLE)
    cell = 1 << 11 if bits == 6 else 1 << 12
    rounded = list(p)
    for j in range(1, side * side):
        if p[j] - p[j - 1] >= 2 * cell and p[j + 1] - p[j] >= 2 * cell:
            rounded[j] = (p[j] + cell // 2) // cell * cell
    return Table(0, rounded, False)
