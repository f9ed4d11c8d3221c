"""The plane model `coefficients`: blocks of 64 multiples, from low to high frequencies."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.causal_contexts import decide
from tests.reference_decoder.causal_functions import product, squash, stretch, student, update
from tests.reference_decoder.cells import Cells, mingle
from tests.reference_decoder.coding import Lane, pattern, read_words
from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.tables import take

__all__ = ["decode_coefficients"]

Plane = NDArray[np.int64]
Floats = NDArray[np.float64]

ZIGZAG = sorted(
    range(64), key=lambda k: (k // 8 + k % 8, k // 8 if (k // 8 + k % 8) % 2 else k % 8)
)
RINGS = (
    1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128,
    *(1 << i for i in range(8, 22)),
)  # fmt: skip
FEATURES, ZONES, CLASSES, CONTEXTS = 28, 15, 48, 4
LEARN, BIAS, FORGETTING = 0.006, 0.3, 0.998


def decode_coefficients(parameters: Iterator[int], reader: Reader, shape: tuple[int, ...]) -> Plane:
    """Decode blocks row by row."""
    largest = take(parameters, 1, 1 << 20)
    if len(shape) != 3 or shape[2] != 64 or reader.remaining % 4:
        raise RefusedError("coefficients: no blocks, or data that end inside a word")
    lane = Lane(read_words(reader, reader.remaining // 4))
    decoder = _Decoder(lane, shape, largest)
    for row in range(shape[0]):
        for column in range(shape[1]):
            decoder.block(row, column)
    lane.finish()
    return np.array(decoder.past, np.int64).reshape(shape)


def _class(size: float) -> int:
    return min((pattern(size + 0.0625) >> 51) - 2038, CLASSES - 1)


def _cut(value: int, most: int) -> int:
    return min(max(value, -most), most)


class _Near(NamedTuple):
    """Blocks nearby; None where there is none."""

    here: int
    left: int | None
    up: int | None
    corner: int | None
    other: int | None
    far: int | None


class _Place:
    """A coefficient, and the two distributions around its prediction."""

    def __init__(self, k: int, centre: float, sizes: list[float]) -> None:
        self.k, self.centre, self.sizes = k, centre, sizes
        self.zone = k // 8 + k % 8
        self.classes = [_class(size) for size in sizes]
        self.rates: list[float] = []
        self.keys: list[int] = []


class _Decoder:
    """What is learned, and the coefficients so far."""

    def __init__(self, lane: Lane, shape: tuple[int, ...], largest: int) -> None:
        n = prod(shape)
        self._lane, self._columns, self._largest = lane, shape[1], largest
        self.past = [0] * n
        self._errors = [0.0] * n
        self._weights = [np.zeros(FEATURES) for _ in range(64)]
        self._inverse = [np.eye(FEATURES) for _ in range(64)]
        self._scales = [[0.0] * CLASSES for _ in range(2 * ZONES)]
        self._counts = [[0] * CLASSES for _ in range(2 * ZONES)]
        self._mix_zone = [[0.5, 0.5, 0.0] for _ in range(64 * ZONES)]
        self._mix_class = [[0.5, 0.5, 0.0] for _ in range(64 * CLASSES)]
        self._usual, self._seen = [0.5] * 64, [0] * 64
        self._cells = Cells(n, 64 * ZONES, CONTEXTS)

    def block(self, row: int, column: int) -> None:
        """Decode a block."""
        here = 64 * (row * self._columns + column)
        up = here - 64 * self._columns if row else None
        near = _Near(
            here,
            here - 64 if column else None,
            up,
            up - 64 if up is not None and column else None,
            up + 64 if up is not None and column + 1 < self._columns else None,
            here - 128 if column > 1 else None,
        )
        nonzero = 0
        for k in ZIGZAG:
            nonzero += self._coefficient(near, k, nonzero) != 0

    def _coefficient(self, near: _Near, k: int, nonzero: int) -> int:
        features, usual = self._features(near, k), self._usual[k]
        errors, lower, around = self._sizes(near, k)
        centre = product(self._weights[k], features) if usual > 0.02 else 0.0
        centre = centre if -1e6 < centre < 1e6 else 0.0
        place = _Place(k, centre, [errors + 0.25 * lower, lower + 0.3 * around])
        for e in range(2):
            i, c = e * ZONES + place.zone, place.classes[e]
            known = self._scales[i][c] if self._counts[i][c] else place.sizes[e] + 0.1
            place.rates.append(1 / (known * 1.05 + 0.02))
        place.keys = self._keys(near.here, place, _class(lower), nonzero)
        value = self._decided(place)
        self.past[near.here + k] = value
        miss = value - centre
        for e in range(2):
            scales, counts = (
                self._scales[e * ZONES + place.zone],
                self._counts[e * ZONES + place.zone],
            )
            c = place.classes[e]
            if counts[c] == 0:
                scales[c] = 0.5 * (abs(miss) + place.sizes[e] + 0.1)
            counts[c] = min(counts[c] + 1, 100)
            scales[c] = scales[c] + (abs(miss) - scales[c]) / (counts[c] + 1)
        self._errors[near.here + k] = float(np.float32(abs(miss)))
        self._seen[k] = min(self._seen[k] + 1, 200)
        self._usual[k] = usual + (abs(value) - usual) / (self._seen[k] + 1)
        if usual > 0.02:
            local = place.sizes[0] + 0.05
            variance = local * sqrt(local) + 0.01
            update(self._weights[k], self._inverse[k], features, miss, variance, FORGETTING)
        return value

    def _at(self, block: int | None, k: int) -> int:
        return 0 if block is None else self.past[block + k]

    def _features(self, near: _Near, k: int) -> Floats:
        v, u = divmod(k, 8)
        here = near.here
        found = [self._at(near.left, 8 * v + i) for i in range(8)]
        found += [self._at(near.up, 8 * i + u) for i in range(8)]
        found += [self.past[here + k - 1 - i] if i < u else 0 for i in range(4)]
        found += [self.past[here + k - 8 * (1 + i)] if i < v else 0 for i in range(4)]
        found += [self._at(near.corner, k), self._at(near.other, k)]
        found += [self.past[here + k - 9] if u and v else 0, self._at(near.far, k)]
        return np.array(found, np.float64)

    def _sizes(self, near: _Near, k: int) -> tuple[float, float, float]:
        """Errors nearby; magnitudes of lower frequencies; those of others nearby."""
        v, u = divmod(k, 8)
        own, usual = self._usual[k], self._usual

        def error(block: int | None) -> float:
            return own if block is None else self._errors[block + k]

        def size(block: int | None, m: int) -> float:
            return usual[m] if block is None else float(abs(self.past[block + m]))

        errors = (
            2 * error(near.left) + 2 * error(near.up) + error(near.corner) + error(near.other)
        ) / 6
        sizes = (
            2 * size(near.left, k) + 2 * size(near.up, k) + size(near.corner, k)
            + size(near.other, k) + size(near.far, k)
        ) / 7  # fmt: skip
        total = weight = around = much = 0.0
        for i in range(max(v - 2, 0), min(v + 3, 8)):
            for j in range(max(u - 2, 0), min(u + 3, 8)):
                m, distance = 8 * i + j, abs(i - v) + abs(j - u)
                if distance == 0 or m == 0:
                    continue
                share = own / (usual[m] + 0.02)
                if i + j < v + u:
                    w = 1 / distance
                    total = total + w * abs(self.past[near.here + m]) * share
                    weight = weight + w
                elif distance <= 2:
                    around = around + (size(near.left, m) + size(near.up, m)) * share
                    much = much + 2
        lower = total / weight if weight > 0 else sizes
        return errors, lower, around / much if much > 0 else sizes

    def _keys(self, here: int, place: _Place, size: int, nonzero: int) -> list[int]:
        k = place.k

        def lower(down: int, across: int) -> int:
            inside = k // 8 >= down and k % 8 >= across
            return self.past[here + k - 8 * down - across] if inside else 0

        west, north = lower(0, 1), lower(1, 0)
        phase = int(min(max(place.centre * 4, -40.0), 40.0) + 40 + 0.5)
        beside = min(abs(west), 3) * 4 + min(abs(north), 3)
        further = 0
        for one in (lower(1, 1), lower(0, 2), lower(2, 0)):
            further = further * 3 + min(abs(one), 2)
        return [
            mingle(mingle(1, k), size * CLASSES + nonzero),
            mingle(mingle(2, k), _cut(west, 3) * 7 + _cut(north, 3)),
            mingle(mingle(3, place.zone), phase * CLASSES + place.classes[0]),
            mingle(mingle(mingle(4, k), beside), further),
        ]

    def _decided(self, place: _Place) -> int:
        """Decode a coefficient by its decisions."""
        rates, centre = place.rates, place.centre
        below = [student((-0.5 - centre) * rate) for rate in rates]
        above = [1 - student((0.5 - centre) * rate) for rate in rates]
        logits = [stretch(b + a, 1 - b - a) for b, a in zip(below, above, strict=True)]
        if not self._decide(place, 0, logits, 0, 1):
            return 0
        logits = [stretch(a, b) for b, a in zip(below, above, strict=True)]
        sign = 1 if self._decide(place, 1, logits, 0, 1) else -1
        at = [centre * sign] * 2
        below = [student((0.5 - a) * rate) for a, rate in zip(at, rates, strict=True)]
        above = [1.0, 1.0]
        low, high, ring, depth, rising = 1, self._largest + 1, 0, 0, True
        while high - low > 1:
            if rising:
                ring += 1
                split, node = RINGS[ring], min(1 + ring, 39)
                if split >= high:
                    rising = False
                    continue
            else:
                split, node = low + high >> 1, 40 + min(depth, 3) * 6 + min(ring // 4, 5)
                depth += 1
            middle = [student((split - 0.5 - a) * rate) for a, rate in zip(at, rates, strict=True)]
            logits = [stretch(above[e] - middle[e], middle[e] - below[e]) for e in range(2)]
            if self._decide(place, node, logits, split, sign):
                low, below = split, middle
            else:
                high, above, rising = split, middle, False
        return low * sign

    def _decide(self, place: _Place, node: int, logits: list[float], split: int, sign: int) -> bool:
        row = node * ZONES + place.zone
        zone, klass = self._mix_zone[row], self._mix_class[node * CLASSES + place.classes[0]]
        logits = [*logits, BIAS]
        dot = 0.0
        for e in range(3):
            dot = dot + (zone[e] + klass[e]) * logits[e]
        mixed = squash(dot * 0.5)
        decision = (split * 2 + (sign > 0)) * 64 + node
        said = self._cells.consult(place.keys, decision, node, row, mixed, dot * 0.5)
        corrected = squash(said)
        yes = decide(self._lane, corrected)
        self._cells.learn(row, int(yes), yes - corrected)
        step = (yes - mixed) * LEARN
        for e in range(3):
            zone[e] = zone[e] + step * logits[e]
            klass[e] = klass[e] + step * logits[e]
        return yes
