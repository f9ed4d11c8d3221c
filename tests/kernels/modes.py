"""Digests of all golden arrays, encoded and decoded, by whichever kernels this process runs.

``python -m tests.kernels.modes`` prints one line an array: its name, the digest of what it is
compressed to, and that of what the golden stream decompresses to.
"""

from __future__ import annotations

import hashlib

import compress
from tests.golden_arrays import FOLDER, golden


def digests(*, encode: bool = True) -> list[str]:
    """Return a line for each golden array."""
    lines = []
    for name, (array, arguments) in sorted(golden().items()):
        written = compress.compress(array, threads=1, **arguments) if encode else b""
        back = compress.decompress((FOLDER / f"{name}.fdz").read_bytes(), threads=1)
        found = [hashlib.sha256(data).hexdigest()[:16] for data in (written, back.tobytes())]
        lines.append(" ".join([name, *found]))
    return lines


if __name__ == "__main__":
    print("\n".join(digests()))  # noqa: T201 (a command)
