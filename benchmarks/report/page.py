"""A record as one HTML file: data, style and script inside, nothing from a network."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from benchmarks.peers import OURS
from benchmarks.record import ArrayRecord, Record

TEMPLATE = Path(__file__).parent / "page.html"
SCRIPT = Path(__file__).parent / "page.js"
STYLE = Path(__file__).parent / "page.css"


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _array(array: ArrayRecord) -> dict[str, Any]:
    return {
        "name": array.name,
        "kind": array.kind,
        "group": array.group,
        "about": array.about,
        "source": array.source,
        "licence": array.licence,
        "shape": array.shape,
        "dtype": array.dtype,
        "entropy": array.entropy,
        "rows": [
            {
                "peer": row.peer,
                "ours": row.family == OURS,
                "family": row.family,
                "bound": row.bound,
                "bits": round(array.bits(row), 4),
                "encode": _number(row.encode),
                "decode": _number(row.decode),
                "memory": [
                    None if value is None else round(value / 2**20, 1)
                    for value in (row.encode_memory, row.decode_memory)
                ],
                "error": "lost" if row.error == math.inf else row.error,
            }
            for row in array.rows
            if row.refused is None
        ],
        "marginals": [{"name": name, "bits": bits} for name, bits, _ in array.marginals],
        "refused": [[row.peer, row.refused] for row in array.refused()],
    }


def page(record: Record) -> str:
    """Return the page as text."""
    data = {
        "date": record.date,
        "machine": record.machine,
        "versions": record.versions,
        "skipped": record.skipped,
        "arrays": [_array(array) for array in record.arrays],
    }
    # "</" would end the script element early
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    parts = {
        "/*STYLE*/": STYLE.read_text(encoding="utf-8"),
        "/*SCRIPT*/": SCRIPT.read_text(encoding="utf-8"),
        '"DATA"': text,
    }
    html = TEMPLATE.read_text(encoding="utf-8")
    for mark, part in parts.items():
        html = html.replace(mark, part)
    return html
