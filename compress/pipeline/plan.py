"""The encoder's search: which transforms and which plane model for a field.

The search runs over chains of steps on a sample of the field, by estimated code length. What it
finds is then carried out on the whole field: each step proposes its parameters again, its
`forward` verifies every value, and where either declines the search goes on from there without
that step. So a plan is returned only with the planes that its transforms really made. Steps that
a sample cannot judge (dictionaries, periods, rare exceptions) are tried on the whole planes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.contest import (
    MODELS_ACROSS_CHANNELS,
    choose_model,
    marked_model,
    model_bytes,
)
from compress.pipeline.estimate import LEAF_BITS, WHOLE_AXIS, plane_bits, sample_of
from compress.pipeline.execute import Part
from compress.pipeline.tree import Branch, Node
from compress.prediction.model import Plane
from compress.transforms import (
    Step,
    constant,
    decorrelated,
    dictionary,
    fixed,
    folded,
    masked,
    mirrored,
    multiples,
    ordered,
    quantised,
    repeated,
    scaled,
    seasonal,
    sparse,
    special,
    transposed,
    truncated,
    unstacked,
    unwrapped,
)
from compress.transforms.step import Context

__all__ = ["plan_field"]

Array = NDArray[Any]
# Steps in the order in which they may follow one another. The ranks keep the search from trying
# the same steps in every order.
_CHAIN: tuple[tuple[int, Step], ...] = (
    (0, scaled),
    (0, truncated),
    (0, ordered),
    (0, fixed),
    (1, masked),
    (2, multiples),
    (3, unwrapped),
    (4, transposed),
    (5, decorrelated),
    (6, unstacked),
)
_LAST_RANK = 6
_OF_CHANNELS = frozenset(step.NAME for step in (transposed, decorrelated, unstacked))
# Steps that set samples apart, and where their parameters say what becomes of the holes.
_LAYOUT = {scaled.NAME: 4, truncated.NAME: 1, masked.NAME: 0, fixed.NAME: 2, quantised.NAME: 3}
# Judged by what they do to the whole plane, in this order.
_WHOLE: tuple[Step, ...] = (
    constant,
    sparse,
    mirrored,
    repeated,
    folded,
    seasonal,
    dictionary,
)


_CLOSED = "closed"
_FILLED_CLOSED = (special.FILLED, special.COMPACT)
# Samples on which channels are coded together and apart.
_SPLIT_TRIAL, _LONG_SPLIT_TRIAL = 1 << 13, 1 << 15
# Levels from which on only size counts.
_STRONG = 7
# Samples on which planes are coded with holes filled, closed and marked, and the share of holes
# from which on they are.
_HOLES_TRIAL = 1 << 14
_HOLES = 1 / 64
_ROWS_TOGETHER = 16
# To which part closing holes must shrink planes: by estimates or a short trial, on whole rows.
_CLOSED_CLEARLY = 0.95
_CLOSED_BY_MODELS = 0.97
# From this level on there is a plane model that knows marked holes.
_LEVEL_OF_MARKED = 5


@dataclass(frozen=True)
class _Sketch:
    """What the search on the sample found: a step and what follows on its children.

    No step: a leaf. Closed: the holes that the step makes are not filled. Settled: nobody asks
    any more whether the channels are better together.
    """

    bits: float
    step: Step | None = None
    children: tuple[_Sketch, ...] = field(default=())
    closed: bool = False
    settled: bool = False


# Marked holes are left to the plane model that knows them: steps would take them for samples.
_LEFT_TO_CAUSAL = _Sketch(0.0)


def plan_field(field: Array, level: int, max_error: float | None) -> tuple[Node, list[Part]]:
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
    parts : list of (int64 array, bytes or None)
        The planes of its leaves, in order, and what a plane is coded to where that is known.
    """
    exact = _search_whole(field, level)
    if max_error is not None and field.dtype.kind in "fiu":
        parameters = next(quantised.candidates(field, Context(max_error)), None)
        if parameters is not None:
            parameters = _laid_out(quantised, parameters, _Sketch(0.0), field, level)
        # What marked holes cost, estimates do not see.
        seen = parameters
        if parameters is not None and _is_marked(quantised, parameters):
            seen = _layouts(quantised, parameters, field)[0]
        children = None if seen is None else _forward(quantised, field, seen)
        if parameters is not None and children is not None:
            sketches = [
                _search_whole(child, level, _LAST_RANK + 1 if i == 0 else 1)
                for i, child in enumerate(children)
            ]
            if sum(sketch.bits for sketch in sketches) < exact.bits:
                if seen != parameters:
                    children = _forward(quantised, field, parameters)
                return _branch(quantised, parameters, children, sketches, level)
    return _carry_out(exact, field, level)


