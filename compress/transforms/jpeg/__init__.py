"""Pictures that were a JPEG once: the whole numbers that their blocks were made of.

A picture that went through a JPEG, however it is kept now, is what a decoder made of blocks of 8 x
8 frequencies, each a whole multiple of a step. With the grid and the steps found, those multiples
take a third to a half of the bits of the samples. Decoding is done as most decoders do it, in
integers; where another one made the picture, samples are corrected.

Parameters: the mode (0 grey, 1 colour, 2 chroma halved across, 3 chroma halved both ways), bits
that say which planes of corrections there are (bit c of component c, the next of the picture), then
for each component (luma, blue, red) the first row and column of its grid and 64 steps, or -1 where
it has no grid: pictures may have gone through several JPEGs, the last of which rounded little.

Children, for each component: the multiples, shape (rows, columns, 64); the rows of samples above
and below the blocks; the columns beside them; or, without a grid, its samples; then corrections of
the samples in blocks, if there are any. Last the corrections of the picture, if there are any.
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
    LEAF,
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
_NO_GRID = -1
_ONES = np.ones(BLOCK, np.int64)
# Bits a block that its steps must explain, about.
_CLEAR = 3.0
# Shares of colours that whole luma and chroma make, and of chroma that smaller planes make.
_WHOLE, _MADE = 0.9, 0.7
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


def _component(shape: tuple[int, int], grid: tuple[int, int] | None) -> _Component:
    """Return where blocks lie; without a grid all samples are outside of blocks."""
    if grid is None:
        return _Component(shape, 0, 0, 0, 0)
    blocks = [max(n - first, 0) // SIDE for n, first in zip(shape, grid, strict=True)]
    return _Component(shape, *grid, *blocks)


def _small(shape: Shape, mode: int, component: int) -> tuple[int, int]:
    """Return the shape of a component."""
    down, across = MODES[mode] if component else (1, 1)
    return -(-shape[0] // down), -(-shape[1] // across)


class _Coded(NamedTuple):
    """A component: samples, where its blocks lie, multiples and steps, which samples are sure."""

    plane: Plane
    where: _Component
    multiples: Plane
    steps: Plane
    known: Any


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for the grid; then do all of the work, for only the whole tells whether it pays."""
    del context
    colour = array.ndim == 3 and array.shape[2] == 3
    if not (array.ndim == 2 or colour) or min(array.shape[:2]) < _LEAST:
        return
    if int(array.min()) < 0 or int(array.max()) > SAMPLE_MAX:
        return
    found = list(_of_colours(array) if colour else _of_grey(array))
    if found:
        yield Found(*min(found, key=lambda one: one[0])[1:])


_Candidate = tuple[float, Parameters, Array, tuple[Child, ...]]


def _of_grey(array: Array) -> Iterator[_Candidate]:
    known = (array > 0) & (array < SAMPLE_MAX)
    coded = _coded(array, known, clipped=True)
    if coded.where.rows:
        yield _joined(array, 0, [coded])


def _of_colours(array: Array) -> Iterator[_Candidate]:
    luma, *chroma, known = from_rgb(array)
    # Of colours that no JPEG made, a half or so have a luma and chroma of whole numbers.
    if float(np.mean(known)) < _WHOLE:
        return
    first = _coded(luma, known, clipped=False)
    grid = (first.where.top, first.where.left) if first.where.rows else None
    for mode in range(1, len(MODES)):
        coded = [first]
        # Smooth chroma shows its grid less clearly than luma.
        hint = grid if mode == 1 or grid == (0, 0) else None
        for plane in chroma:
            small = fitted(plane, mode)
            if mode > 1:
                made = enlarged(small, mode, (plane.shape[0], plane.shape[1]))
                if float(np.mean((made == plane)[known])) < _MADE:
                    break
            sure = known if mode == 1 else np.ones(small.shape, np.bool_)
            coded.append(_coded(small, sure, clipped=False, hint=hint))
        if len(coded) <= len(chroma):
            continue
        if mode > 1 or any(one.where.rows for one in coded):
            yield _joined(array, mode, coded)


def _coded(
    plane: Plane, known: Any, *, clipped: bool, hint: tuple[int, int] | None = None
) -> _Coded:
    """Find the grid of a component, or try one, its steps and multiples, if there are some."""
    shape = plane.shape[0], plane.shape[1]
    none = _Coded(
        plane, _component(shape, None), np.zeros((0, 0, BLOCK), np.int64), _ONES.copy(), known
    )
    grid = grid_of(plane.astype(np.float64)) or hint
    if grid is None or min(n - first for n, first in zip(shape, grid, strict=True)) < SIDE:
        return none
    inside = np.s_[grid[0] :, grid[1] :]
    targets = blocks_of(plane[inside].astype(np.float64)).reshape(-1, BLOCK)
    sure = blocks_of(known[inside]).reshape(-1, BLOCK)
    whole = sure.all(axis=1)
    some = targets[whole] if np.count_nonzero(whole) >= _ENOUGH else targets
    steps, gain, _ = find_steps(frequencies(some))
    if gain < _CLEAR:
        return none
    lows, highs = targets - _NEAR, targets + _NEAR
    # What is at the end of the range may have been beyond it.
    lows[~sure & ((targets == 0) | (not clipped))] -= _UNKNOWN
    highs[~sure & ((targets == SAMPLE_MAX) | (not clipped))] += _UNKNOWN
    multiples, _ = quantised(targets, lows, highs, steps)
    where = _component(shape, grid)
    multiples = multiples.reshape(where.rows, where.columns, BLOCK)
    return _Coded(plane, where, multiples, steps, known)


