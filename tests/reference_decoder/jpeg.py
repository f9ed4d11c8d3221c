"""The step `jpeg`: pictures from multiples of the steps of a JPEG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.reference_decoder.samples import Array, Plane, Read, Shape, need, ranged

__all__ = ["jpeg"]

Parameters = Sequence[int]

_LEAST, _SAMPLE, _MULTIPLE, _STEP = 32, 255, 1 << 20, 255
# Samples of the picture that stand for one of chroma, by mode: rows and columns.
_CHROMA = ((1, 1), (1, 1), (1, 2), (2, 2))
# What the first four samples of a pass take of each frequency; the others mirror them.
_HALF = (
    (8192, 11363, 10703, 9633, 8192, 6437, 4433, 2260),
    (8192, 9633, 4433, -2259, -8192, -11362, -10704, -6436),
    (8192, 6437, -4433, -11362, -8192, 2261, 10704, 9633),
    (8192, 2260, -10703, -6436, 8192, 9633, -4433, -11363),
)


def jpeg(read: Read, shape: Shape, p: Parameters) -> Array:
    """Code 34."""
    need(len(p) >= 2, "jpeg")
    mode, flags = ranged(p[0], 0, 3), p[1]
    count = 3 if mode else 1
    ranged(flags, 0, (1 << count + 1) - 1)
    need(len(shape) == (3 if mode else 2) and min(shape[:2]) >= _LEAST, "a picture of a JPEG")
    need(not mode or shape[2] == count, "colours of a JPEG")
    rest, planes = list(p[2:]), []
    for c in range(count):
        down, across = _CHROMA[mode] if c else (1, 1)
        small = -(-shape[0] // down), -(-shape[1] // across)
        plane, inside = _component(read, small, rest)
        if flags >> c & 1:
            plane[inside] += _within(read(plane[inside].shape), -_SAMPLE, _SAMPLE)
        planes.append(plane)
    need(not rest, "parameters of a JPEG")
    picture = planes[0]
    if mode:
        blue, red = (_enlarged(plane, mode)[: shape[0], : shape[1]] for plane in planes[1:])
        picture = _colours(planes[0], blue, red)
    if flags >> count & 1:
        picture = picture + _within(read(shape), -2 * _SAMPLE, 2 * _SAMPLE)
    return picture


def _within(plane: Plane, low: int, high: int) -> Plane:
    need(bool(((plane >= low) & (plane <= high)).all()), "a sample of a JPEG")
    return plane


def _component(
    read: Read, shape: tuple[int, int], rest: list[int]
) -> tuple[Plane, tuple[slice, slice]]:
    """Read a component, and where its blocks are; takes its parameters."""
    need(rest, "parameters of a JPEG")
    if rest[0] == -1:
        del rest[0]
        return _within(read(shape), 0, _SAMPLE).copy(), (slice(0, 0), slice(0, 0))
    need(len(rest) >= 66, "parameters of a JPEG")
    top, left = ranged(rest[0], 0, 7), ranged(rest[1], 0, 7)
    steps = np.array([ranged(step, 1, _STEP) for step in rest[2:66]], np.int64).reshape(8, 8)
    del rest[:66]
    rows, columns = (shape[0] - top) // 8, (shape[1] - left) // 8
    multiples = _within(read((rows, columns, 64)), -_MULTIPLE, _MULTIPLE)
    strips = _within(read((shape[0] - 8 * rows, shape[1])), 0, _SAMPLE)
    sides = _within(read((8 * rows, shape[1] - 8 * columns)), 0, _SAMPLE)
    inside = slice(top, top + 8 * rows), slice(left, left + 8 * columns)
    plane = np.zeros(shape, np.int64)
    plane[:top], plane[inside[0].stop :] = strips[:top], strips[top:]
    middle = plane[inside[0]]
    middle[:, :left], middle[:, inside[1].stop :] = sides[:, :left], sides[:, left:]
    plane[inside] = _samples(multiples.reshape(rows, columns, 8, 8) * steps)
    return plane, inside


def _samples(waves: Plane) -> Plane:
    """Transform blocks, shape (rows, columns, 8, 8), to their samples."""
    half = np.array(_HALF, np.int64)
    matrix = np.concatenate([half, half[::-1] * np.array([1, -1] * 4)])
    down = np.einsum("yv,rcvu->rcyu", matrix, waves) + (1 << 10) >> 11
    both = np.einsum("xu,rcyu->rcyx", matrix, down) + (1 << 17) >> 18
    rows, columns = waves.shape[:2]
    found = np.clip(both + 128, 0, _SAMPLE).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(found).reshape(8 * rows, 8 * columns)


def _across(plane: Plane, more: tuple[int, int], shift: int) -> Plane:
    """Double columns: three parts of a sample, one of the neighbour on that side."""
    before = np.concatenate([plane[:, :1], plane[:, :-1]], axis=1)
    after = np.concatenate([plane[:, 1:], plane[:, -1:]], axis=1)
    even, odd = 3 * plane + before + more[0] >> shift, 3 * plane + after + more[1] >> shift
    return np.stack([even, odd], axis=-1).reshape(len(plane), -1)


def _enlarged(plane: Plane, mode: int) -> Plane:
    if mode == 1:
        return plane
    if mode == 2:
        return _across(plane, (1, 2), 2)
    above = np.concatenate([plane[:1], plane[:-1]])
    below = np.concatenate([plane[1:], plane[-1:]])
    wide = [_across(3 * plane + other, (8, 7), 4) for other in (above, below)]
    return np.stack(wide, axis=1).reshape(2 * len(plane), -1)


def _colours(luma: Plane, blue: Plane, red: Plane) -> Plane:
    b, r, half = blue - 128, red - 128, 1 << 15
    colours = (
        luma + (91881 * r + half >> 16),
        luma + (-22554 * b - 46802 * r + half >> 16),
        luma + (116130 * b + half >> 16),
    )
    return np.clip(np.stack(colours, axis=-1), 0, _SAMPLE)
