"""One chunk: an array that fits in memory several times over, to bytes and back.

Layout: in a stream that names a model, one integer first (0 for the model's plans, which are for
an array of as many axes as the sample, 1 for plans of the chunk's own, 2 for a message as
`compress.pipeline.warm` codes it, which is all that follows); then the plans, unless they are the
model's; then what `compress.pipeline.execute` writes. A chunk that no plan makes smaller is `_RAW`
in place of the plans, then the bits of every field as the plain model packs them, whose lengths
follow from the dtype.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.container import IntegerReader, write_unsigned
from compress.errors import CompressError, CorruptError
from compress.pipeline.budget import Budget, may_be_written
from compress.pipeline.execute import (
    FieldSpec,
    Part,
    check_plan,
    decode_fields,
    decoding_ns,
    encode_leaves,
    forward,
    read_lengths,
    write_planes,
)
from compress.pipeline.geometry import fold_axes, with_axes
from compress.pipeline.model import Model
from compress.pipeline.plan import Considered, plan_alike, plan_field
from compress.pipeline.tree import Branch, Leaf, Node, leaves, read_node, write_node
from compress.prediction import raw
from compress.transforms import ordered
from compress.transforms.dtypes import describe
from compress.transforms.fields import are_numbers, assemble, field_specs, take_apart
from compress.transforms.tolerance import Bound, Tolerance

__all__ = [
    "OWN",
    "Coded",
    "Guide",
    "check_dtype",
    "check_length",
    "code_chunk",
    "decode_chunk",
    "explain",
    "learn",
    "read_layout",
    "smaller",
]

Array = NDArray[Any]
# How far the bits a sample of chunks may be apart that are of one kind.
_ALIKE = 1 / 16
# A level whose models take a fifth of what decoders accept.
_QUICK = 6
# In place of a plan: a branch of the step 0, which does not exist.
_RAW = 1
PLANNED, OWN, WARM = 0, 1, 2
"""In a stream with a model: by its plans, by plans of its own, as a message."""
# Bytes of a chunk beside its bits: what tells how these are coded, and room for more.
_SPARE = 64
# Samples up to which it is worth a search to know whether a model saves bytes: plans are short, so
# that what it saves beyond is a hundredth or less, and time is what it is for.
_FEW = 1 << 12
# Levels at which it is size that counts, and never time.
_SMALLEST = 8


class Guide(NamedTuple):
    """What other chunks of an array may follow: the plan of each field, and its bits a sample."""

    plans: tuple[Node, ...]
    bits: tuple[float, ...]


class Coded(NamedTuple):
    """A chunk as it is coded by the plans of a model, and by plans of its own.

    None is what was not tried, or cannot be; the guide is for other chunks.
    """

    modelled: bytes | None
    own: bytes | None
    guide: Guide | None = None
    warm: bytes | None = None


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Raise `TypeError` for a dtype that cannot be coded, such as objects."""
    describe(dtype)


def code_chunk(
    array: Array,
    level: int,
    max_error: Bound | tuple[Bound, ...],
    model: Model | None,
    guide: Guide | None = None,
) -> Coded:
    """Code a chunk of an array.

    With a model, a chunk of many samples is coded at level 1 before anything is searched at its
    own level: only where that beats the model, the search is worth its time. Own plans may be those
    of the model, written out.

    Parameters
    ----------
    array : array
        Not empty, of any dtype that `check_dtype` accepts.
    level : int
    max_error : float, Tolerance or None, or a tuple of these
        For all numbers; or one for each field.
    model : Model or None
        Of the dtype of the array.
    guide : Guide, optional
        Of another chunk of the array, which is followed where it leads to about as many bits.

    Returns
    -------
    Coded
    """
    fields = _fields(array)
    bounds = _bounds(array.dtype, max_error)
    modelled = None if model is None else _coded_with(model, array)
    warm = None if model is None else _coded_warm(model, array)
    best = min((len(one) for one in (modelled, warm) if one is not None), default=None)
    if model is None or best is None:
        return Coded(None, *_coded_alone(fields, level, bounds, guide))
    few = sum(field.size for field in fields) <= _FEW
    searched = level if few or level >= _SMALLEST else 1
    own, found = _coded_alone(fields, searched, bounds, guide)
    if searched < level and len(own) < best:
        searched = level
        own, found = _coded_alone(fields, level, bounds, guide)
    # The plans of the model may be shorter than what a stream says of the model.
    if modelled is not None and with_axes(array.shape, model.axes) == array.shape:
        own = min(own, b"".join(map(write_node, model.plans)) + modelled, key=len)
    # What a lower level finds is no guide at this one.
    return Coded(modelled, own, found if searched == level else None, warm)


