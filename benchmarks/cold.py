"""What a new machine compiles, and how long that takes: ``python -m benchmarks.cold``.

Compresses and decompresses small arrays that between them need every kernel of the line from array
to bytes, in a fresh process with an empty cache, and lists the kernels by the processor time that
they take to compile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from typing import Any

import numpy as np
from numba.core import event
from rich.console import Console
from rich.table import Table

import compress
from compress.coders import decode, encode
from compress.tables import TableSet

BAR = 15.0
_SHOWN = 15


class _Listener(event.Listener):  # type: ignore[misc] - numba has no types
    """Keeps the time that each kernel takes by itself, without those that it calls."""

    def __init__(self) -> None:
        self.running: list[tuple[float, float]] = []
        self.spent: dict[str, float] = defaultdict(float)

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - the interface
        self.running.append((time.process_time(), 0.0))

    def on_end(self, event: Any) -> None:
        begin, inside = self.running.pop()
        took = time.process_time() - begin
        function = getattr(event.data["dispatcher"], "py_func", event.data["dispatcher"])
        self.spent[f"{function.__module__}.{function.__qualname__}"] += took - inside
        if self.running:
            begin, inside = self.running[-1]
            self.running[-1] = begin, inside + took


def _everything() -> None:
    """Call every kernel."""
    tables = TableSet.from_pmf(np.ones((2, 9)), escape=0.01)
    symbols = np.arange(8000) % 9
    for indexes in (None, np.arange(8000) % 2):
        assert (decode(encode(symbols, tables, indexes), 8000, tables, indexes) == symbols).all()
    generator = np.random.default_rng(1)
    image = np.cumsum(generator.normal(0, 20, (60, 80)), 1).astype(np.int16)
    labels = generator.integers(0, 5, 5000).astype(np.uint8)
    floats = generator.normal(0, 1, 5000).astype(np.float32)
    decimals = np.round(generator.normal(0, 100, 5000), 2)
    for array in (image, labels, floats, decimals):
        for level in (1, 3, 5, 8):
            data = compress.compress(array, level=level, threads=1)
            assert compress.decompress(data, threads=1).tobytes() == array.tobytes()


def _measure() -> None:
    listener = _Listener()
    event.register("numba:compile", listener)
    _everything()
    console = Console()
    table = Table("kernel", "seconds")
    ranked = sorted(listener.spent.items(), key=lambda pair: -pair[1])
    for name, seconds in ranked[:_SHOWN]:
        table.add_row(name, f"{seconds:.2f}")
    rest = ranked[_SHOWN:]
    table.add_row(f"{len(rest)} others", f"{sum(seconds for _, seconds in rest):.2f}")
    table.add_section()
    total = sum(listener.spent.values())
    table.add_row(f"everything (bar: {BAR:g})", f"{total:.2f}")
    console.print(table)


def main() -> None:
    """Start the fresh process."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "COMPRESS_KERNELS": "jit"}
        subprocess.run(
            [sys.executable, "-m", "benchmarks.cold", "child"], env=environment, check=True
        )


if __name__ == "__main__":
    _measure() if len(sys.argv) > 1 else main()
