"""Find a lag at which a sequence repeats itself, exactly or about. Encoder only."""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.transforms.step import Plane

__all__ = ["find_period", "find_repeat"]

WINDOW = 1 << 15
LONGEST = 1 << 13
REPEATS = 1 << 18
SHORTEST = 256


def _cost(differences: Any) -> float:
    """Bits per difference, about."""
    return float(np.mean(np.log2(1 + np.abs(differences.astype(np.float64)))))


def _autocorrelation(values: Any) -> Any:
    size = 1 << (2 * values.size - 1).bit_length()
    spectrum = np.fft.rfft(values, size)
    return np.fft.irfft(np.abs(spectrum) ** 2, size)[: values.size]


@kernel()
def _count_distances(values: Plane, table: Plane, counts: Plane) -> int:
    """Count how far back runs of four samples were seen last; return how many were."""
    mask = np.int64(table.size - 1)
    found = 0
    for i in range(min(values.size - 3, counts.size)):
        word = np.int64(0)
        for j in range(4):
            # Halves below 2^31: no product overflows, with the kernel compiled or not.
            value = values[i + j]
            low = (value & np.int64(0x7FFFFFFF)) * np.int64(0x2C1B3C6D)
            high = ((value >> np.int64(32)) & np.int64(0x7FFFFFFF)) * np.int64(0x297A2D39)
            word = (word << np.int64(5)) ^ (low >> np.int64(13)) ^ (high >> np.int64(11)) ^ low
            word &= np.int64(0x7FFFFFFFFFF)
        slot = (word ^ (word >> np.int64(17))) & mask
        before = table[slot]
        table[slot] = i
        if before >= 0:
            same = True
            for j in range(4):
                same = same and values[before + j] == values[i + j]
            if same:
                counts[i - before] += 1
                found += 1
    return found


def _repeats(values: Plane) -> list[int]:
    """Distances at which runs of four samples come again, the most frequent ones first."""
    count = min(values.size - 3, REPEATS)
    counts = np.zeros(count, np.int64)
    table = np.full(1 << count.bit_length(), -1, np.int64)
    found = int(_count_distances(values, table, counts))
    if found < count // 64 + 4:
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
    window = window - np.int64(np.median(window))
    numbers = window.astype(np.float64)
    limit = 8 * float(np.median(np.abs(numbers))) + 8
    changes = np.diff(np.clip(numbers, -limit, limit))
    energy = float(np.sum(changes**2))
    if energy == 0:
        return None
    correlation = _autocorrelation(changes) / energy
    reach = min(LONGEST, window.size // 4)
    # Peaks that chance makes shrink with the length of the window.
    floor = max(0.1, 5 / np.sqrt(window.size))
    peaks = np.argsort(-correlation[2 : reach + 1])[:6] + 2
    candidates = {int(peak) for peak in peaks if correlation[peak] > floor}
    candidates |= set(_repeats(values))
    best, cost = None, min(_cost(changes), _cost(numbers)) - 0.15
    for lag in sorted(candidates):
        if 2 * lag > values.size:
            continue
        source = values if lag > window.size // 2 else window
        bits = _cost(source[lag:][:WINDOW] - source[:-lag][:WINDOW])
        if bits < cost - (0.0 if best is None else 0.02):
            best, cost = lag, bits
    return best