def _propose(step: Step, array: Array) -> tuple[int, ...] | None:
    return next(step.candidates(array, Context()), None)


def _forward(step: Step, array: Array, parameters: tuple[int, ...]) -> tuple[Plane, ...] | None:
    children = step.split(array, parameters)
    return None if children is None else tuple(child.plane for child in children)


def _search_whole(array: Array, level: int, rank: int = 0) -> _Sketch:
    """Find a chain for an array, from a rank on; what estimates cannot judge is tried."""
    found = _search_sample(array, level, rank, frozenset())
    doubts = _doubts(found)
    if not doubts:
        return found
    trial = sample_of(array, _HOLES_TRIAL)
    best, least = found, _trial_bytes(_planes_of(found, trial, level), level)
    for name in sorted(doubts):
        rival = _search_sample(array, level, rank, frozenset({name}))
        size = _trial_bytes(_planes_of(rival, trial, level), level)
        if size * (_CLOSED_CLEARLY if name == _CLOSED else 1.0) < least:
            best, least = rival, size
    return best


def _doubts(sketch: _Sketch) -> set[str]:
    """Return what a chain has that estimates cannot judge."""
    found = {fixed.NAME} if sketch.step is fixed else set()
    if sketch.closed:
        found.add(_CLOSED)
    return found.union(*map(_doubts, sketch.children))


def _search_sample(array: Array, level: int, rank: int, without: frozenset[str]) -> _Sketch:
    """Find a chain for an array, from a rank on, without some steps."""
    # A sample has axes as long as the array's only where they are short.
    shape = array.shape or (1,)
    if shape[0] > WHOLE_AXIS:
        without |= _OF_CHANNELS - {transposed.NAME}
    if shape[-1] > WHOLE_AXIS:
        without |= {transposed.NAME}
    return _search(sample_of(array), array.size, level, rank, without)


def _search(sample: Array, total: int, level: int, rank: int, without: frozenset[str]) -> _Sketch:
    """Find the cheapest chain of steps from a rank on for an array, by a sample of it."""
    is_plane = sample.dtype == np.int64
    best = _Sketch(plane_bits(sample, total) if is_plane else np.inf)
    if sample.size == 0 or best.bits <= 2 * LEAF_BITS or rank > _LAST_RANK:
        return best
    for next_rank, step in _CHAIN:
        if next_rank < rank or step.NAME in without or not step.accepts(sample.dtype):
            continue
        proposed = _propose(step, sample)
        if proposed is None:
            continue
        layouts = _layouts(step, proposed, sample)
        for parameters in layouts[:1] if _CLOSED in without else layouts:
            children = _forward(step, sample, parameters)
            if children is None:
                break
            sketches = []
            bits = 0.0
            for i, child in enumerate(children):
                share = round(child.size / sample.size * total)
                sketches.append(_search(child, share, level, *_below(step, i, next_rank, without)))
                bits += sketches[-1].bits
                if bits >= best.bits:
                    break
            # The first of equals is the simpler one.
            if bits < best.bits * 0.998:
                best = _Sketch(bits, step, tuple(sketches), parameters != proposed)
    return best


def _layouts(step: Step, parameters: tuple[int, ...], array: Array) -> list[tuple[int, ...]]:
    """Parameters of a step with holes filled, and closed where that is another choice."""
    place = _LAYOUT.get(step.NAME)
    # Closed holes would shift channels.
    if place is None or array.ndim < 2 or array.shape[-1] <= WHOLE_AXIS:
        return [parameters]
    return [_with_layout(step, parameters, layout) for layout in _FILLED_CLOSED]


