"""Channels along the first axis, each less what the channels before it say about it.

Channel c of the given order becomes ``x_c - floor(sum_j w_j x_j / 64)`` over the channels j
before it in that order; the arithmetic wraps modulo 2^64, so any weights are reversible. Green
from red and blue, or the east from the north component of a seismometer.

Parameters: the order of the channels, then for each but the first its weights in 64ths.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.step import (
    STAGE_CHANNELS,
    STAGE_MIX,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_plane,
    is_plane,
)

CODE = 13
NAME = "decorrelated"
MOST = 16
UNIT_BITS = 6
SIMPLE = 16  # a quarter
LARGEST = 16 << UNIT_BITS
SAMPLE = 4096

TRAITS = Traits(STAGE_MIX, channels="mix", estimable=False, encode_ns=1.5, decode_ns=1.5)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Fit differences of neighbours, so that only what prediction leaves over counts."""
    del context
    if array.ndim < 2 or not 2 <= array.shape[0] <= MOST or array[0].size < 64:
        return
    flat = array.reshape(array.shape[0], -1)
    start = np.linspace(0, flat.shape[1] - 2, min(SAMPLE, flat.shape[1] - 1)).astype(np.int64)
    with np.errstate(over="ignore"):
        changes = (flat[:, start + 1] - flat[:, start]).astype(np.float64)
    clip = 8 * np.median(np.abs(changes), axis=1, keepdims=True) + 8
    changes = np.clip(changes, -clip, clip)
    power = np.mean(changes**2, axis=1)
    # What rises evenly correlates with nothing.
    if not np.all(np.ptp(changes, axis=1) > 0):
        return
    # First the channel that explains most of the others.
    correlation = np.asarray(np.corrcoef(changes))
    order = [int(np.argmax(np.sum(correlation**2, axis=0)))]
    weights: list[int] = []
    saved = 0.0
    while len(order) < array.shape[0]:
        rest = [c for c in range(array.shape[0]) if c not in order]
        known = changes[order].T
        best = max(rest, key=lambda c: float(np.sum(correlation[c, order] ** 2)))
        fit = np.linalg.lstsq(known, changes[best], rcond=None)[0]
        steps = np.clip(np.rint(fit * (1 << UNIT_BITS)), -LARGEST, LARGEST)
        # A sample does not tell 65 from 64; what is nearly a simple ratio is one.
        simple = np.rint(steps / SIMPLE) * SIMPLE
        steps = np.where(np.abs(steps - simple) <= 2, simple, steps)
        left = changes[best] - known @ (steps / (1 << UNIT_BITS))
        saved += 0.5 * float(np.log2(power[best] / max(float(np.mean(left**2)), 1e-9)))
        weights += [int(step) for step in steps]
        order.append(best)
    if saved > 0.1 * array.shape[0]:
        yield (*order, *weights)


def _walk(plane: Plane, order: tuple[int, ...], weights: tuple[int, ...], undo: bool) -> Plane:
    """Channels in the given order to their remainders in place of themselves, or back."""
    out = np.empty_like(plane)
    position = 0
    for i, channel in enumerate(order):
        # Forward reads the channels before from the input, backward from what it has made.
        source = out if undo else plane
        guess = np.zeros(plane.shape[1:], np.int64)
        for j in range(i):
            guess += source[order[j]] * weights[position + j]
        guess >>= UNIT_BITS
        out[channel] = plane[channel] + guess if undo else plane[channel] - guess
        position += i
    return out


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Subtract."""
    channels = array.shape[0]
    mixed = _walk(array, parameters[:channels], parameters[channels:], False)
    return (Child(mixed, next_stage=STAGE_CHANNELS),)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Add."""
    check_plane(NAME, dtype)
    channels = shape[0] if len(shape) > 1 else 0
    if not 2 <= channels <= MOST or len(parameters) != channels * (channels + 1) // 2:
        raise CorruptError(f"{NAME}: the parameters do not fit the shape {shape}")
    order, weights = parameters[:channels], parameters[channels:]
    if sorted(order) != list(range(channels)) or any(abs(w) > LARGEST for w in weights):
        raise CorruptError(f"{NAME}: impossible order or weights")
    return _walk(read(shape), order, weights, True)
