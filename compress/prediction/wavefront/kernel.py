"""What a row knows of its samples: terms of rows behind it, and the encoder's passes over planes.

The encoder has all samples, so its passes are plain loops along a row that compilers vectorise;
the decoder (`compress.prediction.wavefront.pop`) computes the same sample by sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import inlined, kernel
from compress.prediction.wavefront.layout import (
    NEAR,
    NEAR_SCALES,
    OWN_SCALES,
    OWN_TERMS,
    SIDE,
)

__all__ = [
    "COUNTED",
    "FEEDBACK_FRACTION",
    "FRACTION",
    "MAX_KIND",
    "RAW_KINDS",
    "SCALE_FRACTION",
    "classify",
    "close_row",
    "count_tokens",
    "far_sums",
    "feed_row",
    "fits",
    "half_octave",
    "kind_of",
    "lay_out",
    "location",
    "near_sums",
    "open_row",
    "phase_of",
    "repeat_row",
    "residuals",
    "scale",
]

Integers = npt.NDArray[np.int64]
Samples = npt.NDArray[Any]
Scalar = Any

FRACTION = 10
"""Fractional bits of coefficients and locations."""
FEEDBACK_FRACTION = 7
"""Fractional bits of the weights of feedback."""
SCALE_FRACTION = 8
"""Fractional bits of scale weights."""
RAW_KINDS = 64
"""Half octaves in which scales are counted: those of integers below 2**30 are 0 to 60."""
MAX_KIND = 60
"""Half octave of the largest scale."""
COUNTED = 255
"""Tokens on either side of zero that a table may have."""

_HALF = 1 << (FRACTION - 1)
# The largest scale of which a half octave is taken: int32 holds it.
_WIDEST_SCALE = (1 << 30) - 1
# Where a float32 has its exponent and the first bit behind it; both are 2 * 127 for 1.
_HALF_OCTAVE = np.int32(22)
_OF_ONE = 254
# The two upper bits of the distance from a location to the nearest integer.
_PHASE_SHIFT = FRACTION - 2


@kernel()
def fits(
    shape: tuple[int, int, int, int],
    samples: Samples,
    past: Samples,
    coefficients: Integers,
    weights: Integers,
    far: Integers,
    far_scale: Integers,
) -> bool:
    """Whether arrays fit each other, and no term that counts reaches out of them."""
    slices, bands, rows, width = shape
    most = 1 << 30
    if not (0 < slices < most and 0 < bands < 3 and bands <= rows < most and 0 < width < most):
        return False
    stride = width + 2 * SIDE
    block = ((rows + bands - 1) // bands + 2) * stride
    sets = coefficients.shape[0]
    if (
        samples.size != slices * bands * block or past.size != samples.size
        or sets < 1 or weights.shape[0] != sets
        or coefficients.shape[1] != NEAR + far.size
        or weights.shape[1] != NEAR_SCALES + far_scale.size + 1
        or far.size < OWN_TERMS or far_scale.size < OWN_SCALES
    ):  # fmt: skip
        return False
    for of_set in range(sets):
        # Terms of the slice itself count from the second row on.
        first = of_set * bands * block + stride + SIDE
        for j in range(far.size):
            begin = first + stride if j < OWN_TERMS else first
            if coefficients[of_set, NEAR + j] and not -begin <= far[j] < 0:
                return False
        for j in range(far_scale.size):
            begin = first + stride if j < OWN_SCALES else first
            if weights[of_set, NEAR_SCALES + j] and not -begin <= far_scale[j] < 0:
                return False
    return True


@inlined(forceinline=True)
def location(
    w: Scalar, n: Scalar, nw: Scalar, ne: Scalar, ww: Scalar, nee: Scalar, base: Scalar,
    weights: tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar, Scalar], top: Scalar,
) -> Scalar:  # fmt: skip
    """Predict a sample, in 2**-FRACTION, between 0 and ``top``."""
    # The median edge detector of JPEG-LS.
    median = min(max(w + n - nw, min(w, n)), max(w, n))
    found = (
        base + weights[1] * n + weights[2] * nw + weights[3] * ne + weights[6] * nee
        + weights[5] * ww + weights[4] * median + weights[0] * w
    )  # fmt: skip
    return min(max(found, 0), top)


@inlined(forceinline=True)
def phase_of(off: Scalar, phased: Scalar) -> tuple[Scalar, Scalar]:
    """Where a location lies beside the nearest integer: 0 near it, 1 far; -1 if below, else 0.

    ``phased`` is 1 where tables know it, else 0.
    """
    below = (off >> 62) & -phased
    return min(abs(off) >> _PHASE_SHIFT, 1) & phased, below


@inlined(forceinline=True)
def scale(
    rw: Scalar, rn: Scalar, rnw: Scalar, rne: Scalar, rww: Scalar,
    across: Scalar, along: Scalar, ahead: Scalar, base: Scalar,
    weights: tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar, Scalar, Scalar],
) -> Scalar:  # fmt: skip
    """Weigh residuals and distances of neighbours."""
    return (
        base + weights[1] * rn + weights[2] * rnw + weights[3] * rne + weights[6] * along
        + weights[7] * ahead + weights[4] * rww + weights[0] * rw + weights[5] * across
    )  # fmt: skip


@inlined(forceinline=True)
def half_octave(size: Scalar) -> Scalar:
    """Return the half octave of a positive int32, or the next one from just below it on.

    A conversion to float32 is rounded to the nearest by IEEE 754, on every processor alike.
    """
    return np.int64(np.float32(size).view(np.int32) >> _HALF_OCTAVE) - _OF_ONE


@inlined(forceinline=True)
def kind_of(found: Scalar, down: Scalar) -> Scalar:
    """Return the half octave of a scale, at most `MAX_KIND`."""
    return half_octave(np.int32(min(max(found >> down, 1), _WIDEST_SCALE)))


@kernel()
def far_sums(
    values: Samples, first: int, factors: Integers, far: Integers, skipped: int, start: int,
    sums: Integers,
) -> None:  # fmt: skip
    """Add the far terms of a row, which begins at ``first``, to ``start``."""
    width = sums.size
    for x in range(width):
        sums[x] = start
    for j in range(skipped, far.size):
        factor = factors[j]
        if factor == 0:
            continue
        at = first + far[j]
        for x in range(width):
            sums[x] += factor * np.int64(values[np.uint64(at + x)])


@kernel()
def near_sums(
    samples: Samples, past: Samples, above: int, factors: Integers, weights: Integers,
    base: Integers, spread: Integers,
) -> None:  # fmt: skip
    """Add what the row above, which begins at ``above``, gives to locations and scales."""
    c1, c2, c3, c6 = factors[1], factors[2], factors[3], factors[6]
    v1, v2, v3, v6, v7 = weights[1], weights[2], weights[3], weights[6], weights[7]
    for x in range(base.size):
        at = np.uint64(above + x)
        n, nw = np.int64(samples[at]), np.int64(samples[np.uint64(above + x - 1)])
        ne = np.int64(samples[np.uint64(above + x + 1)])
        nee = np.int64(samples[np.uint64(above + x + 2)])
        base[x] += c1 * n + c2 * nw + c3 * ne + c6 * nee
        rn, rnw = np.int64(past[at]), np.int64(past[np.uint64(above + x - 1)])
        rne = np.int64(past[np.uint64(above + x + 1)])
        spread[x] += v1 * rn + v2 * rnw + v3 * rne + v6 * abs(n - nw) + v7 * abs(n - ne)


@kernel()
def feed_row(missed: Integers, factors: Integers, feed: Integers) -> None:
    """Weigh what the row above left unpredicted at N and NE; behind its last sample that is 0."""
    of_n, of_ne = factors[1], factors[2]
    for x in range(feed.size):
        feed[x] = of_n * missed[np.uint64(x)] + of_ne * missed[np.uint64(x + 1)]


@kernel()
def open_row(values: Samples, at: int, stride: int, block: int, row: int, start: int) -> None:
    """Fill the margin before a row: from the row above, the slice behind, or ``start``."""
    first: Scalar = start
    if row > 0:
        first = np.int64(values[at - stride])
    elif at >= block:
        first = np.int64(values[at - block])
    for x in range(1, SIDE + 1):
        values[at - x] = first


@kernel()
def close_row(values: Samples, at: int, width: int) -> None:
    """Fill the margin behind a row."""
    for x in range(SIDE):
        values[at + width + x] = values[at + width - 1]


@kernel()
def repeat_row(values: Samples, at: int, width: int, distance: int) -> None:
    """Write a row with its margins so many places further."""
    for x in range(-SIDE, width + SIDE):
        values[at + distance + x] = values[at + x]


_LAY_OUT = "b1((i8, i8, i8, i8), const(i8[::1]), i8, i8, {0}[::1])"


@kernel(_LAY_OUT.format("i4"), _LAY_OUT.format("i8"))
def lay_out(
    shape: tuple[int, int, int, int], plane: Integers, low: int, start: int, samples: Samples
) -> bool:
    """Write samples, less ``low``, between margins; False if the arrays do not fit."""
    slices, bands, rows, width = shape
    if not (slices > 0 and 0 < bands < 3 and bands <= rows and width > 0):
        return False
    stride = width + 2 * SIDE
    tall = (rows + bands - 1) // bands
    block = (tall + 2) * stride
    if plane.size != slices * rows * width or samples.size != slices * bands * block:
        return False
    for row in range(slices * rows):
        band, inside = (row % rows) // tall, (row % rows) % tall
        at = ((row // rows) * bands + band) * block + (inside + 1) * stride + SIDE
        for x in range(width):
            samples[at + x] = plane[row * width + x] - low
        open_row(samples, at, stride, bands * block, inside, start)
        close_row(samples, at, width)
        if inside == 0:
            repeat_row(samples, at, width, -stride)
        if inside == tall - 1 or row % rows == rows - 1:
            repeat_row(samples, at, width, stride)
    return True


_RESIDUALS = (
    "b1((i8, i8, i8, i8), const({0}[::1]), {0}[::1], i8[:, ::1], i8[:, ::1], i8[:, ::1], "
    "i8[::1], i8[::1], i8, i8, {0}[::1], u1[::1])"
)


@kernel(_RESIDUALS.format("i4"), _RESIDUALS.format("i8"))
def residuals(
    shape: tuple[int, int, int, int],
    samples: Samples,
    past: Samples,
    coefficients: Integers,
    feedback: Integers,
    weights: Integers,
    far: Integers,
    far_scale: Integers,
    top: int,
    phased: int,
    found: Samples,
    kinds: npt.NDArray[np.uint8],
) -> bool:
    """Predict all samples.

    Parameters
    ----------
    shape : tuple of int
        Slices, bands, rows, width.
    samples, past : int32 or int64 arrays
        With margins; ``past`` takes the absolute residuals.
    coefficients, weights, far, far_scale
        As `compress.prediction.wavefront.pop.decode_rows` takes them.
    feedback : int64 array (S, 3)
        As it does, but of no rows where there is none.
    top : int
        The largest location.
    phased : int
        1 to tell where a location lies between integers, else 0.
    found : int32 or int64 array (n,)
        The residuals, mirrored where the location lies below the nearest integer.
    kinds : uint8 array (n,)
        The phases.

    Returns
    -------
    bool
        False if the arrays do not fit each other.
    """
    slices, bands, rows, width = shape
    if not fits(shape, samples, past, coefficients, weights, far, far_scale):
        return False
    if found.size != slices * rows * width or kinds.size != found.size:
        return False
    sets = feedback.shape[0]
    if sets and (sets != coefficients.shape[0] or feedback.shape[1] != 3):
        return False
    stride = width + 2 * SIDE
    tall = (rows + bands - 1) // bands
    block = (tall + 2) * stride
    limit = top << FRACTION
    base = np.empty(width, np.int64)
    found_at = np.empty(width, np.int64)
    missed, feed = np.zeros(width + 1, np.int64), np.zeros(width, np.int64)
    for row in range(slices * rows):
        index, line = row // rows, row % rows
        band, inside = line // tall, line % tall
        at = (index * bands + band) * block + (inside + 1) * stride + SIDE
        c = coefficients[min(index, coefficients.shape[0] - 1)]
        first = c[0]
        skipped = 0
        if inside == 0:
            skipped = OWN_TERMS
            for j in range(OWN_TERMS):
                first += c[NEAR + j]
        far_sums(samples, at, c[NEAR:], far, skipped, 0, base)
        weigh = (first, c[1], c[2], c[3], c[4], c[5], c[6])
        up = at if inside == 0 else at - stride
        # In the first row all neighbours above are the sample before.
        n, nw = (-1, -1) if inside == 0 else (0, -1)
        ne, nee = (-1, -1) if inside == 0 else (1, 2)
        out = row * width
        for x in range(width):
            found_at[x] = location(
                np.int64(samples[np.uint64(at + x - 1)]),
                np.int64(samples[np.uint64(up + x + n)]),
                np.int64(samples[np.uint64(up + x + nw)]),
                np.int64(samples[np.uint64(up + x + ne)]),
                np.int64(samples[np.uint64(at + x - 2)]),
                np.int64(samples[np.uint64(up + x + nee)]),
                base[x], weigh, limit,
            )  # fmt: skip
        if sets:
            factors = feedback[min(index, sets - 1)]
            if inside == 0:
                feed[:] = 0
            else:
                feed_row(missed, factors, feed)
            for x in range(width):
                missed[x] = (np.int64(samples[np.uint64(at + x)]) << FRACTION) - found_at[x]
            for x in range(1, width):
                feed[x] += factors[0] * missed[x - 1]
            for x in range(width):
                fed = found_at[x] + (feed[x] >> FEEDBACK_FRACTION)
                found_at[x] = min(max(fed, 0), limit)
        for x in range(width):
            t = found_at[x]
            expected = (t + _HALF) >> FRACTION
            off = np.int64(samples[np.uint64(at + x)]) - expected
            phase, below = phase_of(t - (expected << FRACTION), phased)
            found[np.uint64(out + x)] = (off ^ below) - below
            kinds[np.uint64(out + x)] = phase
            past[np.uint64(at + x)] = abs(off)
        open_row(past, at, stride, bands * block, inside, 0)
        close_row(past, at, width)
        if inside == 0:
            repeat_row(past, at, width, -stride)
        if inside == tall - 1 or line == rows - 1:
            repeat_row(past, at, width, stride)
    return True


_CLASSIFY = (
    "b1((i8, i8, i8, i8), const({0}[::1]), const({0}[::1]), i8[:, ::1], i8[:, ::1], i8[::1], "
    "i8[::1], i8, u1[::1])"
)


@kernel(_CLASSIFY.format("i4"), _CLASSIFY.format("i8"))
def classify(
    shape: tuple[int, int, int, int],
    samples: Samples,
    past: Samples,
    coefficients: Integers,
    weights: Integers,
    far: Integers,
    far_scale: Integers,
    down: int,
    kinds: npt.NDArray[np.uint8],
) -> bool:
    """Add twice the half octave of its scale to the phase of each sample; False as `residuals`."""
    slices, bands, rows, width = shape
    if not fits(shape, samples, past, coefficients, weights, far, far_scale):
        return False
    if kinds.size != slices * rows * width or not 0 <= down <= 62:
        return False
    stride = width + 2 * SIDE
    tall = (rows + bands - 1) // bands
    block = (tall + 2) * stride
    base = np.empty(width, np.int64)
    for row in range(slices * rows):
        index, line = row // rows, row % rows
        band, inside = line // tall, line % tall
        at = (index * bands + band) * block + (inside + 1) * stride + SIDE
        v = weights[min(index, weights.shape[0] - 1)]
        skipped = OWN_SCALES if inside == 0 else 0
        last = NEAR_SCALES + far_scale.size
        far_sums(past, at, v[NEAR_SCALES:last], far_scale, skipped, v[last], base)
        weigh = (v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])
        out = row * width
        up = at - stride
        if inside == 0:
            for x in range(width):
                rw = np.int64(past[np.uint64(at + x - 1)])
                west = np.int64(samples[np.uint64(at + x - 1)])
                step = abs(west - np.int64(samples[np.uint64(at + x - 2)]))
                rww = np.int64(past[np.uint64(at + x - 2)])
                size = scale(rw, rw, rw, rw, rww, step, step, step, base[x], weigh)
                kinds[np.uint64(out + x)] |= np.uint8(kind_of(size, down) << 1)
            continue
        for x in range(width):
            n = np.int64(samples[np.uint64(up + x)])
            nw = np.int64(samples[np.uint64(up + x - 1)])
            size = scale(
                np.int64(past[np.uint64(at + x - 1)]),
                np.int64(past[np.uint64(up + x)]),
                np.int64(past[np.uint64(up + x - 1)]),
                np.int64(past[np.uint64(up + x + 1)]),
                np.int64(past[np.uint64(at + x - 2)]),
                abs(np.int64(samples[np.uint64(at + x - 1)]) - nw),
                abs(n - nw),
                abs(n - np.int64(samples[np.uint64(up + x + 1)])),
                base[x], weigh,
            )  # fmt: skip
            kinds[np.uint64(out + x)] |= np.uint8(kind_of(size, down) << 1)
    return True


_COUNT = "b1(const({0}[::1]), const(u1[::1]), const(i8[::1]), i8[:, ::1])"


@kernel(_COUNT.format("i4"), _COUNT.format("i8"))
def count_tokens(
    found: Samples, kinds: npt.NDArray[np.uint8], shifts: Integers, counts: Integers
) -> bool:
    """Count the tokens of each kind and phase; those beyond `COUNTED` in the last column."""
    n = found.size
    if kinds.size != n or shifts.size != 2 * RAW_KINDS:
        return False
    if counts.shape != (2 * RAW_KINDS, 2 * COUNTED + 2):
        return False
    outside = np.uint64(2 * COUNTED + 1)
    for i in range(n):
        kind = kinds[i] & np.uint64(2 * RAW_KINDS - 1)
        token = (np.int64(found[i]) >> shifts[kind]) + COUNTED
        counts[kind, min(np.uint64(token), outside)] += 1
    return True
