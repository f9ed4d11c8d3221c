"""What a person sees in the terminal: progress, and tables."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import arrays as registry
from benchmarks import peers as compressors
from benchmarks.measure import Row
from benchmarks.record import ArrayRecord, Record

# into a file or a pipe, tables keep a width at which nothing is cut
OUT = Console(width=None if sys.stdout.isatty() else 160)


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Show a bar on the error stream; the value takes what is measured and the share done."""
    columns = (
        BarColumn(24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    # no refresh thread: fragile compressors are tried in forks
    bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
    with bar:
        task = bar.add_task("", total=1.0)

        def tell(what: str, done: float) -> None:
            bar.update(task, description=what, completed=done, refresh=True)

        yield tell


def nanoseconds(value: float) -> str:
    """Three digits, and a dash for what was not measured."""
    if math.isnan(value):
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _rows(array: ArrayRecord, best: int | None) -> list[Row]:
    rows = sorted(array.lossless(), key=lambda row: row.size)
    if best is None:
        return rows
    ours = [row for row in rows if row.family == compressors.OURS]
    kept = [*ours, *[row for row in rows if row.family != compressors.OURS][:best]]
    return sorted(kept, key=lambda row: row.size)


def table(record: Record, best: int | None = None) -> None:
    """Print bits and times per sample; of other people's only the ``best`` smallest."""
    shown = Table(
        title="bits and ns per sample, planning as a part of encoding; (densities alone)",
        title_justify="left",
    )
    for name in ("array", "compressor", "bits", "encode", "planning", "decode", "error"):
        shown.add_column(
            name, justify="left" if name in {"array", "compressor"} else "right", no_wrap=True
        )
    for array in record.arrays:
        title = f"{array.name} {array.dtype} {'x'.join(map(str, array.shape))}"
        for row in _rows(array, best):
            style = "bold" if row.family == compressors.OURS else ""
            times = map(nanoseconds, (row.encode, row.planning, row.decode))
            shown.add_row(title, row.peer, f"{array.bits(row):.3f}", *times, style=style)
            title = ""
        for row in sorted(array.bounded(), key=lambda row: (row.bound or 0, row.size)):
            over = row.error is not None and row.bound is not None and row.error > row.bound
            shown.add_row(
                title,
                f"{row.peer}, bound {row.bound:g}",
                f"{array.bits(row):.3f}",
                nanoseconds(row.encode),
                nanoseconds(row.planning),
                nanoseconds(row.decode),
                f"{row.error:.4g}" + (" over" if over else ""),
                style="bold" if row.family == compressors.OURS else "",
            )
        for name, bits, _ in array.marginals:
            shown.add_row("", f"({name})", f"{bits:.3f}", style="dim")
        if array.entropy is not None:
            shown.add_row("", "(entropy of the source)", f"{array.entropy:.3f}", style="dim")
        shown.add_section()
    OUT.print(shown)
    for array in record.arrays:
        for row in array.refused():
            OUT.print(f"{array.name}, {row.peer}: {row.refused}", style="red", markup=False)
    for name, reason in record.skipped:
        OUT.print(f"skipped {name}: {reason}")


def arrays() -> int:
    """List the arrays, and what keeps any from being here."""
    shown = Table()
    for name in ("name", "kind", "group", "what", "dtype", "shape", "source", "licence"):
        shown.add_column(name, overflow="fold")
    for entry in registry.ENTRIES.values():
        shown.add_row(
            entry.name,
            entry.kind,
            entry.group,
            entry.missing() or entry.about,
            entry.dtype,
            "x".join(map(str, entry.shape)),
            f"{entry.source}/{entry.file}" if entry.real else "drawn",
            entry.licence,
            style="dim" if entry.missing() else "",
        )
    OUT.print(shown)
    return 0


def peers() -> int:
    """List the compressors, and what keeps any from being here."""
    shown = Table()
    for name in ("name", "family", "loss", ""):
        shown.add_column(name)
    for peer in compressors.every():
        loss = "bounded" if peer.bounded else "none"
        shown.add_row(peer.name, peer.family, loss, peer.missing() or "")
    OUT.print(shown)
    return 0
