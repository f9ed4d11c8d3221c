"""Writes an array to a file, a block of rows at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from compress.arguments import (
    as_array,
    check_is_model,
    check_level,
    check_max_error,
    check_threads,
)
from compress.bounds import ErrorBound
from compress.container import LogWriter, Writable, write_unsigned
from compress.pipeline.chunk import Guide, check_dtype
from compress.pipeline.geometry import MOST_CHUNK_SAMPLES
from compress.pipeline.header import samples_per_element
from compress.pipeline.model import Model
from compress.store.grid import Grid, usual_chunks
from compress.store.head import Head, write_attributes, write_head
from compress.store.payload import coded_chunk
from compress.work import in_threads

__all__ = ["Writer"]

Array = NDArray[Any]


class Writer:
    """Writes an array that grows along its first axis to a file, chunk by chunk.

    Memory is bounded by the rows of one chunk. With a path, the file is written under the name
    ``<path>.partial`` and takes the place of an earlier one only when it is closed; where an
    error ends a ``with`` block, the partial file stays, and `compress.open` reads from it what was
    written by then.

    Parameters
    ----------
    path_or_file : str, path or file-like
        A path, or anything with a ``write`` method that takes bytes (it is not closed).
    dtype : dtype, optional
        By default that of the first block.
    shape : tuple, optional
        Shape of the whole array; its first entry may be None, if it is not known how many rows
        there will be. By default the rows of the first block tell.
    chunks : int or tuple of int, optional
        Rows of a chunk, or its shape. A chunk is what a reader decodes at least; each is learned
        from anew, so that larger ones are smaller in all. By default some 2**18 samples for arrays
        of several axes, which are cut along all of them, else 2**20; at most 2**21.
    level : int, optional
        1 (fast) to 9 (smallest).
    max_error : float or ErrorBound, optional
        An absolute one, for a writer never sees the whole array.
        As for `compress.compress`.
    model : Model, optional
        As for `compress.compress`; readers need it then.
    attrs : mapping, optional
        Names, units and the like, of what JSON can hold. ``writer.attrs`` may be changed until the
        file is closed.
    threads : int, optional
        Threads that code the chunks of a block of rows side by side. The file is the same for any
        number of them.
    checksum : bool, optional
        Keep a checksum of the decoded samples of each chunk as well, which readers verify. With
        `max_error` each chunk is decoded for it.

    Raises
    ------
    FileExistsError
        There is a partial file already, which another writer is at work on, or left behind.
    TypeError, ValueError
        As `compress.compress`, or if the shape, the chunks or the metadata are none.

    Examples
    --------
    >>> import numpy as np, compress, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "walk.fdz"
    >>> with compress.Writer(path, attrs={"unit": "mV"}) as writer:
    ...     for block in np.arange(12).reshape(3, 2, 2):
    ...         writer.append(block)
    >>> compress.open(path)[2:5].tolist()
    [[4, 5], [6, 7], [8, 9]]
    """

    def __init__(
        self,
        path_or_file: str | os.PathLike[str] | Writable,
        *,
        dtype: DTypeLike | None = None,
        shape: tuple[int | None, ...] | None = None,
        chunks: int | tuple[int, ...] | None = None,
        level: int = 5,
        max_error: float | ErrorBound | None = None,
        model: Model | None = None,
        attrs: Mapping[str, Any] | None = None,
        threads: int | None = None,
        checksum: bool = False,
    ) -> None:
        self._level = check_level(level)
        self._max_error = check_max_error(max_error)
        self._threads = check_threads(threads)
        check_is_model(model)
        self._model = model
        self._sums = bool(checksum)
        self.attrs: dict[str, Any] = dict(attrs or {})
        write_attributes(attrs or {})
        self._dtype = None if dtype is None else np.dtype(dtype)
        if self._dtype is not None:
            check_dtype(self._dtype)
        self._declared, self._rest = _split_shape(shape)
        self._asked = chunks
        self._head: Head | None = None
        self._log: LogWriter | None = None
        # What other chunks may follow: that of the first chunk, whichever thread codes them.
        self._guide: Guide | None = None
        self._begun = False
        # Rows that wait for a slab to be full, and whether the file has fewer of them.
        self._waiting: list[Array] = []
        self._stale = True
        self._slabs = 0
        self._closed = False
        self._target: Path | None = None
        if isinstance(path_or_file, str | os.PathLike):
            self._target = Path(path_or_file)
            self._partial = self._target.with_name(self._target.name + ".partial")
            try:
                self._out: Any = self._partial.open("xb")
            except FileExistsError as error:
                error.add_note(
                    "another writer is at work on it, or left it behind: `compress.open` reads it "
                    "up to its last whole chunk; delete it to begin anew"
                )
                raise
        elif callable(getattr(path_or_file, "write", None)):
            self._out = path_or_file
        else:
            raise TypeError(
                f"a path, or a file to write to, is needed, not {type(path_or_file).__name__}"
            )
        try:
            if self._dtype is not None and self._rest is not None:
                self._begin()
        except BaseException:
            self.abort()
            raise

    @property
    def rows(self) -> int:
        """Rows that were appended."""
        full = 0 if self._head is None else self._slabs * self._head.chunks[0]
        return full + self._pending

    @property
    def _pending(self) -> int:
        return sum(map(len, self._waiting))

    def append(self, block: ArrayLike) -> None:
        """Append rows.

        Parameters
        ----------
        block : array_like
            Of the dtype of the array, with as many axes and rows of the same shape; or a single
            row, with one axis less. Not kept: it may be changed afterwards.

        Raises
        ------
        TypeError, ValueError
            The block does not fit. Nothing of it is written then.
        """
        self._check_open()
        rows = self._fitting(as_array(block))
        if self._head is None:
            self._begin()
        begin = 0
        while begin < len(rows):
            assert self._head is not None  # noqa: S101 - by `_begin`
            room = self._head.chunks[0] - self._pending
            # Copied where it has to wait: the caller may fill the same block again.
            part = rows[begin : begin + room]
            whole = len(part) == room
            self._waiting.append(part if whole else part.copy())
            self._stale = True
            begin += len(part)
            if whole:
                self._write_slab()
                self._waiting.clear()
                self._slabs += 1

    def flush(self) -> None:
        """Write all rows and an index: the file can be read, and survives a crash, as it is now.

        Rows that do not fill a chunk are written again once it is full, so that a file that is
        flushed often is larger.
        """
        self._check_open()
        if self._head is None:
            if self._dtype is None or self._rest is None:
                return
            self._begin()
        if not self._stale:
            return
        if self._waiting:
            self._write_slab()
        self._index()

    def close(self) -> None:
        """Write what is left, and put the file in its place.

        Raises
        ------
        ValueError
            There are fewer rows than `shape` says, or no dtype and shape were ever given.
        """
        if self._closed:
            return
        if self._head is None and (self._dtype is None or self._rest is None):
            self.abort()
            raise ValueError("nothing was appended: an empty array needs its dtype and shape")
        if self._declared is not None and self.rows != self._declared:
            raise ValueError(f"{self.rows} rows were appended where shape says {self._declared}")
        self._stale = True
        self.flush()
        self._closed = True
        if self._target is not None:
            self._out.close()
            self._partial.replace(self._target)

    def abort(self) -> None:
        """Give the file up: nothing more is written, and a partial file of a path is deleted."""
        if not self._closed:
            self._closed = True
            if self._target is not None:
                self._out.close()
                self._partial.unlink(missing_ok=True)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        if self._closed:
            return
        self._closed = True
        if self._target is None:
            return
        with suppress(OSError):
            # What could not be written before cannot be now; the error in hand says why.
            self._out.close()
        if self._log is None:
            self._partial.unlink(missing_ok=True)
        else:
            error.add_note(f"what was written before stays in {self._partial}")

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the writer is closed")

    def _fitting(self, block: Array) -> Array:
        """Return a block as rows of the array; settle dtype and shape by the first one."""
        dtype = self._dtype if self._dtype is not None else block.dtype
        if block.dtype != dtype:
            raise TypeError(f"the array is of {dtype}, the block of {block.dtype}")
        rest = self._rest
        if rest is None:
            if block.ndim == 0:
                raise ValueError("the first block must have rows: an axis at least")
            rest = block.shape[1:]
        rows = block[None] if block.shape == rest and block.ndim == len(rest) else block
        if rows.ndim != len(rest) + 1 or rows.shape[1:] != rest:
            raise ValueError(
                f"a block of shape {block.shape} has no rows of shape {rest}, as the array has"
            )
        if self._declared is not None and self.rows + len(rows) > self._declared:
            raise ValueError(
                f"{self.rows} rows and {len(rows)} more are beyond the {self._declared} of shape"
            )
        self._dtype, self._rest = dtype, rest
        return rows

    def _begin(self) -> None:
        """Write the head."""
        assert self._dtype is not None  # noqa: S101 - by the callers
        assert self._rest is not None  # noqa: S101
        if self._model is not None and self._model.dtype != self._dtype:
            raise ValueError(f"the model is for {self._model.dtype} arrays, not {self._dtype}")
        head = Head(
            self._dtype,
            self._rest,
            _chunk_shape(self._asked, self._rest, samples_per_element(self._dtype)),
            self._level,
            self._max_error,
            None if self._model is None else self._model.fingerprint,
            self._sums,
            dict(self.attrs),
        )
        self._log = LogWriter(self._out, write_head(head))
        self._head = head

    def _write_slab(self) -> None:
        """Code the rows that wait, tile by tile."""
        assert self._head is not None  # noqa: S101 - by the callers
        assert self._log is not None  # noqa: S101
        waiting = self._waiting
        rows = waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
        grid = Grid((len(rows), *self._rest_shape), self._head.chunks)
        tiles = enumerate(grid.tiles())
        # A few at a time, so that coded bytes do not pile up.
        while some := list(islice(tiles, 4 * self._threads)):
            payloads = []
            if not self._begun:
                payload, self._guide = self._coded(rows[(slice(None), *some[0][1])])
                payloads, self._begun = [payload], True
            rest = some[len(payloads) :]
            payloads += in_threads(
                lambda one: self._coded(rows[(slice(None), *one[1])])[0], rest, self._threads
            )
            for (tile, _), payload in zip(some, payloads, strict=True):
                self._log.chunk(self._slabs, tile, len(rows), payload)
        self._hand_over()

    def _hand_over(self) -> None:
        """Leave what was written to the system, which keeps it if this process ends."""
        if hasattr(self._out, "flush"):
            self._out.flush()

    @property
    def _rest_shape(self) -> tuple[int, ...]:
        return self._rest or ()

    def _coded(self, chunk: Array) -> tuple[bytes, Guide | None]:
        settings = self._level, self._max_error, self._model, self._guide
        return coded_chunk(chunk, *settings, sums=self._sums)

    def _index(self) -> None:
        assert self._log is not None  # noqa: S101 - by the callers
        self._log.index(write_unsigned([self.rows]) + write_attributes(self.attrs))
        self._stale = False
        self._hand_over()
        if self._target is not None:
            os.fsync(self._out.fileno())


def _split_shape(
    shape: tuple[int | None, ...] | None,
) -> tuple[int | None, tuple[int, ...] | None]:
    """Return the number of rows and the shape of a row, None where they are not known."""
    if shape is None:
        return None, None
    sizes = tuple(shape)
    if not sizes:
        raise ValueError("the array needs an axis to grow along; use compress.compress for scalars")
    for i, size in enumerate(sizes):
        unknown = size is None and i == 0
        if not unknown and (isinstance(size, bool) or not isinstance(size, int | np.integer)):
            raise TypeError(f"shape must be of integers, and None for rows, not {shape!r}")
        if not unknown and size is not None and size < 0:
            raise ValueError(f"shape must not be negative, not {shape!r}")
    rest = tuple(int(size) for size in sizes[1:] if size is not None)
    return None if sizes[0] is None else int(sizes[0]), rest


def _chunk_shape(
    asked: int | tuple[int, ...] | None, rest: tuple[int, ...], each: int
) -> tuple[int, ...]:
    """Return the shape of a chunk, checked."""
    if asked is None:
        return usual_chunks(rest, each)
    if isinstance(asked, int | np.integer):
        chunks: tuple[Any, ...] = (asked, *(max(size, 1) for size in rest))
    elif isinstance(asked, tuple | list):
        chunks = tuple(asked)
    else:
        raise TypeError(f"chunks must be rows or a shape, not {asked!r}")
    if len(chunks) != len(rest) + 1:
        raise ValueError(f"chunks of {len(chunks)} axes, {asked!r}, for rows of shape {rest}")
    if any(isinstance(size, bool) or not isinstance(size, int | np.integer) for size in chunks):
        raise TypeError(f"chunks must be integers, not {asked!r}")
    if min(chunks) < 1 or prod(chunks) * each > MOST_CHUNK_SAMPLES:
        raise ValueError(f"chunks must have from 1 to {MOST_CHUNK_SAMPLES} samples, not {chunks}")
    return tuple(map(int, chunks))
