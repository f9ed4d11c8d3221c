"""Speed through zarr, beside pcodec in the same run: ``python -m benchmarks.zarr_speed``.

A grid of 50 MB of float32 in 8 chunks of 6.3 MB is written to memory and read whole, by two workers
of zarr. Both codecs take turns, so that what else the machine does slows both; the ratio is that of
the medians. ``--chunks`` shows instead what chunks of several sizes cost at several levels: size,
time of the processor, and the time of one element, which is that of its chunk.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import zarr
from rich.table import Table
from zarr.codecs.numcodecs import PCodec

from benchmarks import arrays
from benchmarks.console import OUT
from benchmarks.peers.peer import Array
from compress.integrations.zarr import FourierCompressCodec

__all__ = ["GRIDS", "climate", "field", "report", "report_chunks"]

_WORKERS = 2
_SHAPE = (8, 1253, 1247)
_BAR = 0.7
# Rows and columns of a chunk: 16 KB to 4 MB.
_SIDES = (64, 256, 1024)


def field() -> Array:
    """Make eight weather-like fields: noise of a steep spectrum that changes from one to the next.

    Returns
    -------
    float32 array
        Of 50 MB.
    """
    rng = np.random.default_rng(0)
    count, height, width = _SHAPE
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    # Power falls as the fifth of the frequency, between that of mesoscale and of large scales.
    gain = (rows**2 + columns**2 + 1 / height**2) ** -1.25
    out = np.empty(_SHAPE, np.float32)
    spectrum: Any = 0.0
    for i in range(count):
        noise = rng.normal(size=gain.shape) + 1j * rng.normal(size=gain.shape)
        spectrum = 0.9 * spectrum + noise * gain
        plane = np.fft.irfft2(spectrum, (height, width))
        out[i] = 280 + 8 / plane.std() * plane
    return out


def climate() -> Array:
    """Give air temperatures: those of the registry again and again, each time otherwise.

    Every copy is turned by one more meridian, and every other one runs backwards, so that nothing
    recurs sample for sample.
    """
    once = np.ascontiguousarray(arrays.load("climate"))
    steps = 8 * _SHAPE[1] * _SHAPE[2] // once[0].size
    copies = [np.roll(once[:: (1, -1)[i % 2]], i, axis=2) for i in range(steps // len(once) + 1)]
    return np.concatenate(copies)[: steps // 8 * 8]


GRIDS: dict[str, Callable[[], Array]] = {"field": field, "climate": climate}


def _codecs() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"level 1": FourierCompressCodec(level=1), "pcodec": PCodec()}


def _turn(
    array: Array, chunks: tuple[int, ...], codec: Any, clock: Callable[[], float]
) -> tuple[float, float, int]:
    """Write and read; return seconds of both and the bytes that are stored."""
    with warnings.catch_warnings():
        # numcodecs' codecs are not part of the format's specification.
        warnings.simplefilter("ignore")
        stored = zarr.create_array(
            {},
            shape=array.shape,
            dtype=array.dtype,
            chunks=chunks,
            serializer=codec,
            compressors=None,
        )
    begin = clock()
    stored[...] = array
    middle = clock()
    back = stored[...]
    end = clock()
    if not np.array_equal(np.asarray(back).view(np.uint32), array.view(np.uint32)):
        raise ValueError("other samples came back than were given")
    return middle - begin, end - middle, stored.nbytes_stored()


def report(rounds: int) -> bool:
    """Print both grids; returns whether the bar is kept everywhere."""
    zarr.config.set({"threading.max_workers": _WORKERS})
    table = Table("grid", "codec", "MB", "write MB/s", "read MB/s", "size", "write", "read", "bar")
    kept = True
    for name, make in GRIDS.items():
        array = make()
        chunks = (array.shape[0] // 8, *array.shape[1:])
        turns: dict[str, list[tuple[float, float, int]]] = {}
        # The first turn loads what the others find.
        for _ in range(rounds + 1):
            for codec, made in _codecs().items():
                turns.setdefault(codec, []).append(_turn(array, chunks, made, time.perf_counter))
        middle = {
            codec: tuple(median(column) for column in zip(*some[1:], strict=True))
            for codec, some in turns.items()
        }
        write, read, size = middle["pcodec"]
        for codec, (ours_write, ours_read, ours_size) in middle.items():
            ratios = ours_size / size, write / ours_write, read / ours_read
            held = ratios[0] <= 1 and min(ratios[1:]) >= _BAR
            kept &= held
            table.add_row(
                name,
                codec,
                f"{ours_size / 1e6:.2f}",
                f"{array.nbytes / 1e6 / ours_write:.0f}",
                f"{array.nbytes / 1e6 / ours_read:.0f}",
                *(f"{ratio:.3f}" for ratio in ratios),
                "" if codec == "pcodec" else "kept" if held else "missed",
            )
    OUT.print(table)
    return kept


def report_chunks(levels: list[int]) -> None:
    """Print what chunk sizes cost at levels: the processor's time, of a part of the field."""
    zarr.config.set({"threading.max_workers": 1})
    plane = field()[:1]
    table = Table("level", "chunk", "ratio", "write MB/s", "read MB/s", "one element ms")
    for level in levels:
        codec = FourierCompressCodec(level=level)
        for side in _SIDES:
            chunks = (1, side, side)
            # Small chunks cost what they cost after few of them.
            wide = side * max(1, min(1024, 4 * side) // side)
            part = np.ascontiguousarray(plane[:, :wide, :wide])
            # The first turn loads what the others find.
            turns = [_turn(part, chunks, codec, time.process_time) for _ in range(3)]
            written, read, stored = (median(column) for column in zip(*turns, strict=True))
            one = np.ascontiguousarray(part[:, :side, :side])
            spent = [_turn(one, chunks, codec, time.process_time)[1] for _ in range(3)]
            table.add_row(
                str(level),
                f"{side} x {side}",
                f"{part.nbytes / stored:.2f}",
                f"{part.nbytes / 1e6 / written:.2f}",
                f"{part.nbytes / 1e6 / read:.2f}",
                f"{1e3 * median(spent):.2f}",
            )
    OUT.print(table)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--chunks", action="store_true")
    parser.add_argument("levels", type=int, nargs="*", default=[1, 3, 5])
    arguments = parser.parse_args()
    if arguments.chunks:
        report_chunks(arguments.levels)
    elif not report(arguments.rounds):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