def smaller(coded: Coded) -> bytes:
    """Give a chunk of a stream with a model: the smallest, behind what tells which."""
    ways = (coded.modelled, coded.own, coded.warm)
    flagged = [write_unsigned([i]) + data for i, data in enumerate(ways) if data is not None]
    return min(flagged, key=len)


def _coded_alone(
    fields: list[Array], level: int, bounds: list[Bound], guide: Guide | None
) -> tuple[bytes, Guide]:
    """Code fields by plans of their own, which other chunks may follow."""
    found: list[_Coded] = []
    for i, (field, bound) in enumerate(zip(fields, bounds, strict=True)):
        alike = None if guide is None else _code_alike(field, level, bound, guide, i)
        found.append(alike or _code_field(field, level, bound))
    # Decoders refuse what takes longer than models of the level below: two dear planes of bytes.
    ns = sum(one.ns for one in found)
    if level > _QUICK and not may_be_written(ns, sum(field.nbytes for field in fields)):
        return _coded_alone(fields, _QUICK, bounds, None)
    written = b"".join(write_node(one.plan) for one in found)
    own = written + write_planes([plane for one in found for plane in one.planes])
    longer = len(own) > 1 + sum(_raw_bytes((field.dtype, field.shape)) for field in fields)
    if longer or not may_be_written(ns, sum(field.nbytes for field in fields)):
        bits = [_code_plan(_raw_plan(field.dtype), field).planes[0] for field in fields]
        own = write_unsigned([_RAW]) + b"".join(bits)
    pairs = zip(found, fields, strict=True)
    rates = tuple(8.0 * one.size / max(field.size, 1) for one, field in pairs)
    return own, Guide(tuple(one.plan for one in found), rates)


class _Coded(NamedTuple):
    """A field's plan, its coded planes, and the nanoseconds that decoders expect."""

    plan: Node
    planes: list[bytes]
    ns: float = 0.0

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(write_node(self.plan)) + sum(map(len, self.planes))


def _code_alike(
    field: Array, level: int, max_error: Bound, guide: Guide, place: int
) -> _Coded | None:
    """Code a field as that of another chunk was; None where that gives other sizes."""
    if field.size == 0:
        return None
    followed = plan_alike(field, level, max_error, guide.plans[place])
    found = None if followed is None else _checked(field, *followed)
    if found is None or abs(8.0 * found.size / field.size / guide.bits[place] - 1.0) > _ALIKE:
        return None
    return found


def _fields(array: Array) -> list[Array]:
    return [field.reshape(fold_axes(field.shape)) for field in take_apart(array)]


def _bounds(dtype: np.dtype[Any], max_error: Bound | tuple[Bound, ...]) -> list[Bound]:
    """Give the error that each field may have: none where integers stand for something else."""
    if isinstance(max_error, tuple) and not isinstance(max_error, Tolerance):
        return list(max_error)
    return [max_error if numbers else None for numbers in are_numbers(dtype)]


