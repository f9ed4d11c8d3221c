"""What a level promises, beside the peer that sets its bar: ``python -m benchmarks speeds``.

Size, encoding and decoding of both, in turns, one thread each, in processor time; medians. A ratio
is ours over the peer's, and a cross marks the one that is above its bar.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
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
    """

    level: int
    peer: str
    kinds: tuple[str, ...]
    size: float
    encode: float
    decode: float


BARS = (
    Bar(1, "pcodec 8", (), 1.0, 1.0, 1.3),
    Bar(2, "JPEG-LS", _PICTURES, 1.0, 1.0, 1.0),
    Bar(2, "FLAC 5", _SIGNALS, 1.0, 1.5, 1.5),
    Bar(2, "fpzip", ("grid",), 1.0, 1.0, 1.0),
    Bar(3, "JPEG XL e3", _PICTURES, 1.0, 1.0, 1.0),
    Bar(3, "FLAC 8", _SIGNALS, 0.97, np.inf, np.inf),
    Bar(4, "JPEG XL e7", _PICTURES, 1.0, 1.0, 1.2),
    Bar(4, "FLAC 8", _SIGNALS, 0.94, np.inf, np.inf),
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
        if bar.kinds and entry.kind not in bar.kinds:
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
        table = Table("array", f"level {bar.level}: bits", "encode, ns", "decode, ns",
                      f"{bar.peer}: bits", "encode, ns", "decode, ns",
                      *(f"{word} (<= {most:g})" for word, most in zip(
                          ("size", "encode", "decode"), bar[3:], strict=True)))  # fmt: skip
        for name, array in _arrays(bar):
            if names and name not in names:
                continue
            with OUT.status(f"level {bar.level}, {name}"):
                found = against(array, bar.level, bar.peer)
            if found is None:
                continue
            ratios = [one / other for one, other in zip(*found, strict=True)]
            within = [ratio <= most for ratio, most in zip(ratios, bar[3:], strict=True)]
            held = held and all(within)
            table.add_row(name, *_cells(found[0], array), *_cells(found[1], array), *(
                f"{ratio:.3f}{'' if good else ' x'}"
                for ratio, good in zip(ratios, within, strict=True)))  # fmt: skip
        OUT.print(table)
    return held


def _cells(measured: Measured, array: Array) -> tuple[str, str, str]:
    bits = 8 * measured.size / array.size
    return f"{bits:.3f}", f"{measured.encode:.1f}", f"{measured.decode:.1f}"
