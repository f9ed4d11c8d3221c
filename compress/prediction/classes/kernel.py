"""The kernel of the scale-class model: one causal walk, for both sides.

At each sample it predicts a location from weighted neighbours, a scale from weighted distances
and earlier residuals, and a class from the scale. The encoder reads the sample and writes down
residual and class; the decoder decodes a token with the table of the class and makes the sample.
Integers only, wrapping modulo 2**64.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.coders.ans import init, locate, look_up, pop_escape, pop_interval, quantile
from compress.kernels import kernel

__all__ = ["FRACTION", "SCALE_FRACTION", "Tables", "Walk", "walk"]

# Fractional bits of the coefficients of location and of scale.
FRACTION = 12
SCALE_FRACTION = 8
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_PRECISION = np.uint64(24)


class Walk(NamedTuple):
    """Where to look and how to weigh; S channels, K neighbours, A of them for the scale.

    Attributes
    ----------
    shape, margins : int64 arrays (D,), (D, 2)
        Of the scanned plane: sizes, and how far inside all neighbours exist.
    period, stride : int
        Channels, and samples from one to the next.
    jumps, offsets : int64 arrays (S, K), (S, K, D)
    coefficients : int64 array (S, K)
        In 2**-FRACTION; each row sums to 2**FRACTION.
    weights : int64 array (S, 2 A + 1)
        In 2**-SCALE_FRACTION; of A distances to the prediction, A residuals, and of 1.
    low, high : int
        Predictions are kept in between.
    first, n_classes : int
        The scale class of table 0 in half octaves, and how many tables there are.
    """

    shape: npt.NDArray[np.int64]
    margins: npt.NDArray[np.int64]
    period: int
    stride: int
    jumps: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    coefficients: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]
    low: int
    high: int
    first: int
    n_classes: int


class Tables(NamedTuple):
    """The tables of the classes, and where to start searching them.

    Attributes
    ----------
    cumulative, start, low, escape
        As in `compress.tables.TableSet`.
    bits, entries : int and uint64 array (T << bits,)
        The look-up of a `compress.tables.TableSet`.
    shifts : int64 array (T,)
        Plain low bits of a residual of each class.
    """

    cumulative: npt.NDArray[np.uint32]
    start: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    escape: npt.NDArray[np.bool_]
    bits: int
    entries: npt.NDArray[np.uint64]
    shifts: npt.NDArray[np.int64]


@kernel()
def _clipped(
    i: int,
    place: npt.NDArray[np.int64],
    offset: npt.NDArray[np.int64],
    shape: npt.NDArray[np.int64],
) -> int:
    """Index of a neighbour near a border: the nearest sample that exists and is known."""
    at = 0
    for axis in range(shape.size):
        along = min(max(place[axis] + offset[axis], 0), shape[axis] - 1)
        at = at * shape[axis] + along
    return min(at, max(i - 1, 0))


@kernel(
    "b1(b1, i8[::1], i8[::1], i8[::1], i4[::1], Walk(i8[::1], i8[:, ::1], i8, i8, i8[:, ::1], "
    "i8[:, :, ::1], i8[:, ::1], i8[:, ::1], i8, i8, i8, i8), Tables(const(u4[::1]), "
    "const(i8[::1]), const(i8[::1]), const(b1[::1]), i8, const(u8[::1]), i8[::1]), "
    "const(u4[::1]), const(u4[::1]))",
)
def walk(
    decoding: bool,
    samples: npt.NDArray[np.int64],
    past: npt.NDArray[np.int64],
    residuals: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int32],
    how: Walk,
    tables: Tables,
    words: npt.NDArray[np.uint32],
    plain: npt.NDArray[np.uint32],
) -> bool:
    """Walk a plane in scan order.

    Parameters
    ----------
    decoding : bool
    samples, past : int64 arrays (n,)
        Samples are read by the encoder and written by the decoder; ``past`` takes the absolute
        residuals.
    residuals, classes : int64 and int32 arrays (n,), or (0,) for a decoder
        Written by the encoder.
    how : Walk
    tables : Tables
        Used by the decoder.
    words, plain : uint32 arrays
        The words of one lane and a spare one, and the plain low bits, for the decoder.

    Returns
    -------
    bool
        False if the arrays do not fit each other, or the words or the bits do not end with the
        last sample.
    """
    n = samples.size
    dimensions = how.shape.size
    width = how.shape[dimensions - 1]
    count = how.jumps.shape[1]
    near = (how.weights.shape[1] - 1) // 2
    total = 1
    for axis in range(dimensions):
        total *= how.shape[axis]
    if (
        n == 0 or total != n or past.size != n or near > count or count == 0
        or how.period < 1 or how.stride < 1
        or how.jumps.shape[0] != how.period
        or how.offsets.shape != (how.period, count, dimensions)
        or how.coefficients.shape != (how.period, count)
        or how.weights.shape[0] != how.period
        or how.margins.shape != (dimensions, 2)
        or how.n_classes < 1
    ):  # fmt: skip
        return False
    if decoding:
        if (
            tables.shifts.size != how.n_classes or tables.low.size != how.n_classes
            or tables.start.size != how.n_classes + 1 or tables.escape.size != how.n_classes
            or not 0 <= tables.bits <= 24
            or tables.entries.size != how.n_classes << tables.bits
            or tables.start[how.n_classes] != tables.cumulative.size
        ):  # fmt: skip
            return False
    elif classes.size != n or residuals.size != n:
        return False
    border = np.zeros(count, np.int64)
    place = np.zeros(dimensions, np.int64)
    bits = np.uint64(tables.bits)
    shift_in = _PRECISION - bits
    whole, state, at_word = init(words, _ZERO, np.uint64(max(words.size, 1) - 1))
    if decoding and not whole:
        return False
    bit = 0
    half = 1 << (FRACTION - 1)
    left, right = how.margins[dimensions - 1, 0], width - how.margins[dimensions - 1, 1]
    for row in range(n // width):
        rest = row
        inside = True
        for axis in range(dimensions - 2, -1, -1):
            place[axis] = rest % how.shape[axis]
            rest //= how.shape[axis]
            inside = (
                inside
                and place[axis] >= how.margins[axis, 0]
                and place[axis] < how.shape[axis] - how.margins[axis, 1]
            )
        # Channels change from row to row, or from sample to sample.
        channel = (row * width // how.stride) % how.period
        turn = 1 if how.stride == 1 and how.period > 1 else 0
        channel = channel - turn
        coefficient = how.coefficients[max(channel, 0)]
        weight = how.weights[max(channel, 0)]
        jump = how.jumps[max(channel, 0)]
        for x in range(width):
            i = row * width + x
            interior = inside and left <= x < right
            if turn:
                channel = channel + 1 if channel + 1 < how.period else 0
                coefficient = how.coefficients[channel]
                weight = how.weights[channel]
                jump = how.jumps[channel]
            if not interior:
                place[dimensions - 1] = x
                for j in range(count):
                    border[j] = _clipped(i, place, how.offsets[channel, j], how.shape) - i
                jump = border
            # ---- location: the nearest neighbour, which came last, is added last; compilers
            # gather the others at once, and would wait for it
            total = half
            for j in range(1, count):
                total += coefficient[j] * samples[np.uint64(i + jump[j])]
            total += coefficient[0] * samples[np.uint64(i + jump[0])] - (how.low << FRACTION)
            expected = min(max(how.low + (total >> FRACTION), how.low), how.high)
            # ---- scale and class
            scale = weight[2 * near]
            for j in range(near):
                where = np.uint64(i + jump[j])
                scale += weight[j] * abs(samples[where] - expected)
                scale += weight[near + j] * past[where]
            if i == 0:
                expected, scale = how.low, weight[2 * near]
            # The bits of a float give the logarithm of an integer: exponent and half octaves.
            octaves: Any = (np.float64(max(scale, 1)).view(np.int64) >> 51) - 2 * 1023
            kind = min(max(octaves - how.first, 0), how.n_classes - 1)
            if not interior:
                jump = how.jumps[channel]
            # ---- the sample
            if not decoding:
                residual = samples[i] - expected
                residuals[i] = residual
                past[i] = abs(residual)
                classes[i] = kind
                continue
            wanted = quantile(state)
            table = np.uint64(kind)
            entry = tables.entries[(table << bits) + (wanted >> shift_in)]
            slot, rest, mass = look_up(wanted, entry)
            escaped = False
            if rest >= mass:
                first = np.uint64(tables.start[table])
                last = np.uint64(tables.start[table + _ONE]) - _TWO
                slot, rest, mass = locate(wanted, entry, first, last, tables.cumulative)
                escaped = tables.escape[table] and first + slot == last
            state, at_word = pop_interval(state, at_word, _ZERO, words, wanted - rest, mass)
            token = tables.low[table] + np.int64(slot)
            if escaped:
                token, state, at_word = pop_escape(
                    state, at_word, _ZERO, words, tables.low[table], slot
                )
            shift = tables.shifts[kind]
            residual = np.int64(token)
            if shift > 0:
                if bit + shift > 32 * plain.size:
                    return False
                residual <<= shift
                got = 0
                while got < shift:
                    take = min(shift - got, 32 - (bit & 31))
                    piece = (np.int64(plain[bit >> 5]) >> (bit & 31)) & ((1 << take) - 1)
                    residual |= piece << got
                    got += take
                    bit += take
            past[i] = abs(residual)
            samples[i] = expected + residual
    if not decoding:
        return True
    return at_word == _ZERO and state == _ZERO and (bit + 31) >> 5 == plain.size
