"""What planes cost: by estimates, by coding parts of them, and by coding them.

The plane models compete for a plane on larger and larger parts of it: those that are clearly dearer
drop out (successive halving: Jamieson and Talwalkar, 2016). What was learned of a plane is kept,
for many chains leave the same one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from compress.pipeline.effort import Effort, Fit
from compress.pipeline.tree import Leaf, Node, write_node
from compress.prediction import raw
from compress.prediction.common.entropy import plane_bits
from compress.prediction.model import Parameters, Plane
from compress.sampling import sample_of
from compress.transforms.step import Child
from compress.work import check

__all__ = ["FINALISTS", "Considered", "Judge", "Tried"]

# Bits that a model learns for: it pays them once, a trial counts them for every part of the plane.
_LEARNING = 1000.0
# Share of its bits that the time of a plane may count for: without it, a plane of a twentieth of a
# bit a sample is never coded by an adaptive model, which makes it a third smaller.
_DEAREST = 0.1
# Share of the bits of a chain below which a plane is not coded to judge the chain: fitting a model
# takes up to a tenth of a second, and estimates are not wrong by more than their half.
_MINOR = 1 / 32
# How many of those that trials leave are coded in full: each takes as long as the result.
FINALISTS = 2
# How close to the cheapest by its bound a plane model must be to code the plane as well.
_CLOSE = 1.03
# How much dearer than the cheapest a plane model may be by its bound, and yet code a whole plane:
# bounds are estimates, which samples mislead by some percent.
_MISJUDGED = 1.05
# Samples that a plane is judged by at least.
_LEAST_PART = 1 << 10


class Considered(NamedTuple):
    """A candidate that was judged: on how many of how many samples, J in bits of all, its plan."""

    samples: int
    size: int
    cost: float
    node: Node


class Tried(NamedTuple):
    """J of a plane by a plane model, and what it makes of what was coded."""

    cost: float
    leaf: Leaf
    data: bytes


def _finalists(pool: list[Fit]) -> list[Fit]:
    """Keep the best fits on a part; where they are of one model, the best of another as well.

    Fits of one model err alike on a part: what learns longer is judged too dear there.
    """
    kept = pool[:FINALISTS]
    others = [fit for fit in pool if fit.model is not pool[0].model]
    return kept if any(fit in kept for fit in others) else [*kept, *others[:1]]


class Judge(NamedTuple):
    """Judges planes at a level, and remembers what it learned of them.

    Planes that are known by their identity are kept alive beside what is known.
    """

    effort: Effort
    considered: list[Considered]
    # What models that look at a part only learned of a plane.
    known: dict[tuple[int, Fit], tuple[Plane, Parameters | None]]
    # What trials of planes were coded to.
    trials: dict[tuple[int, int, tuple[int, int]], tuple[Plane, tuple[Leaf, bytes] | None]]
    # What models made of a part of a plane, of so many samples.
    compared: dict[int, tuple[int, dict[tuple[int, int], float]]]
    # J of planes on parts of so many samples, and estimates of it.
    judged: dict[tuple[int, int, bool], tuple[Plane, float]]
    estimates: dict[tuple[int, int], tuple[Plane, float]]

    def price(self, decode_ns: float, encode_ns: float) -> float:
        """Bits that the nanoseconds of a sample are worth."""
        return decode_ns * self.effort.decode_price + encode_ns * self.effort.encode_price

    def estimate(self, leaves: Sequence[Child]) -> float:
        """Estimate the bits of the planes of a chain."""
        return sum(self.rough(leaf, 1.0) for leaf in leaves)

    def together(self, leaves: Sequence[Child], share: float, by_bounds: bool) -> float:
        """J of the planes of a chain; an estimate will do for those that hardly count."""
        rough = [self.rough(leaf, share) for leaf in leaves]
        least = _MINOR * sum(rough)
        return sum(
            bits if bits < least else self.judge(leaf, share, by_bounds)
            for leaf, bits in zip(leaves, rough, strict=True)
        )

    def rough(self, leaf: Child, share: float) -> float:
        """Estimate the bits of a plane."""
        samples = max(_LEAST_PART, round(share * leaf.plane.size))
        key = id(leaf.plane), samples
        if key not in self.estimates:
            part = sample_of(leaf.plane, samples)
            self.estimates[key] = leaf.plane, plane_bits(part, leaf.plane.size)
        return self.estimates[key][1]

    def judge(self, child: Child, share: float, by_bounds: bool) -> float:
        """J of a plane, by coding a share of it with few plane models, or by their bounds."""
        if child.plane.size == 0:
            return 0.0
        samples = max(_LEAST_PART, round(share * child.plane.size))
        key = id(child.plane), samples, by_bounds
        if key not in self.judged:
            part = sample_of(child.plane, samples)
            self.judged[key] = child.plane, self.cost(child, part, by_bounds)
        return self.judged[key][1]

    def cost(self, child: Child, part: Plane, by_bounds: bool) -> float:
        """J of a plane, judged anew, by models that were not clearly dearer on fewer samples."""
        samples, before = self.compared.get(id(child.plane), (part.size, {}))
        most = self.most(min(before.values(), default=0.0), samples, part.size)
        least = math.inf
        costs: dict[tuple[int, int], float] = {}
        for fit in self.fits(child, self.effort.judges):
            if before.get(fit.key, 0.0) > most:
                continue
            tried = self.tried(fit, part, child, least, by_bounds=by_bounds)
            if tried is not None:
                costs[fit.key] = tried.cost
                least = min(least, tried.cost)
        if part.size < child.plane.size:
            self.compared[id(child.plane)] = part.size, costs
        return least

    def model(self, child: Child) -> Tried:
        """Choose the plane model of a plane and code the plane."""
        plane, effort = child.plane, self.effort
        if plane.size == 0:
            return Tried(0.0, Leaf(raw.CODE), b"")
        pool = fits = self.fits(child, effort.fits)
        if not effort.trials:
            pool = self.promising(pool, plane)
        rounds = [samples for samples in effort.rounds if 2 * samples <= plane.size]
        declined: list[Fit] = []
        for samples in rounds if len(pool) > 1 else ():
            trial = sample_of(plane, samples)
            scored: list[tuple[float, Fit]] = []
            declined = []
            for fit in pool:
                least = min((cost for cost, _ in scored), default=math.inf)
                tried = self.tried(fit, trial, child, least)
                if tried is not None:
                    scored.append((tried.cost, fit))
                    judged = Considered(trial.size, plane.size, tried.cost, tried.leaf)
                    self.considered.append(judged)
                elif fit.model.bound(trial, plane.size) == 0.0:
                    # A part may lack what a model is for, such as whole blocks.
                    declined.append(fit)
            scored.sort(key=lambda pair: pair[0])
            most = self.most(scored[0][0], trial.size, plane.size)
            pool = [*(fit for cost, fit in scored if cost <= most), *declined]
            if len(pool) < 2:
                break
        # What is small is coded by all that are left, else the best two.
        if rounds and len(rounds) == len(effort.rounds):
            pool = [*_finalists([fit for fit in pool if fit not in declined]), *declined]
        best: Tried | None = None
        for fit in [*pool, *(other for other in fits if other not in pool)]:
            # Others only where these decline the whole plane.
            if best is not None and fit not in pool:
                break
            least = best.cost if best is not None else math.inf
            tried = self.tried(fit, plane, child, least)
            if tried is not None and tried.cost < least:
                best = tried
        if best is None:
            raise AssertionError("plain bits take every plane")
        return best

    def most(self, least: float, samples: int, size: int) -> float:
        """J up to which a candidate goes on, tried on so many of so many samples."""
        noise = self.effort.slack / math.sqrt(samples)
        return least * (1.0 + noise) + _LEARNING * max(0.0, size / samples - 1.0)

    def fits(self, child: Child, fits: Sequence[Fit]) -> list[Fit]:
        """List the plane models that can take a plane and are repaid by it."""
        size = child.plane.size
        knowing = [fit for fit in fits if fit.model.KNOWS_HOLES or not child.holes]
        return [fit for fit in knowing if fit.least <= size]

    def promising(self, fits: list[Fit], plane: Plane) -> list[Fit]:
        """Keep the plane model that is estimated cheapest, and where they can err those close."""
        rough = {fit.key: self.estimated(fit, plane) for fit in fits}
        most = min(rough.values()) * (_CLOSE if self.effort.beyond_estimates else 1.0)
        fits = sorted(fits, key=lambda fit: rough[fit.key])
        return [fit for fit in fits if rough[fit.key] <= most or fit is fits[0]]

    def estimated(self, fit: Fit, plane: Plane) -> float:
        """J of a plane model by its bound."""
        price = self.price(fit.model.decode_ns(()), fit.model.encode_ns(()))
        bound = fit.model.bound(plane, plane.size, self.effort.sample)
        return bound + min(plane.size * price, _DEAREST * bound)

    def learned(self, fit: Fit, trial: Plane, child: Child) -> Parameters | None:
        """Learn the parameters of a model for a trial of a plane."""
        if not fit.model.FITS_ON_A_PART:
            return fit.model.propose(trial, fit.level, child.holes)
        key = id(child.plane), fit
        if key not in self.known:
            found = fit.model.propose(child.plane, fit.level, child.holes)
            self.known[key] = child.plane, found
        return self.known[key][1]

    def tried(
        self, fit: Fit, trial: Plane, child: Child, least: float, *, by_bounds: bool = False
    ) -> Tried | None:
        """Code a trial of a plane by a model; None where the model does not fit or cannot win.

        The bound of a model stands for its code where only a part is tried.
        """
        model, total = fit.model, child.plane.size
        whole = not by_bounds and trial.size == total
        # A bound is of no use where there is nothing to beat.
        bound = 0.0 if whole and least == math.inf else model.bound(trial, total)
        if bound >= least * (_MISJUDGED if whole else 1.0):
            return None
        data, leaf, bits = b"", Leaf(model.CODE), bound
        if bound == 0.0 or whole:
            coded = self.coded_trial(fit, trial, child)
            if coded is None:
                return None
            leaf, data = coded
            bits = 8.0 * (len(data) * total / trial.size + len(write_node(leaf)))
        price = total * self.price(
            model.decode_ns(leaf.parameters), model.encode_ns(leaf.parameters)
        )
        return Tried(bits + min(price, _DEAREST * bits), leaf, data)

    def coded_trial(self, fit: Fit, trial: Plane, child: Child) -> tuple[Leaf, bytes] | None:
        """Code a trial of a plane, unless this was done; None where the model does not fit."""
        key = id(child.plane), trial.size, fit.key
        if key not in self.trials:
            check()
            parameters = self.learned(fit, trial, child)
            found = None
            if parameters is not None:
                found = Leaf(fit.model.CODE, parameters), fit.model.encode(trial, parameters)
            self.trials[key] = child.plane, found
        return self.trials[key][1]
