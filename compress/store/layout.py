"""What a file of a `Writer` holds, as its index says, or its records where there is no index."""

from __future__ import annotations

from collections import defaultdict
from math import prod
from typing import Any, NamedTuple

from compress.container import Entry, IntegerReader, LogReader, Readable
from compress.errors import CorruptError
from compress.store.grid import Grid
from compress.store.head import Head, read_attributes, read_head

__all__ = ["FileLayout", "read_layout"]


class FileLayout(NamedTuple):
    """What a file of a `Writer` says before a chunk is decoded."""

    log: LogReader
    head: Head
    grid: Grid
    attributes: dict[str, Any]

    def payload(self, slab: int, tile: int) -> tuple[memoryview, Entry]:
        """Return the verified bytes of a chunk, and where they are."""
        entry = self.log.entries.get((slab, tile))
        if entry is None or not self.grid.rows(slab) <= entry.rows <= self.head.chunks[0]:
            raise CorruptError("it is not in the file")
        return self.log.payload(entry), entry


def read_layout(read: Readable, size: int) -> FileLayout:
    """Read head and index of a file, or find its chunks where there is no index.

    Raises
    ------
    FormatError, CorruptError
        As `open`.
    """
    log = LogReader(read, size)
    head = read_head(log.head)
    if log.extra is None:
        rows = _whole_rows(log.entries, head)
        attributes = head.attributes
    else:
        reader = IntegerReader(log.extra)
        rows = reader.unsigned(1 << 62)
        attributes = read_attributes(reader.take(reader.remaining).tobytes())
    grid = Grid((rows, *head.rest), head.chunks)
    if prod(n for n in grid.shape if n) * max(head.dtype.itemsize, 1) >= 1 << 62:
        raise CorruptError(f"the file describes an impossible array, {head.dtype} {grid.shape}")
    if log.extra is not None:
        _check_entries(log.entries, grid)
    return FileLayout(log, head, grid, attributes)


def _check_entries(entries: dict[tuple[int, int], Entry], grid: Grid) -> None:
    """Raise `CorruptError` unless an index has all chunks of a grid, and no others."""
    slabs, tiles = grid.counts[0], grid.n_tiles
    if len(entries) != slabs * tiles:
        raise CorruptError(f"the index has {len(entries)} chunks of {slabs} x {tiles}")
    for (slab, tile), entry in entries.items():
        if slab >= slabs or tile >= tiles or entry.rows != grid.rows(slab):
            raise CorruptError(f"the index has a chunk {slab}, {tile} of {entry.rows} rows")


def _whole_rows(entries: dict[tuple[int, int], Entry], head: Head) -> int:
    """Return the rows up to the last slab all of whose tiles are there."""
    tiles = Grid((0, *head.rest), head.chunks).n_tiles
    found: defaultdict[int, list[int]] = defaultdict(list)
    for (slab, tile), entry in entries.items():
        if tile < tiles:
            found[slab].append(entry.rows)
    whole = [slab for slab, rows in found.items() if len(rows) == tiles]
    if not whole:
        return 0
    last = max(whole)
    # Where a slab was being written again, some of its tiles have more rows.
    return last * head.chunks[0] + min(*found[last], head.chunks[0])
