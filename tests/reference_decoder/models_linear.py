"""The plane model `linear`: prediction of signals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import floor, gcd, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.coding import (
    Lane,
    Table,
    floor_to,
    half_octaves,
    lane_words,
    quarter_octaves,
    read_words,
    wrap,
)
from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.scans import add_jumps, put_spikes, read_list
from tests.reference_decoder.tables import Density, density_table, take

__all__ = ["decode_linear"]

Plane = NDArray[np.int64]
INT64 = (-(1 << 63), (1 << 63) - 1)
BASES = (1, 9, 3, 7, 2)
# Order, coefficients, and whether the predictor is that of the block before.
NUMBERS, REPEATED, MOST_ORDER = 34, 33, 32
CLASSES = 232


class _Settings(NamedTuple):
    block: int
    centre: int
    fast_rate: int
    slow_rate: int
    start: int
    base: int
    offs: tuple[int, ...]


def _settings(parameters: Iterator[int]) -> _Settings:
    block = 1 << take(parameters, 6, 16)
    take(parameters, 0, 3)
    centre = take(parameters, *INT64)
    rates = take(parameters, 0, 15), take(parameters, 0, 15)
    start, base = take(parameters, 0, 56), take(parameters, 0, 4)
    off = take(parameters, -64, 64)
    rest = list(parameters)
    further = rest[1:]
    first = take(iter(rest[:1] or [0]), 0, CLASSES - len(further))
    offs = [off] * CLASSES
    for j, value in enumerate(further):
        offs[first + j] += take(iter([value]), -64, 64)
    return _Settings(block, centre, *rates, start, base, tuple(offs))


def decode_linear(parameters: Iterator[int], reader: Reader, shape: tuple[int, ...]) -> Plane:
    """Predict each sample from those before it in its sequence."""
    channels = shape[1] if len(shape) == 2 else 1
    if len(shape) not in (1, 2) or not 1 <= channels <= 64:
        raise RefusedError(f"linear: not for the shape {shape}")
    settings = _settings(parameters)
    n, rows = prod(shape), shape[0]
    spikes, jumps = read_list(reader, n), read_list(reader, n)
    wide, size = reader.take(2)
    if wide > 1 or size > 8:
        raise RefusedError("linear: no such type of samples")
    counts = [int.from_bytes(reader.take(4), "little") for _ in range(2)]
    pieces = 4 // gcd(channels, 4)
    length = rows // pieces
    left_over = (rows - pieces * length) * channels
    if (size == 0) != (left_over == 0):
        raise RefusedError("linear: rows left over have no bytes")
    rest = [int.from_bytes(reader.take(size), "little", signed=True) for _ in range(left_over)]
    predictor_words, token_words = (read_words(reader, count) for count in counts)
    low = _Bits(reader)
    sequences = channels * pieces
    predictors = _predictors(predictor_words, sequences, -(-length // settings.block))
    lanes = [Lane(words) for words in lane_words(token_words, 4)]
    found = []
    for group in range(0, sequences, 4):
        found += _group(settings, lanes, low, predictors[group : group + 4], length, bool(wide))
    for lane in lanes:
        lane.finish()
    low.finish()
    plane = np.zeros((rows, channels), np.int64)
    for number, samples in enumerate(found):
        channel, piece = divmod(number, pieces)
        plane[piece * length : (piece + 1) * length, channel] = samples
    plane[pieces * length :] = np.array(rest, np.int64).reshape(-1, channels)
    add_jumps(plane, jumps)
    put_spikes(plane, spikes)
    return plane.reshape(shape)


class _Bits:
    """Bits of any widths, one after another, that are read when they are needed."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._held, self._count = reader, 0, 0

    def take(self, count: int) -> int:
        while self._count < count:
            self._held |= self._reader.take(1)[0] << self._count
            self._count += 8
        value = self._held & (1 << count) - 1
        self._held >>= count
        self._count -= count
        return value

    def finish(self) -> None:
        if self._reader.remaining:
            raise RefusedError("linear: more low bits than are needed")


@cache
def _number_table(i: int) -> Table:
    return density_table(Density(3, -64, 129, -1, 0, 32 * (i - 8)))


class _Numbers:
    """Reads what predictors are written as."""

    def __init__(self, words: list[int]) -> None:
        self.lane = Lane(words)
        self.mean, self.spread, self.last = [0] * NUMBERS, [64] * NUMBERS, [0] * NUMBERS

    def read(self, j: int) -> int:
        expected = (16 * self.last[j] + self.mean[j] + 16) >> 5
        table = floor_to(0, half_octaves(self.spread[j] + 1) - 1, 21)
        value = expected + self.lane.symbol(_number_table(table))
        self.last[j] = value
        self.mean[j] += (16 * value - self.mean[j]) >> 3
        self.spread[j] += (16 * abs(value - expected) - self.spread[j]) >> 3
        return value


