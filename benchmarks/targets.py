"""The sizes that the library holds itself to: ``python -m benchmarks.targets [level ...]``.

For each array and level, bits per sample beside the target, the whole stream counted and its
round trip verified; then the climate field within error bounds, every sample checked against the
bound; then level 5 against zstd -19 behind a byte shuffle on every array of the registry.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import compress
from benchmarks import arrays
from benchmarks.errors import MissingArrayError

# Bits per sample at level 5 and at level 8.
LOSSLESS: dict[str, dict[int, float]] = {
    "camera": {3: 3.827, 5: 3.68, 8: 3.56},
    "astronaut": {5: 3.35, 8: 3.24},
    "example4d": {5: 3.10, 8: 3.00},
    "ecg": {5: 3.20, 8: 3.00},
    "speech": {5: 5.30, 8: 5.12},
    "seismic": {5: 6.65, 8: 6.50},
    "climate": {5: 14.10, 8: 13.90},
    "jacksboro": {5: 4.48, 8: 4.40},
    "eurusd_close": {5: 9.0, 8: 8.75},
    "sched_dep_time": {5: 6.6, 8: 6.3},
    "carat": {5: 5.4, 8: 5.2},
    "xyz": {5: 7.7, 8: 7.3},
    "air_time": {5: 8.07, 8: 8.060},
    "price": {5: 1.20, 8: 1.224},
    "minilm_ffn": {5: 26.57, 8: 26.566},
    "minilm_ffn_bf16": {5: 10.56, 8: 10.560},
}
BOUNDED: dict[float, dict[int, float]] = {
    1e-1: {5: 2.1, 8: 1.9},
    1e-2: {5: 4.9, 8: 4.7},
    1e-3: {5: 8.2, 8: 8.0},
}
SMALLEST = 10_000


def lossless(name: str, level: int) -> tuple[float, float, float]:
    """Return bits per sample, and seconds to compress and to decompress; verify the bits."""
    array = arrays.load(name)
    begin = time.perf_counter()
    data = compress.compress(array, level=level, threads=1)
    middle = time.perf_counter()
    back = compress.decompress(data, threads=1)
    end = time.perf_counter()
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes(), f"{name} does not come back"
    return 8 * len(data) / array.size, middle - begin, end - middle


def bounded(array: NDArray[Any], bound: float, level: int) -> tuple[float, float]:
    """Return bits per sample and the largest error; verify what is not finite."""
    data = compress.compress(array, level=level, max_error=bound, threads=1)
    back = compress.decompress(data, threads=1)
    finite = np.isfinite(array)
    assert back[~finite].tobytes() == array[~finite].tobytes()
    off = np.abs(back[finite].astype(np.float64) - array[finite].astype(np.float64))
    return 8 * len(data) / array.size, float(off.max())


def shuffled_zstd(array: NDArray[Any]) -> float:
    """Return bits per sample of zstd -19 behind a byte shuffle."""
    plain = np.ascontiguousarray(array)
    columns = plain.reshape(-1).view(np.uint8).reshape(-1, plain.dtype.itemsize).T
    return 8 * len(zstandard.compress(columns.tobytes(), 19)) / array.size


def _row(table: Table, values: list[str], size: float, target: float) -> None:
    verdict = "reached" if size <= target else f"missed by {size / target - 1:.2%}"
    table.add_row(*values, f"{size:.4f}", f"{target:.3f}", verdict)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("levels", nargs="*", type=int, default=[3, 5, 8])
    parser.add_argument("--zstd", action="store_true", help="only level 5 against shuffle and zstd")
    options = parser.parse_args()
    console = Console()
    if not options.zstd:
        table = Table("array", "level", "compress s", "decompress s", "bits", "target", "")
        with console.status("") as status:
            for name, targets in LOSSLESS.items():
                for level in (lv for lv in options.levels if lv in targets):
                    status.update(f"{name}, level {level}")
                    size, writing, reading = lossless(name, level)
                    label = [name, str(level), f"{writing:.2f}", f"{reading:.2f}"]
                    _row(table, label, size, targets[level])
            climate = arrays.load("climate")
            for bound, targets in BOUNDED.items():
                for level in (lv for lv in options.levels if lv in targets):
                    status.update(f"climate within {bound:g}, level {level}")
                    size, error = bounded(climate, bound, level)
                    assert error <= bound, f"{error} exceeds {bound}"
                    label = [f"climate +-{bound:g} (largest error {error:.3g})", str(level), "", ""]
                    _row(table, label, size, targets[level])
        console.print(table)
    table = Table("array", "samples", "", "", "level 5, bits", "shuffle + zstd -19", "")
    with console.status("") as status:
        for entry in arrays.REAL:
            status.update(f"{entry.name} against zstd")
            try:
                array = arrays.load(entry.name)
            except MissingArrayError:
                continue
            if array.size >= SMALLEST:
                size, _, _ = lossless(entry.name, 5)
                _row(table, [entry.name, str(array.size), "", ""], size, shuffled_zstd(array))
    console.print(table)


if __name__ == "__main__":
    main()
