"""Counters and angles that wrap around: x = low + (y - low) mod modulus, where y runs on.

Parameters: modulus and low; the values lie in low .. low + modulus - 1, which are 64-bit integers.
Every y with the right remainder gives x, so a wrong guess of where it wrapped costs bits but not
exactness. y is kept modulo 2^64: y - low is what must fit in 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.sampling import runs
from compress.transforms.sample import central_value, statistics_of
from compress.transforms.spread import mean_bits
from compress.transforms.step import (
    INT64,
    STAGE_AXES,
    STAGE_ORDER,
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

CODE = 9
NAME = "unwrapped"
LARGEST = 1 << 40
# Of the distance that y may run away from low.
FURTHEST = 1 << 62
USUAL = (7, 12, 24, 60, 100, 360, 365, 366, 1000, 1440, 3600, 86400, 1000000)

TRAITS = Traits(STAGE_ORDER, estimable=False, encode_ns=2.0, decode_ns=3.0)
accepts = is_plane


@kernel("void(i8[::1], i8, i8, i8)")
def _unwrap(values: Plane, modulus: int, low: int, first: int) -> None:
    """Make each step the shortest one around the circle, in place, from ``first`` on."""
    if values.size == 0:
        return
    last = values[0]
    total = first
    values[0] = low + total
    for i in range(1, values.size):
        step = values[i] - last
        last = values[i]
        if 2 * step > modulus:
            step -= modulus
        elif 2 * step < -modulus:
            step += modulus
        total += step
        values[i] = low + total


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for steps of nearly the whole range that unwrapping makes small."""
    flat = array.reshape(-1)
    if flat.size < 16:
        return
    seen = context.once(statistics_of, flat)
    low, high = seen.low, seen.high
    extent = high - low + 1
    if not 3 < extent < LARGEST:
        return
    # From zero on: a median is a float, which does not tell integers near 2^63 apart.
    sample = runs(flat, 8192, 256) - low
    lines = sample.reshape(-1, 256) if sample.size < flat.size else sample.reshape(1, -1)
    steps = np.diff(lines, axis=1).reshape(-1)
    far = np.abs(steps) > extent // 2
    if not 0 < np.count_nonzero(far) <= 0.3 * far.size:
        return
    # What a wrapped step lacks of the range is what it would have been.
    jumps = np.abs(steps[far])
    near = float(np.median(np.abs(steps[~far])))
    middle = central_value(sample)
    if mean_bits(steps[~far]) > mean_bits(sample - middle) - 1:
        return  # no series but noise
    best, cost = None, 0.75 * mean_bits(steps[far])
    usual = {period for period in USUAL if extent <= period}
    natural = sorted(usual | {1 << (extent - 1).bit_length()})
    guesses = [extent, max(extent, int(np.median(jumps) + near))]
    for modulus in (*natural, *guesses):
        shortest = steps[far] - np.sign(steps[far]) * modulus
        bits = mean_bits(shortest)
        # A natural modulus is the likely one, another must be clearly better.
        if bits < cost - 0.1 * (best is not None):
            best, cost = modulus, bits
    if best is None:
        return
    # The usual ranges start at 0, or in the middle for signed counters.
    start = low if low < -(best // 2) or high >= best - best // 2 else -(best // 2)
    start = 0 if low >= 0 and high < best else start
    # Near the upper end of int64 the range ends with it.
    yield (best, min(start, INT64[1] - best + 1))


def check(parameters: Parameters) -> tuple[int, int]:
    """Take modulus and low; the encoder declines what this refuses."""
    check_parameters(NAME, parameters, (2, 2 * LARGEST), INT64)
    modulus, low = parameters
    if low + modulus - 1 > INT64[1]:
        raise CorruptError(f"{NAME}: values from {low} to {low + modulus - 1} are no int64")
    return modulus, low


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Unwrap in C order."""
    modulus, low = check(parameters)
    if array.size and not low <= int(array.min()) <= int(array.max()) < low + modulus:
        return None
    if (array.size + 1) * modulus > FURTHEST:
        return None
    plane = np.array(array)
    flat = plane.reshape(-1)
    if flat.size:
        # Begin near zero, on whichever side it is shorter.
        value = int(flat[0])
        first = value - low - (modulus if 2 * value > modulus else 0)
        with np.errstate(over="ignore"):  # wraps, compiled or not
            _unwrap(flat, np.int64(modulus), np.int64(low), np.int64(first))
    return (Child(plane, next_stage=STAGE_AXES),)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Take remainders."""
    check_plane(NAME, dtype)
    modulus, low = check(parameters)
    plane = np.array(read(shape))
    flat = plane.reshape(-1)
    flat -= low
    flat %= modulus
    flat += low
    return plane
