"""The plane model `counts`: few distinct symbols, contexts that learn."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.coding import Lane, floor_to, read_words, wrap
from tests.reference_decoder.counts_recipes import Recipe, recipe_of
from tests.reference_decoder.counts_tree import Node, read_lengths, tree_of
from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.tables import take

__all__ = ["decode_counts"]

Plane = NDArray[np.int64]
MASK = (1 << 64) - 1
BUCKETS = (1, 2, 3, 4, 6, 9, 16, 32, 128, 512)
BINS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64, 128, 511)
RECIPROCAL = [655360 // (10 * c + 16) for c in range(1024)]
FEW, MANY = 255, 1023


@cache
def _squash() -> list[int]:
    e = term = 1.0
    for k in range(1, 20):
        term = term / 170 / k
        e = e + term
    power = [1.0]
    for _ in range(2048):
        power.append(power[-1] * e)
    whole = float(1 << 24)
    low = [int(whole / (1 + power[2048 - j])) for j in range(2048)]
    return [*low, *((1 << 24) - int(whole / (1 + power[j])) for j in range(2048))]


@cache
def _stretch() -> list[float]:
    log = [0.0]
    for i in range(4095):
        t = 1 / (2 * i + 2)
        q, term, total, k = t * t, t, 0.0, 1
        while term > 1e-18:
            total = total + term / k
            term = term * q
            k += 2
        log.append(log[i] + 2 * total)
    narrow = [log[i] - log[4095 - i] for i in range(4096)]
    return [struct.unpack("<f", struct.pack("<f", x))[0] for x in narrow]


def _knot(x: float) -> int:
    # Far numbers first, which are no integers.
    return floor_to(0, int(max(min(x * 170 + 2048.5, 1e9), -1e9)), 4095)


def _count(bounds: tuple[int, ...], value: int) -> int:
    return sum(bound <= value for bound in bounds)


def _hash(x: int, v: int) -> int:
    x = (x + v + 1) * 0x9E3779B97F4A7C15 & MASK
    return x ^ x >> 29


class _Cell:
    """A probability of 22 bits, and what it has seen."""

    __slots__ = ("limit", "p", "seen")

    def __init__(self, limit: int, p: int = 1 << 21, seen: int = 0) -> None:
        self.limit, self.p, self.seen = limit, p, seen

    def learn(self, bit: bool) -> None:
        self.p += (bit * ((1 << 22) - 1) - self.p) * RECIPROCAL[self.seen] >> 16
        self.seen = min(self.seen + 1, self.limit)


class _Slots:
    """Slots of a hashed context, each a check and seven cells."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._slots: dict[int, tuple[int, list[_Cell]]] = {}

    def _slot(self, number: int) -> tuple[int, list[_Cell]]:
        if number not in self._slots:
            self._slots[number] = 0, [_Cell(FEW) for _ in range(8)]
        return self._slots[number]

    def find(self, x: int) -> list[_Cell]:
        x = x * 0xD6E8FEB86659FD93 & MASK
        check = x >> 8 & (1 << 32) - 1 | 1
        slot = x >> 64 - self._bits
        other = slot ^ 1
        if self._slot(slot)[0] != check:
            if self._slot(other)[0] == check:
                slot = other
            else:
                if self._slot(other)[1][1].seen < self._slot(slot)[1][1].seen:
                    slot = other
                self._slots[slot] = check, [_Cell(FEW) for _ in range(8)]
        return self._slots[slot][1]


