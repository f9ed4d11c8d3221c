"""A record as Markdown: the summary that README carries, and every array at length."""

from __future__ import annotations

import math
from collections.abc import Iterable

from benchmarks.entry import GROUPS
from benchmarks.measure import Row
from benchmarks.peers import OURS
from benchmarks.record import ArrayRecord, Record
from benchmarks.report import statistics

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
SHOWN = (1, 2, 3, 5, 8, 9)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    rule = "|".join(["---", *["---:"] * (len(head) - 1)])
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _number(value: float | None, digits: int = 3) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _levels(record: Record) -> list[str]:
    present = statistics.levels(record)
    shown = [f"{OURS} {level}" for level in SHOWN if f"{OURS} {level}" in present]
    # level 9 has a column of its own only where it differs from 8
    same = [
        {row.peer: row.size for row in array.lossless()}.get(f"{OURS} 8")
        == {row.peer: row.size for row in array.lossless()}.get(f"{OURS} 9")
        for array in record.arrays
    ]
    return shown[:-1] if len(shown) > 1 and shown[-1].endswith(" 9") and all(same) else shown


def _title(level: str) -> str:
    return level.replace(OURS, "level")


def _by_group(record: Record, names: list[str]) -> list[str]:
    rows = []
    for group, title in GROUPS.items():
        levels = [statistics.ratios(record, group, level) for level in names]
        for kind in dict.fromkeys(kind for ratios in levels for kind in ratios):
            count = max(len(ratios.get(kind, ())) for ratios in levels)
            cells = [_number(statistics.geometric_mean(ratios.get(kind, ()))) for ratios in levels]
            rows.append([kind, str(count), *cells])
        count = sum(array.real and array.group == group for array in record.arrays)
        if count:
            means = (_number(statistics.mean(record, group, level)) for level in names)
            rows.append([f"**{cell}**" if cell else "" for cell in (title, str(count), *means)])
    return _table(["kind", "arrays", *map(_title, names)], rows)


def _losses(record: Record) -> list[str]:
    rows = []
    for array in record.arrays:
        mine = statistics.smallest(statistics.ours(array.lossless()))
        best = statistics.smallest(statistics.others(array.lossless()))
        if mine is None or best is None or best.size >= mine.size or not array.real:
            continue
        share = mine.size / best.size
        rows.append(
            (share, [array.name, array.kind, array.group, best.peer, _number(array.bits(best)),
                     _number(array.bits(mine)), f"+{100 * (share - 1):.1f} %"])
        )  # fmt: skip
    if not rows:
        return ["No other compressor is smaller than our smallest on any real array here."]
    rows.sort(key=lambda row: -row[0])
    head = ["array", "kind", "group", "smallest", "its bits", "ours", "larger by"]
    return [
        f"Another compressor is smaller on {len(rows)} of the arrays "
        "(bits per sample, our smallest level):",
        "",
        *_table(head, (row for _, row in rows)),
    ]


def _bounded(record: Record) -> list[str]:
    groups: dict[str, list[float]] = {}
    failed: dict[str, int] = {}
    for array in record.arrays:
        for bound in sorted({row.bound for row in array.bounded() if row.bound is not None}):
            rows = [row for row in array.bounded() if row.bound == bound]
            for row in rows:
                failed[row.family] = failed.get(row.family, 0) + statistics.broken(row)
            best = statistics.smallest(statistics.others(rows))
            for row in statistics.ours(rows):
                if best is not None:
                    groups.setdefault(row.peer, []).append(row.size / best.size)
    if not groups:
        return []
    shown = {f"{OURS} {level} bounded" for level in SHOWN}
    cells = [
        [_title(peer.removesuffix(" bounded")), str(len(values)),
         _number(statistics.geometric_mean(values)), str(sum(value < 1 for value in values))]
        for peer, values in sorted(groups.items())
        if peer in shown
    ]  # fmt: skip
    over = ", ".join(f"{name} {count}" for name, count in sorted(failed.items()) if count)
    slack = f"{100 * (statistics.SLACK - 1):.0f} %"
    return [
        f"With an error bound: size over that of the smallest peer that kept the bound to {slack}"
        + (f" (runs that were further off: {over})" if over else "")
        + ".",
        "",
        *_table(["", "array x bound", "mean ratio", "smaller on"], cells),
    ]


