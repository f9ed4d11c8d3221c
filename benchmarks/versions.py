"""Two versions of the library, of which one is here: ``python -m benchmarks versions PATH``.

Each version works in a process of its own, and the two take turns on every array, so that a busy
minute of the machine falls on both. Processor time of one thread; medians. The first turn warms
caches and compilers, and does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np
from rich.table import Table

from benchmarks import arrays
from benchmarks.console import OUT
from benchmarks.errors import MissingArrayError
from benchmarks.report.statistics import geometric_mean
from benchmarks.speeds import Measured

__all__ = ["against", "report"]

HERE = Path(__file__).parent.parent
# What a version does with each line that it is sent: a file and a level.
_WORKER = """
import json, sys, time
import numpy as np
import compress
for line in sys.stdin:
    path, level = json.loads(line)
    array = np.load(path)
    begin = time.thread_time_ns()
    data = compress.compress(array, level=level, threads=1)
    middle = time.thread_time_ns()
    back = compress.decompress(data, threads=1)
    end = time.thread_time_ns()
    assert back.tobytes() == array.tobytes()
    print(json.dumps((len(data), middle - begin, end - middle)), flush=True)
"""


class _Version:
    """A process in which one checkout of the library is imported."""

    def __init__(self, checkout: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (ours)
            [sys.executable, "-c", _WORKER],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> _Version:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def trip(self, path: Path, level: int) -> tuple[int, int, int]:
        """Compress and decompress; return bytes, and nanoseconds of both."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps((str(path), level)) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ValueError("a version of the library came to an end; its error is printed above")
        size, encoding, decoding = json.loads(line)
        return size, encoding, decoding


def against(
    now: _Version, before: _Version, path: Path, samples: int, level: int, rounds: int
) -> list[Measured]:
    """Measure both on an array, in turns."""
    spent: list[list[tuple[int, int, int]]] = [[], []]
    for turn in range(rounds + 1):
        for version, found in zip((now, before), spent, strict=True):
            trip = version.trip(path, level)
            if turn:
                found.append(trip)
    return [
        Measured(
            found[0][0],
            median(trip[1] for trip in found) / samples,
            median(trip[2] for trip in found) / samples,
        )
        for found in spent
    ]


def report(checkout: Path, level: int, names: Sequence[str] | None, rounds: int) -> None:
    """Print sizes and times of both on the registry's arrays, and their ratios.

    Parameters
    ----------
    checkout : Path
        A folder that holds another version of the package.
    level : int
    names : sequence of str, optional
        Names, kinds or groups of arrays; all where there are none.
    rounds : int
        Turns that count.

    Raises
    ------
    ValueError
        There is no package in the folder, or one of the versions fails.
    """
    if not (checkout / "compress" / "__init__.py").is_file():
        raise ValueError(f"{checkout} holds no version of the package `compress`")
    heads = ("bits", "before", "encode, ns", "before", "decode, ns", "before")
    table = Table("array", *heads, "size", "encode", "decode")
    pairs: list[list[Measured]] = []
    weights: list[int] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        now, before = (stack.enter_context(_Version(one.resolve())) for one in (HERE, checkout))
        for entry in arrays.select(names):
            try:
                array = np.ascontiguousarray(arrays.load(entry.name))
            except MissingArrayError:
                continue
            path = folder / "array.npy"
            np.save(path, array)
            with OUT.status(f"level {level}, {entry.name}"):
                pair = against(now, before, path, array.size, level, rounds)
            table.add_row(entry.name, *_row(pair, array.size))
            pairs.append(pair)
            weights.append(array.size)
    table.add_row("geometric mean", *[""] * len(heads), *_means(pairs))
    table.add_row("sum of all", *[""] * len(heads), *_sums(pairs, weights))
    OUT.print(table)


def _row(pair: Sequence[Measured], samples: int) -> list[str]:
    ours, theirs = pair
    cells = [f"{8 * one.size / samples:.3f}" for one in pair]
    cells += [f"{one.encode:.1f}" for one in pair]
    cells += [f"{one.decode:.1f}" for one in pair]
    return cells + [f"{mine / other:.3f}" for mine, other in zip(ours, theirs, strict=True)]


def _means(pairs: Sequence[Sequence[Measured]]) -> list[str]:
    return [
        f"{geometric_mean(ours[field] / theirs[field] for ours, theirs in pairs):.3f}"
        for field in range(3)
    ]


def _sums(pairs: Sequence[Sequence[Measured]], weights: Sequence[int]) -> list[str]:
    cells = []
    for field in range(3):
        # sizes are whole streams, times are of a sample
        parts = weights if field else [1] * len(pairs)
        ours, theirs = (
            sum(pair[side][field] * part for pair, part in zip(pairs, parts, strict=True))
            for side in (0, 1)
        )
        cells.append(f"{ours / theirs:.3f}" if theirs else "")
    return cells
