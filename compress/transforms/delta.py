"""Differences of first, second or third order, plain or modulo a number.

A counter of 32 bits that goes on by a constant step, or by one that changes slowly, wraps around
all the time: modulo 2^32 its second differences are small. Differences as a plane of their own
also show later steps what repeats or stands out among them.

Parameters: order; modulus (0: 2^64) and the lowest value, with all values in low .. low + modulus
- 1; then the first value and the first differences below the last order. Child: the differences,
the nearest to zero that the modulus allows, one-dimensional and shorter by the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.sampling import middle, thinned
from compress.transforms.sample import central_value
from compress.transforms.spread import mean_bits
from compress.transforms.step import (
    INT64,
    STAGE_HOLES,
    STAGE_ORDER,
    Array,
    Child,
    Context,
    NarrowPlane,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)
from compress.transforms.unwrapped import USUAL

CODE = 20
NAME = "delta"
MAX_ORDER = 3
# Sums of two differences stay within 63 bits.
MAX_MODULUS = 1 << 61
_WINDOW = 1 << 11
_LEAST = 64
# Differences that a median is taken of.
_MEDIAN_OF = 1 << 9
# Bits a sample that differences must gain.
_GAIN = 0.5
# Share of differences above which one of them stands out, and how far the rarest lie apart.
_ATOM, _FAR, _USUAL = 0.1, 1 << 8, 0.9
_JUMPS = 2
# Wraps that are rarer cost little.
_RARE = 1 / 1024

TRAITS = Traits(
    STAGE_ORDER,
    estimable=False,
    variant=(0,),
    takes_narrow=True,
    search_ns=5.0,
    encode_ns=1.0,
    decode_ns=1.0,
)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find differences that are smaller than those before them, and what they are modulo."""
    del context
    if array.size < _LEAST or array.size != max(array.shape):
        return
    flat = array.reshape(-1)
    window = middle(flat, _WINDOW)
    first = np.diff(window)
    alone, changed = _spread(window), _spread(first)
    usual = min(alone, changed)
    found = [(_spread(np.diff(first, order - 1)), order, 0, 0) for order in (2, 3)]
    bounds = int(flat.min()), int(flat.max())
    for modulus in _moduli(np.diff(first), bounds[1] - bounds[0] + 1):
        low = _lowest(bounds, modulus)
        if low is not None:
            for order in range(1, MAX_ORDER + 1):
                differences = _differences(window, order, modulus)[order:]
                found.append((_spread(differences), order, modulus, low))
    least = min(bits for bits, *_ in found)
    if least < usual - _GAIN:
        # Orders that gain nothing add noise; natural moduli are the likely ones.
        _, *best = min((choice for choice in found if choice[0] < least + 0.1), key=itemgetter(1))
        yield _parameters(flat, *best)
    if changed < alone - _GAIN and _stands_out(first):
        yield _parameters(flat, 1, 0, 0)


def _spread(numbers: Plane) -> float:
    """Bits of numbers less the middle one, about."""
    return mean_bits(numbers, int(central_value(thinned(numbers, _MEDIAN_OF))))


