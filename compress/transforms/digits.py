"""Several numbers packed into one integer: a plane for each.

An identifier holds a time, a machine and a counter, a pixel four channels, a date year, month and
day as decimal digits. Parameters: the reference; the radices of all numbers but the highest one,
the lowest first: 2^12 is twelve bits, 100 two decimal digits. Reference 0 is none, another the
place, from 1 on, of a number that all others are differences to, as channels of a picture are.
Children: the reference, if any, then the other numbers, the lowest first; the highest one carries
the sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.spread import density_bits
from compress.transforms.step import (
    STAGE_DIGITS,
    STAGE_ORDER,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 23
NAME = "digits"
MAX_NUMBERS = 16
MAX_RADIX = 1 << 62
BITS, DECIMALS = 2, 10
_SAMPLE, _RUN = 1 << 10, 64
_POWERS = 10 ** np.arange(19)
# Fewer values need no parts.
_EXTENT = 1 << 10
# By how much more often the lowest digit of a number changes than the one below it.
_RISE, _MAX_RISES = 0.1, 10
# Bits a sample that parts must gain, and that each must.
_GAIN, _EACH = 0.5, 0.1
# How often values of a sample recur whose entropy says something.
_OFTEN = 4
# Values further apart have no table; what it costs to number values, and changes.
_TABLE, _LISTED, _LISTED_CHANGES = 1 << 12, 0.3, 2.0

TRAITS = Traits(
    STAGE_DIGITS, variant=(0,), search_ns=20.0, encode_ns=6.0, held_bytes=32, decode_ns=6.0
)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find where digits change more often than the ones below: there a number begins."""
    del context
    if array.size < _RUN:
        return
    sample = runs(array, _SAMPLE, _RUN)
    low, high = int(sample.min()), int(sample.max())
    if high - low < _EXTENT:
        return
    # Bits of negative numbers are those of others, decimal digits are not.
    for base in (BITS, DECIMALS) if low >= 0 else (BITS,):
        cuts = [cut for cut in _rises(sample, base) if base**cut <= min(high - low, MAX_RADIX)]
        if not cuts:
            continue
        whole = _cost(sample)
        cost, best = _cheapest(sample, base, cuts, whole)
        if best and cost < whole - _GAIN:
            radices = tuple(base**n for n in np.diff(best, prepend=0).tolist())
            # Numbers of one range may be channels.
            if len(radices) > 1 and len(set(radices)) == 1:
                yield from _references(sample, radices)
            yield (0, *radices)


def _references(sample: Plane, radices: Parameters) -> Iterator[Parameters]:
    """Yield the reference to which the others' differences cost least, if they gain."""
    usual = sum(map(_cost, _numbers(sample, 0, radices))) - _GAIN
    choices = range(1, len(radices) + 1)
    costs = [sum(map(_cost, _numbers(sample, reference, radices))) for reference in choices]
    if min(costs) < usual:
        yield (choices[int(np.argmin(costs))], *radices)


def _rises(sample: Plane, base: int) -> list[int]:
    """Places of digits that change more often than the one below."""
    if base == BITS:
        digits = (sample >> np.arange(64)[:, None]) & 1
    else:
        digits = sample // _POWERS[:, None] % base
    steps = np.diff(np.mean(digits[:, 1:] != digits[:, :-1], axis=1))
    found = np.flatnonzero(steps > _RISE)
    best = found[np.argsort(-steps[found])[:_MAX_RISES]] + 1
    return sorted(int(place) for place in best)


def _cheapest(sample: Plane, base: int, cuts: list[int], whole: float) -> tuple[float, list[int]]:
    """Bits of the cheapest parts whose bounds are among the cuts, and these bounds."""

    def number(begin: int, end: int | None) -> Plane:
        shifted: Plane = sample // base**begin
        return shifted if end is None else np.mod(shifted, base ** (end - begin))

    bounds = [0, *cuts]
    best: list[tuple[float, list[int]]] = [(0.0, [])]
    for j, end in enumerate([*cuts, None], 1):
        ways: list[tuple[float, list[int]]] = []
        for i in range(j):
            if i == 0 and end is None:
                ways.append((whole, []))
                continue
            bits = best[i][0] + _cost(number(bounds[i], end)) + _EACH
            ways.append((bits, [*best[i][1], *([] if end is None else [end])]))
        best.append(min(ways))
    cost, found = best[-1]
    return cost, found


def _cost(numbers: Plane) -> float:
    """Bits of a number, about: by its value or by its change."""
    # Changes between the runs of the sample are none.
    rows = numbers[: numbers.size // _RUN * _RUN].reshape(-1, _RUN)
    changes = np.diff(rows, axis=1).reshape(-1)
    return min(
        density_bits(numbers, _OFTEN, _LISTED, _TABLE),
        density_bits(changes, _OFTEN, _LISTED_CHANGES, _TABLE),
    )


def _numbers(flat: Plane, reference: int, radices: Parameters) -> list[Plane]:
    """Give the children, flat."""
    rest, numbers = flat, []
    for radix in radices:
        if radix & (radix - 1) == 0:
            numbers.append(rest & (radix - 1))
            rest = rest >> (radix.bit_length() - 1)
        else:
            rest, number = np.divmod(rest, np.int64(radix))
            numbers.append(number)
    numbers.append(rest)
    if not reference:
        return numbers
    first = numbers.pop(reference - 1)
    return [first, *(number - first for number in numbers)]


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the numbers."""
    if math.prod(parameters[1:]) > MAX_RADIX:
        return None
    numbers = _numbers(array.reshape(-1), parameters[0], parameters[1:])
    planes = [np.ascontiguousarray(plane.reshape(array.shape)) for plane in numbers]
    return tuple(Child(plane, "channel", next_stage=STAGE_ORDER) for plane in planes)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Multiply and add; what is read is added at once."""
    check_plane(NAME, dtype)
    if not 2 <= len(parameters) <= MAX_NUMBERS:
        raise CorruptError(f"{NAME}: {len(parameters)} parameters")
    reference, radices = parameters[0], parameters[1:]
    limits = (0, len(radices)), *[(2, MAX_RADIX)] * len(radices)
    check_parameters(NAME, parameters, *limits)
    if math.prod(radices) > MAX_RADIX:
        raise CorruptError(f"{NAME}: the numbers do not fit")
    first = read(shape).reshape(-1) if reference else np.int64(0)
    plane = np.zeros(math.prod(shape), np.int64)
    weight = 1
    for place, radix in enumerate(radices, 1):
        number = first if place == reference else read(shape).reshape(-1) + first
        if plane.size and not 0 <= int(number.min()) <= int(number.max()) < radix:
            raise CorruptError(f"{NAME}: a number is not below the radix {radix}")
        plane += number * np.int64(weight)
        weight *= radix
    plane += (read(shape).reshape(-1) + first) * np.int64(weight)
    return plane.reshape(shape)
