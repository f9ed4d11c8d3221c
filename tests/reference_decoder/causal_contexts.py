"""Contexts and holes of the plane model `causal`: what was decided before where it looked alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.reference_decoder.causal_functions import squash, stretch
from tests.reference_decoder.cells import Cells, mingle
from tests.reference_decoder.coding import Lane

__all__ = ["Contexts", "Holes", "Look", "decide"]

WHOLE = 1 << 24
COUNT = 11


def decide(lane: Lane, p: float) -> bool:
    """Pop a decision by the probability of yes."""
    zero = min(max(WHOLE - int(p * WHOLE), 128), WHOLE - 128)
    return not lane.decision(zero)


def _third(x: float, y: float) -> int:
    return (x > -y) + (x > y)


class Look(NamedTuple):
    """What a sample looks like before it is decoded."""

    near: Sequence[int]
    errors: Sequence[float]
    sides: Sequence[int]
    centre: float
    width: float
    base: int
    size: int
    place: int


class Contexts:
    """Cells that are shared by eleven contexts."""

    def __init__(self, n: int, rows: int) -> None:
        self._cells = Cells(n, rows, COUNT)
        self._keys: list[int] = []
        self._base = self._shift = 0

    def look(self, look: Look) -> None:
        """Set the keys of a sample."""
        inverse = 1 / look.width
        self._base, self._shift = look.base, max(look.size - 6, 0)
        d = [(float(p) - look.centre) * inverse for p in look.near[:6]]
        e = [error * inverse for error in look.errors[:4]]
        n = [p - look.base >> self._shift for p in look.near[:6]]
        prediction, octave = look.base >> self._shift, look.size
        pattern = errors = sides = levels = 0
        for k in range(6):
            pattern = 3 * pattern + _third(d[k], 0.5)
        for k in range(4):
            errors = 3 * errors + _third(e[k], 0.4)
        for p in look.sides[:12]:
            sides = 2 * sides + (p > look.centre)
        phase = int((look.centre + 1 - look.base) * 4)
        for k in range(2):
            levels = 5 * levels + int(min(max(e[k] * 1.2, -2.0), 2.0) + 2 + 0.5)
            levels = 7 * levels + int(min(max(d[k], -3.0), 3.0) + 3 + 0.5)
        properties = (
            (prediction,), (prediction, n[0], n[1]), (n[0], n[1], n[2], n[3]), (n[0], n[4]),
            (n[1], n[5]), (look.place, n[0], n[1]), (look.place, pattern, octave),
            (errors, octave), (phase, octave), (sides, octave), (levels,),
        )  # fmt: skip
        self._keys = []
        for j, values in enumerate(properties):
            key = mingle(j + 1, 0)
            for value in values:
                key = mingle(key, value)
            self._keys.append(key)

    def consult(self, split: int, node: int, row: int, mixed: float, twice: float) -> float:
        """Correct the logit of a decision."""
        decision = (split - self._base >> self._shift & WHOLE - 1) * 64 + node
        return self._cells.consult(self._keys, decision, node, row, mixed, twice * 0.5)

    def learn(self, row: int, one: int, error: float) -> None:
        """Learn from the decision that was consulted last."""
        self._cells.learn(row, one, error)


class Holes:
    """Decides which samples are holes, by which of their neighbours are."""

    def __init__(self) -> None:
        self._weights = [0.5] * 3
        self._cells: list[dict[int, tuple[float, float]]] = [{}, {}, {}]

    def next(self, lane: Lane, context: int) -> bool:
        """Decode whether a sample is a hole."""
        places = [context & (1 << bits) - 1 for bits in (4, 8, 14)]
        found = [
            cells.get(place, (0.5, 0.5)) for cells, place in zip(self._cells, places, strict=True)
        ]
        said = [stretch(p, 1 - p) for p, _ in found]
        dot = 0.0
        for weight, s in zip(self._weights, said, strict=True):
            dot = dot + weight * s
        mixed = squash(dot)
        hole = decide(lane, mixed)
        for j, (p, seen) in enumerate(found):
            self._weights[j] = self._weights[j] + (hole - mixed) * said[j] * 0.02
            learned = p + (hole - p) / (seen + 1.1)
            self._cells[j][places[j]] = learned, min(seen + 1, 255)
        return hole
