"""Pictures that were a JPEG once: the whole numbers that their blocks were made of.

A picture that went through a JPEG, however it is kept now, is what a decoder made of blocks of 8 x
8 frequencies, each a whole multiple of a step. With the grid and the steps found, those multiples
take a third to a half of the bits of the samples. Decoding is done as most decoders do it, in
integers; where another one made the picture, samples are corrected.

Parameters: the mode (0 grey, 1 colour, 2 chroma halved across, 3 chroma halved both ways), the
first row and column of the grid, bits that say which planes of corrections there are (bit c of
component c, the last of the picture), then 64 steps for each component.

Children, for each component (luma, blue, red): the multiples, shape (rows, columns, 64); the rows
of samples above and below the blocks; the columns beside them; corrections of the samples in
blocks, if there are any. Then the corrections of the picture, if there are any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from compress.errors import CorruptError
from compress.transforms.jpeg.blocks import (
    BLOCK,
    INVERSE,
    SAMPLE_MAX,
    SIDE,
    blocks_of,
    frequencies,
    samples,
)
from compress.transforms.jpeg.colour import MODES, enlarged, fitted, from_rgb, to_rgb
from compress.transforms.jpeg.lattice import ANY_STEP, find_steps, grid_of, quantised
from compress.transforms.step import (
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

CODE = 34
NAME = "jpeg"
_LEAST = 32
# Bits a block of luma that its steps must explain, about.
_CLEAR = 4.0
# How far from a sample its value before rounding may be, and that of one that is not known.
_NEAR, _UNKNOWN = 0.53, 1e4
# Blocks without unknown samples by which steps are found, where there are so many.
_ENOUGH = 32
# Products of multiples and steps keep to 31 bits.
_MOST = 1 << 20

TRAITS = Traits(
    STAGE_WHOLE, whole_plane=True, held_bytes=120, search_ns=300.0, encode_ns=2000.0, decode_ns=40.0
)
accepts = is_plane


class _Component(NamedTuple):
    """Where the blocks of a component lie: its shape, the first sample, how many blocks."""

    shape: tuple[int, int]
    top: int
    left: int
    rows: int
    columns: int

    @property
    def strips(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Shapes of the rows and of the columns outside of the blocks."""
        height, width = self.rows * SIDE, self.columns * SIDE
        return (self.shape[0] - height, self.shape[1]), (height, self.shape[1] - width)