def _predictors(words: list[int], sequences: int, blocks: int) -> list[list[list[int]]]:
    """Coefficients of each block of each sequence."""
    numbers = _Numbers(words)
    out = []
    for _ in range(sequences):
        numbers.last = [0] * NUMBERS
        mine: list[list[int]] = []
        for block in range(blocks):
            if block:
                same = numbers.read(REPEATED)
                if same not in (0, 1):
                    raise RefusedError("linear: neither the predictor before nor another")
                if same:
                    mine.append(mine[-1])
                    continue
            order = numbers.read(0)
            if not 0 <= order <= MOST_ORDER:
                raise RefusedError("linear: a predictor of impossible order")
            coefficients = [numbers.read(i) for i in range(1, order + 1)]
            if any(abs(q) >= 32 for q in coefficients):
                raise RefusedError("linear: an impossible coefficient")
            for i in range(order + 1, MOST_ORDER + 1):
                numbers.last[i] = 0
            mine.append(coefficients)
        out.append(mine)
    numbers.lane.finish()
    return out


@cache
def _weights(coefficients: tuple[int, ...]) -> list[float]:
    w: list[float] = []
    for q in coefficients:
        u = q / 32
        k = u * (2 - abs(u))
        i = len(w)
        for j in range((i + 1) // 2):
            near, far = w[j], w[i - 1 - j]
            w[j] = near - k * far
            if j != i - 1 - j:
                w[i - 1 - j] = far - k * near
        w.append(k)
    return w


@cache
def _class_table(number: int, off: int, base: int) -> Table:
    width = max(0, (number >> 2) - 11)
    s = floor_to(-48, 2 * number + 1 - 72 - 8 * width + off, 40)
    octave = s // 8
    half = min(max(10 << max(octave + 1, 0), 12), 255)
    location = 0
    if width:
        location = -32 >> octave if octave >= 0 else -32 << -octave
    return density_table(Density(BASES[base], -half, 2 * half + 1, -1, location, 8 * s))


class _Sequence:
    """One sequence that is decoded."""

    def __init__(self, settings: _Settings, predictors: list[list[int]], wide: bool) -> None:
        self._settings, self._predictors, self._wide = settings, predictors, wide
        self._fast = self._slow = 1 << settings.start
        self._past: list[float] = []
        self.samples: list[int] = []

    def advance(self, lane: Lane, low: _Bits) -> None:
        settings, t = self._settings, len(self.samples)
        number = quarter_octaves(self._fast + self._slow + 1)
        token = lane.symbol(_class_table(number, settings.offs[number], settings.base))
        width = max(0, (number >> 2) - 11)
        residual = wrap((token << width) + low.take(width))
        size = min(residual if residual >= 0 else -residual - 1, 1 << 48)
        self._fast += (256 * size - self._fast) >> settings.fast_rate
        self._slow += (256 * size - self._slow) >> min(settings.slow_rate, 2 + (t >> 3))
        total = self._prediction(t)
        if self._wide:
            value = wrap(residual + int(min(max(total, -(2.0**62)), 2.0**62)))
            self._past.append(float(value))
        else:
            past = float(residual) + total
            if not abs(past) < 2.0**52:
                raise RefusedError("linear: a sample is too large")
            self._past.append(past)
            value = int(past)
        self.samples.append(wrap(value + settings.centre))

    def _prediction(self, t: int) -> float:
        block = t // self._settings.block
        coefficients = self._predictors[block]
        order = len(coefficients)
        if block == 0:
            order = min(t, order)
        w = _weights(tuple(coefficients[:order]))
        total = 0.5
        for lag in range(order, 0, -1):
            total = total + w[lag - 1] * (self._past[t - lag] if t >= lag else 0.0)
        return float(floor(total))


def _group(
    settings: _Settings,
    lanes: list[Lane],
    low: _Bits,
    predictors: list[list[list[int]]],
    length: int,
    wide: bool,
) -> list[list[int]]:
    four = [_Sequence(settings, each, wide) for each in predictors]
    for _ in range(length):
        for sequence, lane in zip(four, lanes, strict=True):
            sequence.advance(lane, low)
    return [sequence.samples for sequence in four]
