"""The encoder's search: which transforms and which plane model for a field.

The search is greedy over steps by an estimate on a sample, then exact over plane models: a plan
is returned only with the planes that its transforms really made, so it holds on every value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.estimate import plane_bits
from compress.pipeline.models import MODELS
from compress.pipeline.tree import Branch, Leaf, Node
from compress.prediction.model import Plane
from compress.transforms import STEPS

__all__ = ["plan_field"]

Array = NDArray[Any]
_MOST_DEPTH = 6


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
    del max_error  # exact coding keeps every bound; quantisation is to come
    return _search(field, level, _MOST_DEPTH)


def _search(array: Array, level: int, depth: int) -> tuple[Node, list[Plane]]:
    best: tuple[int, tuple[int, ...], tuple[Plane, ...]] | None = None
    is_plane = array.dtype == np.int64
    best_bits = plane_bits(array) if is_plane else np.inf
    for step in STEPS.values():
        if depth == 0 or not step.accepts(array.dtype) or array.size == 0:
            continue
        parameters = step.propose(array, level)
        if parameters is None:
            continue
        children = step.forward(array, parameters)
        if children is None:
            continue
        bits = sum(plane_bits(child) for child in children)
        if bits < best_bits:
            best_bits, best = bits, (step.CODE, parameters, children)
    if best is None:
        leaf = _leaf(array, level)
        return leaf, [array]
    code, parameters, children = best
    below = [_search(child, level, depth - 1) for child in children]
    planes = [plane for _, under in below for plane in under]
    return Branch(code, parameters, tuple(node for node, _ in below)), planes


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
