"""Look-back: the difference of a sample to one of the last values, and to which.

Interleaved streams, sessions and merged logs hold several tracks, each of which changes little:
a sample continues one of them, or begins a new one. A new track replaces the one that was
continued longest ago, or the oldest one where tracks have numbers.

Parameters: the number of tracks; whether a track is named by its recency (1 for the last one that
was continued) or by its number; the largest difference; how many binary places the mean of a
track moves by (0: a track expects its last value); whether it expects the last change again.
Children: the track of each sample (0: a new one), the differences, and the first values of tracks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import middle
from compress.transforms.spread import density_bits, mean_bits, spacing_bits
from compress.transforms.step import (
    STAGE_HOLES,
    STAGE_ORDER,
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
from compress.transforms.tracks import BY_NUMBER, BY_RECENCY, MAX_SMOOTHING, follow, rebuild

CODE = 19
NAME = "lookback"
MAX_TRACKS = 1 << 12
MAX_REACH = 1 << 62
# A mean counts binary places below one.
MAX_SMOOTHED_REACH = 1 << 48
SMOOTHINGS = (2, 5)
_GLANCE, _WINDOW = 1 << 11, 1 << 13
# Samples on which reaches are tried.
_FEWER = 1 << 12
# Binary places by which reaches differ, at first and near the best.
_COARSE, _FINE = 6, 3
# Neighbours in order of value between which spacings are taken.
_SPACING = 2
# Bits a sample that tracks must gain.
_GAIN = 0.5
# Bits a sample by which tracks may be dearer than values of which each stands alone: with what
# follows they may still be the cheaper ones.
_DEARER = 2.0
# Bits a sample, or what share of them, that do not count.
_EVEN = 0.02
# How often differences must recur for their entropy to count, and how often values must.
_OFTEN, _SELDOM = 32, 8

TRAITS = Traits(
    STAGE_ORDER, estimable=False, variant=(1,), search_ns=5.0, encode_ns=100.0, decode_ns=50.0
)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find tracks in a window where neighbours lie apart and yet values lie close together."""
    del context
    if array.size < _GLANCE // 4 or array.size != max(array.shape):
        return
    flat = array.reshape(-1)
    glance = middle(flat, _GLANCE)
    apart = mean_bits(np.diff(glance))
    if spacing_bits(glance, _SPACING) > apart - 2 * _GAIN:
        return
    window = middle(flat, _WINDOW)
    fresh = math.log2(float(window.max()) - float(window.min()) + 1)
    reach = _reach(middle(window, _FEWER), fresh)
    choices = [(0, 0), (0, 1)]
    if reach < MAX_SMOOTHED_REACH:
        choices += [(smoothing, 0) for smoothing in SMOOTHINGS]
    costs = [_cost(window, (MAX_TRACKS, BY_RECENCY, reach, *choice), fresh) for choice in choices]
    limit = min(mean_bits(np.diff(window)) - _GAIN, density_bits(window, _SELDOM) + _DEARER)
    if min(costs) > limit:
        return
    # The simplest expectation is the likeliest.
    smoothing, trend = choices[0 if costs[0] < min(costs) + _EVEN else int(np.argmin(costs))]
    which = _follow(window, (MAX_TRACKS, BY_RECENCY, reach, smoothing, trend))[0]
    most = min(MAX_TRACKS, 1 << (2 * int(np.quantile(which, 0.999))).bit_length())
    yield (most, BY_RECENCY, reach, smoothing, trend)
    # Numbers that are not in use any more cost bits too.
    fewer = [max(1, most >> shift) for shift in range(5)]
    numbers = [
        _cost(window, (tracks, BY_NUMBER, reach, smoothing, trend), fresh) for tracks in fewer
    ]
    yield (fewer[int(np.argmin(numbers))], BY_NUMBER, reach, smoothing, trend)


def _entropy(values: Plane) -> float:
    """Bits of a value by its frequency, and what a sample lacks of them (Miller)."""
    counts = np.unique(values, return_counts=True)[1] / max(values.size, 1)
    return float(-np.sum(counts * np.log2(counts))) + 0.72 * counts.size / max(values.size, 1)


def _reach(window: Plane, fresh: float) -> int:
    """Largest difference within a track for which tracks cost least, to a few binary places."""
    top = int(min(fresh, 62))
    costs: dict[int, float] = {}

    def look(powers: range) -> None:
        for power in powers:
            if 2 <= power <= max(top, 2) and power not in costs:
                costs[power] = _cost(window, (MAX_TRACKS, BY_RECENCY, 1 << power, 0, 0), fresh)

    look(range(2, top + 1, _COARSE))
    best = min(costs, key=lambda power: costs[power], default=2)
    look(range(best - _COARSE, best + _COARSE + 1, _FINE))
    # Far differences widen the table of all: the least reach that will do.
    most = (1 + _EVEN) * min(costs.values()) + _EVEN
    return 1 << min(power for power, bits in costs.items() if bits < most)


def _cost(window: Plane, parameters: Parameters, fresh: float) -> float:
    """Bits a sample for tracks, differences, and new values of ``fresh`` bits."""
    which, differences, new = _follow(window, parameters)
    bits = differences.size * density_bits(differences, _OFTEN) + new.size * fresh
    return _entropy(which) + bits / window.size


def _follow(flat: Plane, parameters: Parameters) -> tuple[Plane, Plane, Plane]:
    which, out = np.empty_like(flat), np.empty_like(flat)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        continued = int(follow(flat, *parameters, which, out))
    return which, out[:continued], np.ascontiguousarray(out[continued:][::-1])


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the track of each sample, the differences and the new values."""
    which, differences, fresh = _follow(array.reshape(-1), parameters)
    return (
        Child(which.reshape(array.shape), "mask", next_stage=STAGE_WHOLE),
        Child(differences, next_stage=STAGE_HOLES),
        Child(fresh, "side", next_stage=STAGE_HOLES),
    )


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Continue the tracks."""
    check_plane(NAME, dtype)
    check_parameters(
        NAME,
        parameters,
        (1, MAX_TRACKS),
        (BY_RECENCY, BY_NUMBER),
        (0, MAX_REACH),
        (0, MAX_SMOOTHING),
        (0, 1),
    )
    if parameters[3] and (parameters[4] or parameters[2] >= MAX_SMOOTHED_REACH):
        raise CorruptError(f"{NAME}: no such mean")
    which = read(shape)
    continued = int(np.count_nonzero(which))
    differences, fresh = read((continued,)), read((which.size - continued,))
    plane = np.empty(shape, np.int64)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        good = rebuild(which.reshape(-1), differences, fresh, *parameters, plane.reshape(-1))
    if not good:
        raise CorruptError(f"{NAME}: a sample continues no track")
    return plane
