"""Strings: the number of each among the distinct ones, and characters by what they spell.

The last axis of a field of characters is a string, and what is before it counts strings. Where
strings recur, there is the index of each among the distinct ones, which are sorted by their
characters. The strings that are left, distinct or all, are written in one of three forms:

- ``PLAIN``: all their characters;
- ``SHARED``: how many characters each begins with as the string before it does, then the other
  ones, each string ended by a zero, without the zeros that pad it;
- ``NUMBERS``: columns of digits as decimal numbers, other columns as characters. What has no digit
  in one of these columns is set apart: such strings are marked, and their characters come last.

Parameters: whether strings are listed; the form; for ``SHARED`` the number of characters with the
zeros, for ``NUMBERS`` whether some strings are set apart, and then the columns, from the first on:
w for a number of w digits, -w for w columns of characters. Children: the indexes, if strings are
listed; then of each string the shared beginning, and the characters; or the mark, the numbers and
characters column by column, and the characters of those that are set apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from compress.errors import CorruptError
from compress.transforms.distinct import distinct_values, positions_of
from compress.transforms.ordered import from_plane, to_plane
from compress.transforms.step import (
    STAGE_HOLES,
    STAGE_NUMBERS,
    STAGE_WHOLE,
    Array,
    Child,
    Context,
    Found,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    found_on,
)

CODE = 40
NAME = "strings"
PLAIN, SHARED, NUMBERS = range(3)
TRAITS = Traits(
    STAGE_NUMBERS, variant=(0, 1), held_bytes=64, search_ns=5.0, encode_ns=40.0, decode_ns=30.0
)

# Distinct strings that are listed at most, and strings a distinct one from which on they are so in
# any case: 2 of these may be worth it, 8 always were in columns of tables.
MOST_LISTED, LEAST_RECURRENCE, SURE_RECURRENCE = 1 << 16, 2, 8
# Strings in which numbers are looked for, and the share of them that must have the digits.
SAMPLE, SHARE = 4096, 0.875
# Columns that the form of numbers takes apart at most, and digits that an int64 holds.
MOST_COLUMNS, MOST_DIGITS = 40, 18
_ZERO = ord("0")


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take characters."""
    return dtype.kind in "SU"


