"""Memory and threads on arrays of hundreds of MiB: ``python -m benchmarks large``.

Each row is a process of its own: its memory is measured above what the array (and, once there is
one, the stream) takes, as the system counts it. Threads are compared by wall time, in turns.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
from rich.table import Table

import compress
from benchmarks.console import OUT
from benchmarks.machine import PeakMemory
from benchmarks.peers.peer import Array

__all__ = ["KINDS", "LEVELS", "report"]

KINDS = ("int16", "float32")
LEVELS = (1, 2, 3, 4, 5)
# Bars: memory over the array's, and how much faster two threads are than one.
_MEMORY, _THREADS = 1.0, 1.8
_ROUNDS = 3
_WARM = 100_000


def generated(kind: str, size: int) -> Array:
    """Make a walk of so many bytes: of integers, or of floats that are sevenths.

    Raises
    ------
    ValueError
        No such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"no such kind of array: {kind!r}; known are {', '.join(KINDS)}")
    count = size // np.dtype(kind).itemsize
    walk = np.random.default_rng(0).integers(-20, 21, count, dtype=np.int32)
    np.cumsum(walk, dtype=np.int32, out=walk)
    if kind == "int16":
        return (walk % 20_000).astype(np.int16)
    return (walk / np.float32(7)).astype(np.float32)


def memory(array: Array, level: int) -> tuple[float, float]:
    """Return the rise of memory over the bytes of the array, beside the result: both ways."""
    compress.decompress(compress.compress(array[:_WARM], level=level))
    with PeakMemory() as encoding:
        data = compress.compress(array, level=level, threads=1)
    with PeakMemory() as decoding:
        back = compress.decompress(data, threads=1)
    if not np.array_equal(back, array):
        raise ValueError("other samples came back than were given")
    rises = (encoding.rise or 0) - len(data), (decoding.rise or 0) - back.nbytes
    return rises[0] / array.nbytes, rises[1] / array.nbytes


def threads(array: Array, level: int) -> tuple[float, float]:
    """Return how much faster two threads are than one, both ways."""
    data = compress.compress(array, level=level, threads=2)
    spent: dict[tuple[str, int], list[float]] = {}
    for _ in range(_ROUNDS):
        for count in (1, 2):
            encode = _seconds(lambda n=count: compress.compress(array, level=level, threads=n))
            decode = _seconds(lambda n=count: compress.decompress(data, threads=n))
            spent.setdefault(("encode", count), []).append(encode)
            spent.setdefault(("decode", count), []).append(decode)
    times = {key: median(values) for key, values in spent.items()}
    return (
        times["encode", 1] / times["encode", 2],
        times["decode", 1] / times["decode", 2],
    )


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def report(levels: Sequence[int], kinds: Sequence[str], mebibytes: int, half: int) -> bool:
    """Print both for each level and kind.

    Parameters
    ----------
    levels, kinds : sequences
    mebibytes : int
        Size of the arrays whose memory is measured.
    half : int
        Size, in MiB, of those that two threads code.

    Returns
    -------
    bool
        Whether all bars are held.
    """
    heads = (f"memory to encode (<= {_MEMORY:g} x)", "to decode")
    table = Table("array", "level", *heads, f"two threads to encode (>= {_THREADS:g} x)", "decode")
    held = True
    for kind in kinds:
        for level in levels:
            with OUT.status(f"level {level}, {kind}"):
                rises = _apart("memory", kind, level, mebibytes)
                gains = _apart("threads", kind, level, half)
            held = held and max(rises) <= _MEMORY and min(gains) >= _THREADS
            cells = [f"{rise:.2f}" + " x" * (rise > _MEMORY) for rise in rises]
            cells += [f"{gain:.2f}" + " x" * (gain < _THREADS) for gain in gains]
            table.add_row(kind, str(level), *cells)
    OUT.print(table)
    return held


def _apart(what: str, kind: str, level: int, mebibytes: int) -> tuple[float, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.large", what, kind, str(level), str(mebibytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    if done.returncode:
        raise ValueError(f"{' '.join(command[1:])} failed: {done.stderr}")
    first, second = map(float, done.stdout.split())
    return first, second


if __name__ == "__main__":
    _what, _kind, _level, _mebibytes = sys.argv[1:]
    _measure = {"memory": memory, "threads": threads}[_what]
    print(*_measure(generated(_kind, int(_mebibytes) << 20), int(_level)))
