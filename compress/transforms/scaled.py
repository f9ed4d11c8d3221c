"""Floats that are integers over a power of ten, or times or over any other number.

Prices are hundredths, and what a text said as 0.1 is the float nearest to 1 / 10. So the value is
one correctly rounded operation on an integer k: ``k / 10^d`` (exactly what parsing the decimal
gives; ``k * 10^-d`` is not), ``k / c`` or ``k * b``. It may have been rounded to a shorter float
since. With ``adjusted``, a second plane counts the units in the last place by which samples miss,
for numbers that went through arithmetic: of all samples, or of all integers in order, where equal
integers miss alike. NaN, infinities, -0.0 and what does not fit are set apart
by `compress.transforms.special`.

Parameters: operation; power of ten, or the bits of the float64; rounding; adjusted; layout and
special values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.base import TIMES, find_base
from compress.transforms.misses import (
    BY_INTEGER,
    BY_SAMPLE,
    EXACT,
    add_misses,
    listed_misses,
    misses_of,
)
from compress.transforms.ordered import to_plane
from compress.transforms.sample import repeated_values
from compress.transforms.special import Mask, check_special, layouts, merge, set_apart
from compress.transforms.step import (
    INT64,
    STAGE_HOLES,
    STAGE_NUMBERS,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
)

CODE = 4
NAME = "scaled"
TRAITS = Traits(
    STAGE_NUMBERS, variant=(4,), takes_narrow=True, encode_ns=4.0, held_bytes=44, decode_ns=2.0
)

OVER_POWER_OF_TEN = 0
# How often an integer must occur on the average for misses by integer.
OFTEN = 2
NATIVE, SINGLE, HALF = range(3)
ROUNDINGS: dict[int, type[np.floating[Any]]] = {SINGLE: np.float32, HALF: np.float16}

MAX_POWER = 22  # the largest power of ten that a float64 holds exactly
LARGEST = float(1 << 53)
SAMPLE = 1024
# A power of ten is worth a try if it describes this share of a few samples: half of all must be.
A_FEW, SHARE_OF_A_FEW = 32, 0.3
# Or if so many are within so many units in the last place of it.
SHARE_OF_CLOSE, CLOSE = 0.85, 4
MANTISSA = {2: 11, 4: 24, 8: 53}


def accepts(dtype: np.dtype[Any]) -> bool:
    """Take floats."""
    return dtype.kind == "f"


def _factor(operation: int, number: int) -> float:
    if operation == OVER_POWER_OF_TEN:
        return float(10**number)
    return float(np.array([number], np.int64).view(np.float64)[0])


def _bits(number: float) -> int:
    return int(np.array([number]).view(np.int64)[0])


def _restore(plane: Plane, operation: int, factor: float, rounding: int, dtype: Any) -> Array:
    numbers = plane.reshape(-1).astype(np.float64)
    with np.errstate(all="ignore"):
        numbers = numbers * factor if operation == TIMES else numbers / factor
        if rounding in ROUNDINGS:
            numbers = numbers.astype(ROUNDINGS[rounding]).astype(np.float64)
        restored: Array = numbers.astype(dtype)
    return restored.reshape(plane.shape)


def _integers(array: Array, operation: int, factor: float) -> Plane:
    """Nearest integers; anything for numbers that are not finite or too large."""
    with np.errstate(all="ignore"):
        numbers = array.reshape(-1).astype(np.float64)
        numbers = np.rint(numbers / factor if operation == TIMES else numbers * factor)
        numbers[~(np.abs(numbers) <= LARGEST)] = 0
    return numbers.astype(np.int64).reshape(array.shape)


def _matches(array: Array, operation: int, number: int, rounding: int) -> tuple[Plane, Any]:
    factor = _factor(operation, number)
    plane = _integers(array, operation, factor)
    restored = _restore(plane, operation, factor, rounding, array.dtype)
    # As bits, so that -0.0 is not 0.0 and NaN is itself.
    unsigned = f"u{array.dtype.itemsize}"
    return plane, restored.view(unsigned) == array.view(unsigned)


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Try powers of ten, then look for another base."""
    del context
    sample = runs(array, SAMPLE, 16)
    finite = sample[np.isfinite(sample) & (sample != 0)]
    if finite.size < 4:
        return
    best = _Best()
    for rounding, mantissa in _roundings(finite):
        _try_powers(finite, rounding, mantissa, best)
        # Many digits of a fine power of ten may describe most multiples of another base.
        if best.gain < mantissa / 3 or best.share < 1:
            _try_bases(finite, rounding, mantissa, best)
        if best.share == 1:
            break
    if best.parameters is None:
        return
    operation, number, rounding, adjusted = best.parameters
    good = np.isfinite(sample) if adjusted else _matches(sample, operation, number, rounding)[1]
    specials = repeated_values(to_plane(sample[~good]))
    if adjusted:
        plane = _matches(array, operation, number, rounding)[0]
        miss, near = _misses(array, plane, operation, _factor(operation, number), rounding)
        listed = listed_misses(plane[near], miss[near])
        if listed is not None and OFTEN * listed.size <= plane.size:
            adjusted = BY_INTEGER
    for layout in layouts(array.shape, ~good):
        yield (operation, number, rounding, adjusted, layout, *specials)


