"""Datasets of HDF5 files whose chunks are streams of this library, through h5py.

HDF5 hands chunks to filters, which are libraries in C. Without such a library, this module writes
and reads the chunks themselves (HDF5's direct chunk interface): everything else of a dataset,
its shape, dtype, attributes and dimension scales, is as in any other, but its samples can be read
with `read_dataset` only. The dataset says so in its attribute ``fourier_compress``, and names
`FILTER` in its filters, so that other readers fail with an error rather than return bytes.
"""

from __future__ import annotations

import json
import math
import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from types import EllipsisType
from typing import Any, NamedTuple, TypeAlias

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress import CompressError, CorruptError, LimitError, Model, decompress
from compress.integrations.chunks import encode_chunk
from compress.integrations.settings import (
    NAME,
    check_dtype,
    check_model,
    check_settings,
    configuration,
)

__all__ = ["FILTER", "is_ours", "read_dataset", "write_dataset"]

FILTER = 64858
"""The filter's number, of those that HDF5 leaves to everybody (32768 to 65535)."""

_VERSION = 0
_READER = (
    "chunks are streams of fourier-compress: read them with "
    "compress.integrations.hdf5.read_dataset (pip install fourier-compress[hdf5])"
)
# Samples of a chunk where none are asked for: what the library learns from at once.
_CHUNK = 1 << 20
# Attributes that HDF5 makes by itself when dimension scales are attached.
_SCALES = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME"}

Selection: TypeAlias = "int | slice | EllipsisType | tuple[int | slice | EllipsisType, ...]"


def write_dataset(
    group: h5py.Group,
    name: str,
    data: ArrayLike | h5py.Dataset,
    *,
    chunks: tuple[int, ...] | None = None,
    maxshape: tuple[int | None, ...] | None = None,
    fillvalue: Any = None,
    attributes: Mapping[str, Any] | None = None,
    level: int = 5,
    max_error: float | None = None,
    model: Model | str | None = None,
    threads: int | None = None,
) -> h5py.Dataset:
    """Write an array as a dataset of compressed chunks.

    Parameters
    ----------
    group : h5py.Group
        Where: a file or a group that may be written.
    name : str
        Of the dataset, which must not exist.
    data : array_like or h5py.Dataset
        One dimension or more, of a dtype that HDF5 and the library share. What is sliced like an
        array, such as another dataset, is read one chunk after another.
    chunks : tuple of int, optional
        Shape of a chunk: what a reader of one sample decodes. Some 2**20 samples without it.
    maxshape, fillvalue : optional
        As for ``group.create_dataset``.
    attributes : mapping, optional
        Attributes of the dataset; without it, those of `data` if that is a dataset, whose
        dimension scales are kept, too, where they lie in the same file.
    level, max_error, model : optional
        As for `compress.compress`. Samples equal to the fill value come back exactly. The model
        may be base64 text; it is stored beside the chunks.
    threads : int, optional
        Threads that code chunks side by side; all available processors by default.

    Returns
    -------
    h5py.Dataset
        Its samples are read with `read_dataset`.

    Raises
    ------
    TypeError, ValueError
        If the array cannot be compressed or stored, or a setting is not what it may be. Nothing is
        left in the group then.
    """
    source: Any = data if hasattr(data, "shape") and hasattr(data, "dtype") else np.asarray(data)
    dtype, shape = np.dtype(source.dtype), tuple(source.shape)
    level, max_error = check_settings(level, max_error)
    model = check_model(model)
    check_dtype(dtype, model)
    if not shape:
        raise ValueError("HDF5 has no chunks in a dataset without dimensions: use create_dataset")
    chunks = _chunk_of(shape) if chunks is None else tuple(map(int, chunks))
    if len(chunks) != len(shape) or min(chunks) < 1:
        raise ValueError(f"chunks must be {len(shape)} positive integers, not {chunks}")
    created = _created(group, name, shape, dtype, chunks, maxshape, fillvalue)
    try:
        settings = {"reader": _READER, **configuration(level, max_error, model)}
        created.attrs[NAME] = json.dumps(settings)
        _keep_attributes(created, source, attributes)

        def code(part: NDArray[Any]) -> bytes:
            return encode_chunk(
                _whole(part, chunks),
                level=level,
                max_error=max_error,
                model=model,
                fill_value=created.fillvalue,
            )

        places = list(_touched([range(n) for n in shape], chunks))
        with ThreadPoolExecutor(_workers(threads)) as pool:
            # As many at a time as there are threads, and their results written by this one.
            for begin in range(0, len(places), 2 * _workers(threads)):
                some = places[begin : begin + 2 * _workers(threads)]
                parts = [np.asarray(source[place.out]) for place in some]
                for place, coded in zip(some, pool.map(code, parts), strict=True):
                    created.id.write_direct_chunk(place.offset, coded, 0)
    except BaseException:
        del group[name]
        raise
    return created


