"""The codec for numcodecs, the zarr format 2 and xarray's ``encoding``.

Installed, ``numcodecs.get_codec({"id": "fourier_compress"})`` finds it by name.
"""

from __future__ import annotations

from array import array as flat_array
from collections.abc import Mapping
from typing import Any, Self, TypeAlias

import numpy as np
from numcodecs.abc import Codec
from numcodecs.compat import ensure_contiguous_ndarray, ensure_ndarray, ndarray_copy
from numpy.typing import NDArray

from compress import Model, compress, decompress
from compress.integrations.settings import (
    NAME,
    check_keys,
    check_model,
    check_settings,
    configuration,
)

__all__ = ["FourierCompress"]

Buffer: TypeAlias = "bytes | bytearray | memoryview | flat_array[Any] | NDArray[Any]"


class FourierCompress(Codec):
    """Numeric arrays as streams of this library.

    Parameters
    ----------
    level : int, optional
        1 (fast) to 9 (smallest); 5 by default.
    max_error : float, optional
        Every finite sample may come back changed by at most this much; NaN and infinities come
        back as they were. Lossless without it.
    model : compress.Model or str, optional
        What `compress.fit` learned from arrays of the dtype that is encoded; or its base64 text,
        which stands in the configuration.

    Raises
    ------
    TypeError, ValueError
        If a setting is not what it may be.

    Notes
    -----
    The shape and the dtype of what is encoded are used, so hand over arrays, not their bytes.
    A call uses one thread: those who call it code several chunks side by side.

    Examples
    --------
    >>> import numpy as np
    >>> codec = FourierCompress(level=9)
    >>> codec
    FourierCompress(level=9, max_error=None)
    >>> codec.decode(codec.encode(np.arange(4.0)))
    array([0., 1., 2., 3.])
    """

    codec_id = NAME

    def __init__(
        self, level: int = 5, max_error: float | None = None, model: Model | str | None = None
    ) -> None:
        self.level, self.max_error = check_settings(level, max_error)
        self.model = check_model(model)

    def encode(self, buf: Buffer) -> bytes:
        """Compress an array or a buffer.

        Parameters
        ----------
        buf : numpy.ndarray or buffer
            Of any memory layout. ``bytes`` and ``bytearray`` are taken for uint8 samples.

        Returns
        -------
        bytes

        Raises
        ------
        TypeError
            If the dtype cannot be compressed (objects, strings), or if a bound is set for
            ``bytes`` or a ``bytearray``, which do not tell what their samples are.
        """
        if self.max_error is not None and isinstance(buf, bytes | bytearray):
            raise TypeError(
                f"max_error={self.max_error} needs samples: pass an array, not "
                f"{type(buf).__name__} (np.frombuffer makes one of them)"
            )
        array = ensure_ndarray(buf)
        return compress(
            array, level=self.level, max_error=self.max_error, model=self.model, threads=1
        )

    def decode(self, buf: Buffer, out: Any = None) -> Any:
        """Return the array that was encoded.

        Parameters
        ----------
        buf : buffer
            What `encode` returned.
        out : numpy.ndarray or buffer, optional
            Writable and contiguous, of exactly the size of the array: the samples go there.

        Returns
        -------
        numpy.ndarray or `out`
            Of the encoded shape and dtype; as numcodecs asks for something that exports the
            buffer protocol, datetimes come as int64 and other dtypes without that protocol as
            raw bytes of their size. ``.view(dtype)`` gives them back.

        Raises
        ------
        CompressError
            As `compress.decompress`; `LimitError` if the array is larger than `out`.
        ValueError
            If the array is smaller than `out`.
        """
        data: memoryview = ensure_ndarray(buf).data
        if out is None:
            return _exporting(decompress(data, model=self.model, threads=1))
        size = ensure_contiguous_ndarray(out).nbytes
        array = decompress(data, model=self.model, threads=1, max_bytes=size)
        if array.nbytes != size:
            raise ValueError(f"out has {size} bytes, the array {array.nbytes}")
        return ndarray_copy(_exporting(array), out)

    def get_config(self) -> dict[str, Any]:
        """Return the codec's ``id`` and its settings as JSON; no model is left out."""
        settings = configuration(self.level, self.max_error, self.model)
        return {"id": NAME, "level": self.level, "max_error": self.max_error, **settings}

    def __repr__(self) -> str:
        settings = {key: value for key, value in self.get_config().items() if key != "id"}
        arguments = ", ".join(f"{key}={value!r}" for key, value in settings.items())
        return f"{type(self).__name__}({arguments})"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the codec from what `get_config` returned, without its ``id``.

        Raises
        ------
        TypeError, ValueError
            If it configures what this version does not know.
        """
        check_keys(config)
        return cls(**config)


def _exporting(array: NDArray[Any]) -> NDArray[Any]:
    """View an array as one that exports the buffer protocol."""
    if array.dtype.kind in "Mm":
        return array.view(np.dtype("i8").newbyteorder(array.dtype.byteorder))
    try:
        array.data.release()
    except ValueError:
        return array.view(f"V{array.dtype.itemsize}")
    return array
