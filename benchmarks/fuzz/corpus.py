"""Inputs that a search guided by coverage kept, and what they stand for.

``python -m benchmarks.fuzz.corpus FOLDER`` keeps those of a folder, beside streams and files of all
levels. An input is the kind, one byte, then pieces behind their lengths of two bytes: header and
chunks of a stream, or head, metadata and chunks of a file, each chunk behind slab, tile and rows.
"""

from __future__ import annotations

import io
import lzma
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fuzz.known import files, streams
from compress.container import LogReader, LogWriter, is_log, pack, unpack

__all__ = ["assembled", "kept", "taken_apart"]

_KEPT = Path(__file__).parent.parent / "records" / "fuzz_corpus.xz"
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
    pieces = _pieces(data[1:])
    if data[:1] and data[0] % 2 == _MESSAGE:
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


def kept() -> list[bytes]:
    """Return the inputs that are kept."""
    return _pieces(lzma.decompress(_KEPT.read_bytes()))


def _pieces(joined: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(joined):
        length = int.from_bytes(joined[at : at + 2], "little")
        found.append(joined[at + 2 : at + 2 + length])
        at += 2 + length
    return found


def _keep(folder: Path) -> None:
    whole = {taken_apart(one.data) for one in [*streams([1, 2, 3, 5, 8]), *files([1, 5])]}
    found = sorted(whole | {path.read_bytes() for path in folder.iterdir()})
    joined = b"".join(len(one).to_bytes(2, "little") + one for one in found)
    _KEPT.write_bytes(lzma.compress(joined, preset=9))
    print(f"{len(found)} inputs, {_KEPT.stat().st_size} bytes")


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
