"""Digests of golden arrays, encoded and decoded, by whichever kernels this process runs.

``python -m tests.kernels.modes [NAME ...]`` prints one line an array as soon as it is done: its
name, the digest of what it is compressed to, and that of what the golden stream decompresses to.
Without names it takes all golden arrays.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator

import compress
from tests.golden_arrays import FOLDER, golden

__all__ = ["digests"]


def _lines(names: list[str], *, encode: bool = True) -> Iterator[str]:
    arrays = golden()
    for name in names or sorted(arrays):
        array, arguments = arrays[name]
        written = compress.compress(array, threads=1, **arguments) if encode else b""
        back = compress.decompress((FOLDER / f"{name}.fdz").read_bytes(), threads=1)
        found = [hashlib.sha256(data).hexdigest()[:16] for data in (written, back.tobytes())]
        yield " ".join([name, *found])


def digests(*, encode: bool = True) -> list[str]:
    """Return a line for each golden array."""
    return list(_lines([], encode=encode))


if __name__ == "__main__":
    for line in _lines(sys.argv[1:]):
        print(line, flush=True)  # noqa: T201 (a command)
