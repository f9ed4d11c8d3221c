"""The plane model `causal`: experts that learn, mixed decisions."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf, prod, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.causal_contexts import Contexts, Holes, Look, decide
from tests.reference_decoder.causal_functions import (
    class_of,
    product,
    squash,
    stretch,
    student,
    update,
)
from tests.reference_decoder.causal_outliers import Outliers
from tests.reference_decoder.coding import Lane, floor_to, read_words, unpack, wrap
from tests.reference_decoder.models_classes import take_axes
from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.scans import Offset, nearest, neighbour, put_spikes, read_list
from tests.reference_decoder.tables import take

__all__ = ["decode_causal"]

Plane = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Recipe(NamedTuple):
    orders: tuple[int, ...]
    memories: tuple[float, ...]
    near: int
    learn: float
    trust: float
    contexts: bool


RECIPES = (
    _Recipe((8,), (300,), 8, 0.015, 0.6, False),
    _Recipe((16,), (400,), 8, 0.015, 0.6, False),
    _Recipe((28,), (500,), 8, 0.015, 0.6, False),
    _Recipe((8, 16), (100, 400), 8, 0.006, 0.6, False),
    _Recipe((12, 32), (100, 600), 8, 0.006, 0.6, False),
    _Recipe((8, 20, 32), (60, 300, 1500), 8, 0.004, 0.4, True),
    _Recipe((4, 12, 20, 32), (50, 150, 500, 2000), 10, 0.003, 0.4, True),
    _Recipe((16, 16, 32, 32, 64), (60, 150, 300, 1000, 3000), 14, 0.003, 0.4, True),
    _Recipe(
        (4, 8, 16, 16, 32, 32, 64, 64, 96),
        (40, 40, 80, 200, 300, 1000, 800, 3000, 6000),
        14,
        0.002,
        0.4,
        True,
    ),
)
RINGS = (
    0.35, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0, 22.0, 32.0,
    45.0, 64.0, 90.0, 128.0,
)  # fmt: skip
NODES, OCTAVES, PHASES, CLASSES = 64, 16, 64, 280
# Entries of a refinement less 1, and the last place in it.
ENTRIES, LAST = 33, 33 - 1.001


class _Input(NamedTuple):
    """One of the two densities of an expert."""

    number: int
    klass: int
    at: float
    rate: float


class _Scan(NamedTuple):
    sizes: list[int]
    steps: list[int]
    channel_axis: int


class _Sizes:
    """What a model learned of the errors of each input."""

    def __init__(self, inputs: int) -> None:
        self.scale = [[0.0] * CLASSES for _ in range(inputs)]
        self.count = [[0] * CLASSES for _ in range(inputs)]


class _Model:
    """What is kept of a channel, or of samples among holes."""

    def __init__(self, recipe: _Recipe, experts: int, grid: int) -> None:
        self.weights = [np.zeros(order) for order in recipe.orders]
        self.covariances = [np.eye(order) for order in recipe.orders]
        stacked = -(-len(recipe.orders) // 4) * 4
        self.stack_weights, self.stack_covariance = np.zeros(stacked), np.eye(stacked)
        self.sizes = _Sizes(2 * experts)
        self.residue, self.warp = [1.0] * grid, [0.0] * grid

    def count(self, value: int) -> None:
        """Count a residue, and warp the grid by all of them."""
        grid = len(self.residue)
        self.residue[value % grid] += 1
        total = 0.0
        for residue in self.residue:
            total = total + residue
        if total > 4000:
            self.residue = [residue * 0.5 for residue in self.residue]
            total = total * 0.5
        room, cumulative = grid / total, 0.0
        for k, residue in enumerate(self.residue):
            self.warp[k] = cumulative * room - k
            cumulative = cumulative + residue


class _Row(NamedTuple):
    """Where a decision is, and what it learns from."""

    node: int
    octave: int
    signs: int
    phase: int


class _Mixer:
    """Mixes the inputs of a decision, and refines what they say."""

    def __init__(self, recipe: _Recipe, inputs: int, grid: int, contexts: Contexts | None) -> None:
        self._learn, self._contexts = recipe.learn, contexts
        self._phased = grid > 1 and not recipe.contexts
        self._trust_phase = 0.5 * recipe.trust if self._phased else 0.0
        self._trust_signs = recipe.trust - self._trust_phase if self._phased else recipe.trust
        self._trust_plain = 1 - recipe.trust
        first = [1 / inputs] * inputs + [0.0]
        self._octave = [list(first) for _ in range(NODES * OCTAVES)]
        self._node = [list(first) for _ in range(NODES)]
        row = [squash((j - 16) * 0.5) for j in range(ENTRIES)]
        self._signs = [list(row) for _ in range(NODES * 16)]
        self._phases = [list(row) for _ in range(NODES * PHASES)] if self._phased else []

    def decide(self, lane: Lane, at: _Row, split: int, logits: list[float]) -> bool:
        """Pop a decision, and learn from it."""
        row = at.node * OCTAVES + at.octave
        octave, node = self._octave[row], self._node[at.node]
        dot, other = 0.3 * octave[-1], 0.3 * node[-1]
        for i, logit in enumerate(logits):
            dot = dot + octave[i] * logit
            other = other + node[i] * logit
        twice = dot + other
        mixed = corrected = squash(twice * 0.5)
        if self._contexts:
            said = self._contexts.consult(split, at.node, row, mixed, twice)
            corrected, twice = squash(said), said * 2
        place = min(max(twice + 16, 0.0), LAST)
        b = int(place)
        part = place - b
        rows = [self._signs[at.node * 16 + at.signs]]
        shares = [self._trust_signs]
        if self._phased:
            rows.append(self._phases[at.node * PHASES + at.phase])
            shares.append(self._trust_phase)
        p = corrected * self._trust_plain
        for each, share in zip(rows, shares, strict=True):
            p = p + (each[b] + part * (each[b + 1] - each[b])) * share
        yes = decide(lane, p)
        near = b + 1 if part > 0.5 else b
        for each in rows:
            each[near] = each[near] + (yes - each[near]) * 0.02
        if self._contexts:
            self._contexts.learn(row, int(yes), yes - corrected)
        step = (yes - mixed) * self._learn
        for i, logit in enumerate([*logits, 0.3]):
            octave[i] += step * logit
            node[i] += step * logit
        return yes


class _Decoder:
    """Decodes the values of a plane in scan order."""

    def __init__(
        self, recipe: _Recipe, scan: _Scan, largest: int, grid: int, holes: bool, lane: Lane
    ) -> None:
        self._recipe, self._scan, self._lane = recipe, scan, lane
        self._largest, self._grid = largest, grid
        orders = len(recipe.orders)
        self._most, self._experts = max(recipe.orders), 1 if orders == 1 else orders + 2
        n = prod(scan.sizes)
        channels = scan.sizes[scan.channel_axis] if scan.channel_axis >= 0 else 1
        models = channels + 8 * holes
        self._channels = channels
        self._models = [_Model(recipe, self._experts, grid) for _ in range(models)]
        self._outliers = Outliers(n, models)
        self._contexts = Contexts(n, NODES * OCTAVES) if recipe.contexts else None
        self._mixer = _Mixer(recipe, 2 * self._experts, grid, self._contexts)
        self._holes = Holes() if holes else None
        self._is_hole = [False] * n
        self._past, self._values = [0] * n, [0] * n
        self._error = np.zeros((n, self._experts), np.float32)
        self._signed = np.zeros(n, np.float32)
        a = [1 / (1 + 0.5 * k) for k in range(recipe.near)]
        total = 0.0
        for share in a:
            total = total + share
        self._close = [share / total for share in a]
        self._offsets = [self._neighbours(channel) for channel in range(channels)]

    def _neighbours(self, channel: int) -> tuple[list[Offset], list[Offset]]:
        sizes, steps, axis = self._scan
        predicting = nearest(sizes, steps, axis, channel, self._most + 1)
        far = list(steps)
        if axis >= 0:
            same = next((k for k, o in enumerate(predicting) if o[axis] == 0), 0)
            predicting.insert(0, predicting.pop(same))
            far[axis] = 1 << 20
        return predicting, nearest(sizes, far, axis, channel, self._recipe.near)

    def decode(self) -> list[int]:
        """Decode all samples."""
        axis = self._scan.channel_axis
        for i, place in enumerate(np.ndindex(*self._scan.sizes)):
            self._sample(i, place, place[axis] if axis >= 0 else 0)
        self._lane.finish()
        return self._values

    def _sample(self, i: int, place: tuple[int, ...], channel: int) -> None:
        near, scaling = (
            [neighbour(i, place, offset, self._scan.sizes) for offset in offsets]
            for offsets in self._offsets[channel]
        )
        number = channel
        if self._holes:
            holes = [self._is_hole[k] for k in near]
            context = sum(hole << k for k, hole in enumerate(holes[:14]))
            if any(holes):
                number = self._channels + (context & 7)
            self._is_hole[i] = self._holes.next(self._lane, context)
            near, scaling = self._without_holes(near), self._without_holes(scaling)
            if self._is_hole[i]:
                self._past[i] = self._past[near[0]]
                for e in range(self._experts):
                    self._error[i, e] = self._near(scaling, e)
                return
        model, p = self._models[number], [self._past[k] for k in near]
        f = np.array([float(other - p[0]) for other in p[1:]])
        texture = 0.0
        for k in range(6):
            texture = texture + abs(float(f[k]))
        unlearned = self._outliers.leave_out(number, f, texture)
        locations, nears, prediction = self._locations(model, f, p[0], scaling)
        inputs = self._inputs(model, locations, nears, texture)
        coordinates = 0
        for at in place:
            coordinates = 2 * coordinates + (at & 1)
        look = self._look(inputs, locations[-1], near, scaling, 64 * coordinates + number)
        value = self._value(model, inputs, look, p)
        self._values[i] = self._past[i] = value
        outlier, most = self._outliers.judge(number, abs(value - locations[-1]))
        if outlier:
            unlearned = 1
            low = 1 if self._holes else 0
            expected = floor_to(low, int(locations[-1] + 0.5), self._largest)
            self._outliers.keep(number, i, value, expected, near, self._past)
        self._learn(model, i, (value, outlier, most, unlearned), locations, nears, inputs)
        self._fit(model, (value, unlearned), locations, nears, f, prediction)
        if self._grid > 1:
            model.count(value)

    def _without_holes(self, near: list[int]) -> list[int]:
        first = next((k for k in near if not self._is_hole[k]), None)
        return near if first is None else [first if self._is_hole[k] else k for k in near]

    def _near(self, scaling: list[int], e: int) -> float:
        near = 0.0
        for close, k in zip(self._close, scaling, strict=True):
            near = near + close * float(self._error[k, e])
        return near

    def _locations(
        self, model: _Model, f: Floats, first: int, scaling: list[int]
    ) -> tuple[list[float], list[float], Floats]:
        orders = len(self._recipe.orders)
        locations = [product(w, f[: len(w)]) + float(first) for w in model.weights]
        numerator = denominator = stacked = 0.0
        prediction = np.zeros(len(model.stack_weights))
        out: list[float] = []
        nears: list[float] = []
        for e in range(self._experts):
            near = self._near(scaling, e)
            if e < orders:
                v = locations[e]
            elif e == orders:
                v = numerator / denominator
                for k in range(orders):
                    prediction[k] = out[k] - v
                stacked = v + product(model.stack_weights, prediction)
            else:
                v = stacked
            v = v if v > -0.5 else -0.5
            v = v if v < self._largest + 0.5 else self._largest + 0.5
            out.append(v)
            nears.append(near)
            precision = 1 / (near * near + 0.01)
            numerator = numerator + precision * v
            denominator = denominator + precision
        return out, nears, prediction

    def _inputs(
        self, model: _Model, locations: list[float], nears: list[float], texture: float
    ) -> list[_Input]:
        out = []
        for v, near in zip(locations, nears, strict=True):
            first = class_of(near)
            c, t = min(first >> 1, 30), class_of(texture) >> 1
            second = c + 31 * min(max(t - c, 0) >> 1, 8)
            for klass in (first, second):
                number = len(out)
                known = model.sizes.count[number][klass] > 0
                s = model.sizes.scale[number][klass] if known else near + 0.3
                out.append(_Input(number, klass, v + 0.5, 1 / (s * 1.1 + 0.02)))
        return out

    def _look(
        self, inputs: list[_Input], centre: float, near: list[int], scaling: list[int], place: int
    ) -> Look:
        past = [self._past[k] for k in near]
        look = Look(
            past[:6],
            [float(self._signed[k]) for k in near[:4]],
            (past + [self._past[k] for k in scaling])[:12],
            centre,
            1 / inputs[-2].rate,
            floor_to(0, ceil(centre), self._largest),
            inputs[-2].klass >> 2,
            place,
        )
        if self._contexts:
            self._contexts.look(look)
        return look

    def _value(self, model: _Model, inputs: list[_Input], look: Look, p: list[int]) -> int:
        octave, signs = min(look.size, 15), 0
        for k in range(4):
            signs = 2 * signs + (p[k] > look.centre)
        phase = min(int((look.centre + 1 - look.base) * 8), 7) + 8 * min(octave, 7)
        low, high = 1 if self._holes else 0, self._largest + 1

        def share(bound: int, each: _Input) -> float:
            z = (float(bound) + model.warp[bound % self._grid] - each.at) * each.rate
            return 0.0 if z <= -64 else 1.0 if z >= 64 else student(z)

        def middle(bound: int, each: _Input) -> float:
            return student((float(bound) + model.warp[bound % self._grid] - each.at) * each.rate)

        below = [share(low, each) for each in inputs]
        above = [share(high, each) for each in inputs]
        stage = up = ring = depth = edge = 0
        reach = 0.0
        if low >= high:
            return 0
        while high - low > 1:
            if stage == 0:
                split, node = look.base, 0
                if split <= low or split >= high:
                    up, stage = int(split <= low), 1
                    continue
            elif stage == 1:
                reach = RINGS[ring] * look.width if ring < len(RINGS) else 2 * reach
                edge += int(min(max(reach, 1.0), self._largest + 0.5 + 0.5))
                split = look.base + edge if up else look.base - edge
                node = 1 + 2 * min(ring, 11) + up
                if split <= low or split >= high:
                    stage = 2
                    continue
            else:
                if depth >= 3 and self._grid == 1:
                    return self._lane.uniform(low, high)
                split = low + high >> 1
                node = 25 + 2 * (6 * min(depth, 2) + min(ring, 5)) + up
            shares = [middle(split, each) for each in inputs]
            logits = [stretch(a - m, m - b) for a, m, b in zip(above, shares, below, strict=True)]
            yes = self._mixer.decide(self._lane, _Row(node, octave, signs, phase), split, logits)
            if yes:
                low, below = split, shares
            else:
                high, above = split, shares
            if stage == 0:
                up, stage = int(yes), 1
            elif stage == 1:
                ring, stage = (ring + 1, 1) if yes == bool(up) else (ring, 2)
            else:
                depth += 1
        return low

    def _learn(
        self,
        model: _Model,
        i: int,
        found: tuple[int, bool, float, int],
        locations: list[float],
        nears: list[float],
        inputs: list[_Input],
    ) -> None:
        value, outlier, most, _ = found
        for e, (location, near) in enumerate(zip(locations, nears, strict=True)):
            size = abs(value - location)
            self._error[i, e] = near if outlier else size
            size = min(size, most)
            for each in inputs[2 * e : 2 * e + 2]:
                scale = model.sizes.scale[each.number]
                count = model.sizes.count[each.number]
                k = each.klass
                if count[k] == 0:
                    scale[k] = 0.5 * (size + 1 / each.rate)
                if count[k] < 100:
                    count[k] += 1
                scale[k] = scale[k] + (size - scale[k]) / (count[k] + 1)
        if self._contexts:
            self._signed[i] = 0.0 if outlier else value - locations[-1]

    def _fit(
        self,
        model: _Model,
        found: tuple[int, int],
        locations: list[float],
        nears: list[float],
        f: Floats,
        prediction: Floats,
    ) -> None:
        value, unlearned = found

        def variance(near: float) -> float:
            return near * sqrt(near) + 0.1 + unlearned * 1e100

        for e, memory in enumerate(self._recipe.memories):
            w, forgetting = model.weights[e], max(1 - 1 / memory, unlearned)
            error = value - locations[e]
            features = f[: len(w)]
            update(w, model.covariances[e], features, error, variance(nears[e]), forgetting)
        if len(self._recipe.orders) > 1:
            error = value - locations[-1]
            w, p = model.stack_weights, model.stack_covariance
            update(w, p, prediction, error, variance(nears[-1]), max(0.998, unlearned))


def decode_causal(parameters: Iterator[int], reader: Reader, shape: tuple[int, ...]) -> Plane:
    """Decode each sample under a density that those before it set."""
    folded = [size for size in shape if size > 1] or [1]
    if len(folded) > 5:
        folded = [prod(folded[:-4]), *folded[-4:]]
    recipe = RECIPES[take(parameters, 0, 8)]
    # The number of axes is not among the parameters.
    order = take_axes(iter([len(folded), *(next(parameters, -1) for _ in folded)]), len(folded), 1)
    channel_axis = take(parameters, 0, len(folded)) - 1
    steps = [take(parameters, 1, 64) for _ in folded]
    grid, holes = take(parameters, 1, 32), take(parameters, 0, 1)
    sizes = [folded[axis] for axis in order]
    if channel_axis >= 0 and sizes[channel_axis] > 64:
        raise RefusedError("causal: too many channels")
    n = prod(shape)
    spikes = read_list(reader, n)
    low_bits = reader.take(1)[0]
    smallest = int.from_bytes(reader.take(8), "little", signed=True)
    length = reader.take(1)[0]
    largest = int.from_bytes(reader.take(length), "little") if length <= 8 else inf
    if low_bits > 63 or not largest < 1 << 61:
        raise RefusedError("causal: impossible low bits or samples")
    low = unpack(reader.take((n * low_bits + 7) // 8), n, low_bits)
    if reader.remaining % 4:
        raise RefusedError("causal: the data end inside a word")
    lane = Lane(read_words(reader, reader.remaining // 4))
    scan = _Scan(sizes, steps, channel_axis)
    with np.errstate(all="ignore"):
        values = _Decoder(recipe, scan, int(largest), grid, bool(holes), lane).decode()
    scanned = np.array(values, np.int64).reshape(sizes).transpose(np.argsort(order)).reshape(-1)
    samples = [
        wrap((value + smallest << low_bits) + bits)
        for value, bits in zip(scanned.tolist(), low, strict=True)
    ]
    plane = np.array(samples, np.int64).reshape(shape)
    put_spikes(plane, spikes)
    return plane
