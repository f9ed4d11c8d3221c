"""What a step is: one reversible rewriting of an array as integer planes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from compress.errors import CorruptError
from compress.sampling import SHORT_AXIS
from compress.transforms.tolerance import Bound

__all__ = [
    "END",
    "INT64",
    "LEAF",
    "NARROW",
    "SHORT_AXIS",
    "STAGE_AXES",
    "STAGE_CHANNELS",
    "STAGE_DIGITS",
    "STAGE_HOLES",
    "STAGE_MIX",
    "STAGE_NUMBERS",
    "STAGE_ORDER",
    "STAGE_WHOLE",
    "Array",
    "Child",
    "Context",
    "Found",
    "NarrowPlane",
    "Parameters",
    "Plane",
    "Read",
    "Shape",
    "Step",
    "Traits",
    "check_parameters",
    "check_plane",
    "found_on",
    "is_plane",
]

Array = np.ndarray[Any, np.dtype[Any]]
Plane = np.ndarray[Any, np.dtype[np.int64]]
# Of int16, int32 or int64, as its samples need: what a decoder makes.
NarrowPlane = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]
Shape = tuple[int, ...]
Parameters = tuple[int, ...]
Read = Callable[[Shape], Plane]
T = TypeVar("T")
INT64 = (-(1 << 63), (1 << 63) - 1)
# Types of narrow planes.
NARROW = (np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64))

# Stages in which steps follow one another; one that needs the whole plane comes last.
(
    STAGE_NUMBERS,  # native field to integers
    STAGE_HOLES,  # samples set apart
    STAGE_DIGITS,  # common factors, bit fields
    STAGE_ORDER,  # what the order of the samples says: counters, look-back
    STAGE_AXES,  # axes moved
    STAGE_MIX,  # channels decorrelated
    STAGE_CHANNELS,  # channels taken apart
    STAGE_WHOLE,  # what only the whole plane can show
    END,  # only steps follow that need the whole plane
    LEAF,  # no step follows
) = range(10)


class Traits(NamedTuple):
    """What the search must know of a step, so that it knows no step by name.

    Attributes
    ----------
    stage : int
        Steps follow one another in rising stages.
    whole_plane : bool
        Whether a sample of blocks cannot show what the step finds (repeats, rare exceptions).
    channels : str
        What the step does to channels: nothing, brings their axis to the front, subtracts them
        from one another, or takes them apart.
    estimable : bool
        Whether the estimate of order-0 bits judges the step's planes well; else they are judged by
        coding them.
    variant : tuple of int
        Places of those parameters in which the step's candidates for one array differ in kind,
        such as the layout of holes. A candidate found on a sample is looked for again on the whole
        array by these; the other parameters may differ.
    takes_narrow : bool
        Whether ``inverse`` takes children of int16 and int32 as well: it does no arithmetic on them
        before it widens them, and gives what it would give for the same samples in int64, or a
        narrower plane of that. Others are given int64.
    held_bytes : int
        Bytes a sample that ``inverse`` holds at one time, at most, beside what it reads.
    search_ns, encode_ns, decode_ns : float
        Nanoseconds a sample of ``candidates`` (of its sample), ``split`` and ``inverse``.
        ``python -m benchmarks costs`` measures them and prints them beside these. The first serves
        as a rank, by which fast levels pass over dear searches.
    """

    stage: int
    whole_plane: bool = False
    channels: Literal["none", "reorder", "mix", "split"] = "none"
    estimable: bool = True
    variant: tuple[int, ...] = ()
    takes_narrow: bool = False
    held_bytes: int = 24
    search_ns: float = 4.0
    encode_ns: float = 5.0
    decode_ns: float = 5.0


class Context(NamedTuple):
    """What a step is told beside the array.

    Attributes
    ----------
    max_error : float, Tolerance or None
        The error that every finite sample may have: the same for all, or one relative to each.
    shared : dict or None
        What steps looked for in the same array already; None where nothing is kept.
    most : int
        Samples that this level looks at where some tell of all.
    """

    max_error: Bound = None
    shared: dict[Callable[..., Any], Any] | None = None
    most: int = 1 << 14

    def once(self, look: Callable[..., T], flat: Plane, *more: Any) -> T:
        """Look for something in all samples of the array, behind one another, but once only."""
        if self.shared is None:
            return look(flat, *more)
        if look not in self.shared:
            self.shared[look] = look(flat, *more)
        found: T = self.shared[look]
        return found


class Found(tuple[int, ...]):
    """Parameters, with what was found on the way in the same array: `split` need not look again."""

    array: Array
    result: Any

    def __new__(cls, parameters: Parameters, array: Array, result: Any) -> Found:
        """Put the result beside the parameters."""
        self = super().__new__(cls, parameters)
        self.array, self.result = array, result
        return self


def found_on(parameters: Parameters, array: Array) -> Any:
    """Return what stands beside parameters that were found on this array, or None."""
    if isinstance(parameters, Found) and parameters.array is array:
        return parameters.result
    return None


class Child(NamedTuple):
    """A plane that a step makes.

    Attributes
    ----------
    plane : numpy.ndarray of int64
        C-contiguous.
    role : str
        ``main``; ``mask`` (small codes that say which samples are set apart); ``side`` (listed
        values, low bits, patterns); ``channel`` (one of several alike).
    holes : bool
        Whether the smallest samples stand for holes: for plane models that know them.
    next_stage : int
        First stage of the steps that may follow; `LEAF` where none may.
    """

    plane: Plane
    role: Literal["main", "mask", "side", "channel"] = "main"
    holes: bool = False
    next_stage: int = END


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

    @property
    def TRAITS(self) -> Traits:  # noqa: N802 - a constant of the module
        """What the search must know."""
        ...

    def accepts(self, dtype: np.dtype[Any]) -> bool:
        """Whether the step takes fields of this native scalar dtype (planes are int64)."""
        ...

    def candidates(self, array: Array, context: Context) -> Iterator[Parameters]:
        """Look at an array (a sample of it, where that is enough) and yield parameters.

        Encoder only. The likeliest first; nothing where the step is not for this array.
        """
        ...

    def split(self, array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
        """Children planes; ``None`` if any value would not come back."""
        ...

    def inverse(
        self, read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters
    ) -> Array:
        """Rebuild the array; ``read(shape)`` gives the children in the order of `split`.

        Raises `CorruptError` on anything that `split` cannot have written, and allocates no more
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
