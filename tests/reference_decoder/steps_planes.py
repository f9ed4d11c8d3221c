"""Steps that make planes of other planes by integer arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.samples import (
    Array,
    Plane,
    Read,
    Shape,
    need,
    packed,
    ranged,
    set_apart,
)

__all__ = [
    "binned", "constant", "decorrelated", "delta", "dictionary", "digits", "framed", "lookback",
    "masked", "multiples", "outliers", "seasonal", "sparse", "unwrapped",
]  # fmt: skip

Parameters = Sequence[int]

_INT64 = np.dtype(np.int64)
_LIMIT = 1 << 63


def _wrapped(value: int) -> int:
    return (value + _LIMIT) % (1 << 64) - _LIMIT


def _plane(values: list[int], shape: Shape) -> Plane:
    return np.array([_wrapped(value) for value in values], np.int64).reshape(shape)


def constant(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 2."""
    del read
    need(len(p) == 1, "constant")
    return np.full(shape, p[0], np.int64)


def dictionary(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 3."""
    need(len(p) == 0, "dictionary")
    index = read(shape)
    need(not (index < 0).any(), "an index below 0")
    count = int(index.max()) + 1 if index.size else 0
    need(count <= index.size, "more values than samples")
    return read((count,))[index]


def masked(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 6."""

    def restore(main: Plane, good: NDArray[np.bool_]) -> Plane:
        del good
        return main

    return set_apart(read, shape, _INT64, p, restore)


def outliers(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 24."""
    need(len(p) == 2, "outliers")
    ranged(p[1], 0, _LIMIT - 1)
    return masked(read, shape, p[:1])


def sparse(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 7."""
    need(len(p) == 2, "sparse")
    n = prod(shape)
    count = ranged(p[1], 0, n)
    values, gaps = read((count,)), read((count,)).tolist()
    out = np.full(n, p[0], np.int64)
    place = -1
    for value, gap in zip(values, gaps, strict=True):
        need(0 <= gap < n, "a gap")
        place += gap + 1
        need(place < n, "an exception beyond the plane")
        out[place] = value
    return out.reshape(shape)


def multiples(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 8."""
    need(len(p) == 3, "multiples")
    base = ranged(p[0], 2, _LIMIT - 1)
    offset, rests = ranged(p[1], 0, base - 1), ranged(p[2], 0, 1)
    q = read(shape)
    if not rests:
        return q * np.int64(base) + np.int64(offset)
    r = read(shape).ravel().tolist()
    need(all(0 <= rest < base for rest in r), "a remainder")
    return q * np.int64(base) + _plane([(rest + offset) % base for rest in r], shape)


def unwrapped(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 9."""
    need(len(p) == 2, "unwrapped")
    modulus, low = ranged(p[0], 2, 1 << 41), p[1]
    need(low + modulus - 1 < _LIMIT, "values beyond int64")
    return np.int64(low) + (read(shape) - np.int64(low)) % np.int64(modulus)


def decorrelated(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 13."""
    need(len(shape) >= 2, "decorrelated")
    count = ranged(shape[0], 2, 16)
    need(len(p) == count + count * (count - 1) // 2, "weights of channels")
    order, weights = p[:count], iter(p[count:])
    need(sorted(order) == list(range(count)), "an order of channels")
    y = read(shape)
    out = np.empty(shape, np.int64)
    for i, channel in enumerate(order):
        total = np.zeros(shape[1:], np.int64)
        for before in order[:i]:
            total = total + np.int64(ranged(next(weights), -1024, 1024)) * out[before]
        out[channel] = y[channel] + (total >> 6)
    return out


def seasonal(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 17."""
    need(len(p) == 1 and len(shape) == 1, "seasonal")
    period = ranged(p[0], 1, shape[0])
    pattern = read((period,))
    return read(shape) + pattern[np.arange(shape[0]) % period]


def delta(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 20."""
    n = prod(shape)
    need(max(shape, default=1) == n and len(p) >= 4, "delta")
    order, modulus, low, starts = ranged(p[0], 1, 3), ranged(p[1], 0, 1 << 61), p[2], p[3:]
    need(low <= _LIMIT - 1 - max(modulus - 1, 0) and len(starts) == order < n, "delta")
    sequence = read((n - order,)).tolist()
    half = modulus // 2
    for i in range(order - 1, -1, -1):
        base = -half if i else low
        need(not modulus or base <= starts[i] < base + modulus, "a start")
        made = [starts[i]]
        for d in sequence:
            if modulus:
                need(-half <= d <= modulus - half - 1, "a difference")
                made.append(base + (made[-1] - base + d) % modulus)
            else:
                made.append(_wrapped(made[-1] + d))
        sequence = made
    return _plane(sequence, shape)


def digits(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 23."""
    need(2 <= len(p) <= 16, "digits")
    radices = [ranged(radix, 2, 1 << 62) for radix in p[1:]]
    reference = ranged(p[0], 0, len(radices))
    need(prod(radices) <= 1 << 62, "radices")
    first = read(shape) if reference else np.zeros(shape, np.int64)
    out, unit = np.zeros(shape, np.int64), 1
    for i, radix in enumerate(radices, 1):
        number = first if i == reference else read(shape) + first
        need(bool(((number >= 0) & (number < radix)).all()), "a digit")
        out = out + number * np.int64(unit)
        unit *= radix
    return out + (read(shape) + first) * np.int64(unit)


def framed(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 25."""
    need(len(p) == 2, "framed")
    n = prod(shape)
    frames, scales = ranged(p[0], 1, n), ranged(p[1], 1, 48)
    lengths, levels, which = (read((frames,)) for _ in range(3))
    need(all(1 <= length <= n for length in lengths.tolist()), "a length of a frame")
    need(sum(lengths.tolist()) == n, "frames that are not the plane")
    need(bool(((which >= 0) & (which < scales)).all()), "a scale of a frame")
    of_sample = np.repeat(which, lengths)
    out = np.repeat(levels, lengths)
    for j in range(scales):
        chosen = of_sample == j
        out[chosen] += read((int(chosen.sum()),))
    return out.reshape(shape)


def binned(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 32."""
    need(len(p) == 1, "binned")
    leading = ranged(p[0], 2, 16)
    bins = read(shape).ravel().tolist()
    sizes = [b ^ -1 if b < 0 else b for b in bins]
    widths = [max((m >> (leading - 1)) - 1, 0) for m in sizes]
    need(all(w <= 63 - leading for w in widths), "a wide bin")
    need(sum(widths) <= 56 * len(bins), "wide bins")
    out = []
    for b, m, w, t in zip(bins, sizes, widths, packed(read, widths), strict=True):
        value = ((m - (w << (leading - 1))) << w) + t
        out.append(value ^ -1 if b < 0 else value)
    return _plane(out, shape)


def lookback(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 19."""
    need(len(p) == 5, "lookback")
    tracks, by_number, reach = ranged(p[0], 1, 4096), ranged(p[1], 0, 1), ranged(p[2], 0, 1 << 62)
    smoothing, trend = ranged(p[3], 0, 8), ranged(p[4], 0, 1)
    need(not smoothing or (not trend and reach < 1 << 48), "a smoothed trend")
    names = read(shape).ravel().tolist()
    known = sum(name != 0 for name in names)
    differences = iter(read((known,)).tolist())
    fresh = iter(read((len(names) - known,)).tolist())
    recent: list[int] = []
    # Of each track: expectation, last value, part and age.
    state: list[tuple[int, int, int, int]] = []
    begun = 0
    out = []
    for name in names:
        need(0 <= name <= len(state), "a track")
        if name == 0:
            value = next(fresh)
            track = begun % tracks if by_number else len(state)
            if not by_number and track == tracks:
                track = recent.pop()
            begun += 1
            new = (value, value, 128, 1)
            if track == len(state):
                state.append(new)
            else:
                state[track] = new
        else:
            track = name - 1 if by_number else recent.pop(name - 1)
            d = next(differences)
            need(-reach <= d <= reach, "a difference of a track")
            expected, last, part, age = state[track]
            value = _wrapped(expected + d)
            if smoothing:
                h = 1
                while h < smoothing and 1 << (h + 1) <= age + 1:
                    h += 1
                part += (d << 8) >> h
                state[track] = (_wrapped(expected + (part >> 8)), last, part % 256, age + 1)
            else:
                expected = _wrapped(2 * value - last) if trend else value
                state[track] = (expected, value, part, age)
        out.append(value)
        if not by_number:
            recent.insert(0, track)
    return _plane(out, shape)
