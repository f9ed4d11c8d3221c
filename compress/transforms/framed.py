"""Regimes: pieces of a sequence that have a level and a scale of their own.

Each piece is a frame: its level is listed, and its samples are coded with those of all frames of
about its scale. Parameters: the numbers of frames and of scales. Children: the lengths of the
frames, their levels, which scale each has, and the samples less the level, a plane for each scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.frames import find_frames
from compress.transforms.sample import central_value
from compress.transforms.spread import magnitude_bits
from compress.transforms.step import (
    END,
    INT64,
    STAGE_HOLES,
    STAGE_WHOLE,
    Array,
    Child,
    Context,
    Found,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    found_on,
    is_plane,
)

CODE = 25
NAME = "framed"
MAX_SCALES = 48
_LEAST, _SAMPLE, _RUN = 512, 1 << 12, 64
# Bits of a frame beside half of those of its level; samples that are worth a plane.
_FRAME_BITS, _SCALE_SAMPLES = 16.0, 400
# One run of so many may lie across a change.
_ACROSS = 6
# Bits a sample that frames must gain.
_GAIN = 0.3

TRAITS = Traits(
    STAGE_WHOLE, whole_plane=True, search_ns=20.0, encode_ns=60.0, held_bytes=36, decode_ns=8.0
)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Compare the ranges of short runs with that of all, then cut into frames."""
    del context
    if array.size < _LEAST or array.size != max(array.shape):
        return
    flat = array.reshape(-1)
    sample = runs(flat, _SAMPLE, _RUN)
    usual = min(map(magnitude_bits, (sample - central_value(sample), np.diff(sample))))
    rows = sample[: sample.size // _RUN * _RUN].reshape(-1, _RUN)
    # As unsigned: a range may not fit.
    ranges = np.log2(1 + np.ptp(rows, axis=1).view(np.uint64).astype(np.float64))
    # Some runs lie across a change.
    ranges = np.sort(ranges)[: ranges.size - ranges.size // _ACROSS]
    if float(np.mean(ranges)) > usual - _GAIN:
        return
    frames = _frames(flat)
    lengths, _, which = frames
    if lengths.size > 1:
        yield Found((lengths.size, int(which.max()) + 1), array, frames)


def _frames(flat: Plane) -> tuple[Plane, Plane, Plane]:
    """Give the length, the level and the scale of each frame."""
    extent = float(flat.max()) - float(flat.min()) + 1
    # Floats would lose what is near the ends of int64.
    centre = central_value(flat)
    above = flat - centre
    ends = find_frames(above, _FRAME_BITS + math.log2(extent) / 2)
    lengths = np.diff(ends, prepend=0)
    numbers = above.astype(np.float64)
    means = np.add.reduceat(numbers, ends - lengths) / lengths
    levels = np.clip(np.rint(means), -(2.0**62), 2.0**62).astype(np.int64)
    distances = (numbers - np.repeat(levels, lengths)) ** 2
    variances = np.add.reduceat(distances, ends - lengths) / lengths
    octaves = np.rint(np.log2(variances + 1 / 12)).astype(np.int64)
    return lengths, levels + centre, _scales(lengths, octaves)


def _scales(lengths: Plane, octaves: Plane) -> Plane:
    """Give each frame the number of its scale; rare scales go with the next larger ones."""
    octaves = octaves - octaves.min()
    samples = np.bincount(octaves, weights=lengths)
    numbers = np.zeros(samples.size, np.int64)
    waiting, scale = 0.0, 0
    for octave in range(samples.size):
        numbers[octave] = scale
        waiting += samples[octave]
        if waiting > _SCALE_SAMPLES and scale < MAX_SCALES - 1:
            waiting = 0.0
            scale += 1
    _, which = np.unique(numbers[octaves], return_inverse=True)
    return which.astype(np.int64)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the frames and their samples."""
    flat = array.reshape(-1)
    if flat.size == 0:
        return None
    lengths, levels, which = found_on(parameters, array) or _frames(flat)
    scales = int(which.max()) + 1
    if (lengths.size, scales) != parameters:
        return None
    rest = flat - np.repeat(levels, lengths)
    of_sample = np.repeat(which, lengths)
    return (
        Child(lengths, "side", next_stage=STAGE_HOLES),
        Child(levels, "side", next_stage=STAGE_HOLES),
        Child(which, "mask", next_stage=STAGE_WHOLE),
        *(Child(rest[of_sample == j], "channel", next_stage=END) for j in range(scales)),
    )


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the samples of each scale in their frames, and add the levels."""
    check_plane(NAME, dtype)
    size = math.prod(shape)
    check_parameters(NAME, parameters, (1, size), (1, MAX_SCALES))
    count, scales = parameters
    lengths, levels, which = read((count,)), read((count,)), read((count,))
    if not 1 <= int(lengths.min()) <= int(lengths.max()) <= size:
        raise CorruptError(f"{NAME}: a frame is not within the {size} samples")
    if int(lengths.max()) * count > INT64[1] or int(lengths.sum()) != size:
        raise CorruptError(f"{NAME}: the frames are not the {size} samples")
    if not 0 <= int(which.min()) <= int(which.max()) < scales:
        raise CorruptError(f"{NAME}: a frame has no scale")
    plane = np.repeat(levels, lengths)
    of_sample = np.repeat(which, lengths)
    for j in range(scales):
        mine = of_sample == j
        plane[mine] += read((int(np.count_nonzero(mine)),))
    return plane.reshape(shape)
