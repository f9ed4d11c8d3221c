"""Streams and files to start from, and the arrays that they stand for."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import compress
from compress.container import pack, unpack
from compress.pipeline.geometry import Geometry
from compress.pipeline.header import Header, write_header

__all__ = ["Array", "Stream", "arrays", "files", "modelled", "streams"]

Array = NDArray[Any]


class Stream(NamedTuple):
    """A stream or a file, the array that it stands for, and the bytes of the model it needs."""

    data: bytes
    array: Array
    model: bytes | None = None


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


def files(levels: Sequence[int]) -> list[Stream]:
    """Write files of several chunks: some with checksums of their samples, some that grew."""
    found = []
    for level in levels:
        for number, array in enumerate(one for one in arrays() if one.ndim and one.size):
            out = io.BytesIO()
            rows = -(-len(array) // 3)
            with compress.Writer(
                out,
                dtype=array.dtype,
                shape=(None, *array.shape[1:]),
                chunks=(rows, *(max(1, n // 2) for n in array.shape[1:])),
                level=level,
                checksum=number % 2 == 0,
                # Chunks of two files whose heads are the same are not told apart.
                attrs={"file": f"{level}-{number}"},
                threads=1,
            ) as writer:
                writer.append(array[: rows + 1])
                if number % 3 == 0:
                    writer.flush()
                writer.append(array[rows + 1 :])
            found.append(Stream(out.getvalue(), array))
    return found


def modelled(levels: Sequence[int]) -> list[Stream]:
    """Compress parts of the arrays with a model that was learned from the whole."""
    found = []
    for level in levels:
        for array in arrays():
            if array.ndim and array.size:
                model = compress.fit(array, level=level)
                part = array[len(array) // 3 : len(array) // 2]
                data = compress.compress(part, model=model, level=level, threads=1)
                found.append(Stream(data, part, model.to_bytes()))
    return found
