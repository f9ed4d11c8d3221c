"""Sequences: the channels of a plane, in pieces so that their number is a multiple of four.

Four sequences are walked side by side. A channel is cut into four, two or one pieces of the same
length; the few samples that are left at its end are written as they are.
"""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.prediction.model import Plane

__all__ = [
    "ABREAST",
    "MOST_CHANNELS",
    "arrange",
    "dimensions",
    "pack",
    "restore",
    "stretches",
    "unpack",
]

# Sequences that are walked side by side: as many as the coder has lanes.
ABREAST = 4
# More channels than these are no signals beside one another.
MOST_CHANNELS = 64
# Samples of a stretch, and stretches of a channel, by which a plane is judged: as many as one
# predictor serves.
_STRETCH, _PLACES = 512, 32


def dimensions(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return channels, pieces of each and samples of a piece; None for other planes."""
    if not 1 <= len(shape) <= 2:
        return None
    channels = shape[1] if len(shape) == 2 else 1
    if not 1 <= channels <= MOST_CHANNELS:
        return None
    pieces = ABREAST // gcd(channels, ABREAST)
    return channels, pieces, shape[0] // pieces


def arrange(plane: Plane) -> tuple[npt.NDArray[np.int64], Plane]:
    """Return the sequences of a plane, one a row, and the samples that are left."""
    channels, pieces, length = _dimensions(plane.shape)
    whole = pieces * length
    columns = plane.reshape(plane.shape[0], channels)
    sequences = np.ascontiguousarray(columns[:whole].T).reshape(channels * pieces, length)
    return sequences, columns[whole:]


def restore(sequences: npt.NDArray[np.int64], left: Plane, shape: tuple[int, ...]) -> Plane:
    """Undo `arrange`; the sequences of one channel become the plane in place."""
    channels, pieces, length = _dimensions(shape)
    columns = sequences.reshape(channels, pieces * length).T
    if left.size == 0:
        return np.ascontiguousarray(columns).reshape(shape)
    return np.concatenate([columns, left.reshape(-1, channels)]).reshape(shape)


def stretches(plane: Plane, most: int) -> npt.NDArray[np.int64]:
    """Return about ``most`` samples of a plane as sequences: stretches from all over it."""
    channels, _, _ = _dimensions(plane.shape)
    columns = plane.reshape(plane.shape[0], channels)
    places = ABREAST * max(min(most // (_STRETCH * channels), _PLACES) // ABREAST, 1)
    apart = plane.shape[0] // places
    count = max(min(most // (places * channels), apart), 1)
    begins = [place * apart + (apart - count) // 2 for place in range(places)]
    # Transposed, they would be put together column by column.
    some = [np.ascontiguousarray(columns[begin : begin + count].T) for begin in begins]
    return np.concatenate(some)


def _dimensions(shape: tuple[int, ...]) -> tuple[int, int, int]:
    found = dimensions(shape)
    if found is None:
        raise CorruptError(f"a linear model has a plane of shape {shape}")
    return found


def pack(left: Plane) -> tuple[int, bytes]:
    """Write samples by as few bytes each as the widest needs; and how many, 0 for no samples."""
    if left.size == 0:
        return 0, b""
    low, high = int(left.min()), int(left.max())
    width = max((~low if low < 0 else low).bit_length(), (~high if high < 0 else high).bit_length())
    size = width // 8 + 1
    return size, b"".join(
        value.to_bytes(size, "little", signed=True) for value in left.ravel().tolist()
    )


def unpack(data: memoryview, size: int, shape: tuple[int, ...]) -> tuple[Plane, memoryview]:
    """Read what `pack` wrote of what is left of a plane; and what follows it."""
    channels, pieces, length = _dimensions(shape)
    count = (shape[0] - pieces * length) * channels
    if size > 8 or (size == 0) != (count == 0) or len(data) < size * count:
        raise CorruptError(f"{count} samples are left in {len(data)} bytes, {size} each")
    values = [
        int.from_bytes(data[size * i : size * (i + 1)], "little", signed=True) for i in range(count)
    ]
    return np.array(values, np.int64), data[size * count :]
