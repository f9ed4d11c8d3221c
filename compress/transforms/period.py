"""Find a lag at which a sequence repeats itself, exactly or about. Encoder only."""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.sampling import runs
from compress.transforms.sample import central_value
from compress.transforms.step import Plane

__all__ = ["find_period", "find_repeat"]

WINDOW = 1 << 15
LONGEST = 1 << 13
REPEATS = 1 << 18
SHORTEST = 256
# Samples that a median is taken of.
MEDIANS_OF = 1 << 12
# So many runs are looked at one by one, and about as many of all that follow.
EVERYWHERE = 1 << 14


def _cost(differences: Any) -> float:
    """Bits per difference, about."""
    return float(np.mean(np.log2(1 + np.abs(differences.astype(np.float64)))))


def _autocorrelation(values: Any, reach: int) -> Any:
    """Sum products at lags up to one; what lies beyond it may wrap around."""
    size = values.size + reach
    # A small multiple of a power of two is transformed fast.
    power = 1 << max(0, size.bit_length() - 3)
    size = -(-size // power) * power
    spectrum = np.fft.rfft(values, size)
    return np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: reach + 1]


@kernel()
def _mixed(value: Any) -> Any:
    """Spread a value over 43 bits; no product overflows, with the kernel compiled or not."""
    low = (value & np.int64(0x7FFFFFFF)) * np.int64(0x2C1B3C6D)
    high = ((value >> np.int64(32)) & np.int64(0x7FFFFFFF)) * np.int64(0x297A2D39)
    return ((low >> np.int64(13)) ^ (high >> np.int64(11)) ^ low) & np.int64(0x7FFFFFFFFFF)


@kernel("Tuple((i8, i8))(const(i8[::1]), i8, i8, i8[::1], i8[::1])")
def _count_distances(
    values: Plane, everywhere: int, mask: int, table: Plane, counts: Plane
) -> tuple[int, int]:
    """Count how far back runs of four samples were seen last.

    Looks at all of the first runs, and at one in ``mask + 1`` of those behind, by what they hold:
    so a run that comes again is looked at both times or never. Returns the runs that were looked
    at and those that were seen before.
    """
    slots = np.int64(table.size - 1)
    n = min(values.size - 3, counts.size)
    looked = 0
    found = 0
    first, second, third = np.int64(0), np.int64(0), np.int64(0)
    for i in range(n + 3 if n > 0 else 0):
        last = _mixed(values[i])
        word = (first << np.int64(15)) ^ (second << np.int64(10)) ^ (third << np.int64(5)) ^ last
        first, second, third = second, third, last
        start = i - 3
        word ^= (word & np.int64(0x7FFFFFFFFFF)) >> np.int64(17)
        if start < 0 or (start >= everywhere and (word >> np.int64(20)) & mask):
            continue
        looked += 1
        slot = word & slots
        before = table[slot]
        table[slot] = start
        if before >= 0:
            same = True
            for j in range(4):
                same = same and values[before + j] == values[start + j]
            if same:
                counts[start - before] += 1
                found += 1
    return looked, found


def _repeats(values: Plane) -> list[int]:
    """Distances at which runs of four samples come again, the most frequent ones first."""
    count = min(values.size - 3, REPEATS)
    some = max(1, count // EVERYWHERE)
    mask = (1 << (some - 1).bit_length()) - 1
    counts = np.zeros(count, np.int64)
    table = np.full(1 << min(count, 2 * EVERYWHERE).bit_length(), -1, np.int64)
    looked, found = _count_distances(values, EVERYWHERE, mask, table, counts)
    if found < looked // 64 + 4:
        return []
    counts[:2] = 0
    often = np.flatnonzero(counts > max(found // 16, 4))
    return [int(lag) for lag in often[np.argsort(-counts[often])[:4]]]


def find_repeat(values: Plane) -> int | None:
    """Lag at which a sequence most often repeats itself exactly.

    Parameters
    ----------
    values : numpy.ndarray of int64
        One-dimensional.

    Returns
    -------
    int or None
        At least 2.
    """
    lags = _repeats(values) if values.size >= SHORTEST else []
    return lags[0] if lags else None


def find_period(values: Plane) -> int | None:
    """Lag whose samples are closer than the neighbours are.

    Candidates are the peaks of the autocorrelation of the differences (which finds periods that
    repeat about) and the distances of exact repeats.

    Parameters
    ----------
    values : numpy.ndarray of int64
        One-dimensional.

    Returns
    -------
    int or None
    """
    if values.size < SHORTEST:
        return None
    window = values[(values.size - min(values.size, WINDOW)) // 2 :][:WINDOW]
    window = window - central_value(runs(window, MEDIANS_OF))
    numbers = window.astype(np.float64)
    limit = 8 * float(np.median(np.abs(runs(numbers, MEDIANS_OF)))) + 8
    changes = np.diff(np.clip(numbers, -limit, limit))
    energy = float(np.sum(changes**2))
    if energy == 0:
        return None
    reach = min(LONGEST, window.size // 4)
    correlation = _autocorrelation(changes, reach) / energy
    # Peaks that chance makes shrink with the length of the window.
    floor = max(0.1, 5 / np.sqrt(window.size))
    high = np.flatnonzero(correlation[2:] > floor) + 2
    peaks = high[np.argsort(-correlation[high])[:6]]
    candidates = {int(peak) for peak in peaks} | set(_repeats(values))
    if not candidates:
        return None
    best, cost = None, min(_cost(changes), _cost(numbers)) - 0.15
    glance = min(_cost(runs(changes, MEDIANS_OF)), _cost(runs(numbers, MEDIANS_OF)))
    for lag in sorted(candidates):
        if 2 * lag > values.size:
            continue
        source = values if lag > window.size // 2 else window
        # Some samples tell most lags that gain nothing.
        if _cost(runs(source[lag:][:WINDOW] - source[:-lag][:WINDOW], MEDIANS_OF)) > glance + 0.3:
            continue
        bits = _cost(source[lag:][:WINDOW] - source[:-lag][:WINDOW])
        if bits < cost - (0.0 if best is None else 0.02):
            best, cost = lag, bits
    return best
