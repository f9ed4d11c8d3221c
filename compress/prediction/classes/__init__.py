"""The scale-class plane model: a fitted causal predictor, and a static density per scale class.

Location: a weighted sum of causal neighbours in all dimensions. Scale: a weighted sum of the
distances of the neighbours from that location and of the residuals left there, fitted so that it
is the expected magnitude of the residual. The scale, in half octaves, is the class; each class
has a learned table. Everything is fitted by the encoder and is in the parameters: decoding costs
some dozens of multiplications a sample and adapts nothing.

Parameters: the scan (`compress.prediction.common.scan`), the numbers of neighbours, low and
high, coefficients, weights, first class, number of classes, then shift and table of each.
Data: the list of spikes, the number of words, the words of one lane, the plain low bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from compress.coders import encode as encode_words
from compress.coders import pack_bits
from compress.errors import CorruptError
from compress.prediction.classes.fit import MOST_TOKENS, fit_class_tables, fit_location, fit_scale
from compress.prediction.classes.kernel import FRACTION, SCALE_FRACTION, Tables, Walk, walk
from compress.prediction.classes.search import MAX_CHANNELS, choose
from compress.prediction.common.scan import Scan, arrange, margins, nearest, restore
from compress.prediction.common.spikes import put_back, read_spikes, take_out
from compress.prediction.demand import Demand
from compress.prediction.kept import once
from compress.prediction.model import MOST, Parameters, Plane
from compress.sampling import SHORT_AXIS, random_places
from compress.tables import TableParameters, TableSet, read_parameters

__all__ = ["CODE", "NAME", "decode", "encode", "propose"]

CODE = 1
NAME = "classes"
KNOWS_HOLES = False
FITS_ON_A_PART = False

# Neighbours for the location and for the scale, by level.
_NEIGHBOURS = {3: (6, 3), 4: (18, 6)}
_MOST_NEIGHBOURS = 64
_MOST_CLASSES = 128
_SAMPLES = 20_000
# Weighted sums over wider planes would not stay within 63 bits.
_WIDEST = 1 << 40
_COUNT_BYTES = 4
# Some dozens of classes leave the cache with finer look-ups, and take as long with coarser ones.
_LOOKUP_BITS = 10
_INT64 = (-(1 << 63), (1 << 63) - 1)


@dataclass(frozen=True)
class _Model:
    """The parameters, parsed."""

    scan: Scan
    count: int
    near: int
    low: int
    high: int
    coefficients: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]
    first: int
    shifts: list[int]
    tables: list[TableParameters]

    def walk(self, shape: tuple[int, ...]) -> Walk:
        """Lay the model over a scanned shape."""
        period, stride = self.scan.states(shape)
        offsets = np.stack([nearest(shape, self.scan, s, self.count) for s in range(period)])
        strides = np.array([prod(shape[axis + 1 :]) for axis in range(len(shape))], np.int64)
        border = margins(offsets)
        # The offsets of each channel stay inside; but where there is one sample of each, the first
        # has no neighbour, and an offset that leads out of the plane.
        if self.scan.channel >= 0 and prod(shape) > period:
            border[self.scan.channel] = 0
        return Walk(
            np.array(shape, np.int64), border, period, stride, offsets @ strides, offsets,
            self.coefficients, self.weights, self.low, self.high, self.first,
            max(1, len(self.shifts)),
        )  # fmt: skip

    def table_set(self) -> TableSet:
        """Build the tables."""
        return TableSet.concatenate([table.build() for table in self.tables])

    def to_integers(self) -> Parameters:
        """Write the model."""
        scan = self.scan
        head = [len(scan.axes), *scan.axes, scan.channel, *scan.steps, self.count, self.near]
        body = [self.low, self.high, *self.coefficients[:, 1:].ravel().tolist()]
        body += [*self.weights.ravel().tolist(), self.first, len(self.shifts)]
        for shift, table in zip(self.shifts, self.tables, strict=True):
            body += [shift, *table.to_integers()]
        return tuple(head + body)


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters | None:
    """Fit everything; None but at levels 3 and 4, and for planes too small or too wide.

    At level 3 also for planes with rows and columns, which `compress.prediction.wavefront` codes in
    fewer bits and a sixth of the time.
    """
    del holes
    if level not in _NEIGHBOURS or plane.size < 256 or not 1 <= plane.ndim <= 5:
        return None
    if level == 3 and sum(n > SHORT_AXIS for n in plane.shape) > 1:
        return None
    plane, *_ = take_out(plane)
    if int(plane.max()) - int(plane.min()) >= _WIDEST:
        return None
    count, near = _NEIGHBOURS[level]
    scan = choose(plane, count)
    samples = arrange(plane, scan)
    period, _ = scan.states(samples.shape)
    empty = np.zeros((period, 2 * near + 1), np.int64)
    zero = np.zeros((period, count), np.int64)
    fresh = _Model(scan, count, near, int(plane.min()), int(plane.max()), zero, empty, 0, [], [])
    how = fresh.walk(samples.shape)
    flat = samples.ravel()
    for channel in range(period):
        _fit_channel_location(flat, how, channel)
    residuals = _residuals(flat, how)[0]
    for channel in range(period):
        _fit_channel_scale(flat, residuals, how, channel)
    # With one class for every half octave, the walk shows the classes themselves.
    residuals, kinds = _residuals(flat, how._replace(n_classes=_MOST_CLASSES))
    first, shifts, tables, _ = fit_class_tables(residuals, kinds.astype(np.int64))
    model = _Model(scan, count, near, fresh.low, fresh.high, how.coefficients, how.weights,
                   first, shifts, tables)  # fmt: skip
    return model.to_integers()


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    shape = plane.shape
    model = once(parameters, shape, lambda: _parse(parameters, shape))
    plane, _, spikes = take_out(plane)
    samples = arrange(plane, model.scan)
    residuals, kinds = _residuals(samples.ravel(), model.walk(samples.shape))
    widths = np.array(model.shifts, np.int64)[kinds]
    tables = once(parameters, "tables", model.table_set)
    words = encode_words(residuals >> widths, tables, kinds, lanes=1)
    packed = pack_bits(residuals.view(np.uint64), widths) if widths.any() else b""
    head = spikes + len(words).to_bytes(_COUNT_BYTES, "little")
    return head + words.astype("<u4").tobytes() + packed


def decode(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Plane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    model = once(parameters, shape, lambda: _parse(parameters, shape))
    scanned = tuple(shape[axis] for axis in model.scan.axes)
    spikes, data = read_spikes(memoryview(data), prod(shape))
    end = _COUNT_BYTES + 4 * int.from_bytes(data[:_COUNT_BYTES], "little")
    if len(data) < end:
        raise CorruptError(f"{end} bytes of words announced where there are {len(data)}")
    words = np.append(np.frombuffer(data[_COUNT_BYTES:end], "<u4"), 0).astype(np.uint32)
    packed = bytes(data[end:]) + bytes(-(len(data) - end) % 4)
    plain = np.frombuffer(packed, "<u4").astype(np.uint32)
    tables = once(parameters, "tables", model.table_set)
    searchable = once(parameters, "look-up", lambda: _searchable(tables, model.shifts))
    samples = np.zeros(prod(shape), np.int64)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        complete = walk(
            True, samples, np.zeros(samples.size, np.int64), np.zeros(0, np.int64),
            np.zeros(0, np.int32),
            model.walk(scanned), searchable, words, plain,
        )  # fmt: skip
    if not complete:
        raise CorruptError("the words or plain bits of a plane do not end with its last sample")
    return put_back(restore(samples.reshape(scanned), model.scan), spikes)


def _residuals(
    samples: npt.NDArray[np.int64], how: Walk
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    past, residuals = np.zeros(samples.size, np.int64), np.zeros(samples.size, np.int64)
    kinds = np.zeros(samples.size, np.int32)
    nothing = np.zeros(0, np.uint32)
    none = np.zeros(0, np.int64)
    tables = Tables(nothing, none, none, np.zeros(0, np.bool_), 0, np.zeros(0, np.uint64), none)
    if not walk(False, samples, past, residuals, kinds, how, tables, nothing, nothing):
        raise ValueError(f"the model does not fit a plane of {samples.size} samples")
    return residuals, kinds


def _searchable(tables: TableSet, shifts: list[int]) -> Tables:
    return Tables(
        tables.cumulative, tables.start, tables.low, tables.escape, _LOOKUP_BITS,
        tables.entries(_LOOKUP_BITS), np.array(shifts, np.int64),
    )  # fmt: skip


def _places(flat: npt.NDArray[np.int64], how: Walk, channel: int) -> npt.NDArray[np.int64]:
    """Sample places of a channel, away from the borders where the plane is large enough."""
    shape = tuple(how.shape.tolist())
    count = min(max(1024, _SAMPLES // how.period), flat.size)
    strides = np.array([prod(shape[axis + 1 :]) for axis in range(len(shape))])
    axis = int(np.argmax(strides == how.stride)) if how.period > 1 else -1
    places = random_places(shape, how.margins, count, axis, channel)
    return np.ravel_multi_index(tuple(places), shape).astype(np.int64)


def _around(
    flat: npt.NDArray[np.int64], how: Walk, channel: int, places: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    at = places[:, None] + how.jumps[channel, :count]
    return np.take(flat, at, mode="clip")


def _fit_channel_location(flat: npt.NDArray[np.int64], how: Walk, channel: int) -> None:
    places = _places(flat, how, channel)
    around = _around(flat, how, channel, places, how.jumps.shape[1]).astype(np.float64)
    solution = fit_location(flat[places] - around[:, 0], around[:, 1:] - around[:, :1])
    fixed = np.round(solution * (1 << FRACTION))
    how.coefficients[channel, 1:] = np.clip(fixed, -(1 << 20), 1 << 20).astype(np.int64)
    how.coefficients[channel, 0] = (1 << FRACTION) - how.coefficients[channel, 1:].sum()


def _fit_channel_scale(
    flat: npt.NDArray[np.int64], residuals: npt.NDArray[np.int64], how: Walk, channel: int
) -> None:
    near = (how.weights.shape[1] - 1) // 2
    places = _places(flat, how, channel)
    expected = (flat[places] - residuals[places])[:, None]
    away = np.abs((_around(flat, how, channel, places, near) - expected).astype(np.float64))
    past = np.abs(_around(residuals, how, channel, places, near).astype(np.float64))
    features = np.concatenate([away, past, np.ones((len(places), 1))], axis=1)
    weights = fit_scale(np.abs(residuals[places].astype(np.float64)), features)
    fixed = np.round(weights * (1 << SCALE_FRACTION))
    how.weights[channel] = np.clip(fixed, 0, 1 << 20).astype(np.int64)
    how.weights[channel, -1] = min(max(round(weights[-1] * (1 << SCALE_FRACTION)), 1), 1 << 60)


def _parse(parameters: Parameters, shape: tuple[int, ...]) -> _Model:
    integers = iter(parameters)

    def take(low: int, high: int, what: str) -> int:
        value = next(integers, None)
        if value is None or not low <= value <= high:
            raise CorruptError(f"a class model's {what} is {value}, allowed are {low}..{high}")
        return value

    dimensions = take(1, 5, "number of axes")
    axes = tuple(take(0, dimensions - 1, "axis") for _ in range(dimensions))
    channel = take(-1, dimensions - 1, "channel axis")
    steps = tuple(take(1, 64, "step") for _ in range(dimensions))
    if dimensions != len(shape) or len(set(axes)) != dimensions:
        raise CorruptError(f"a class model scans the axes {axes} of a plane of shape {shape}")
    scan = Scan(axes, channel, steps)
    period, _ = scan.states(tuple(shape[axis] for axis in axes))
    if period > MAX_CHANNELS:
        raise CorruptError(f"a class model has {period} channels, at most {MAX_CHANNELS}")
    count = take(1, _MOST_NEIGHBOURS, "number of neighbours")
    near = take(0, count, "number of near neighbours")
    low = take(*_INT64, "lowest prediction")
    high = take(low, _INT64[1], "highest prediction")
    coefficients = np.zeros((period, count), np.int64)
    for s in range(period):
        coefficients[s, 1:] = [take(-(1 << 20), 1 << 20, "coefficient") for _ in range(count - 1)]
        coefficients[s, 0] = (1 << FRACTION) - coefficients[s, 1:].sum()
    weights = np.array(
        [[*(take(0, 1 << 20, "weight") for _ in range(2 * near)), take(1, 1 << 60, "weight")]
         for _ in range(period)], np.int64,
    )  # fmt: skip
    first = take(0, _MOST_CLASSES, "first class")
    n_classes = take(1, _MOST_CLASSES, "number of classes")
    shifts, tables = [], []
    for _ in range(n_classes):
        shifts.append(take(0, 62, "shift"))
        tables.append(read_parameters(integers, MOST_TOKENS))
    if next(integers, None) is not None:
        raise CorruptError("a class model has more parameters than it uses")
    return _Model(scan, count, near, low, high, coefficients, weights, first, shifts, tables)


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes (``python -m benchmarks costs``)."""
    return 21.0 + 0.45 * _neighbours(parameters)


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that the fit and encoding take."""
    return 226.0 + 6.3 * _neighbours(parameters)


def _neighbours(parameters: Parameters) -> int:
    """Read the number of neighbours that predict, which stands behind the scan."""
    return parameters[2 * parameters[0] + 2]


def demand(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    n = prod(shape)
    # A table takes 0.06 ms and six parameters at least; the neighbours of a channel 0.4 ms.
    tables = min(_MOST_CLASSES, len(parameters) // 6)
    channels = max((size for size in shape if size <= MAX_CHANNELS), default=1)
    ns = 1e5 + 6e4 * tables + 4e5 * channels + (100.0 + 3.0 * _MOST_NEIGHBOURS) * n
    return Demand(ns, 25 * n + 2 * len(data) + (2 << 20))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Bits that ``total`` samples take at least, by a cheap look at some: unknown."""
    del plane, total, most
    return 0.0
