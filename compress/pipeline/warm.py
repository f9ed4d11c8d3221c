"""What a model knows of short messages: a sample of them, and what codes others after it.

The sample itself is kept, coded, and not what was learned from it: that follows from the sample, by
the code that also decodes, so it need not be rounded, checked or believed, and takes a fiftieth of
the bytes. It is learned when the model is first used for messages.
"""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.container import IntegerReader, write_signed, write_unsigned
from compress.errors import CorruptError
from compress.pipeline.budget import Budget
from compress.pipeline.tree import Leaf, read_node, write_node
from compress.prediction import causal, counts
from compress.prediction.causal import messages as by_causal
from compress.prediction.causal.recipes import RECIPES, recipes_of
from compress.prediction.common.scan import Scan
from compress.prediction.counts import messages as by_counts
from compress.prediction.model import Plane
from compress.prediction.registry import MODELS
from compress.transforms import ordered
from compress.transforms.fields import assemble, field_specs, take_apart

__all__ = [
    "MAX_MESSAGE",
    "MAX_SAMPLE",
    "Mapping",
    "Warm",
    "candidates",
    "flat_shape",
    "mapping_of",
    "read_warm",
    "to_planes",
    "write_warm",
]

Array = NDArray[Any]
Bytes = NDArray[np.uint8]
Lengths = NDArray[np.int64]

MAX_SAMPLE = 1 << 16
"""Samples that a model keeps: learning from them takes 30 ms at level 5, 0.4 s at level 8."""
MAX_MESSAGE = 1 << 13
"""Samples of a message: longer arrays are coded by plans as well as by what others taught."""
# With contexts, what was learned is copied for each message, which many samples must pay for.
_LEAST_WITH_CONTEXTS = 256
_MAX_RANGE = 1 << 48
# Floats are integers over one of these, if all of the sample are.
_FACTORS = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000, *(1 << k for k in range(1, 21)))
_MAX_AXES = 5
# Of the plane model that codes the sample: it is read whole whenever the model is.
_SAMPLE_LEVEL = 3
_ADAPTIVE_LEVEL, _STRONG_LEVEL = 5, 7


class Mapping(NamedTuple):
    """How the values of a field stand for the integers of its plane.

    Attributes
    ----------
    factor : int
        Floats are integers over it; 0 where integers stand in the order of the values.
    low : int
        What is 0 in the plane.
    largest : int
        Of the plane.
    nan : int
        Bits of the one NaN that may occur, which is 0 in the plane; -1 where there is none.
    """

    factor: int
    low: int
    largest: int
    nan: int


