"""Every way to take a part of an array: blocks, runs, rows, a window, places. Encoder only.

All of them are deterministic, so that an array is compressed to the same bytes every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import gcd, prod
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "SHORT_AXIS",
    "middle",
    "random_places",
    "rows_of",
    "runs",
    "sample_of",
    "thinned",
    "window",
]

Array = npt.NDArray[Any]

# Axes so short may be channels: parts of an array keep them whole.
SHORT_AXIS = 16
# Blocks of a sample, and how many there are at least where the longest axis is short.
_BLOCKS, _LEAST_BLOCKS = 16, 8
# Fixed point iterations that give a root to the last bits, for they contract at least by half.
_ITERATIONS = 60
# Thinner blocks would be mostly seams, and so would ...
_THINNEST = 8
# ... fewer rows together.
_ROWS_TOGETHER = 16


def sample_of(array: Array, most: int = 1 << 14) -> Array:
    """Take a few blocks of an array, behind one another along its longest axis.

    Parameters
    ----------
    array : array, any dtype
    most : int
        Elements to take, about.

    Returns
    -------
    array
        C-contiguous, of as many dimensions. Axes up to `SHORT_AXIS` are kept whole, and where the
        first or the last axis is longer, that of the sample is so too, so that a sample tells
        whether they are channels. Either half of the sample stands for the whole. The array itself
        if it has at most twice as many elements.
    """
    if array.size <= 2 * most or array.ndim == 0:
        return array
    longest = int(np.argmax(array.shape))
    sides = _sides(array.shape, most // _BLOCKS, longest)
    fitting = array.shape[longest] // sides[longest]
    if fitting < _BLOCKS and array.shape[longest] > SHORT_AXIS:
        # Where few blocks fit behind one another, they are thicker along the other axes.
        sides[longest] = array.shape[longest] // max(fitting, _LEAST_BLOCKS)
        sides[longest] = max(_THINNEST, sides[longest])
        fitting = array.shape[longest] // sides[longest]
        others = array.shape[:longest] + array.shape[longest + 1 :]
        across = _sides(others, most // fitting // sides[longest], -1)
        sides = [*across[:longest], sides[longest], *across[longest:]]
    # At least five of the thinnest blocks are longer than a short axis together.
    count = max(5, min(_BLOCKS, round(most / prod(sides))))
    count = max(1, min(count, array.shape[longest] // sides[longest]))
    if count * sides[longest] <= SHORT_AXIS < array.shape[longest]:
        count, sides[longest] = 1, SHORT_AXIS + 1
    places: dict[tuple[int, ...], tuple[slice, ...]] = {}
    for i in range(count):
        # Spread over all axes, or a frame around a picture would never be seen.
        place = _slices(array.shape, sides, _lattice(i, count, array.shape, longest))
        places.setdefault(tuple(along.start for along in place), place)
    blocks = [array[place] for place in places.values()]
    return np.concatenate(blocks[::2] + blocks[1::2], axis=longest)


def window(array: Array, most: int, index: int = 0, count: int = 1) -> Array:
    """Take one of many windows that are spread evenly over an array; a single one is the middle.

    Parameters
    ----------
    array : array, at least one dimension
    most : int
        Elements to take, about.
    index, count : int
        Which of how many windows.

    Returns
    -------
    array
        A view, of as many dimensions, with sides as equal as the shape lets them be; axes up to
        `SHORT_AXIS` are kept whole.
    """
    sides = _sides(array.shape, most)
    if count == 1:
        starts = [(n - side + 1) // 2 for n, side in zip(array.shape, sides, strict=True)]
        return array[tuple(slice(a, a + side) for a, side in zip(starts, sides, strict=True))]
    longest = int(np.argmax(array.shape))
    return array[_slices(array.shape, sides, _lattice(index, count, array.shape, longest))]


def middle(flat: Array, size: int) -> Array:
    """Return so many consecutive elements from the middle of a one-dimensional array, as a view."""
    start = max(0, (flat.size - size) // 2)
    return flat[start : start + size]


def rows_of(array: Array, most: int, places: int = 4) -> Array:
    """Take rows (all of an array behind its first axis) from a few places.

    Parameters
    ----------
    array : array, any shape
    most : int
        Elements to take, about.
    places : int
        From how many places at most: 1 takes the middle rows.

    Returns
    -------
    array
        Rows are whole where sixteen of them fit in each of two places; else the second axis is cut
        and, where there are three axes and the last is no channel axis, all but the last two are
        reduced to their middle. The array itself if it is small.
    """
    if array.size <= most or array.ndim == 0:
        return array
    while array.ndim > 2 and array[0].size > most and array.shape[-1] > SHORT_AXIS:
        array = array[len(array) // 2]
    row = array[:1].size
    if array.ndim > 1 and 2 * _ROWS_TOGETHER * row > most:
        keep = max(1, most * array.shape[1] // (places * _ROWS_TOGETHER * row))
        start = max(0, array.shape[1] - keep) // 2
        array = array[:, start : start + keep]
        row = array[:1].size
    rows = max(1, most // row)
    if len(array) <= rows:
        return np.ascontiguousarray(array)
    count = min(places, max(1, rows // _ROWS_TOGETHER))
    each = rows // count
    starts = [((2 * i + 1) * len(array) // count - each) // 2 for i in range(count)]
    return np.concatenate([array[start : start + each] for start in starts[::2] + starts[1::2]])


def runs(array: Array, count: int, length: int = 64) -> Array:
    """Take evenly spaced runs of consecutive elements (C order), one after another.

    Parameters
    ----------
    array : array, any shape
    count : int
        How many elements to take, about; a smaller array is taken whole.
    length : int
        Elements in a run.

    Returns
    -------
    array
        One-dimensional.
    """
    flat = array.reshape(-1)
    if flat.size <= count + length:
        return flat
    start = np.linspace(0, flat.size - length, max(count // length, 1)).astype(np.int64)
    picked: Array = flat[(start[:, None] + np.arange(length)).reshape(-1)]
    return picked


def thinned(array: Array, most: int) -> Array:
    """Take every k-th element along the last axis, about ``most`` of all, as a view."""
    return array[..., :: max(1, array.size // most)]


def random_places(
    shape: Sequence[int], margins: npt.NDArray[np.int64], count: int, axis: int, index: int
) -> list[npt.NDArray[np.int64]]:
    """Draw places in an array, away from its borders where it is large enough.

    Parameters
    ----------
    shape : sequence of int
    margins : int64 array, shape (axes, 2)
        How far from both ends of each axis to stay.
    count : int
        How many places.
    axis, index : int
        All places have this index along this axis; -1 for no such axis. The index seeds the draw.

    Returns
    -------
    list of int64 arrays, shape (count,)
        The coordinates along each axis.
    """
    generator = np.random.default_rng(index)
    places = []
    for along, size in enumerate(shape):
        if along == axis:
            places.append(np.full(count, index))
            continue
        low = min(int(margins[along, 0]), size - 1)
        high = max(size - int(margins[along, 1]), low + 1)
        places.append(generator.integers(low, high, count))
    return places


def _sides(shape: tuple[int, ...], most: int, longest: int | None = None) -> list[int]:
    """Sides of a block of about ``most`` elements, as equal as the shape lets them be.

    Axes up to `SHORT_AXIS` are whole. Where blocks are put together along the longest axis, the
    first and the last of the others are longer than that, and the longest is not very short.
    """
    sides = list(shape)
    long = [axis for axis, n in enumerate(shape) if n > SHORT_AXIS]
    # The longest takes what the others leave.
    order = sorted(range(len(shape)), key=lambda axis: (axis == longest, shape[axis]))
    left = float(most)
    for i, axis in enumerate(order):
        side = max(1, round(left ** (1 / (len(order) - i))))
        if axis == longest:
            side = max(side, _THINNEST)
        elif longest is not None and axis in (*long[:1], *long[-1:]):
            side = max(side, SHORT_AXIS + 1)
        sides[axis] = shape[axis] if shape[axis] <= SHORT_AXIS else min(shape[axis], side)
        left = max(1.0, left / sides[axis])
    return sides


def _lattice(index: int, count: int, shape: tuple[int, ...], longest: int) -> list[float]:
    """Where one of so many blocks lies: along each axis they are spread evenly, in another order.

    A lattice of rank 1. Its steps are near multiples of the golden ratio, or of the powers of its
    generalisation (Roberts, 2018), of which none is another one's mirror image: the golden ratio
    and its square are, and would put all blocks on one diagonal.
    """
    # In an order that stays if axes move.
    others = [axis for axis, n in enumerate(shape) if n > SHORT_AXIS and axis != longest]
    others.sort(key=lambda axis: shape[axis])
    shares = [0.5] * len(shape)
    shares[longest] = (index + 0.5) / count
    # Steps that have no divisor in common with the number of blocks reach all places.
    steps = [step for step in range(2, count) if gcd(step, count) == 1] or [1]
    for i, axis in enumerate(others):
        wanted = count / _ratio(len(others)) ** (1 + i)
        step = min(steps, key=lambda step: abs(step - wanted))
        shares[axis] = (index * step % count + 0.5) / count
        steps = [other for other in steps if other != step] or [step]
    return shares


@cache
def _ratio(n_axes: int) -> float:
    """Give the root of x^(n + 1) = x + 1: the golden ratio where there is one axis."""
    root = 1.5
    for _ in range(_ITERATIONS):
        root = (1.0 + root) ** (1.0 / (n_axes + 1))
    return root


def _slices(
    shape: tuple[int, ...], sides: Sequence[int], shares: Sequence[float]
) -> tuple[slice, ...]:
    """Choose one of the fewest blocks that cover an array, so that all samples count alike."""
    cut = []
    for n, side, share in zip(shape, sides, shares, strict=True):
        blocks = -(-n // side)
        start = round(int(share * blocks) * (n - side) / (blocks - 1)) if blocks > 1 else 0
        cut.append(slice(start, start + side))
    return tuple(cut)