@dataclass
class _Best:
    """Best parameters so far: bits saved per sample, share of samples without a miss."""

    gain: float = 1.0
    share: float = 0.0
    parameters: tuple[int, int, int, int] | None = None

    def offer(self, gain: float, share: float, parameters: tuple[int, int, int, int]) -> None:
        if gain > self.gain:
            self.gain, self.share, self.parameters = gain, share, parameters


def _roundings(finite: Array) -> Iterator[tuple[int, int]]:
    """Yield the roundings that the sample may have gone through, and lengths of mantissa."""
    size = finite.dtype.itemsize
    yield NATIVE, MANTISSA[size]
    with np.errstate(all="ignore"):
        for rounding, narrow in ((SINGLE, 4), (HALF, 2)):
            if narrow < size and np.all(finite.astype(ROUNDINGS[rounding]) == finite):
                yield rounding, MANTISSA[narrow]


def _try_powers(finite: Array, rounding: int, mantissa: int, best: _Best) -> None:
    # All powers at once, on a few samples.
    few = finite[:: -(-finite.size // A_FEW)]
    factors = 10.0 ** np.arange(MAX_POWER + 1)[:, np.newaxis]
    with np.errstate(all="ignore"):
        numbers = np.rint(few.astype(np.float64) * factors) / factors
        if rounding in ROUNDINGS:
            numbers = numbers.astype(ROUNDINGS[rounding])
        restored = numbers.astype(few.dtype)
        right = np.mean(restored == few, axis=1)
        # What went through arithmetic misses by little; all miss so where a power is fine enough.
        near = np.mean(np.abs(restored - few) <= CLOSE * np.spacing(np.abs(few)), axis=1)
    for power in np.flatnonzero(right >= SHARE_OF_A_FEW).tolist():
        if _try(finite, OVER_POWER_OF_TEN, power, (rounding, mantissa), best):
            return
    for power in np.flatnonzero(near >= SHARE_OF_CLOSE)[:1].tolist():
        if right[power] < SHARE_OF_A_FEW:
            _try(finite, OVER_POWER_OF_TEN, power, (rounding, mantissa), best)


def _try_bases(finite: Array, rounding: int, mantissa: int, best: _Best) -> None:
    for operation, base in find_base(finite, mantissa):
        _try(finite, operation, _bits(base), (rounding, mantissa), best)


def _try(finite: Array, operation: int, number: int, rounded: tuple[int, int], best: _Best) -> bool:
    """Offer a rule, exact and with misses; say whether it describes all samples exactly."""
    rounding, mantissa = rounded
    plane, good = _matches(finite, operation, number, rounding)
    share = float(np.mean(good))
    best.offer(_gain(plane, good, mantissa), share, (operation, number, rounding, EXACT))
    if share == 1:
        return True
    miss, near = _misses(finite, plane, operation, _factor(operation, number), rounding)
    spread = float(np.mean(np.log2(1 + 2 * np.abs(miss[near])))) if near.any() else 64
    gain = _gain(plane, near, mantissa) - spread
    best.offer(gain, share, (operation, number, rounding, BY_SAMPLE))
    return False


def _gain(plane: Plane, good: Any, mantissa: int) -> float:
    """Bits saved per sample, about: mantissa that the integers do not need, less the misfits."""
    share = float(np.mean(good))
    if share < 0.5:
        return -1.0
    # The integer of a number needs log2 k bits; its float had the whole mantissa.
    needed = float(np.mean(np.log2(1.0 + np.abs(plane[good]))))
    return share * (mantissa - needed) - (1 - share) * 2 * mantissa


def _misses(
    array: Array, plane: Plane, operation: int, factor: float, rounding: int
) -> tuple[Plane, Any]:
    """Distance in units of the last place, and whether it is small and the sample finite."""
    return misses_of(array, _restore(plane, operation, factor, rounding, array.dtype))


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask, the integers, the misses if adjusted, and the values that do not fit."""
    operation, number, rounding, adjusted = parameters[:4]
    layout, specials = check_special(NAME, parameters, 4)
    plane, good = _matches(array, operation, number, rounding)
    mains = [plane]
    exact = to_plane(array)
    if adjusted:
        miss, good = _misses(array, plane, operation, _factor(operation, number), rounding)
        good &= ~np.isin(exact, specials)
        if adjusted == BY_INTEGER:
            listed = listed_misses(plane[good], miss[good])
            if listed is None:
                return None
            mask, main, *rest = set_apart(mains, good, exact, layout, specials, STAGE_HOLES)
            return (mask, main, Child(listed, "side", next_stage=STAGE_HOLES), *rest)
        mains.append(miss)
    return set_apart(mains, good, exact, layout, specials, STAGE_HOLES)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Divide or multiply."""
    if not accepts(dtype):
        raise CorruptError(f"{NAME}: not for {dtype}")
    check_parameters(NAME, parameters[:4], (0, TIMES), INT64, (0, HALF), (EXACT, BY_INTEGER))
    operation, number, rounding, adjusted = parameters[:4]
    if operation == OVER_POWER_OF_TEN and not 0 <= number <= MAX_POWER:
        raise CorruptError(f"{NAME}: 10^{number} is no exact number")
    factor = _factor(operation, number)
    if not np.isfinite(factor) or factor == 0:
        raise CorruptError(f"{NAME}: the base is {factor}")

    def restore(plane: Plane, good: Mask) -> Array:
        restored = _restore(plane, operation, factor, rounding, dtype)
        return add_misses(read, restored, plane, good, adjusted)

    return merge(NAME, read, shape, dtype, check_special(NAME, parameters, 4), restore=restore)