def read_dataset(
    dataset: h5py.Dataset, selection: Selection = ..., *, threads: int | None = None
) -> NDArray[Any]:
    """Read a dataset, or a part of it.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of `write_dataset`; any other is read by h5py.
    selection : int, slice, Ellipsis or a tuple of these, optional
        As for numpy, with steps of 1 or more. Chunks that it does not touch are not read.
    threads : int, optional
        Threads that decode chunks side by side; all available processors by default.

    Returns
    -------
    numpy.ndarray
        Of the dataset's dtype; chunks that were never written hold its fill value.

    Raises
    ------
    CorruptError
        If a chunk is damaged; the message names it.
    FormatError
        If a chunk was written by a newer version.
    IndexError, TypeError, ValueError
        If the selection is none.
    """
    if not is_ours(dataset):
        return np.asarray(dataset[selection])
    model = check_model(json.loads(dataset.attrs.get(NAME, "{}")).get("model"))
    ranges, kept = _ranges(selection, dataset.shape)
    # As create_dataset has it: a fill value that was never set is zero.
    out = np.empty(tuple(map(len, ranges)), dataset.dtype)
    places = list(_touched(ranges, dataset.chunks))
    stored = [_stored(dataset, place.offset) for place in places]

    def put(place: _Place, data: bytes | NDArray[Any] | None) -> None:
        if data is None:
            out[place.out] = dataset.fillvalue
            return
        chunk = _decoded(data, dataset, place.offset, model) if isinstance(data, bytes) else data
        out[place.out] = chunk[place.chunk]

    with ThreadPoolExecutor(_workers(threads)) as pool:
        for _ in pool.map(put, places, stored):
            pass
    return out[tuple(slice(None) if keep else 0 for keep in kept)]


def is_ours(dataset: h5py.Dataset) -> bool:
    """Whether a dataset is one of `write_dataset`: by its filter, not by an attribute."""
    properties = dataset.id.get_create_plist()
    return [properties.get_filter(i)[0] for i in range(properties.get_nfilters())] == [FILTER]


class _Place(NamedTuple):
    """A chunk that a selection touches.

    Attributes
    ----------
    offset : tuple of int
        Its first sample in the dataset.
    out, chunk : tuple of slice
        Where its samples go, and which they are.
    """

    offset: tuple[int, ...]
    out: tuple[slice, ...]
    chunk: tuple[slice, ...]


