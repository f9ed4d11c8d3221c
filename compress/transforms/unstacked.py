"""Each index of the first axis as a plane of its own, for rows that have little in common.

No parameters. As many children as the first axis is long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.step import (
    STAGE_CHANNELS,
    STAGE_HOLES,
    Array,
    Child,
    Context,
    Parameters,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 12
NAME = "unstacked"
MOST = 64
MOST_PROPOSED = 16

TRAITS = Traits(
    STAGE_CHANNELS,
    channels="split",
    estimable=False,
    takes_narrow=True,
    encode_ns=0.1,
    decode_ns=0.5,
)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Take a short first axis with something in each row."""
    del context
    if (
        array.ndim < 2
        or not 2 <= array.shape[0] <= MOST_PROPOSED
        or array.size < 64 * array.shape[0]
    ):
        return
    yield ()


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Take the rows."""
    del parameters
    return tuple(Child(np.asarray(row), "channel", next_stage=STAGE_HOLES) for row in array)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Stack the rows."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters)
    if len(shape) < 2 or not 1 <= shape[0] <= MOST:
        raise CorruptError(f"{NAME}: cannot make the shape {shape}")
    return np.stack([read(shape[1:]) for _ in range(shape[0])])
