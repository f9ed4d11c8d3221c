"""One file compressed, decompressed or tested."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

import compress
from compress.cli import formats
from compress.cli.formats import archive
from compress.cli.output import opened_output
from compress.cli.progress import Progress
from compress.verification import check_restored

__all__ = ["Report", "compress_one", "decompress_one"]

Array = NDArray[Any]
# Samples up to which an array is coded at once; larger ones chunk by chunk, of so many at most,
# from a file that is mapped and never held. It is what `compress.compress` makes chunks of.
_AT_ONCE = 1 << 20
# Where an array has a second axis to cut, so many smaller chunks are coded side by side.
_TILES, _TILE = 4, 1 << 19
# A tile is not narrower, in samples along the second axis.
_NARROWEST = 256


class Report(NamedTuple):
    """What was done with a file.

    Attributes
    ----------
    packed, plain : int
        Bytes of the compressed and of the original file.
    samples : int
    what : str
        Dtype and shape.
    """

    packed: int
    plain: int
    samples: int
    what: str


def compress_one(
    source: formats.Source, target: Path | None, options: Namespace, progress: Progress
) -> Report:
    """Compress a file, verified and written whole or not at all."""
    settings: dict[str, Any] = {
        "level": options.level,
        "max_error": options.max_error,
        "model": options.loaded_model,
        "threads": options.threads or None,
    }
    before = source.size
    with opened_output(target, force=options.force, source=source.path) as stream:
        progress.begin(source.name)
        if source.dtype is None and archive.is_archive(source):
            code = partial(compress.compress, verify=options.verify, **settings)
            begin = stream.tell() if stream.seekable() else 0
            archive.pack(source, stream, code)
            packed = stream.tell() - begin if stream.seekable() else 0
            return Report(packed, before, 0, "npz archive")
        document = formats.read(source)
        if options.max_error is not None and not formats.has_numbers(document):
            raise ValueError("--max-error is for samples; tables and palettes come back exactly")
        array = document.array
        at_once = array.size * _fields(array.dtype) <= _AT_ONCE or _is_fortran(array)
        if not document.attrs and (at_once or not array.ndim):
            data = compress.compress(array, verify=options.verify, **settings)
            stream.write(data)
            packed = len(data)
        else:
            out = partial(_readable, stream, target)
            packed = _in_chunks(source.name, document, out, options.verify, settings, progress)
    return Report(packed, before, array.size, f"{array.dtype} {array.shape}")


def _is_fortran(array: Array) -> bool:
    return array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous


def _fields(dtype: np.dtype[Any]) -> int:
    """Count the samples of an element: those of its fields, two of a complex number."""
    if dtype.fields:
        return sum(_fields(dtype[name]) for name in dtype.names or ())
    if dtype.subdtype is not None:
        return prod(dtype.shape) * _fields(dtype.base)
    return 2 if dtype.kind == "c" else 1


def chunks_of(shape: tuple[int, ...], per_element: int) -> tuple[int, ...] | None:
    """Return the shape of chunks, or None where the writer knows better: of very long rows."""
    rows, *rest = shape
    per_row = prod(rest) * per_element
    if per_row == 0 or per_row > _AT_ONCE:
        return None
    tiles = 1
    if rest and rows * per_row > _AT_ONCE:
        tiles = max(1, min(_TILES, rest[0] // _NARROWEST))
    most = max(1, (_TILE * tiles if tiles > 1 else _AT_ONCE) // per_row)
    slabs = max(1, -(-rows // most))
    beside = (-(-rest[0] // tiles), *rest[1:]) if rest else ()
    return (max(1, -(-rows // slabs)), *beside)


def _in_chunks(
    name: str,
    document: formats.Document,
    opened: Callable[[], AbstractContextManager[BinaryIO]],
    verify: bool,
    settings: dict[str, Any],
    progress: Progress,
) -> int:
    """Write an array chunk by chunk and compare what was written."""
    array = document.array
    chunks = chunks_of(array.shape, _fields(array.dtype))
    step = max(1, _AT_ONCE // max(1, prod(array.shape[1:]))) if chunks is None else chunks[0]
    begins = range(0, len(array), step)
    if array.size > _AT_ONCE:
        progress.begin(name, len(begins) * (1 + verify))
    with opened() as out:
        with compress.Writer(
            out,
            dtype=array.dtype,
            shape=array.shape,
            chunks=chunks,
            attrs=document.attrs,
            **settings,
        ) as writer:
            for begin in begins:
                writer.append(array[begin : begin + step])
                progress.advance(1)
        out.flush()
        if verify:
            out.seek(0)
            what = f"level={settings['level']}, max_error={settings['max_error']}"
            reader = {name: settings[name] for name in ("model", "threads")}
            with compress.open(out, cache_bytes=0, **reader) as written:
                for begin in begins:
                    part = np.asarray(array[begin : begin + step])
                    back = written[begin : begin + step]
                    check_restored(part, back, settings["max_error"], what)
                    progress.advance(1)
        out.seek(0, os.SEEK_END)
        return out.tell()


@contextmanager
def _readable(stream: BinaryIO, target: Path | None) -> Iterator[BinaryIO]:
    """Give a file that can be read again; what is no such file gets a copy at the end."""
    if target is not None and stream.seekable() and stream.readable():
        yield stream
        return
    with tempfile.TemporaryFile() as scratch:
        yield scratch
        scratch.seek(0)
        shutil.copyfileobj(scratch, stream)


def decompress_one(
    source: formats.Source,
    target: Path | None,
    options: Namespace,
    progress: Progress,
    *,
    test: bool = False,
) -> Report:
    """Decompress a file into the format that it had; only decode it for a test."""
    settings: dict[str, Any] = {
        "model": options.loaded_model,
        "threads": options.threads or None,
    }
    progress.begin(source.name)
    if archive.is_archive(source):
        decode = partial(compress.decompress, max_bytes=options.max_bytes, **settings)
        if test:
            archive.unpack(source, None, decode)
            return Report(source.size, 0, 0, "npz archive")
        with opened_output(target, force=options.force, source=source.path) as stream:
            archive.unpack(source, stream, decode)
            plain = stream.tell() if stream.seekable() else 0
        return Report(source.size, plain, 0, "npz archive")
    given: Any = source.data if source.path is None else source.path
    with compress.open(given, cache_bytes=0, **settings) as array:
        module, details, _ = formats.format_of(array.attrs)
        restored = _restored(source, array, options.max_bytes, settings, details, progress)
        what = f"{array.dtype} {array.shape}"
        if test:
            for _ in restored.parts:
                pass
            return Report(source.size, array.nbytes, array.size, what)
        output = opened_output(target, force=options.force, source=source.path)
        with output as stream, _description():
            module.write(restored, stream)
            plain = stream.tell() if stream.seekable() else array.nbytes
    return Report(source.size, plain, array.size, what)


@contextmanager
def _description() -> Iterator[None]:
    """Turn what a file says wrongly of its format into `CorruptError`."""
    try:
        yield
    except (LookupError, ArithmeticError, AttributeError, zlib.error) as error:
        raise compress.CorruptError(
            f"what the file says of the format that it had is damaged: {error!r}"
        ) from error


def _restored(
    source: formats.Source,
    array: Any,
    max_bytes: int | None,
    settings: dict[str, Any],
    details: Any,
    progress: Progress,
) -> formats.Restored:
    """Decode an array at once, or lazily part by part where it is large."""
    large = array.size * _fields(array.dtype) > _AT_ONCE and array.ndim
    if large and max_bytes is None and array.is_complete and not _comes_reversed(source, array):
        return formats.Restored(
            _parts(source.name, array, progress), array.dtype, array.shape, details
        )
    whole = compress.decompress(source.read(), max_bytes=max_bytes, **settings)
    return formats.Restored([whole], whole.dtype, whole.shape, details)


def _comes_reversed(source: formats.Source, array: Any) -> bool:
    """Whether an array of several axes comes back in Fortran order, which no part of it tells."""
    if array.ndim < 2 or array.attrs:
        return False
    return compress.inspect(source.read()).fortran


def _parts(name: str, array: Any, progress: Progress) -> Iterator[Array]:
    """Decode blocks of rows, of as many chunks as are decoded side by side."""
    rows = array.chunks[0]
    per_row = max(1, array.size // len(array))
    step = max(rows, _AT_ONCE * _TILES // per_row // rows * rows)
    begins = range(0, len(array), step)
    progress.begin(name, len(begins))
    for begin in begins:
        yield array[begin : begin + step]
        progress.advance(1)
