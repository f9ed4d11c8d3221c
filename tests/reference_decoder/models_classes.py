"""The plane model `classes`: fitted predictions, a table for each expected size."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.coding import Lane, floor_to, half_octaves, read_words, wrap
from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.scans import nearest, neighbour, put_spikes, read_list
from tests.reference_decoder.tables import read_table, take

__all__ = ["decode_classes", "take_axes"]

Plane = NDArray[np.int64]
INT64 = (-(1 << 63), (1 << 63) - 1)


def take_axes(parameters: Iterator[int], axes: int, least: int) -> list[int]:
    """Take a number of axes, and their order."""
    if not least <= axes <= 5:
        raise RefusedError(f"no model for {axes} axes")
    take(parameters, axes, axes)
    order = [take(parameters, 0, axes - 1) for _ in range(axes)]
    if len(set(order)) < axes:
        raise RefusedError("an axis comes twice")
    return order


def decode_classes(parameters: Iterator[int], reader: Reader, shape: tuple[int, ...]) -> Plane:
    """Predict from the nearest neighbours."""
    order = take_axes(parameters, len(shape), 1)
    channel_axis = take(parameters, -1, len(shape) - 1)
    steps = [take(parameters, 1, 64) for _ in shape]
    count = take(parameters, 1, 64)
    scaling = take(parameters, 0, count)
    low = take(parameters, *INT64)
    high = take(parameters, low, INT64[1])
    sizes = [shape[axis] for axis in order]
    channels = sizes[channel_axis] if channel_axis >= 0 else 1
    if channels > 64:
        raise RefusedError("classes: too many channels")
    coefficients = []
    for _ in range(channels):
        others = [take(parameters, -(1 << 20), 1 << 20) for _ in range(count - 1)]
        coefficients.append([4096 - sum(others), *others])
    weights, constants = [], []
    for _ in range(channels):
        weights.append([take(parameters, 0, 1 << 20) for _ in range(2 * scaling)])
        constants.append(take(parameters, 1, 1 << 60))
    first, kinds = take(parameters, 0, 128), take(parameters, 1, 128)
    tables = [(take(parameters, 0, 62), read_table(parameters, 2049)) for _ in range(kinds)]
    n = prod(shape)
    spikes = read_list(reader, n)
    lane = Lane(read_words(reader, int.from_bytes(reader.take(4), "little")))
    data = reader.rest()
    string, have, used = int.from_bytes(data, "little"), 8 * len(data), 0
    offsets = [nearest(sizes, steps, channel_axis, c, count) for c in range(channels)]
    samples, residuals = [0] * n, [0] * n
    for i, place in enumerate(np.ndindex(*sizes)):
        c = place[channel_axis] if channel_axis >= 0 else 0
        expected, scale = low, constants[c]
        if i:
            near = [neighbour(i, place, offset, sizes) for offset in offsets[c]]
            p = [samples[j] for j in near]
            total = 2048 + sum(map(int.__mul__, coefficients[c], p)) - (low << 12)
            expected = floor_to(low, wrap(low + (wrap(total) >> 12)), high)
            for j in range(scaling):
                scale += weights[c][j] * wrap(abs(wrap(p[j] - expected)))
                scale += weights[c][scaling + j] * residuals[near[j]]
        kind = floor_to(0, half_octaves(max(wrap(scale), 1)) - first, kinds - 1)
        plain, table = tables[kind]
        residual = (lane.symbol(table) << plain) + (string >> used & (1 << plain) - 1)
        used += plain
        residual = wrap(residual)
        residuals[i], samples[i] = wrap(abs(residual)), wrap(expected + residual)
    lane.finish()
    if (used + 7) // 8 != have // 8:
        raise RefusedError("classes: plain bits end early, or are left over")
    plane = np.array(samples, np.int64).reshape(sizes).transpose(np.argsort(order))
    plane = np.ascontiguousarray(plane)
    put_spikes(plane, spikes)
    return plane
