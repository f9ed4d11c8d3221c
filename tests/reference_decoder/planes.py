"""Plane models by their codes: from a payload to a plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.models_causal import decode_causal
from tests.reference_decoder.models_classes import decode_classes
from tests.reference_decoder.models_coefficients import decode_coefficients
from tests.reference_decoder.models_counts import decode_counts
from tests.reference_decoder.models_linear import decode_linear
from tests.reference_decoder.models_static import decode_plain, decode_static
from tests.reference_decoder.models_wavefront import decode_wavefront
from tests.reference_decoder.reader import Reader, RefusedError

__all__ = ["MODELS", "decode_plane"]

Plane = NDArray[np.int64]
MODELS: dict[int, Callable[[Iterator[int], Reader, tuple[int, ...]], Plane]] = {
    0: decode_static,
    1: decode_classes,
    2: decode_causal,
    4: decode_linear,
    5: decode_counts,
    6: decode_plain,
    7: decode_wavefront,
    8: decode_coefficients,
}


def decode_plane(
    model: int, parameters: tuple[int, ...], payload: bytes, shape: tuple[int, ...]
) -> Plane:
    """Decode the payload of a leaf.

    Parameters
    ----------
    model : int
        Code of a plane model, one of `MODELS`.
    parameters : tuple of int
    payload : bytes
    shape : tuple of int
        With one sample at least.

    Raises
    ------
    RefusedError
        If no writer of the format writes that.
    """
    taken, reader = iter(parameters), Reader(payload)
    plane = MODELS[model](taken, reader, shape)
    if next(taken, None) is not None or reader.remaining:
        raise RefusedError(f"parameters or data of plane model {model} are left over")
    return plane
