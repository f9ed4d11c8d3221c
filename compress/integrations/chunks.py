"""A chunk of a store that has a fill value, which stands for what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress import Model, compress, decompress

__all__ = ["encode_chunk"]


def encode_chunk(
    array: NDArray[Any],
    *,
    level: int,
    max_error: float | None,
    model: Model | None,
    fill_value: Any,
) -> bytes:
    """Compress a chunk in one thread; samples that are the fill value come back exactly.

    Parameters
    ----------
    array : ndarray
    level, max_error, model
        As for `compress.compress`. A chunk whose fill values a bound would change is lossless.
    fill_value : scalar or None

    Returns
    -------
    bytes
        They depend on the arguments alone.

    Raises
    ------
    TypeError, ValueError
        As `compress.compress`.
    """
    data = compress(array, level=level, max_error=max_error, model=model, threads=1)
    if max_error is None or _keeps(array, data, model, fill_value):
        return data
    return compress(array, level=level, model=model, threads=1)


def _keeps(array: NDArray[Any], data: bytes, model: Model | None, fill_value: Any) -> bool:
    """Whether every sample that is the fill value comes back as such."""
    fills = np.asarray(array == fill_value)
    # As bytes, for -0.0 and 0.0 are equal but not the same.
    return not fills.any() or (
        decompress(data, model=model, threads=1)[fills].tobytes() == array[fills].tobytes()
    )
