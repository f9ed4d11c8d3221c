"""The wavefront plane model: two bands of rows, fitted locations, scale classes of one family.

Location: a weighted sum of the neighbours in the row and the one above, of the median edge detector
of JPEG-LS, and of samples of earlier rows and slices. Scale: a weighted sum of the residuals and
distances of the neighbours. The scale, in half octaves, chooses one of a family of tables, which
also knows where the location lies between two integers. All of it is fitted by the encoder and
nothing adapts. The decoder walks two bands of rows at a time (`compress.prediction.wavefront.pop`).

Feedback: where it helps, a location takes shares of what the same sum left at W, N and NE.

Parameters: the axes in scan order, the number of sets (three more of them with feedback), lowest
sample, range and first sample, the right shift of scales, coefficients, shares of feedback and
weights of each set, the lowest half octave and how many, the family, then tables of their own.
Data: a list of spikes, the numbers of words and outliers of the first lane and of all outliers, the
binary logarithm of their bytes, the outliers, the words of both lanes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.lanes import close_lane
from compress.errors import CorruptError
from compress.prediction.common.scan import Scan, restore
from compress.prediction.common.spikes import put_back, read_spikes, take_out
from compress.prediction.demand import Demand
from compress.prediction.kept import once
from compress.prediction.model import MOST, Parameters, Plane
from compress.prediction.wavefront.family import (
    FAMILIES,
    STEPS,
    Family,
    choose_tables,
    plain_bits,
    shifted,
    table_set,
)
from compress.prediction.wavefront.feedback import MOST_FEEDBACK, fit_feedback
from compress.prediction.wavefront.fit import fit_coefficients, fit_weights, sampled_places
from compress.prediction.wavefront.kernel import (
    COUNTED,
    FRACTION,
    MAX_KIND,
    RAW_KINDS,
    SCALE_FRACTION,
    count_tokens,
)
from compress.prediction.wavefront.layout import (
    FAR_TERMS,
    NEAR,
    NEAR_SCALES,
    SCALE_TERMS,
    SIDE,
    Shape,
    band_rows,
    coefficient_counts,
    far_offsets,
    margined_size,
    scale_counts,
    scale_offsets,
    shape_of,
)
from compress.prediction.wavefront.pop import decode_rows
from compress.prediction.wavefront.push import PIECE, encode_rows
from compress.prediction.wavefront.search import MAX_AXES, choose_axes, estimate_bits
from compress.prediction.wavefront.walk import NARROW, Walk, must
from compress.tables import TableSet, read_parameters

__all__ = ["CODE", "NAME", "decode", "encode", "propose"]

CODE = 7
NAME = "wavefront"
KNOWS_HOLES = False
FITS_ON_A_PART = False

Samples = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

# Places that coefficients and weights are fitted to, by level.
_PLACES = {2: 2000, 3: 6000, 4: 16_000}
# And by estimates.
_FEW_PLACES = 1000
# Share of all bits that a table of its own must save: below level 3 their fit takes too long.
_WORTH = {2: 2e-2, 3: 1e-4, 4: 1e-4}
# And share that feedback must.
_FEEDBACK_WORTH = 1e-3
_MOST_SETS = 3
_LEAST_SAMPLES = 256
# Places with margins for each sample: of narrow rows, the margins would be all there is.
_MOST_MARGIN = 6
# Ranges that int64 holds with every sum of it.
_WIDE = 1 << 40
_MOST_COEFFICIENT, _MOST_WEIGHT = 1 << 13, 1 << 13
_MOST_CONSTANT = 1 << 50
# Half octaves are merged with their neighbour until they have this share of the samples.
_RAREST = 1024
# Some forty tables leave the second level cache with finer look-ups; coarser ones scan more.
_LOOKUP_BITS = 10
# Bytes before the outliers: three numbers, and the size of an outlier.
_HEAD = 13
# Estimates of photographs and fields are mostly 2 to 6 % too large: they know fewer neighbours.
_AT_LEAST = 0.94
# Bits that scales of residuals as large as the usual largest have, with room for those above.
_SCALE_BITS = 26
# The usual largest of the sampled residuals is exceeded by so few.
_UNUSUAL = 4
_INT64 = (-(1 << 63), (1 << 63) - 1)


@dataclass(frozen=True)
class _Model:
    """The parameters, parsed."""

    axes: tuple[int, ...]
    low: int
    top: int
    guess: int
    down: int
    coefficients: Integers
    feedback: Integers
    weights: Integers
    first: int
    family: Family

    @property
    def shifts(self) -> list[int]:
        """Plain bits of each half octave."""
        kinds = range(self.first, self.first + len(self.family.steps))
        return [plain_bits(kind, self.down) for kind in kinds]

    @property
    def dtype(self) -> type[np.signedinteger[Any]]:
        """What samples are kept in."""
        return np.int32 if self.top < NARROW else np.int64

    def to_integers(self) -> Parameters:
        """Write the model."""
        sets = len(self.coefficients)
        coded = sets + _MOST_SETS * bool(len(self.feedback))
        body = [len(self.axes), *self.axes, coded, self.low, self.top, self.guess, self.down]
        for s, count in enumerate(coefficient_counts(sets)):
            body += self.coefficients[s, 1 : NEAR + count].tolist()
        body += self.feedback.ravel().tolist()
        for s, count in enumerate(scale_counts(sets)):
            body += [*self.weights[s, : NEAR_SCALES + count].tolist(), int(self.weights[s, -1])]
        family = self.family
        body += [self.first, len(family.steps), family.base, family.phased, *family.steps]
        body.append(len(family.own))
        for t, table in sorted(family.own.items()):
            body += [t, *table.to_integers()]
        return tuple(body)


class _Learned(tuple[int, ...]):
    """Parameters, and what they make of the plane that they were learned on until it is coded."""

    kept: tuple[Plane, bytes, Walk] | None = None


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters | None:
    """Fit everything; None for planes of one axis, and for those too small or too wide."""
    del holes
    smooth, _, spikes = take_out(plane)
    found = _fitted(smooth, _PLACES[min(max(level, 2), 4)], _WORTH[min(max(level, 2), 4)])
    if found is None:
        return None
    model, _, walk = found
    learned = _Learned(model.to_integers())
    if model.family.phased:
        learned.kept = plane, spikes, walk
    return learned


def _fitted(plane: Plane, places: int, worth: float) -> tuple[_Model, float, Walk] | None:
    """Fit a model to a plane without spikes; and the bits that it takes, about."""
    if not _accepts(plane):
        return None
    low, high = int(plane.min()), int(plane.max())
    axes = choose_axes(plane)
    slices, _, rows, _ = shape = shape_of(plane.shape, axes)
    if rows < 2 or margined_size(shape) > _MOST_MARGIN * plane.size:
        return None
    top, guess = high - low, int(plane.flat[0]) - low
    walk = Walk(plane, axes, low, top, guess)
    sets = min(slices, _MOST_SETS)
    at = sampled_places(walk.shape, sets, places)
    coefficients = fit_coefficients(walk.samples, walk.shape, at, FRACTION, _MOST_COEFFICIENT)
    shares = fit_feedback(walk.samples, walk.shape, at, coefficients, top)
    # The sample says whether feedback helps; all bits, where time allows, by how much.
    tried = [shares[:0], shares] if len(shares) and worth < _WORTH[2] else [shares]
    found = []
    for feedback in tried:
        weights = np.zeros((sets, NEAR_SCALES + SCALE_TERMS + 1), np.int64)
        walk.predict(coefficients, feedback, weights, top, 1)
        weights = fit_weights(walk.samples, walk.past, walk.shape, at, SCALE_FRACTION, _MOST_WEIGHT)
        usual = int(np.partition(walk.past[at[-1]], -_UNUSUAL)[-_UNUSUAL])
        down = max(0, usual.bit_length() + SCALE_FRACTION - _SCALE_BITS + 4)
        walk.classify(coefficients, weights, down)
        first, family, bits = _fit_tables(walk, down, worth)
        terms = coefficients, feedback, weights
        found.append((_Model(axes, low, top, guess, down, *terms, first, family), bits))
    model, bits = found[-1]
    if len(found) > 1:
        before, after = (bits + 16.0 * len(model.to_integers()) for model, bits in found)
        model, bits = found[after < (1.0 - _FEEDBACK_WORTH) * before]
    if model is not found[-1][0]:
        walk.predict(model.coefficients, model.feedback, model.weights, top, 1)
        walk.classify(model.coefficients, model.weights, model.down)
    return model, bits, walk


def _fit_tables(walk: Walk, down: int, worth: float) -> tuple[int, Family, float]:
    """Merge half octaves that are rare, and fit the tables."""
    counts = np.zeros((2 * RAW_KINDS, 2 * COUNTED + 2), np.int64)
    shifts = np.repeat([plain_bits(kind, down) for kind in range(RAW_KINDS)], 2).astype(np.int64)
    must(count_tokens(walk.found, walk.kinds, shifts, counts))
    numbers = counts.sum(1).reshape(-1, 2).sum(1)
    running = np.cumsum(numbers)
    least = min(8 + walk.found.size // _RAREST, walk.found.size // 2)
    first = int(np.searchsorted(running, max(least, 1)))
    last = max(int(np.searchsorted(running, running[-1] - least)), first)
    kept = counts[2 * first : 2 * last + 2].copy()
    for kind in np.flatnonzero(numbers):
        if first <= kind <= last:
            continue
        into = 0 if kind < first else last - first
        finer = int(shifts[2 * (into + first)] - shifts[2 * kind])
        for phase in range(2):
            kept[2 * into + phase] += shifted(counts[2 * kind + phase], finer)
    family, bits = choose_tables(kept, shifts[2 * first : 2 * last + 2 : 2].tolist(), worth)
    return first, family, bits


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    shape = plane.shape
    model = once(parameters, shape, lambda: _parse(parameters, shape))
    built = once(parameters, "tables", lambda: _tables(model))
    if isinstance(parameters, _Learned):
        kept = parameters.kept
        if kept is not None and kept[0] is plane:
            # Not kept any longer: it is larger than the plane.
            parameters.kept = None
            return kept[1] + _coded(kept[2], model, *built)
    plane, _, spikes = take_out(plane)
    # Residuals stay within what samples are kept in.
    reach = NARROW if model.top < NARROW else _WIDE << 2
    if int(plane.min()) < model.low - reach // 2 or int(plane.max()) >= model.low + reach:
        raise ValueError("the model was learned on a plane of another range")
    walk = Walk(plane, model.axes, model.low, model.top, model.guess)
    walk.predict(model.coefficients, model.feedback, model.weights, model.top, model.family.phased)
    walk.classify(model.coefficients, model.weights, model.down)
    return spikes + _coded(walk, model, *built)


def _coded(walk: Walk, model: _Model, tables: TableSet, shifts: Integers) -> bytes:
    phased = model.family.phased
    kinds = np.arange(2 * RAW_KINDS * 2)
    kind = np.clip(kinds // 2 - model.first, 0, len(model.family.steps) - 1)
    chosen = (kind << phased) + (kinds & 1) * phased
    n, width = walk.found.size, walk.shape[3]
    pieces = 1 + -(-int(shifts.max()) // PIECE)
    words = np.empty((2, pieces * (n + width) + 1), np.uint32)
    outliers = np.empty((2, n + width), np.int64)
    states, used = np.zeros(2, np.uint64), np.zeros(4, np.int64)
    with np.errstate(over="ignore"):  # uint64 wraps, which numpy's scalars would remark on
        good = encode_rows(
            walk.shape, walk.found, walk.kinds, chosen, tables.cumulative, tables.start,
            tables.low, _escapes(tables), shifts, words, outliers, states,
            used,
        )  # fmt: skip
    must(good)
    lanes = [
        np.concatenate([words[lane, : used[lane]], close_lane(int(states[lane]))])
        for lane in range(2)
    ]
    listed = np.concatenate([outliers[lane, : used[2 + lane]][::-1] for lane in range(2)])
    size = 0
    while listed.size and not _holds(listed, size):
        size += 1
    head = (len(lanes[0]), int(used[2]), listed.size)
    coded = b"".join(number.to_bytes(4, "little") for number in head)
    items = listed.astype(f"<i{1 << size}").tobytes()
    return coded + bytes([size]) + items + np.concatenate(lanes).astype("<u4").tobytes()


def _holds(listed: Integers, size: int) -> bool:
    """Whether integers of 2**size bytes hold all values."""
    limits = np.iinfo(f"i{1 << size}")
    return limits.min <= int(listed.min()) and int(listed.max()) <= limits.max


def _escapes(tables: TableSet) -> npt.NDArray[np.uint64]:
    """Slot of each table that says that a token is listed."""
    return (np.diff(tables.start) - 2).astype(np.uint64)


def _tables(model: _Model) -> tuple[TableSet, Integers]:
    """Build the tables, and the plain bits of each."""
    shifts = model.shifts
    tables = table_set(model.family, shifts)
    return tables, np.repeat(np.array(shifts, np.int64), 1 + model.family.phased)


def decode(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Plane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    model = once(parameters, shape, lambda: _parse(parameters, shape))
    n = math.prod(shape)
    spikes, data = read_spikes(memoryview(data), n)
    if len(data) < _HEAD:
        raise CorruptError(f"a wavefront's head is cut short after {len(data)} bytes")
    first, first_listed, n_listed = (
        int.from_bytes(data[4 * i : 4 * i + 4], "little") for i in range(3)
    )
    size = data[_HEAD - 1]
    end = _HEAD + (n_listed << size) if size < 4 else -1
    if not _HEAD <= end <= len(data) or first_listed > n_listed or (len(data) - end) % 4:
        raise CorruptError(f"a wavefront of {len(data)} bytes has a damaged head")
    n_words = (len(data) - end) // 4
    words = np.zeros(n_words + 2, np.uint32)
    words[1:-1] = np.frombuffer(data[end:], "<u4")
    if first > n_words:
        raise CorruptError(f"a lane of {first} words is longer than {n_words}")
    outliers = np.zeros(n_listed + 4, np.int64)
    listed = np.frombuffer(data[_HEAD:end], f"<i{1 << size}")
    outliers[:first_listed], outliers[first_listed + 2 : -2] = np.split(listed, [first_listed])
    tables, shifts = once(parameters, "tables", lambda: _tables(model))
    entries = once(parameters, "entries", lambda: tables.entries(_LOOKUP_BITS))
    scanned = shape_of(shape, model.axes)
    samples = np.empty(margined_size(scanned), model.dtype)
    past = np.zeros(samples.size, model.dtype)
    limits = (
        model.top, model.family.phased, model.down, model.first, len(model.family.steps) - 1,
        model.guess,
    )  # fmt: skip
    feedback = model.feedback if len(model.feedback) else None
    with np.errstate(over="ignore"):  # integers wrap, compiled or not
        complete = decode_rows(
            scanned, samples, past, model.coefficients, feedback, model.weights,
            far_offsets(scanned), scale_offsets(scanned), limits, tables.cumulative, tables.start,
            tables.low, _escapes(tables), _LOOKUP_BITS, entries, shifts, words,
            (first, n_words), outliers, first_listed,
        )  # fmt: skip
    if not complete:
        raise CorruptError("the words or outliers of a plane do not end with its last sample")
    return put_back(_taken_out(samples, shape, scanned, model), spikes)


def _taken_out(samples: Samples, shape: tuple[int, ...], scanned: Shape, model: _Model) -> Plane:
    """Take samples out of their margins, in the order of the plane."""
    slices, bands, rows, width = scanned
    tall = band_rows(scanned)
    apart = samples.reshape(slices, bands, tall + 2, width + 2 * SIDE)[:, :, 1:-1, SIDE:-SIDE]
    plane = np.empty((slices, rows, width), np.int64)
    for band in range(bands):
        inner = plane[:, band * tall : (band + 1) * tall]
        np.add(apart[:, band, : inner.shape[1]], np.int64(model.low), out=inner)
    ordered = plane.reshape([shape[axis] for axis in model.axes])
    return restore(ordered, Scan(model.axes, -1, (1,) * len(shape)))


def _parse(parameters: Parameters, shape: tuple[int, ...]) -> _Model:
    integers = iter(parameters)

    def take(low: int, high: int, what: str) -> int:
        value = next(integers, None)
        if value is None or not low <= value <= high:
            raise CorruptError(f"a wavefront's {what} is {value}, allowed are {low}..{high}")
        return value

    dimensions = take(2, MAX_AXES, "number of axes")
    axes = tuple(take(0, dimensions - 1, "axis") for _ in range(dimensions))
    if dimensions != len(shape) or len(set(axes)) != dimensions:
        raise CorruptError(f"a wavefront scans the axes {axes} of a plane of shape {shape}")
    if margined_size(shape_of(shape, axes)) > _MOST_MARGIN * max(math.prod(shape), _LEAST_SAMPLES):
        raise CorruptError(f"a wavefront has too narrow rows in a plane of shape {shape}")
    coded = take(1, 2 * _MOST_SETS, "number of sets")
    sets, fed = (coded - 1) % _MOST_SETS + 1, coded > _MOST_SETS
    low = take(*_INT64, "lowest sample")
    top = take(0, min(_WIDE - 1, _INT64[1] - low), "range")
    guess = take(0, top, "first sample")
    down = take(0, 62, "shift of scales")
    coefficients = np.zeros((sets, NEAR + FAR_TERMS), np.int64)
    for s, count in enumerate(coefficient_counts(sets)):
        few = [
            take(-_MOST_COEFFICIENT, _MOST_COEFFICIENT, "coefficient")
            for _ in range(NEAR - 1 + count)
        ]
        coefficients[s, 1 : NEAR + count] = few
        coefficients[s, 0] = (1 << FRACTION) - sum(few)
    shares = [
        take(-MOST_FEEDBACK, MOST_FEEDBACK, "share of feedback") for _ in range(3 * sets * fed)
    ]
    feedback = np.array(shares, np.int64).reshape(-1, 3)
    weights = np.zeros((sets, NEAR_SCALES + SCALE_TERMS + 1), np.int64)
    for s, count in enumerate(scale_counts(sets)):
        weights[s, : NEAR_SCALES + count] = [
            take(0, _MOST_WEIGHT, "weight") for _ in range(NEAR_SCALES + count)
        ]
        weights[s, -1] = take(0, _MOST_CONSTANT, "scale")
    first = take(0, MAX_KIND, "lowest half octave")
    family = _read_family(integers, take, take(1, MAX_KIND + 1 - first, "number of half octaves"))
    return _Model(axes, low, top, guess, down, coefficients, feedback, weights, first, family)


def _read_family(
    integers: Iterator[int], take: Callable[[int, int, str], int], kinds: int
) -> Family:
    base = take(0, len(FAMILIES) - 1, "family")
    phased = take(0, 1, "phase")
    steps = tuple(take(*STEPS, "scale") for _ in range(kinds))
    own = {}
    last = -1
    for _ in range(take(0, kinds << phased, "number of tables")):
        last = take(last + 1, (kinds << phased) - 1, "table")
        own[last] = read_parameters(integers, 2 * COUNTED + 1)
        if not own[last].escape:
            raise CorruptError("a table of a wavefront has no escape")
    if next(integers, None) is not None:
        raise CorruptError("a wavefront has more parameters than it uses")
    return Family(base, phased, steps, own)


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes (``python -m benchmarks costs``)."""
    # Nothing is known before the fit.
    fed = len(parameters) > MAX_AXES and parameters[1 + parameters[0]] > _MOST_SETS
    return 18.0 if fed else 15.5


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that the fit and encoding take."""
    del parameters
    return 35.0


def demand(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    n = math.prod(shape)
    model = once(parameters, shape, lambda: _parse(parameters, shape))
    places = margined_size(shape_of(shape, model.axes)) * np.dtype(model.dtype).itemsize
    # A table of the family takes 0.01 ms, one of its own 0.06 ms.
    tables = (len(model.family.steps) << model.family.phased) + 6 * len(model.family.own)
    return Demand(1e5 + 1e4 * tables + 100.0 * n, 2 * places + 16 * n + 2 * len(data) + (1 << 20))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Estimate the bits that ``total`` samples take at least, of which the plane is a part."""
    del most
    if plane.size == total:
        # A whole plane is coded if this is less than others take.
        smooth = take_out(plane)[0]
        return _AT_LEAST * total * estimate_bits(smooth) if _accepts(smooth) else math.inf
    found = _fitted(take_out(np.ascontiguousarray(plane))[0], _FEW_PLACES, _WORTH[2])
    if found is None:
        return math.inf
    model, bits, _ = found
    return bits * total / plane.size + 16.0 * len(model.to_integers())


def _accepts(plane: Plane) -> bool:
    """Whether a plane without spikes is neither too small nor too wide."""
    if plane.size < _LEAST_SAMPLES or not 2 <= plane.ndim <= MAX_AXES:
        return False
    return int(plane.max()) - int(plane.min()) < _WIDE