class _Match:
    """Points at an earlier symbol that is expected again."""

    def __init__(self, least: int, bits: int) -> None:
        self._least, self._bits = least, bits
        self._table: dict[int, int] = {}
        self._cells = [_Cell(FEW) for _ in range(32)]
        self.place: int | None = None
        self.length = 0
        self.expected = -1

    def expect(self, symbols: list[int]) -> None:
        self.expected = -1 if self.place is None else symbols[self.place]

    def cell(self) -> _Cell:
        length = self.length
        return self._cells[length if length < 16 else min(16 + (length - 16 >> 3), 31)]

    def advance(self, symbols: list[int]) -> None:
        last = len(symbols) - 1
        if self.place is not None and symbols[self.place] == symbols[last]:
            self.place, self.length = self.place + 1, self.length + 1
        else:
            self.place, self.length = None, 0
        if last + 1 < self._least:
            return
        x = 0
        for back in range(self._least):
            x = _hash(x, symbols[last - back])
        h = x >> 62 - self._bits
        found = self._table.get(h)
        if self.place is None and found is not None:
            reach = 0
            while reach < min(32, found) and symbols[found - 1 - reach] == symbols[last - reach]:
                reach += 1
            if reach >= self._least:
                self.place, self.length = found, reach
        self._table[h] = last + 1


class _Linear:
    """One more centre: a linear prediction that learns."""

    def __init__(self, lags: tuple[int, ...], kinds: int) -> None:
        self._lags, self._kinds = lags, kinds
        size = len(lags) + 1
        self._w = [1.0] + [0.0] * (size - 1)
        self._covariance = self._fresh()
        self._z: list[float] = []
        self._guess = 0.0

    def _fresh(self) -> list[list[float]]:
        size = len(self._lags) + 1
        return [[1000.0 if i == j else 0.0 for j in range(size)] for i in range(size)]

    def centre(self, symbols: list[int]) -> int:
        n = len(symbols)
        each = 1 / self._kinds
        self._z = [float(symbols[n - lag] if lag <= n else 0) * each for lag in self._lags]
        self._z.append(1.0)
        guess = 0.0
        for w, z in zip(self._w, self._z, strict=True):
            guess = guess + w * z
        guess = guess if guess > 0 else 0.0
        self._guess = min(guess, 1.0)
        return int(self._guess * (2 * self._kinds) + 0.5)

    def learn(self, symbol: int) -> None:
        p, z, size = self._covariance, self._z, len(self._z)
        error = float(symbol) * (1 / self._kinds) - self._guess
        norm, trace, gain = 0.998, 0.0, []
        for k in range(size):
            g = 0.0
            for m in range(size):
                g = g + p[k][m] * z[m]
            gain.append(g)
            norm = norm + g * z[k]
            trace = trace + p[k][k]
        if not norm > 0:
            self._covariance = self._fresh()
            return
        growth = 1 / 0.998 if trace < size * 1000 else 1.0
        for k in range(size):
            step = gain[k] / norm
            self._w[k] = self._w[k] + step * error
            for m in range(k + 1):
                p[k][m] = p[m][k] = (p[k][m] - step * gain[m]) * growth


