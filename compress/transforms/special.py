"""Samples that do not fit a step: a mask that says which, and their exact values.

Several steps describe most samples by one rule (a decimal number, a multiple, a level of a
quantiser). The others are set apart here, exactly: holes. Children, in this order:

- the mask, of the shape of the array: 0 for a sample that follows the rule, j for the j-th
  special value (a parameter of the step), one more than there are special values for a listed
  one. It is a plane of its own, so it can be coded in context (masks are images);
- the main plane: ``COMPACT`` without the masked samples, one-dimensional, so that they cost
  nothing; or ``FILLED`` in the shape of the array, with the last good value in their places, so
  that neighbours in all directions stay neighbours;
- whatever further planes the step makes of the main plane;
- the listed values in the order of their places, as order-preserving integers, if there are any.

``MARKED`` has no mask. The main plane comes first, in the shape of the array, and holds one less
than its smallest good value in the holes, for a plane model that knows what that means. In place of
the mask follow the codes of all samples that have the smallest value, one-dimensional. Good samples
may have it too, for there may be no integer below them: their code is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.transforms.ordered import from_plane
from compress.transforms.sample import MAX_SPECIALS
from compress.transforms.step import (
    INT64,
    SHORT_AXIS,
    STAGE_WHOLE,
    Array,
    Child,
    Parameters,
    Plane,
    Read,
    Shape,
)

__all__ = [
    "COMPACT",
    "FILLED",
    "MARKED",
    "Mask",
    "check_special",
    "layouts",
    "merge",
    "set_apart",
]

# The share of holes below which their layout hardly matters.
HOLES = 1 / 64
COMPACT = 0
FILLED = 1
MARKED = 2


Mask = np.ndarray[Any, np.dtype[np.bool_]]


def layouts(shape: Shape, holes: Mask) -> tuple[int, ...]:
    """Layouts worth a trial: all where there are rows and holes are not few.

    Parameters
    ----------
    shape : tuple of int
        Of the array or of a sample of it.
    holes : numpy.ndarray of bool
        Which samples are holes, of the array or of any sample of it.
    """
    if sum(side > 1 for side in shape) < 2:
        return (COMPACT,)
    # Closed holes would shift channels.
    if np.count_nonzero(holes) < HOLES * holes.size or shape[-1] <= SHORT_AXIS:
        return (FILLED,)
    return (FILLED, COMPACT, MARKED)


def check_special(name: str, parameters: Parameters, fixed: int) -> tuple[int, tuple[int, ...]]:
    """Take (layout, special values) from what follows the first ``fixed`` parameters."""
    tail = parameters[fixed:]
    if not 1 <= len(tail) <= 1 + MAX_SPECIALS or tail[0] not in (COMPACT, FILLED, MARKED):
        raise CorruptError(f"{name}: impossible layout or number of special values")
    if not all(INT64[0] <= value <= INT64[1] for value in tail):
        raise CorruptError(f"{name}: a special value is no 64-bit integer")
    return tail[0], tail[1:]


@kernel("void(i8[::1], const(b1[::1]))")
def _fill(values: Plane, good: Mask) -> None:
    """Write the last good value over the others (the first good one before it)."""
    size = min(values.size, good.size)
    first = 0
    while first < size and not good[first]:
        first += 1
    last = values[first] if first < size else np.int64(0)
    for i in range(size):
        if good[i]:
            last = values[i]
        else:
            values[i] = last


def set_apart(
    mains: Sequence[Plane],
    good: Mask,
    exact: Plane,
    layout: int,
    specials: tuple[int, ...],
    next_stage: int,
) -> tuple[Child, ...]:
    """Make the children of a step.

    Parameters
    ----------
    mains : sequence of numpy.ndarray of int64
        The main plane and what belongs to it, of the shape of the array, anything where not good.
    good : numpy.ndarray of bool
        Which samples follow the rule.
    exact : numpy.ndarray of int64
        All samples as order-preserving integers.
    layout : int
    specials : tuple of int
        Special values, as in ``exact``.
    next_stage : int
        Of the steps that may follow on the main plane.

    Returns
    -------
    tuple of Child
        The children in the order above.
    """
    if layout == MARKED:
        return _set_apart_marked(mains, good, exact, specials, next_stage)
    if good.all():
        shape = good.shape if layout == FILLED else (good.size,)
        mask, listed = np.zeros(good.shape, np.int64), list[Plane]()
        planes = [main.reshape(shape) for main in mains]
    else:
        mask, listed = _codes(good, exact, specials)
        flat = good.reshape(-1)
        planes = [
            main.reshape(-1)[flat] if layout == COMPACT else _filled(main, good) for main in mains
        ]
    first = Child(mask, "mask", next_stage=STAGE_WHOLE)
    main = Child(planes[0], next_stage=next_stage)
    return (first, main, *_sides([*planes[1:], *listed], next_stage))


def _sides(planes: list[Plane], next_stage: int) -> list[Child]:
    return [Child(plane, "side", next_stage=next_stage) for plane in planes]


def _set_apart_marked(
    mains: Sequence[Plane],
    good: Mask,
    exact: Plane,
    specials: tuple[int, ...],
    next_stage: int,
) -> tuple[Child, ...]:
    mask, listed = _codes(good, exact, specials)
    some = mains[0][good]
    smallest = max(int(some.min()) - 1, INT64[0]) if some.size else 0
    main = np.array(np.where(good, mains[0], smallest), order="C")
    codes = mask[main == main.min(initial=INT64[1])]
    further = [_filled(plane, good) for plane in mains[1:]]
    return (
        Child(main, holes=True),
        Child(codes, "mask", next_stage=STAGE_WHOLE),
        *_sides([*further, *listed], next_stage),
    )


def _codes(good: Mask, exact: Plane, specials: tuple[int, ...]) -> tuple[Plane, list[Plane]]:
    """Give the mask, and the listed values if there are any."""
    bad = ~good.reshape(-1)
    values = exact.reshape(-1)[bad]
    codes = np.full(values.size, len(specials) + 1, np.int64)
    for j, special in enumerate(specials):
        codes[values == special] = j + 1
    mask = np.zeros(good.shape, np.int64)
    mask.reshape(-1)[bad] = codes
    listed = values[codes == len(specials) + 1]
    return mask, [listed] if listed.size else []


def _filled(main: Plane, good: Mask) -> Plane:
    filled = np.array(main, order="C")
    _fill(filled.reshape(-1), good.reshape(-1))
    return filled


def merge(
    name: str,
    read: Read,
    shape: Shape,
    dtype: np.dtype[Any],
    special: tuple[int, tuple[int, ...]],
    *,
    restore: Callable[[Plane, Mask], Array],
) -> Array:
    """Undo `set_apart`.

    Parameters
    ----------
    name : str
        Of the step, for messages.
    read, shape, dtype
        As in `compress.transforms.step.Step.inverse`.
    special : tuple
        From `check_special`.
    restore : callable
        Takes the main plane, which may be narrow, and which of its samples follow the rule, and
        gives values of ``dtype`` of the same shape, reading further planes if it has any.

    Raises
    ------
    CorruptError
        The mask holds a code that it cannot hold, or a listed value is outside the dtype.
    """
    layout, specials = special
    if layout == MARKED:
        marked = read(shape).astype(np.int64, copy=False)
        lowest = marked == marked.min(initial=INT64[1])
        mask = np.zeros(shape, np.int64)
        mask[lowest] = read((int(np.count_nonzero(lowest)),))
    else:
        mask = read(shape)
    if mask.size and (int(mask.min()) < 0 or int(mask.max()) > len(specials) + 1):
        raise CorruptError(f"{name}: the mask has a code outside 0 to {len(specials) + 1}")
    good = mask == 0
    count = int(np.count_nonzero(good))
    if layout == MARKED:
        # A good value instead of one below all, which may be none that can be restored.
        main = np.where(good, marked, marked[good].min() if count else 0)
    else:
        main = read((count,) if layout == COMPACT else shape)
    restored = restore(main, np.ones(count, np.bool_) if layout == COMPACT else good)
    if count == mask.size:
        return restored.reshape(shape)
    # Memory that is touched for the first time is dear: only the few others are put together.
    places = np.flatnonzero(~good)
    codes = mask.reshape(-1)[places]
    values = np.array((0, *specials, 0), np.int64)[codes]
    listed = codes == len(specials) + 1
    if listed.any():
        values[listed] = read((int(np.count_nonzero(listed)),))
    if layout == COMPACT:
        array: Array = np.empty(shape, dtype)
        if count:
            _spread(restored, good, array)
    else:
        array = np.require(restored, dtype, ("C", "W"))
    array.reshape(-1)[places] = from_plane(values, dtype)
    return array


def _spread(values: Array, good: Mask, out: Array) -> None:
    """Put values, one after another, where they belong."""
    bits = f"u{out.itemsize}"
    flat = np.ascontiguousarray(values, out.dtype).reshape(-1).view(bits)
    if not _put_apart(flat, good.reshape(-1), out.reshape(-1).view(bits)):
        raise AssertionError("as many values as good places were asked for")


@kernel(*(f"b1(const({t}[::1]), const(b1[::1]), {t}[::1])" for t in ("u1", "u2", "u4", "u8")))
def _put_apart(values: Array, good: Mask, out: Array) -> bool:
    """Write the next value at each good place, and anything elsewhere; there is one at least."""
    last = np.int64(values.size) - 1
    if out.size != good.size or last < 0:
        return False
    place = np.int64(0)
    for i in range(np.uint64(out.size)):
        # Without a branch: which samples are holes is as good as random.
        out[i] = values[np.uint64(min(place, last))]
        place += np.int64(good[i])
    whole: bool = place == last + 1
    return whole