def _with_layout(step: Step, parameters: tuple[int, ...], layout: int) -> tuple[int, ...]:
    place = _LAYOUT[step.NAME]
    return (*parameters[:place], layout, *parameters[place + 1 :])


def _below(
    step: Step, child: int, rank: int, without: frozenset[str]
) -> tuple[int, frozenset[str]]:
    """Rank from which steps may follow on a child, and steps that may not."""
    if step.NAME in _LAYOUT and child == 0:
        return _LAST_RANK + 1, without
    if step is unstacked:
        return 1, without | _OF_CHANNELS
    return rank + 1, without - _OF_CHANNELS if step is transposed else without


def _carry_out(sketch: _Sketch, array: Array, level: int) -> tuple[Node, list[Part]]:
    """Make a plan of a sketch, and the planes of its leaves."""
    step = sketch.step
    if sketch is _LEFT_TO_CAUSAL:
        marked, words = marked_model(array, level)
        return marked, [(array, words)]
    if step is None:
        return _whole(array, level)
    if step.NAME in _OF_CHANNELS and not sketch.settled:
        return _carry_out(_settled(_smallest_split(sketch, array, level)), array, level)
    parameters = _propose(step, array)
    if parameters is not None and len(sketch.children) > 1:
        parameters = _laid_out(step, parameters, sketch.children[1], array, level)
    children = None if parameters is None else _forward(step, array, parameters)
    if parameters is None or children is None:
        # The whole is not what the sample was: go on without this step and those before it.
        rank = next(rank for rank, other in _CHAIN if other is step)
        if array.dtype != np.int64:
            return _carry_out(_Sketch(0.0, ordered), array, level)
        return _carry_out(_search_whole(array, level, rank + 1), array, level)
    return _branch(step, parameters, children, sketch.children, level)


def _branch(
    step: Step, parameters: tuple[int, ...], children: Any, sketches: Any, level: int
) -> tuple[Node, list[Part]]:
    nodes: list[Node] = []
    parts: list[Part] = []
    if _is_marked(step, parameters):
        # The main plane, then what the holes are instead of where.
        sketches = (_LEFT_TO_CAUSAL, *sketches[:1], *sketches[2:])
    for i, child in enumerate(children):
        # The whole may have children that the sample had not, such as listed values.
        sketch = sketches[i] if i < len(sketches) else _Sketch(0.0)
        node, below = _carry_out(sketch, child, level)
        nodes.append(node)
        parts += below
    return Branch(step.CODE, parameters, tuple(nodes)), parts


def _is_marked(step: Step, parameters: tuple[int, ...]) -> bool:
    return step.NAME in _LAYOUT and parameters[_LAYOUT[step.NAME]] == special.MARKED


def _whole(plane: Plane, level: int) -> tuple[Node, list[Part]]:
    """End a chain: with a step that only the whole plane can judge, or a plane model."""
    last = _last_step(plane, level)
    if last is None:
        leaf, coded = choose_model(plane, level)
        return leaf, [(plane, coded)]
    step, parameters, children = last
    sketches = [_search_whole(child, level, 1) for child in children]
    return _branch(step, parameters, children, sketches, level)


def _last_step(plane: Plane, level: int) -> tuple[Step, tuple[int, ...], tuple[Plane, ...]] | None:
    """Choose such a step and its parameters, and give its children."""
    best_bits = plane_bits(plane)
    best = None
    for step in _WHOLE if plane.size else ():
        parameters = _propose(step, plane)
        children = None if parameters is None else _forward(step, plane, parameters)
        if parameters is None or children is None:
            continue
        bits = sum(plane_bits(child) for child in children)
        if bits < best_bits * 0.99:
            best_bits, best = bits, (step, parameters, children)
        if not children:
            break
    return best


