"""The sizes of the structures beside what they are held to."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks import peers
from benchmarks.structures.structure import Array, Structure

PEERS = ("xz 9e", "zstd 19", "zstd 19 shuffle", "pcodec 12", "JPEG XL e9")
# dtype, shape and checksum of a stream, which the peers' bytes do not carry
SLACK = 32


@dataclass(frozen=True)
class Row:
    """The sizes of one structure, in bytes.

    Parameters
    ----------
    structure : Structure
    samples : int
    peer : tuple of (str, int)
        The best one's name and size.
    levels : dict of int to int
        Sizes of this library's streams, by level.
    """

    structure: Structure
    samples: int
    peer: tuple[str, int]
    levels: dict[int, int]

    def bits(self, size: float) -> float:
        """Return bits per sample."""
        return 8 * size / self.samples

    def bar(self, level: int) -> float | None:
        """Return the largest size that holds the bar at this level; None where there is none."""
        best: float = self.peer[1]
        if self.structure.group == "plain":
            share = {5: 1.01}
            best = min(best, *self.levels.values())
        elif self.structure.group == "relatives":
            share = {5: 1.03, 8: 1.0}
        else:
            share = {1: 1.08, 5: 1.03}
            assert self.structure.information is not None
            best = self.structure.information * self.samples / 8
        return share[level] * best + SLACK if level in share else None

    def held(self, level: int) -> bool | None:
        """Say whether the bar is held; None where there is none."""
        bar = self.bar(level)
        return None if bar is None else self.levels[level] <= bar


def best_peer(array: Array) -> tuple[str, int]:
    """Return the name and the size of the other compressor that does best.

    JPEG XL is asked about pictures of bytes only.
    """
    sizes = {}
    for peer in peers.select(PEERS):
        if peer.missing() or (peer.family == "JPEG XL" and array.dtype != "uint8"):
            continue
        if (job := peer.prepare(array, None)) is not None:
            sizes[peer.name] = len(job.encode(job.source))
    name = min(sizes, key=lambda name: sizes[name])
    return name, sizes[name]


def measure(structures: Iterable[Structure], levels: Iterable[int], samples: int) -> Iterator[Row]:
    """Compress each structure that can be made here; no stream is decoded."""
    compress = importlib.import_module("compress").compress
    for structure in structures:
        if structure.missing() is None:
            array = structure.make(samples)
            sizes = {level: len(compress(array, level=level, threads=1)) for level in levels}
            yield Row(structure, array.size, best_peer(array), sizes)


def show(rows: Iterable[Row], levels: tuple[int, ...]) -> None:
    """Print a line for each row as it comes, then how many bars are held."""
    print("bits per sample; * is above its bar")
    names = [f"level {level}" for level in levels]
    print(
        f"{'structure':22}{'dtype':>15}{'information':>13}  {'best peer':24}",
        *(f"{name:>9}" for name in names),
    )
    counts: dict[tuple[str, int], list[bool]] = {}
    for row in rows:
        cells = []
        for level in levels:
            held = row.held(level)
            if held is not None:
                counts.setdefault((row.structure.group, level), []).append(held)
            cells.append(f"{row.bits(row.levels[level]):8.3f}{'*' if held is False else ' '}")
        known = row.structure.information
        information = "-" if known is None else f"{known:.3f}"
        dtype = row.structure.make(64).dtype
        peer = f"{row.peer[0]} {row.bits(row.peer[1]):.3f}"
        print(
            f"{row.structure.name:22}{dtype!s:>15}{information:>13}  {peer:24}", *cells, flush=True
        )
    for (group, level), answers in counts.items():
        print(f"{group}, level {level}: {sum(answers)} of {len(answers)} bars held")
