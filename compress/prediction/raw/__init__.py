"""The plain plane model: what is left of random numbers, a minimum and bits without gaps.

The bits lie as `compress.prediction.common.low` says, those of 64-bit samples one after another. No
table and no words, so it is also what a handful of samples take least space with.
Parameters: the number of bits of a sample less the smallest one, and the smallest one, which is
left out where it is that of two's complement.
"""

from __future__ import annotations

from math import prod

import numpy as np

from compress.errors import CorruptError
from compress.prediction.common.low import as_words, read_bits, take_low_bits
from compress.prediction.demand import Demand
from compress.prediction.model import MOST, NARROW, NarrowPlane, Parameters, Plane

__all__ = ["CODE", "NAME", "decode", "encode", "propose"]

CODE = 6
NAME = "plain"
KNOWS_HOLES = False
FITS_ON_A_PART = False

# Bits of a sample that is kept as it is.
_ALL = 64


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters:
    """Measure the range; every plane can be coded."""
    del level, holes
    low, high = int(plane.min()), int(plane.max())
    bits = (high - low).bit_length()
    # In two's complement the minimum need not be written.
    signed = max(high.bit_length() if high > 0 else 0, (~low).bit_length() if low < 0 else 0) + 1
    return (signed,) if signed <= bits else (bits, low)


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    bits, low = _parse(parameters)
    smallest, largest = int(plane.min()), int(plane.max())
    if smallest < low or (largest - low).bit_length() > bits:
        raise ValueError(f"{smallest}..{largest} do not fit {bits} bits above {low}")
    # Modulo 2^64 on arrays: differences of int64 need not fit one.
    above = plane.reshape(-1) - np.int64(low)
    if bits == _ALL:
        return above.astype("<i8", copy=False).tobytes()
    packed = np.zeros((above.size * bits >> 6) + 2, np.uint64)
    with np.errstate(over="ignore"):
        if not take_low_bits(above, bits, packed):
            raise AssertionError("the packed size was computed wrongly")
    return packed.astype("<u8", copy=False).tobytes()[: (above.size * bits + 7) // 8]


def decode(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> NarrowPlane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    bits, low = _parse(parameters)
    n = prod(shape)
    if len(data) != (n * bits + 7) // 8:
        raise CorruptError(f"plain: {n} samples of {bits} bits in {len(data)} bytes cannot be")
    if bits == _ALL:
        wide = np.frombuffer(data, "<i8").astype(np.int64)
        return (wide + np.int64(low)).reshape(shape)
    high = low + (1 << bits) - 1
    holding = (t for t in NARROW if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    dtype = next(holding, NARROW[-1])
    if bits == 0:
        return np.full(shape, low, dtype)
    plane: NarrowPlane = np.empty(shape, dtype)
    with np.errstate(over="ignore"):
        if not read_bits(as_words(data), bits, low, plane.reshape(-1)):
            raise AssertionError("the packed size was computed wrongly")
    return plane


def _parse(parameters: Parameters) -> tuple[int, int]:
    if len(parameters) in (1, 2) and 0 <= parameters[0] <= 64:
        bits = parameters[0]
        low = parameters[1] if len(parameters) == 2 else -(1 << bits >> 1)
        if -(1 << 63) <= low < 1 << 63:
            return bits, low
    raise CorruptError("a plain model has impossible parameters")


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes."""
    del parameters
    return 0.4


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that encoding takes."""
    del parameters
    return 0.7


def demand(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    bits, _ = _parse(parameters)
    n = prod(shape)
    return Demand(20e3 + 8.0 * n, (16 if bits == _ALL else 8) * n + len(data))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Bits that ``total`` samples take, of which the plane is a part."""
    del most
    return float(propose(plane, 1)[0] * total)
