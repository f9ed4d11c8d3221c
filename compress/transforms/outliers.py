"""Rare samples far from both their neighbours, listed apart.

A spike costs its bits once, but what codes the other samples must not be as wide as the spikes. A
level that shifts is no outlier: the sample behind it is near.

Parameters: layout (see `compress.transforms.special`); how far a sample may be from the last good
one. All samples that are set apart are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.transforms.sample import statistics_of
from compress.transforms.special import Mask, check_special, layouts, merge, set_apart
from compress.transforms.step import (
    INT64,
    STAGE_DIGITS,
    STAGE_HOLES,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 24
NAME = "outliers"
_LEAST = 64
# The usual changes, how far beyond them an outlier is, and the largest share of outliers.
_USUAL, _FAR, _SHARE = 0.9, 64, 1 / 16

TRAITS = Traits(
    STAGE_HOLES,
    estimable=False,
    variant=(0,),
    search_ns=4.0,
    encode_ns=8.0,
    held_bytes=44,
    decode_ns=4.0,
)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for changes far beyond the usual ones, there and back."""
    if array.size < _LEAST:
        return
    flat = array.reshape(-1)
    seen = context.once(statistics_of, flat)
    changes = np.abs(np.diff(seen.sample).astype(np.float64))
    place = int(_USUAL * (changes.size - 1))
    usual = float(np.partition(changes, place)[place])
    step = 1 << int(_FAR * (usual + 1)).bit_length()
    if step > INT64[1] or seen.high - seen.low <= step:
        return
    good = _good(array, step)
    bad = flat.size - int(np.count_nonzero(good))
    if 0 < bad <= _SHARE * flat.size:
        for layout in layouts(array.shape, ~good):
            yield (layout, step)


@kernel("void(const(i8[::1]), i8, b1[::1])")
def _mark(values: Plane, step: int, good: Mask) -> None:
    """Mark what is near the last good sample, or near the next one."""
    if values.size == 0 or good.size != values.size:
        return
    last = values[0]
    for i in range(values.size):
        value = values[i]
        # A distance that does not fit is negative.
        away = value - last if value > last else last - value
        good[i] = 0 <= away <= step
        if not good[i] and i + 1 < values.size:
            after = values[i + 1]
            away = value - after if value > after else after - value
            good[i] = 0 <= away <= step
        if good[i] or i == 0:
            last = value


def _good(array: Array, step: int) -> Mask:
    good = np.zeros(array.size, np.bool_)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        _mark(array.reshape(-1), step, good)
    return good.reshape(array.shape)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, what is near, and the outliers."""
    layout, step = parameters
    return set_apart([array], _good(array, step), array, layout, (), STAGE_DIGITS)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the outliers back."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters[1:], (0, INT64[1]))
    special = check_special(NAME, parameters[:1], 0)
    return merge(NAME, read, shape, dtype, special, restore=lambda plane, _: plane)