def _dominance(found: statistics.Dominance) -> list[str]:
    if not found.pairs:
        return []
    lines = [
        f"Of {found.pairs} pairs (array, setting of another compressor), some level of ours is "
        f"smaller and faster to decode in {100 * found.decode / found.pairs:.0f} %, smaller and "
        f"faster to encode in {100 * found.encode / found.pairs:.0f} %, and all three in "
        f"{100 * found.both / found.pairs:.0f} %. Of {found.levels} pairs (array, level of ours), "
        f"another compressor is smaller and faster both ways in {len(found.dominated)}"
        + (":" if found.dominated else "."),
        "",
    ]
    rows: dict[str, list[str]] = {}
    for array, level, peer in found.dominated:
        rows.setdefault(level, []).append(f"{array} ({peer})")
    if rows:
        cells = (
            [_title(level), str(len(names)), ", ".join(names)] for level, names in rows.items()
        )
        lines += [*_table(["", "arrays", "by whom"], sorted(cells)), ""]
    return lines


def summary(record: Record) -> str:
    """Return what README carries: means by kind, and each array that another does better."""
    names = _levels(record)
    machine = record.machine
    where = f"{machine['processor']}, {machine['system']}, Python {machine['python']}"
    groups = [
        f"{count} {title}"
        for group, title in GROUPS.items()
        if (count := sum(array.real and array.group == group for array in record.arrays))
    ]
    lines = [
        f"Real arrays from installable packages ({', '.join(groups) or 'none'}), {record.date}, "
        f"one thread of {where}. Every round trip was verified."
        + (" No setting was chosen by the fresh ones." if len(groups) > 1 else ""),
        "",
    ]
    if names:
        lines += [
            "Lossless: our size over that of the smallest other compressor on each array "
            "(geometric mean; below 1 we are smaller), by kind, with the mean of each group of "
            "arrays below its kinds.",
            "",
            *_by_group(record, names),
            "",
        ]
        lines += _dominance(statistics.dominance(record))
        lines += [*_losses(record), ""]
        bounded = _bounded(record)
        lines += [*bounded, ""] if bounded else []
    return "\n".join(lines)


def renewed(text: str, record: Record) -> str:
    """Return ``text`` with the part between the two markers made from the record.

    Raises
    ------
    ValueError
        The markers are not there, each on a line of its own.
    """
    before, begin, rest = text.partition(BEGIN + "\n")
    _, end, after = rest.partition(END + "\n")
    if not begin or not end:
        raise ValueError(f"there are no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{summary(record)}{END}\n{after}"


def _speed(value: float) -> str:
    return "" if math.isnan(value) else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _cells(array: ArrayRecord, row: Row) -> list[str]:
    name = f"**{row.peer}**" if row.family == OURS else row.peer
    memory = [
        "" if value is None else f"{value / 2**20:.1f}"
        for value in (row.encode_memory, row.decode_memory)
    ]
    cells = [name, _number(array.bits(row)), _speed(row.encode), _speed(row.decode), *memory]
    if row.bound is None:
        return cells
    error = "lost" if row.error is None or math.isinf(row.error) else f"{row.error:.4g}"
    return [cells[0], f"{row.bound:g}", *cells[1:], error]


def details(record: Record) -> str:
    """Return every row of every array."""
    lines = ["# Benchmark results", "", summary(record)]
    units = ["bits", "encode ns", "decode ns", "encode MiB", "decode MiB"]
    for array in record.arrays:
        shape = " x ".join(map(str, array.shape))
        lines += [
            f"## {array.name}",
            "",
            f"{array.about or array.kind}; {array.dtype}, {shape}; {array.source} "
            f"({array.licence or 'your own'}).",
            "",
        ]
        ranked = sorted(array.lossless(), key=lambda row: row.size)
        lines += [*_table(["", *units], (_cells(array, row) for row in ranked)), ""]
        bounded = sorted(array.bounded(), key=lambda row: (-(row.bound or 0), row.size))
        if bounded:
            head = ["", "bound", *units, "largest error"]
            lines += [*_table(head, (_cells(array, row) for row in bounded)), ""]
        if array.marginals:
            densities = ", ".join(f"{name} {bits:.3f}" for name, bits, _ in array.marginals)
            lines += [f"Densities alone, bits per sample: {densities}.", ""]
        if array.entropy is not None:
            lines += [f"Entropy of the source: {array.entropy:.4f} bits per sample.", ""]
        lines += [f"{row.peer}: {row.refused}.\n" for row in array.refused()]
    if record.skipped:
        lines += ["## Skipped", "", *(f"- {name}: {why}" for name, why in record.skipped), ""]
    packages = ", ".join(f"{name} {number}" for name, number in record.versions.items())
    return "\n".join([*lines, f"Versions: {packages}.", ""])
