"""Run the experiments, add their rows to the record, draw the figures."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

# one thread for everyone: the matrices are small
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

RECORD = Path(__file__).parent.parent / "records" / "paper.json"
# what makes a row another one
KEYS = {
    "fitting": ("normals", "parameters"),
    "compression": ("source", "lambda", "model"),
}
STEPS = {"fitting": 30_000, "compression": 8000}
QUICK_STEPS = {"fitting": 2000, "compression": 500}


def _merged(old: list[dict[str, Any]], new: list[dict[str, Any]], part: str) -> list[Any]:
    found = {tuple(row[key] for key in KEYS[part]): row for row in [*old, *new]}
    return [found[key] for key in sorted(found)]


def _measure(part: str, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    steps = (QUICK_STEPS if chosen.quick else STEPS)[part]
    if part == "fitting":
        from benchmarks.paper import fitting  # noqa: PLC0415 - jax is slow to load

        sizes = (8, 28) if chosen.quick else tuple(fitting.FILTERS)
        normals = (10,) if chosen.quick else fitting.COMPONENTS
        return fitting.measure(steps, sizes, tuple(chosen.normals or normals))
    from benchmarks.paper import transform  # noqa: PLC0415 - jax is slow to load

    lambdas = (3.0,) if chosen.quick else transform.LAMBDAS
    sources = ("banana",) if chosen.quick else tuple(transform.SOURCES)
    return transform.measure(steps, lambdas, tuple(chosen.sources or sources))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *KEYS], default=[])
    parser.add_argument("--quick", action="store_true", help="few rows, few steps; no record")
    parser.add_argument("--normals", nargs="*", type=int, help="targets of the fitting part")
    parser.add_argument("--sources", nargs="*", help="sources of the compression part")
    parser.add_argument("--out", type=Path, default=RECORD, help="record to add the rows to")
    parser.add_argument("--figures", type=Path, help="only draw the record, into this folder")
    chosen = parser.parse_args()
    record = json.loads(chosen.out.read_text()) if chosen.out.exists() else {}
    if chosen.figures is not None:
        from benchmarks.paper import figures  # noqa: PLC0415 - matplotlib is optional

        figures.draw(record, chosen.figures)
        return
    for part in chosen.parts or list(KEYS):
        rows = _measure(part, chosen)
        if chosen.quick:
            continue
        record[part] = _merged(record.get(part, []), rows, part)
        chosen.out.parent.mkdir(exist_ok=True)
        lines = ",\n".join(
            f' "{name}": [\n  ' + ",\n  ".join(json.dumps(row) for row in record[name]) + "\n ]"
            for name in sorted(record)
        )
        chosen.out.write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