def _stands_out(differences: Plane) -> bool:
    """Whether one difference recurs, or some lie far outside the others, each by itself."""
    ordered = np.sort(differences)
    often = int(_ATOM * differences.size)
    if np.any(ordered[often:] == ordered[: ordered.size - often]):
        return True
    distances = np.abs(differences.astype(np.float64) - float(ordered[ordered.size // 2]))
    place = int(_USUAL * distances.size)
    usual = float(np.partition(distances, place)[place])
    far = np.pad(distances > _FAR * (1 + usual), 1)
    # A spike makes two, one after the other; plane models bear spikes and a jump or two.
    alone = far[1:-1] & ~far[:-2] & ~far[2:]
    return int(np.count_nonzero(alone)) > _JUMPS


def _moduli(seconds: Plane, extent: int) -> list[int]:
    """List what second differences are about multiples of, beside zero; natural ones first."""
    distances = np.abs(seconds.astype(np.float64))
    far = distances > distances.max(initial=0.0) / 4
    if not _RARE * far.size < np.count_nonzero(far) < far.size:
        return []
    modulus, near = float(np.median(distances[far])), float(np.median(distances[~far]))
    if not 4 <= modulus <= MAX_MODULUS or near > modulus / 16:
        return []
    found = max(int(np.median(np.abs(seconds[far]))), extent)
    natural = {*USUAL, 1 << (found - 1).bit_length(), 1 << (extent - 1).bit_length()}
    close = sorted(number for number in natural if abs(number - modulus) <= modulus / 8)
    return [*close, found]


def _lowest(bounds: tuple[int, int], modulus: int) -> int | None:
    """Return where a range of so many values begins that holds the bounds."""
    for low in (0, -(modulus // 2), min(bounds[0], INT64[1] - modulus + 1)):
        if low <= bounds[0] and bounds[1] < low + modulus and modulus <= MAX_MODULUS:
            return low
    return None


def _parameters(flat: Plane, order: int, modulus: int, low: int) -> Parameters:
    return (order, modulus, low, *_differences(flat[:order], order, modulus).tolist())


@kernel("void(i8[::1], i8, i8)")
def _difference(values: Plane, start: int, modulus: int) -> None:
    """Replace values from the start on by differences to the one before, in place."""
    if start < 1:
        return
    half = np.int64(modulus >> 1)
    for i in range(values.size - 1, start - 1, -1):
        step = values[i] - values[i - 1]
        if modulus:
            if step >= modulus - half:
                step -= modulus
            elif step < -half:
                step += modulus
        values[i] = step


@kernel("b1(const(i8[::1]), i8, i8, i8, i8[::1])")
def _add(differences: Plane, first: int, low: int, modulus: int, out: Plane) -> bool:
    """Add differences up from a first value on; false if one cannot be."""
    if out.size != differences.size + 1:
        return False
    # Above the lowest value, where no sum leaves 64 bits.
    base = np.int64(low) if modulus else np.int64(0)
    total = np.int64(first) - base
    out[0] = first
    half = np.int64(modulus >> 1)
    for i in range(differences.size):
        step = differences[i]
        total += step
        if modulus:
            if not -half <= step < modulus - half:
                return False
            if total >= modulus:
                total -= modulus
            elif total < 0:
                total += modulus
        out[i + 1] = base + total
    return True


@kernel(
    "b1(const(i2[::1]), const(i8[::1]), i8[::1])",
    "b1(const(i4[::1]), const(i8[::1]), i8[::1])",
    "b1(const(i8[::1]), const(i8[::1]), i8[::1])",
)
def _add_orders(differences: NarrowPlane, starts: Plane, out: Plane) -> bool:
    """Add differences without a modulus up, all orders at once; false for other lengths."""
    order = starts.size
    if not 1 <= order <= MAX_ORDER or out.size != differences.size + order:
        return False
    zero = np.int64(0)
    value, first, second = starts[0], zero, zero
    out[0] = value
    if order == 1:
        for i in range(differences.size):
            value += np.int64(differences[i])
            out[i + 1] = value
        return True
    first = starts[1]
    value += first
    out[1] = value
    if order == 2:
        for i in range(differences.size):
            first += np.int64(differences[i])
            value += first
            out[i + 2] = value
        return True
    second = starts[2]
    first += second
    value += first
    out[2] = value
    for i in range(differences.size):
        second += np.int64(differences[i])
        first += second
        value += first
        out[i + 3] = value
    return True


def _differences(flat: Plane, order: int, modulus: int) -> Plane:
    """Each difference at the place of its last sample; what precedes those of an order stays."""
    plane = np.array(flat)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        for start in range(1, order + 1):
            _difference(plane, start, modulus)
    return plane


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the differences."""
    order, modulus, low = parameters[:3]
    flat = array.reshape(-1)
    if flat.size <= order or flat.size != max(array.shape, default=0):
        return None
    if modulus and not low <= int(flat.min()) <= int(flat.max()) < low + modulus:
        return None
    plane = _differences(flat, order, modulus)
    if tuple(plane[:order].tolist()) != parameters[3:]:
        return None
    return (Child(np.ascontiguousarray(plane[order:]), next_stage=STAGE_HOLES),)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Add up, order by order."""
    check_plane(NAME, dtype)
    if len(parameters) < 3:
        raise CorruptError(f"{NAME}: {len(parameters)} parameters")
    order, modulus, low = parameters[:3]
    check_parameters(NAME, parameters[:2], (1, MAX_ORDER), (0, MAX_MODULUS))
    check_parameters(
        NAME, parameters[2:], *[(INT64[0], INT64[1] - max(modulus - 1, 0)), *[INT64] * order]
    )
    starts = parameters[3:]
    size = max(shape, default=0)
    if size <= order or size != int(np.prod(shape, dtype=object)):
        raise CorruptError(f"{NAME}: cannot make the shape {shape}")
    half = modulus >> 1
    lows = [low, *[-half] * (order - 1)]
    given = read((size - order,))
    if not modulus:
        plane = np.empty(size, np.int64)
        with np.errstate(over="ignore"):  # wraps, compiled or not
            if not _add_orders(given, np.array(starts, np.int64), plane):
                raise CorruptError(f"{NAME}: differences of order {order} cannot be added up")
        return plane.reshape(shape)
    plane = given.astype(np.int64, copy=False)
    for start, bottom in zip(reversed(starts), reversed(lows), strict=True):
        if modulus and not bottom <= start < bottom + modulus:
            raise CorruptError(f"{NAME}: {start} is no value modulo {modulus}")
        out = np.empty(plane.size + 1, np.int64)
        with np.errstate(over="ignore"):  # wraps, compiled or not
            if not _add(plane, start, bottom, modulus, out):
                raise CorruptError(f"{NAME}: a difference is outside the modulus {modulus}")
        plane = out
    return plane.reshape(shape)
