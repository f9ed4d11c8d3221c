"""Steps that make planes of samples in another order, or of samples that come again."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from tests.reference_decoder.samples import Array, Read, Shape, left_over, need, ranged

__all__ = [
    "folded", "interleaved", "matched", "mirrored", "repeated", "transposed", "unstacked",
]  # fmt: skip

Parameters = Sequence[int]


def folded(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 10."""
    need(len(p) == 1 and len(shape) >= 1, "folded")
    period = ranged(p[0], 1, shape[0])
    whole, rest = divmod(shape[0], period)
    parts = [read((whole, period, *shape[1:])).reshape(whole * period, *shape[1:])]
    if rest:
        parts.append(read((rest, *shape[1:])))
    return np.concatenate(parts)


def transposed(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 11."""
    need(sorted(p) == list(range(len(shape))), "a permutation of the axes")
    child = read(tuple(shape[axis] for axis in p))
    return np.ascontiguousarray(child.transpose(np.argsort(p)) if len(p) else child)


def unstacked(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 12."""
    need(len(p) == 0 and len(shape) >= 2, "unstacked")
    ranged(shape[0], 1, 64)
    return np.stack([read(shape[1:]) for _ in range(shape[0])])


def interleaved(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 21."""
    need(len(p) == 1, "interleaved")
    sources, n = ranged(p[0], 1, 64), prod(shape)
    need(n >= sources, "fewer samples than sources")
    out = np.empty(n, np.int64)
    for i in range(sources):
        out[i::sources] = read((-(-(n - i) // sources),))
    return out.reshape(shape)


def repeated(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 15."""
    need(1 <= len(p) <= 3 and len(shape) >= 1 and 0 not in shape, "repeated")
    lag, axis = p[0], ranged(p[1], 0, len(shape) - 1) if len(p) > 1 else 0
    need(len(p) < 3 or p[2] == 1, "merged axes")
    made = shape
    if len(p) == 3:
        made, axis = (prod(shape[: axis + 1]), *shape[axis + 1 :]), 0
    n = made[axis]
    ranged(lag, 1, n - 1)
    flags = read((n - lag,))
    need(bool(((flags == 0) | (flags == 1)).all()), "a flag")
    kept = iter(np.moveaxis(read(left_over(made, axis, lag + int(flags.sum()))), axis, 0))
    rows: list[Array] = []
    for i in range(n):
        rows.append(next(kept) if i < lag or flags[i - lag] else rows[i - lag])
    return np.ascontiguousarray(np.moveaxis(np.stack(rows), 0, axis)).reshape(shape)


def mirrored(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 18."""
    need(1 <= len(p) <= 2, "mirrored")
    axis = ranged(p[0], 0, len(shape))
    nearly = ranged(p[1], 0, 1) if len(p) > 1 else 0
    if axis == len(shape):
        return _mirrored_diagonal(read, shape, nearly)
    n = shape[axis]
    half = read(left_over(shape, axis, -(-n // 2)))
    more = left_over(shape, axis, n // 2)
    first = half.take(range(n // 2), axis)
    second = first + (read(more) if nearly else 0)
    return np.concatenate([half, np.flip(second, axis)], axis)


def _mirrored_diagonal(read: Read, shape: Shape, nearly: int) -> Array:
    need(len(shape) >= 2 and shape[-1] == shape[-2], "a diagonal")
    side = shape[-1]
    even = 1 - side % 2
    rectangle = (*shape[:-2], -(-side // 2), side + even)
    half = read(rectangle)
    more = read(rectangle) if nearly else np.zeros(rectangle, np.int64)
    out = np.empty(shape, np.int64)
    for r in range(rectangle[-2]):
        for c in range(rectangle[-1]):
            i, j = side - 1 - r, c
            if c >= side - r:
                i, j = r - 1 + even, side - 1 + even - c
            need(i != j or not more[..., r, c].any(), "a diagonal that differs from itself")
            out[..., i, j] = half[..., r, c]
            out[..., j, i] = half[..., r, c] + more[..., r, c]
    return out


def matched(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 22."""
    need(len(p) == 3 and 0 not in shape, "matched")
    unit, shortest = ranged(p[0], 0, 1), ranged(p[1], 1, 1024)
    need(unit == 0 or len(shape) >= 1, "rows of a scalar")
    units = shape[0] if unit else prod(shape)
    count = ranged(p[2], 0, units // shortest)
    runs, lengths, distances = (read((count,)).tolist() for _ in range(3))
    need(all(0 <= length <= units - shortest for length in lengths), "a length of a match")
    lengths = [length + shortest for length in lengths]
    need(sum(lengths) <= units, "matches longer than the plane")
    rest = units - sum(lengths)
    literals = read((rest, *shape[1:]) if unit else (rest,))
    made: list[Array] = []
    used = distance = 0
    for run, length, given in zip(runs, lengths, distances, strict=True):
        need(0 <= run <= rest - used, "a run of literals")
        made.extend(literals[used : used + run])
        used += run
        need(given or distance, "no distance yet")
        distance = given or distance
        need(1 <= distance <= len(made) and len(made) + length <= units, "a match")
        for _ in range(length):
            made.append(made[-distance])
    made.extend(literals[used:])
    need(len(made) == units, "literals that are left")
    return np.array(made, np.int64).reshape(shape)
