"""Find the number of which floats are multiples. Encoder only.

The smallest distance between multiples of b is often b itself; where they are too few for that,
Euclid's algorithm finds the common divisor of two of them in floating point too, as long as it
stops at what rounding left over. Either guess is then refined on larger and larger multiples.

Means of n numbers of a grid are multiples of the grid's unit over n. Samples that are many units
away from zero are too coarse for both ways above, so the n are tried one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.transforms.step import Array

__all__ = ["OVER", "TIMES", "find_base"]

# Operations of `compress.transforms.scaled`.
OVER, TIMES = 1, 2
PAIRS = 32
# Counts of which there are means: odd, as binary grids take any power of two, and times powers of
# five, for decimal grids.
_COUNTS = np.unique(np.multiply.outer(5 ** np.arange(6), np.arange(1, 1024, 2))).astype(np.float64)
_COUNTS = _COUNTS[_COUNTS < 1 << 16]
# Sums of many numbers miss their mean by a few units in the last place: 2^-6 each behind the point.
# Of random floats an eighth is as near to a whole number.
_PLACES, _WHOLE = 6, 2.0**-4
# Values on which a guess is tried first, and the share that must be its multiples.
FIRST, SHARE = 16, 0.85


@kernel("void(f8[::1], const(f8[::1]), f8)")
def _common_divisors(first: Any, second: Any, precision: float) -> None:
    """Write approximate greatest common divisors of pairs of positive numbers over the first."""
    for i in range(min(first.size, second.size)):
        a, b = max(first[i], second[i]), min(first[i], second[i])
        # A remainder is u a - v b with v about a over the last divisor, so its error grows.
        error = a * a * precision
        for _ in range(64):
            remainder = abs(a - b * np.rint(a / b))
            if not remainder > error / b:
                break
            a, b = b, remainder
        first[i] = b


def _guesses(values: Any, mantissa: int) -> Any:
    gaps = np.diff(values)
    gaps = gaps[gaps > values[-1] * 2.0 ** (2 - mantissa)]
    pairs = np.random.default_rng(0).integers(0, values.size, (2, PAIRS))
    pairs = values[pairs[:, pairs[0] != pairs[1]]]
    divisors = np.ascontiguousarray(pairs[0])
    _common_divisors(divisors, np.ascontiguousarray(pairs[1]), 2.0 ** (2 - mantissa))
    divisors = np.sort(divisors)[::-1]
    if gaps.size:
        smallest = np.median(gaps[gaps < 1.5 * gaps.min()])
        return np.concatenate([[smallest, smallest / 2, smallest / 3], divisors])
    return divisors


def _refine(guess: float, values: Any, mantissa: int) -> float | None:
    """Divisor of nearly all values, as exactly as they allow; ``None`` if it is none."""
    base, count = guess, min(FIRST, values.size)
    tolerance = 2.0 ** (1 - mantissa)
    while True:
        part = values[:count]
        numbers = np.rint(part / base)
        right = np.abs(part - numbers * base) < base / 8
        if np.mean(right) < SHARE or not np.any(numbers[right]):
            return None
        base = float(np.sum(part[right] * numbers[right]) / np.sum(numbers[right] ** 2))
        if count == values.size:
            break
        count = min(2 * count, values.size)
    numbers = np.rint(values / base)
    right = np.abs(values - numbers * base) < np.maximum(8, numbers) * base * tolerance * 8
    # Random floats are multiples of anything much finer than their spacing.
    if np.mean(right) < SHARE or np.median(numbers) * tolerance * 8 > 1 / 16:
        return None
    return base


def _divisor_of_means(values: Any, mantissa: int) -> float:
    """Return a number such that samples times it are whole, as coarse as it may be; 0 for none.

    Parameters
    ----------
    values : numpy.ndarray of float64
        Positive, in rising order.
    mantissa : int
        Bits of mantissa that the numbers were rounded to.
    """
    # So that a product with any count keeps `_PLACES` bits of the mantissa behind the point.
    shift = mantissa - _PLACES - int(np.frexp(values[-1])[1])
    few = np.ldexp(values[:: -(-values.size // FIRST)], shift)
    counts = _COUNTS
    for size in (4, FIRST):
        products = few[:size] * np.frexp(counts)[0][:, np.newaxis]
        counts = counts[np.all(np.abs(products - np.rint(products)) <= _WHOLE, axis=1)]
        # Multiples of a power of two are of any count; other steps see these.
        if not counts.size or counts[0] == 1:
            return 0.0
    scaled = float(np.frexp(counts[0])[0])
    numbers = np.rint(np.ldexp(values, shift) * scaled).astype(np.int64)
    # Powers of two that nearly all numbers are multiples of.
    powers = np.sort(np.frexp((numbers & -numbers)[numbers != 0].astype(np.float64))[1] - 1)
    spare = int(powers[int((1 - SHARE) * powers.size)]) if powers.size else 0
    return float(np.ldexp(scaled, shift - spare))


def find_base(sample: Array, mantissa: int) -> Iterator[tuple[int, float]]:
    """Yield (operation, base) worth a try: `OVER` for k / base with a whole base, `TIMES`.

    Parameters
    ----------
    sample : numpy.ndarray of float
        Finite, not zero.
    mantissa : int
        Bits of mantissa that the numbers were rounded to.
    """
    values = np.unique(np.abs(sample.astype(np.float64)))
    middle = float(np.median(values))
    # Far from the range's ends no product below overflows; far smaller ones say little.
    values = values[(values > middle / 4096) & (values < middle * 64)]
    if values.size < 4 or not 1e-140 < middle < 1e140:
        return
    base = _guessed(values, mantissa)
    if base is None:
        divisor = _divisor_of_means(values, mantissa)
        if divisor:
            yield OVER, divisor
        return
    numbers = np.rint(values / base)
    inverse = round(1 / base) if base < 1 else 0
    if inverse > 1 and abs(1 / base - inverse) < 1e-6 * inverse:
        yield OVER, float(inverse)
    yield TIMES, _exact(base, numbers, values, mantissa)


def _guessed(values: Any, mantissa: int) -> float | None:
    """Return what the distances of samples say that they are multiples of."""
    with np.errstate(all="ignore"):
        guesses = _guesses(values, mantissa)
        # All at once on the smallest values, which nearly none survive where there is no base.
        few = values[:FIRST] / guesses[:, np.newaxis]
        right = np.mean(np.abs(few - np.rint(few)) < 1 / 8, axis=1)
        for guess in guesses[right >= SHARE]:
            base = _refine(float(guess), values, mantissa)
            if base is not None:
                return base
    return None


def _exact(base: float, numbers: Any, values: Any, mantissa: int) -> float:
    """Float near ``base`` whose multiples round to most values."""
    largest = np.argsort(-numbers)[:8]
    largest = largest[numbers[largest] > 0]
    steps = np.concatenate(
        [
            [base, np.nextafter(base, np.inf), np.nextafter(base, 0)],
            values[largest] / numbers[largest],
        ]
    )
    # The factor may have been a float32 when it was multiplied.
    steps = np.concatenate([steps, steps.astype(np.float32).astype(np.float64)])

    def score(step: float) -> float:
        products = numbers * step
        if mantissa <= 24:
            return float(np.mean(products.astype(np.float32) == values.astype(np.float32)))
        return float(np.mean(products == values))

    return float(max(steps, key=score))
