"""Indexes as numpy takes them: what is decoded for them, and what is picked from that."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["split_key"]


def split_key(key: Any, shape: tuple[int, ...]) -> tuple[tuple[range, ...], tuple[Any, ...]]:
    """Return what is decoded along each axis, and the key into that which numpy applies.

    Parameters
    ----------
    key
        Integers, slices, ellipsis, `numpy.newaxis`, arrays of integers or booleans.
    shape : tuple of int

    Returns
    -------
    tuple of range
        Rising, one for each axis.
    tuple

    Raises
    ------
    IndexError
        As numpy does.
    """
    taken, rest = _split(_expanded(key, len(shape)), shape)
    # As numpy has it: with an ellipsis one element is an array, without it a scalar.
    return taken, (*rest, ...) if _has_ellipsis(key) else rest


def _expanded(key: Any, ndim: int) -> list[Any]:
    """Return one key for each axis, and `numpy.newaxis` between them."""
    keys = list(key) if isinstance(key, tuple) else [key]
    keys = [one if one is None or isinstance(one, slice) else _as_key(one) for one in keys]
    used = sum(
        one.ndim if isinstance(one, np.ndarray) and one.dtype == bool else 1
        for one in keys
        if one is not None and one is not Ellipsis
    )
    if used > ndim:
        raise IndexError(f"too many indices: the array has {ndim} axes, {used} were indexed")
    places = [i for i, one in enumerate(keys) if one is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    fill = [slice(None)] * (ndim - used)
    i = places[0] if places else len(keys)
    return keys[:i] + fill + keys[i + 1 :]


def _has_ellipsis(key: Any) -> bool:
    return any(one is Ellipsis for one in (key if isinstance(key, tuple) else (key,)))


def _as_key(one: Any) -> Any:
    if one is Ellipsis:
        return one
    if isinstance(one, bool | np.bool_):
        return np.asarray(one)
    try:
        return operator.index(one)
    except TypeError:
        array = np.asarray(one)
    if array.size == 0 and array.dtype.kind == "f":
        return array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise IndexError(
            "only integers, slices, ellipsis, numpy.newaxis and arrays of integers or booleans "
            f"are valid indices, not {one!r:.60}"
        )
    return array


def _split(keys: list[Any], shape: tuple[int, ...]) -> tuple[tuple[range, ...], tuple[Any, ...]]:
    """Return what is decoded along each axis, and the key into that which numpy applies."""
    taken: list[range] = []
    rest: list[Any] = []
    for one in keys:
        if one is None:
            rest.append(None)
        elif isinstance(one, slice):
            along = range(*one.indices(shape[len(taken)]))
            rest.append(slice(None, None, -1 if along.step < 0 else 1))
            taken.append(along[::-1] if along.step < 0 else along)
        elif isinstance(one, int):
            size = shape[len(taken)]
            if not -size <= one < size:
                raise IndexError(
                    f"index {one} is out of bounds for axis {len(taken)} with size {size}"
                )
            rest.append(0)
            taken.append(range(one % size, one % size + 1))
        elif one.dtype == bool:
            for size, along in zip(shape[len(taken) :], one.shape, strict=False):
                if size != along:
                    raise IndexError(f"a mask of shape {one.shape} for an axis of {size}")
            wanted = [np.flatnonzero(one.any(_others(one.ndim, i))) for i in range(one.ndim)]
            boxes = [_around(places) for places in wanted]
            taken += boxes
            rest.append(one[tuple(slice(box.start, box.stop) for box in boxes)])
        else:
            size = shape[len(taken)]
            if one.size and not (-size <= one.min() and one.max() < size):
                raise IndexError(f"an index is out of bounds for axis {len(taken)} of size {size}")
            places = np.where(one < 0, one.astype(np.int64) + size, one.astype(np.int64))
            box = _around(places)
            taken.append(box)
            rest.append(places - box.start)
    return tuple(taken), tuple(rest)


def _others(ndim: int, axis: int) -> tuple[int, ...]:
    return tuple(i for i in range(ndim) if i != axis)


def _around(places: NDArray[np.int64]) -> range:
    return range(int(places.min()), int(places.max()) + 1) if places.size else range(0)
