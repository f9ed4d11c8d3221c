"""``fdz bench``: a file against the compressors that are installed, as a table and a picture."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

import compress
from compress.cli import formats
from compress.cli.output import save_figure
from compress.cli.peers import Peer, peers_for
from compress.cli.progress import Progress
from compress.cli.running import caught, source_of

__all__ = ["Row", "bench", "draw", "measured"]

Array = NDArray[Any]
_T = TypeVar("_T")
# A measurement is repeated until it has taken so many seconds, or so many rounds.
_ENOUGH, _ROUNDS = 0.5, 7
# What takes longer is measured once, in seconds.
_PATIENCE = 5.0
_OURS = "fdz"
# Names that fit beside the picture, one below another.
_NAMES = 30
_HEADS = ("compressor", "bytes", "of array", "bits", "encode MB/s", "decode MB/s")


class Row(NamedTuple):
    """What a compressor made of the array.

    Attributes
    ----------
    name : str
    n_bytes : int
    encode, decode : float
        Seconds, medians.
    """

    name: str
    n_bytes: int
    encode: float
    decode: float


def bench(options: Namespace, progress: Progress) -> int:
    """Print the table, and draw it where that was asked for."""
    with caught(options.file, options, progress) as outcome:
        levels = _levels(options.levels)
        document = formats.read(source_of(options.file, options.dtype, options.shape))
        array = np.ascontiguousarray(document.array)
        if not array.size:
            raise ValueError("an empty array: there is nothing to compare")
        contestants = [*map(_ours, levels), *peers_for(array)]
        progress.begin("", len(contestants))
        rows = []
        for peer in contestants:
            row = measured(peer, array)
            if isinstance(row, Row):
                rows.append(row)
            elif options.verbose:
                progress.say(f"{peer.name} is left out: {row}")
            progress.advance(1)
        rows.sort(key=lambda row: row.n_bytes)
        progress.clear()
        if options.json:
            for row in rows:
                print(json.dumps(_record(row, array)), flush=True)
        else:
            _print(rows, array, options.file)
        if options.picture is not None:
            save_figure(draw(rows, array).figure, options.picture)
    return outcome[0] if outcome else 0


def _levels(given: str) -> list[int]:
    try:
        levels = [int(level) for level in given.split(",")]
    except ValueError:
        levels = [0]
    if not all(1 <= level <= 9 for level in levels):
        raise ValueError(f"--levels is numbers from 1 to 9, such as 1,3,5: not {given!r}")
    return levels


def _ours(level: int) -> Peer:
    return Peer(
        f"{_OURS} -{level}",
        lambda array: compress.compress(array, level=level, threads=1),
        lambda data: compress.decompress(data, threads=1),
    )


def measured(peer: Peer, array: Array) -> Row | str:
    """Measure a compressor; the reason, where it does not take the array or change it."""
    try:
        data, encode = _timed(lambda: peer.encode(array))
        back, decode = _timed(lambda: peer.decode(data))
        restored = np.asarray(back) if isinstance(back, np.ndarray) else np.frombuffer(back, "u1")
    except Exception as error:  # noqa: BLE001 (whatever others raise for what they do not take)
        return f"{type(error).__name__}: {error}"
    if restored.tobytes() != array.tobytes():
        return "the array comes back changed"
    return Row(peer.name, len(data), encode, decode)


def _timed(function: Callable[[], _T]) -> tuple[_T, float]:
    """Return a result and the median of the seconds; the first call, which loads, counts last."""
    began = time.perf_counter()
    result = function()
    first = time.perf_counter() - began
    took: list[float] = []
    while first < _PATIENCE and sum(took) < _ENOUGH and len(took) < _ROUNDS:
        began = time.perf_counter()
        result = function()
        took.append(time.perf_counter() - began)
    return result, median(took or [first])


def _record(row: Row, array: Array) -> dict[str, Any]:
    return {
        "compressor": row.name,
        "bytes": row.n_bytes,
        "bits_per_sample": 8 * row.n_bytes / array.size,
        "encode_seconds": row.encode,
        "decode_seconds": row.decode,
    }


def _cells(row: Row, array: Array) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.n_bytes:,}",
        f"{row.n_bytes / array.nbytes:.1%}",
        f"{8 * row.n_bytes / array.size:.3f}",
        f"{array.nbytes / row.encode / 1e6:,.1f}",
        f"{array.nbytes / row.decode / 1e6:,.1f}",
    )


def _print(rows: Sequence[Row], array: Array, name: str) -> None:
    title = f"{name}: {array.dtype} {array.shape}, {array.nbytes:,} bytes"
    cells = [_cells(row, array) for row in rows]
    try:
        from rich.console import Console  # noqa: PLC0415 (slow to load, and an extra)
        from rich.table import Table  # noqa: PLC0415
    except ModuleNotFoundError:
        print(title)
        for line in (_HEADS, *cells):
            print(f"{line[0]:<24}" + "".join(f"{cell:>14}" for cell in line[1:]))
        return
    table = Table(title=title, title_justify="left")
    for i, head in enumerate(_HEADS):
        table.add_column(head, justify="left" if i == 0 else "right")
    for line in cells:
        table.add_row(*line, style="bold" if line[0].startswith(_OURS) else "")
    Console().print(table)


def draw(rows: Sequence[Row], array: Array) -> Any:
    """Draw size against the speed of both ways; returns the axes.

    Parameters
    ----------
    rows : sequence of Row
    array : array
        What was compressed.

    Returns
    -------
    matplotlib.axes.Axes
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional dependency
    except ModuleNotFoundError as error:
        raise ValueError("--picture needs matplotlib: pip install matplotlib") from error
    axes = Figure(figsize=(8.0, 5.0), layout="constrained").subplots()
    shares = [100.0 * row.n_bytes / array.nbytes for row in rows]
    low, high = min(shares), max(shares)
    margin = 0.05 * max(high - low, 1.0)
    low, high = low - margin, high + margin
    names = _apart(shares, (high - low) / _NAMES)
    for row, share, height in zip(rows, shares, names, strict=True):
        speeds = [array.nbytes / seconds / 1e6 for seconds in (row.encode, row.decode)]
        colour = "C3" if row.name.startswith(_OURS) else "0.45"
        axes.plot(speeds, [share, share], color=colour, linewidth=1.0)
        axes.plot(speeds[0], share, "o", color=colour)
        axes.plot(speeds[1], share, "o", mfc="white", color=colour)
        axes.annotate(
            row.name, (max(speeds), share), (1.02, height), va="center", fontsize=8, color=colour,
            textcoords=axes.get_yaxis_transform(), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "0.85", "linewidth": 0.6, "shrinkB": 4},
        )  # fmt: skip
    axes.plot([], [], "o", color="0.45", label="encode")
    axes.plot([], [], "o", mfc="white", color="0.45", label="decode")
    axes.set(xscale="log", xlabel="MB/s, one thread", ylabel="% of the array")
    axes.set_ylim(low, max(high, names[-1]) if names else high)
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """Return rising heights for names that stand beside rising points and do not overlap."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + least) if placed else height)
    return placed
