"""Multiples of a base plus an offset: x = base q + (r + offset) mod base, q = floor(x / base).

Times are multiples of 60, sensors of 16. If not every sample is a multiple, the remainders are a
second plane, mostly zeros; with a base 2^s, that is also how low bits are split off.

Parameters: base, offset (0 <= offset < base), and whether there are remainders.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.sample import statistics_of
from compress.transforms.step import (
    INT64,
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

CODE = 8
NAME = "multiples"
# Differences in a group: exceptions leave a group without a divisor that all samples nearly have.
GROUP = 4
# Share of samples that have the same remainder, and of groups that have a divisor then, at least.
SHARE, LEAST_GROUPS = 0.8, 0.1

TRAITS = Traits(STAGE_DIGITS, takes_narrow=True, encode_ns=2.5, decode_ns=1.0)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Take the common divisor of differences, or of most of them."""
    if array.size < 3:
        return
    seen = context.once(statistics_of, array.reshape(-1))
    values = seen.values
    if values.size < 3 or int(values[-1]) - int(values[0]) > INT64[1]:
        return
    divisors = _common_divisors(np.diff(values))
    base = int(np.gcd.reduce(divisors))
    most = _common_base(divisors)
    if most >= 4 * base:
        remainders, counts = np.unique(seen.sample % most, return_counts=True)
        if counts.max() > SHARE * counts.sum():
            yield (most, int(remainders[int(np.argmax(counts))]), 1)
            return
    if base < 2:
        return
    offset = int(values[0]) % base
    # The whole array decides whether there are remainders.
    yield (base, offset, int(not np.all(array % base == offset)))


def _common_divisors(differences: Plane) -> Plane:
    """Give the common divisors of small groups of differences, each from all over the range."""
    count = differences.size // GROUP
    if count == 0:
        return differences
    divisors: Plane = np.gcd.reduce(differences[: count * GROUP].reshape(GROUP, count), axis=0)
    rest = differences[count * GROUP :]
    return np.concatenate([divisors, rest]) if rest.size else divisors


def _common_base(divisors: Plane) -> int:
    """Divisor of most groups of differences: few exceptions leave most groups without."""
    # Each group is of two values for every difference, all of which must be multiples.
    if divisors.size < 16 or np.count_nonzero(divisors > 1) < LEAST_GROUPS * divisors.size:
        return 0
    distinct, counts = np.unique(divisors, return_counts=True)
    worth = np.where(distinct > 1, counts * np.log2(np.maximum(distinct, 1)), 0)
    return int(distinct[int(np.argmax(worth))])


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give quotients, and remainders if there are any."""
    base, offset, remainders = parameters
    quotients, rest = np.divmod(array, np.int64(base))
    quotients, rest = np.asarray(quotients), np.asarray(rest)
    if not remainders:
        if not np.all(rest == offset):
            return None
        return (Child(quotients, next_stage=STAGE_ORDER),)
    rest -= offset
    rest[rest < 0] += base
    return Child(quotients, next_stage=STAGE_ORDER), Child(rest, "side", next_stage=STAGE_ORDER)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Multiply and add."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, (2, INT64[1]), (0, INT64[1]), (0, 1))
    base, offset, remainders = parameters
    if offset >= base:
        raise CorruptError(f"{NAME}: offset {offset} is not below the base {base}")
    flat = np.multiply(read(shape).reshape(-1), np.int64(base), dtype=np.int64)
    plane = flat.reshape(shape)
    if not remainders:
        flat += offset
        return plane
    rest = read(shape).reshape(-1)
    if rest.size and (int(rest.min()) < 0 or int(rest.max()) >= base):
        raise CorruptError(f"{NAME}: a remainder is not below the base {base}")
    # rest + offset may exceed int64, the sum in a wrapping array does not matter.
    flat += rest
    flat += np.where(rest >= base - offset, offset - base, offset)
    return plane
