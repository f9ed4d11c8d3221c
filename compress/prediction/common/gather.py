"""The neighbours of a sample by number, in the middle of an array and at its borders."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import inlined, kernel

__all__ = ["advance", "gather"]


@inlined(forceinline=True, error_model="numpy")
def gather(
    index: npt.NDArray[np.uint64],
    pos: int,
    channel: Any,
    coordinates: npt.NDArray[np.int64],
    shape: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    jumps: npt.NDArray[np.int64],
    margin: npt.NDArray[np.int64],
) -> None:
    """Find the neighbours; those outside are replaced by the nearest inside, or the last sample.

    Arrays are used without conditions: numba counts references where there are some.
    """
    inside = True
    for a in range(shape.size):
        if coordinates[a] < margin[a, 0] or coordinates[a] + margin[a, 1] >= shape[a]:
            inside = False
    for k in range(index.size):
        index[k] = pos + jumps[channel, k]
    if not inside:
        _clamp(index, pos, channel, coordinates, shape, offsets)


@kernel(error_model="numpy")
def _clamp(
    index: npt.NDArray[np.uint64],
    pos: int,
    channel: Any,
    coordinates: npt.NDArray[np.int64],
    shape: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
) -> None:
    """Find the neighbours near a border."""
    for k in range(index.size):
        at = 0
        for a in range(shape.size):
            c = min(max(coordinates[a] + offsets[channel, k, a], 0), shape[a] - 1)
            at = at * shape[a] + c
        index[k] = at if at < pos else max(pos - 1, 0)


@inlined(forceinline=True, error_model="numpy")
def advance(coordinates: npt.NDArray[np.int64], shape: npt.NDArray[np.int64]) -> None:
    """Go on to the next place in scan order."""
    a = shape.size - 1
    while a >= 0:
        coordinates[a] += 1
        if coordinates[a] < shape[a]:
            break
        coordinates[a] = 0
        a -= 1
