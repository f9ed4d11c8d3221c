"""Numbers that sum up a record: ratios to the best, means by kind, who dominates whom."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.measure import Row
from benchmarks.peers import OURS
from benchmarks.record import ArrayRecord, Record

SLACK = 1.02  # others bound the error before they round to float32, which is forgiven here


def ours(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of this library."""
    return [row for row in rows if row.family == OURS]


def others(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of other compressors, without those that missed their bound."""
    return [row for row in rows if row.family != OURS and not broken(row)]


def broken(row: Row) -> bool:
    """Return whether a bounded row was off by more than `SLACK` times its bound."""
    return row.bound is not None and row.error is not None and row.error > SLACK * row.bound


def smallest(rows: Iterable[Row]) -> Row | None:
    """Return the row of the fewest bytes."""
    return min(rows, key=lambda row: row.size, default=None)


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean; NaN of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(math.fsum(logs) / len(logs)) if logs else math.nan


def levels(record: Record) -> list[str]:
    """Return the names of our lossless rows, fastest level first."""
    return sorted({row.peer for array in record.arrays for row in ours(array.lossless())})


def ratio(array: ArrayRecord, level: str) -> float | None:
    """Return the size at one of our levels over the size of the best peer; None without either."""
    mine = next((row for row in array.lossless() if row.peer == level), None)
    best = smallest(others(array.lossless()))
    return None if mine is None or best is None else mine.size / best.size


def ratios(record: Record, group: str, level: str) -> dict[str, list[float]]:
    """Return `ratio` of each real array of a group, by kind."""
    kinds: dict[str, list[float]] = {}
    for array in record.arrays:
        value = ratio(array, level)
        if array.real and array.group == group and value is not None:
            kinds.setdefault(array.kind, []).append(value)
    return kinds


def mean(record: Record, group: str, level: str) -> float:
    """Return the geometric mean of `ratio` over the real arrays of a group; NaN without any."""
    kinds = ratios(record, group, level).values()
    return geometric_mean(value for values in kinds for value in values)


def growth(old: Record, new: Record, group: str) -> dict[str, float]:
    """Return, for each of our levels, the geometric mean of new over old sizes of a group.

    Only real arrays of the same samples count, and among them those that have the level in both.
    """
    changes: dict[str, list[float]] = {}
    for before in old.arrays:
        after = new.array(before.name)
        same = after is not None and after.checksum == before.checksum
        if after is None or not same or not before.real or after.group != group:
            continue
        sizes = {row.peer: row.size for row in ours(before.lossless())}
        for row in ours(after.lossless()):
            if row.peer in sizes:
                changes.setdefault(row.peer, []).append(row.size / sizes[row.peer])
    return {level: geometric_mean(changes[level]) for level in sorted(changes)}


@dataclass(frozen=True)
class Dominance:
    """Who is smaller and faster than whom, over the real arrays that were timed.

    Attributes
    ----------
    pairs : int
        Pairs of an array and a setting of another compressor.
    decode, encode, both : int
        Those of them where some level of ours is smaller and faster to decode; to encode; both.
    levels : int
        Pairs of an array and a level of ours.
    dominated : tuple of (array, level, peer)
        Those of them where another compressor is smaller and faster both ways, and the smallest
        that is.
    """

    pairs: int
    decode: int
    encode: int
    both: int
    levels: int
    dominated: tuple[tuple[str, str, str], ...]


def dominance(record: Record) -> Dominance:
    """Count over all lossless rows of the real arrays that were timed."""
    pairs = decode = encode = both = levels = 0
    dominated: list[tuple[str, str, str]] = []
    for array in record.arrays:
        rows = [row for row in array.lossless() if math.isfinite(row.encode + row.decode)]
        mine, theirs = ours(rows), others(rows)
        if not array.real or not mine:
            continue
        for row in theirs:
            pairs += 1
            less = [one for one in mine if one.size < row.size]
            decode += any(one.decode < row.decode for one in less)
            encode += any(one.encode < row.encode for one in less)
            both += any(_dominates(one, row) for one in less)
        for row in mine:
            levels += 1
            better = smallest(one for one in theirs if _dominates(one, row))
            if better is not None:
                dominated.append((array.name, row.peer, better.peer))
    return Dominance(pairs, decode, encode, both, levels, tuple(dominated))


def _dominates(one: Row, other: Row) -> bool:
    """Whether a row is smaller, and faster both ways, than another."""
    return one.size < other.size and one.encode < other.encode and one.decode < other.decode