def _touched(ranges: list[range], chunks: tuple[int, ...]) -> Iterator[_Place]:
    """List the chunks that hold samples of a selection."""
    axes = []
    for indexes, size in zip(ranges, chunks, strict=True):
        found = []
        for k in range(indexes[0] // size, indexes[-1] // size + 1) if indexes else ():
            begin, end = bisect_left(indexes, k * size), bisect_left(indexes, (k + 1) * size)
            if begin < end:
                first, last = indexes[begin] - k * size, indexes[end - 1] - k * size
                inside = slice(first, last + 1, indexes.step)
                found.append((k * size, slice(begin, end), inside))
        axes.append(found)
    for several in product(*axes):
        offset, out, chunk = zip(*several, strict=True)
        yield _Place(offset, out, chunk)


def _ranges(selection: Selection, shape: tuple[int, ...]) -> tuple[list[range], list[bool]]:
    """Give the indexes that a selection takes of every axis, and whether the axis is kept."""
    items = list(selection) if isinstance(selection, tuple) else [selection]
    missing = len(shape) - sum(item is not Ellipsis for item in items)
    at = [i for i, item in enumerate(items) if item is Ellipsis] or [len(items)]
    if missing < 0 or len(at) > 1:
        raise IndexError(f"{selection!r} is no selection of an array of {len(shape)} dimensions")
    items[at[0] : at[0] + 1] = [slice(None)] * missing
    ranges, kept = [], []
    for item, size in zip(items, shape, strict=True):
        if isinstance(item, slice):
            indexes = range(size)[item]
            if indexes.step < 1:
                raise ValueError(f"the step of {item!r} must be 1 or more")
        elif isinstance(item, int | np.integer) and not isinstance(item, bool):
            if not -size <= item < size:
                raise IndexError(f"the index {item} is outside an axis of {size}")
            indexes = range(int(item) % size, int(item) % size + 1)
        else:
            raise TypeError(f"a selection is made of integers, slices and ..., not {item!r}")
        ranges.append(indexes)
        kept.append(isinstance(item, slice))
    return ranges, kept


def _created(
    group: h5py.Group,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    chunks: tuple[int, ...],
    maxshape: tuple[int | None, ...] | None,
    fillvalue: Any,
) -> h5py.Dataset:
    """Make a dataset without samples, which names the filter."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    # The filter need not be there to write chunks past it, but it is needed to read them.
    properties.set_filter(FILTER, h5py.h5z.FLAG_OPTIONAL, (_VERSION,))
    if maxshape is None and 0 in shape:
        # No chunk fits into an axis of nothing.
        maxshape = tuple(n or None for n in shape)
    return group.create_dataset(
        name,
        shape=shape,
        dtype=dtype,
        chunks=chunks,
        maxshape=maxshape,
        fillvalue=fillvalue,
        dcpl=properties,
    )


def _keep_attributes(
    created: h5py.Dataset, source: Any, attributes: Mapping[str, Any] | None
) -> None:
    """Give a dataset its attributes, or those and the dimension scales of another."""
    given = isinstance(source, h5py.Dataset) and attributes is None
    for key, value in (source.attrs if given else attributes or {}).items():
        if key not in _SCALES and key != NAME:
            created.attrs[key] = value
    if given and source.file == created.file:
        for dimension, new in zip(source.dims, created.dims, strict=True):
            new.label = dimension.label
            for scale in dimension.values():
                new.attach_scale(scale)


def _chunk_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Cut the first axes, so that the last ones stay whole as far as they fit."""
    chunk = [max(1, n) for n in shape]
    while math.prod(chunk) > _CHUNK:
        axis = next(i for i, n in enumerate(chunk) if n > 1)
        chunk[axis] = -(-chunk[axis] // 2)
    return tuple(chunk)


def _whole(part: NDArray[Any], chunks: tuple[int, ...]) -> NDArray[Any]:
    """Fill a chunk at an edge up, as filters get whole chunks, with what costs few bits."""
    missing = [(0, size - n) for n, size in zip(part.shape, chunks, strict=True)]
    return part if part.shape == chunks else np.pad(part, missing, mode="edge")


def _stored(dataset: h5py.Dataset, offset: tuple[int, ...]) -> bytes | NDArray[Any] | None:
    """Read the bytes of a chunk, or its samples if no filter was used; None if it is not there."""
    info = dataset.id.get_chunk_info_by_coord(offset)
    if info.byte_offset is None:
        return None
    _, data = dataset.id.read_direct_chunk(offset)
    if not info.filter_mask & 1:
        return bytes(data)
    size = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if len(data) != size:
        raise CorruptError(f"{_name(dataset, offset)} has {len(data)} bytes, not {size}")
    return np.frombuffer(data, dataset.dtype).reshape(dataset.chunks)


def _decoded(
    data: bytes, dataset: h5py.Dataset, offset: tuple[int, ...], model: Model | None
) -> NDArray[Any]:
    """Decode a chunk, or say which one is damaged."""
    size = math.prod(dataset.chunks) * dataset.dtype.itemsize
    try:
        array = decompress(data, model=model, threads=1, max_bytes=size)
    except LimitError as error:
        kind = LimitError if isinstance(error.__cause__, MemoryError) else CorruptError
        raise kind(f"{_name(dataset, offset)}: {error}") from error
    except CompressError as error:
        raise type(error)(f"{_name(dataset, offset)}: {error}") from error
    if array.shape != dataset.chunks or array.dtype != dataset.dtype:
        raise CorruptError(
            f"{_name(dataset, offset)} holds {array.dtype} {array.shape} where "
            f"{dataset.dtype} {dataset.chunks} belongs"
        )
    return array


def _name(dataset: h5py.Dataset, offset: tuple[int, ...]) -> str:
    return f"the chunk at {offset} of {dataset.name}"


def _workers(threads: int | None) -> int:
    if threads is not None:
        return max(1, threads)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
