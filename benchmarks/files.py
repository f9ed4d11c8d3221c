"""Files larger than memory: ``python -m benchmarks.files [GIB]``.

A generated image of int16 goes through `compress.Writer` block by block and is read with
`compress.open`: peak memory of both, and the time of a random part of 64 x 64 samples.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import compress
from benchmarks.console import OUT
from benchmarks.machine import PeakMemory
from benchmarks.peers.peer import Array

_BLOCK = 64
_PARTS = 200
_SIDE = 64
# Bars: MiB, and milliseconds of a part after the first.
_MEMORY, _PART = 400.0, 10.0


def _pixels(rows: slice, columns: slice) -> Array:
    """Make a part of the image: a smooth surface, and noise that any part can be had of."""
    row = np.arange(rows.start, rows.stop, dtype=np.uint32)[:, None]
    column = np.arange(columns.start, columns.stop, dtype=np.uint32)
    mixed = row * np.uint32(2_654_435_761) ^ column * np.uint32(2_246_822_519)
    for shift, factor in ((15, 2_246_822_519), (13, 3_266_489_917)):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= np.uint32(factor)
    noise = sum((mixed >> np.uint32(shift)) & np.uint32(31) for shift in (0, 6, 12, 18, 24))
    surface = (row // 3 + column // 5) % 4000
    return (surface + noise).astype(np.int16)


def measure(gibibytes: float, level: int) -> bool:
    """Print memory and times of a file of so many GiB; return whether they are within the bars."""
    width = 32_768
    blocks = max(1, round(gibibytes * (1 << 30) / (2 * width * _BLOCK)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.fdz"
        begin = time.perf_counter()
        with PeakMemory() as writing, compress.Writer(path, level=level) as writer:
            for index in range(blocks):
                rows = slice(index * _BLOCK, (index + 1) * _BLOCK)
                writer.append(_pixels(rows, slice(0, width)))
        seconds = time.perf_counter() - begin
        samples = blocks * _BLOCK * width
        size = path.stat().st_size
        OUT.print(
            f"{2 * samples / (1 << 30):.2f} GiB at level {level}: {8 * size / samples:.3f} bits a "
            f"sample, {seconds:.0f} s with making it, peak {_mebibytes(writing):.0f} MiB"
        )
        generator = np.random.default_rng(0)
        spent = []
        with PeakMemory() as reading, compress.open(path) as array:
            for _ in range(_PARTS):
                row, column = (int(generator.integers(size - _SIDE)) for size in array.shape)
                begin = time.perf_counter()
                box = slice(row, row + _SIDE), slice(column, column + _SIDE)
                part = array[box]
                spent.append(1e3 * (time.perf_counter() - begin))
                if not np.array_equal(part, _pixels(*box)):
                    raise ValueError("another part came back than was written")
    OUT.print(
        f"{_PARTS} random parts of {_SIDE} x {_SIDE}: median {median(spent[1:]):.1f} ms, slowest "
        f"{max(spent[1:]):.1f} ms, first {spent[0]:.1f} ms; peak {_mebibytes(reading):.0f} MiB"
    )
    memory = max(_mebibytes(writing), _mebibytes(reading))
    return memory < _MEMORY and median(spent[1:]) < _PART


def _mebibytes(peak: PeakMemory) -> float:
    return (peak.rise or 0) / (1 << 20)


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    _parser.add_argument("gibibytes", type=float, nargs="?", default=4.0)
    _parser.add_argument("--level", type=int, default=1)
    _arguments = _parser.parse_args()
    raise SystemExit(0 if measure(_arguments.gibibytes, _arguments.level) else 1)
