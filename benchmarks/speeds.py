"""What a level promises, beside the peer that sets its bar: ``python -m benchmarks speeds``.

Size, encoding and decoding of both, in turns, one thread each, in processor time; medians. A ratio
is ours over the peer's, and a cross marks the one that is above its bar.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from math import inf
from statistics import median
from typing import NamedTuple

import numpy as np
from rich.table import Table

from benchmarks import arrays, peers
from benchmarks.console import OUT
from benchmarks.errors import MissingArrayError
from benchmarks.peers.peer import Array, Job

__all__ = ["BARS", "Bar", "Measured", "against", "report"]

_ROUNDS = 7
# Shorter arrays are timed by what surrounds the samples.
_SHORTEST = 50_000
_SYNTHETIC = 1 << 24
_PICTURES = ("photo grey", "photo RGB", "medical", "astronomy")
_SIGNALS = ("audio", "signal")


class Bar(NamedTuple):
    """What a level is held to: the most that its ratios to a peer may be, on some kinds of arrays.

    Attributes
    ----------
    level : int
    peer : str
    kinds : tuple of str
        Kinds of arrays; none for all arrays of one axis, and generated ones.
    size, encode, decode : float
        Ratios.
    encode_ns, decode_ns : float
        The most nanoseconds a sample, whatever the peer takes.
    names : tuple of str
        The only arrays, where there are any.
    """

    level: int
    peer: str
    kinds: tuple[str, ...]
    size: float = inf
    encode: float = inf
    decode: float = inf
    encode_ns: float = inf
    decode_ns: float = inf
    names: tuple[str, ...] = ()


BARS = (
    Bar(1, "pcodec 8", (), 1.0, 1.0, 1.3),
    # 5,000 samples in 1.5 and 0.5 ms.
    Bar(1, "pcodec 8", ("price",), encode_ns=300.0, decode_ns=100.0, names=("eurusd_close",)),
    Bar(2, "JPEG-LS", _PICTURES, 1.0, 1.0, 1.0),
    Bar(2, "FLAC 5", _SIGNALS, 1.0, 1.5, 1.5),
    Bar(2, "fpzip", ("grid",), 1.0, 1.0, 1.0),
    Bar(3, "JPEG XL e3", _PICTURES, 1.0, 1.0, 1.0),
    Bar(3, "FLAC 8", _SIGNALS, 0.97, decode_ns=40.0),
    Bar(4, "JPEG XL e7", _PICTURES, 1.0, 1.0, 1.2),
    Bar(4, "FLAC 8", _SIGNALS, 0.94, decode_ns=80.0),
)


class Measured(NamedTuple):
    """Bytes, and nanoseconds a sample to encode and to decode."""

    size: int
    encode: float
    decode: float


def against(array: Array, level: int, peer: str) -> tuple[Measured, Measured] | None:
    """Measure a level and a peer on an array, in turns; None where the peer does not take it."""
    every = {one.name: one for one in peers.every()}
    jobs = [every[name].prepare(array, None) for name in (f"compress {level}", peer)]
    if jobs[0] is None or jobs[1] is None:
        return None
    ours, theirs = _turns([jobs[0], jobs[1]], array.size)
    return ours, theirs


def _turns(jobs: Sequence[Job], samples: int) -> list[Measured]:
    coded = [job.encode(job.source) for job in jobs]
    spent: list[tuple[list[float], list[float]]] = [([], []) for _ in jobs]
    for _ in range(_ROUNDS):
        for job, data, (encoding, decoding) in zip(jobs, coded, spent, strict=True):
            encoding.append(_time(lambda job=job: job.encode(job.source)))
            decoding.append(_time(lambda job=job, data=data: job.decode(data)))
    return [
        Measured(len(data), median(encoding) / samples, median(decoding) / samples)
        for data, (encoding, decoding) in zip(coded, spent, strict=True)
    ]


def _time(work: Callable[[], object]) -> float:
    begin = time.thread_time_ns()
    work()
    return float(time.thread_time_ns() - begin)


def _generated() -> Iterator[tuple[str, Array]]:
    generator = np.random.default_rng(0)
    noise = np.rint(300 * generator.standard_normal(_SYNTHETIC))
    yield "noise, int16", noise.astype(np.int16)
    steps = np.rint(10 * generator.standard_normal(_SYNTHETIC)).astype(np.int32)
    yield "walk, int32", np.cumsum(steps, dtype=np.int32)
    prices = 100 + np.cumsum(generator.integers(-1, 2, _SYNTHETIC)) / 100
    yield "prices, float64", np.round(prices, 2)


def _arrays(bar: Bar) -> Iterator[tuple[str, Array]]:
    for entry in arrays.select():
        if (bar.kinds and entry.kind not in bar.kinds) or (
            bar.names and entry.name not in bar.names
        ):
            continue
        try:
            array = np.ascontiguousarray(arrays.load(entry.name))
        except MissingArrayError:
            continue
        if bar.kinds or (array.ndim == 1 and array.size >= _SHORTEST):
            yield entry.name, array
    if not bar.kinds:
        yield from _generated()


def report(levels: Sequence[int], names: Sequence[str] = ()) -> bool:
    """Print a table for every bar of some levels.

    Parameters
    ----------
    levels : sequence of int
    names : sequence of str
        Of the arrays to measure; all of the bars' kinds where there are none.

    Returns
    -------
    bool
        Whether all bars are held.
    """
    held = True
    for bar in BARS:
        if bar.level not in levels:
            continue
        table = Table("array", *_heads(bar))
        for name, array in _arrays(bar):
            if names and name not in names:
                continue
            with OUT.status(f"level {bar.level}, {name}"):
                found = against(array, bar.level, bar.peer)
            if found is None:
                continue
            cells, within = _row(bar, *found, array.size)
            held = held and within
            table.add_row(name, *cells)
        OUT.print(table)
    return held


def _heads(bar: Bar) -> Iterator[str]:
    limits = (bar.encode_ns, bar.decode_ns)
    yield f"level {bar.level}: bits"
    for word, most in zip(("encode", "decode"), limits, strict=True):
        yield f"{word}, ns" + _most(most)
    yield from (f"{bar.peer}: bits", "encode, ns", "decode, ns")
    ratios = (bar.size, bar.encode, bar.decode)
    for word, most in zip(("size", "encode", "decode"), ratios, strict=True):
        yield word + _most(most)


def _most(limit: float) -> str:
    return f" (<= {limit:g})" if limit < inf else ""


def _row(bar: Bar, ours: Measured, theirs: Measured, samples: int) -> tuple[list[str], bool]:
    """Give the cells of an array, and whether it is within the bar."""
    numbers = [
        (8 * ours.size / samples, inf, 3),
        (ours.encode, bar.encode_ns, 1),
        (ours.decode, bar.decode_ns, 1),
        (8 * theirs.size / samples, inf, 3),
        (theirs.encode, inf, 1),
        (theirs.decode, inf, 1),
        (ours.size / theirs.size, bar.size, 3),
        (ours.encode / theirs.encode, bar.encode, 3),
        (ours.decode / theirs.decode, bar.decode, 3),
    ]
    cells = [f"{number:.{places}f}{' x' * (number > most)}" for number, most, places in numbers]
    return cells, all(number <= most for number, most, _ in numbers)
