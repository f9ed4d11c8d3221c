"""Coding of orders and reflection coefficients.

The coefficient i of a block is expected between that of the block before in its sequence and the
average of all so far; how far off these were says which of a few fixed tables codes the
difference. Orders are coded alike, as one more coefficient, and so is whether a block has the
predictor of the block before.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders import encode as encode_words
from compress.coders.ans import init, locate, look_up, pop_escape, pop_interval, quantile
from compress.errors import CorruptError
from compress.kernels import inlined, kernel
from compress.prediction.linear.lattice import MOST_ORDER, STEPS
from compress.prediction.linear.walk import Integers, Reflections, Tables
from compress.tables import DensityTable, TableSet
from compress.tables.knots import SCALE_STEPS

__all__ = ["read_predictors", "write_predictors"]

# Averages are in 1/16; some eight blocks count.
_FRACTION, _RATE = 4, 3
# Differences begin with this average: a table of some four steps.
_START = 4 << _FRACTION
# Tables by the bits of the average: 1/16 to 64 steps, each twice as wide as the one before, and
# one between them.
_TABLES = 22
_LOOKUP_BITS = 8
# Numbers of a block: its order, the coefficients, whether it is like the one before.
_SLOTS = MOST_ORDER + 2
# Beyond the range of differences nothing is expected; hostile words may escape.
_REACH = 2 * STEPS


@lru_cache(maxsize=1)
def _table_set() -> TableSet:
    scales = [(i - 8) * SCALE_STEPS // 2 for i in range(_TABLES)]
    return TableSet.from_densities(
        [DensityTable(-_REACH, 2 * _REACH + 1, -1, "logistic", 0, scale) for scale in scales]
    )


@lru_cache(maxsize=1)
def _tables() -> Tables:
    built = _table_set()
    return Tables(
        built.cumulative, built.start, built.low, built.escape, _LOOKUP_BITS,
        built.entries(_LOOKUP_BITS),
    )  # fmt: skip


@inlined(forceinline=True)
def _expected(last: Any, mean: Any) -> Any:
    """Return the value in the middle between the one before and the average."""
    return ((last << _FRACTION) + mean + (1 << _FRACTION)) >> (_FRACTION + 1)


@inlined(forceinline=True)
def _table(spread: Any) -> Any:
    """Return the table for an average difference, in half octaves."""
    halves: Any = np.float64(spread + 1).view(np.int64) >> 51
    return min(max(halves - 2 * 1023 - 1, 0), _TABLES - 1)


@inlined(forceinline=True)
def _same(orders: Integers, reflections: Reflections, row: Any, block: Any) -> Any:
    """Whether a block has the predictor of the block before it."""
    if block == 0 or orders[row, block] != orders[row, block - 1]:
        return False
    good = True
    for i in range(MOST_ORDER):
        good = good and reflections[row, block, i] == reflections[row, block - 1, i]
    return good


@kernel(
    "b1(b1, i8[:, ::1], i1[:, :, ::1], i8[::1], i4[::1], Tables(const(u4[::1]), const(i8[::1]), "
    "const(i8[::1]), const(b1[::1]), i8, const(u8[::1])), const(u4[::1]))"
)
def _walk(
    decoding: bool,
    orders: Integers,
    reflections: Reflections,
    tokens: Integers,
    kinds: npt.NDArray[np.int32],
    tables: Tables,
    words: npt.NDArray[np.uint32],
) -> bool:
    """Walk the predictors, sequence by sequence; an encoder's tokens number ``tokens[-1]``.

    Returns false if the arrays do not fit each other, or the words do not end with the last one.
    """
    rows, blocks = orders.shape
    n_tables = tables.low.size
    if (
        reflections.shape != (rows, blocks, MOST_ORDER)
        or n_tables != _TABLES or tables.start.size != n_tables + 1
        or tables.escape.size != n_tables or not 0 <= tables.bits <= 24
        or tables.entries.size != n_tables << tables.bits
        or tables.start[n_tables] != tables.cumulative.size
    ):  # fmt: skip
        return False
    if not decoding and (tokens.size < orders.size * _SLOTS + 1 or kinds.size < tokens.size):
        return False
    bits = np.uint64(tables.bits)
    cut = np.uint64(24) - bits
    whole, state, place = init(words, np.uint64(0), np.uint64(max(words.size, 1) - 1))
    if decoding and not whole:
        return False
    means = np.zeros(_SLOTS, np.int64)
    spreads = np.zeros(_SLOTS, np.int64)
    spreads[:] = _START
    last = np.zeros(_SLOTS, np.int64)
    count = 0
    for row in range(rows):
        last[:] = 0
        for block in range(blocks):
            order = 0
            at = MOST_ORDER + 1 if block > 0 else 0
            same = _same(orders, reflections, row, block)
            going = True
            while going:
                expected = _expected(last[at], means[at])
                table = np.uint64(_table(spreads[at]))
                if decoding:
                    wanted = quantile(state)
                    entry = tables.entries[(table << bits) + (wanted >> cut)]
                    slot, rest, mass = look_up(wanted, entry)
                    escaped = False
                    if rest >= mass:
                        first = np.uint64(tables.start[table])
                        final = np.uint64(tables.start[table + np.uint64(1)]) - np.uint64(2)
                        slot, rest, mass = locate(wanted, entry, first, final, tables.cumulative)
                        escaped = tables.escape[table] and first + slot == final
                    state, place = pop_interval(
                        state, place, np.uint64(0), words, wanted - rest, mass
                    )
                    token = tables.low[table] + np.int64(slot)
                    if escaped:
                        token, state, place = pop_escape(
                            state, place, np.uint64(0), words, tables.low[table], slot
                        )
                    value = np.int64(token) + expected
                    if at == MOST_ORDER + 1:
                        if not 0 <= value <= 1:
                            return False
                        same = value == 1
                    elif at == 0:
                        if not 0 <= value <= MOST_ORDER:
                            return False
                        orders[row, block] = value
                    else:
                        if not -STEPS < value < STEPS:
                            return False
                        reflections[row, block, at - 1] = value
                else:
                    value = np.int64(orders[row, block])
                    if at == MOST_ORDER + 1:
                        value = np.int64(same)
                    elif at > 0:
                        value = np.int64(reflections[row, block, at - 1])
                    tokens[count] = value - expected
                    kinds[count] = table
                    count += 1
                if at == 0:
                    order = value
                off = abs(value - expected)
                last[at] = value
                means[at] += ((value << _FRACTION) - means[at]) >> _RATE
                spreads[at] += ((off << _FRACTION) - spreads[at]) >> _RATE
                going = not same if at == MOST_ORDER + 1 else at < order
                at = at + 1 if at <= MOST_ORDER else 0
            if block > 0 and same:
                orders[row, block] = orders[row, block - 1]
                for i in range(MOST_ORDER):
                    reflections[row, block, i] = reflections[row, block - 1, i]
                continue
            for i in range(order, MOST_ORDER):
                last[i + 1] = 0
    if not decoding:
        tokens[tokens.size - 1] = count
    return not decoding or (place == np.uint64(0) and state == np.uint64(0))


def write_predictors(orders: Integers, reflections: Reflections) -> npt.NDArray[np.uint32]:
    """Return the words of all predictors."""
    tokens = np.zeros(orders.size * _SLOTS + 1, np.int64)
    kinds = np.zeros(tokens.size, np.int32)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        good = _walk(False, orders, reflections, tokens, kinds, _tables(), np.zeros(0, np.uint32))
    if not good:
        raise ValueError("predictors do not fit each other")
    count = int(tokens[-1])
    return encode_words(tokens[:count], _table_set(), kinds[:count], lanes=1)


def read_predictors(
    words: npt.NDArray[np.uint32], rows: int, blocks: int
) -> tuple[Integers, Reflections]:
    """Return orders and reflections; ``words`` end with a spare one."""
    orders = np.zeros((rows, blocks), np.int64)
    reflections = np.zeros((rows, blocks, MOST_ORDER), np.int8)
    none, kinds = np.zeros(0, np.int64), np.zeros(0, np.int32)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        good = _walk(True, orders, reflections, none, kinds, _tables(), words)
    if not good:
        raise CorruptError("the words of a plane's predictors do not end with the last one")
    return orders, reflections
