"""Both sides of the line below the plan: fields to planes to bytes, and back.

What is written is the lengths of the coded planes but the last, then the coded planes, in the
order of the plans' leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.container import IntegerReader, write_unsigned
from compress.errors import CorruptError
from compress.pipeline.budget import Budget, step_demand
from compress.pipeline.tree import Branch, Leaf, Node, leaves, unknown_code
from compress.prediction.model import NarrowPlane, Plane
from compress.prediction.registry import MODELS
from compress.transforms import STEPS, Step
from compress.work import check

__all__ = [
    "FieldSpec",
    "Part",
    "check_plan",
    "decode_fields",
    "decoding_ns",
    "encode_leaves",
    "forward",
    "read_lengths",
    "write_planes",
]

Array = NDArray[Any]
# A plane, and what its leaf codes it to where that is known.
Part = tuple[Plane, bytes | None]
FieldSpec = tuple[np.dtype[Any], tuple[int, ...]]


def forward(node: Node, array: Array) -> list[Plane] | None:
    """Run the transforms of a plan on an array.

    Returns
    -------
    list of int64 arrays or None
        The planes of the plan's leaves in order; None when a step refuses the array.
    """
    if isinstance(node, Leaf):
        return [np.ascontiguousarray(array, np.int64)]
    children = STEPS[node.step].split(array, node.parameters)
    if children is None or len(children) != len(node.children):
        return None
    planes: list[Plane] = []
    for node_below, child in zip(node.children, children, strict=True):
        below = forward(node_below, child.plane)
        if below is None:
            return None
        planes += below
    return planes


def encode_leaves(plan: Node, parts: Sequence[Part]) -> list[bytes]:
    """Code the planes of a field.

    Parameters
    ----------
    plan : Node
    parts : sequence of (int64 array, bytes or None)
        The planes of the leaves, in order, and what each is coded to, where that is known.

    Returns
    -------
    list of bytes
    """
    return [
        _encoded(leaf, plane) if known is None else known
        for leaf, (plane, known) in zip(leaves(plan), parts, strict=True)
    ]


def write_planes(coded: Sequence[bytes]) -> bytes:
    """Put the coded planes of a chunk behind their lengths; `read_lengths` reads these."""
    return write_unsigned(map(len, coded[:-1])) + b"".join(coded)


def _encoded(leaf: Leaf, plane: Plane) -> bytes:
    check()
    return MODELS[leaf.model].encode(plane, leaf.parameters) if plane.size else b""


def decoding_ns(plan: Node, planes: Sequence[Plane], coded: Sequence[bytes], samples: int) -> float:
    """Say how many nanoseconds decoders expect a field of so many samples to take, or fewer.

    Parameters
    ----------
    plan : Node
    planes : sequence of int64 arrays
        Of the leaves, in order.
    coded : sequence of bytes
        What each is coded to.
    samples : int
        Of the field.

    Returns
    -------
    float
    """
    waiting, steps = [plan], 0.0
    while waiting:
        node = waiting.pop()
        if isinstance(node, Branch):
            steps += step_demand(node, samples).ns
            waiting += node.children
    return steps + sum(
        MODELS[leaf.model].demand(memoryview(data), plane.shape, leaf.parameters).ns
        for leaf, plane, data in zip(leaves(plan), planes, coded, strict=True)
        if plane.size
    )


class _AllShapesKnownError(Exception):
    """Ends an inverse that no more is to be learned from."""


def check_plan(plan: Node, spec: FieldSpec, planes: Sequence[Plane]) -> None:
    """Let every step check its parameters as a decoder does, for the encoder.

    Each inverse runs until it has asked for its last child that is a step too: all parameters are
    checked by then, and no sample is restored but those that give the shape of a child behind
    them. Plane models check their parameters when they encode.

    Parameters
    ----------
    plan : Node
    spec : (numpy.dtype, tuple of int)
        Of the field.
    planes : sequence of int64 arrays
        The planes of the plan's leaves, in order.

    Raises
    ------
    CorruptError
        If a decoder would refuse the plan.
    """
    dtype, shape = spec
    _rebuild(plan, shape, dtype, iter(planes), whole=False)


def _rebuild(
    node: Node,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    planes: Iterator[Plane],
    *,
    whole: bool,
) -> Array:
    """Undo a plan on the planes of its leaves; give any array at all where not `whole`."""
    if isinstance(node, Leaf):
        plane = next(planes)
        if plane.shape != shape or dtype != np.int64:
            raise CorruptError(f"the plan makes a plane of {plane.shape} for one of {shape}")
        return plane
    step = STEPS[node.step]
    children = [(child, [next(planes) for _ in leaves(child)]) for child in node.children]
    position = 0

    def read(child_shape: tuple[int, ...]) -> Plane:
        nonlocal position
        if position == len(children):
            raise CorruptError(f"{step.NAME} reads more child planes than the plan has")
        child, below = children[position]
        position += 1
        last = not whole and all(isinstance(other, Leaf) for other, _ in children[position:])
        plane = _rebuild(child, child_shape, np.dtype(np.int64), iter(below), whole=not last)
        if last:
            raise _AllShapesKnownError
        return _as_taken(step, plane)

    with suppress(_AllShapesKnownError):
        array = step.inverse(read, shape, dtype, node.parameters)
        if position < len(children):
            raise CorruptError(f"{step.NAME} reads fewer child planes than the plan has")
        return array
    return np.empty(0, dtype)


def read_lengths(reader: IntegerReader, plans: Sequence[Node]) -> list[int]:
    """Read the lengths of the coded planes, the last of which is what is left.

    Raises
    ------
    CorruptError
        If they do not fit the chunk's length.
    """
    n_leaves = sum(1 for plan in plans for _ in leaves(plan))
    if n_leaves == 0:
        return []
    lengths = [reader.unsigned(reader.remaining + 1) for _ in range(n_leaves - 1)]
    last = reader.remaining - sum(lengths)
    if last < 0:
        raise CorruptError("the coded planes of a chunk are longer than the chunk")
    return [*lengths, last]


def decode_fields(
    reader: IntegerReader,
    specs: Sequence[FieldSpec],
    plans: Sequence[Node],
    lengths: Sequence[int],
    budget: Budget,
    held: int = 0,
) -> Iterator[Array]:
    """Decode the fields of a chunk, one after another.

    Parameters
    ----------
    reader : IntegerReader
        Stands at the first coded plane.
    specs : sequence of (numpy.dtype, tuple of int)
        Native scalar dtype and shape of each field.
    plans : sequence of Node
        One for each field.
    lengths : sequence of int
        Length in bytes of each coded plane.
    budget : Budget
        What the stream may take.
    held : int, optional
        Bytes of the chunk that are held meanwhile.

    Yields
    ------
    array
        A field, which is not held here once the next one is asked for.

    Raises
    ------
    CorruptError
        If the data are damaged.
    FormatError
        If a plan names a step or a plane model that this version does not have.
    LimitError
        If decoding takes more memory than the budget has.
    """
    coded = (reader.take(length) for length in lengths)
    for plan, (dtype, shape) in zip(plans, specs, strict=True):
        decoder = _Decoder(coded, prod(shape), budget)
        yield decoder.node(plan, shape, dtype, held).astype(dtype, copy=False)
    reader.finish()


class _Decoder(NamedTuple):
    """Decodes one field.

    Attributes
    ----------
    coded : iterator of memoryview
        The coded planes.
    limit : int
        Samples that a plane may have: those of the field.
    budget : Budget
    """

    coded: Iterator[memoryview]
    limit: int
    budget: Budget

    def node(self, node: Node, shape: tuple[int, ...], dtype: np.dtype[Any], held: int) -> Array:
        """Decode what a node stands for, beside so many bytes that are held already."""
        check()
        if isinstance(node, Leaf):
            if dtype != np.int64:
                raise CorruptError(f"the plan gives a plane of int64 for a field of {dtype}")
            return self.leaf(node, shape, held)
        demand = step_demand(node, prod(shape))
        self.budget.spend(demand.ns)
        self.budget.hold(held + demand.n_bytes)
        step = STEPS[node.step]
        children = iter(node.children)

        def read(child_shape: tuple[int, ...]) -> NarrowPlane:
            nonlocal held
            child = next(children, None)
            if child is None or any(n < 0 for n in child_shape) or prod(child_shape) > self.limit:
                raise CorruptError(f"{step.NAME} has no child plane of shape {child_shape}")
            plane = self.node(child, child_shape, np.dtype(np.int64), held)
            # Children wait for one another, often as int64.
            held += 8 * plane.size
            return _as_taken(step, plane)

        array = step.inverse(read, shape, dtype, node.parameters)
        if next(children, None) is not None:
            raise CorruptError(f"{step.NAME} has more child planes than it reads")
        if array.shape != shape or not _is_of(array.dtype, dtype):
            raise CorruptError(f"{step.NAME} gave {array.dtype}{array.shape}, not {dtype}{shape}")
        return array

    def leaf(self, leaf: Leaf, shape: tuple[int, ...], held: int) -> NarrowPlane:
        """Decode a plane."""
        model = MODELS.get(leaf.model)
        if model is None:
            raise unknown_code("plane model", leaf.model)
        data = next(self.coded)
        if prod(shape) == 0:
            if len(data):
                raise CorruptError("an empty plane has coded bytes")
            return np.zeros(shape, np.int64)
        demand = model.demand(data, shape, leaf.parameters)
        self.budget.spend(demand.ns)
        self.budget.hold(held + demand.n_bytes)
        return model.decode(data, shape, leaf.parameters)


def _as_taken(step: Step, plane: NarrowPlane) -> NarrowPlane:
    """Return a plane as the inverse of a step takes it."""
    return plane if step.TRAITS.takes_narrow else plane.astype(np.int64, copy=False)


def _is_of(given: np.dtype[Any], dtype: np.dtype[Any]) -> bool:
    """Whether an array is of a dtype, or a narrower plane of int64 samples."""
    return given == dtype or (dtype == np.int64 and given in (np.int16, np.int32))
