"""What continuous integration asks: is README's table current, has anything become larger."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks import arrays, peers, report
from benchmarks.compare import larger
from benchmarks.entry import GROUPS
from benchmarks.errors import MissingArrayError
from benchmarks.measure import SIZES, Row, measure
from benchmarks.record import ArrayRecord, Record
from benchmarks.run import checksum

# Nanoseconds a sample where none were measured.
_UNTIMED = 1000.0


def readme(path: Path, committed: Record) -> list[str]:
    """Return a complaint when the marked part of ``path`` is not what the record says."""
    text = path.read_text(encoding="utf-8")
    if report.renewed(text, committed) == text:
        return []
    return [f"{path.name} is not current: run python -m benchmarks report --readme {path.name}"]


def _cheapest(committed: Record) -> list[tuple[ArrayRecord, Row]]:
    """Return our rows, the quickest first: as the record says, or those of few samples."""
    rows = [
        (array, row)
        for array in committed.arrays
        for row in array.rows
        if row.family == peers.OURS and row.refused is None
    ]
    return sorted(rows, key=_work)


def _work(pair: tuple[ArrayRecord, Row]) -> float:
    array, row = pair
    each = row.encode + row.decode
    return array.samples * (each if math.isfinite(each) else _UNTIMED)


def sizes(committed: Record, seconds: float, tell: Callable[[str], None]) -> list[str]:
    """Compress again what can be done in ``seconds``, and complain about larger results.

    Parameters
    ----------
    committed : Record
        What the sizes are compared with.
    seconds : float
        Wall clock; the quickest rows come first, so that every array is met.
    tell : callable
        Hears in one line what was done.
    """
    known = {peer.name: peer for peer in peers.every()}
    complaints: list[str] = []
    stop, left = time.monotonic() + seconds, 0
    done: Counter[str] = Counter()
    absent: set[str] = set()
    for array, row in _cheapest(committed):
        if time.monotonic() > stop:
            left += 1
            continue
        if row.peer not in known:
            complaints.append(f"{row.peer} is in the record, and there is no such setting now")
            continue
        try:
            samples = arrays.load(array.name)
        except (MissingArrayError, ValueError):
            absent.add(array.name)
            continue
        if checksum(samples) != array.checksum:
            absent.add(array.name)
            continue
        bounds = () if row.bound is None else (row.bound,)
        (now,) = measure(samples, [known[row.peer]], bounds, SIZES)
        done[array.group] += 1
        label = row.peer if row.bound is None else f"{row.peer} at {row.bound:g}"
        if now.refused is not None:
            complaints.append(f"{array.name}, {label}: {now.refused}")
            continue
        finding = larger(array.name, label, row.size, now.size)
        if finding is not None and finding.regression:
            complaints.append(
                f"{array.name}, {label}: larger by {100 * (finding.ratio - 1):.2f} %, "
                f"{finding.detail}"
            )
        if row.bound is not None and now.error is not None and now.error > row.bound:
            complaints.append(f"{array.name}, {label}: off by {now.error:g}")
    tell(
        f"sizes: {done.total()} checked"
        + "".join(f", {count} of them {GROUPS[group]}" for group, count in done.items())
        + f", {left} left out for time"
        + (f", arrays not here: {', '.join(sorted(absent))}" if absent else "")
    )
    return complaints
