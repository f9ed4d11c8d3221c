"""What it costs to cut an array into chunks: ``python -m benchmarks.chunks [level ...]``.

The largest arrays of the registry are compressed whole and cut in two along their first axis, each
half with a model of its own. Chunks are larger than these halves, so they cost less.
"""

from __future__ import annotations

import sys

import numpy as np
from rich.console import Console
from rich.table import Table

import compress
from benchmarks import arrays
from benchmarks.errors import MissingArrayError

_LARGE = 700_000
# Larger ones are cut into chunks when they are compressed whole.
_WHOLE = 1 << 20


def main(levels: list[int]) -> None:
    """Print bits per sample, whole and cut, for each large array and each level."""
    table = Table("array", "samples of a half", "level", "whole", "cut in two", "larger by")
    console = Console()
    for entry in arrays.REAL:
        try:
            array = np.ascontiguousarray(arrays.load(entry.name))
        except MissingArrayError:
            continue
        if not _LARGE <= array.size <= _WHOLE:
            continue
        middle = len(array) // 2
        for level in levels:
            with console.status(f"{entry.name}, level {level}"):
                whole = len(compress.compress(array, level=level))
                halves = array[:middle], array[middle:]
                cut = sum(len(compress.compress(half, level=level)) for half in halves)
            bits = [8 * size / array.size for size in (whole, cut)]
            table.add_row(
                entry.name,
                str(array.size // 2),
                str(level),
                *(f"{value:.4f}" for value in bits),
                f"{100 * (cut / whole - 1):+.2f} %",
            )
    console.print(table)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [1, 3, 5, 8])