class _Strings(NamedTuple):
    """Rows of characters, and which of them each string is, where they are listed."""

    rows: Plane
    indexes: Plane | None


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for strings that recur, for shared beginnings, and for columns of digits."""
    del context
    if array.ndim == 0 or array.size < 2 * array.shape[-1] or array.shape[-1] == 0:
        return
    every = to_plane(array).reshape(-1, array.shape[-1])
    listed = _listed(every)
    if listed is not None:
        yield Found((1, PLAIN), array, listed)
        yield from _written(listed, array)
        if len(every) >= SURE_RECURRENCE * len(listed.rows):
            return
    yield from _written(_Strings(every, None), array)


def _written(strings: _Strings, array: Array) -> Iterator[Parameters]:
    """Give the other forms of some strings."""
    is_listed = int(strings.indexes is not None)
    shared = _shared(strings.rows)
    total = 0 if shared is None else shared[1].size
    if shared is not None and total <= array.size:
        yield Found((is_listed, SHARED, total), array, strings)
    columns = _columns(strings.rows)
    if columns is not None:
        bad = int(not _have_digits(strings.rows, columns).all())
        yield Found((is_listed, NUMBERS, bad, *columns), array, strings)


def _listed(every: Plane) -> _Strings | None:
    """List the distinct rows, sorted; None where they are too many."""
    most = min(MOST_LISTED, len(every) // LEAST_RECURRENCE)
    keys, is_whole = _keys(every)
    distinct = distinct_values(keys, most)
    if distinct is None or (numbers := positions_of(keys, distinct)) is None:
        return None
    first = np.empty(distinct.size, np.int64)
    first[numbers[::-1]] = np.arange(len(every) - 1, -1, -1)
    rows = every[first]
    # Two strings may have one hash.
    if not is_whole and not np.array_equal(rows[numbers], every):
        return None
    order = np.lexsort(rows.T[::-1])
    ranks = np.empty_like(order)
    ranks[order] = np.arange(order.size)
    return _Strings(np.ascontiguousarray(rows[order]), ranks[numbers])


def _keys(every: Plane) -> tuple[Plane, bool]:
    """Give an integer for each row, and whether it says all of it or is a hash."""
    bits = max(1, int(every.max()).bit_length())
    is_whole = every.shape[1] * bits < 64
    with np.errstate(over="ignore"):
        keys = np.zeros(len(every), np.uint64)
        for column in every.T:
            if is_whole:
                keys = keys << np.uint64(bits) | column.astype(np.uint64)
            else:
                keys = (keys ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
                keys ^= keys >> np.uint64(29)
    return keys.view(np.int64), is_whole


def _shared(rows: Plane) -> tuple[Plane, Plane] | None:
    """Give how much each row shares with the one before it, and the other characters.

    None where a zero stands before another character.
    """
    lengths = np.count_nonzero(rows, axis=1)
    inside = np.arange(rows.shape[1]) < lengths[:, np.newaxis]
    if not np.array_equal(inside, rows != 0):
        return None
    differ = np.ones((len(rows), rows.shape[1] + 1), np.bool_)
    np.not_equal(rows[1:], rows[:-1], out=differ[1:, :-1])
    shared = np.argmax(differ, axis=1)
    shared[:1] = 0
    shared = np.minimum(shared, lengths)
    ended = np.zeros((len(rows), rows.shape[1] + 1), np.int64)
    ended[:, :-1] = rows
    places = np.arange(rows.shape[1] + 1)
    kept = (places >= shared[:, np.newaxis]) & (places <= lengths[:, np.newaxis])
    return shared, ended[kept]


def _unshared(shared: Plane, characters: Plane, width: int) -> Plane:
    """Undo `_shared`."""
    ends = np.flatnonzero(characters == 0)
    if ends.size != shared.size or (ends.size and ends[-1] != characters.size - 1):
        raise CorruptError(f"{NAME}: {ends.size} ends in the characters of {shared.size} strings")
    own = np.diff(ends, prepend=-1) - 1
    # Differences of int64 that are within bounds do not overflow.
    good = (shared >= 0) & (shared <= width)
    if not good.all() or np.any(shared + own > width):
        raise CorruptError(f"{NAME}: a string is longer than {width} characters")
    rows = np.zeros((shared.size, width), np.int64)
    starts = ends - own
    places = np.arange(characters.size) - np.repeat(starts - shared, own + 1)
    kept = characters != 0
    rows[np.repeat(np.arange(shared.size), own + 1)[kept], places[kept]] = characters[kept]
    # A shared character is that of the last string above that has its own, or ends, there.
    numbers = np.arange(shared.size)
    for column in range(int(shared.max(initial=0))):
        above = np.maximum.accumulate(np.where(shared > column, 0, numbers))
        rows[:, column] = rows[above, column]
    return rows


def _columns(rows: Plane) -> Parameters | None:
    """Give the columns of the form of numbers, or None where there is no number."""
    sample = rows[:: max(1, len(rows) // SAMPLE)]
    digits = (sample >= _ZERO) & (sample < _ZERO + 10)
    usual = digits.mean(axis=0) >= SHARE
    columns: list[int] = []
    for is_number, places in groupby(usual.tolist()):
        width = len(list(places))
        while is_number and width > MOST_DIGITS:
            columns.append(MOST_DIGITS)
            width -= MOST_DIGITS
        columns.append(width if is_number else -width)
    if max(columns) < 2 or len(columns) > MOST_COLUMNS or digits[:, usual].all(1).mean() < SHARE:
        return None
    return tuple(columns)


def _have_digits(rows: Plane, columns: Parameters) -> Any:
    """Whether each row has digits wherever these columns have numbers."""
    is_number = np.repeat(np.array(columns) > 0, np.abs(columns))
    numbers = rows[:, is_number]
    return ((numbers >= _ZERO) & (numbers < _ZERO + 10)).all(axis=1)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the indexes, and the strings in their form."""
    is_listed, form = parameters[:2]
    strings: _Strings | None = found_on(parameters, array)
    if strings is None:
        every = to_plane(array).reshape(-1, array.shape[-1])
        strings = _listed(every) if is_listed else _Strings(every, None)
    if strings is None:
        return None
    children = _children(strings.rows, form, parameters[2:])
    if children is None or strings.indexes is None:
        return children
    indexes = strings.indexes.reshape(array.shape[:-1])
    sides = [child._replace(role="side") for child in children]
    return Child(indexes, next_stage=STAGE_HOLES), *sides


