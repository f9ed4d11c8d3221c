"""Mutations that the coverage of the code guides: those that reach new lines are kept.

``python -m benchmarks.fuzz_guided CORPUS -max_total_time=600`` needs the package ``atheris`` and
takes libFuzzer's options. An empty folder is filled with streams and files of all levels first.
An input is put together into a stream or a file whose checksums hold, so that the search is for
what stands behind them.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["compress"]):
    from benchmarks.fuzz.known import Stream, files, streams
    from benchmarks.fuzz.run import outcome
    from compress.container import LogReader, LogWriter, is_log, pack, unpack

__all__ = ["assembled", "taken_apart"]

_LIMIT = 1 << 17
_MESSAGE, _FILE = 0, 1


def taken_apart(data: bytes) -> bytes:
    """Return the input that stands for a stream or a file."""
    if not is_log(data):
        frame = unpack(data)
        chunks = [bytes(frame.chunk(i)) for i in range(frame.n_chunks)]
        return _joined(_MESSAGE, [bytes(frame.header), *chunks])
    log = LogReader(lambda begin, n: data[begin : begin + n], len(data))
    entries = [log.entries[key] for key in sorted(log.entries)]
    chunks = [bytes([*one[:3]]) + bytes(log.payload(one)) for one in entries]
    return _joined(_FILE, [log.head, log.extra or b"", *chunks])


def assembled(data: bytes) -> bytes:
    """Return the stream or the file that an input stands for."""
    kind, *pieces = _split(data)
    if kind == bytes([_MESSAGE]):
        return pack(pieces[0] if pieces else b"", pieces[1:])
    out = io.BytesIO()
    head, extra, *chunks = [*pieces, b"", b""][: max(2, len(pieces))]
    log = LogWriter(out, head)
    for chunk in chunks:
        slab, tile, rows = (*chunk[:3], 0, 0, 0)[:3]
        log.chunk(slab, tile, rows, chunk[3:])
    log.index(extra)
    return out.getvalue()


def _joined(kind: int, pieces: Sequence[bytes]) -> bytes:
    return bytes([kind]) + b"".join(len(one).to_bytes(2, "little") + one for one in pieces)


def _split(data: bytes) -> list[bytes]:
    found, at = [bytes(b & 1 for b in data[:1])], 1
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "little")
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return found


def _try(data: bytes) -> None:
    """Decode; anything but an array or an error of ours ends the search."""
    outcome(Stream(assembled(data), None), None, _LIMIT)  # type: ignore[arg-type]


def _fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        for stream in [*streams([1, 2, 3, 5, 8]), *files([1, 5])]:
            data = taken_apart(stream.data)
            (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    _fill(Path(sys.argv[1]))
    atheris.Setup(sys.argv, _try)
    atheris.Fuzz()
