"""The encoder's search: which steps and which plane models for a field.

One objective, J = bits + decode price * decoding time + encode price * encoding time, and one
search in three stages. Chains of steps are estimated on a sample (`compress.pipeline.candidates`).
Those that go on are carried out on the whole field, each with the steps that only a whole plane can
show, and are judged by coding a part of every plane that is left. Then the plane models compete for
each plane of the cheapest chain, on larger and larger parts of it: those that are clearly dearer
drop out (successive halving: Jamieson and Talwalkar, 2016).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.candidates import OPEN, chains, clearest, refit, steps_from
from compress.pipeline.effort import EFFORT, Effort
from compress.pipeline.execute import Part
from compress.pipeline.judge import FINALISTS, Considered, Judge
from compress.pipeline.tree import Branch, Leaf, Node, write_node
from compress.prediction import raw
from compress.prediction.common.entropy import plane_bits
from compress.prediction.model import Parameters, Plane
from compress.sampling import SHORT_AXIS, sample_of
from compress.transforms import STEPS, Step
from compress.transforms.step import END, LEAF, STAGE_WHOLE, Child, Context, is_plane
from compress.transforms.tolerance import Bound
from compress.work import check

__all__ = ["Considered", "plan_alike", "plan_field"]

Array = NDArray[Any]
# Samples of a picture up to which lower levels are tried in full.
_SHORT = 1 << 12
# Steps for whole planes that may follow one another.
_MOST_WHOLE = 4
# Samples by which whole planes are estimated at least: of fewer, pictures look alike.
_LEAST_SAMPLE = 1 << 13
# A step that leaves no more samples of a plane than this share, a half and what is in the middle,
# and nothing else, is not judged.
_SURE = 0.6
# How close to the cheapest a chain must be by bounds to be coded.
_CLOSE = 1.05
# By how much plane models must be cheaper by their bounds than a chain that estimates chose.
_CLEARLY = 1.1
# Things that may become of a whole plane.
_MOST_OPTIONS = 5


class _Carried(NamedTuple):
    """A chain that was carried out: J of its steps in bits, and the planes of its leaves."""

    cost: float
    node: Node
    leaves: tuple[Child, ...]


class _Place(NamedTuple):
    """Where a chain goes on: from which stage, behind how many steps for whole planes."""

    stage: int
    depth: int = 0
    context: Context = Context()
    # Whether chains are judged by coding, where the level does so at all.
    tried: bool = True
    # Codes of steps that the array refused.
    without: frozenset[int] = frozenset()


class _Option(NamedTuple):
    """What a step makes of a whole plane."""

    step: Step
    parameters: Parameters
    children: tuple[Child, ...]


def plan_field(
    field: Array, level: int, max_error: Bound, considered: list[Considered] | None = None
) -> tuple[Node, list[Part]]:
    """Find a plan for a field.

    Parameters
    ----------
    field : array
        Native scalar dtype, any shape, not empty.
    level : int
    max_error : float, Tolerance or None
    considered : list of Considered, optional
        What the search coded on its way is appended.

    Returns
    -------
    node : Node
    parts : list of (int64 array, bytes)
        The planes of its leaves, in order, and what they are coded to.
    """
    kept: list[Considered] = [] if considered is None else considered
    search = _Search(EFFORT[level], Judge(EFFORT[level], kept, {}, {}, {}, {}, {}), {})
    found = _planned(search, field, Context(max_error, most=EFFORT[level].sample))
    # More effort never chooses worse: where it is cheap, lower levels take part with all they do.
    if level > 1 and field.size <= (_SHORT if _is_picture(field) else EFFORT[level].lower):
        lower = plan_field(field, level - 1, max_error)
        return min(found, lower, key=_size)
    return found


def _is_picture(field: Array) -> bool:
    """Whether a field has rows and columns, of which the models of level 1 know little."""
    return len([size for size in field.shape if size > SHORT_AXIS]) > 1


def plan_alike(
    field: Array, level: int, max_error: Bound, plan: Node
) -> tuple[Node, list[Part]] | None:
    """Plan a field as another one was planned: its steps and plane models, learned anew.

    Parameters
    ----------
    field, level, max_error
        As for `plan_field`.
    plan : Node
        Of the other field.

    Returns
    -------
    (Node, list of (int64 array, bytes)) or None
        As `plan_field`; None where a step or a model refuses the field.
    """
    effort = EFFORT[level]
    return _alike(Child(field), effort, Context(max_error, most=effort.sample), plan)


def _alike(
    child: Child, effort: Effort, context: Context, plan: Node
) -> tuple[Node, list[Part]] | None:
    plane = child.plane
    if not isinstance(plan, Branch):
        if plane.size == 0:
            return Leaf(raw.CODE), [(plane, b"")]
        for fit in effort.fits:
            if plan.model == fit.model.CODE and (fit.model.KNOWS_HOLES or not child.holes):
                learned = fit.model.propose(plane, fit.level, child.holes)
                if learned is None:
                    return None
                return Leaf(plan.model, learned), [(plane, fit.model.encode(plane, learned))]
        return None
    step = STEPS[plan.step]
    parameters = refit(step, plane, plan.parameters, context)
    children = None if parameters is None else step.split(plane, parameters)
    if parameters is None or children is None or len(children) != len(plan.children):
        return None
    below = [
        _alike(one, effort, Context(most=effort.sample), sub)
        for one, sub in zip(children, plan.children, strict=True)
    ]
    found = [one for one in below if one is not None]
    if len(found) < len(below):
        return None
    node = Branch(plan.step, tuple(parameters), tuple(node for node, _ in found))
    return node, [part for _, parts in found for part in parts]


def _size(planned: tuple[Node, list[Part]]) -> int:
    node, parts = planned
    return len(write_node(node)) + sum(len(data or b"") for _, data in parts)


def _planned(search: _Search, field: Array, context: Context) -> tuple[Node, list[Part]]:
    """Choose a chain, then a plane model for each plane that it leaves."""
    ranked = search.ranked(field, _Place(0, context=context))
    # Trials are of parts: what is close to the cheapest by them is coded in full.
    coded = [search.coded(carried) for carried in ranked[:FINALISTS]]
    return min(coded, key=lambda one: one[0])[1:]


def _is_sure(option: _Option, plane: Plane) -> bool:
    """Whether a step leaves a smaller plane and nothing else, so that nothing is better."""
    children = option.children
    return len(children) == 1 and children[0].plane.size <= _SURE * plane.size


def _combined(children: Sequence[Child], below: list[list[_Carried]]) -> list[list[_Carried]]:
    """Put the best of each child together, and others of the main child with these."""
    best = [some[0] for some in below]
    main = [i for i, child in enumerate(children) if child.role == "main"][:1]
    others = [[*best[:i], other, *best[i + 1 :]] for i in main for other in below[i][1:]]
    return [best, *others]


def _digest(plane: Plane) -> bytes:
    """Give what tells a plane from all others."""
    shape = repr(plane.shape).encode()
    return blake2b(np.ascontiguousarray(plane).data, digest_size=16, key=shape[:64]).digest()


def _filled(node: Node, models: Iterator[Leaf]) -> Node:
    """Put plane models in place of the open leaves."""
    if not isinstance(node, Branch):
        return next(models)
    return node._replace(children=tuple(_filled(child, models) for child in node.children))


class _Search(NamedTuple):
    effort: Effort
    judge: Judge
    # What became of planes: several chains leave the same ones.
    ended: dict[tuple[bytes, str, int], list[_Carried]]

    def best(self, array: Array, place: _Place) -> _Carried:
        """Carry out the cheapest chain of steps from a place on."""
        return self.ranked(array, place)[0]

    def ranked(self, array: Array, place: _Place) -> list[_Carried]:
        """Carry out chains of steps from a place on: the cheapest, then those hardly dearer."""
        check()
        if array.dtype.kind in "SU":
            return [self.of_strings(array, place)]
        sample = sample_of(array, self.effort.sample)
        effort = self.effort.within(array.size, place.depth)
        scored = chains(sample, array.size, place.stage, place.context, effort, place.without)
        if self.effort.trials and not place.tried:
            scored = clearest(scored)
        pool: list[_Carried] = []
        for _, chain, _ in scored:
            for carried in self.through(chain, array, place):
                if carried.node not in [other.node for other in pool]:
                    pool.append(carried)
            # Where estimates decide, the first that takes the array.
            if pool and not self.effort.trials:
                break
        if not pool:
            # The whole refused them all: go on without the steps that they began with.
            refused = {chain.step for _, chain, _ in scored if isinstance(chain, Branch)}
            return self.ranked(array, place._replace(without=place.without | refused))
        return self.cheapest(pool, array.size, place.depth)

    def of_strings(self, field: Array, place: _Place) -> _Carried:
        """Carry out the cheapest step for strings, whose recurrence only the whole field shows."""
        pool = []
        for step in steps_from(place.stage, field.dtype, self.effort, place.without):
            for parameters in step.candidates(field, place.context):
                children = step.split(field, parameters)
                if children is None:
                    continue
                below = [self.of_string(child, place.depth) for child in children]
                option = _Option(step, parameters, children)
                pool.append(self.joined(option, below, field.size))
        if self.effort.trials:
            return self.cheapest(pool, field.size, place.depth)[0]
        return min(pool, key=lambda one: one.cost + self.judge.estimate(one.leaves))

    def of_string(self, child: Child, depth: int) -> _Carried:
        """Carry out the cheapest chain on what a step makes of strings."""
        if child.next_stage >= STAGE_WHOLE or child.plane.size == 0:
            return self.ends(child, depth)[0]
        tried = child.role == "main"
        return self.best(child.plane, _Place(child.next_stage, depth + (not tried), tried=tried))

    def coded(self, carried: _Carried) -> tuple[float, Node, list[Part]]:
        """Choose the plane models of a chain and code its planes: J, the plan, the parts."""
        tried = [self.judge.model(leaf) for leaf in carried.leaves]
        node = _filled(carried.node, iter([one.leaf for one in tried]))
        pairs = zip(carried.leaves, tried, strict=True)
        parts: list[Part] = [(leaf.plane, one.data) for leaf, one in pairs]
        return carried.cost + sum(one.cost for one in tried), node, parts

    def cheapest(self, pool: list[_Carried], size: int, depth: int) -> list[_Carried]:
        """Choose by coding larger and larger parts of what chains leave."""
        if len(pool) == 1 or not self.effort.trials:
            return pool[:1]
        if depth > 0:
            # Coding these, too, takes a tenth to a half longer: sched_dep_time is 2.5 % smaller
            # with it at level 3, seven other arrays are the same.
            return [min(pool, key=lambda one: one.cost + self.judge.estimate(one.leaves))]
        for samples in self.effort.trials:
            pool, costs = self.judged(pool, size, samples, by_bounds=True)
            whole = samples >= size
            most = costs[0] * _CLOSE if whole else self.judge.most(costs[0], samples, size)
            pool = [carried for carried, cost in zip(pool, costs, strict=True) if cost <= most]
            if len(pool) == 1 or whole:
                break
        if len(pool) > 1 and size <= self.effort.trials[-1]:
            # Bounds are estimates, and what is short can be coded.
            pool, _ = self.judged(pool, size, size, by_bounds=False)
            pool = pool[:1]
        # Beside the cheapest the plainest, for what is close is often the same in other words.
        rest = sorted(pool[1:], key=lambda carried: len(carried.leaves))
        return [*pool[:1], *rest]

    def judged(
        self, pool: list[_Carried], size: int, samples: int, *, by_bounds: bool
    ) -> tuple[list[_Carried], list[float]]:
        """Sort chains by J, judged on so many of their samples."""
        costs = []
        for carried in pool:
            costs.append(
                carried.cost + self.judge.together(carried.leaves, samples / size, by_bounds)
            )
            one = Considered(min(samples, size), size, costs[-1], carried.node)
            self.judge.considered.append(one)
        order = sorted(range(len(pool)), key=costs.__getitem__)
        return [pool[i] for i in order], [costs[i] for i in order]

    def through(self, chain: Node, array: Array, place: _Place) -> list[_Carried]:
        """Carry out a chain on an array, and end it; none where a step refuses the array."""
        if not isinstance(chain, Branch):
            return self.ends(Child(array), place.depth)
        step = STEPS[chain.step]
        parameters = refit(step, array, chain.parameters, place.context)
        children = None if parameters is None else step.split(array, parameters)
        if parameters is None or children is None:
            # The whole is not what the sample was: go on without this step.
            if not is_plane(array.dtype):
                return []
            return [self.best(array, place._replace(without=place.without | {step.CODE}))]
        below = []
        # The whole may have children that the sample had not, such as listed values.
        rest = (*chain.children, *(OPEN,) * len(children))[: len(children)]
        for child, sub in zip(children, rest, strict=True):
            after = _Place(child.next_stage, place.depth, tried=place.tried)
            carried = self.through(sub, child.plane, after) if sub != OPEN else []
            below.append(carried or self.ends(child, place.depth))
        option = _Option(step, parameters, children)
        ends = [self.joined(option, some, array.size) for some in _combined(children, below)]
        if self.effort.trials:
            return ends
        masked = any(child.role == "mask" for child in children)
        return [self.or_whole(ends[0], array, place, masked)]

    def or_whole(self, found: _Carried, array: Array, place: _Place, masked: bool) -> _Carried:
        """Choose by bounds the whole plane, where a mask hides it or models are not estimated."""
        if place.depth > 0 or not is_plane(array.dtype):
            return found
        if not masked:
            return self.or_plain(found, array) if self.effort.beyond_estimates else found
        (whole,) = self.ends(Child(array), place.depth)
        if whole.node == OPEN:
            return found
        return self.judged([found, whole], array.size, array.size, by_bounds=True)[0][0]

    def or_plain(self, found: _Carried, plane: Plane) -> _Carried:
        """Choose a plane itself where its plane models are clearly cheaper than a chain."""
        plain = _Carried(0.0, OPEN, (Child(plane),))
        if found.node == OPEN:
            return found
        pool, costs = self.judged([found, plain], plane.size, plane.size, by_bounds=True)
        return plain if pool[0] is plain and costs[0] * _CLEARLY < costs[1] else found

    def joined(self, option: _Option, below: Sequence[_Carried], total: int) -> _Carried:
        """Put the children of a step together."""
        traits = option.step.TRAITS
        # As a plain tuple: what was found beside the parameters is not kept.
        node = Branch(option.step.CODE, tuple(option.parameters), ())
        cost = sum(carried.cost for carried in below) + 8.0 * len(write_node(node))
        cost += total * self.judge.price(traits.decode_ns, traits.encode_ns)
        node = node._replace(children=tuple(carried.node for carried in below))
        return _Carried(cost, node, tuple(leaf for carried in below for leaf in carried.leaves))

    def ends(self, child: Child, depth: int) -> list[_Carried]:
        """End a chain: with a step that needs the whole plane, or with a plane model."""
        if child.plane.size == 0 or child.holes or child.next_stage == LEAF:
            return [_Carried(0.0, OPEN, (child,))]
        if not self.effort.trials:
            return self.ending(child, depth)
        key = _digest(child.plane), child.role, depth
        if key not in self.ended:
            self.ended[key] = self.ending(child, depth)
        return self.ended[key]

    def ending(self, child: Child, depth: int) -> list[_Carried]:
        """Choose how a chain ends: the cheapest first, then those hardly dearer."""
        pool = []
        options = self.options(child, depth)
        if len(options) == 1 and options[0] is not None and _is_sure(options[0], child.plane):
            # What is left is searched as the plane itself would be.
            (sub,) = options[0].children
            ranked = self.ranked(sub.plane, _Place(sub.next_stage, depth))
            return [self.joined(options[0], [one], child.plane.size) for one in ranked]
        for option in options:
            if option is None:
                pool.append(_Carried(0.0, OPEN, (child,)))
                continue
            below = [
                self.ends(sub, depth + 1)[0]
                if sub.next_stage >= END or sub.plane.size == 0
                else self.best(
                    sub.plane,
                    _Place(sub.next_stage, depth + 1, tried=depth == 0 and sub.role == "main"),
                )
                for sub in option.children
            ]
            pool.append(self.joined(option, below, child.plane.size))
        best = self.cheapest(pool, child.plane.size, depth)[:FINALISTS]
        if self.effort.trials or depth > 0 or not self.effort.beyond_estimates:
            return best
        return [self.or_plain(best[0], child.plane)]

    def options(self, child: Child, depth: int) -> list[_Option | None]:
        """List what may become of a whole plane, by estimate: steps, and None for no step."""
        plane = child.plane
        if depth >= _MOST_WHOLE:
            return [None]
        found: list[tuple[float, int, _Option | None]] = []
        alone: float | None = None
        context = Context(shared={}, most=self.effort.sample)
        whole = steps_from(STAGE_WHOLE, plane.dtype, self.effort)
        # The quick searches first, for they may spare the others.
        for step in sorted(whole, key=lambda step: step.TRAITS.search_ns):
            for parameters in step.candidates(plane, context):
                children = step.split(plane, parameters)
                if children is None:
                    continue
                option = _Option(step, parameters, children)
                if not children:
                    return [option]
                if alone is None:
                    alone = self.alone(plane, depth)
                    found.append((alone, 0, None))
                bits = sum(self.bits(sub.plane) for sub in children)
                bits += plane.size * self.judge.price(step.TRAITS.decode_ns, step.TRAITS.encode_ns)
                if bits < alone and _is_sure(option, plane):
                    return [option]
                if bits < alone:
                    found.append((bits, len(found), option))
        if not found:
            return [None]
        found.sort()
        if not self.effort.trials or depth > 1 or child.role in ("mask", "side"):
            return [found[0][2]]
        if depth > 0:
            return [None, *([found[0][2]] if found[0][2] else ())]
        # One of each step: estimates flatter some more than others.
        each: dict[int, _Option] = {}
        for *_, one in found:
            if one is not None:
                each.setdefault(one.step.CODE, one)
        return [None, *each.values()][:_MOST_OPTIONS]

    def alone(self, plane: Plane, depth: int) -> float:
        """Estimate the bits of a plane without a step, which is clearly worse if one is taken."""
        bits = self.bits(plane)
        if depth > 0 or self.effort.trials or not self.effort.beyond_estimates:
            return bits
        return min(bits, _CLEARLY * self.judge.judge(Child(plane), 1.0, by_bounds=True))

    def bits(self, plane: Plane) -> float:
        """Estimate the bits of a plane by as many samples as this level looks at."""
        return plane_bits(plane, most=max(_LEAST_SAMPLE, self.effort.sample))
