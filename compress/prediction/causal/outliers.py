"""Samples far outside of all that came before: neighbours see what was expected in their place.

One sample a thousand times as far away as any other would teach the experts nonsense, and widen
the scale of all samples that hear of its error. So it is coded like all others, and then set
apart. If the sample behind it is as far away and close to it, the signal has moved: then it is put
back, and what the experts see of the signal before the move is left out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import inlined, kernel

__all__ = ["FIRST", "KEPT", "most_of", "narrow", "observe", "set_apart"]

# What is kept of each channel: the largest error and the widest texture of late, by which part of
# itself the former shrinks a sample; the outlier before and how dense outliers are.
_ERROR, _TEXTURE, _FADE, _PLACE, _DENSITY = range(5)
KEPT = 5
"""What is known of a channel's outliers, in numbers; `FIRST` is what they start at."""
# An error is an outlier's from 16 times the largest error of late on, and a neighbour is left out
# from 16 times the widest texture on. On an AR(2) signal a spike of any size costs 0.15 % of 20,000
# samples then, and none of 25 real arrays without fill values has outliers.
_FAR = 16.0
# Where all errors are zero, those up to this are none.
_LEAST = 16.0
# The largest error is that of some 8192 samples; until there were so many, of half of them. The
# first 28 set nothing apart.
_SLOWEST = 1.0 / 8192.0
_WARM = 1.0 / 16.0
_FIRST = 0.5
FIRST = tuple(_FIRST if place == _FADE else 0.0 for place in range(KEPT))
# The error of the first sample is all of it, so scales learn what they are where nothing is known.
_UNKNOWN = 0.35
# How fast density follows. Above one half outliers are what the signal is now, and the limit rises.
_FOLLOW = 0.125
_DENSE = 0.5
# Where neighbours are left out, the widest texture grows by this factor a sample.
_WIDEN = 1.05


@kernel()
def most_of(samples: int) -> int:
    """Return how many of so many samples may be set apart."""
    return (samples >> 3) + 16


@inlined(forceinline=True, error_model="numpy")
def narrow(
    features: npt.NDArray[np.float64],
    kept: npt.NDArray[np.float64],
    channel: Any,
    texture: float,
    some: bool,
) -> float:
    """Leave out neighbours that are too far from the nearest, if there were outliers at all.

    Parameters
    ----------
    features : ndarray of float64
        Neighbours less the nearest; those left out are set to 0, as if they were like it.
    kept : ndarray of float64
        See `FIRST`.
    channel : int
    texture : float
        Sum of the first features' magnitudes.
    some : bool
        Whether there were outliers.

    Returns
    -------
    float
        1 where neighbours are left out, so that the sample teaches nothing; else 0.
    """
    out = 0.0
    widest = kept[channel, _TEXTURE]
    grown = texture
    if some:
        for k in range(features.size):
            if abs(features[k]) > _FAR * widest:
                features[k] = 0.0
                out = 1.0
        grown = _WIDEN * widest if out > 0.0 else texture
    kept[channel, _TEXTURE] = max(widest - widest * _SLOWEST, grown)
    return out


@inlined(forceinline=True, error_model="numpy")
def observe(kept: npt.NDArray[np.float64], channel: Any, size: float) -> tuple[bool, float]:
    """Say whether an error of this size is an outlier's, and the most that scales learn of it.

    Of an outlier that is the size from which on one is.
    """
    largest, fade = kept[channel, _ERROR], kept[channel, _FADE]
    limit = _FAR * largest + _LEAST
    outlying = size > limit and fade < _WARM
    # Half the number of samples so far, without a division.
    kept[channel, _FADE] = max(fade - 0.5 * fade * fade, _SLOWEST)
    kept[channel, _ERROR] = max(largest - largest * fade, largest if outlying else size)
    most = limit if outlying else math.inf
    return outlying, most if fade < _FIRST else _UNKNOWN


@kernel(error_model="numpy")
def set_apart(
    past: npt.NDArray[np.int64],
    index: npt.NDArray[np.uint64],
    n_predict: int,
    pos: int,
    expected: int,
    limit: float,
    kept: npt.NDArray[np.float64],
    channel: Any,
    places: npt.NDArray[np.int64],
    values: npt.NDArray[np.int64],
    count: int,
) -> int:
    """Replace an outlier by what was expected, unless it shows that the signal has moved.

    Parameters
    ----------
    past : ndarray of int64, shape (n,)
        The samples so far; those set apart are replaced.
    index : ndarray of uint64
        Places of the neighbours, first ``n_predict`` that predict.
    pos : int
        Place of the outlier.
    expected : int
    limit : float
        From which error on a sample is an outlier.
    kept : ndarray of float64
        See `FIRST`.
    channel : int
    places, values : ndarray of int64
        Written: what is set apart.
    count : int
        Outliers set apart so far.

    Returns
    -------
    int
        Outliers set apart now.
    """
    density = kept[channel, _DENSITY]
    for _ in range(min(int(pos - np.int64(kept[channel, _PLACE])), 64)):
        density -= density * _FOLLOW
    density += _FOLLOW
    kept[channel, _DENSITY] = density
    kept[channel, _PLACE] = pos
    if density > _DENSE:
        kept[channel, _ERROR] *= 2.0
    value = past[pos]
    # Another neighbour is there already.
    for k in range(n_predict):
        if abs(value - past[index[k]]) <= limit:
            return count
    nearest = np.int64(index[0])
    if count > 0 and nearest == places[count - 1] and abs(value - values[count - 1]) <= limit:
        past[nearest] = values[count - 1]
        return count
    if count < places.size:
        places[count], values[count] = pos, value
        past[pos] = expected
        count += 1
    return count