class _Decoder:
    """Decodes symbols one after another."""

    def __init__(
        self, lane: Lane, recipe: Recipe, weights: list[int], slot_bits: int, informed: bool
    ) -> None:
        self._lane, self._recipe = lane, recipe
        self.nodes, cum = tree_of(weights)
        self._kinds = len(weights)
        self._symbols: list[int] = []
        hashed = len(recipe.hashed)
        self._inputs = hashed + 1 + len(recipe.relatives) + len(recipe.matches)
        self._slots = [_Slots(slot_bits) for _ in recipe.hashed]
        self._own = [self._own_cell(node, cum, informed) for node in self.nodes]
        self._relatives: list[dict[int, _Cell]] = [{} for _ in recipe.relatives]
        self._matches = [_Match(least, slot_bits) for least in recipe.matches]
        self._linear = [_Linear(recipe.linear, self._kinds) for _ in range(recipe.phases)]
        w = 1 / self._inputs
        self._weight = [[w] * self._inputs for _ in range(48)]
        self._second = [[w] * self._inputs for _ in range(363)]
        self._confidence = [[-w / (1 + 2 * b) for b in range(11)] for _ in range(self._inputs)]
        self._confidence[hashed] = [0.0] * 11
        self._rows = 1 << min(slot_bits - 2, 14)
        self._refinements: dict[int, list[int]] = {}
        self._rate = (0.09 / self._inputs) / 2**24
        self.popped = 0

    @staticmethod
    def _own_cell(node: Node, cum: list[int], informed: bool) -> _Cell:
        if not informed:
            return _Cell(MANY)
        everything, ones = cum[node.end] - cum[node.begin], cum[node.end] - cum[node.middle]
        f = 12 if everything >= 1 << 40 else 0
        p = (ones >> f << 22) // (everything >> f)
        return _Cell(MANY, floor_to(1 << 8, p, (1 << 22) - (1 << 8)), 32)

    def _refinement(self, q: int) -> list[int]:
        if q not in self._refinements:
            self._refinements[q] = [_squash()[min(128 * j, 4095)] for j in range(33)]
        return self._refinements[q]

    def _at(self, lag: int) -> int:
        return self._symbols[-lag] if lag <= len(self._symbols) else 0

    def _hashes(self, phase: int) -> list[int]:
        out, first = [], 0
        hashed = self._recipe.hashed
        for j, lags in enumerate(hashed):
            if j and lags[: len(hashed[j - 1])] != hashed[j - 1]:
                first = j
            x = _hash(first, phase) if self._recipe.phases > 1 else first
            for lag in lags:
                x = _hash(x, self._at(lag))
            out.append(x)
        return out

    def next(self) -> int:
        """Decode a symbol."""
        phase = len(self._symbols) % self._recipe.phases
        hashes = self._hashes(phase)
        centres = [sum(f * self._at(lag) for f, lag in terms) for terms in self._recipe.centres]
        linear = self._linear[phase]
        if self._recipe.linear:
            centres.append(linear.centre(self._symbols))
        for match in self._matches:
            match.expect(self._symbols)
        longest = max((m.length for m in self._matches if m.place is not None), default=0)
        matched = 0 if longest == 0 else 1 if longest < 16 else 2
        node: Node | None = self.nodes[0]
        slots: list[list[_Cell]] = []
        while node is not None:
            if node.place == 1:
                slots = [
                    each.find(_hash(x, node.group))
                    for each, x in zip(self._slots, hashes, strict=True)
                ]
            cells = [slot[node.place] for slot in slots]
            cells.append(self._own[node.number])
            cells += self._relative_cells(node, phase, centres)
            bit = self._decide(node, cells, matched, hashes)
            symbol = node.middle if bit else node.middle - 1
            node = node.above if bit else node.below
        self._symbols.append(symbol)
        if self._recipe.linear:
            linear.learn(symbol)
        for match in self._matches:
            match.advance(self._symbols)
        over = 1 + float(len(self._symbols) - 1) * 0.002
        self._rate = max(0.002, (0.09 / self._inputs) / over) / 2**24
        return symbol

    def _relative_cells(self, node: Node, phase: int, centres: list[int]) -> list[_Cell]:
        fine = []
        for c in centres:
            d = 2 * (c - 2 * node.middle + 1)
            size = min(2 * abs(d) >> node.size_class, 511)
            fine.append(16 + _count(BINS, size) if d >= 0 else 15 - _count(BINS, size))
        out = []
        for cells, (kind, c, other) in zip(self._relatives, self._recipe.relatives, strict=True):
            of_size = phase * 18 + node.size_class
            if kind == 0:
                place = of_size * 32 + fine[c]
            elif kind == 1:
                place = node.number * 16 + (fine[c] >> 1)
            else:
                place = (of_size * 16 + (fine[c] >> 1)) * 16 + (fine[other] >> 1)
            if place not in cells:
                cells[place] = _Cell(FEW if kind == 1 else MANY)
            out.append(cells[place])
        return out

    def _decide(self, node: Node, cells: list[_Cell], matched: int, hashes: list[int]) -> bool:
        stretch, squash = _stretch(), _squash()
        logits = [stretch[cell.p >> 10] for cell in cells]
        trust = [_count(BUCKETS, cell.seen) for cell in cells]
        for match in self._matches:
            if match.expected < 0:
                logits.append(0.0)
                trust.append(0)
                continue
            cell = match.cell()
            logit = stretch[cell.p >> 10]
            logits.append(logit if match.expected >= node.middle else -logit)
            trust.append(_count(BUCKETS, cell.seen))
        confidence = [each[t] for each, t in zip(self._confidence, trust, strict=True)]
        weight = self._weight[min(node.depth, 15) * 3 + matched]
        x1 = 0.0
        for w, c, logit in zip(weight, confidence, logits, strict=True):
            x1 = x1 + (w + c) * logit
        p1 = mass = squash[_knot(x1)]
        p2, k, second = 0, 0, weight
        rows: list[list[int]] = []
        if self._recipe.strong:
            hashed = len(self._recipe.hashed)
            second = self._second[(trust[0] * 11 + trust[hashed - 1]) * 3 + matched]
            x2 = 0.0
            for w, c, logit in zip(second, confidence, logits, strict=True):
                x2 = x2 + (w + c) * logit
            p2 = squash[_knot(x2)]
            k = _knot((x1 + x2) * 0.5)
            q = node.number % self._rows
            rows = [
                self._refinement(q),
                self._refinement(self._rows + (hashes[0] % self._rows ^ q)),
            ]
            part, below = k % 128, k >> 7
            refined = [row[below] * (128 - part) + row[below + 1] * part >> 7 for row in rows]
            mass = 2 * squash[k] + refined[0] + refined[1] >> 2
        bit = self._lane.decision(mass)
        self.popped += 1
        step = float((bit << 24) - p1) * self._rate
        for j, logit in enumerate(logits):
            delta = step * logit
            weight[j] += delta
            self._confidence[j][trust[j]] += delta
        if self._recipe.strong:
            step = float((bit << 24) - p2) * self._rate
            for j, logit in enumerate(logits):
                second[j] += step * logit
            for row in rows:
                row[k + 64 >> 7] += (bit << 24) - row[k + 64 >> 7] >> 6
        for cell in cells:
            cell.learn(bit)
        for match in self._matches:
            if match.expected >= 0:
                hit = (match.expected >= node.middle) == bit
                match.cell().learn(hit)
                if not hit:
                    match.expected = -1
        return bit


