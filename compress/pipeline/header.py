"""The header of a stream: what the array is and how it was cut, before any chunk is read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compress.bounds import KINDS, ErrorBound
from compress.container import IntegerReader, write_unsigned
from compress.errors import CorruptError
from compress.pipeline.budget import Budget
from compress.pipeline.geometry import CHUNK_SAMPLES, MOST_CHUNK_SAMPLES, Geometry, cut
from compress.transforms import mirrored
from compress.transforms.dtypes import describe, parse
from compress.transforms.fields import field_specs
from compress.transforms.step import Context

__all__ = ["Cut", "Header", "cut_array", "open_budget", "read_header", "write_header"]

_LEVEL = 0b1111
_FORTRAN = 1 << 4
_BOUNDED = 1 << 5
_CUT = 1 << 6
_MODEL = 1 << 7
_STATED = 1 << 8
_FLAGS = 1 << 9
_MOST_DIMENSIONS = 64
# Memory beside twice `max_bytes`; 4 MiB of it are for what is not counted.
_SPARE_BYTES = (64 - 4) << 20
# Of the largest field, which most models take to decode it.
_BYTES_A_SAMPLE = 64


class Cut(Protocol):
    """An array that is cut into chunks: its shape, how many there are, elements of the largest."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def n_chunks(self) -> int: ...  # noqa: D102
    @property
    def largest(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Header:
    """What a stream says of its array.

    Attributes
    ----------
    dtype : numpy.dtype
        The array's own dtype, byte order included.
    geometry : Geometry
        Shape in memory order and the cut into chunks.
    fortran : bool
        Whether the array was in Fortran order; its chunks are those of its transpose.
    level : int
    max_error : float or None
        The absolute bound that is kept: of several fields, the largest.
    fingerprint : int or None
        Of the model that the stream needs, if it needs one.
    stated : ErrorBound or None
        The bound that was given, where it is not that absolute one.
    """

    dtype: np.dtype[Any]
    geometry: Geometry
    fortran: bool
    level: int
    max_error: float | None
    fingerprint: int | None
    stated: ErrorBound | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        shape = self.geometry.shape
        return shape[::-1] if self.fortran else shape

    @property
    def n_bytes(self) -> int:
        """Bytes that the decoded array takes."""
        return prod(self.shape) * self.dtype.itemsize


def samples_per_element(dtype: np.dtype[Any]) -> int:
    """Return the samples in the largest field of one element: 1, but for subarrays."""
    return max((prod(shape) for _, shape in field_specs(dtype, ())), default=1) or 1


def cut_array(array: NDArray[Any]) -> Geometry:
    """Cut an array into chunks of the usual size.

    One that is its own mirror image stays whole if decoders accept that, for half of it says all.
    """
    each = samples_per_element(array.dtype)
    if CHUNK_SAMPLES < array.size * each <= MOST_CHUNK_SAMPLES and any(
        mirrored.candidates(array, Context())
    ):
        return cut(array.shape, array.size)
    return cut(array.shape, max(1, CHUNK_SAMPLES // each))


def open_budget(
    dtype: np.dtype[Any], cut: Cut, threads: int, max_bytes: int | None
) -> tuple[int, Budget]:
    """Say how many threads may decode an array side by side, and what it may take.

    Parameters
    ----------
    dtype : numpy.dtype
    cut : Cut
        The array's shape and chunks.
    threads : int
        That there are.
    max_bytes : int or None
        No limit of memory without it; with it, twice as much and `_SPARE_BYTES` are shared by the
        array and by what the threads hold.

    Returns
    -------
    threads : int
    budget : Budget

    Raises
    ------
    CorruptError
        If there are more chunks than an array of this size has.
    """
    memory = None
    n_bytes = prod(cut.shape) * dtype.itemsize
    if max_bytes is not None:
        left = 2 * max_bytes + _SPARE_BYTES
        # One chunk is the array.
        left -= n_bytes if cut.n_chunks > 1 else 0
        samples = cut.largest * samples_per_element(dtype)
        each = cut.largest * dtype.itemsize + _BYTES_A_SAMPLE * samples
        threads = max(1, min(threads, cut.n_chunks, left // max(each, 1)))
        memory = left // threads
    budget = Budget(n_bytes, memory)
    budget.open_chunks(cut.n_chunks, len(field_specs(dtype, ())))
    return threads, budget


def write_header(header: Header) -> bytes:
    """Write a header; `read_header` reads it. The dtype comes last, for it delimits itself."""
    geometry = header.geometry
    cut = geometry.n_chunks > 1
    flags = (
        header.level
        | _FORTRAN * header.fortran
        | _BOUNDED * (header.max_error is not None)
        | _CUT * cut
        | _MODEL * (header.fingerprint is not None)
        | _STATED * (header.stated is not None)
    )
    values = [flags, len(geometry.shape), *geometry.shape]
    if header.max_error is not None:
        values.append(_bits(header.max_error))
    if header.stated is not None:
        values += [KINDS.index(header.stated.kind), _bits(header.stated.value)]
    if cut:
        values += [geometry.axis, geometry.rows]
    if header.fingerprint is not None:
        values += [header.fingerprint]
    return write_unsigned([*values, *describe(header.dtype)])


def read_header(data: bytes) -> Header:
    """Read a header.

    Raises
    ------
    CorruptError
        If the data are no header, or describe an array that cannot be.
    """
    reader = IntegerReader(data)
    flags = reader.unsigned(_FLAGS)
    level = flags & _LEVEL
    if not 1 <= level <= 9:
        raise CorruptError(f"the header names level {level}, which does not exist")
    n_dimensions = reader.unsigned(_MOST_DIMENSIONS + 1)
    shape = tuple(reader.unsigned(1 << 62) for _ in range(n_dimensions))
    max_error = None
    if flags & _BOUNDED:
        max_error = _float(reader.unsigned())
        if not 0 < max_error < float("inf"):
            raise CorruptError(f"the header names an impossible error bound, {max_error}")
    stated = _read_stated(reader) if flags & _STATED else None
    geometry = Geometry(shape, 0, max(1, shape[0]) if shape else 1)
    if flags & _CUT:
        axis = reader.unsigned(max(1, n_dimensions))
        rows = reader.unsigned((shape[axis] if shape else 0) + 1)
        if rows == 0:
            raise CorruptError("the header cuts the array into chunks of no rows")
        geometry = Geometry(shape, axis, rows)
    fingerprint = reader.unsigned() if flags & _MODEL else None
    dtype = parse([reader.unsigned() for _ in iter(lambda: reader.remaining, 0)])
    if prod(n for n in shape if n) * max(dtype.itemsize, 1) >= 1 << 62:
        raise CorruptError(f"the header describes an impossible array: {dtype}, shape {shape}")
    samples = samples_per_element(dtype)
    if geometry.largest > max(1, MOST_CHUNK_SAMPLES // samples):
        raise CorruptError(f"the header describes chunks of {geometry.largest} x {samples} samples")
    return Header(dtype, geometry, bool(flags & _FORTRAN), level, max_error, fingerprint, stated)


def _read_stated(reader: IntegerReader) -> ErrorBound:
    kind, value = reader.unsigned(len(KINDS)), _float(reader.unsigned())
    try:
        return ErrorBound(KINDS[kind], value)
    except ValueError as error:
        raise CorruptError(f"the header names an impossible error bound: {error}") from None


def _bits(number: float) -> int:
    (bits,) = struct.unpack("<Q", struct.pack("<d", number))
    return int(bits)


def _float(bits: int) -> float:
    (number,) = struct.unpack("<d", struct.pack("<Q", bits))
    return float(number)
