"""Mutated streams: the right array or an error of ours, in bounded time and memory.

``python -m benchmarks.fuzz --count 100000 --seed 1``. Half of the streams have mended checksums, so
that headers, plans, tables and words are reached; those may give other arrays, but nothing else.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import compress
from compress.container import IntegerReader, pack, unpack, write_unsigned
from compress.pipeline.chunk import read_layout
from compress.pipeline.geometry import Geometry
from compress.pipeline.header import Header, read_header, write_header
from compress.pipeline.tree import Branch, Node, write_node
from compress.transforms.fields import field_specs

__all__ = ["Outcomes", "PeakMemory", "Stream", "arrays", "fuzz", "mended", "mutated", "streams"]

Array = NDArray[Any]
MIB = 1 << 20
# What is allowed: a second and 10 us a byte; twice the limit and 64 MiB.
_SECONDS, _SECONDS_A_BYTE, _SPARE = 1.0, 1e-5, 64 * MIB
# Streams between two looks at the memory.
_BATCH = 20
# The plan of a chunk stands first, so that most mutations go there.
_FRONT = 40
_SPECIAL = (
    0,
    1,
    -1,
    2,
    3,
    63,
    64,
    127,
    128,
    255,
    1 << 16,
    1 << 20,
    (1 << 21) + 1,
    1 << 31,
    1 << 40,
)
_EXTREME = ((1 << 63) - 1, -(1 << 63), 1 << 62, -(1 << 31))


def arrays() -> list[Array]:
    """Make small arrays that between them take every kind of plan and dtype."""
    rng = np.random.default_rng(5)
    ramp = np.add.outer(np.arange(24), np.arange(30)) * 3
    walk = rng.normal(size=500).cumsum()
    return [
        (ramp + rng.integers(0, 4, ramp.shape)).astype(np.uint8),
        walk.astype(np.float32),
        np.round(rng.normal(size=300), 2),
        rng.choice([3, 7, 1000], 400),
        np.zeros((20, 20), np.int16),
        rng.integers(-(2**62), 2**62, 60),
        np.where(rng.random(300) < 0.1, np.nan, rng.normal(size=300)),
        np.array([(1, 2.5), (3, np.inf)] * 20, [("a", "<i2"), ("b", ">f8")]),
        rng.normal(size=100) + 1j * rng.normal(size=100),
        np.repeat(np.arange("2020-01-01", "2020-03-01", dtype="M8[D]"), 5),
        rng.random(200) < 0.2,
        np.empty((0, 4)),
        np.array(7.0),
        np.stack([walk, walk[::-1], rng.normal(size=500)], 1).astype(np.int32),
        np.tile(rng.integers(0, 99, 37), 12).astype(np.uint64),
        np.asfortranarray(ramp.astype(">u2")),
    ]


class Stream(NamedTuple):
    """A stream, and the array that it stands for."""

    data: bytes
    array: Array


def streams(levels: Sequence[int]) -> list[Stream]:
    """Compress the arrays at some levels, and with an error bound; some of several chunks."""
    found = [
        Stream(compress.compress(array, level=level, threads=1), array)
        for array in arrays()
        for level in levels
    ]
    floats = [array for array in arrays() if array.dtype.kind == "f" and array.size]
    bounded = [compress.compress(one, level=levels[0], max_error=0.1, threads=1) for one in floats]
    found += [Stream(data, compress.decompress(data, threads=1)) for data in bounded]
    return found + [_in_chunks(array, levels[-1]) for array in arrays()[:2]]


def _in_chunks(array: Array, level: int) -> Stream:
    """Write a stream of several chunks, as larger arrays have."""
    rows = -(-len(array) // 4)
    parts = [array[i : i + rows] for i in range(0, len(array), rows)]
    coded = [unpack(compress.compress(part, level=level, threads=1)).chunk(0) for part in parts]
    header = Header(array.dtype, Geometry(array.shape, 0, rows), False, level, None, None)
    return Stream(pack(write_header(header), [bytes(one) for one in coded]), array)


def mutated(data: bytes, others: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Flip bits, overwrite, truncate, extend, splice, or put a large length in."""
    out = bytearray(data)
    kind = int(rng.integers(0, 8))
    if kind <= 1 and out:
        for _ in range(int(rng.integers(1, 5))):
            out[int(rng.integers(len(out)))] ^= 1 << int(rng.integers(8))
    elif kind == 2 and out:
        out[int(rng.integers(len(out)))] = int(rng.integers(256))
    elif kind == 3:
        del out[int(rng.integers(len(out) + 1)) :]
    elif kind == 4:
        out += rng.bytes(int(rng.integers(1, 9)))
    elif kind == 5 and out:
        at = int(rng.integers(len(out)))
        out[at : at + 1] = write_unsigned([int(rng.integers(1 << int(rng.integers(1, 63))))])
    else:
        other = others[int(rng.integers(len(others)))]
        cut = int(rng.integers(len(out) + 1))
        out = out[:cut] + bytearray(other[int(rng.integers(len(other) + 1)) :])
    return bytes(out)


