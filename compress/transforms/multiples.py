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
from compress.sampling import runs
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
SAMPLE = 2048
GROUP = 4

TRAITS = Traits(STAGE_DIGITS, takes_narrow=True, encode_ns=2.5, decode_ns=1.0)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Take the common divisor of differences, or of most of them."""
    del context
    sample = np.unique(runs(array, SAMPLE, 16))
    if sample.size < 3 or int(sample[-1]) - int(sample[0]) > INT64[1]:
        return
    differences = sample[1:] - sample[0]
    base = int(np.gcd.reduce(differences))
    most = _common_base(np.diff(sample))
    if most >= 4 * base:
        remainders, counts = np.unique(runs(array, SAMPLE, 16) % most, return_counts=True)
        if counts.max() > 0.8 * counts.sum():
            yield (most, int(remainders[int(np.argmax(counts))]), 1)
            return
    if base < 2:
        return
    offset = int(sample[0]) % base
    # The whole array decides whether there are remainders.
    yield (base, offset, int(not np.all(array % base == offset)))


def _common_base(differences: Plane) -> int:
    """Divisor of most small groups of differences: few exceptions leave most groups without."""
    if differences.size < 16 * GROUP:
        return 0
    mixed = np.random.default_rng(0).permutation(differences)
    groups = mixed[: mixed.size // GROUP * GROUP].reshape(-1, GROUP)
    divisors, counts = np.unique(np.gcd.reduce(groups, axis=1), return_counts=True)
    worth = np.where(divisors > 1, counts * np.log2(np.maximum(divisors, 1)), 0)
    return int(divisors[int(np.argmax(worth))])


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
