"""Learning of feedback: what a location takes of what it left at its neighbours; encoder only.

A location without feedback is a sum of samples. What it left at W, N and NE tells of what moves all
of them, as noise that is correlated does: with it, the sum also weighs locations of those, and so
samples farther away than its terms are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.wavefront.fit import least_absolute
from compress.prediction.wavefront.kernel import FEEDBACK_FRACTION, FRACTION, location
from compress.prediction.wavefront.layout import NEAR, SIDE, Shape, band_rows, far_offsets

__all__ = ["MOST_FEEDBACK", "fit_feedback"]

Float = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Samples = npt.NDArray[Any]

MOST_FEEDBACK = 1 << FEEDBACK_FRACTION
"""Largest share: three of residuals up to 2**52, in 2**-FRACTION, stay within 63 bits."""

# The gain in bits a sample, and in its standard errors, from which feedback is worth its time.
_MARGIN, _ERRORS = 0.005, 2.0
# Bits of a share, about.
_SHARE_BITS = 16
# Groups of places of about the same scale, and the scale that rounding to integers adds.
_GROUPS, _LEAST = 12, 0.3
# Fewer places say nothing.
_LEAST_PLACES = 100

_UNFED = "b1(i8, const({0}[::1]), const(i8[::1]), const(i8[::1]), i8[::1], i8, i8[::1])"


@kernel(_UNFED.format("i4"), _UNFED.format("i8"))
def unfed(
    stride: int,
    samples: Samples,
    places: Integers,
    coefficients: Integers,
    far: Integers,
    top: int,
    missed: Integers,
) -> bool:
    """Tell what locations without feedback leave at places, none of them in a band's first row.

    Parameters
    ----------
    stride : int
        Places in a row with its margins.
    samples : int32 or int64 array
        With margins.
    places : int64 array (m,)
        In ``samples``.
    coefficients : int64 array (7 + terms,)
    far : int64 array (terms,)
        As `residuals` takes them.
    top : int
        The largest location.
    missed : int64 array (m,)
        Written: sample less location, in 2**-FRACTION.

    Returns
    -------
    bool
        False if the arrays do not fit each other.
    """
    if missed.size != places.size or coefficients.size != NEAR + far.size or stride < 3:
        return False
    back = stride + 1
    for j in range(far.size):
        if coefficients[NEAR + j] and far[j] >= 0:
            return False
        if coefficients[NEAR + j]:
            back = max(back, -far[j])
    c = coefficients
    weigh = (c[0], c[1], c[2], c[3], c[4], c[5], c[6])
    limit = top << FRACTION
    for i in range(places.size):
        at = places[i]
        if not back <= at < samples.size:
            return False
        base = np.int64(0)
        for j in range(far.size):
            if c[NEAR + j]:
                base += c[NEAR + j] * np.int64(samples[at + far[j]])
        t = location(
            np.int64(samples[at - 1]),
            np.int64(samples[at - stride]),
            np.int64(samples[at - stride - 1]),
            np.int64(samples[at - stride + 1]),
            np.int64(samples[at - 2]),
            np.int64(samples[at - stride + 2]),
            base, weigh, limit,
        )  # fmt: skip
        missed[i] = (np.int64(samples[at]) << FRACTION) - t
    return True


def fit_feedback(
    samples: Samples,
    shape: Shape,
    places: list[Integers],
    coefficients: Integers,
    top: int,
) -> Integers:
    """Fit what each set takes of that which its locations left at W, N and NE.

    Parameters
    ----------
    samples : int32 or int64 array
        With margins.
    shape : Shape
    places : list of int64 arrays
        Of each set, see `compress.prediction.wavefront.fit.sampled_places`.
    coefficients : int64 array (sets, near and far terms)
    top : int
        The largest location.

    Returns
    -------
    int64 array (sets, 3)
        Of no rows where that does not help: one half of the places tells by what the other gives.
    """
    far = far_offsets(shape)
    slices, _, rows, width = shape
    sets = len(places)
    stride = width + 2 * SIDE
    block = band_rows(shape) + 2
    gains, learned = [], []
    for of_set, drawn_all in enumerate(places):
        # More would be drawn twice, and halves would share them.
        most = (1 if of_set < sets - 1 else slices - of_set) * rows * width // 4
        drawn = drawn_all[:most]
        column, row = (drawn - SIDE) % stride, drawn // stride % block
        # All three neighbours are samples, none of them in the first row of a band.
        at = drawn[(column > 0) & (column < width - 1) & (row > 2)]
        if at.size < _LEAST_PLACES:
            return np.zeros((0, 3), np.int64)
        around = np.concatenate([at, at - 1, at - stride, at - stride + 1])
        missed = np.empty(around.size, np.int64)
        if not unfed(stride, samples, around, coefficients[of_set], far, top, missed):
            raise ValueError("the arrays of a wavefront do not fit each other")
        left = missed.reshape(4, -1) / (1 << FRACTION)
        target, features = left[0], np.ascontiguousarray(left[1:].T)
        spread = np.abs(left[1:]).mean(0)
        half = len(target) // 2
        for own, other in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
            fitted = least_absolute(target[own], features[own], spread[own], rounds=1)
            off = target[other] - features[other] @ fitted
            gains.append(_gains(np.abs(target[other]), np.abs(off), spread[other]))
        learned.append((target, features, spread))
    gain = np.concatenate(gains)
    error = float(gain.std()) / np.sqrt(gain.size)
    written = _SHARE_BITS * 3 * sets / (slices * rows * width)
    if float(gain.mean()) <= _MARGIN + _ERRORS * error + written:
        return np.zeros((0, 3), np.int64)
    shares = np.array([least_absolute(*of_set) for of_set in learned]) * (1 << FEEDBACK_FRACTION)
    return np.clip(np.round(shares), -MOST_FEEDBACK, MOST_FEEDBACK).astype(np.int64)


def _gains(before: Float, after: Float, spread: Float) -> Float:
    """Bits that smaller residuals save under Laplace's distribution, at scales told by spreads."""
    order = np.array_split(np.argsort(spread), _GROUPS)
    found = [(before[group] - after[group]) / (before[group].mean() + _LEAST) for group in order]
    return np.asarray(np.concatenate(found) / np.log(2.0))
