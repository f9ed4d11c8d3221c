"""Rows that are the same as the row a fixed lag before: left out, and a flag each.

Lag 1 is repeated rows and runs; a longer one a block that comes again, exactly but for what
changed. Rows lie along the first axis, or along another one: then columns are what is meant here.
Parameters: the lag, and the axis unless it is the first. Children: the flags (1 for a row that is
kept; the first ``lag`` rows always are and have none), and the kept rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.period import find_repeat
from compress.transforms.step import (
    STAGE_HOLES,
    STAGE_WHOLE,
    Array,
    Child,
    Context,
    Parameters,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 15
NAME = "repeated"
# Below this share of repeats, prediction does as well.
SHARE = 0.3
_LEAST_ROWS = 64

TRAITS = Traits(STAGE_WHOLE, whole_plane=True)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find rows that repeat the one before, or a repeat further back."""
    del context
    if array.size == 0:
        return
    if array.ndim > 0 and _repeats(array):
        yield (1,)
        return
    for axis in range(1, array.ndim):
        # A glance at one row spares most arrays the rest.
        one = array[array.shape[0] // 2][np.newaxis]
        if _repeats(np.moveaxis(one, axis, 0)) and _repeats(np.moveaxis(array, axis, 0)):
            yield 1, axis
            return
    if array.ndim == 0 or array.shape[0] < _LEAST_ROWS:
        return
    first = np.ascontiguousarray(array.reshape(array.shape[0], -1)[:, 0])
    lag = find_repeat(first)
    if lag is None or np.mean(_same(array[lag:], array[:-lag])) < SHARE:
        return
    yield (lag,)


def _repeats(array: Array) -> bool:
    """Look at some rows, whether they are often the same as the one before."""
    if array.shape[0] < _LEAST_ROWS:
        return False
    rows = np.linspace(1, array.shape[0] - 1, min(256, array.shape[0] - 1)).astype(np.int64)
    return bool(np.mean(_same(array[rows], array[rows - 1])) > SHARE)


def _same(rows: Array, others: Array) -> Any:
    return np.all((rows == others).reshape(rows.shape[0], -1), axis=1)


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the flags and the kept rows."""
    lag, axis = parameters if len(parameters) > 1 else (*parameters, 0)
    if array.ndim <= axis or array.shape[axis] <= lag:
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
    if len(parameters) == 1:
        parameters = (*parameters, 0)
    if 0 in shape:
        raise CorruptError(f"{NAME}: rows of no samples are never left out")
    check_parameters(NAME, parameters[1:], (0, len(shape) - 1))
    lag, axis = parameters
    n = shape[axis]
    check_parameters(NAME, parameters[:1], (1, n - 1))
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