def _children(rows: Plane, form: int, rest: Parameters) -> tuple[Child, ...] | None:
    if form == PLAIN:
        return (Child(rows, next_stage=STAGE_HOLES),)
    if form == SHARED:
        shared = _shared(rows)
        if shared is None or (shared[1].size,) != rest:
            return None
        # The order of characters says little: what is for numbers does not suit them.
        return Child(shared[0], "side", next_stage=STAGE_WHOLE), Child(shared[1])
    is_apart, *columns = rest
    good = _have_digits(rows, tuple(columns))
    if not is_apart and not good.all():
        return None
    kept = rows
    if is_apart:
        # In their place stands the last good one, so that neighbours stay neighbours.
        kept = rows[np.maximum.accumulate(np.where(good, np.arange(len(rows)), np.argmax(good)))]
    children = [Child((~good).astype(np.int64), "mask", next_stage=STAGE_WHOLE)] * is_apart
    place = 0
    for width in columns:
        part = kept[:, place : place + abs(width)]
        place += abs(width)
        plane = _as_number(part) if width > 0 else np.ascontiguousarray(part)
        children.append(Child(plane, "channel", next_stage=STAGE_HOLES))
    if is_apart:
        children.append(Child(rows[~good], "side"))
    return tuple(children)


def _as_number(digits: Plane) -> Plane:
    number = np.zeros(len(digits), np.int64)
    for column in digits.T:
        number = 10 * number + (column - _ZERO)
    return number


def _as_digits(number: Plane, width: int) -> Plane:
    if number.size and not 0 <= int(number.min()) <= int(number.max()) < 10**width:
        raise CorruptError(f"{NAME}: a number has more than {width} digits")
    rest = number.astype(np.int64)
    digits = np.empty((number.size, width), np.int64)
    for place in range(width - 1, -1, -1):
        rest, digits[:, place] = np.divmod(rest, 10)
    return digits + _ZERO


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Write the strings, and look the indexes up."""
    if not accepts(dtype) or not shape:
        raise CorruptError(f"{NAME}: not for {dtype}{shape}")
    if len(parameters) < 2:
        raise CorruptError(f"{NAME}: {len(parameters)} parameters")
    check_parameters(NAME, parameters[:2], (0, 1), (PLAIN, NUMBERS))
    is_listed, form = parameters[:2]
    count, width = math.prod(shape[:-1]), shape[-1]
    indexes = None
    if is_listed:
        indexes = read(shape[:-1]).reshape(-1)
        most, count = count, int(indexes.max(initial=-1)) + 1
        if count > most or int(indexes.min(initial=0)) < 0:
            raise CorruptError(f"{NAME}: an index is outside what {most} strings can have")
    rows = _read_rows(read, count, width, form, parameters[2:])
    characters = from_plane(rows, dtype)
    return (characters if indexes is None else characters[indexes]).reshape(shape)


def _read_rows(read: Read, count: int, width: int, form: int, rest: Parameters) -> Plane:
    if form == PLAIN:
        check_parameters(NAME, rest)
        return read((count, width))
    if form == SHARED:
        check_parameters(NAME, rest, (count, count * (width + 1)))
        shared = read((count,))
        return _unshared(shared, read(rest), width)
    check_parameters(NAME, rest[:1], (0, 1))
    is_apart, *columns = rest
    known = all(-width <= one <= MOST_DIGITS and one for one in columns)
    if not known or len(columns) > MOST_COLUMNS or sum(map(abs, columns)) != width:
        raise CorruptError(f"{NAME}: impossible columns {columns[:MOST_COLUMNS]}")
    good = np.ones(count, np.bool_)
    if is_apart:
        mark = read((count,))
        if mark.size and not 0 <= int(mark.min()) <= int(mark.max()) <= 1:
            raise CorruptError(f"{NAME}: a mark that is neither 0 nor 1")
        good = mark == 0
    rows = np.empty((count, width), np.int64)
    place = 0
    for one in columns:
        if one > 0:
            rows[:, place : place + one] = _as_digits(read((count,)), one)
        else:
            rows[:, place : place - one] = read((count, -one))
        place += abs(one)
    if is_apart:
        rows[~good] = read((int(np.count_nonzero(~good)), width))
    return rows
