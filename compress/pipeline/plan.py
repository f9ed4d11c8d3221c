"""The encoder's search: which steps and which plane models for a field.

One objective, J = bits + decode price * decoding time + encode price * encoding time, and one loop:
chains of steps that a sample suggests are coded on larger and larger parts of the field, and those
that are clearly dearer drop out (successive halving: Jamieson and Talwalkar, 2016). The same
function codes a part and makes the whole, so what is written is what was judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.candidates import OPEN, chains, refit, steps_from
from compress.pipeline.effort import EFFORT, Effort, Fit
from compress.pipeline.estimate import plane_bits, rows_of, sample_of
from compress.pipeline.execute import Part
from compress.pipeline.tree import Branch, Leaf, Node, write_node
from compress.prediction import raw
from compress.prediction.model import Parameters, Plane, PlaneModel
from compress.transforms import STEPS, Step
from compress.transforms.step import END, STAGE_WHOLE, Child, Context, is_plane

__all__ = ["Considered", "plan_field"]

Array = NDArray[Any]
_T = TypeVar("_T")
_INNER = Context()
# Steps for whole planes that may follow one another.
_MOST_WHOLE = 4
# Rows of a plane that can be halved.
_LEAST_ROWS = 8


class Coded(NamedTuple):
    """An array, or a part that stands for it, as a chain and plane models code it.

    Attributes
    ----------
    cost : float
        J, in bits, of all samples.
    node : Node
        The plan.
    parts : tuple of (int64 array, bytes)
        The planes of its leaves, in order, and what they are coded to.
    """

    cost: float
    node: Node
    parts: tuple[Part, ...]


class Considered(NamedTuple):
    """A candidate that was coded: how many samples of it, J in bits of all, and its plan."""

    samples: int
    cost: float
    node: Node


class _Option(NamedTuple):
    """What a step makes of a whole plane."""

    step: Step
    parameters: Parameters
    children: tuple[Child, ...]


def plan_field(
    field: Array, level: int, max_error: float | None, considered: list[Considered] | None = None
) -> tuple[Node, list[Part]]:
    """Find a plan for a field.

    Parameters
    ----------
    field : array
        Native scalar dtype, any shape, not empty.
    level : int
    max_error : float or None
    considered : list of Considered, optional
        What the search coded on its way is appended.

    Returns
    -------
    node : Node
    parts : list of (int64 array, bytes)
        The planes of its leaves, in order, and what they are coded to.
    """
    search = _Search(EFFORT[level], [] if considered is None else considered)
    coded = search.best(field, field.size, 0, Context(max_error), 0)
    return coded.node, list(coded.parts)


def _share(child: Child, array: Array, total: int) -> int:
    """Samples of a child of an array that stands for so many samples."""
    return max(child.plane.size, round(total * child.plane.size / array.size))


def _open_from(chain: Branch, count: int) -> tuple[Node, ...]:
    """Chains of so many children: those of the sample, open where it had fewer."""
    return (*chain.children, *(OPEN,) * count)[:count]


def _extrapolated(
    model: PlaneModel, trial: Plane, parameters: Parameters, size: int, total: int
) -> float:
    """Bits of ``total`` samples of which ``trial`` takes ``size`` bytes.

    What learns while it codes pays for it once, so its second half stands for what follows.
    """
    axis = int(np.argmax(trial.shape)) if trial.ndim else 0
    if not model.LEARNS or trial.size >= total or trial.shape[axis] < _LEAST_ROWS:
        return 8.0 * size * total / trial.size
    first = np.ascontiguousarray(np.take(trial, range(trial.shape[axis] // 2), axis))
    later = (size - len(model.encode(first, parameters))) / (trial.size - first.size)
    return 8.0 * (size + later * (total - trial.size))


class _Search(NamedTuple):
    effort: Effort
    considered: list[Considered]
    # Whether parts are judged, by few models and estimates, and nothing is made of them.
    judging: bool = False

    @property
    def trials(self) -> tuple[int, ...]:
        """Samples on which chains are judged."""
        return (self.effort.trial,) if self.effort.trial else ()

    def judge(self) -> _Search:
        """Return the search that judges parts."""
        effort = self.effort._replace(trial=0, rounds=(), fits=self.effort.judges)
        return self._replace(effort=effort, judging=True)

    def best(self, array: Array, total: int, stage: int, context: Context, depth: int) -> Coded:
        """Code an array, which stands for ``total`` samples, by the cheapest chain of steps."""
        sample = sample_of(array, self.effort.sample)
        pool = [chain for _, chain in chains(sample, total, stage, context, self.effort)]

        def code(chain: Node, samples: int | None) -> Coded | None:
            if samples is None:
                return self.through(chain, array, total, context, depth)
            part = rows_of(array, samples)
            return self.judge().through(chain, part, total, context, depth)

        if self.judging:
            pool = pool[:1]
        return self.chosen(pool, array.size, self.trials, code)

    def chosen(
        self,
        pool: Sequence[_T],
        size: int,
        rounds: tuple[int, ...],
        code: Callable[[_T, int | None], Coded | None],
    ) -> Coded:
        """Code by the cheapest of some candidates, which drop out round by round.

        ``code`` judges a candidate by so many of its ``size`` samples, or codes all of them.
        """
        possible = [samples for samples in rounds if 2 * samples <= size]
        for samples in possible if len(pool) > 1 else ():
            tried = [code(one, samples) for one in pool]
            costs = [math.inf if coded is None else coded.cost for coded in tried]
            self.considered.extend(Considered(samples, c.cost, c.node) for c in tried if c)
            most = min(costs) * (1 + self.effort.slack / math.sqrt(samples))
            order = sorted(range(len(pool)), key=costs.__getitem__)
            pool = [pool[i] for i in order if costs[i] <= most]
            if len(pool) < 2:
                break
        # What is small is coded by all that are left.
        all_of_them = self.judging or len(possible) < len(rounds)
        found: Coded | None = None
        for candidate in pool:
            coded = code(candidate, None)
            if coded is not None and (found is None or coded.cost < found.cost):
                found = coded
            if found is not None and not all_of_them:
                break
        if found is None:
            raise AssertionError("some candidate takes every array")
        return found

    def through(
        self, chain: Node, array: Array, total: int, context: Context, depth: int
    ) -> Coded | None:
        """Code an array as a chain says; None where a step of it refuses the array."""
        if not isinstance(chain, Branch):
            return self.end(Child(array), total, depth)
        step = STEPS[chain.step]
        parameters = refit(step, array, chain.parameters, context)
        children = None if parameters is None else step.split(array, parameters)
        if parameters is None or children is None:
            # The whole is not what the sample was: go on behind this step.
            if not is_plane(array.dtype):
                return None
            return self.best(array, total, step.TRAITS.stage + 1, context, depth)
        below = []
        # The whole may have children that the sample had not, such as listed values.
        for child, rest in zip(children, _open_from(chain, len(children)), strict=True):
            share = _share(child, array, total)
            coded = self.through(rest, child.plane, share, _INNER, depth) if rest != OPEN else None
            below.append(coded or self.end(child, share, depth))
        return self.joined(_Option(step, parameters, children), below, total)

    def joined(self, option: _Option, below: Sequence[Coded], total: int) -> Coded:
        """Put the children of a step together."""
        node = Branch(option.step.CODE, option.parameters, ())
        cost = sum(coded.cost for coded in below) + 8.0 * len(write_node(node))
        cost += total * self.price(option.step.TRAITS.decode_ns, option.step.TRAITS.encode_ns)
        node = node._replace(children=tuple(coded.node for coded in below))
        return Coded(cost, node, tuple(part for coded in below for part in coded.parts))

    def price(self, decode_ns: float, encode_ns: float) -> float:
        """Bits that the nanoseconds of a sample are worth."""
        return decode_ns * self.effort.decode_price + encode_ns * self.effort.encode_price

    def end(self, child: Child, total: int, depth: int) -> Coded:
        """Code a plane by a step that needs the whole of it, or by a plane model."""
        plane = child.plane
        if plane.size == 0:
            return Coded(0.0, Leaf(raw.CODE), ((plane, b""),))

        def code(option: _Option | None, samples: int | None) -> Coded | None:
            search = self if samples is None else self.judge()
            if option is None:
                part = plane if samples is None else rows_of(plane, samples)
                return search.model(child._replace(plane=part), total)
            below = []
            for sub in option.children:
                share, part = _share(sub, plane, total), sub.plane
                if samples is not None:
                    part = rows_of(part, max(1, samples * part.size // plane.size))
                if sub.next_stage == END or part.size == 0:
                    below.append(search.end(sub._replace(plane=part), share, depth + 1))
                else:
                    below.append(search.best(part, share, sub.next_stage, _INNER, depth + 1))
            return search.joined(option, below, total)

        return self.chosen(self.options(child, total, depth), plane.size, self.trials, code)

    def options(self, child: Child, total: int, depth: int) -> list[_Option | None]:
        """List what may become of a whole plane, by estimate: steps, and None for no step."""
        plane = child.plane
        if child.holes or depth >= _MOST_WHOLE:
            return [None]
        found: list[tuple[float, int, _Option | None]] = [(plane_bits(plane, total), 0, None)]
        for step in steps_from(STAGE_WHOLE, plane.dtype, self.effort):
            for parameters in step.candidates(plane, _INNER):
                children = step.split(plane, parameters)
                if children is None:
                    continue
                option = _Option(step, parameters, children)
                if not children:
                    return [option]
                bits = sum(plane_bits(sub.plane, _share(sub, plane, total)) for sub in children)
                bits += total * self.price(step.TRAITS.decode_ns, step.TRAITS.encode_ns)
                if bits < found[0][0]:
                    found.append((bits, len(found), option))
        found.sort()
        return [option for *_, option in found[: self.effort.beam if self.effort.trial else 1]]

    def model(self, child: Child, total: int) -> Coded:
        """Code a plane by the cheapest plane model."""
        plane = child.plane
        least: dict[int | None, float] = {}
        known: dict[Fit, Parameters | None] = {}

        def code(fit: Fit, samples: int | None) -> Coded | None:
            model = fit.model
            trial = plane if samples is None else sample_of(plane, samples)
            bound = model.bound(trial, total)
            # A table takes long to fit, and gains nothing where others reach what it could.
            if bound >= least.get(samples, math.inf):
                return None
            if bound > 0.0 and (self.judging or samples is not None):
                bits, data, leaf = bound, b"", Leaf(model.CODE)
            else:
                if fit not in known or not model.FITS_ON_A_PART:
                    part = plane if model.FITS_ON_A_PART else trial
                    known[fit] = model.propose(part, fit.level, child.holes)
                parameters = known[fit]
                if parameters is None:
                    return None
                data, leaf = model.encode(trial, parameters), Leaf(model.CODE, parameters)
                bits = _extrapolated(model, trial, leaf.parameters, len(data), total)
                bits += 8.0 * len(write_node(leaf))
            ns = model.decode_ns(leaf.parameters), model.encode_ns(leaf.parameters)
            bits += total * self.price(*ns)
            least[samples] = min(least.get(samples, math.inf), bits)
            return Coded(bits, leaf, ((trial, data),))

        fits = [fit for fit in self.effort.fits if fit.model.KNOWS_HOLES or not child.holes]
        if not self.effort.rounds and not self.judging:
            fits = [min(fits, key=lambda fit: self.estimated(fit, plane, total))]
        return self.chosen(fits, plane.size, self.effort.rounds, code)

    def estimated(self, fit: Fit, plane: Plane, total: int) -> float:
        """J of a plane model by its bound."""
        price = self.price(fit.model.decode_ns(()), fit.model.encode_ns(()))
        return fit.model.bound(plane, total) + total * price
