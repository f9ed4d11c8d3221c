"""Speed beside the peers that set the bars: ``python -m benchmarks.speeds``.

Each pair is timed in turns, one thread each, in processor time; the medians are kept. Level 1
stands beside pcodec 12 on every array of one axis; levels 3, 5 and 8 beside JPEG XL's efforts 3, 7
and 10 on a photograph.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import imagecodecs
import numpy as np
import pcodec
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import compress
from benchmarks import arrays
from benchmarks.errors import MissingArrayError

_ROUNDS = 7
_SLOW_ROUNDS = 3
# Shorter arrays are timed by what surrounds the samples.
_SHORTEST = 50_000

Array = NDArray[Any]


def _turns(jobs: list[Callable[[], object]], rounds: int) -> list[float]:
    """Median nanoseconds of each job."""
    spent: list[list[int]] = [[] for _ in jobs]
    for job in jobs:
        job()
    for _ in range(rounds):
        for times, job in zip(spent, jobs, strict=True):
            begin = time.thread_time_ns()
            job()
            times.append(time.thread_time_ns() - begin)
    return [median(times) for times in spent]


def beside_pcodec(array: Array) -> list[float]:
    """Nanoseconds of level 1 and pcodec 12: encode, encode, decode, decode."""
    config = pcodec.ChunkConfig(compression_level=12)
    ours = compress.compress(array, level=1, threads=1)
    theirs = pcodec.standalone.simple_compress(array, config)
    return _turns(
        [
            lambda: compress.compress(array, level=1, threads=1),
            lambda: pcodec.standalone.simple_compress(array, config),
            lambda: compress.decompress(ours, threads=1),
            lambda: pcodec.standalone.simple_decompress(theirs),
        ],
        _ROUNDS,
    )


def beside_jpeg_xl(image: Array, level: int, effort: int) -> tuple[float, float, list[float]]:
    """Bits per sample of both; nanoseconds: encode, encode, decode, decode."""

    def encode() -> bytes:
        return bytes(imagecodecs.jpegxl_encode(image, effort=effort, lossless=True, numthreads=1))

    ours, theirs = compress.compress(image, level=level, threads=1), encode()
    times = _turns(
        [
            lambda: compress.compress(image, level=level, threads=1),
            encode,
            lambda: compress.decompress(ours, threads=1),
            lambda: imagecodecs.jpegxl_decode(theirs, numthreads=1),
        ],
        _ROUNDS if level < 8 else _SLOW_ROUNDS,
    )
    return 8 * len(ours) / image.size, 8 * len(theirs) / image.size, times


def main() -> None:
    """Print both tables."""
    console = Console()
    table = Table(
        "array",
        "encode, ns",
        "pcodec 12",
        "ratio (<= 1)",
        "decode, ns",
        "pcodec 12",
        "ratio (<= 2)",
    )
    with console.status("") as status:
        for entry in arrays.REAL:
            try:
                array = arrays.load(entry.name)
            except MissingArrayError:
                continue
            if array.ndim != 1 or array.size < _SHORTEST or array.dtype.itemsize == 1:
                continue
            status.update(entry.name)
            values = np.ascontiguousarray(array)
            if values.dtype.kind in "mM":
                values = values.view(np.int64)
            times = [each / values.size for each in beside_pcodec(values)]
            cells = [
                text
                for one, other in (times[:2], times[2:])
                for text in (f"{one:.1f}", f"{other:.1f}", f"{one / other:.2f}")
            ]
            table.add_row(entry.name, *cells)
    console.print(table)
    table = Table("camera", "bits", "encode, ns", "decode, ns", "to the bar's time", "bar")
    image = arrays.load("camera")
    for level, effort in ((3, 3), (5, 7), (8, 10)):
        with console.status(f"level {level}"):
            ours, theirs, times = beside_jpeg_xl(image, level, effort)
        times = [each / image.size for each in times]
        if level == 3:
            bar, against = "decode <= e3's decode at <= 1.02x its bits", times[3]
            ratios = f"decode {times[2] / against:.2f}, bits {ours / theirs:.3f}"
        else:
            bar, against = f"both <= e{effort}'s encode", times[1]
            ratios = f"encode {times[0] / against:.2f}, decode {times[2] / against:.2f}"
        table.add_row(f"level {level}", f"{ours:.4f}", f"{times[0]:.0f}", f"{times[2]:.0f}", "", "")
        table.add_row(
            f"JPEG XL e{effort}", f"{theirs:.4f}", f"{times[1]:.0f}", f"{times[3]:.0f}", ratios, bar
        )
    console.print(table)


if __name__ == "__main__":
    main()
