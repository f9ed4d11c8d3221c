"""Rows that are the same as the row a fixed lag before: left out, and a flag each.

Lag 1 is repeated rows and runs; a longer one a block that comes again, exactly but for what
changed. Rows lie along the first axis, or along another one: then columns are what is meant here.
Or the axes up to that one are merged, and each row within each of the others is a row of its own:
the draws of each chain, the samples of each channel.

Parameters: the lag, the axis unless it is the first, and 1 if axes are merged. Children: the flags
(1 for a row that is kept; the first ``lag`` rows always are and have none), and the kept rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.period import repeat_of
from compress.transforms.step import (
    STAGE_HOLES,
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

CODE = 15
NAME = "repeated"
_LEAST_ROWS = 64
_ROWS = 256
MERGED = 1
# Above this share of repeats a trial is always worth while: runs of small integers, whose flags
# models predict.
SHARE, LEAST_SAVING = 0.3, 1e-3
# Below it where repeats save so many times the bits of the flags.
WORTH = 2.0
# Merged axes have more flags than the looks at some rows tell, so they must save more.
MERGED_SAVING = 0.9
ALL_BITS = 64.0

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, encode_ns=2.0, held_bytes=36, decode_ns=7.0)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find rows that repeat the one before, the most saving first, or a repeat further back."""
    if array.size == 0 or array.ndim == 0:
        return
    found = [(_saving(array), (1,)), *_along_other_axes(array)]
    best = max(found, key=lambda choice: choice[0])
    if best[0] > 0:
        yield best[1]
        return
    if array.shape[0] < _LEAST_ROWS:
        return
    first = np.ascontiguousarray(array.reshape(array.shape[0], -1)[:, 0])
    lag = repeat_of(first, context)
    if lag is None or np.mean(_same(array[lag:], array[:-lag])) < SHARE:
        return
    yield (lag,)


def _along_other_axes(array: Array) -> Iterator[tuple[float, Parameters]]:
    for axis in range(1, array.ndim):
        # A glance at one row spares most arrays the rest.
        one = array[array.shape[0] // 2][np.newaxis]
        if _saving(np.moveaxis(one, axis, 0)) > 0:
            yield _saving(np.moveaxis(array, axis, 0)), (1, axis)
        yield MERGED_SAVING * _saving(_merged(array, axis)), (1, axis, MERGED)


def _merged(array: Array, axis: int) -> Array:
    """Make one axis of those up to this one."""
    return array.reshape(-1, *array.shape[axis + 1 :])


def _saving(array: Array) -> float:
    """Bits a sample that equal rows save, by a look at some rows; 0 where they hardly do."""
    if array.shape[0] < _LEAST_ROWS:
        return 0.0
    rows = np.linspace(1, array.shape[0] - 1, min(_ROWS, array.shape[0] - 1)).astype(np.int64)
    some, before = array[rows], array[rows - 1]
    same = _same(some, before)
    share = float(np.mean(same))
    if share == 0:
        return 0.0
    if share == 1:
        return ALL_BITS
    # What changes in a row costs about so much, and so would the rows that repeat.
    changes = (some - before)[~same].astype(np.float64)
    each = float(np.sum(np.log2(1 + np.abs(changes)))) / (rows.size - np.count_nonzero(same))
    flags = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    saved = (share * each - float(flags)) * rows.size / some.size
    if share > SHARE:
        return max(saved, LEAST_SAVING)
    return saved if share * each > WORTH * flags else 0.0


def _same(rows: Array, others: Array) -> Any:
    return np.all((rows == others).reshape(rows.shape[0], -1), axis=1)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the flags and the kept rows."""
    lag, axis, merged = (*parameters, 0, 0)[:3] if len(parameters) < 3 else parameters
    if array.ndim <= axis:
        return None
    if merged:
        array, axis = _merged(array, axis), 0
    if array.shape[axis] <= lag:
        return None
    rows = np.moveaxis(array, axis, 0)
    kept = np.ones(len(rows), np.bool_)
    kept[lag:] = ~_same(rows[lag:], rows[:-lag])
    left = np.ascontiguousarray(np.compress(kept, array, axis))
    return (
        Child(kept[lag:].astype(np.int64), "mask", next_stage=STAGE_WHOLE),
        Child(left, next_stage=STAGE_HOLES),
    )


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Copy each left-out row from the one a lag before it."""
    check_plane(NAME, dtype)
    if 0 in shape:
        raise CorruptError(f"{NAME}: rows of no samples are never left out")
    if len(parameters) == 1:
        parameters = (*parameters, 0)
    check_parameters(NAME, parameters[1:2], (0, len(shape) - 1))
    lag, axis = parameters[:2]
    rows = shape
    if len(parameters) > 2:
        check_parameters(NAME, parameters[2:], (MERGED, MERGED))
        rows, axis = (math.prod(shape[: axis + 1]), *shape[axis + 1 :]), 0
    return _copy(read, rows, axis, lag).reshape(shape)


def _copy(read: Read, shape: Shape, axis: int, lag: int) -> Plane:
    n = shape[axis]
    check_parameters(NAME, (lag,), (1, n - 1))
    flags = read((n - lag,))
    if flags.size and (int(flags.min()) < 0 or int(flags.max()) > 1):
        raise CorruptError(f"{NAME}: a flag is neither 0 nor 1")
    kept = read((*shape[:axis], lag + int(flags.sum()), *shape[axis + 1 :]))
    # Where each row comes from: kept rows rise, so the last one above in the same column of rows
    # of ``lag`` is the largest.
    columns = np.zeros(-(-n // lag) * lag, np.int64)
    columns[:lag] = np.arange(lag)
    columns[lag:n] = np.where(flags == 1, np.cumsum(flags) + lag - 1, 0)
    source = np.maximum.accumulate(columns.reshape(-1, lag), axis=0).reshape(-1)[:n]
    return np.ascontiguousarray(np.take(kept, source, axis))
