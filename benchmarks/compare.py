"""What became larger or slower between two records.

Sizes are exact, so anything above 0.1 % is a regression. Speeds of two runs are not comparable,
ratios within one run are: ours is divided by each compressor measured beside it in both runs,
and the median of how those ratios changed must stay below 1.25.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.entry import GROUPS
from benchmarks.measure import Row
from benchmarks.peers import OURS
from benchmarks.record import ArrayRecord, Record
from benchmarks.report import statistics

LARGER_PER_MILLE, SLOWER = 1, 1.25


@dataclass(frozen=True)
class Finding:
    """One difference: of which row, what, how much; ``ratio`` above 1 is worse."""

    array: str
    peer: str
    what: str
    ratio: float
    regression: bool
    detail: str = ""


def _rows(array: ArrayRecord) -> dict[tuple[str, float | None], Row]:
    return {(row.peer, row.bound): row for row in array.rows if row.refused is None}


def larger(name: str, peer: str, old: int, new: int) -> Finding | None:
    """Compare two sizes in bytes; None when they are the same."""
    if old == new:
        return None
    regression = 1000 * new > (1000 + LARGER_PER_MILLE) * old
    return Finding(name, peer, "size", new / old, regression, f"{old} -> {new} bytes")


def _slower(
    name: str,
    what: str,
    key: tuple[str, float | None],
    before: dict[tuple[str, float | None], Row],
    after: dict[tuple[str, float | None], Row],
) -> Finding | None:
    changes = []
    for other in before.keys() & after.keys():
        if before[other].family == OURS or other[1] is not None:
            continue
        then = getattr(before[key], what) / getattr(before[other], what)
        now = getattr(after[key], what) / getattr(after[other], what)
        changes.append(now / then)
    changes = [change for change in changes if math.isfinite(change)]
    if not changes:
        return None
    change = median(changes)
    if 1 / SLOWER < change < SLOWER:
        return None
    detail = f"against {len(changes)} compressors of the same runs"
    return Finding(name, key[0], what, change, change >= SLOWER, detail)


def _array(old: ArrayRecord, new: ArrayRecord) -> Iterator[Finding | None]:
    before, after = _rows(old), _rows(new)
    for key, row in before.items():
        label = row.peer if row.bound is None else f"{row.peer} {row.bound:g}"
        if key not in after:
            if row.family == OURS:
                yield Finding(old.name, label, "missing", math.inf, True, "not in the new record")
            continue
        finding = larger(old.name, label, row.size, after[key].size)
        if row.family == OURS:
            yield finding
            for what in ("encode", "decode"):
                yield _slower(old.name, what, key, before, after)
        elif finding is not None:
            yield Finding(*(old.name, label, "size", finding.ratio, False, finding.detail))


def compare(old: Record, new: Record) -> list[Finding]:
    """Return the differences, regressions first and the largest of them on top.

    Arrays that are in one record only are left out: a subset may be compared with the whole.
    """
    found: list[Finding] = []
    for array in old.arrays:
        other = new.array(array.name)
        if other is None:
            continue
        if other.checksum != array.checksum:
            found.append(Finding(array.name, "", "samples", 1.0, False, "other samples: left out"))
            continue
        found += [finding for finding in _array(array, other) if finding is not None]
    return sorted(found, key=lambda finding: (not finding.regression, -finding.ratio))


def text(findings: Iterable[Finding]) -> str:
    """One line for each finding, and how many are regressions."""
    findings = list(findings)
    lines = []
    for finding in findings:
        mark = "WORSE " if finding.regression else "      "
        lines.append(
            f"{mark}{finding.array:16} {finding.peer:24} {finding.what:8} "
            f"x{finding.ratio:.4f} {finding.detail}"
        )
    worse = sum(finding.regression for finding in findings)
    return "\n".join([*lines, f"{worse} regressions, {len(findings) - worse} other differences"])


def means(old: Record, new: Record) -> str:
    """One line for each group: the geometric mean of new over old sizes at each of our levels."""
    lines = []
    for group, title in GROUPS.items():
        growth = statistics.growth(old, new, group)
        if growth:
            cells = [f"{level} x{change:.4f}" for level, change in growth.items()]
            lines.append(f"{title}: " + ", ".join(cells))
    return "\n".join(lines)