def mended(stream: Stream, others: Sequence[Stream], rng: np.random.Generator) -> bytes:
    """Change the header, the plans or the chunks of a stream, and mend its checksums."""
    frame = unpack(stream.data)
    chunks = [bytes(frame.chunk(i)) for i in range(frame.n_chunks)]
    header = frame.header
    kind = int(rng.integers(0, 8))
    place = int(rng.integers(len(chunks))) if chunks else 0
    other = unpack(others[int(rng.integers(len(others)))].data)
    if kind == 0 or not chunks:
        header = mutated(header, [other.header], rng)
    elif kind == 1:
        header = _grown(header, rng)
    elif kind == 2 and other.n_chunks:
        chunks[place] = bytes(other.chunk(0))
    elif kind == 3:
        chunks = [chunks[i] for i in rng.permutation(len(chunks))]
    elif kind <= 5:
        chunks[place] = _replanned(header, chunks[place], rng)
    else:
        cut = int(rng.integers(1, min(_FRONT, len(chunks[place])) + 1)) if chunks[place] else 0
        chunk = chunks[place]
        front = mutated(chunk[:cut], [chunk, *chunks], rng)
        chunks[place] = front[: cut + 8] + chunk[cut:]
    return pack(header, chunks)


def _grown(header: bytes, rng: np.random.Generator) -> bytes:
    """Declare another shape: longer axes, fewer or more of them."""
    known = read_header(header)
    shape = [int(n) for n in known.geometry.shape] or [1]
    at = int(rng.integers(len(shape)))
    shape[at] = max(1, shape[at]) << int(rng.integers(1, 12))
    if rng.random() < 0.2:
        shape = shape[:at] + shape[at + 1 :]
    geometry = Geometry(tuple(shape), 0, max(1, shape[0]) if shape else 1)
    return write_header(replace(known, geometry=geometry))


def _replanned(header: bytes, chunk: bytes, rng: np.random.Generator) -> bytes:
    """Change parameters of the plans of a chunk, or put one plan in place of another's part."""
    known = read_header(header)
    reader = IntegerReader(chunk)
    plans, lengths = read_layout(reader, field_specs(known.dtype, known.geometry.chunk_shape(0)))
    coded = chunk[reader.position :]
    changed = [_changed(plan, rng) for plan in plans]
    return b"".join(map(write_node, changed)) + write_unsigned(lengths[:-1]) + coded


def _changed(node: Node, rng: np.random.Generator) -> Node:
    """Change a parameter of one node of a plan, most of the time the first ones."""
    if isinstance(node, Branch) and node.children and rng.random() < 0.6:
        at = int(rng.integers(len(node.children)))
        children = list(node.children)
        children[at] = _changed(children[at], rng)
        return node._replace(children=tuple(children))
    if not node.parameters:
        return node
    parameters = list(node.parameters)
    at = min(int(rng.exponential(4.0)), len(parameters) - 1)
    kind = rng.random()
    if kind < 0.5:
        parameters[at] += int(rng.integers(-3, 4))
    elif kind < 0.8:
        parameters[at] = _SPECIAL[int(rng.integers(len(_SPECIAL)))]
    elif kind < 0.9:
        parameters[at] = _EXTREME[int(rng.integers(len(_EXTREME)))]
    elif kind < 0.95:
        del parameters[at]
    else:
        parameters[at:at] = parameters[at : at + 1]
    within = [min(max(value, -(1 << 63)), (1 << 63) - 1) for value in parameters]
    return node._replace(parameters=tuple(within))


