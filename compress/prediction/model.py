"""The interface of a plane model: everything between a plane of integers and its bytes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compress.prediction.demand import Demand

__all__ = ["MOST", "NARROW", "NarrowPlane", "Parameters", "Plane", "PlaneModel"]

# Samples of a plane that an estimate looks at where nothing else is said.
MOST = 1 << 14

Plane = NDArray[np.int64]
# Of int16, int32 or int64, as its samples need.
NarrowPlane = NDArray[np.signedinteger]
NARROW: tuple[np.dtype[Any], ...] = (np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64))
Parameters = tuple[int, ...]


class PlaneModel(Protocol):
    """A way to code a plane: prediction, tables and coder composed. Usually a module.

    Attributes
    ----------
    CODE : int
        Stable number of the model in the stream.
    NAME : str
        Name that `compress.inspect` shows.
    KNOWS_HOLES : bool
        Whether it takes planes whose smallest samples stand for holes.
    FITS_ON_A_PART : bool
        Whether it looks at a part of a plane only when it learns its parameters.
    """

    CODE: int
    NAME: str
    KNOWS_HOLES: bool
    FITS_ON_A_PART: bool

    def bound(self, plane: Plane, total: int, most: int = MOST) -> float:
        """Estimate the bits that ``total`` samples take at least; 0 where that is unknown.

        Looks at ``most`` samples of the plane, about, where some tell of all.
        """

    def decode_ns(self, parameters: Parameters) -> float:
        """Nanoseconds a sample that decoding takes."""

    def encode_ns(self, parameters: Parameters) -> float:
        """Nanoseconds a sample that encoding takes."""

    def demand(self, data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
        """Say what decoding takes at most, from a look at the head of the data only.

        It may raise `compress.errors.CorruptError` for what `decode` refuses, and must be cheap.
        """

    def propose(self, plane: Plane, level: int, holes: bool = False) -> Parameters | None:
        """Learn the parameters for a plane (encoder only); None where the model does not fit."""

    def encode(self, plane: Plane, parameters: Parameters) -> bytes:
        """Code a C-contiguous int64 plane of any shape with at least one sample.

        Raises `ValueError` if parameters that were learned on another plane cannot express it.
        """

    def decode(
        self, data: memoryview, shape: tuple[int, ...], parameters: Parameters
    ) -> NarrowPlane:
        """Return the plane of that shape, or raise `compress.errors.CorruptError`."""
