"""Plans: trees of steps and plane models, read and followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tests.reference_decoder.planes import MODELS, decode_plane
from tests.reference_decoder.reader import Reader
from tests.reference_decoder.samples import Array, Plane, Shape, need
from tests.reference_decoder.steps import STEPS

__all__ = ["Branch", "Leaf", "Node", "decode_field", "leaves", "read_plan"]

_INT64 = np.dtype(np.int64)
_MOST_NODES, _MOST_ANCESTORS = 512, 24


@dataclass(frozen=True)
class Leaf:
    """A plane model and its parameters."""

    model: int
    parameters: tuple[int, ...]


@dataclass(frozen=True)
class Branch:
    """A step, its parameters and its children."""

    step: int
    parameters: tuple[int, ...]
    children: tuple[Node, ...]


Node = Leaf | Branch


def read_plan(reader: Reader) -> Node:
    """Read a plan, written in preorder."""
    return _read_node(reader, 0, [0])


def _read_node(reader: Reader, ancestors: int, nodes: list[int]) -> Node:
    nodes[0] += 1
    need(nodes[0] <= _MOST_NODES and ancestors <= _MOST_ANCESTORS, "a plan that is too large")
    kind = reader.unsigned()
    need(kind < 1 << 16, "a kind of a node")
    count = reader.unsigned()
    need(count <= reader.remaining, "more parameters than bytes")
    parameters = tuple(reader.signed() for _ in range(count))
    if kind % 2 == 0:
        return Leaf(kind // 2, parameters)
    count = reader.unsigned()
    need(count <= reader.remaining, "more children than bytes")
    children = tuple(_read_node(reader, ancestors + 1, nodes) for _ in range(count))
    return Branch(kind // 2, parameters, children)


def leaves(node: Node) -> int:
    """Count the leaves of a plan."""
    return 1 if isinstance(node, Leaf) else sum(map(leaves, node.children))


def decode_field(
    plan: Node, dtype: np.dtype[Any], shape: Shape, payloads: Iterator[bytes]
) -> Array:
    """Follow a plan: the array of that dtype and shape."""
    return _decode(plan, dtype, shape, payloads, prod(shape))


def _decode(
    node: Node, dtype: np.dtype[Any], shape: Shape, payloads: Iterator[bytes], most: int
) -> Array:
    if isinstance(node, Leaf):
        need(dtype == _INT64, "a plane model for another array than a plane")
        need(node.model in MODELS, f"no plane model {node.model}")
        payload = next(payloads)
        if prod(shape) == 0:
            need(not payload, "a payload of no samples")
            return np.zeros(shape, np.int64)
        return decode_plane(node.model, node.parameters, payload, shape)
    need(node.step in STEPS, f"no step {node.step}")
    children = iter(node.children)

    def read(wanted: Shape) -> Plane:
        child = next(children, None)
        if child is None or min(wanted, default=0) < 0 or prod(wanted) > most:
            need(False, "a child that is not there, or too large")
            raise AssertionError
        return _decode(child, _INT64, tuple(map(int, wanted)), payloads, most)

    with np.errstate(all="ignore"):
        out = STEPS[node.step](read, shape, dtype, node.parameters)
    need(next(children, None) is None, "a child that nobody asks for")
    return out
