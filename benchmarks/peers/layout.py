"""In which arrangement does a compressor that knows fewer axes do best.

Image and grid coders take two or three axes in a certain order. Each peer is measured in its
own best arrangement, found by trying all of them: a row that a change of axes would improve says
little about the peer.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Layout:
    """Axes in another order, the leading ones merged until at most ``axes`` are left."""

    order: tuple[int, ...]
    axes: int

    def apply(self, array: Array) -> Array:
        """Return the array so arranged, contiguous."""
        moved = array.transpose(self.order)
        merged = (-1, *moved.shape[max(0, moved.ndim - self.axes + 1) :])
        return np.ascontiguousarray(moved.reshape(merged) if moved.ndim > self.axes else moved)

    def undo(self, arranged: Array, shape: tuple[int, ...]) -> Array:
        """Return the array of the original ``shape`` from `apply`'s result."""
        moved = arranged.reshape([shape[axis] for axis in self.order])
        return moved.transpose(np.argsort(self.order))


_known: dict[tuple[str, int, tuple[int, ...], str], Layout | None] = {}


def best(
    array: Array, axes: int, label: str, encode: Callable[[Array], bytes], least: int = 2
) -> Layout | None:
    """Return the layout whose encoding is shortest.

    Parameters
    ----------
    array : ndarray
    axes, least : int
        At most and at least so many axes are wanted.
    label : str
        Names ``encode``, so that several settings of one compressor share one search.
    encode : callable
        A cheap setting; an exception means that it does not take this arrangement.

    Returns
    -------
    Layout or None
        None when the array has too few axes or no arrangement is taken.
    """
    if array.ndim < least or array.ndim > 4 or not array.size:
        return None
    key = (label, zlib.crc32(array.tobytes()), array.shape, array.dtype.str)
    if key not in _known:
        sizes = {}
        for order in itertools.permutations(range(array.ndim)):
            layout = Layout(order, axes)
            try:
                sizes[layout] = len(encode(layout.apply(array)))
            except Exception:  # noqa: BLE001, S112 -- each package refuses with its own errors
                continue
        _known[key] = min(sizes, key=lambda layout: sizes[layout]) if sizes else None
    return _known[key]
