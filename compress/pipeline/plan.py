"""The encoder's search: which transforms and which plane model for a field.

The search runs over chains of steps on a sample of the field, by estimated code length. What it
finds is then carried out on the whole field: each step proposes its parameters again, its
`forward` verifies every value, and where either declines the search goes on from there without
that step. So a plan is returned only with the planes that its transforms really made. Steps that
a sample cannot judge (dictionaries, periods, rare exceptions) are tried on the whole planes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.estimate import LEAF_BITS, plane_bits, sample_of
from compress.pipeline.models import MODELS
from compress.pipeline.tree import Branch, Leaf, Node
from compress.prediction.model import Plane
from compress.transforms import STEPS, Step, quantised

__all__ = ["plan_field"]

Array = NDArray[Any]
_MOST_DEPTH = 5
# Judged by what they do to the whole plane, in this order.
_WHOLE = ("constant", "sparse", "folded", "dictionary")
_BY_NAME = {step.NAME: step for step in STEPS.values()}
_LOCAL = tuple(step for name, step in _BY_NAME.items() if name not in (*_WHOLE, quantised.NAME))


@dataclass(frozen=True)
class _Sketch:
    """What the search on the sample found: a step and what follows on its children.

    No step: a leaf.
    """

    bits: float
    step: Step | None = None
    children: tuple[_Sketch, ...] = field(default=())


def plan_field(field: Array, level: int, max_error: float | None) -> tuple[Node, list[Plane]]:
    """Find a plan for a field.

    Parameters
    ----------
    field : array
        Native scalar dtype, any shape, not empty.
    level : int
    max_error : float or None

    Returns
    -------
    node : Node
    planes : list of int64 arrays
        The planes of its leaves, in order.
    """
    exact = _search(sample_of(field), field.size, level, _MOST_DEPTH, frozenset())
    if max_error is not None and field.dtype.kind in "fiu":
        parameters = quantised.propose_bound(field, max_error)
        children = None if parameters is None else quantised.forward(field, parameters)
        if parameters is not None and children is not None:
            sketches = [
                _search(sample_of(child), child.size, level, _MOST_DEPTH - 1, frozenset())
                for child in children
            ]
            if sum(sketch.bits for sketch in sketches) < exact.bits:
                return _branch(quantised.CODE, parameters, children, sketches, level)
    return _carry_out(exact, field, level, frozenset())


def _search(sample: Array, total: int, level: int, depth: int, without: frozenset[str]) -> _Sketch:
    """Find the cheapest chain of steps for an array, by a sample of it."""
    is_plane = sample.dtype == np.int64
    best = _Sketch(plane_bits(sample, total) if is_plane else np.inf)
    if sample.size == 0 or depth == 0 or best.bits <= 2 * LEAF_BITS:
        return best
    for step in _LOCAL:
        if step.NAME in without or not step.accepts(sample.dtype):
            continue
        parameters = step.propose(sample, level)
        children = None if parameters is None else step.forward(sample, parameters)
        if children is None:
            continue
        # A step does not follow itself.
        below = (without & {"transposed"}) | {step.NAME}
        sketches = []
        bits = 0.0
        for child in children:
            scaled = round(child.size / sample.size * total)
            sketches.append(_search(child, scaled, level, depth - 1, below))
            bits += sketches[-1].bits
            if bits >= best.bits:
                break
        if bits < best.bits:
            best = _Sketch(bits, step, tuple(sketches))
    return best


def _carry_out(
    sketch: _Sketch, array: Array, level: int, without: frozenset[str]
) -> tuple[Node, list[Plane]]:
    """Make a plan of a sketch, and the planes of its leaves."""
    step = sketch.step
    if step is None:
        return _whole(array, level)
    parameters = step.propose(array, level)
    children = None if parameters is None else step.forward(array, parameters)
    if parameters is None or children is None:
        without = without | {step.NAME}
        again = _search(sample_of(array), array.size, level, _MOST_DEPTH, without)
        return _carry_out(again, array, level, without)
    return _branch(step.CODE, parameters, children, sketch.children, level)


def _branch(
    code: int, parameters: tuple[int, ...], children: Any, sketches: Any, level: int
) -> tuple[Node, list[Plane]]:
    nodes: list[Node] = []
    planes: list[Plane] = []
    for i, child in enumerate(children):
        # The whole may have children that the sample had not, such as listed values.
        sketch = sketches[i] if i < len(sketches) else _Sketch(0.0)
        node, below = _carry_out(sketch, child, level, frozenset())
        nodes.append(node)
        planes += below
    return Branch(code, parameters, tuple(nodes)), planes


def _whole(plane: Plane, level: int) -> tuple[Node, list[Plane]]:
    """End a chain: with a step that only the whole plane can judge, or a plane model."""
    if plane.size:
        best_bits = plane_bits(plane)
        best = None
        for name in _WHOLE:
            step = _BY_NAME[name]
            parameters = step.propose(plane, level)
            children = None if parameters is None else step.forward(plane, parameters)
            if parameters is None or children is None:
                continue
            bits = sum(plane_bits(child) for child in children)
            if bits < best_bits:
                best_bits, best = bits, (step.CODE, parameters, children)
                if not children:
                    break
        if best is not None:
            code, parameters, children = best
            sketches = [_search(sample_of(c), c.size, level, 3, frozenset()) for c in children]
            return _branch(code, parameters, children, sketches, level)
    return _leaf(plane, level), [plane]


def _leaf(plane: Plane, level: int) -> Leaf:
    best: Leaf | None = None
    best_size = np.inf
    for model in MODELS.values():
        parameters = model.propose(plane, level) if plane.size else ()
        if parameters is None:
            continue
        size = len(model.encode(plane, parameters)) + len(parameters) if plane.size else 0
        if size < best_size:
            best, best_size = Leaf(model.CODE, parameters), size
    assert best is not None  # noqa: S101 - the static model takes every plane
    return best
