"""Choosing a table's parameters by total code length: data plus parameters. Encoder only."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from compress.tables.knots import BASES, SCALE_STEPS
from compress.tables.parameters import (
    MAX_SIZE,
    SCALE_LIMITS,
    DensityTable,
    HistogramTable,
    TableParameters,
)
from compress.tables.tableset import PRECISION, TOTAL

__all__ = ["fit_counts", "fit_table"]


def _parameter_bits(integers: tuple[int, ...]) -> int:
    """Size of the integers as signed varints, in bits."""
    total = 0
    for value in integers:
        zigzag = 2 * value if value >= 0 else -2 * value - 1
        total += 8 * max(1, -(-zigzag.bit_length() // 7))
    return total


def _data_bits(
    cumulative: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64], outside: int
) -> float:
    masses = np.diff(cumulative)
    bits = PRECISION - np.log2(masses)
    total = float(np.dot(bits[: len(counts)], counts))
    return total + outside * (float(bits[-1]) + 16.0 if outside else 0.0)


class _Search:
    """Coordinate descent on the quantised location and scale of one base."""

    def __init__(self, low: int, counts: npt.NDArray[np.int64], outside: int, base: str) -> None:
        self.low, self.counts, self.outside, self.base = low, counts, outside, base
        total = int(counts.sum()) + outside
        self.escape = 0
        if outside:
            self.escape = min(max(round(outside / total * TOTAL), 1), TOTAL // 2)
        self.seen: dict[tuple[int, int], float] = {}

    def table(self, location: int = 0, scale: int = 0) -> DensityTable:
        return DensityTable(self.low, len(self.counts), self.escape, self.base, location, scale)

    def bits(self, location: int, scale: int) -> float:
        key = (location, scale)
        if key not in self.seen:
            table = self.table(*key)
            data = _data_bits(table.build().cumulative, self.counts, self.outside)
            self.seen[key] = data + _parameter_bits(table.to_integers())
        return self.seen[key]

    def run(self, location: float, spread: float) -> tuple[float, DensityTable]:
        """Descend from a location (relative to the middle) and a scale, both in symbols."""

        def quantise(scale: int) -> int:
            return round(location / 2.0 ** (scale // SCALE_STEPS) * 64)

        low, high = SCALE_LIMITS
        scale = min(max(round(SCALE_STEPS * math.log2(max(spread, 1e-3))), low), high)
        place = quantise(scale)
        best = self.bits(place, scale)
        step_scale, step_place = 64, 64
        while step_scale or step_place:
            moved = False
            for dp, ds in ((0, step_scale), (0, -step_scale), (step_place, 0), (-step_place, 0)):
                if dp == ds == 0:
                    continue
                new = min(max(scale + ds, low), high)
                candidate = place + dp
                if new // SCALE_STEPS != scale // SCALE_STEPS:
                    shift = scale // SCALE_STEPS - new // SCALE_STEPS
                    candidate = round(candidate * 2.0**shift)
                bits = self.bits(candidate, new)
                if bits < best:
                    best, place, scale, moved = bits, candidate, new, True
            if not moved:
                step_scale //= 4
                step_place //= 4
        return best, self.table(place, scale)


def fit_counts(low: int, counts: npt.ArrayLike, outside: int = 0) -> TableParameters:
    """Choose the parameters of one table for a histogram, by total code length.

    Parameters
    ----------
    low : int
        The symbol value of the first count.
    counts : array_like of int, shape (K,)
        How often each symbol occurs; 1 <= K <= 2**20.
    outside : int
        How many symbols lie outside, which makes the table have an escape.

    Returns
    -------
    DensityTable or HistogramTable
        Whatever gives the least sum of the data's ideal code length and the parameters' size.
    """
    counts = np.asarray(counts, dtype=np.int64)
    if counts.ndim != 1 or not 1 <= len(counts) <= MAX_SIZE:
        raise ValueError(f"counts must have shape (K,), K in 1..{MAX_SIZE}, got {counts.shape}")
    total = int(counts.sum())
    candidates: list[tuple[float, TableParameters]] = []
    uniform = _Search(low, counts, outside, "uniform")
    candidates.append((uniform.bits(0, 0), uniform.table()))
    if total and len(counts) > 1:
        running = np.cumsum(counts)
        quartiles = np.searchsorted(running, total * np.array([0.25, 0.5, 0.75]))
        middle = float(quartiles[1]) - len(counts) // 2
        spread = max(float(quartiles[2] - quartiles[0]), 0.5) / 1.6
        candidates += [
            _Search(low, counts, outside, base).run(middle, spread)
            for base in BASES
            if base != "uniform"
        ]
    if total:
        histogram = HistogramTable(low, tuple(counts.tolist()), outside)
        bits = float(_parameter_bits(histogram.to_integers()))
        if bits < min(candidates, key=lambda pair: pair[0])[0]:
            built = histogram.build()
            bits += _data_bits(built.cumulative, counts, outside)
            candidates.append((bits, histogram))
    return min(candidates, key=lambda pair: pair[0])[1]


def fit_table(values: npt.ArrayLike, max_size: int = 4096) -> TableParameters:
    """Choose the parameters of one table for integer samples, by total code length.

    Parameters
    ----------
    values : array_like of int
        Any shape, at least one sample.
    max_size : int
        The most symbols the table may have; samples outside take the escape.

    Returns
    -------
    DensityTable or HistogramTable
    """
    samples = np.asarray(values).astype(np.int64).ravel()
    if samples.size == 0:
        raise ValueError("a table cannot be fitted to no samples")
    low, high = int(samples.min()), int(samples.max())
    if high - low < max_size:
        return fit_counts(low, np.bincount(samples - low))
    # The densest window of that width, so that the fewest samples escape.
    ordered = np.sort(samples)
    ends = np.searchsorted(ordered, np.minimum(ordered, (1 << 62)) + max_size)
    low = int(ordered[np.argmax(ends - np.arange(len(ordered)))])
    inside = samples[(samples >= low) & (samples < low + max_size)]
    counts = np.bincount(inside - low, minlength=max_size)
    return fit_counts(low, counts, len(samples) - len(inside))