class PeakMemory:
    """Measures by how many bytes the process grows at most; nothing where Linux does not say.

    Arrays that kernels make count, too.
    """

    n_bytes = 0

    def __enter__(self) -> PeakMemory:
        """Begin."""
        gc.collect()
        self.n_bytes = 0
        self._before = self._read("VmRSS")
        if self._before:
            # Memory that was freed is given back, so that it counts when it is used again.
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            self._before = self._read("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.n_bytes = max(0, self._read("VmHWM") - self._before)

    @staticmethod
    def _read(name: str) -> int:
        status = Path("/proc/self/status")
        lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
        return next((int(line.split()[1]) << 10 for line in lines if line.startswith(name)), 0)


@dataclass
class Outcomes:
    """What became of mutated streams.

    Attributes
    ----------
    counts : Counter of str
    faults : list of str
        What must not be: wrong arrays, other errors, too much time or memory.
    seconds : float
        The most for one stream.
    n_bytes : int
        The most memory for one batch of streams, above twice the limit where that is more than 0.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    n_bytes: int = 0

    def __str__(self) -> str:
        """Return lines to print."""
        total = self.counts.total()
        lines = [f"{total} streams"]
        lines += [f"  {count:8d}  {what}" for what, count in self.counts.most_common()]
        lines += [f"  slowest {self.seconds:.3f} s", f"  most memory {self.n_bytes / MIB:.1f} MiB"]
        return "\n".join([*lines, f"{len(self.faults)} faults", *self.faults])


def fuzz(
    known: Sequence[Stream], count: int, seed: int, max_bytes: int, *, timed: bool = True
) -> Outcomes:
    """Decode mutated streams.

    Parameters
    ----------
    known : sequence of Stream
    count : int
        How many mutations: half with checksums that are wrong, half with mended ones.
    seed : int
    max_bytes : int
    timed : bool, optional
        Whether taking too long is a fault.
    """
    outcomes = Outcomes()
    allowed = _SECONDS + _SECONDS_A_BYTE * max_bytes
    originals = {stream.data: stream.array for stream in known}
    for begin in range(0, count, _BATCH):
        batch = list(_batch(known, range(begin, min(begin + _BATCH, count)), seed))
        with PeakMemory() as peak:
            for name, data, array, is_mended in batch:
                start = perf_counter()
                expected = None if is_mended else originals.get(data, array)
                try:
                    what = _outcome(data, expected, max_bytes)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
                    what = f"{type(error).__name__}"
                    outcomes.faults.append(f"{name}: {type(error).__name__}: {error}")
                seconds = perf_counter() - start
                outcomes.counts[("mended: " if is_mended else "") + what] += 1
                if what == "a wrong array" or (timed and seconds > allowed):
                    outcomes.faults.append(f"{name}: {what} after {seconds:.2f} s")
                outcomes.seconds = max(outcomes.seconds, seconds)
        outcomes.n_bytes = max(outcomes.n_bytes, peak.n_bytes)
        if peak.n_bytes > 2 * max_bytes + _SPARE:
            outcomes.faults.append(f"from mutation {begin} on: {peak.n_bytes / MIB:.0f} MiB")
    return outcomes


def _batch(
    known: Sequence[Stream], numbers: range, seed: int
) -> Iterator[tuple[str, bytes, Array, bool]]:
    for number in numbers:
        rng = np.random.default_rng((seed, number))
        stream = known[int(rng.integers(len(known)))]
        is_mended = number % 2 == 1
        if is_mended:
            data = mended(stream, known, rng)
        else:
            data = mutated(stream.data, [known[int(rng.integers(len(known)))].data], rng)
        yield f"mutation {number}", data, stream.array, is_mended


def _outcome(data: bytes, expected: Array | None, max_bytes: int) -> str:
    """Decode a stream; the array that is expected is the only one, where there is one."""
    try:
        back = compress.decompress(data, threads=1, max_bytes=max_bytes)
    except compress.CompressError as error:
        return type(error).__name__
    if expected is None:
        return "an array"
    same = (back.dtype, back.shape) == (expected.dtype, expected.shape)
    right = same and back.tobytes() == expected.tobytes()
    return "the array" if right else "a wrong array"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; the status is 1 where there are faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many mutations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--levels", type=int, nargs="+", default=list(range(1, 10)))
    parser.add_argument("--max-bytes", type=int, default=1 << 17)
    chosen = parser.parse_args(arguments)
    known = streams(chosen.levels)
    print(f"seed {chosen.seed}, {len(known)} streams to start from, max_bytes {chosen.max_bytes}")
    outcomes = fuzz(known, chosen.count, chosen.seed, chosen.max_bytes)
    print(outcomes)
    return int(bool(outcomes.faults))


if __name__ == "__main__":
    sys.exit(main())
