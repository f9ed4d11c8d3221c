"""Choosing a table's parameters by total code length: data plus parameters. Encoder only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from compress.tables.descent import descend
from compress.tables.kernels import count_values
from compress.tables.knots import BASES, SCALE_STEPS, base_knots, inverse_scales
from compress.tables.packing import EXACT, packed_bits
from compress.tables.parameters import (
    LOCATION_STEPS,
    MAX_COEFFICIENT,
    MAX_SIZE,
    SCALE_LIMITS,
    DensityTable,
    HistogramTable,
    TableParameters,
)
from compress.tables.tableset import PRECISION, TOTAL

__all__ = ["count_densest", "fit_counts", "fit_table"]

# Numbers of Fourier terms that are tried, in this order, while they shorten the code.
_TERMS = (4, 8, 16, 32)
_UNIT_BITS = (4, 6, 8, 10)
_HISTOGRAM_PRECISIONS = (-4, -2, 0, 2, 4, EXACT)
# Bases that both `FourierDensity` and `DensityTable` know.
_LINE_BASES = ("normal", "laplace", "logistic")
_LOCATION_BITS = LOCATION_STEPS.bit_length() - 1
# Magnitudes from which a signed varint takes one byte more.
_LONGER = np.array([1 << 7 * i + 6 for i in range(9)], np.int64)
# So many cells of symbols are enough to place a base.
_CELLS = 256
# The densest window is looked for within so many times its size on either side of the median of
# some samples: counting takes a nanosecond a sample, sorting forty.
_REACH, _SOME = 8, 1 << 12
# A gain below this share of the data does not pay for a search.
_WORTH = 0.001


class _Data:
    """A histogram, and what a table costs on it."""

    def __init__(self, low: int, counts: npt.NDArray[np.int64], outside: int) -> None:
        self.low, self.counts, self.outside = low, counts, outside
        self.total = int(counts.sum()) + outside
        self.used = np.flatnonzero(counts)
        self.edges, self.in_cells = _cells(counts, self.used)
        share = counts[self.used] / max(self.total, 1)
        # Code length under the counts themselves, parameters free: nothing can be shorter.
        self.floor = float(-np.sum(counts[self.used] * np.log2(share)))
        self.escape = 0
        if outside:
            self.escape = min(max(round(outside / self.total * TOTAL), 1), TOTAL // 2)
            self.floor -= outside * math.log2(outside / self.total)

    def bits(self, parameters: TableParameters) -> float:
        """Code length of the data and of the parameters."""
        masses = np.diff(parameters.build().cumulative)
        bits = PRECISION - np.log2(masses[self.used])
        total = float(np.dot(bits, self.counts[self.used]))
        if self.outside:
            total += self.outside * (PRECISION - math.log2(masses[-1]))
        return total + parameter_bits(parameters)


def _cells(
    counts: npt.NDArray[np.int64], used: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Take symbols together in at most `_CELLS` cells: where they begin and end, and the counts."""
    size = len(counts)
    if size <= _CELLS:
        return np.arange(size + 1), counts
    starts = used[np.arange(1, _CELLS) * used.size // _CELLS]
    edges = np.unique(np.concatenate([[0], starts, [size]]))
    return edges, np.add.reduceat(counts, edges[:-1])


def parameter_bits(parameters: TableParameters) -> int:
    """Size of a table's parameters as signed varints, in bits."""
    if isinstance(parameters, DensityTable):
        return _varint_bits(parameters.to_integers())
    head = (
        parameters.KIND,
        parameters.low,
        len(parameters.weights),
        parameters.escape,
        parameters.precision,
    )
    # The number of packed integers takes a byte or two.
    packed = packed_bits(parameters.weights, parameters.precision)
    return _varint_bits((*head, packed // 72)) + packed


def _varint_bits(integers: tuple[int, ...]) -> int:
    values = np.array(integers, np.int64)
    # Folded, a byte holds the integers from -64 to 63, and so on.
    longer = np.searchsorted(_LONGER, values ^ (values >> 63), "right")
    return 8 * len(integers) + 8 * int(longer.sum())


def _quantised(data: _Data, base: str, location: float, scale: float) -> DensityTable:
    """Return a table near a location (relative to the middle symbol) and a scale, in symbols."""
    low, high = SCALE_LIMITS
    steps = min(max(round(SCALE_STEPS * math.log2(max(scale, 1e-3))), low), high)
    place = round(location * LOCATION_STEPS / 2.0 ** (steps // SCALE_STEPS))
    return DensityTable(data.low, len(data.counts), data.escape, base, place, steps)


def _descend(
    data: _Data, table: DensityTable, coarse: int, fine: int
) -> tuple[float, DensityTable]:
    """Move a table's location and scale while that shortens the code; the bits are about right."""
    names = tuple(name for name in BASES if name != "uniform")
    bits, location, scale = descend(
        data.edges, data.in_cells, data.outside, table.escape, names.index(table.base),
        _all_knots(names), inverse_scales(), (*SCALE_LIMITS, SCALE_STEPS, _LOCATION_BITS),
        table.location, table.scale, coarse, fine,
    )  # fmt: skip
    return bits, replace(table, location=location, scale=scale)


@lru_cache(maxsize=1)
def _all_knots(names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    return np.stack([base_knots(name) for name in names])


def _amplitude(c: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """Compute the minimum-phase a_1..a_N, over a_0, whose autocorrelation is ``1, c_1 .. c_N``."""
    size = 1 << max(12, (32 * len(c)).bit_length())
    spectrum = np.zeros(size, np.complex128)
    spectrum[1 : len(c) + 1] = c
    density = np.maximum(1.0 + 2.0 * (np.fft.ifft(spectrum) * size).real, 1e-9)
    cepstrum = np.fft.fft(np.log(density)) / size
    causal = np.zeros(size, np.complex128)
    causal[1 : size // 2] = cepstrum[1 : size // 2]
    factor = np.fft.fft(np.exp(np.fft.ifft(causal) * size)) / size
    return np.asarray(factor[1 : len(c) + 1] / factor[0])


def _fourier(data: _Data, base: str, terms: int) -> tuple[float, DensityTable]:
    """Find the best quantisation of a density with Fourier terms."""
    # Only here, because a decoder need not load what fits densities.
    from compress.densities import FourierDensity  # noqa: PLC0415 - see above

    at = data.used + 0.0
    span = (-0.5, len(data.counts) - 0.5)
    density = FourierDensity.fit(
        at,
        weights=data.counts[data.used],
        terms=terms,
        base=base,
        support=span if base == "uniform" else None,
        bin_width=1.0,
    )
    table = DensityTable(data.low, len(data.counts), data.escape, base)
    if base != "uniform":
        middle = len(data.counts) // 2
        table = _quantised(data, base, density.loc - middle, density.scale)
    signs = np.where(np.arange(1, terms + 1) % 2, -1.0, 1.0)
    exact = _amplitude(density.coefficients * signs)
    best = (math.inf, table)
    for unit_bits in _UNIT_BITS:
        units = np.rint(np.column_stack([exact.real, exact.imag]).ravel() * (1 << unit_bits))
        if np.abs(units).max() > MAX_COEFFICIENT:
            break
        coefficients = tuple(int(unit) for unit in units)
        candidate = replace(table, coefficients=coefficients, unit_bits=unit_bits)
        best = min(best, (data.bits(candidate), candidate), key=lambda pair: pair[0])
    return best


def fit_counts(
    low: int, counts: npt.ArrayLike, outside: int = 0, *, fourier: bool = True
) -> TableParameters:
    """Choose the parameters of one table for a histogram, by total code length.

    Parameters
    ----------
    low : int
        The symbol value of the first count.
    counts : array_like of int, shape (K,)
        How often each symbol occurs; 1 <= K <= 2**20.
    outside : int
        How many symbols lie outside, which makes the table have an escape.
    fourier : bool
        Whether to try Fourier terms, which takes the most time.

    Returns
    -------
    DensityTable or HistogramTable
        Whatever gives the least sum of the data's ideal code length and the parameters' size.

    Raises
    ------
    ValueError
        If the counts have another shape, or are negative.
    """
    counts = np.asarray(counts, dtype=np.int64)
    if counts.ndim != 1 or not 1 <= len(counts) <= MAX_SIZE:
        raise ValueError(f"counts must have shape (K,), K in 1..{MAX_SIZE}, got {counts.shape}")
    if counts.min() < 0 or outside < 0:
        raise ValueError("counts must not be negative")
    data = _Data(low, counts, outside)
    uniform = DensityTable(low, len(counts), data.escape, "uniform")
    found: list[tuple[float, TableParameters]] = [(data.bits(uniform), uniform)]
    if data.total == outside or len(counts) == 1:
        return uniform
    ranked = _bases(data)
    found += ranked[:1]
    if fourier and _best(found)[0] - data.floor > _WORTH * data.floor + 64:
        line = next(table.base for _, table in ranked if table.base in _LINE_BASES)
        for base in ("uniform", line):
            before = math.inf
            for terms in _TERMS:
                # The terms alone may cost more than all that can be gained.
                if _best(found)[0] < data.floor + 16 * terms:
                    break
                found.append(_fourier(data, base, terms))
                if found[-1][0] > before:
                    break
                before = found[-1][0]
    # Where the symbols are and a bit for each weight: less than any histogram takes.
    listed = data.used.size * (1.0 + math.log2(len(counts) / data.used.size))
    for precision in _HISTOGRAM_PRECISIONS:
        if data.floor + listed >= _best(found)[0]:
            break
        histogram = HistogramTable(low, tuple(counts.tolist()), outside, precision)
        if data.floor + parameter_bits(histogram) < _best(found)[0]:
            found.append((data.bits(histogram), histogram))
    return _best(found)[1]


def _best(found: list[tuple[float, TableParameters]]) -> tuple[float, TableParameters]:
    return min(found, key=lambda pair: pair[0])


def _bases(data: _Data) -> list[tuple[float, DensityTable]]:
    """Rank the bases without terms, best first; the best two are fitted to the last step.

    The bits of these two are exact, those of the others about right.
    """
    running = np.cumsum(data.counts)
    quartiles = np.searchsorted(running, running[-1] * np.array([0.25, 0.5, 0.75]))
    middle = float(quartiles[1]) - len(data.counts) // 2
    spread = max(float(quartiles[2] - quartiles[0]), 0.5) / 1.6
    starts = [_quantised(data, name, middle, spread) for name in BASES if name != "uniform"]
    ranked = _ranked(_descend(data, table, 64, 32) for table in starts)
    for coarse, fine, kept in ((16, 4, 3), (2, 1, 2)):
        finer = [_descend(data, table, coarse, fine) for _, table in ranked[:kept]]
        ranked = [*_ranked(finer), *ranked[kept:]]
    exact = [(data.bits(table), table) for _, table in ranked[:kept]]
    return [*_ranked(exact), *ranked[kept:]]


def _ranked(
    found: Iterable[tuple[float, DensityTable]],
) -> list[tuple[float, DensityTable]]:
    return sorted(found, key=lambda pair: pair[0])


def fit_table(
    values: npt.ArrayLike, max_size: int = 4096, *, fourier: bool = True
) -> TableParameters:
    """Choose the parameters of one table for integer samples, by total code length.

    Parameters
    ----------
    values : array_like of int
        Any shape, at least one sample.
    max_size : int
        The most symbols the table may have; samples outside take the escape.
    fourier : bool
        Whether to try Fourier terms, which takes the most time.

    Returns
    -------
    DensityTable or HistogramTable

    Raises
    ------
    ValueError
        If there are no samples.
    """
    low, counts, outside = count_densest(values, max_size)
    return fit_counts(low, counts, outside, fourier=fourier)


def count_densest(values: npt.ArrayLike, max_size: int) -> tuple[int, npt.NDArray[np.int64], int]:
    """Count integer samples in the window of so many symbols that holds the most.

    Parameters
    ----------
    values : array_like of int
        Any shape, at least one sample.
    max_size : int

    Returns
    -------
    low : int
        The first symbol.
    counts : ndarray, int64
        Of the symbols from there on.
    outside : int
        How many samples lie outside.

    Raises
    ------
    ValueError
        If there are no samples.
    """
    samples = np.asarray(values).astype(np.int64, copy=False).ravel()
    if samples.size == 0:
        raise ValueError("a table cannot be fitted to no samples")
    low, high = int(samples.min()), int(samples.max())
    if high - low < max_size:
        counts = np.zeros(high - low + 1, np.int64)
        with np.errstate(over="ignore"):
            count_values(samples, low, counts)
        return low, counts, 0
    low, counts = _near(samples, max_size) or _densest(samples, max_size)
    return low, counts, samples.size - int(counts.sum())


def _near(
    samples: npt.NDArray[np.int64], max_size: int
) -> tuple[int, npt.NDArray[np.int64]] | None:
    """Count the densest window, if it lies near the median and most samples do; else None."""
    size = 2 * _REACH * max_size
    if 2 * samples.size < size:
        return None
    some = samples[:: max(samples.size // _SOME, 1)]
    low = int(np.partition(some, some.size // 2)[some.size // 2]) - size // 2
    if abs(low) > np.iinfo(np.int64).max >> 1:
        return None
    counts = np.zeros(size, np.int64)
    with np.errstate(over="ignore"):
        outside = int(count_values(samples, low, counts))
    before = np.concatenate([[0], np.cumsum(counts)])
    # Of windows that begin at a sample and end where all are counted.
    begins = size - max_size + 1
    sums = np.where(counts[:begins] > 0, before[max_size:] - before[:begins], 0)
    begin = int(np.argmax(sums))
    # No window across either end has more.
    across = max(before[max_size], before[size] - before[size - max_size])
    if sums[begin] <= outside + across:
        return None
    window = counts[begin : begin + max_size]
    return low + begin, window[: int(np.flatnonzero(window)[-1]) + 1]


def _densest(samples: npt.NDArray[np.int64], max_size: int) -> tuple[int, npt.NDArray[np.int64]]:
    """Count the densest window of all."""
    low, width = _window(np.sort(samples), max_size)
    counts = np.zeros(width, np.int64)
    with np.errstate(over="ignore"):
        count_values(samples, low, counts)
    return low, counts


def _window(ordered: npt.NDArray[np.int64], max_size: int) -> tuple[int, int]:
    """Find the densest window of at most ``max_size`` symbols, trimmed to the samples in it."""
    limit = np.iinfo(np.int64).max - (max_size - 1)
    tops = np.minimum(ordered, limit) + (max_size - 1)
    ends = np.searchsorted(ordered, tops, side="right")
    begin = int(np.argmax(ends - np.arange(len(ordered))))
    low = int(ordered[begin])
    return low, int(ordered[ends[begin] - 1]) - low + 1