def _components(shape: Shape, mode: int, top: int, left: int) -> list[_Component]:
    found = []
    for component in range(1 if mode == 0 else 3):
        down, across = MODES[mode] if component else (1, 1)
        height, width = -(-shape[0] // down), -(-shape[1] // across)
        blocks = (height - top) // SIDE, (width - left) // SIDE
        found.append(_Component((height, width), top, left, *blocks))
    return found


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for the grid; then do all of the work, for only the whole tells whether it pays."""
    del context
    colour = array.ndim == 3 and array.shape[2] == 3
    if not (array.ndim == 2 or colour) or min(array.shape[:2]) < _LEAST:
        return
    if int(array.min()) < 0 or int(array.max()) > SAMPLE_MAX:
        return
    luma = array.astype(np.float64)
    if colour:
        luma = luma @ np.array([0.299, 0.587, 0.114])
    grid = grid_of(luma)
    if grid is None:
        return
    best: tuple[float, Parameters, tuple[Child, ...]] | None = None
    luma_found: _Coded | None = None
    colours = from_rgb(array) if colour else None
    for mode in range(1, len(MODES)) if colour else (0,):
        if mode > 1 and grid != (0, 0):
            break
        where = _components(array.shape, mode, *grid)
        if min(min(one.rows, one.columns) for one in where) < 1:
            continue
        if colours is None:
            known = (array > 0) & (array < SAMPLE_MAX)
            planes = [array]
        else:
            *full, known = colours
            planes = [full[0], *(fitted(plane, mode) for plane in full[1:])]
        coded = []
        for i, (one, plane) in enumerate(zip(where, planes, strict=True)):
            sure = known if plane.shape == known.shape else np.ones(plane.shape, np.bool_)
            if i == 0 and luma_found is not None:
                coded.append(luma_found)
                continue
            coded.append(_coded(plane, sure, one, clipped=not colour))
            if i == 0:
                luma_found = coded[0]
                if luma_found.gain < _CLEAR:
                    return
        parameters, children = _joined(array, mode, grid, where, coded)
        bits = sum(_rough_bits(child.plane) for child in children)
        if best is None or bits < best[0]:
            best = bits, parameters, children
    if best is not None:
        yield Found(best[1], array, best[2])


class _Coded(NamedTuple):
    """A component in blocks: samples, multiples, steps, and the bits a block that steps explain."""

    plane: Plane
    multiples: Plane
    steps: Plane
    known: Any
    gain: float


def _coded(plane: Plane, known: Any, where: _Component, *, clipped: bool) -> _Coded:
    """Find steps and multiples of a component."""
    inside = np.s_[where.top :, where.left :]
    targets = blocks_of(plane[inside].astype(np.float64)).reshape(-1, BLOCK)
    sure = blocks_of(known[inside]).reshape(-1, BLOCK)
    whole = sure.all(axis=1)
    some = targets[whole] if np.count_nonzero(whole) >= _ENOUGH else targets
    steps, gain, _ = find_steps(frequencies(some))
    lows, highs = targets - _NEAR, targets + _NEAR
    # What is at the end of the range may have been beyond it.
    lows[~sure & ((targets == 0) | (not clipped))] -= _UNKNOWN
    highs[~sure & ((targets == SAMPLE_MAX) | (not clipped))] += _UNKNOWN
    multiples, _ = quantised(targets, lows, highs, steps)
    shape = where.rows, where.columns, BLOCK
    return _Coded(plane, multiples.reshape(shape), steps, known, gain)


def _joined(
    array: Array, mode: int, grid: tuple[int, int], where: list[_Component], coded: list[_Coded]
) -> tuple[Parameters, tuple[Child, ...]]:
    """Put the children of a mode together."""
    children: list[Child] = []
    planes, flags = [], 0
    for i, (one, part) in enumerate(zip(where, coded, strict=True)):
        strips = _strips(part.plane, one)
        made = _made(part.multiples, part.steps, strips, one)
        missing = (part.plane - made) * (part.known if part.known.shape == made.shape else 1)
        inside = _inside(missing, one)
        role: Any = "channel" if i else "main"
        children.append(Child(np.ascontiguousarray(part.multiples), role))
        children += [Child(strip, "side") for strip in strips]
        if inside.any():
            flags |= 1 << i
            children.append(Child(np.ascontiguousarray(inside), "side"))
            _inside(made, one)[...] += inside
        planes.append(made)
    left = array - _picture(planes, mode, array.shape)
    if left.any():
        flags |= 1 << len(where)
        children.append(Child(np.ascontiguousarray(left), "side"))
    steps = (int(step) for part in coded for step in part.steps)
    return (mode, *grid, flags, *steps), tuple(children)


def _rough_bits(plane: Plane) -> float:
    """Estimate the bits of a child by the order-0 entropy of each frequency, or of all samples."""
    if plane.size == 0:
        return 0.0
    columns = plane.reshape(-1, BLOCK) if plane.shape[-1] == BLOCK and plane.ndim == 3 else None
    bits = 0.0
    for column in [plane.reshape(-1)] if columns is None else columns.T:
        counts = np.bincount(column - column.min())
        share = counts[counts > 0] / column.size
        bits -= column.size * float(share @ np.log2(share))
    return bits


def _strips(plane: Plane, where: _Component) -> tuple[Plane, Plane]:
    bottom, right = where.top + where.rows * SIDE, where.left + where.columns * SIDE
    rows = np.concatenate([plane[: where.top], plane[bottom:]])
    middle = plane[where.top : bottom]
    return rows, np.concatenate([middle[:, : where.left], middle[:, right:]], axis=1)


def _inside(plane: Plane, where: _Component) -> Plane:
    """Return the view of the samples in blocks."""
    bottom, right = where.top + where.rows * SIDE, where.left + where.columns * SIDE
    return plane[where.top : bottom, where.left : right]


def _made(multiples: Plane, steps: Plane, strips: tuple[Plane, Plane], where: _Component) -> Plane:
    """Make the samples of a component."""
    plane = np.empty(where.shape, np.int64)
    blocks = np.empty((where.rows * SIDE, where.columns * SIDE), np.int64)
    samples(np.ascontiguousarray(multiples), np.ascontiguousarray(steps), INVERSE, blocks)
    bottom, right = where.top + where.rows * SIDE, where.left + where.columns * SIDE
    rows, columns = strips
    plane[: where.top], plane[bottom:] = rows[: where.top], rows[where.top :]
    middle = plane[where.top : bottom]
    middle[:, : where.left], middle[:, right:] = columns[:, : where.left], columns[:, where.left :]
    middle[:, where.left : right] = blocks
    return plane


def _picture(planes: list[Plane], mode: int, shape: Shape) -> Plane:
    if mode == 0:
        return planes[0]
    size = shape[0], shape[1]
    blue, red = (enlarged(plane, mode, size) for plane in planes[1:])
    return to_rgb(planes[0], blue, red)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give multiples, samples outside of blocks, and corrections."""
    children: tuple[Child, ...] | None = found_on(parameters, array)
    if children is None:
        for found in candidates(array, Context()):
            if tuple(found) == tuple(parameters):
                children = found_on(found, array)
    return children


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Decode the blocks, enlarge chroma, turn it to colours, correct."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters[:4], (0, len(MODES) - 1), (0, 7), (0, 7), (0, 15))
    mode, top, left, flags = parameters[:4]
    n = 1 if mode == 0 else 3
    check_parameters(NAME, parameters[4:], *((1, ANY_STEP),) * (BLOCK * n))
    if (
        len(shape) != (2 if mode == 0 else 3)
        or (mode > 0 and shape[2] != 3)
        or (mode > 1 and (top or left))
        or min(shape[:2]) < _LEAST
        or flags >> (n + 1)
    ):
        raise CorruptError(f"{NAME}: cannot make the shape {shape} in mode {mode}")
    planes = []
    for i, where in enumerate(_components(shape, mode, top, left)):
        multiples = _checked(read((where.rows, where.columns, BLOCK)), -_MOST, _MOST)
        rows, columns = (_checked(read(strip), 0, SAMPLE_MAX) for strip in where.strips)
        steps = np.array(parameters[4 + BLOCK * i : 4 + BLOCK * (i + 1)], np.int64)
        plane = _made(multiples, steps, (rows, columns), where)
        if flags >> i & 1:
            inside = _inside(plane, where)
            inside += _checked(read(inside.shape), -SAMPLE_MAX, SAMPLE_MAX)
        planes.append(plane)
    picture = _picture(planes, mode, shape)
    if flags >> n & 1:
        picture = picture + _checked(read(shape), -2 * SAMPLE_MAX, 2 * SAMPLE_MAX)
    return np.ascontiguousarray(picture)


def _checked(plane: Plane, low: int, high: int) -> Plane:
    if plane.size and (int(plane.min()) < low or int(plane.max()) > high):
        raise CorruptError(f"{NAME}: a sample is outside {low} to {high}")
    return plane
