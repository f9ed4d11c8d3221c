"""Both sides of the line below the plan: fields to planes to bytes, and back.

What is written is the lengths of the coded planes but the last, then the coded planes, in the
order of the plans' leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.container import IntegerReader, write_unsigned
from compress.errors import CorruptError
from compress.pipeline.tree import Leaf, Node, leaves
from compress.prediction.model import Plane
from compress.prediction.registry import MODELS
from compress.transforms import STEPS

__all__ = ["Part", "decode_fields", "encode_planes", "forward", "read_lengths"]

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


def encode_planes(plans: Sequence[Node], parts: Sequence[Part]) -> bytes:
    """Code the planes of a chunk.

    Parameters
    ----------
    plans : sequence of Node
        One for each field.
    parts : sequence of (int64 array, bytes or None)
        The planes of all leaves, in order, and what each is coded to, where that is known.

    Returns
    -------
    bytes
    """
    all_leaves = [leaf for plan in plans for leaf in leaves(plan)]
    coded = [
        _encoded(leaf, plane) if known is None else known
        for leaf, (plane, known) in zip(all_leaves, parts, strict=True)
    ]
    return write_unsigned(map(len, coded[:-1])) + b"".join(coded)


def _encoded(leaf: Leaf, plane: Plane) -> bytes:
    return MODELS[leaf.model].encode(plane, leaf.parameters) if plane.size else b""


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
    reader: IntegerReader, specs: Sequence[FieldSpec], plans: Sequence[Node], lengths: Sequence[int]
) -> list[Array]:
    """Decode the fields of a chunk.

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

    Returns
    -------
    list of arrays
        One for each field.

    Raises
    ------
    CorruptError
        If the data are damaged.
    """
    coded = (reader.take(length) for length in lengths)
    fields = [
        _decode(plan, shape, dtype, coded, prod(shape))
        for plan, (dtype, shape) in zip(plans, specs, strict=True)
    ]
    reader.finish()
    return fields


def _decode(
    node: Node,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    coded: Iterator[memoryview],
    limit: int,
) -> Array:
    if isinstance(node, Leaf):
        return _decode_leaf(node, shape, coded)
    step = STEPS.get(node.step)
    if step is None:
        raise CorruptError(f"the plan names the transform {node.step}, which does not exist")
    children = iter(node.children)

    def read(child_shape: tuple[int, ...]) -> Plane:
        child = next(children, None)
        if child is None or any(n < 0 for n in child_shape) or prod(child_shape) > limit:
            raise CorruptError(f"{step.NAME} has no child plane of shape {child_shape}")
        return _decode(child, child_shape, np.dtype(np.int64), coded, limit)

    array = step.inverse(read, shape, dtype, node.parameters)
    if next(children, None) is not None:
        raise CorruptError(f"{step.NAME} has more child planes than it reads")
    if array.shape != shape or array.dtype != dtype:
        raise CorruptError(f"{step.NAME} gave {array.dtype}{array.shape}, not {dtype}{shape}")
    return array


def _decode_leaf(leaf: Leaf, shape: tuple[int, ...], coded: Iterator[memoryview]) -> Plane:
    model = MODELS.get(leaf.model)
    if model is None:
        raise CorruptError(f"the plan names the plane model {leaf.model}, which does not exist")
    data = next(coded)
    if prod(shape) == 0:
        if len(data):
            raise CorruptError("an empty plane has coded bytes")
        return np.zeros(shape, np.int64)
    return model.decode(data, shape, leaf.parameters)
