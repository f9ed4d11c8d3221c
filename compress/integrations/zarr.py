"""The codec for the zarr format 3: ``zarr.create_array(..., serializer=FourierCompressCodec())``.

It turns a chunk into bytes by itself, so it takes the place of zarr's ``bytes`` codec and of the
compressors after it. Installed, zarr finds it by the name ``fourier_compress``.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from zarr.abc.codec import ArrayBytesCodec

from compress import CorruptError, FormatError, LimitError, compress, decompress
from compress.integrations.settings import NAME, check_dtype, check_keys, check_settings

if TYPE_CHECKING:
    from zarr.abc.buffer import Buffer, NDBuffer
    from zarr.core.array_spec import ArraySpec
    from zarr.core.common import JSON

__all__ = ["FourierCompressCodec"]

_MAGIC_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class FourierCompressCodec(ArrayBytesCodec):
    """Numeric chunks as streams of this library: zarr's ``serializer``.

    Parameters
    ----------
    level : int, optional
        1 (fast) to 9 (smallest); 5 by default.
    max_error : float, optional
        Every finite sample may come back changed by at most this much. Samples that equal the
        array's fill value come back exactly, as do NaN and infinities. Lossless without it.

    Raises
    ------
    TypeError, ValueError
        If a setting is not what it may be.

    Notes
    -----
    A chunk is coded by one thread: zarr codes several chunks side by side. Add
    ``compressors=None`` to the array, for there is nothing left to compress. Where the array has
    filters, `max_error` bounds what becomes of the samples that these hand over.

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

    def __post_init__(self) -> None:
        level, max_error = check_settings(self.level, self.max_error)
        object.__setattr__(self, "level", level)
        object.__setattr__(self, "max_error", max_error)

    @classmethod
    def from_dict(cls, data: Mapping[str, JSON]) -> Self:
        """Make the codec from its entry in ``zarr.json``.

        Raises
        ------
        TypeError, ValueError
            If the entry is another codec's, or configures what this version does not know.
        """
        if data.get("name") != NAME:
            raise ValueError(f"the configuration is for {data.get('name')!r}, not for {NAME!r}")
        check_keys(data.keys() - {"name", "configuration"})
        configuration: Any = data.get("configuration", {})
        if not isinstance(configuration, Mapping):
            raise TypeError(f"{NAME}: the configuration must be a mapping, not {configuration!r}")
        check_keys(configuration)
        return cls(**configuration)

    def to_dict(self) -> dict[str, JSON]:
        """Return the codec's entry in ``zarr.json``; a lossless codec has no ``max_error``."""
        configuration: dict[str, JSON] = {"level": self.level}
        if self.max_error is not None:
            configuration["max_error"] = self.max_error
        return {"name": NAME, "configuration": configuration}

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        """Check the dtype (zarr asks every codec, also those inside shards).

        Raises
        ------
        TypeError
            If arrays of this dtype cannot be coded.
        """
        check_dtype(array_spec.dtype.to_native_dtype())
        return self

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Refuse: how long a compressed chunk is depends on what is in it."""
        raise NotImplementedError(f"{NAME}: the size of a compressed chunk depends on its samples")

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        array = _as_declared(chunk_data.as_numpy_array(), chunk_spec)
        data = compress(array, level=self.level, max_error=self.max_error, threads=1)
        if self.max_error is not None and not _keeps(array, data, chunk_spec.fill_value):
            data = compress(array, level=self.level, threads=1)
        return chunk_spec.prototype.buffer.from_bytes(data)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        dtype = chunk_spec.dtype.to_native_dtype()
        array = _decode(chunk_data.as_numpy_array().data, chunk_spec.shape, dtype)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._encode_sync, chunk_data, chunk_spec)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return await asyncio.to_thread(self._decode_sync, chunk_data, chunk_spec)


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


def _keeps(array: NDArray[Any], data: bytes, fill_value: Any) -> bool:
    """Whether every sample that is the fill value comes back as such: it means "missing"."""
    fills = np.asarray(array == fill_value)
    # As bytes, for -0.0 and 0.0 are equal but not the same.
    return not fills.any() or (
        decompress(data, threads=1)[fills].tobytes() == array[fills].tobytes()
    )


def _decode(data: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Decode a chunk of the given shape and dtype, or say that it is damaged."""
    size = dtype.itemsize * math.prod(shape)
    try:
        array = decompress(data, threads=1, max_bytes=size)
    except LimitError as error:
        if isinstance(error.__cause__, MemoryError):
            raise
        raise CorruptError(f"not the chunk of {size} bytes that belongs here: {error}") from error
    except FormatError as error:
        if bytes(data[:_MAGIC_BYTES]) == compress(np.empty(0), threads=1)[:_MAGIC_BYTES]:
            raise  # written by a newer version
        raise CorruptError(f"a damaged chunk: {error}") from error
    if array.shape != shape or array.dtype.newbyteorder("=") != dtype.newbyteorder("="):
        raise CorruptError(
            f"a chunk of {array.dtype} {array.shape} where one of {dtype} {shape} belongs"
        )
    # The format 3 gives a dtype no byte order: a stream may be in another one than this machine.
    return array.astype(dtype, copy=False)
