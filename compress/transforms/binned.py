"""Integers over many orders of magnitude: which bin, and where in it.

The steps of a walk in full mantissas are as wide as the mantissa wherever it is, and wider near
zero. No table has a mass for each, and one that drops a number of low bits is too coarse for the
small and too short for the large. So bins are as a float has them: a few leading bits of the
magnitude and how many follow. The bins, in the order of the numbers, are the main plane; the bits
that follow are nearly noise, and are packed.

Parameter: the leading bits, at least 2. Children: the bins, in the shape of the plane, and the
packed bits (see `compress.transforms.packed`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import runs
from compress.transforms.packed import WORD, pack, read_words, unpack
from compress.transforms.sample import statistics_of
from compress.transforms.step import (
    STAGE_WHOLE,
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

CODE = 32
NAME = "binned"
TRAITS = Traits(STAGE_WHOLE, whole_plane=True, encode_ns=12.0, decode_ns=10.0)
# Samples that are put together at a time.
_PART = 1 << 15
accepts = is_plane

# Samples that entropies are taken of, and that say something at least.
SAMPLE, LEAST = 2048, 64
# Leading bits: a density that halves in a bin costs 0.02 bits with 2 of them, 0.005 with 3.
LEADING, MOST_LEADING = 3, 16
# Masses of a table, and bits a sample by which bins must be shorter.
TABLE, SHORTER = 12, 0.1


def _length(magnitudes: Plane) -> Plane:
    """Bits of non-negative integers."""
    # The nearest float may be the next power of two.
    length = np.frexp(magnitudes.astype(np.float64))[1].astype(np.int64)
    length -= (magnitudes >> np.maximum(length - 1, 0) == 0) & (magnitudes > 0)
    return length


def _bins(values: Plane, leading: int) -> tuple[Plane, Plane]:
    """Bins, and how many bits follow."""
    sign = values >> 63
    magnitudes = values ^ sign
    width = np.maximum(_length(magnitudes) - leading, 0)
    # Leading bits with their first 1 from 2^(leading - 1) on, so bins of all widths are in order.
    bins = (width << (leading - 1)) + (magnitudes >> width)
    return bins ^ sign, width


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Compare bins with a table that drops low bits, by their entropies in a sample."""
    if array.size < LEAST:
        return
    seen = context.once(statistics_of, array.reshape(-1))
    if (seen.high - seen.low).bit_length() <= TABLE:
        return
    sample = runs(seen.sample, SAMPLE)
    ordered = np.sort(sample)
    low, high = (int(ordered[int(share * (sample.size - 1))]) for share in (0.001, 0.999))
    drop = max((high - low).bit_length() - TABLE, 0)
    if drop == 0:
        return
    bins, width = _bins(sample, LEADING)
    if _entropy(bins) + float(np.mean(width)) + SHORTER < _entropy(sample >> drop) + drop:
        yield (LEADING,)


def _entropy(values: Plane) -> float:
    counts = np.unique(values, return_counts=True)[1]
    # Miller and Madow: the entropy of a sample is too small.
    found = np.log2(values.size) - float(np.dot(counts, np.log2(counts))) / values.size
    return float(min(found + 0.72 * counts.size / values.size, TABLE))


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give bins and packed bits."""
    (leading,) = parameters
    flat = array.reshape(-1)
    bins, width = _bins(flat, leading)
    if int(width.sum()) > WORD * flat.size:
        return None
    words = pack(flat ^ (flat >> 63), width)
    return Child(bins.reshape(array.shape), next_stage=STAGE_WHOLE), Child(words, "side")


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the packed bits behind the leading ones."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, (2, MOST_LEADING))
    (leading,) = parameters
    bins = read(shape).reshape(-1)
    # Bin 0 to 2^(leading - 1) - 1 are numbers themselves, and so are as many more.
    width = bins >> 63
    width ^= bins
    width >>= leading - 1
    width -= 1
    np.maximum(width, 0, out=width)
    if width.size and int(width.max()) > 63 - leading:
        raise CorruptError(f"{NAME}: a bin is beyond 64 bits")
    bits = int(width.sum())
    if bits > WORD * width.size:
        raise CorruptError(f"{NAME}: more words than samples")
    plane = unpack(read_words(NAME, read, bits), width)
    # In place, part by part, which takes a third of the memory.
    for i in range(0, plane.size, _PART):
        part = slice(i, i + _PART)
        sign = bins[part] >> 63
        head = (bins[part] ^ sign) - (width[part] << (leading - 1))
        plane[part] = (head << width[part] | plane[part]) ^ sign
    return plane.reshape(shape)
