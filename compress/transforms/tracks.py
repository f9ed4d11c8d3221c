"""Tracks: a sample continues one of the last values. The kernels of `compress.transforms.lookback`.

A track expects its next sample. The encoder keeps the expectations sorted, finds the nearest one
by bisection and moves it to its new place, mostly next to the old one. The decoder keeps no order
of values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.transforms.step import Plane

__all__ = ["BY_NUMBER", "BY_RECENCY", "MAX_SMOOTHING", "follow", "rebuild"]

BY_RECENCY, BY_NUMBER = 0, 1
MAX_SMOOTHING = 8
# Binary places of the mean that a track may keep.
_PLACES = np.int64(8)
_MASK = np.int64(255)
# Tracks that are searched one by one.
_FIRST = 64


@kernel(inline="never")
def _begin(track: Any, value: Any, expected: Plane, last: Plane, part: Plane, age: Plane) -> None:
    """Start a track."""
    expected[track] = value
    last[track] = value
    part[track] = np.int64(128)
    age[track] = 1


@kernel(inline="never")
def _advance(
    track: Any, value: Any, smoothing: int, trend: int,
    expected: Plane, last: Plane, part: Plane, age: Plane,
) -> None:  # fmt: skip
    """Set what a track expects after a value: the value, a line through two, or a mean."""
    if smoothing == 0:
        expected[track] = value + (value - last[track]) if trend else value
        last[track] = value
        return
    # The mean of the first samples; later ones weigh 2^-smoothing.
    shift = np.int64(1)
    while shift < smoothing and (age[track] + 1) >> (shift + 1):
        shift += 1
    age[track] += 1
    part[track] += ((value - expected[track]) << _PLACES) >> shift
    expected[track] += part[track] >> _PLACES
    part[track] &= _MASK


@kernel("i8(const(i8[::1]), i8, i8, i8, i8, i8, i8[::1], i8[::1])")
def follow(
    values: Plane, tracks: int, ranking: int, reach: int, smoothing: int, trend: int,
    which: Plane, out: Plane,
) -> int:  # fmt: skip
    """Write the track of each sample (0: a new one), and the difference or the new value.

    Returns the number of samples that continue a track, -1 for arrays of wrong lengths. The
    differences stand at the front of ``out``, the new values behind them.
    """
    n = values.size
    if which.size != n or out.size != n or tracks < 1:
        return -1
    expected, last = np.zeros(tracks, np.int64), np.zeros(tracks, np.int64)
    part, age = np.zeros(tracks, np.int64), np.zeros(tracks, np.int64)
    # Tracks by the last use, tracks by what they expect, and the place of each track there.
    recent, ordered = np.zeros(tracks, np.int32), np.zeros(tracks, np.int32)
    place, used = np.zeros(tracks, np.int64), np.zeros(tracks, np.int64)
    count, fresh, continued = 0, 0, 0
    track: Any
    for i in range(n):
        value = values[i]
        low, high = 0, count
        while low < high:
            middle = (low + high) >> 1
            if expected[ordered[middle]] < value:
                low = middle + 1
            else:
                high = middle
        # Distances that do not fit are negative.
        track, nearest = -1, np.int64(reach)
        if low < count:
            distance = expected[ordered[low]] - value
            if 0 <= distance <= nearest:
                track, nearest = np.int64(ordered[low]), distance
        if low > 0:
            distance = value - expected[ordered[low - 1]]
            if 0 <= distance <= nearest and (track < 0 or distance < nearest):
                track = np.int64(ordered[low - 1])
        if track < 0:
            which[i] = 0
            fresh += 1
            out[n - fresh] = value
            if count < tracks:
                track = np.int64(count)
                at = count
                ordered[at] = track
                rank = count
                count += 1
            else:
                track = np.int64((fresh - 1) % tracks)
                rank = count - 1
                if ranking == 0:
                    track = np.int64(recent[rank])
                at = place[track]
            _begin(track, value, expected, last, part, age)
        else:
            rank = 0
            if ranking == 0:
                while rank < _FIRST and recent[rank] != track:
                    rank += 1
                if rank == _FIRST:
                    # Counting goes several tracks at a time.
                    rank = 0
                    for other in range(count):
                        rank += used[other] > used[track]
                which[i] = rank + 1
            else:
                which[i] = track + 1
            out[continued] = value - expected[track]
            continued += 1
            at = place[track]
            _advance(track, value, smoothing, trend, expected, last, part, age)
        if ranking == 0:
            for j in range(rank, 0, -1):
                recent[j] = recent[j - 1]
            recent[0] = track
            used[track] = i
        now = expected[track]
        while at > 0 and expected[ordered[at - 1]] > now:
            ordered[at] = ordered[at - 1]
            place[ordered[at]] = at
            at -= 1
        while at + 1 < count and expected[ordered[at + 1]] < now:
            ordered[at] = ordered[at + 1]
            place[ordered[at]] = at
            at += 1
        ordered[at] = track
        place[track] = at
    return continued


@kernel("b1(const(i8[::1]), const(i8[::1]), const(i8[::1]), i8, i8, i8, i8, i8, i8[::1])")
def rebuild(
    which: Plane, differences: Plane, fresh: Plane, tracks: int, ranking: int, reach: int,
    smoothing: int, trend: int, out: Plane,
) -> bool:  # fmt: skip
    """Undo `follow`; false for what it cannot have written."""
    n = which.size
    if out.size != n or differences.size + fresh.size != n or tracks < 1:
        return False
    expected, last = np.zeros(tracks, np.int64), np.zeros(tracks, np.int64)
    part, age = np.zeros(tracks, np.int64), np.zeros(tracks, np.int64)
    recent = np.zeros(tracks, np.int32)
    count, begun, continued = 0, 0, 0
    for i in range(n):
        name = which[i]
        if not 0 <= name <= count:
            return False
        if name == 0:
            if begun == fresh.size:
                return False
            value = fresh[begun]
            rank = min(count, tracks - 1)
            track = np.int64(begun % tracks)
            if ranking == 0:
                track = np.int64(count if count < tracks else recent[rank])
            count = min(count + 1, tracks)
            begun += 1
            _begin(track, value, expected, last, part, age)
        else:
            rank = name - 1
            track = np.int64(recent[rank]) if ranking == 0 else rank
            if continued == differences.size:
                return False
            difference = differences[continued]
            if not -reach <= difference <= reach:
                return False
            continued += 1
            value = expected[track] + difference
            _advance(track, value, smoothing, trend, expected, last, part, age)
        if ranking == 0:
            for j in range(rank, 0, -1):
                recent[j] = recent[j - 1]
            recent[0] = track
        out[i] = value
    return True