def _coded_with(model: Model, array: Array) -> bytes | None:
    """Code a chunk by the plans of a model; None where one of them does not fit."""
    coded: list[bytes] = []
    # An array unlike the one that the model was learned on may be beyond its steps and its tables.
    with suppress(ValueError, TypeError, ArithmeticError, LookupError, CompressError):
        fields = _fields(array.reshape(with_axes(array.shape, model.axes)))
        ns = 0.0
        for plan, field in zip(model.kept_plans, fields, strict=True):
            planes = forward(plan, field)
            if planes is None:
                return None
            check_plan(plan, (field.dtype, field.shape), planes)
            parts = encode_leaves(plan, [(plane, None) for plane in planes])
            ns += decoding_ns(plan, planes, parts, field.size)
            coded += parts
        return write_planes(coded) if may_be_written(ns, array.nbytes) else None
    return None


def _coded_warm(model: Model, array: Array) -> bytes | None:
    """Code a chunk as a message; None where it is none, or unlike those that the model knows."""
    warm = model.warm
    if warm is None or not warm.fits(array.shape):
        return None
    data, lengths = warm.encode(np.ascontiguousarray(array[np.newaxis]))
    return bytes(data) if lengths[0] >= 0 else None


def _code_field(field: Array, level: int, max_error: Bound) -> _Coded:
    """Give the plan of a field and its coded planes, not longer than the field itself."""
    found = _checked(field, *_search(field, level, max_error))
    if found is not None and found.size <= _raw_bytes((field.dtype, field.shape)):
        return found
    bits = _code_plan(_plain_plan(field), field)
    return bits if found is None else min(found, bits, key=lambda one: one.size)


def _checked(field: Array, plan: Node, parts: list[Part]) -> _Coded | None:
    """Code planes by a plan as a decoder reads it; None where it would refuse."""
    with suppress(ValueError, CompressError):
        reader = IntegerReader(write_node(plan))
        read = read_node(reader)
        reader.finish()
        planes = [plane for plane, _ in parts]
        check_plan(read, (field.dtype, field.shape), planes)
        coded = encode_leaves(read, parts)
        return _Coded(read, coded, decoding_ns(read, planes, coded, field.size))
    return None


def _code_plan(plan: Node, field: Array) -> _Coded:
    parts: list[Part] = [(plane, None) for plane in forward(plan, field) or ()]
    return _Coded(plan, encode_leaves(plan, parts))


def _plain_plan(field: Array) -> Node:
    """Give the plan of plain bits, as few as the range of a field needs."""
    if field.size == 0:
        return _raw_plan(field.dtype)
    plane = field if field.dtype == np.int64 else ordered.to_plane(field)
    return _plain(field.dtype, raw.propose(plane, 1))


def _raw_plan(dtype: np.dtype[Any]) -> Node:
    """Give the plan of all bits of a dtype."""
    bits = 1 if dtype.kind == "b" else 8 * dtype.itemsize
    # What is below 2^64 and has no sign begins at 0.
    return _plain(dtype, (bits, 0) if dtype.kind in "buSU" and bits < 64 else (bits,))


def _plain(dtype: np.dtype[Any], parameters: tuple[int, ...]) -> Node:
    leaf = Leaf(raw.CODE, parameters)
    return leaf if dtype == np.int64 else Branch(ordered.CODE, (), (leaf,))


def _raw_bytes(spec: FieldSpec) -> int:
    dtype, shape = spec
    (leaf,) = leaves(_raw_plan(dtype))
    return (prod(shape) * leaf.parameters[0] + 7) // 8


