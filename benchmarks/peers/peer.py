"""What a compressor is to this harness: something that may take an array and makes a job of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Job:
    """One array made ready for one compressor.

    Only ``encode(source)`` and ``decode(data)`` are timed. What a user of that compressor would
    do once to fit the data to it (choosing an orientation, an offset to unsigned) lies outside,
    in the peer's favour; so are dtype and shape, which the bytes of most peers do not carry.

    ``carry_out(source)`` does what `encode` does where the search has nothing left to find, for
    compressors that search (see `benchmarks.planning`).
    """

    source: Any
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    restore: Callable[[Any], Array]
    carry_out: Callable[[Any], object] | None = None


@dataclass(frozen=True)
class Peer:
    """One setting of one compressor.

    Parameters
    ----------
    name, family : str
        ``"xz 9e"`` and ``"xz"``: the row, and the colour in pictures.
    modules : tuple of str
        What has to be installed.
    prepare : callable
        ``prepare(array, bound)`` gives a `Job`, or None when the compressor does not take such
        arrays. ``bound`` is None for lossless peers and the absolute error bound for the others.
    bounded : bool
        Lossy: measured once per bound of an array.
    usual, quick : bool
        Part of a run that names no compressors; part of ``--quick``.
    fragile : bool
        May crash the process: tried in a forked child first.
    """

    name: str
    family: str
    modules: tuple[str, ...]
    prepare: Callable[[Array, float | None], Job | None]
    bounded: bool = False
    usual: bool = True
    quick: bool = False
    fragile: bool = False

    def missing(self) -> str | None:
        """Say which package is not installed, or None."""
        for module in self.modules:
            if importlib.util.find_spec(module) is None:
                return f"package {module} is not installed"
        return None


def plain(array: Array) -> Array:
    """Return booleans and datetimes as the integers of the same width, other arrays as they are."""
    if array.dtype.kind in "mM":
        return array.view("int64")
    return array.view("uint8") if array.dtype.kind == "b" else array
