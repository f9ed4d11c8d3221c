"""Samples or rows that occurred before, at any distance: left out (Lempel and Ziv).

Text, blocks that come again, periodic samples, a table with rows seen before. Short repeats are
left to models that see contexts: a match must save more than it costs.

Parameters: whether units are samples or rows of the first axis; the length of the shortest match;
how many matches there are. Children: how many units stand before each match since the one before;
its length less the shortest one; its distance, 0 where it is that of the match before; the units
that no match holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import middle
from compress.transforms.matches import find_matches, fingerprints, number_rows, sources
from compress.transforms.sample import statistics_of
from compress.transforms.spread import mean_bits
from compress.transforms.step import (
    INT64,
    STAGE_HOLES,
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
    check_plane,
    found_on,
    is_plane,
)

CODE = 22
NAME = "matched"
SAMPLES, ROWS = 0, 1
MAX_LEAST = 1 << 10
# The shortest match saves about so many bits; longer ones leave more to models with contexts.
_LEAST_BITS, _LONGER = 28.0, 32
_SMALLEST = 64
# Units that cost no more bits need no matches.
_CHEAP = 0.25
_WINDOW = 1 << 12
# Share of units that matches must hold.
_SHARE = 0.05
# Share of pieces that must occur again before matches are looked for, by the bits of a unit: many
# narrow ones do so by chance, and models with contexts see them.
_AGAIN = ((3.0, 0.2), (math.inf, 0.02))
_MAX_SLOTS = 1 << 18
# Pieces that tell that share.
_LOOKED_AT = 1 << 14
# How often a piece counts at most.
_OFTEN = 1 << 6

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, search_ns=100.0, encode_ns=250.0, decode_ns=4.0)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for repeats of short pieces, then for what they amount to."""
    if array.size < _SMALLEST:
        return
    flat = array.reshape(-1)
    bits = _bits(middle(flat, _WINDOW), context.once(statistics_of, flat).counts)
    for unit in (ROWS, SAMPLES) if array.ndim > 1 and array.size > array.shape[0] else (SAMPLES,):
        units = _units(array, unit)
        each = bits * (array.size // max(units.size, 1))
        least = max(1, min(MAX_LEAST, math.ceil(_LEAST_BITS / max(each, _CHEAP))))
        if each < _CHEAP or units.size < _SMALLEST:
            continue
        if _recurring(units, least) <= next(share for most, share in _AGAIN if each < most):
            continue
        several = each < _LEAST_BITS and 2 * least <= _LONGER
        for length in (least, _LONGER) if several else (least,):
            matches = _matches(units, length)
            if int(matches[1].sum()) > _SHARE * units.size:
                yield Found((unit, length, matches[0].size), array, matches)


def _bits(window: Plane, counts: Plane) -> float:
    """Bits of a sample, about, by the change or under the distribution of all, by some counts."""
    change = 1 + mean_bits(np.diff(window))
    total = int(counts.sum())
    # Values that all differ say nothing of how many there may be.
    if counts.size > total // 4:
        return change
    return min(change, math.log2(total) - float(np.dot(counts, np.log2(counts))) / total)


def _recurring(units: Plane, least: int) -> float:
    """Share of pieces that occur again, by those whose fingerprint is one of a few."""
    length = min(least, _LONGER)
    few = max(1, (units.size - length + 1) // _LOOKED_AT)
    # The high bits: the low ones place pieces in the table of `find_matches`.
    room = np.empty(4 * _LOOKED_AT, np.int64)
    count = int(fingerprints(units, length, 31 - (few - 1).bit_length(), room))
    ordered = np.sort(room[:count].astype(np.int32))
    # A piece that is everywhere, such as a background, does not stand for all others.
    counts = np.diff(np.flatnonzero(np.diff(ordered)), prepend=-1, append=count - 1)
    if few > 1:
        counts = np.minimum(counts, _OFTEN)
    total = int(counts.sum())
    return (total - counts.size - 1) / max(total, 1)


def _keys(units: Plane, least: int) -> Plane:
    """Give the fingerprints of pieces that matches begin with."""
    length = min(least, _LONGER)
    keys = np.empty(max(units.size - length + 1, 0), np.int64)
    fingerprints(units, length, 31, keys)
    return keys


def _units(array: Array, unit: int) -> Plane:
    """Give a number for each unit, equal where they are."""
    if unit == SAMPLES:
        return array.reshape(-1)
    numbers = np.empty(array.shape[0], np.int64)
    number_rows(array.reshape(array.shape[0], -1), numbers)
    return numbers


def _matches(units: Plane, least: int) -> tuple[Plane, Plane, Plane]:
    most = units.size // least
    slots = 1 << min(units.size, _MAX_SLOTS).bit_length()
    head, before = np.full(slots, -1, np.int64), np.full(units.size, -1, np.int64)
    runs, lengths, distances = (np.empty(most, np.int64) for _ in range(3))
    work = np.empty((4, units.size + 1), np.int64)
    keys = _keys(units, least)
    count = int(find_matches(units, least, keys, head, before, work, runs, lengths, distances))
    return runs[:count], lengths[:count], distances[:count]


def _source(runs: Plane, lengths: Plane, distances: Plane, size: int, least: int) -> Plane | None:
    """Give the literal that each unit is, or none for matches that cannot be."""
    source = np.empty(size, np.int64)
    n_literals = size - int(lengths.sum())
    good = sources(runs, lengths, distances, n_literals, least, source)
    return source if good else None


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the matches and what is left."""
    unit, least, count = parameters
    if array.size == 0:
        return None
    rows = array if unit == ROWS else array.reshape(-1)
    runs, lengths, distances = found_on(parameters, array) or _matches(_units(array, unit), least)
    source = _source(runs, lengths, distances, len(rows), least)
    if runs.size != count or source is None:
        return None
    kept = np.ones(len(rows), np.bool_)
    kept[1:] = source[1:] > np.maximum.accumulate(source)[:-1]
    literals = np.ascontiguousarray(rows[kept])
    # Rows may differ though their numbers are equal.
    if unit == ROWS and not np.array_equal(np.take(literals, source, 0), rows):
        return None
    return (
        Child(runs, "side", next_stage=STAGE_HOLES),
        Child(lengths - least, "side", next_stage=STAGE_HOLES),
        Child(distances, "side", next_stage=STAGE_HOLES),
        Child(literals, next_stage=STAGE_HOLES),
    )


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Copy what occurred before."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters[:2], (SAMPLES, ROWS), (1, MAX_LEAST))
    if 0 in shape or (parameters[0] == ROWS and not shape):
        raise CorruptError(f"{NAME}: cannot make the shape {shape}")
    unit, least = parameters[:2]
    size = shape[0] if unit == ROWS else math.prod(shape)
    check_parameters(NAME, parameters[2:], (0, size // least))
    runs, lengths, distances = (read((parameters[2],)) for _ in range(3))
    if lengths.size and not 0 <= int(lengths.min()) <= int(lengths.max()) <= size - least:
        raise CorruptError(f"{NAME}: a match is not within the {size} units")
    lengths = lengths + least
    if lengths.size and (int(lengths.max()) * lengths.size > INT64[1] or lengths.sum() > size):
        raise CorruptError(f"{NAME}: matches are longer than the {size} units")
    source = _source(runs, lengths, distances, size, least)
    if source is None:
        raise CorruptError(f"{NAME}: a match is of nothing")
    rest = shape[1:] if unit == ROWS else ()
    literals = read((size - int(lengths.sum()), *rest))
    return np.take(literals, source, 0).reshape(shape)
