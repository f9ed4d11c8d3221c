"""The encoder's last pass: tokens, plain bits and outliers to the words of two lanes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import Scalar, push_interval
from compress.kernels import kernel

__all__ = ["PIECE", "encode_rows"]

PIECE = 16
"""Plain bits that are coded at a time."""

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_PRECISION = np.uint64(24)

_ENCODE = (
    "b1((i8, i8, i8, i8), const({0}[::1]), const(u1[::1]), const(i8[::1]), const(u4[::1]), "
    "const(i8[::1]), const(i8[::1]), const(u8[::1]), const(i8[::1]), u4[:, ::1], i8[:, ::1], "
    "u8[::1], i8[::1])"
)


@kernel(_ENCODE.format("i4"), _ENCODE.format("i8"))
def encode_rows(
    shape: tuple[int, int, int, int],
    found: npt.NDArray[Any],
    kinds: npt.NDArray[np.uint8],
    tables: npt.NDArray[np.int64],
    cumulative: npt.NDArray[np.uint32],
    start: npt.NDArray[np.int64],
    low: npt.NDArray[np.int64],
    escapes: npt.NDArray[np.uint64],
    shifts: npt.NDArray[np.int64],
    words: npt.NDArray[np.uint32],
    outliers: npt.NDArray[np.int64],
    states: npt.NDArray[np.uint64],
    used: npt.NDArray[np.int64],
) -> bool:
    """Push residuals, last to first.

    Parameters
    ----------
    shape : tuple of int
        Slices, bands, rows, width; each band has a lane.
    found : int32 or int64 array (n,)
    kinds : uint8 array (n,)
        Kind and phase of each.
    tables : int64 array (256,)
        Table of each kind and phase.
    cumulative, start, low
        As in `compress.tables.TableSet`.
    escapes, shifts
        As `compress.prediction.wavefront.pop.decode_rows` takes them; every table has an escape.
    words, outliers : uint32 and int64 arrays (2, room)
        Written; a row a lane, the last outliers first.
    states : uint64 array (2,)
        Written: the states that are left.
    used : int64 array (4,)
        Written: how many words of each lane, and how many outliers.

    Returns
    -------
    bool
        False if the arrays do not fit each other, or the room is too small.
    """
    slices, bands, rows, width = shape
    n = slices * rows * width
    n_tables = low.size
    if (
        not 0 < bands < 3 or rows < bands or found.size != n or kinds.size != n
        or tables.size != 256 or used.size != 4
        or words.shape[0] != 2 or outliers.shape[0] != 2 or states.size != 2
        or words.shape[1] < 1
        or n_tables < 1 or start.size != n_tables + 1 or escapes.size != n_tables
        or shifts.size != n_tables or start[0] != 0 or start[n_tables] != cumulative.size
    ):  # fmt: skip
        return False
    most = 0
    for t in range(n_tables):
        if not 0 <= shifts[t] <= 62 or start[t + 1] - start[t] < 2:
            return False
        if escapes[t] != np.uint64(start[t + 1] - start[t] - 2):
            return False
        most = max(most, shifts[t])
    for k in range(tables.size):
        if not 0 <= tables[k] < n_tables:
            return False
    pushes = width * (1 + (most + PIECE - 1) // PIECE)
    limit = np.uint64(words.shape[1] - 1)
    tall = (rows + bands - 1) // bands
    for lane in range(2):
        out, kept = words[lane], outliers[lane]
        state: Scalar = _ZERO
        place: Scalar = _ZERO
        listed = 0
        for row in range(slices * rows - 1, -1, -1):
            if (row % rows) // tall != lane:
                continue
            if place + np.uint64(pushes) > limit or listed + width > kept.size:
                return False
            for x in range(width - 1, -1, -1):
                i = np.uint64(row * width + x)
                table = np.uint64(tables[kinds[i]])
                value = np.int64(found[i])
                bits = shifts[table]
                done = 0
                while done < bits:
                    size = (bits - 1) % PIECE + 1 if done == 0 else PIECE
                    piece = np.uint64(value >> done) & np.uint64((1 << size) - 1)
                    gap = _PRECISION - np.uint64(size)
                    state, place = push_interval(
                        state, place, limit, out, piece << gap, _ONE << gap
                    )
                    done += size
                token = value >> bits
                slot = np.uint64(token - low[table])
                if slot >= escapes[table]:
                    slot = escapes[table]
                    kept[listed] = token
                    listed += 1
                begin = np.uint64(start[table]) + slot
                left = np.uint64(cumulative[begin])
                mass = np.uint64(cumulative[begin + _ONE]) - left
                state, place = push_interval(state, place, limit, out, left, mass)
        states[lane] = state
        used[lane] = np.int64(place)
        used[2 + lane] = listed
    return True
