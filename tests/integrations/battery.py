"""What every codec here is tried with: dtypes, shapes, memory layouts, byte orders, buffers."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ARRAYS", "BUFFERS", "LAYOUTS", "SCALARS", "samples"]

Array = NDArray[Any]

WIDE = ["i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "M8[ms]", "m8[D]"]
SCALARS = [np.dtype(order + code) for code in WIDE for order in "<>"] + [
    np.dtype(code) for code in ("b1", "i1", "u1")
]


def samples(dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """Make a smooth array with corners of its dtype in it: extremes, NaN, infinities, NaT."""
    count = int(np.prod(shape, dtype=np.int64))
    smooth = np.arange(count) % 100
    if dtype.kind in "Mm":
        out = smooth.astype(dtype.newbyteorder("=")).astype(dtype)
        out[1:2] = np.array("NaT", dtype)
    elif dtype.kind in "fc":
        out = (smooth / 4).astype(dtype)
        for place, special in enumerate((np.nan, np.inf, -np.inf, -0.0), 1):
            out[place : place + 1] = special
    else:
        out = smooth.astype(dtype)
        if dtype.kind in "iu":
            out[1:2] = np.iinfo(dtype).min
            out[2:3] = np.iinfo(dtype).max
    return out.reshape(shape)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "C": lambda a: a,
    "Fortran": np.asfortranarray,
    "transposed": lambda a: a.T,
}

ARRAYS = (
    {f"{dtype.str} C": samples(dtype, (12, 15)) for dtype in SCALARS}
    | {
        f"{code} {layout}": arrange(samples(np.dtype(code), (12, 15)))
        for code in ("|u1", "<i8", ">f4", ">M8[ms]")
        for layout, arrange in LAYOUTS.items()
    }
    | {
        "0-d": np.array(2.5),
        "empty": np.zeros((3, 0, 2), np.int16),
        "one": np.array([7], np.uint8),
        "4-d": samples(np.dtype("f4"), (3, 4, 5, 6)),
        "structured": np.array([(1, 2.5), (3, np.inf)] * 20, [("a", "<i2"), ("b", ">f8")]),
    }
)

BUFFERS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "memoryview of doubles": lambda data: memoryview(array.array("d", data)),
    "array.array": lambda data: array.array("b", data),
    "array.array of ints": lambda data: array.array("i", data),
    "ndarray": lambda data: np.frombuffer(data, np.uint8),
    "every other byte": lambda data: np.repeat(np.frombuffer(data, np.uint8), 2)[::2],
}
