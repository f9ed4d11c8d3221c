"""What a step is: one reversible rewriting of an array as integer planes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from compress.errors import CorruptError

__all__ = [
    "INT64",
    "Array",
    "Parameters",
    "Plane",
    "Read",
    "Shape",
    "Step",
    "check_parameters",
    "check_plane",
    "is_plane",
]

Array = np.ndarray[Any, np.dtype[Any]]
Plane = np.ndarray[Any, np.dtype[np.int64]]
Shape = tuple[int, ...]
Parameters = tuple[int, ...]
Read = Callable[[Shape], Plane]
INT64 = (-(1 << 63), (1 << 63) - 1)


class Step(Protocol):
    """A module with these names is a step.

    The first step of a chain takes a native field (see `compress.transforms.fields`), later ones
    the int64 planes that steps before them made; an int64 field is a plane already. `accepts` says
    which.
    """

    @property
    def CODE(self) -> int:  # noqa: N802 - a constant of the module
        """Stable small integer: names the step in the stream."""
        ...

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of the module
        """What people read in a printed plan."""
        ...

    def accepts(self, dtype: np.dtype[Any]) -> bool:
        """Whether the step takes fields of this native scalar dtype (planes are int64)."""
        ...

    def propose(self, array: Array, level: int) -> Parameters | None:
        """Look at an array (a sample of it, where that is enough) and give parameters.

        Encoder only. ``None`` means: not for this array.
        """
        ...

    def forward(self, array: Array, parameters: Parameters) -> tuple[Plane, ...] | None:
        """Children planes, the main one first; ``None`` if any value would not come back."""
        ...

    def inverse(
        self, read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters
    ) -> Array:
        """Rebuild the array; ``read(shape)`` gives the children in the order of `forward`.

        Raises `CorruptError` on anything that `forward` cannot have written, and allocates no more
        than a few arrays of the declared shape.
        """
        ...


def is_plane(dtype: np.dtype[Any]) -> bool:
    """Whether fields of this dtype are planes."""
    return dtype == np.int64


def check_parameters(name: str, parameters: Parameters, *ranges: tuple[int, int]) -> None:
    """Raise `CorruptError` unless there is one parameter within each (lowest, highest)."""
    if len(parameters) != len(ranges):
        raise CorruptError(f"{name}: {len(parameters)} parameters, expected {len(ranges)}")
    for parameter, (low, high) in zip(parameters, ranges, strict=True):
        if not low <= parameter <= high:
            raise CorruptError(f"{name}: parameter {parameter} is outside {low} to {high}")


def check_plane(name: str, dtype: np.dtype[Any]) -> None:
    """Raise `CorruptError` unless the step is asked for a plane."""
    if not is_plane(dtype):
        raise CorruptError(f"{name}: makes planes of int64, not {dtype}")
