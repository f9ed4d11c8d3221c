"""What is kept of a run: a small JSON file that diffs well, one row a line.

Sizes are exact. Times are kept to three digits: more would be noise.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.entry import TUNED
from benchmarks.measure import Row

FORMAT = 1
COLUMNS = (
    "peer", "bound", "bytes", "encode ns", "decode ns", "encode KiB", "decode KiB", "error",
    "planning ns",
)  # fmt: skip


@dataclass
class ArrayRecord:
    """All that was measured on one array.

    ``marginals`` are (name, bits per sample, parameters) of densities without a coder; ``group``
    is that of `benchmarks.entry.Entry`.
    """

    name: str
    kind: str
    about: str
    source: str
    licence: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    checksum: str
    real: bool = True
    group: str = TUNED
    entropy: float | None = None
    rows: list[Row] = field(default_factory=list)
    marginals: list[tuple[str, float, int]] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Number of samples."""
        return math.prod(self.shape)

    def bits(self, row: Row) -> float:
        """Bits per sample of a row."""
        return 8 * row.size / self.samples

    def lossless(self) -> list[Row]:
        """Return the rows that were measured without loss."""
        return [row for row in self.rows if row.bound is None and row.refused is None]

    def bounded(self) -> list[Row]:
        """Return the rows that were measured at an error bound."""
        return [row for row in self.rows if row.bound is not None and row.refused is None]

    def refused(self) -> list[Row]:
        """Return the rows of compressors that failed on this array."""
        return [row for row in self.rows if row.refused is not None]


@dataclass
class Record:
    """One run: when and where, what was measured and what was skipped and why."""

    date: str
    machine: dict[str, str | int]
    versions: dict[str, str]
    effort: str
    arrays: list[ArrayRecord]
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def array(self, name: str) -> ArrayRecord | None:
        """Return what was measured on the array called ``name``."""
        return next((array for array in self.arrays if array.name == name), None)


def _digits(value: float | None) -> float | None:
    """Keep three significant digits; JSON has no NaN and no infinity."""
    if value is None or math.isnan(value):
        return None
    return value if math.isinf(value) else float(f"{value:.3g}")


def _kib(value: int | None) -> int | None:
    return None if value is None else value >> 10


def _row(row: Row) -> list[Any]:
    values = [
        row.peer,
        row.bound,
        row.size,
        _digits(row.encode),
        _digits(row.decode),
        _kib(row.encode_memory),
        _kib(row.decode_memory),
        # an error is held against its bound: keep as many digits as a float32 has
        "lost"
        if row.error == math.inf
        else None
        if row.error is None
        else float(f"{row.error:.8g}"),
        _digits(row.planning),
    ]
    while values[-1] is None:
        values.pop()
    return values


def dumps(record: Record) -> str:
    """Return the record as text: JSON, one row a line."""

    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    families = {row.peer: row.family for array in record.arrays for row in array.rows}
    head = {
        "format": FORMAT,
        "date": record.date,
        "machine": record.machine,
        "versions": record.versions,
        "effort": record.effort,
        "columns": COLUMNS,
        "families": families,
        "skipped": record.skipped,
    }
    lines = ["{"]
    lines += [f" {compact(key)}: {compact(value)}," for key, value in head.items()]
    lines.append(' "arrays": [')
    for i, array in enumerate(record.arrays):
        about = {
            "name": array.name, "kind": array.kind, "about": array.about, "source": array.source,
            "licence": array.licence, "shape": array.shape, "dtype": array.dtype,
            "nbytes": array.nbytes, "checksum": array.checksum, "real": array.real,
            "group": array.group,
            "entropy": _digits(array.entropy) if array.entropy is None else array.entropy,
        }  # fmt: skip
        rows = ",\n".join("    " + compact(_row(row)) for row in array.rows if not row.refused)
        refused = [[row.peer, row.bound, row.refused] for row in array.refused()]
        marginals = [[name, round(bits, 4), count] for name, bits, count in array.marginals]
        comma = "," if i + 1 < len(record.arrays) else ""
        lines.append(
            f'  {compact(about)[:-1]},\n   "rows": [\n{rows}],\n'
            f'   "refused": {compact(refused)},\n   "marginals": {compact(marginals)}}}{comma}'
        )
    lines.append(" ]\n}\n")
    return "\n".join(lines)


def loads(text: str) -> Record:
    """Return the record that `dumps` wrote.

    Raises
    ------
    ValueError
        Not a record, or one of a newer format.
    """
    raw = json.loads(text)
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ValueError(f"not a benchmark record of format {FORMAT}")
    families = raw["families"]
    arrays = []
    for entry in raw["arrays"]:
        rows = []
        for peer, *values in entry.pop("rows"):
            cells = values + [None] * (8 - len(values))
            bound, size, encode, decode, more, less, error, planning = cells
            rows.append(
                Row(
                    peer,
                    families[peer],
                    bound,
                    size,
                    math.nan if encode is None else encode,
                    math.nan if decode is None else decode,
                    None if more is None else more << 10,
                    None if less is None else less << 10,
                    math.inf if error == "lost" else error,
                    planning=math.nan if planning is None else planning,
                )
            )
        for peer, bound, reason in entry.pop("refused"):
            rows.append(Row(peer, families[peer], bound, refused=reason))
        marginals = [(name, bits, count) for name, bits, count in entry.pop("marginals")]
        entry["shape"] = tuple(entry["shape"])
        arrays.append(ArrayRecord(**entry, rows=rows, marginals=marginals))
    return Record(
        raw["date"],
        raw["machine"],
        raw["versions"],
        raw["effort"],
        arrays,
        [(name, reason) for name, reason in raw["skipped"]],
    )


def read(path: Path) -> Record:
    """Read a record from a file."""
    return loads(path.read_text(encoding="utf-8"))


def write(record: Record, path: Path) -> None:
    """Write a record to a file, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(dumps(record), encoding="utf-8")
    partial.replace(path)
