"""An array in a file, of which only the chunks that are asked for are decoded."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod
from threading import Lock
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.arguments import (
    check_is_model,
    check_threads,
    needed,
    only_our_errors,
)
from compress.container import is_log, unpack
from compress.errors import CompressError, CorruptError, LimitError
from compress.pipeline.budget import Budget
from compress.pipeline.chunk import decode_chunk
from compress.pipeline.header import Header, open_budget, read_header
from compress.pipeline.model import Model
from compress.store.grid import Grid, Part
from compress.store.head import Head
from compress.store.keys import split_key
from compress.store.layout import read_layout
from compress.store.payload import checked_sum, without_sum
from compress.store.source import Source, open_source
from compress.work import Progress, check, counted, in_threads, is_brief

__all__ = ["CompressedArray", "open", "open_whole"]

Array = NDArray[Any]
# Decoded chunks that are kept, in bytes.
_CACHE_BYTES = 64 << 20


class CompressedArray:
    """An array in a file. Indexing decodes the chunks that it touches, as numpy would index it.

    Integers, slices, ``...`` and ``numpy.newaxis`` decode what they take; arrays of integers or
    booleans decode the box around what they take. Several threads may index at once.

    Attributes
    ----------
    shape, dtype, ndim, size, nbytes
        As of a numpy array.
    chunks : tuple of int
        Shape of the chunks, but for those at the ends.
    attrs : dict
        Metadata of the writer.
    level : int
    max_error : float or None
    is_complete : bool
        Whether the file was closed or flushed last: False where its end is lost, and the array
        has the rows up to its last whole chunk.
    """

    def __init__(
        self,
        source: Source,
        head: Head,
        grid: Grid,
        shape: tuple[int, ...],
        decode: Callable[[int, int, Budget], Array],
        *,
        reverse: bool,
        is_complete: bool,
        threads: int,
        cache_bytes: int,
    ) -> None:
        self._source, self._grid, self._decode = source, grid, decode
        self._reverse, self._threads = reverse, threads
        # What the whole may take, where that is limited; else what each chunk may.
        self._budget: Budget | None = None
        self._cache: OrderedDict[tuple[int, int], Array] = OrderedDict()
        self._cached, self._cache_bytes, self._lock = 0, cache_bytes, Lock()
        self.shape, self.dtype, self.attrs = shape, head.dtype, head.attributes
        self.level, self.max_error, self.is_complete = head.level, head.max_error, is_complete
        chunks = grid.chunks[: len(shape)]
        self.chunks = chunks[::-1] if reverse else chunks

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded array."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        """Return the number of rows."""
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows; a slab of them is decoded at a time."""
        step = self.chunks[0] if self.shape else 1
        for begin in range(0, len(self), step):
            yield from self[begin : begin + step]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return the whole array."""
        if copy is False:
            raise ValueError("the array is compressed: a copy is needed")
        whole: Array = self[...]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> Any:
        """Return a part of the array.

        Raises
        ------
        IndexError
            As numpy does.
        CorruptError
            A chunk of it is damaged; it says which one.
        LimitError
            It takes more memory than there is.
        """
        taken, rest = split_key(key, self.shape)
        return self._box(taken)[rest]

    def _box(
        self, taken: tuple[range, ...], out: Array | None = None, progress: Progress | None = None
    ) -> Array:
        """Decode the elements of rising ranges along every axis, in the order of the chunks."""
        shape = tuple(map(len, taken))
        inner = taken[::-1] if self._reverse else taken
        parts = self._grid.parts(inner if self.shape else (range(1),))
        try:
            # np.empty would make strings of no characters longer.
            out = np.ndarray(tuple(map(len, inner)), self.dtype) if out is None else out
        except (MemoryError, ValueError) as error:
            raise LimitError(f"a selection of shape {shape} is beyond memory") from error
        into = out[...] if self.shape else out.reshape(1)
        add = counted(progress, into.nbytes)

        def place(part: Part) -> None:
            made = self.chunk(part.slab, part.tile)[part.inside]
            check()
            into[part.target] = made

        def done(part: Part) -> None:
            add(into[part.target].nbytes)

        brief = is_brief(into.nbytes, self.level, coding=False)
        for _ in in_threads(place, parts, self._threads, each=done, brief=brief):
            pass
        return out.T if self._reverse else out

    def chunk(self, slab: int, tile: int) -> Array:
        """Decode a chunk of the file: the tile of a slab of rows; see `compress.store.grid`."""
        key = slab, tile
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        budget = self._budget or Budget(self.dtype.itemsize * prod(self._grid.chunks))
        with only_our_errors():
            try:
                chunk = self._decode(slab, tile, budget)
            except CompressError as error:
                raise type(error)(f"{self._where(slab, tile)}: {error}") from error
            except MemoryError as error:
                raise LimitError(f"{self._where(slab, tile)} is beyond memory") from error
        with self._lock:
            if key not in self._cache and chunk.nbytes <= self._cache_bytes:
                self._cache[key] = chunk
                self._cached += chunk.nbytes
                while self._cached > self._cache_bytes:
                    self._cached -= self._cache.popitem(last=False)[1].nbytes
        return chunk

    def _where(self, slab: int, tile: int) -> str:
        rows = self._grid.rows(slab)
        begin = slab * self._grid.chunks[0]
        beside = f", tile {tile}" if self._grid.n_tiles > 1 else ""
        return f"chunk {slab}{beside} (rows {begin} to {begin + rows - 1})"

    def limit(self, max_bytes: int | None) -> None:
        """Let no more be decoded than a limit allows; see `compress.decompress`.

        Raises
        ------
        CorruptError
            If the end of the file is lost.
        LimitError
            If it takes more than `max_bytes` allows.
        """
        if not self.is_complete:
            raise CorruptError(
                "the end of the file is lost: `compress.open` reads its whole chunks, and "
                "`compress.recover` saves them"
            )
        if max_bytes is not None and self.nbytes > max_bytes:
            raise LimitError(
                f"the array takes {self.nbytes} bytes, more than max_bytes={max_bytes} allows"
            )
        self._threads, self._budget = open_budget(self.dtype, self._grid, self._threads, max_bytes)

    def decoded(self, out: Array | None, progress: Progress | None) -> Array:
        """Decode all of a file of a `Writer`, into an array of its shape and dtype if one is given.

        Raises
        ------
        CorruptError, LimitError
            As when it is indexed.
        """
        return self._box(tuple(map(range, self.shape)), out, progress)

    def close(self) -> None:
        """Close a file that was opened by its path."""
        self._source.close()

    def __enter__(self) -> CompressedArray:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<CompressedArray {self.dtype} {self.shape}, chunks {self.chunks}>"


def open(  # noqa: A001 (as numpy, zarr and xarray say)
    path_or_file: Any,
    *,
    model: Model | None = None,
    threads: int | None = None,
    cache_bytes: int = _CACHE_BYTES,
) -> CompressedArray:
    """Open an array in a file; nothing is decoded yet.

    Parameters
    ----------
    path_or_file : str, path, file-like or bytes-like
        What a `Writer` or `compress` wrote: a path (local files are mapped into memory), anything
        with ``seek`` and ``read``, or the bytes.
    model : Model, optional
        The model that the writer was given, where it was given one.
    threads : int, optional
        Threads that decode the chunks of a selection side by side.
    cache_bytes : int, optional
        Decoded chunks that are kept, in bytes: 64 MiB.

    Returns
    -------
    CompressedArray

    Raises
    ------
    FormatError, CorruptError, ModelMismatchError
        As `compress.decompress`. A file without its end is opened with the rows up to its last
        whole chunk.
    OSError
        The file cannot be read.
    """
    check_is_model(model)
    threads = check_threads(threads)
    cache_bytes = operator.index(cache_bytes)
    source = open_source(path_or_file)
    try:
        with only_our_errors():
            if is_log(source.read(0, 5)):
                return _open_log(source, model, threads, cache_bytes)
            return _open_frame(source, model, threads, cache_bytes)
    except BaseException:
        source.close()
        raise


def open_whole(
    data: memoryview, model: Model | None, threads: int, max_bytes: int | None
) -> CompressedArray:
    """Open the bytes of a file to decode all of it; see `CompressedArray.limit`."""
    array = open(data, model=model, threads=threads, cache_bytes=0)
    array.limit(max_bytes)
    return array


def _open_frame(
    source: Source, model: Model | None, threads: int, cache_bytes: int
) -> CompressedArray:
    """Open what `compress.compress` returned."""
    view = source.view if source.view is not None else memoryview(source.read(0, source.size))
    frame = unpack(view)
    header = read_header(frame.header)
    geometry = header.geometry
    if geometry.n_chunks != frame.n_chunks:
        raise CorruptError(
            f"the stream has {frame.n_chunks} chunks where its header describes {geometry.n_chunks}"
        )
    needs = needed(header.fingerprint, model)
    shape = geometry.shape or (1,)
    sizes = (*(1,) * geometry.axis, geometry.rows, *geometry.shape[geometry.axis + 1 :])
    grid = Grid(shape, tuple(max(1, size) for size in sizes))

    def decode(slab: int, tile: int, budget: Budget) -> Array:
        i = slab * grid.n_tiles + tile
        chunk = decode_chunk(frame.chunk(i), geometry.chunk_shape(i), header.dtype, needs, budget)
        return chunk.reshape(grid.chunk_shape(slab, tile))

    return CompressedArray(
        source, _head_of(header, grid), grid, header.shape, decode,
        reverse=header.fortran, is_complete=True, threads=threads, cache_bytes=cache_bytes,
    )  # fmt: skip


def _head_of(header: Header, grid: Grid) -> Head:
    return Head(
        header.dtype, header.shape[1:], grid.chunks, header.level, header.max_error,
        header.fingerprint, sums=False, attributes={},
    )  # fmt: skip


def _open_log(
    source: Source, model: Model | None, threads: int, cache_bytes: int
) -> CompressedArray:
    """Open what a `Writer` wrote."""
    layout = read_layout(source.read, source.size)
    head, grid = layout.head, layout.grid
    needs = needed(head.fingerprint, model)

    def decode(slab: int, tile: int, budget: Budget) -> Array:
        payload, entry = layout.payload(slab, tile)
        shape = entry.rows, *grid.chunk_shape(slab, tile)[1:]
        if not head.sums:
            return decode_chunk(payload, shape, head.dtype, needs, budget)[: grid.rows(slab)]
        data, expected = without_sum(payload)
        chunk = checked_sum(decode_chunk(data, shape, head.dtype, needs, budget), expected)
        return chunk[: grid.rows(slab)]

    head = replace(head, attributes=layout.attributes)
    return CompressedArray(
        source, head, grid, grid.shape, decode, reverse=False,
        is_complete=layout.log.extra is not None, threads=threads, cache_bytes=cache_bytes,
    )  # fmt: skip
