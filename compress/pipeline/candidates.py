"""Chains of steps that may suit an array, by estimates on a sample of it.

A chain is a plan without plane models: a tree of steps, whose leaves are `OPEN`. Its parameters are
those of the sample; on other parts of the array they are looked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.effort import Effort
from compress.pipeline.tree import Branch, Leaf, Node
from compress.prediction.common.entropy import plane_bits
from compress.transforms import STEPS, Step
from compress.transforms.step import STAGE_WHOLE, Child, Context, Parameters, is_plane

__all__ = ["OPEN", "chains", "clearest", "refit", "steps_from"]

Array = NDArray[Any]
# A plane whose model is not chosen yet.
OPEN = Leaf(-1)
# J in bits, a chain, and what of it estimates cannot judge.
_Scored = tuple[float, Node, tuple[int, ...]]

# What coding judges better than the estimate goes on unless it is estimated so much dearer.
_NOT_ESTIMABLE = 1.5
# By how much, where it is not judged by coding.
_CLEARLY = 1.2
# What a further step must save by the estimate, which is no better than that.
_SIMPLER = 1.002


def steps_from(
    stage: int, dtype: np.dtype[Any], effort: Effort, without: frozenset[int] = frozenset()
) -> Iterator[Step]:
    """Yield the steps that may follow from a stage on, in the order of their stages."""
    for step in sorted(STEPS.values(), key=lambda step: step.TRAITS.stage):
        traits = step.TRAITS
        if step.CODE in without or traits.stage < stage or not step.accepts(dtype):
            continue
        if traits.search_ns <= effort.search_ns:
            yield step


def chains(
    array: Array,
    total: int,
    stage: int,
    context: Context,
    effort: Effort,
    without: frozenset[int] = frozenset(),
) -> list[_Scored]:
    """Find chains of steps for an array.

    Parameters
    ----------
    array : array
        A sample, which keeps short axes whole.
    total : int
        Samples of the array that it was taken from.
    stage : int
        Of the first step that may follow.
    context : Context
    effort : Effort
    without : frozenset of int
        Codes of steps that no chain may begin with.

    Returns
    -------
    list of (float, Node, tuple)
        The cheapest ``effort.beam`` chains with their cost in bits and their kind, the
        cheapest first.
    """
    firsts = steps_from(stage, array.dtype, effort, without)
    context = context._replace(shared={}, most=effort.sample)
    return _chains(array, total, firsts, context, effort, [effort.visits])


class _First(NamedTuple):
    """A step that a chain may begin with: J in bits without further steps, and what it makes."""

    bits: float
    step: Step
    parameters: Parameters
    kind: tuple[int, ...]
    children: tuple[Child, ...]


def _chains(
    array: Array,
    total: int,
    steps: Iterator[Step],
    context: Context,
    effort: Effort,
    visits: list[int],
) -> list[_Scored]:
    found: list[_Scored] = []
    if is_plane(array.dtype):
        found.append((plane_bits(array, total), OPEN, ()))
    firsts: list[_First] = []
    for step in steps if array.size else ():
        if step.TRAITS.whole_plane:
            break
        for i, parameters in enumerate(step.candidates(array, context)):
            children = step.split(array, parameters)
            if children is None or any(child.holes for child in children) > effort.knows_holes:
                continue
            kind = () if step.TRAITS.estimable and i == 0 else (step.CODE, i)
            bits = sum(_child_bits(child, _share(child, array, total)) for child in children)
            firsts.append(_First(bits, step, parameters, kind, children))
    firsts.sort(key=lambda first: first.bits)
    # Further steps are looked for behind the most promising: visits are shared among these, or one
    # with many channels would leave none.
    seen = min(len(firsts), effort.beam + 1)
    for i, first in enumerate(firsts):
        own = [-(-visits[0] // (seen - i)) if i < seen else 0]
        visits[0] -= own[0]
        found += _through(first, array, total, effort, own)
        visits[0] += own[0]
    found.sort(key=lambda scored: scored[0])
    if effort.trials:
        return _best(found, effort)
    # A field needs another chain where the whole of it refuses the first; a plane has itself.
    return found[:1] if is_plane(array.dtype) else found


def _share(child: Child, array: Array, total: int) -> int:
    return round(child.plane.size / array.size * total)


def clearest(scored: list[_Scored]) -> list[_Scored]:
    """Keep one chain: what estimates cannot judge must be clearly cheaper by them."""
    plain = [one for one in scored if one[2] == ()][:1]
    clear = [one for one in scored if not plain or one[0] * _CLEARLY < plain[0][0]]
    return [*clear, *plain][:1]


def _best(found: list[_Scored], effort: Effort) -> list[_Scored]:
    """Keep the cheapest chains; of each kind that estimates cannot judge, only one."""
    kept: dict[tuple[int, ...], _Scored] = {}
    for scored in found:
        kept.setdefault(scored[2], scored)
    # The chain that estimates can judge always goes on.
    plain = kept.pop((), None)
    others = [scored for scored in kept.values() if scored[0] <= found[0][0] * _NOT_ESTIMABLE]
    several = [*others[: max(1, effort.beam - (plain is not None))], *([plain] if plain else [])]
    return sorted(several, key=lambda scored: scored[0])


def _through(
    first: _First, array: Array, total: int, effort: Effort, visits: list[int]
) -> list[_Scored]:
    """List the chains that begin with a step."""
    step, parameters, own, children = first.step, first.parameters, first.kind, first.children
    traits = step.TRAITS
    cost = total * (traits.decode_ns * effort.decode_price + traits.encode_ns * effort.encode_price)
    below: list[list[_Scored]] = []
    for child in children:
        share = _share(child, array, total)
        if visits[0] <= 0 or child.next_stage >= STAGE_WHOLE or child.holes:
            below.append([(_child_bits(child, share), OPEN, ())])
        else:
            visits[0] -= 1
            steps = steps_from(child.next_stage, child.plane.dtype, effort)
            inner = Context(shared={}, most=effort.sample)
            below.append(_chains(child.plane, share, steps, inner, effort, visits))
    found: list[_Scored] = []
    for chosen in _combined(children, below):
        bits = cost + _SIMPLER * sum(scored[0] for scored in chosen)
        # One of the children stands for all channels.
        place = next((i for i, child in enumerate(children) if child.role == "main"), 0)
        kind: tuple[int, ...] = chosen[place][2] if chosen else ()
        node = Branch(step.CODE, parameters, tuple(scored[1] for scored in chosen))
        found.append((bits, node, (*own, *kind)))
    return found


def _combined(children: tuple[Child, ...], below: list[list[_Scored]]) -> list[list[_Scored]]:
    """Put the best of each child together; others of the main one, or what is plain of channels."""
    best = [scored[0] for scored in below]
    for i, child in enumerate(children):
        if child.role == "main":
            return [[*best[:i], other, *best[i + 1 :]] for other in below[i]]
    plain = [next((one for one in scored if one[2] == ()), scored[0]) for scored in below]
    return [best, plain] if plain != best else [best]


def _child_bits(child: Child, total: int) -> float:
    """Estimate the bits of a child; where holes are marked, of the mask and of what is no hole."""
    if not child.holes or child.plane.size == 0:
        return plane_bits(child.plane, total)
    good = child.plane > child.plane.min()
    listed = child.plane[good]
    share = round(listed.size / good.size * total)
    return plane_bits(good.astype(np.int64), total) + plane_bits(listed, share)


def refit(step: Step, array: Array, known: Parameters, context: Context) -> Parameters | None:
    """Look for a known candidate of a step on another part of its array, by its variant."""
    kind = [known[place] for place in step.TRAITS.variant]
    first = None
    for found in step.candidates(array, context):
        if [found[place] for place in step.TRAITS.variant if place < len(found)] == kind:
            return found
        first = first or found
    return first
