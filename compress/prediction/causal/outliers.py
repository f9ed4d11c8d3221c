"""Samples far outside of all that came before: neighbours see what was expected in their place.

One sample a thousand times as far away as any other would teach the experts nonsense, and widen
every scale that hears of its error. So it is coded like all others, and then set apart. If the
next sample is far away as well and close to the one set apart, the signal has moved, and the sample
is put back. Where most samples would be set apart, the limit rises until they are not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel

__all__ = ["FAR", "LEAST", "REACH", "FADE", "SHORTEST", "SPAN", "STATE", "WARM", "apart"]

# What is kept of each channel.
REACH, SPAN, FADE, PLACE, HEAT = range(5)
STATE = 5
FAR = 16.0
LEAST = 16.0
SHORTEST = 1.0 / 8192.0
WARM = 1.0 / 16.0
_COOL = 0.875
_HOT = 0.5


@kernel(error_model="numpy")
def apart(
    about: npt.NDArray[np.float64],
    channel: Any,
    past: npt.NDArray[np.int64],
    index: npt.NDArray[np.uint64],
    n_predict: int,
    limit: float,
    pos: int,
    value: int,
    expected: int,
    places: npt.NDArray[np.int64],
    values: npt.NDArray[np.int64],
    count: int,
) -> int:
    previous = np.int64(about[channel, PLACE])
    heat = about[channel, HEAT]
    for _ in range(min(pos - previous, 64)):
        heat *= _COOL
    heat += 1.0 - _COOL
    about[channel, HEAT] = heat
    about[channel, PLACE] = pos
    if heat > _HOT:
        about[channel, REACH] *= 2.0
    for k in range(n_predict):
        if abs(value - past[index[k]]) <= limit:
            return count
    nearest = np.int64(index[0])
    if count > 0 and nearest == places[count - 1] and abs(value - values[count - 1]) <= limit:
        past[nearest] = values[count - 1]
        return count
    if count < places.size:
        past[pos] = expected
        places[count] = pos
        values[count] = value
        count += 1
    return count
