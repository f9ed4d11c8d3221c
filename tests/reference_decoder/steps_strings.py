"""Steps of arrays of strings, and of bounds that are relative to each sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import ldexp, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.samples import (
    Array,
    Plane,
    Read,
    Shape,
    from_ordered,
    need,
    ranged,
    set_apart,
    to_ordered,
)

__all__ = ["relative", "strings"]

Parameters = Sequence[int]

_PLAIN, _SHARED, _NUMBERS = range(3)
_MOST_DIGITS, _MOST_COLUMNS = 18, 40
_HIGHEST_POWER, _LOWEST_DECADE, _MOST_DECADES, _INFINITE = 308, 324, 4000, 1024
_EXACT = float(1 << 53)


def strings(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 40."""
    need(dtype.kind in "SU" and len(shape) >= 1 and len(p) >= 2, "strings")
    listed, form = ranged(p[0], 0, 1), ranged(p[1], _PLAIN, _NUMBERS)
    count, width = prod(shape[:-1]), shape[-1]
    indexes = None
    if listed:
        indexes = read(shape[:-1]).reshape(-1)
        most, count = count, int(indexes.max(initial=-1)) + 1
        need(count <= most and int(indexes.min(initial=0)) >= 0, "an index of a string")
    if form == _PLAIN:
        need(len(p) == 2, "strings")
        rows = read((count, width))
    elif form == _SHARED:
        need(len(p) == 3, "strings")
        ranged(p[2], count, count * (width + 1))
        shared = read((count,))
        rows = _unshared(shared.tolist(), read((p[2],)).tolist(), width)
    else:
        rows = _columns(read, count, width, p[2:])
    characters = from_ordered(rows, dtype)
    return (characters if indexes is None else characters[indexes]).reshape(shape)


def _unshared(shared: list[int], characters: list[int], width: int) -> Plane:
    rows = np.zeros((len(shared), width), np.int64)
    before, at = [0] * width, 0
    for row, count in zip(rows, shared, strict=True):
        need(0 <= count <= width and 0 in characters[at:], "a string without an end")
        end = characters.index(0, at)
        own = characters[at:end]
        need(count + len(own) <= width, "a string that is too long")
        before = [*before[:count], *own, *(0,) * (width - count - len(own))]
        row[:] = before
        at = end + 1
    need(at == len(characters), "characters behind the last string")
    return rows


def _columns(read: Read, count: int, width: int, p: Parameters) -> Plane:
    need(len(p) >= 1, "strings")
    apart, columns = ranged(p[0], 0, 1), p[1:]
    need(len(columns) <= _MOST_COLUMNS, "columns")
    need(all(column and column <= _MOST_DIGITS for column in columns), "a column")
    need(sum(map(abs, columns)) == width, "columns of another width")
    marks = read((count,)) if apart else np.zeros(count, np.int64)
    need(bool(((marks == 0) | (marks == 1)).all()), "a mark")
    rows = np.zeros((count, width), np.int64)
    place = 0
    for column in columns:
        size = abs(column)
        if column < 0:
            rows[:, place : place + size] = read((count, size))
        else:
            for row, number in zip(rows, read((count,)).tolist(), strict=True):
                need(0 <= number < 10**size, "a number of too many digits")
                row[place : place + size] = list(f"{number:0{size}d}".encode())
        place += size
    if apart:
        rows[marks == 1] = read((int(marks.sum()), width))
    return rows


def relative(read: Read, shape: Shape, dtype: np.dtype[Any], p: Parameters) -> Array:
    """Code 41."""
    need(dtype.kind in "fiu" and len(p) >= 5, "relative")
    kind = ranged(p[0], 0, 1)
    levels, lowest = ranged(p[1], 1, 15 if kind else 1 << 40), ranged(p[2], -(1 << 60), 1 << 60)

    def restore(main: Plane, good: NDArray[np.bool_]) -> Plane:
        del good
        size = np.abs(main) - np.int64(1) + np.int64(lowest)
        made = [_decimal(n, levels) if kind else _power(n, levels) for n in size.ravel().tolist()]
        numbers = np.array(made, np.float64).reshape(main.shape)
        numbers = np.where(main == 0, 0.0, np.where(main < 0, -numbers, numbers))
        if dtype.kind != "f":
            numbers = np.rint(numbers)
            low, high = float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
            inside = (numbers >= max(low, -_EXACT)) & (numbers <= min(high, _EXACT))
            numbers = np.where(inside, numbers, 0.0)
        return to_ordered(numbers.astype(dtype))

    return set_apart(read, shape, dtype, p[4:], restore)


def _power(number: int, levels: int) -> float:
    """2^(number / levels)."""
    octave, rest = divmod(number, levels)
    factor, root = 1.0, 2.0
    for _ in range(40):
        root = sqrt(root)
        rest = 2 * rest
        if rest >= levels:
            rest -= levels
            factor = factor * root
    return ldexp(factor, octave) if octave < _INFINITE else float("inf")


def _decimal(number: int, digits: int) -> float:
    """One of the decimal numbers of so many digits."""
    first = 10 ** (digits - 1)
    decade, rest = divmod(number, 9 * first)
    exponent = min(max(decade, 0), _MOST_DECADES) - _LOWEST_DECADE - (digits - 1)
    if exponent >= 0:
        return float(first + rest) * float(10 ** min(exponent, _HIGHEST_POWER))
    down = min(-exponent, _HIGHEST_POWER)
    return float(first + rest) / float(10**down) / float(10 ** (-exponent - down))
