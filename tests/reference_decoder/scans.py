"""Lists of single samples, scans and neighbours, as the page of coding describes them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.coding import unfolded, unpack, wrap
from tests.reference_decoder.reader import Reader, RefusedError

__all__ = ["Listed", "Offset", "add_jumps", "nearest", "neighbour", "put_spikes", "read_list"]

Listed = list[tuple[int, int]]
Offset = tuple[int, ...]
Plane = NDArray[np.int64]


def read_list(reader: Reader, n: int) -> Listed:
    """Read places and values."""
    if not reader.remaining:
        return []
    length = reader.take(1)[0]
    if length == 0:
        return []
    if length > 8:
        raise RefusedError("a list is too long")
    count = int.from_bytes(reader.take(length), "little")
    a, b = reader.take(2)
    if not 1 <= count <= n // 32 or a > 62 or b > 64:
        raise RefusedError("a list has more than it may have")
    gaps = unpack(reader.take((count * a + 7) // 8), count, a)
    values = unpack(reader.take((count * b + 7) // 8), count, b)
    place, out = 0, []
    for i, (gap, value) in enumerate(zip(gaps, values, strict=True)):
        if i and gap == 0:
            raise RefusedError("a place is listed twice")
        place += gap
        out.append((place, unfolded(value)))
    if place >= n:
        raise RefusedError("a listed place is outside the plane")
    return out


def put_spikes(plane: Plane, spikes: Listed) -> None:
    """Put listed samples where they belong."""
    flat = plane.reshape(-1)
    for place, value in spikes:
        flat[place] = value


def add_jumps(plane: Plane, jumps: Listed) -> None:
    """Raise all samples from a place on."""
    flat = plane.reshape(-1)
    with np.errstate(over="ignore"):
        for place, value in jumps:
            flat[place:] += np.int64(wrap(value))


def nearest(
    sizes: Sequence[int], steps: Sequence[int], channel_axis: int, channel: int, count: int
) -> list[Offset]:
    """Offsets of the nearest samples before one of a channel."""
    limit = min(steps)
    while True:
        reaches = [min(limit // step, size - 1) for size, step in zip(sizes, steps, strict=True)]
        found = []
        for offset in product(*(range(-reach, reach + 1) for reach in reaches)):
            if next((o for o in offset if o), 0) >= 0:
                continue
            if channel_axis >= 0 and not 0 <= channel + offset[channel_axis] < sizes[channel_axis]:
                continue
            if _distance(offset, steps) <= limit * limit:
                found.append(offset)
        whole = all(limit // step >= size - 1 for size, step in zip(sizes, steps, strict=True))
        if whole or len(found) >= count:
            break
        limit += max(1, limit // 2)
    found.sort(key=lambda o: (_distance(o, steps), tuple(map(abs, o)), o))
    if not found:
        found = [(*(0,) * (len(sizes) - 1), -1)]
    return (found + [found[-1]] * count)[:count]


def _distance(offset: Offset, steps: Sequence[int]) -> int:
    return sum((o * step) ** 2 for o, step in zip(offset, steps, strict=True))


def neighbour(i: int, place: Sequence[int], offset: Offset, sizes: Sequence[int]) -> int:
    """Give the number of the sample at an offset from sample i, which lies at a place."""
    found = 0
    for at, o, size in zip(place, offset, sizes, strict=True):
        found = found * size + min(max(at + o, 0), size - 1)
    return found if found < i else max(i - 1, 0)