def decode_counts(parameters: Iterator[int], reader: Reader, shape: tuple[int, ...]) -> Plane:
    """Decode each symbol as decisions down a tree."""
    n = prod(shape)
    low = take(parameters, -(1 << 63), (1 << 63) - 1)
    size = take(parameters, 1, min(1 << 16, (1 << 63) - low))
    number = take(parameters, 0, 9)
    most = ((2 * n + 2) * (1 + (size - 1).bit_length() // 3)).bit_length()
    slot_bits = take(parameters, 6, min(max(most, 6), 17))
    informed = take(parameters, 0, 1)
    if n > 1 << 24 or (number in (4, 5) and (not shape or shape[-1] > 64)):
        raise RefusedError("counts: not for this shape")
    if size == 1:
        return np.full(shape, low, np.int64)
    if reader.remaining % 4:
        raise RefusedError("counts: the data end inside a word")
    lane = Lane(read_words(reader, reader.remaining // 4))
    lengths = read_lengths(lane, size) if informed else [1] * size
    occurring = [k for k, length in enumerate(lengths) if length]
    if not occurring:
        raise RefusedError("counts: no symbol occurs")
    symbols = [0] * n
    if len(occurring) > 1:
        weights = [1 << 36 - lengths[k] for k in occurring]
        recipe = recipe_of(number, shape)
        decoder = _Decoder(lane, recipe, weights, slot_bits, bool(informed))
        most_decisions = n * ((len(occurring) - 1).bit_length() + 3)
        for i in range(n):
            if decoder.popped > most_decisions:
                raise RefusedError("counts: too many decisions")
            symbols[i] = decoder.next()
    lane.finish()
    return np.array([wrap(low + occurring[k]) for k in symbols], np.int64).reshape(shape)
