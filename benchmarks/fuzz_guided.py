"""Mutations that the coverage of the code guides: those that reach new lines are kept.

``python -m benchmarks.fuzz_guided FOLDER -max_total_time=600`` needs the package ``atheris`` and
takes libFuzzer's options. An empty folder is filled with the kept inputs first; ``python -m
benchmarks.fuzz.corpus FOLDER`` keeps those of a folder. An input is put together into a stream or a
file whose checksums hold, so that the search is for what stands behind them.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["compress"]):
    from benchmarks.fuzz.corpus import assembled, kept
    from benchmarks.fuzz.known import Stream
    from benchmarks.fuzz.run import outcome

__all__: list[str] = []

_LIMIT = 1 << 17


def _try(data: bytes) -> None:
    """Decode; anything but an array or an error of ours ends the search."""
    outcome(Stream(assembled(data), None), None, _LIMIT)  # type: ignore[arg-type]


def _fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        for data in kept():
            (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    _fill(Path(sys.argv[1]))
    atheris.Setup(sys.argv, _try)
    atheris.Fuzz()