def flat_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give the shape of a message without axes of one sample."""
    return tuple(n for n in shape if n != 1) or (1,)


def mapping_of(field: Array) -> Mapping | None:
    """Find how a field may be mapped, with room for values that the sample lacks."""
    factor, nan = 0, -1
    plane = field
    if field.dtype.kind == "f":
        missing = np.isnan(field)
        if missing.any():
            bits = field[missing].view(f"u{field.dtype.itemsize}")
            nan = int(bits[0])
        plane = field[~missing]
        if plane.size == 0:
            return None
        factor = next((k for k in _FACTORS if _is_whole(plane, k)), 0)
    numbers = _to_integers(plane, factor)
    low, high = int(numbers.min()), int(numbers.max())
    room = (high - low) // 2 + 16
    least, most = low - room, high + room
    if field.dtype.kind in "iu" and field.dtype.itemsize < 8:
        info = np.iinfo(field.dtype)
        least, most = max(least, int(info.min)), min(most, int(info.max))
    if field.dtype.kind == "b":
        least, most = 0, 1
    least -= nan >= 0
    if most - least > _MAX_RANGE or abs(least) > 1 << 62 or abs(most) > 1 << 62:
        return None
    return Mapping(factor, least, most - least, nan)


def _to_integers(field: Array, factor: int) -> Plane:
    if factor == 0:
        return np.ascontiguousarray(
            field if field.dtype == np.int64 else ordered.to_plane(field), np.int64
        )
    with np.errstate(invalid="ignore", over="ignore"):
        return np.rint(field.astype(np.float64) * factor).astype(np.int64)


def _from_integers(numbers: Plane, dtype: np.dtype[Any], factor: int) -> Array:
    if factor:
        return np.asarray((numbers / np.float64(factor)).astype(dtype))
    return numbers if dtype == np.int64 else ordered.from_plane(numbers, dtype)


def _is_whole(field: Array, factor: int) -> bool:
    return bool(_same_bits(field, factor).all())


def _same_bits(field: Array, factor: int) -> NDArray[np.bool_]:
    """Say which floats are exactly what integers over a factor stand for."""
    kind = f"u{field.dtype.itemsize}"
    small = np.abs(field) < np.float64(1 << 52) / factor
    numbers = _to_integers(np.where(small, field, field.dtype.type(0)), factor)
    back = _from_integers(numbers, field.dtype, factor)
    same: NDArray[np.bool_] = small & (back.view(kind) == field.view(kind))
    return same


class Warm:
    """A sample of messages and what codes others after it.

    Parameters
    ----------
    dtype : numpy.dtype
        Of the arrays, with one scalar field.
    shape : tuple of int
        Of a message, without axes of one sample.
    mapping : Mapping
    code : int
        Of the plane model, `causal` or `counts`.
    parameters : tuple of int
        Its parameters: recipe and scan, or the recipe of contexts.
    planes : int64 array, shape (n, ...)
        The sample.

    Raises
    ------
    CorruptError
        If these do not fit each other.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        mapping: Mapping,
        code: int,
        parameters: tuple[int, ...],
        planes: Plane,
    ) -> None:
        self.dtype, self.shape, self.mapping = dtype, shape, mapping
        self.code, self.parameters, self.planes = code, parameters, planes
        self._check()

    def _check(self) -> None:
        _, low, largest, nan = self.mapping
        specs = field_specs(self.dtype, ())
        good = len(specs) == 1 and specs[0][1] == () and self.planes.shape[1:] == self.shape
        good = good and 0 < self.planes.size <= MAX_SAMPLE and len(self.shape) <= _MAX_AXES
        good = good and prod(self.shape) <= MAX_MESSAGE and 0 < largest <= _MAX_RANGE
        good = good and abs(low) <= 1 << 62 and -1 <= nan < 1 << 64
        good = good and self.planes.min() >= 0 and bool(self.planes.max() <= largest)
        if good and self.code == counts.CODE:
            (number,) = self.parameters if len(self.parameters) == 1 else (-1,)
            good = largest < by_counts.MAX_ALPHABET and by_counts.fits(number, self.shape)
        elif good and self.code == causal.CODE:
            recipe, scan = causal.parse(self.parameters, self.shape)
            few = prod(self.shape) < _LEAST_WITH_CONTEXTS
            good = not scan.holes and not (RECIPES[recipe].contexts and few)
        else:
            good = False
        if not good:
            raise CorruptError("what the model says of messages is impossible")

    @cached_property
    def learned(self) -> Any:
        """What messages start from."""
        if self.code == counts.CODE:
            return by_counts.learn(self.planes, self.parameters[0], self.mapping.largest + 1)
        recipe, scan = causal.parse(self.parameters, self.shape)
        return by_causal.learn(
            _scanned(self.planes, scan), scan, RECIPES[recipe], self.mapping.largest
        )

    @property
    def decode_ns(self) -> float:
        """Nanoseconds a sample, either way."""
        if self.code == counts.CODE:
            return counts.decode_ns((0, self.mapping.largest + 1, self.parameters[0]))
        return causal.decode_ns(self.parameters)

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether messages of a shape can be coded: of that of the sample, but for the length."""
        flat = flat_shape(shape)
        if not 0 < prod(shape) <= MAX_MESSAGE or len(flat) != len(self.shape):
            return False
        long = self.code == counts.CODE or self._scan.channel < 0 or (
            self._scan.axes[self._scan.channel] != 0
        )  # fmt: skip
        if self.code == causal.CODE and RECIPES[self.parameters[0]].contexts:
            long = long and prod(shape) >= _LEAST_WITH_CONTEXTS
        return flat == self.shape or (long and flat[1:] == self.shape[1:])

    @cached_property
    def _scan(self) -> Scan:
        return causal.parse(self.parameters, self.shape)[1]

    def encode(self, arrays: Array) -> tuple[Bytes, Lengths]:
        """Code messages that lie behind one another in an array.

        Parameters
        ----------
        arrays : array, shape (n, ...)
            Of a shape that `fits`.

        Returns
        -------
        data : ndarray of uint8
            Of all, one behind the other.
        lengths : ndarray of int64, shape (n,)
            Of each; -1 for those with values that the model has no place for.
        """
        planes = to_planes(arrays, self.mapping)
        if self.code == counts.CODE:
            return by_counts.encode(planes, self.learned)
        return by_causal.encode(_scanned(planes, self._scan), self.learned)

    def decode(self, data: Bytes, lengths: Lengths, shape: tuple[int, ...]) -> Array:
        """Return the messages that `encode` coded, shape (n, ...).

        Raises
        ------
        CorruptError
            If the bytes are damaged.
        """
        flat = flat_shape(shape)
        if self.code == counts.CODE:
            planes = by_counts.decode(data, lengths, flat, self.learned)
        else:
            scanned = tuple(flat[axis] for axis in self._scan.axes)
            found = by_causal.decode(data, lengths, scanned, self.learned)
            back = np.argsort(self._scan.axes)
            planes = np.ascontiguousarray(found.transpose(0, *(back + 1)))
        return self._arrays(planes.reshape(len(lengths), *shape))

    def _arrays(self, planes: Plane) -> Array:
        ((dtype, shape),) = field_specs(self.dtype, planes.shape)
        factor, low, _, nan = self.mapping
        missing = planes == 0 if nan >= 0 else np.zeros(0, np.bool_)
        field = _from_integers(planes + low, dtype, factor).reshape(shape)
        if nan >= 0:
            field = np.array(field)
            field[missing] = np.array([nan], f"u{dtype.itemsize}").view(dtype)[0]
        return assemble(iter([field]), self.dtype, shape)


def to_planes(arrays: Array, mapping: Mapping) -> Plane:
    """Map messages to planes without axes of one sample; -1 where a value has no place."""
    (field,) = take_apart(arrays)
    factor, low, _, nan = mapping
    good = np.ones(field.shape, np.bool_)
    missing = np.zeros(field.shape, np.bool_)
    if nan >= 0:
        missing = field.view(f"u{field.dtype.itemsize}") == nan
    if factor:
        good = _same_bits(np.where(missing, field.dtype.type(0), field), factor)
        field = np.where(good & ~missing, field, field.dtype.type(0))
    with np.errstate(over="ignore"):
        planes = _to_integers(field, factor) - low
    # What is beyond is beyond the largest value or below zero, and is not coded.
    planes[~good] = -1
    if nan >= 0:
        planes[planes == 0] = -1
        planes[missing] = 0
    return planes.reshape(len(arrays), *flat_shape(arrays.shape[1:]))


def _scanned(planes: Plane, scan: Scan) -> Plane:
    return np.ascontiguousarray(planes.transpose(0, *(axis + 1 for axis in scan.axes)))


def write_warm(warm: Warm) -> bytes:
    """Write what a model knows of messages; `read_warm` reads it."""
    (factor, low, largest, nan), shape = warm.mapping, warm.shape
    head = write_unsigned([len(shape), *shape, len(warm.planes), factor]) + write_signed([low])
    head += write_unsigned([largest, nan + 1, warm.code, len(warm.parameters)])
    return head + write_signed(warm.parameters) + _coded(warm.planes)


def _coded(planes: Plane) -> bytes:
    """Code the sample by the plane model that makes least of it, behind its parameters."""
    found = []
    for model in MODELS.values():
        parameters = model.propose(planes, _SAMPLE_LEVEL)
        if parameters is not None:
            leaf = Leaf(model.CODE, parameters)
            found.append(write_node(leaf) + model.encode(planes, parameters))
    return min(found, key=len)


def read_warm(reader: IntegerReader, dtype: np.dtype[Any]) -> Warm:
    """Read what `write_warm` wrote, to the end.

    Raises
    ------
    CorruptError
        If it is damaged.
    """
    shape = tuple(reader.unsigned(MAX_MESSAGE + 1) for _ in range(reader.unsigned(_MAX_AXES + 1)))
    count, factor = reader.unsigned(MAX_SAMPLE + 1), reader.unsigned(_FACTORS[-1] + 1)
    low = reader.signed()
    largest, nan, code = reader.unsigned(_MAX_RANGE + 1), reader.unsigned() - 1, reader.unsigned()
    parameters = reader.signed_tuple(reader.unsigned(reader.remaining + 1))
    whole = (count, *shape)
    if not 0 < prod(whole) <= MAX_SAMPLE or flat_shape(shape) != shape:
        raise CorruptError(f"a model keeps no sample of {whole}")
    leaf = read_node(reader)
    if not isinstance(leaf, Leaf) or leaf.model not in MODELS:
        raise CorruptError("the sample of a model is coded by no plane model")
    model, data = MODELS[leaf.model], reader.take(reader.remaining)
    demand = model.demand(data, whole, leaf.parameters)
    Budget(8 * prod(whole)).spend(demand.ns)
    planes = model.decode(data, whole, leaf.parameters).astype(np.int64)
    return Warm(dtype, shape, Mapping(factor, low, largest, nan), code, parameters, planes)


def candidates(planes: Plane, mapping: Mapping, level: int) -> list[tuple[int, tuple[int, ...]]]:
    """List what may code messages: plane models with parameters, the fast ones first."""
    shape, size = planes.shape[1:], prod(planes.shape[1:])
    strong = level >= _STRONG_LEVEL and size >= _LEAST_WITH_CONTEXTS
    found: list[tuple[int, tuple[int, ...]]] = []
    if mapping.largest < by_counts.MAX_ALPHABET:
        numbers = by_counts.recipes(shape, mapping.largest + 1, strong=strong)
        found += [(counts.CODE, (number,)) for number in numbers]
    # One behind the other they tell in which order to walk a message.
    joined = planes.reshape(-1, *shape[1:])
    parameters = causal.propose(joined, max(level, _ADAPTIVE_LEVEL))
    if parameters is None or joined.ndim != len(flat_shape(joined.shape)):
        return found
    _, scan = causal.parse(parameters, joined.shape)
    if scan.holes or (scan.channel >= 0 and scan.axes[scan.channel] == 0):
        return found
    level = max(level, _ADAPTIVE_LEVEL) if strong else min(max(level, _ADAPTIVE_LEVEL), 6)
    return found + [(causal.CODE, (recipe, *parameters[1:])) for recipe in recipes_of(level)]