def decode_chunk(
    data: memoryview,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    model: Model | None,
    budget: Budget,
) -> Array:
    """Return the chunk that `code_chunk` coded.

    Raises
    ------
    CorruptError
        If the data are damaged.
    FormatError
        If a plan names a step or a plane model that this version does not have.
    LimitError
        If decoding takes more memory than the budget has.
    """
    check_length(data, shape, dtype)
    reader = IntegerReader(data)
    planned = shape
    plans = None
    way = OWN if model is None else reader.unsigned(3)
    if model is not None and way == WARM:
        return _decoded_warm(model, reader, shape, budget)
    if model is not None and way == PLANNED:
        planned, plans = with_axes(shape, model.axes), model.kept_plans
    folded = [(native, fold_axes(whole)) for native, whole in field_specs(dtype, planned)]
    if plans is None:
        plans, lengths = read_layout(reader, folded)
    else:
        lengths = read_lengths(reader, plans)
    specs = field_specs(dtype, shape)
    # Beside a field, what the fields before it are put into.
    held = prod(shape) * dtype.itemsize if specs != [(dtype, shape)] else 0
    fields = decode_fields(reader, folded, plans, lengths, budget, held)
    wholes = (whole for _, whole in specs)

    def unfolded(field: Array) -> Array:
        return field.reshape(next(wholes))

    # By no loop, which would hold a field while the next one is decoded.
    return assemble(map(unfolded, fields), dtype, shape)


def _decoded_warm(
    model: Model, reader: IntegerReader, shape: tuple[int, ...], budget: Budget
) -> Array:
    """Decode a chunk that is a message."""
    if model.warm is None or not model.warm.fits(shape):
        raise CorruptError(f"the model says nothing of messages of shape {shape}")
    budget.spend(model.warm.decode_ns * prod(shape))
    data = np.frombuffer(reader.take(reader.remaining), np.uint8)
    found: Array = model.warm.decode(data, np.array([len(data)], np.int64), shape)[0]
    return found


def check_length(data: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Check that a chunk is not longer than its bits, so that plans are short where it is small.

    Raises
    ------
    CorruptError
        If it is.
    """
    most = _SPARE + sum(map(_raw_bytes, field_specs(dtype, shape)))
    if len(data) > most:
        raise CorruptError(f"a chunk takes {len(data)} bytes, more than the {most} of its bits")


def read_layout(
    reader: IntegerReader, specs: Sequence[FieldSpec]
) -> tuple[tuple[Node, ...], list[int]]:
    """Read the plans of a chunk that has its own, and lengths.

    Parameters
    ----------
    reader : IntegerReader
    specs : sequence of (numpy.dtype, tuple of int)
        Of the fields.

    Returns
    -------
    plans : tuple of Node
    lengths : list of int
        Bytes of each coded plane.

    Raises
    ------
    CorruptError
        If the data are damaged.
    """
    if specs and _is_raw(reader):
        return tuple(_raw_plan(dtype) for dtype, _ in specs), list(map(_raw_bytes, specs))
    plans = tuple(read_node(reader) for _ in specs)
    return plans, read_lengths(reader, plans)


def _is_raw(reader: IntegerReader) -> bool:
    """Whether `_RAW` is next; it is read in that case only."""
    position = reader.position
    if reader.unsigned() == _RAW:
        return True
    reader.position = position
    return False


def explain(array: Array, level: int, max_error: Bound | tuple[Bound, ...]) -> list[Considered]:
    """List the candidates that the search judges for a chunk of an array, field by field."""
    considered: list[Considered] = []
    for field, bound in zip(_fields(array), _bounds(array.dtype, max_error), strict=True):
        if field.size:
            plan_field(field, level, bound, considered)
    return considered


def learn(array: Array, level: int) -> Model:
    """Learn a model from a sample that is not empty."""
    plans = tuple(_learned(field, level) for field in _fields(array))
    return Model(array.dtype, array.ndim, plans)


def _learned(field: Array, level: int) -> Node:
    """Find a plan that decoders read, whatever its length: a stream may name it."""
    found = _checked(field, *_search(field, level, None))
    return _plain_plan(field) if found is None else found.plan


def _search(field: Array, level: int, max_error: Bound) -> tuple[Node, list[Part]]:
    if field.size == 0:
        plan = _raw_plan(field.dtype)
        return plan, [(plane, None) for plane in forward(plan, field) or ()]
    return plan_field(field, level, max_error)