def _joined(array: Array, mode: int, coded: list[_Coded]) -> _Candidate:
    """Put the children of a mode together, with the bits that they take about."""
    children: list[Child] = []
    planes, flags = [], 0
    parameters: list[int] = []
    for i, part in enumerate(coded):
        where = part.where
        strips = _strips(part.plane, where)
        made = _made(part.multiples, part.steps, strips, where)
        inside = _inside((part.plane - made) * part.known, where)
        if where.rows:
            role: Any = "channel" if i else "main"
            children.append(Child(np.ascontiguousarray(part.multiples), role, next_stage=LEAF))
            children += [Child(np.ascontiguousarray(strip), "side") for strip in strips]
            parameters += [where.top, where.left, *map(int, part.steps)]
        else:
            children.append(Child(np.ascontiguousarray(part.plane), "channel" if i else "main"))
            parameters.append(_NO_GRID)
        if inside.any():
            flags |= 1 << i
            children.append(Child(np.ascontiguousarray(inside), "side"))
            _inside(made, where)[...] += inside
        planes.append(made)
    left = array - _picture(planes, mode, array.shape)
    if left.any():
        flags |= 1 << len(coded)
        children.append(Child(np.ascontiguousarray(left), "side"))
    bits = sum(_rough_bits(child.plane) for child in children)
    return bits, (mode, flags, *parameters), array, tuple(children)


def _rough_bits(plane: Plane) -> float:
    """Estimate the bits of a child: of each frequency, or of the samples' differences."""
    if plane.size == 0:
        return 0.0
    if plane.ndim == 3 and plane.shape[2] == BLOCK:
        return sum(_entropy(column) for column in plane.reshape(-1, BLOCK).T)
    flat = plane.reshape(-1)
    return min(_entropy(flat), _entropy(np.diff(flat)) if flat.size > 1 else 0.0)


def _entropy(values: Plane) -> float:
    counts = np.bincount(values - values.min())
    share = counts[counts > 0] / values.size
    return -values.size * float(share @ np.log2(share))


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
    check_parameters(NAME, parameters[:2], (0, len(MODES) - 1), (0, 15))
    mode, flags, *rest = parameters
    n = 1 if mode == 0 else 3
    if (
        len(shape) != (2 if mode == 0 else 3)
        or (mode > 0 and shape[2] != 3)
        or min(shape[:2]) < _LEAST
        or flags >> (n + 1)
    ):
        raise CorruptError(f"{NAME}: cannot make the shape {shape} in mode {mode}")
    planes = []
    for i in range(n):
        grid, steps, rest = _grid_and_steps(rest)
        where = _component(_small(shape, mode, i), grid)
        if grid is None:
            plane = _checked(read(where.shape), 0, SAMPLE_MAX).copy()
        else:
            multiples = _checked(read((where.rows, where.columns, BLOCK)), -_MOST, _MOST)
            rows, columns = (_checked(read(strip), 0, SAMPLE_MAX) for strip in where.strips)
            plane = _made(multiples, steps, (rows, columns), where)
        if flags >> i & 1:
            inside = _inside(plane, where)
            inside += _checked(read(inside.shape), -SAMPLE_MAX, SAMPLE_MAX)
        planes.append(plane)
    check_parameters(NAME, tuple(rest))
    picture = _picture(planes, mode, shape)
    if flags >> n & 1:
        picture = picture + _checked(read(shape), -2 * SAMPLE_MAX, 2 * SAMPLE_MAX)
    return np.ascontiguousarray(picture)


def _grid_and_steps(rest: list[int]) -> tuple[tuple[int, int] | None, Plane, list[int]]:
    """Read the grid and the steps of a component, and give what follows."""
    if rest[:1] == [_NO_GRID]:
        return None, _ONES, rest[1:]
    known, rest = rest[: 2 + BLOCK], rest[2 + BLOCK :]
    grid, steps = ((0, SIDE - 1),) * 2, ((1, ANY_STEP),) * BLOCK
    check_parameters(NAME, tuple(known), *grid, *steps)
    return (known[0], known[1]), np.array(known[2:], np.int64), rest


def _checked(plane: Plane, low: int, high: int) -> Plane:
    if plane.size and (int(plane.min()) < low or int(plane.max()) > high):
        raise CorruptError(f"{NAME}: a sample is outside {low} to {high}")
    return plane
