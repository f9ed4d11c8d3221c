"""How many bits would integers cost? The one estimate of order-0 code lengths. Encoder only.

The estimate stands for what the static model makes of the integers: a table of tokens, which are
integers without their low bits, an escape for what lies outside the table, and plain low bits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.model import Plane
from compress.sampling import sample_of

__all__ = ["LEAF_BITS", "TABLE_SIZE", "order0_bits", "plane_bits", "token_shift"]

LEAF_BITS = 160.0
"""What the plan of a leaf costs (model, parameters, length), with a small table."""
TABLE_SIZE = 4096
"""Tokens in a table: enough that low bits are plain where the density bends least."""
# What an escape costs beyond the bits of its value.
_ESCAPE_BITS = 4.0
# What the listing of a token in a table costs.
_LISTED_BITS = 4.0
# Shares of the integers at either end for which a table need not have tokens.
_TAILS = (1000, 32, 4)
# The entropy of a sample is too small by (K - 1) / 2n nats (Miller and Madow).
_MILLER_MADOW = 0.72
# Bits of the digits by which few and many integers are sorted, how many these are, and digits from
# which on sorting by comparisons is as fast.
_DIGIT, _LONG_DIGIT, _MANY, _MOST_DIGITS = 8, 11, 1 << 12, 4


def order0_bits(values: Plane, total: int | None = None) -> float:
    """Estimate the order-0 code length of integers, from a sample of them.

    Parameters
    ----------
    values : int64 array, any shape
        The sample.
    total : int, optional
        Integers of which it is a sample; default: it is all of them.

    Returns
    -------
    float
        Bits per integer; 0 for an empty sample.
    """
    return _table(_sorted(values), total)[0]


def token_shift(values: Plane, total: int | None = None) -> int:
    """Return how many low bits are best coded as they are; see `order0_bits`."""
    return _table(_sorted(values), total)[1]


def plane_bits(plane: Plane, total: int | None = None, most: int = 1 << 14) -> float:
    """Estimate the bits that a plane costs.

    The smallest of the order-0 code lengths of its values and of its differences from simple
    predictions (previous sample, the one above, both and their planar combination).

    Parameters
    ----------
    plane : int64 array, any shape
    total : int, optional
        Samples of the plane of which this is a sample.
    most : int
        Samples that are looked at, about.

    Returns
    -------
    float
        Bits for all ``total`` samples.
    """
    total = plane.size if total is None else total
    if plane.size == 0 or total == 0:
        return 0.0
    shape = plane.shape
    plane = sample_of(plane, most)
    alone = order0_bits(plane, total)
    bits = alone
    # Nothing is cheaper than a constant.
    if alone > 0.0 and plane.ndim > 0:
        for axes, difference in _residuals(plane):
            if difference.size == 0:
                continue
            left = order0_bits(difference, total)
            # The first samples along an axis have nothing to be predicted from.
            first = min(1.0, sum(1 / shape[axis] for axis in axes))
            bits = min(bits, left + max(alone - left, 0.0) * first)
    return bits * total + LEAF_BITS


def _residuals(plane: Plane) -> Iterator[tuple[tuple[int, ...], Plane]]:
    """Yield differences from simple predictions, with the axes that they look along."""
    along = [axis for axis in range(plane.ndim) if plane.shape[axis] > 1][-3:]
    steps = [np.diff(plane, axis=axis) for axis in along]
    yield from (((axis,), step) for axis, step in zip(along, steps, strict=True))
    if len(along) > 1:
        last, above = along[-1], along[-2]
        yield (above, last), np.diff(steps[-1], axis=above)
        west = steps[-1].swapaxes(0, above)[1:].swapaxes(0, above)
        north = steps[-2].swapaxes(0, last)[1:].swapaxes(0, last)
        yield (above, last), (west + north) >> 1


def _sorted(values: Plane) -> Plane:
    """Sort integers: several times faster where their range is short, for they are counted then."""
    if values.size == 0:
        return values.reshape(-1)
    low, high = int(values.min()), int(values.max())
    if high - low <= 2 * values.size:
        counts = np.bincount((values - low).reshape(-1), minlength=high - low + 1)
        return np.repeat(np.arange(low, high + 1, dtype=np.int64), counts)
    length = (high - low).bit_length()
    digit = _DIGIT if values.size < _MANY else _LONG_DIGIT
    if length > _MOST_DIGITS * digit:
        return np.sort(values, axis=None)
    keys = (values - low).reshape(-1)
    ordered, spare = keys, np.empty_like(keys)
    for shift in range(0, length, digit):
        _by_digit(ordered, shift, np.zeros((1 << digit) + 1, np.int64), spare)
        ordered, spare = spare, ordered
    ordered += low
    return ordered


@kernel("void(const(i8[::1]), i8, i8[::1], i8[::1])")
def _by_digit(keys: Plane, shift: int, begins: Plane, out: Plane) -> None:
    """Sort by some bits above ``shift``, as they were where these are equal.

    ``begins`` holds a zero for each digit, and one more.
    """
    mask = np.int64(begins.size - 2)
    for i in range(keys.size):
        begins[((keys[i] >> shift) & mask) + 1] += 1
    for digit in range(1, begins.size):
        begins[digit] += begins[digit - 1]
    for i in range(keys.size):
        key = keys[i]
        digit = (key >> shift) & mask
        out[begins[digit]] = key
        begins[digit] += 1


def _table(ordered: Plane, total: int | None) -> tuple[float, int]:
    """Bits per integer and the low bits of the best table, for sorted integers."""
    n = ordered.size
    if n == 0:
        return 0.0, 0
    low, high = int(ordered[0]), int(ordered[-1])
    if low == high:
        return 0.0, 0
    plain = float(np.log2(float(high - low + 1)))
    with np.errstate(over="ignore"):  # wraps, compiled or not
        bits, shift = _best_table(ordered, plain, n if total is None else total)
    return min(float(bits), plain + 0.1), int(shift)


@kernel("Tuple((f8, i8))(const(i8[::1]), f8, i8)", error_model="numpy")
def _best_table(ordered: npt.NDArray[np.int64], plain: float, total: int) -> tuple[float, int]:
    """Bits per integer and the low bits of the best of a few tables."""
    n = ordered.size
    best, found, last = np.inf, 0, -1
    for tail in _TAILS:
        spread = np.uint64(ordered[n - 1 - n // tail]) - np.uint64(ordered[n // tail])
        shift = 0
        while spread >> np.uint64(shift) >= np.uint64(TABLE_SIZE):
            shift += 1
        if shift == last:
            continue
        last = shift
        bits = _table_bits(ordered, shift, plain, total)
        if bits < best or (bits == best and shift < found):
            best, found = bits, shift
    return best, found


@kernel(error_model="numpy")
def _table_bits(ordered: npt.NDArray[np.int64], shift: int, plain: float, total: int) -> float:
    """Bits per integer with one table of tokens above ``shift`` low bits."""
    n = ordered.size
    begin, end = _densest(ordered, shift)
    inside = end - begin
    # The table lists its tokens ...
    distinct = 0
    terms = 0.0
    i = begin
    while i < end:
        token = ordered[i] >> shift
        first = i
        while i < end and ordered[i] >> shift == token:
            i += 1
        distinct += 1
        if i - first > 1:
            terms += (i - first) * np.log2(float(i - first))
    listed = np.log2(float(inside)) - terms / inside
    listed += (_MILLER_MADOW / n + _LISTED_BITS / total) * distinct * (n / inside)
    # ... or is a smooth density, estimated by the distances of m-th neighbours (Vasicek, 1976).
    m = max(1, int(np.sqrt(float(inside)) / 2))
    bits: float = listed
    if inside > 2 * m and bits > np.log2(inside / m):
        logs = 0.0
        product = 1.0
        least = 2.0**shift
        for i in range(begin, end - m):
            # Through uint64, for the distance of two int64 can exceed int64.
            width = float(np.uint64(ordered[i + m]) - np.uint64(ordered[i])) / least
            product *= max(width, 1.0)
            # Widths are at most 2**64, so that a product of eight of them is finite.
            if (i - begin) & 7 == 7:
                logs += np.log2(product)
                product = 1.0
        logs += np.log2(product)
        bits = min(bits, logs / (inside - m) + np.log2(inside / m))
    outside = n - inside
    if outside > 0:
        bits = (inside * (bits - np.log2(inside / n)) - outside * np.log2(outside / n)) / n
        bits += outside / n * (plain - shift + _ESCAPE_BITS)
    return bits + shift


@kernel()
def _densest(ordered: npt.NDArray[np.int64], shift: int) -> tuple[int, int]:
    """Find the window of `TABLE_SIZE` tokens with the most integers: where it begins and ends."""
    begin, end = 0, 0
    last = 0
    for first in range(ordered.size):
        token = np.uint64(ordered[first] >> shift)
        while last < ordered.size and (
            np.uint64(ordered[last] >> shift) - token < np.uint64(TABLE_SIZE)
        ):
            last += 1
        if last - first > end - begin:
            begin, end = first, last
        if last == ordered.size:
            break
    return begin, end
