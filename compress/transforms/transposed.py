"""Axes in another order: channels from the last axis to the first, columns as rows.

Parameters: the axes, as numpy's transpose takes them. One child.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.step import (
    STAGE_AXES,
    STAGE_MIX,
    Array,
    Child,
    Context,
    Parameters,
    Read,
    Shape,
    Traits,
    check_plane,
    is_plane,
)

CODE = 11
NAME = "transposed"
MOST_CHANNELS = 16

TRAITS = Traits(STAGE_AXES, channels="reorder", takes_narrow=True, encode_ns=0.5, decode_ns=1.5)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Take a short last axis for channels."""
    del context
    if array.ndim < 2 or not 2 <= array.shape[-1] <= MOST_CHANNELS:
        return
    if array.size // array.shape[-1] < 4 * array.shape[-1]:
        return
    yield (array.ndim - 1, *range(array.ndim - 1))


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Transpose and copy."""
    return (Child(np.array(array.transpose(parameters), order="C"), next_stage=STAGE_MIX),)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Transpose back and copy."""
    check_plane(NAME, dtype)
    if sorted(parameters) != list(range(len(shape))):
        raise CorruptError(f"{NAME}: {parameters} are not the axes of {len(shape)} dimensions")
    plane = read(tuple(shape[axis] for axis in parameters))
    return np.array(plane.transpose(np.argsort(parameters)), order="C")
