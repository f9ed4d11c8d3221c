"""Plain structures: what planners of several compressors find at once, or ought to."""

from __future__ import annotations

import argparse
import functools
import inspect as sources

import numpy as np

from benchmarks.structures.structure import (
    Array,
    Generator,
    Registry,
    coin,
    geometric,
    lengths,
    normal,
    strata,
    uniform,
)

PLAIN = Registry("plain")

JITTER, GAP, LONGEST = uniform(997, 7), 1e-3, 1 << 20
COLUMNS, DENSITY = 5000, 4e-4
USERS, PACE = 20, 16


@PLAIN.add(coin(GAP) + (1 - GAP) * JITTER.entropy + GAP * float(np.log2(LONGEST)))
def jittered_times(n: int, generator: Generator) -> Array:
    """Time stamps every 1000 with jitter of +-3 and rare long gaps.

    The steps are independent: whether it is a gap, then which of the equally likely lengths.
    """
    steps = JITTER(generator, n)
    gaps = strata(generator, n) < GAP
    steps[gaps] = generator.integers(1000, 1000 + LONGEST, int(gaps.sum()))
    return 1_600_000_000_000 + np.cumsum(steps)


@PLAIN.add()
def linear_pieces(n: int, generator: Generator) -> Array:
    """Ramps between knots, rounded to integers."""
    knots = np.cumsum(lengths(generator, n, 1000))
    heights = generator.integers(-1_000_000, 1_000_001, knots.size + 1)
    return np.rint(np.interp(np.arange(n), np.append(0, knots), heights)).astype(np.int32)


SENSOR = normal(10)


@PLAIN.add(SENSOR.entropy)
def sensors_in_turn(n: int, generator: Generator) -> Array:
    """Four sensors in turn in one column, one decimal.

    Each walks by independent steps.
    """
    rows = n // 4 + 1
    walks = np.cumsum(SENSOR(generator, 4 * rows).reshape(rows, 4), axis=0)
    return np.round((np.array([200, 550, 3000, 10130]) + walks) / 10, 1).ravel()[:n]


@PLAIN.add(0.0)
def wrapping_step(n: int, generator: Generator) -> Array:
    """Modulo 2^32, a constant step."""
    start, step = generator.integers(1 << 30, 1 << 31, 2, dtype=np.uint64)
    values: Array = start + step * np.arange(n, dtype=np.uint64)
    return values.astype(np.uint32)


@PLAIN.add(float(np.log2(USERS) + np.log2(PACE)))
def sessions(n: int, generator: Generator) -> Array:
    """Time stamps of several users' sessions, interleaved.

    Which user and how much later are independent and uniform.
    """
    user = uniform(0, USERS)(generator, n)
    later = generator.integers(1, PACE + 1, n)
    stamps = np.empty(n, np.int64)
    for k in range(USERS):
        mine = user == k
        stamps[mine] = k * 10_000_000 + np.cumsum(later[mine])
    return stamps


@PLAIN.add()
def source_text(n: int, generator: Generator) -> Array:
    """Source text of Python's standard library with long repeats."""
    text = b"".join(sources.getsource(module).encode() for module in (argparse, functools, sources))
    text = text[: 3 * n // 5]
    parts, size = [text], len(text)
    while size < n:
        start = int(generator.integers(0, max(1, len(text) - 2000)))
        parts.append(text[start : start + int(generator.integers(300, 2000))])
        size += len(parts[-1])
    return np.frombuffer(b"".join(parts)[:n], np.uint8)


HEIGHTS = 6000


@PLAIN.add(float(np.log2(HEIGHTS)) / 250)
def equal_runs(n: int, generator: Generator) -> Array:
    """250 equal samples at a time."""
    values = generator.integers(-HEIGHTS // 2, HEIGHTS // 2, n // 250 + 1).astype(np.int16)
    return np.repeat(values, 250)[:n]


GAPS = geometric(1 / DENSITY - 1, 1)


@PLAIN.add(GAPS.folded(COLUMNS).entropy)
def sparse_columns(n: int, generator: Generator) -> Array:
    """Column indices of a sparse matrix, row after row.

    Each element is there with the same probability, so the column advances, modulo the number
    of columns, by independent geometric steps.
    """
    return (np.cumsum(GAPS(generator, n)) % COLUMNS).astype(np.int32)