def _laid_out(
    step: Step, parameters: tuple[int, ...], main: _Sketch, array: Array, level: int
) -> tuple[int, ...]:
    """Choose whether a step fills the holes that it makes in an array, closes or marks them."""
    layouts = _layouts(step, parameters, array)
    if len(layouts) == 1:
        return parameters
    trial = _rows_of(array, _HOLES_TRIAL)
    sizes = []
    for choice in layouts:
        children = _forward(step, trial, choice)
        if children is None or np.count_nonzero(children[0]) < _HOLES * trial.size:
            return parameters
        sizes.append(_trial_bytes(_planes_of(main, children[1], level), level))
    worth = _CLOSED_CLEARLY if level < MODELS_ACROSS_CHANNELS else _CLOSED_BY_MODELS
    closed = int(sizes[1] < worth * sizes[0])
    if level >= _LEVEL_OF_MARKED and children is not None:
        marked = _with_layout(step, parameters, special.MARKED)
        rival = _forward(step, trial, marked)
        size = sizes[closed] + _trial_bytes([children[0]], level)
        if rival is not None and len(marked_model(rival[0], level)[1]) < size:
            return marked
    return layouts[closed]


def _rows_of(array: Array, most: int) -> Array:
    """Take whole rows from up to four places of an array, for what runs on from row to row."""
    while array.ndim > 2 and array[0].size > most:
        array = array[len(array) // 2]
    array = array[..., :most]
    rows = max(1, most // max(array[0].size, 1))
    if len(array) <= rows:
        return np.ascontiguousarray(array)
    # Few rows would be mostly seams.
    count = min(4, max(1, rows // _ROWS_TOGETHER))
    each = rows // count
    starts = [(2 * i + 1) * (len(array) - each) // (2 * count) for i in range(count)]
    return np.concatenate([array[start : start + each] for start in starts])


def _trial_bytes(parts: list[Plane], level: int) -> float:
    """Bytes that planes take, by what plane models or their estimate say."""
    total = 0.0
    for part in parts:
        last = _last_step(part, level)
        for plane in (part,) if last is None else last[2]:
            if level < MODELS_ACROSS_CHANNELS:
                total += plane_bits(plane) / 8
            elif plane.size:
                total += model_bytes(plane, plane.size, level)
    return total


def _settled(sketch: _Sketch) -> _Sketch:
    return replace(sketch, children=tuple(map(_settled, sketch.children)), settled=True)


def _together(sketch: _Sketch) -> _Sketch:
    """Leave out of a chain that channels are taken apart."""
    if sketch.step is unstacked:
        return _Sketch(0.0)
    return replace(sketch, children=tuple(map(_together, sketch.children)))


def _smallest_split(sketch: _Sketch, plane: Plane, level: int) -> _Sketch:
    """Choose how much of a chain that splits channels is smallest, where models see across them.

    Nothing of it, all of it, or all but taking them apart.
    """
    if level < MODELS_ACROSS_CHANNELS:
        return sketch
    choices = [_Sketch(0.0), sketch]
    trial = sample_of(plane, _SPLIT_TRIAL if level < _STRONG else _LONG_SPLIT_TRIAL)
    # On few samples models are judged too roughly for a third choice to gain.
    if level >= _STRONG:
        choices.append(_together(sketch))
    scale = plane.size / trial.size
    sizes = []
    for choice in choices:
        parts = _planes_of(choice, trial, level)
        sizes.append(sum(model_bytes(part, round(part.size * scale), level) for part in parts))
    return choices[sizes.index(min(sizes))]


def _planes_of(sketch: _Sketch, array: Array, level: int) -> list[Plane]:
    """Run the steps of a sketch on an array."""
    parameters = None if sketch.step is None else _propose(sketch.step, array)
    if sketch.step is None or parameters is None:
        return [array] if array.size else []
    layouts = _layouts(sketch.step, parameters, array)
    children = _forward(sketch.step, array, layouts[-1] if sketch.closed else parameters) or ()
    planes = []
    for i, child in enumerate(children):
        below = sketch.children[i] if i < len(sketch.children) else _Sketch(0.0)
        planes += _planes_of(below, child, level)
    return planes
