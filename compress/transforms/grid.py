"""Find the grid that floats lie on: an offset and a distance. Encoder only.

Differences of samples are multiples of the distance but for rounding, which is absolute: so many
units in the last place of the largest sample. Euclid's algorithm, stopped at what rounding left
over, gives guesses; a guess is refined on parts of the range that grow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.kernels import kernel

__all__ = ["find_grid"]

Floats = np.ndarray[Any, np.dtype[np.float64]]

# Units by which samples may miss: rounding of a product and a sum; longer sums of averages.
UNITS = (2.0, 64.0)
# The grid must be so many times as wide as what samples may miss it by.
WIDER = 16.0
# Share of samples on the grid.
SHARE = 0.9
GAPS, SEVERAL, PAIRS, GUESSES = 64, 8.5, 32, 12
MOST_DIVISIONS = 32
# Samples on which a guess is refined first.
FIRST = 8
# Integers that samples may have been: those of 16 bits, signed or not.
INTEGERS = 1 << 16
MOST_DIGITS = 6
# Offsets tried on a few samples, and those tried on more.
MOST_HITS, KEPT = 1 << 13, 32
COUNTS = (16, 256)


def find_grid(values: Floats, unit: float) -> list[tuple[float, float]]:
    """Distances and offsets that may be those of a grid, for the caller to try.

    Parameters
    ----------
    values : numpy.ndarray of float64
        Sorted, distinct, finite; at least 16.
    unit : float
        Half a unit in the last place of the largest one.

    Returns
    -------
    list of (distance, offset)
        Empty if there is no grid. Likely numbers near those that fit best.
    """
    # Beyond these ends, products below overflow or lose their digits.
    if not 1e-140 < abs(values[0]) + abs(values[-1]) < 1e140:
        return []
    above = values - values[0]
    for units in UNITS:
        error = units * unit
        for guess in _guesses(above, error):
            distance = _refine(guess, above, error)
            if distance is not None:
                return list(_likely(values, distance, unit))
    return []


@kernel("void(const(f8[::1]), f8, f8[::1])")
def _common_divisors(gaps: Floats, error: float, out: Floats) -> None:
    """Write approximate greatest common divisors of pairs of gaps, each off by an error."""
    for i in range(out.size):
        first, second = gaps[(7 * i) % gaps.size], gaps[(11 * i + 5) % gaps.size]
        a, b = max(first, second), min(first, second)
        error_a, error_b = error, error
        for _ in range(MOST_DIVISIONS):
            quotient = np.rint(a / b)
            remainder = abs(a - quotient * b)
            left = error_a + quotient * error_b
            if remainder <= 2 * left:
                break
            a, b = b, remainder
            error_a, error_b = error_b, left
        out[i] = b


def _guesses(above: Floats, error: float) -> list[float]:
    gaps = np.diff(above)
    gaps = np.sort(gaps[gaps > WIDER / 2 * error])
    if gaps.size < 8:
        return []
    # The smallest ones alone would be those that rounding made small.
    several = gaps[: max(int(np.searchsorted(gaps, SEVERAL * gaps[0])), GAPS)]
    gaps = gaps[:GAPS]
    divisors = np.empty(PAIRS)
    _common_divisors(gaps, error, divisors)
    found = [float(gaps[0]), float(gaps[0]) / 2, *np.sort(divisors)[::-1].tolist()]
    # All are tried on gaps at once, which nearly none survive where there is no grid, and become as
    # exact as many gaps are.
    guesses = np.array(found)[:, np.newaxis]
    numbers = np.rint(several / guesses)
    right = np.abs(several - numbers * guesses) < guesses / 8
    likely = np.mean(right, axis=1) >= SHARE
    numbers = np.where(right, numbers, 0)[likely]
    guesses = np.sum(several * numbers, axis=1) / np.sum(numbers**2, axis=1)
    # Guesses that agree within rounding are one.
    kept: list[float] = []
    for guess in guesses.tolist():
        if all(abs(guess - other) > 1e-3 * other for other in kept):
            kept.append(guess)
    return kept[:GUESSES]


def _refine(guess: float, above: Floats, error: float) -> float | None:
    """Distance of the grid of nearly all values, as exactly as they allow."""
    distance, count = guess, FIRST
    while True:
        part = above[:count]
        numbers = np.rint(part / distance)
        right = np.abs(part - numbers * distance) < distance / 8
        squares = float(np.sum(numbers[right] ** 2))
        if np.mean(right) < SHARE or squares == 0:
            return None
        distance = float(np.sum(part[right] * numbers[right])) / squares
        if count >= above.size:
            break
        count *= 2
    missed = np.abs(above - np.rint(above / distance) * distance)
    if distance < WIDER * error or np.mean(missed < 4 * error) < SHARE:
        return None
    return distance


def _likely(values: Floats, distance: float, unit: float) -> Iterator[tuple[float, float]]:
    """Yield the distance that fits best and short ones, each with likely offsets."""
    numbers = np.rint((values - values[0]) / distance)
    range_ = max(float(numbers[-1]), 1.0)
    error = 2 * unit / range_
    single = float(np.float32(distance))
    distances = [distance]
    distances += [single] if abs(single - distance) <= error else []
    short = (float(f"{distance:.{digits}g}") for digits in range(1, 17))
    distances += [next((number for number in short if abs(number - distance) <= error), distance)]
    for choice in dict.fromkeys(distances):
        start = float(np.median(values - numbers * choice))
        shift = np.rint(start / choice) * choice
        yield choice, 0.0 if abs(start - shift) <= 8 * unit else start - shift
        yield choice, start
    simple = _simple(values, numbers, start, choice, (unit, error))
    if simple is not None:
        yield choice, simple


def _simple(
    values: Floats, numbers: Floats, start: float, distance: float, errors: tuple[float, float]
) -> float | None:
    """Offset of few decimals from which 16-bit integers reach the samples, most of them exactly."""
    steps = np.arange(-INTEGERS, INTEGERS + 1)
    offsets = start + steps * distance
    room = 4 * errors[0] + np.abs(steps) * errors[1]
    best, most = None, 0.0
    for digits in range(MOST_DIGITS + 1):
        factor = 10.0**digits
        # What chance finds is no sign.
        if 4 * factor * float(np.sum(room)) > 0.1:
            break
        short = np.rint(offsets * factor) / factor
        hits = np.flatnonzero(np.abs(offsets - short) < room)[:MOST_HITS]
        for count in COUNTS:
            some = slice(None, None, -(-values.size // count))
            sums = (numbers[some] - steps[hits, np.newaxis]) * distance
            right = np.mean(sums + short[hits, np.newaxis] == values[some], axis=1)
            order = np.argsort(-right, kind="stable")[:KEPT]
            hits, right = hits[order], right[order]
        if hits.size and right[0] > most:
            best, most = float(short[hits[0]]), float(right[0])
        if most == 1:
            break
    return best
