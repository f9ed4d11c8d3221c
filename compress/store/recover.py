"""Saves what can be read of a damaged file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.arguments import check_is_model
from compress.container import LogReader, LogWriter, is_log, write_unsigned
from compress.errors import CorruptError
from compress.pipeline.model import Model
from compress.store.grid import Grid
from compress.store.head import Head, read_head, write_attributes
from compress.store.lazy import CompressedArray, open  # noqa: A004 (as numpy says)
from compress.store.payload import coded_chunk
from compress.store.source import open_source
from compress.store.writer import Writer

__all__ = ["recover"]

Array = NDArray[Any]
Box = tuple[slice, ...]


def recover(
    damaged: Any,
    target: str | os.PathLike[str],
    *,
    fill: Any = 0,
    model: Model | None = None,
) -> tuple[Box, ...]:
    """Write what can be read of a damaged file to a new one.

    Chunks of a `Writer`'s file that are whole are copied as they are; those of what `compress`
    returned are coded again, without loss. A file whose end is lost has the rows up to its last
    whole chunk.

    Parameters
    ----------
    damaged : str, path, file-like or bytes-like
        As for `open`.
    target : str or path
        Another path, where nothing is yet.
    fill : scalar, optional
        What stands for samples that are lost.
    model : Model, optional
        As for `open`.

    Returns
    -------
    tuple of tuple of slice
        The boxes that are lost, in the order of the file.

    Raises
    ------
    FormatError, CorruptError, ModelMismatchError
        As `open`, if not even the head can be read.
    FileExistsError
        There is a file at the target.
    ValueError, TypeError
        `fill` is no sample of the array's dtype.
    """
    check_is_model(model)
    path = Path(target)
    if path.exists():
        raise FileExistsError(f"{path} exists")
    with open(damaged, model=model, cache_bytes=0) as array:
        filler = np.full((), fill, array.dtype)
        source = open_source(damaged)
        try:
            if is_log(source.read(0, 5)):
                return _copied(LogReader(source.read, source.size), array, path, filler, model)
            return _rewritten(array, path, filler)
        finally:
            source.close()


def _copied(
    log: LogReader, array: CompressedArray, path: Path, filler: Any, model: Model | None
) -> tuple[Box, ...]:
    head = read_head(log.head)
    grid = Grid(array.shape, head.chunks)
    partial = path.with_name(path.name + ".partial")
    lost: list[Box] = []
    try:
        with partial.open("xb") as out:
            copy = LogWriter(out, log.head)
            for slab in range(grid.counts[0]):
                for tile, where in enumerate(grid.tiles()):
                    rows = grid.rows(slab)
                    payload = _payload(log, array, (slab, tile), head, model)
                    if payload is None:
                        begin = slab * head.chunks[0]
                        lost.append((slice(begin, begin + rows), *where))
                        blank = np.full(grid.chunk_shape(slab, tile), filler, head.dtype)
                        payload = _coded(head, blank, model)
                    copy.chunk(slab, tile, rows, payload)
            copy.index(write_unsigned([array.shape[0]]) + write_attributes(array.attrs))
            out.flush()
            os.fsync(out.fileno())
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return tuple(lost)


def _payload(
    log: LogReader,
    array: CompressedArray,
    place: tuple[int, int],
    head: Head,
    model: Model | None,
) -> bytes | None:
    """Return a chunk as it is in the file, if it can be decoded."""
    try:
        chunk = array.chunk(*place)
        entry = log.entries[place]
        # Where the end of a file is lost, some tiles may have more rows than others.
        return bytes(log.payload(entry)) if entry.rows == len(chunk) else _coded(head, chunk, model)
    except CorruptError:
        return None


def _coded(head: Head, chunk: Array, model: Model | None) -> bytes:
    return coded_chunk(chunk, 1, None, model, sums=head.sums)[0]


def _rewritten(array: CompressedArray, path: Path, filler: Any) -> tuple[Box, ...]:
    lost: list[Box] = []
    shape = array.shape or (1,)
    grid = Grid(shape, array.chunks or (1,))
    writer = Writer(path, dtype=array.dtype, shape=shape, chunks=grid.chunks, level=array.level)
    try:
        for slab in range(grid.counts[0]):
            begin = slab * grid.chunks[0]
            rows = slice(begin, begin + grid.rows(slab))
            block = np.full((grid.rows(slab), *shape[1:]), filler, array.dtype)
            for where in grid.tiles():
                box = (rows, *where)
                try:
                    block[(slice(None), *where)] = array[box] if array.shape else array[...]
                except CorruptError:
                    lost.append(box)
            writer.append(block)
        writer.close()
    except BaseException:
        writer.abort()
        raise
    return tuple(lost)
