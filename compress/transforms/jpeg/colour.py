"""Luma and chroma to red, green and blue, and small chroma planes to large ones, as decoders do.

All in integers (ITU-T T.871, fixed point of 16 bits); the way back, which the encoder looks for, is
a search, for rounding has no inverse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel

__all__ = ["MODES", "enlarged", "fitted", "from_rgb", "to_rgb"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# How many samples of luma stand for one of chroma, down and across, by mode; the first is grey.
MODES = ((1, 1), (1, 1), (1, 2), (2, 2))
_HALF = 1 << 15
_RED, _BLUE = 91881, 116130
_GREEN_RED, _GREEN_BLUE = 46802, 22554
# The blur that `enlarged` is shrinks what alternates to a half at most, an axis.
_ITERATIONS = 24


def to_rgb(luma: Integers, blue: Integers, red: Integers) -> Integers:
    """Return the colours, shape (..., 3), from 0 to 255."""
    b, r = blue - 128, red - 128
    colours = np.stack(
        [
            luma + ((_RED * r + _HALF) >> 16),
            luma + ((-_GREEN_BLUE * b - _GREEN_RED * r + _HALF) >> 16),
            luma + ((_BLUE * b + _HALF) >> 16),
        ],
        axis=-1,
    )
    return np.asarray(np.clip(colours, 0, 255))


def from_rgb(colours: Integers) -> tuple[Integers, Integers, Integers, npt.NDArray[np.bool_]]:
    """Find luma and chroma that give these colours, and where there are some. Encoder only."""
    red, green, blue = (colours[..., i].astype(np.int64) for i in range(3))
    exact = 0.299 * red + 0.587 * green + 0.114 * blue
    found = [np.zeros(red.shape, np.int64) for _ in range(3)]
    least = np.full(red.shape, np.inf)
    for shift in (0, -1, 1):
        luma = np.floor(exact + 0.5).astype(np.int64) + shift
        r = np.floor((red - luma) / 1.402 + 0.5).astype(np.int64) + 128
        b = np.floor((blue - luma) / 1.772 + 0.5).astype(np.int64) + 128
        for more_r in (0, -1, 1):
            for more_b in (0, -1, 1):
                good = np.all(to_rgb(luma, b + more_b, r + more_r) == colours, axis=-1)
                far = np.abs(luma - exact) + 0.01 * (abs(more_r) + abs(more_b)) + 5.0 * ~good
                better = far < least
                least[better] = far[better]
                for one, values in zip(found, (luma, b + more_b, r + more_r), strict=True):
                    one[better] = values[better]
    return *(np.clip(one, 0, 255) for one in found), least < 5.0  # type: ignore[return-value]


def _across(plane: Integers, more: tuple[int, int], shift: int) -> Integers:
    """Double the last axis: three quarters of a sample and one of the neighbour on that side."""
    padded = np.pad(plane, ((0, 0), (1, 1)), "edge")
    wide = np.empty((plane.shape[0], 2 * plane.shape[1]), np.int64)
    wide[:, 0::2] = (3 * plane + padded[:, :-2] + more[0]) >> shift
    wide[:, 1::2] = (3 * plane + padded[:, 2:] + more[1]) >> shift
    return wide


def enlarged(plane: Integers, mode: int, shape: tuple[int, int]) -> Integers:
    """Enlarge a plane of chroma to the shape of luma, by linear interpolation."""
    down, across = MODES[mode]
    if across == 1:
        return plane
    if down == 1:
        return _across(plane, (1, 2), 2)[:, : shape[1]]
    padded = np.pad(plane, ((1, 1), (0, 0)), "edge")
    wide = np.empty((2 * plane.shape[0], 2 * plane.shape[1]), np.int64)
    wide[0::2] = _across(3 * plane + padded[:-2], (8, 7), 4)
    wide[1::2] = _across(3 * plane + padded[2:], (8, 7), 4)
    return np.ascontiguousarray(wide[: shape[0], : shape[1]])


def _blurred(plane: Floats, axis: int) -> Floats:
    width = [(1, 1) if i == axis else (0, 0) for i in range(2)]
    padded = np.pad(plane, width, "edge")
    n = plane.shape[axis]
    before, after = np.take(padded, range(n), axis), np.take(padded, range(2, n + 2), axis)
    return 0.75 * plane + 0.125 * (before + after)


def _shrunk(plane: Integers, mode: int) -> Floats:
    """Estimate the plane of which `enlarged` made this one. Encoder only."""
    down, across = MODES[mode]
    if across == 1:
        return plane.astype(np.float64)
    rows, columns = -(-plane.shape[0] // down), -(-plane.shape[1] // across)
    missing = rows * down - plane.shape[0], columns * across - plane.shape[1]
    whole = np.pad(plane.astype(np.float64), ((0, missing[0]), (0, missing[1])), "edge")
    means = whole.reshape(rows, down, columns, across).mean(axis=(1, 3))
    small = means.copy()
    for _ in range(_ITERATIONS):
        blurred = _blurred(small, 1)
        small += means - (_blurred(blurred, 0) if down == 2 else blurred)
    return np.asarray(small)


_STATES = 5


@kernel("void(const(i8[:, ::1]), const(f8[:, ::1]), i8[:, ::1])", error_model="numpy")
def _fit_across(wide: Integers, start: Floats, small: Integers) -> None:
    """Find the rows of which doubling makes these, or nearly: the best path (Viterbi, 1967)."""
    rows, columns = small.shape
    cost = np.zeros((columns, _STATES))
    came = np.zeros((columns, _STATES), np.int64)
    for y in range(rows):
        for i in range(columns):
            base = np.int64(start[y, i] + 0.5) - _STATES // 2
            for s in range(_STATES):
                value = base + s
                near = 1e-3 * abs(value - start[y, i])
                if i == 0:
                    cost[i, s] = near + (1.0 if value != wide[y, 0] else 0.0)
                    continue
                before = np.int64(start[y, i - 1] + 0.5) - _STATES // 2
                least = 1e300
                for t in range(_STATES):
                    other = before + t
                    c = cost[i - 1, t]
                    c += 1.0 if (3 * other + value + 2) >> 2 != wide[y, 2 * i - 1] else 0.0
                    if 2 * i < wide.shape[1]:
                        c += 1.0 if (3 * value + other + 1) >> 2 != wide[y, 2 * i] else 0.0
                    if c < least:
                        least = c
                        came[i, s] = t
                cost[i, s] = least + near
        best = 0
        for s in range(_STATES):
            if cost[columns - 1, s] < cost[columns - 1, best]:
                best = s
        for i in range(columns - 1, -1, -1):
            small[y, i] = np.int64(start[y, i] + 0.5) - _STATES // 2 + best
            best = came[i, best]


@kernel(error_model="numpy")
def _misses(wide: Integers, small: Integers, y: int, x: int) -> float:
    """Count the samples around one of a small plane that doubling both axes does not make."""
    rows, columns = small.shape
    count = 0.0
    for v in range(max(2 * y - 1, 0), min(2 * y + 3, wide.shape[0])):
        i = v >> 1
        above = min(max(i + (1 if v & 1 else -1), 0), rows - 1)
        for u in range(max(2 * x - 1, 0), min(2 * x + 3, wide.shape[1])):
            j = u >> 1
            beside = min(max(j + (1 if u & 1 else -1), 0), columns - 1)
            made = 3 * (3 * small[i, j] + small[above, j]) + 3 * small[i, beside]
            made += small[above, beside] + (7 if u & 1 else 8)
            count += 1.0 if made >> 4 != wide[v, u] else 0.0
    return count


_SWEEPS = 6


@kernel("void(const(i8[:, ::1]), i8[:, ::1])", error_model="numpy")
def _fit_both(wide: Integers, small: Integers) -> None:
    """Change samples of a small plane by one while doubling both axes makes more of the large."""
    for _ in range(_SWEEPS):
        changed = 0
        for y in range(small.shape[0]):
            for x in range(small.shape[1]):
                least = _misses(wide, small, y, x)
                if least == 0.0:
                    continue
                start = small[y, x]
                best = start
                for value in (start - 1, start + 1):
                    small[y, x] = value
                    now = _misses(wide, small, y, x)
                    if now < least:
                        least, best = now, value
                small[y, x] = best
                changed += 1 if best != start else 0
        if changed == 0:
            break


def fitted(wide: Integers, mode: int) -> Integers:
    """Find a small plane that `enlarged` makes this one of, or nearly. Encoder only."""
    start = _shrunk(wide, mode)
    small = np.rint(start).astype(np.int64)
    if mode == 2:
        _fit_across(np.ascontiguousarray(wide), np.ascontiguousarray(start), small)
    elif mode == 3:
        _fit_both(np.ascontiguousarray(wide), small)
    return np.clip(small, 0, 255)
