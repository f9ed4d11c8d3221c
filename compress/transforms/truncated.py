"""Floats whose last mantissa bits are zero: float32 kept in float64, bfloat16 kept in float32.

The order-preserving integer of a negative float has ones where the float has zeros, so the shift
is done on magnitudes. Parameters: the shift, layout and special values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.ordered import from_plane, to_plane
from compress.transforms.sample import repeated_values
from compress.transforms.special import Mask, check_special, layouts, merge, set_apart
from compress.transforms.step import (
    STAGE_HOLES,
    STAGE_NUMBERS,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
)

CODE = 5
NAME = "truncated"
TRAITS = Traits(STAGE_NUMBERS, variant=(1,), encode_ns=4.0, held_bytes=36, decode_ns=5.0)
SAMPLE = 2048


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take floats."""
    return dtype.kind == "f"


def _good(plane: Plane, shift: int) -> Any:
    # ~m for negative m: the magnitude in either case.
    return ((plane ^ (plane >> 63)) & ((1 << shift) - 1)) == 0


def common_zeros(plane: Plane) -> int | None:
    """Zero bits at the end that 95 of 100 floats share, given as order-preserving integers.

    ``None`` where there are too few to tell.
    """
    magnitude = plane ^ (plane >> 63)
    lowest = (magnitude & -magnitude)[magnitude != 0]
    if lowest.size < 4:
        return None
    return int(np.sort(lowest)[lowest.size // 20]).bit_length() - 1


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find the zero bits that most samples share."""
    del context
    plane = to_plane(runs(array, SAMPLE))
    shift = common_zeros(plane)
    if shift is None or shift < 1 or shift > 8 * array.dtype.itemsize - 2:
        return
    bad = ~_good(plane, shift)
    specials = repeated_values(plane[bad])
    for layout in layouts(array.shape, bad):
        yield (shift, layout, *specials)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, the shifted integers and the values that do not fit."""
    shift = parameters[0]
    layout, specials = check_special(NAME, parameters, 1)
    plane = to_plane(array)
    good = _good(plane, shift)
    return set_apart([plane >> shift], good, plane, layout, specials, STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Shift back."""
    if not accepts(dtype):
        raise CorruptError(f"{NAME}: not for {dtype}")
    check_parameters(NAME, parameters[:1], (1, 8 * dtype.itemsize - 2))
    shift = parameters[0]

    def restore(plane: Plane, good: Mask) -> Array:
        del good
        flat = plane.reshape(-1)
        sign = flat >> 63
        magnitude = flat ^ sign
        if magnitude.size and int(magnitude.max()) >> (8 * dtype.itemsize - 1 - shift):
            raise CorruptError(f"{NAME}: a value is outside the range of {dtype}")
        return from_plane(((magnitude << shift) ^ sign).reshape(plane.shape), dtype)

    return merge(NAME, read, shape, dtype, check_special(NAME, parameters, 1), restore=restore)
