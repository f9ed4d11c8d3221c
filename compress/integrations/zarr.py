"""The codecs for the zarr format 3: ``zarr.create_array(..., serializer=FourierCompressCodec())``.

It turns a chunk into bytes by itself, so it takes the place of zarr's ``bytes`` codec and of the
compressors after it. Installed, zarr finds it by the name ``fourier_compress``.
`FourierCompressBytesCodec` is for those who can only give ``compressors``.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.abc.codec import ArrayBytesCodec, ArrayBytesCodecPartialDecodeMixin, BytesBytesCodec

from compress import (
    CompressError,
    CorruptError,
    FormatError,
    LimitError,
    Model,
    compress,
    decompress,
)
from compress.integrations.chunks import encode_chunk
from compress.integrations.settings import (
    NAME,
    check_dtype,
    check_model,
    check_settings,
    configuration,
    configured,
)

if TYPE_CHECKING:
    from zarr.abc.buffer import Buffer, NDBuffer
    from zarr.abc.store import ByteGetter
    from zarr.core.array_spec import ArraySpec
    from zarr.core.common import JSON

__all__ = ["FourierCompressBytesCodec", "FourierCompressCodec"]

_MAGIC_BYTES = 4
_BYTES_NAME = f"{NAME}_bytes"
# A codec that decodes in part is told where a chunk is stored. Before 3.1.6, zarr leaves axes in
# what such a codec returns that an index has dropped.
_IS_TOLD = tuple(int(part) for part in zarr.__version__.split(".")[:2]) > (3, 1) or (
    zarr.__version__.startswith("3.1.") and int(zarr.__version__.split(".")[2]) >= 6
)
_Told: Any = ArrayBytesCodecPartialDecodeMixin if _IS_TOLD else object


@dataclass(frozen=True, kw_only=True)
class FourierCompressCodec(ArrayBytesCodec, _Told):  # type: ignore[misc]
    """Numeric chunks as streams of this library: zarr's ``serializer``.

    Parameters
    ----------
    level : int, optional
        1 (fast) to 9 (smallest); 5 by default.
    max_error : float, optional
        Every finite sample may come back changed by at most this much. Samples that equal the
        array's fill value come back exactly, as do NaN and infinities. Lossless without it.
    model : compress.Model or str, optional
        What `compress.fit` learned from typical chunks, of the dtype of the array; or its base64
        text. It stands in the array's metadata, and chunks that it suits are coded with it.

    Raises
    ------
    TypeError, ValueError
        If a setting is not what it may be.

    Notes
    -----
    A chunk is coded by one thread: zarr codes several chunks side by side. Its bytes depend on its
    samples and the settings alone, not on other chunks or their order. Add ``compressors=None`` to
    the array, for there is nothing left to compress. Where the array has filters, `max_error`
    bounds what becomes of the samples that these hand over.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> array = zarr.create_array({}, data=np.arange(100), serializer=FourierCompressCodec(),
    ...                           compressors=None)
    >>> int(array[7])
    7
    """

    is_fixed_size = False

    level: int = 5
    max_error: float | None = None
    model: Model | None = None

    def __post_init__(self) -> None:
        level, max_error = check_settings(self.level, self.max_error)
        object.__setattr__(self, "level", level)
        object.__setattr__(self, "max_error", max_error)
        object.__setattr__(self, "model", check_model(self.model))

    @classmethod
    def from_dict(cls, data: Mapping[str, JSON]) -> Self:
        """Make the codec from its entry in ``zarr.json``.

        Raises
        ------
        TypeError, ValueError
            If the entry is another codec's, or configures what this version does not know.
        """
        return cls(**configured(data, NAME))

    def to_dict(self) -> dict[str, JSON]:
        """Return the codec's entry in ``zarr.json``; settings that are None are left out."""
        settings = configuration(self.level, self.max_error, self.model)
        return {"name": NAME, "configuration": settings}

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        """Check the dtype (zarr asks every codec, also those inside shards).

        Raises
        ------
        TypeError
            If arrays of this dtype cannot be coded.
        ValueError
            If the model is for another one.
        """
        check_dtype(array_spec.dtype.to_native_dtype(), self.model)
        return self

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Refuse: how long a compressed chunk is depends on what is in it."""
        raise NotImplementedError(f"{NAME}: the size of a compressed chunk depends on its samples")

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        array = _as_declared(chunk_data.as_numpy_array(), chunk_spec)
        model = self.model
        if model is not None:
            array = array.astype(model.dtype, copy=False)
        data = encode_chunk(
            array,
            level=self.level,
            max_error=self.max_error,
            model=model,
            fill_value=chunk_spec.fill_value,
        )
        return chunk_spec.prototype.buffer.from_bytes(data)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        dtype = chunk_spec.dtype.to_native_dtype()
        data = chunk_data.as_numpy_array().data
        array = _decode(data, chunk_spec.shape, dtype, self.model)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._encode_sync, chunk_data, chunk_spec)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return await asyncio.to_thread(self._decode_sync, chunk_data, chunk_spec)

    async def _decode_partial_single(
        self, byte_getter: ByteGetter, selection: Any, chunk_spec: ArraySpec
    ) -> NDBuffer | None:
        data = await byte_getter.get(prototype=chunk_spec.prototype)
        if data is None:
            return None
        try:
            return (await self._decode_single(data, chunk_spec))[selection]
        except CompressError as error:
            raise type(error)(f"{_place(byte_getter)}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class FourierCompressBytesCodec(BytesBytesCodec):
    """The bytes of numeric chunks as streams of this library: one of zarr's ``compressors``.

    It is for programs that leave no choice of the ``serializer``. Behind zarr's own ``bytes``
    codec it knows what the samples are, and codes them as `FourierCompressCodec` does; behind
    another codec it takes the bytes for samples of uint8.

    Parameters
    ----------
    level : int, optional
        1 (fast) to 9 (smallest); 5 by default. There is no ``max_error``: this codec cannot know
        for certain what the bytes stand for, so it is lossless always.

    Raises
    ------
    TypeError, ValueError
        If the level is not what it may be.
    """

    is_fixed_size = False

    level: int = 5

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", check_settings(self.level, None)[0])

    @classmethod
    def from_dict(cls, data: Mapping[str, JSON]) -> Self:
        """Make the codec from its entry in ``zarr.json``; errors as `FourierCompressCodec`."""
        return cls(**configured(data, _BYTES_NAME, ("level",)))

    def to_dict(self) -> dict[str, JSON]:
        """Return the codec's entry in ``zarr.json``."""
        return {"name": _BYTES_NAME, "configuration": {"level": self.level}}

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Refuse: how long a compressed chunk is depends on what is in it."""
        raise NotImplementedError(f"{NAME}: the size of a compressed chunk depends on its samples")

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        array: NDArray[Any] = np.ascontiguousarray(chunk_data.as_numpy_array()).view(np.uint8)
        dtype = chunk_spec.dtype.to_native_dtype()
        if dtype.itemsize and array.nbytes == dtype.itemsize * math.prod(chunk_spec.shape):
            try:
                check_dtype(dtype)
            except TypeError:
                pass
            else:
                array = array.view(dtype).reshape(chunk_spec.shape)
        return chunk_spec.prototype.buffer.from_bytes(compress(array, level=self.level, threads=1))

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = chunk_data.as_numpy_array().data
        dtype = chunk_spec.dtype.to_native_dtype()
        # What another codec makes of the samples may be longer than they are.
        limit = 2 * dtype.itemsize * math.prod(chunk_spec.shape) + (1 << 16)
        with _our_errors(data, limit):
            array = decompress(data, threads=1, max_bytes=limit)
        return chunk_spec.prototype.buffer.from_bytes(array.tobytes())

    async def _encode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._encode_sync, chunk_data, chunk_spec)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._decode_sync, chunk_data, chunk_spec)


def _place(byte_getter: ByteGetter) -> str:
    """Say which chunk bytes are of: where they are stored, or their place in a shard."""
    coordinates = getattr(byte_getter, "chunk_coords", None)
    if coordinates is not None:
        return f"inner chunk {tuple(map(int, coordinates))} of a shard"
    return f"chunk {byte_getter}"


def _as_declared(array: NDArray[Any], spec: ArraySpec) -> NDArray[Any]:
    """Give a chunk the shape and dtype that zarr declares, and will ask for on reading.

    Filters may hand over the same bytes in another form: ``Delta`` and ``FixedScaleOffset`` flat,
    ``BitRound`` floats as integers.

    Raises
    ------
    ValueError
        If the chunk has not as many samples of as many bytes as declared.
    """
    declared = spec.dtype.to_native_dtype()
    if array.size != math.prod(spec.shape) or array.dtype.itemsize != declared.itemsize:
        raise ValueError(
            f"{NAME}: the filters hand over a chunk of {array.dtype} {array.shape} where zarr "
            f"expects {declared} {spec.shape}, so it could not be read again"
        )
    if array.dtype.newbyteorder("=") != declared.newbyteorder("="):
        array = array.view(declared.newbyteorder(array.dtype.byteorder))
    return array.reshape(spec.shape)


def _decode(
    data: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any], model: Model | None
) -> NDArray[Any]:
    """Decode a chunk of the given shape and dtype, or say that it is damaged."""
    size = dtype.itemsize * math.prod(shape)
    with _our_errors(data, size):
        array = decompress(data, model=model, threads=1, max_bytes=size)
    if array.shape != shape or array.dtype.newbyteorder("=") != dtype.newbyteorder("="):
        raise CorruptError(
            f"a chunk of {array.dtype} {array.shape} where one of {dtype} {shape} belongs"
        )
    # The format 3 gives a dtype no byte order: a stream may be in another one than this machine.
    return array.astype(dtype, copy=False)


@contextmanager
def _our_errors(data: memoryview, size: int) -> Iterator[None]:
    """Call damage what in a chunk can be nothing else."""
    try:
        yield
    except LimitError as error:
        if isinstance(error.__cause__, MemoryError):
            raise
        raise CorruptError(f"not the chunk of {size} bytes that belongs here: {error}") from error
    except FormatError as error:
        if bytes(data[:_MAGIC_BYTES]) == compress(np.empty(0), threads=1)[:_MAGIC_BYTES]:
            raise  # written by a newer version
        raise CorruptError(f"a damaged chunk: {error}") from error
