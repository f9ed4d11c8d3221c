"""Find a lag at which a sequence repeats itself, exactly or about. Encoder only."""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.sampling import middle, runs
from compress.transforms.sample import central_value
from compress.transforms.spread import mean_bits
from compress.transforms.step import Context, Plane

__all__ = ["period_of", "repeat_of"]

# Samples that are looked at: so many of those that the level looks at, and so many at most.
LOOKS, WINDOW = 4, 1 << 15
LONGEST = 1 << 13
REPEATS = 1 << 18
SHORTEST = 256
# Samples that a median is taken of.
MEDIANS_OF = 1 << 10
# So many runs are looked at one by one, and about as many of all that follow.
EVERYWHERE = 1 << 14
# Distances that are listed: the most frequent ones are among the first, too.
LISTED = 1 << 14


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


@kernel("Tuple((i8, i8))(const(i8[::1]), i8, i8, i4[::1], i4[::1])")
def _find_distances(
    values: Plane, everywhere: int, mask: int, table: Any, distances: Any
) -> tuple[int, int]:
    """List how far back runs of four samples were seen last.

    Looks at all of the first runs, and at one in ``mask + 1`` of those behind, by what they hold:
    so a run that comes again is looked at both times or never. Returns the runs that were looked
    at and those that were seen before; there may be more of these than the list has room for.
    """
    slots = np.int64(table.size - 1)
    n = min(values.size - 3, REPEATS)
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
                if found < distances.size:
                    distances[found] = start - before
                found += 1
    return looked, found


def _repeats(values: Plane) -> list[int]:
    """Distances at which runs of four samples come again, the most frequent ones first."""
    count = min(values.size - 3, REPEATS)
    some = max(1, count // EVERYWHERE)
    mask = (1 << (some - 1).bit_length()) - 1
    table = np.full(1 << min(count, 2 * EVERYWHERE).bit_length(), -1, np.int32)
    distances = np.empty(min(count, LISTED), np.int32)
    looked, found = _find_distances(values, EVERYWHERE, mask, table, distances)
    if found < looked // 64 + 4:
        return []
    found = min(found, distances.size)
    lags, counts = np.unique(distances[:found], return_counts=True)
    often = np.flatnonzero((counts > max(found // 16, 4)) & (lags > 1))
    return [int(lag) for lag in lags[often[np.argsort(-counts[often])[:4]]]]


def repeat_of(values: Plane, context: Context) -> int | None:
    """Lag at which a sequence most often repeats itself exactly.

    Parameters
    ----------
    values : numpy.ndarray of int64
        One-dimensional.
    context : Context

    Returns
    -------
    int or None
        At least 2.
    """
    lags = context.once(_repeats, values) if values.size >= SHORTEST else []
    return lags[0] if lags else None


def period_of(values: Plane, context: Context) -> int | None:
    """Lag whose samples are closer than the neighbours are.

    Candidates are the peaks of the autocorrelation of the differences (which finds periods that
    repeat about) and the distances of exact repeats.

    Parameters
    ----------
    values : numpy.ndarray of int64
        One-dimensional.
    context : Context

    Returns
    -------
    int or None
    """
    if values.size < SHORTEST:
        return None
    return context.once(_find, values, context)


def _find(values: Plane, context: Context) -> int | None:
    most = min(WINDOW, LOOKS * context.most)
    window = middle(values, most)
    window = window - central_value(runs(window, MEDIANS_OF))
    limit = min(8 * int(central_value(np.abs(runs(window, MEDIANS_OF)))) + 8, 1 << 62)
    changes = np.diff(np.clip(window, -limit, limit))
    numbers = (changes / limit).astype(np.float32)
    energy = float(np.dot(numbers, numbers))
    if energy == 0:
        return None
    reach = min(LONGEST, window.size // 4)
    correlation = _autocorrelation(numbers, reach) / energy
    # Peaks that chance makes shrink with the length of the window.
    floor = max(0.1, 5 / np.sqrt(window.size))
    high = np.flatnonzero(correlation[2:] > floor) + 2
    peaks = high[np.argsort(-correlation[high])[:6]]
    candidates = {int(peak) for peak in peaks} | set(context.once(_repeats, values))
    if not candidates:
        return None
    least = min(mean_bits(changes), mean_bits(window))
    best, cost = None, least - 0.15
    early = min(mean_bits(runs(changes, MEDIANS_OF)), mean_bits(runs(window, MEDIANS_OF)))
    for lag in sorted(candidates):
        if 2 * lag > values.size:
            continue
        source = values if lag > window.size // 2 else window
        differences = source[lag:][:most] - source[:-lag][:most]
        # Some samples tell most lags that gain nothing.
        if mean_bits(runs(differences, MEDIANS_OF)) > early + 0.3:
            continue
        bits = mean_bits(differences)
        if bits < cost - (0.0 if best is None else 0.02):
            best, cost = lag, bits
    return best
