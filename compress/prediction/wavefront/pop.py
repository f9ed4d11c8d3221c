"""The decoder's kernel: two bands at a time, a row of each.

A sample waits for the one before it: location, scale, table, coder's state. What two bands wait for
overlaps in the processor. All that the rows above give is added up before a row is begun, in loops
that compilers vectorise. The steps are written out, for numba would count references to arrays that
are handed to functions in the loop: that took 34 ns a sample where this takes 14.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import init, locate, look_up, quantile
from compress.kernels import kernel
from compress.prediction.wavefront.kernel import (
    FEEDBACK_FRACTION,
    FRACTION,
    MAX_KIND,
    close_row,
    far_sums,
    feed_row,
    fits,
    half_octave,
    near_sums,
    open_row,
    phase_of,
    repeat_row,
)
from compress.prediction.wavefront.layout import (
    NEAR,
    NEAR_SCALES,
    OWN_SCALES,
    OWN_TERMS,
    SIDE,
)
from compress.prediction.wavefront.push import PIECE

__all__ = ["decode_rows"]

Integers = npt.NDArray[np.int64]

_HALF = 1 << (FRACTION - 1)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_PRECISION = np.uint64(24)
_WORD = np.uint64(32)
_REFILL = np.uint64(1 << 32)

_DECODE = (
    "b1((i8, i8, i8, i8), {0}[::1], {0}[::1], i8[:, ::1], {1}, i8[:, ::1], i8[::1], i8[::1], "
    "(i8, i8, i8, i8, i8, i8), const(u4[::1]), const(i8[::1]), const(i8[::1]), const(u8[::1]), "
    "i8, const(u8[::1]), i8[::1], const(u4[::1]), (i8, i8), i8[::1], i8)"
)


_FED = "i8[:, ::1]"


# Machine code of its own for streams without feedback, which takes some 2.5 ns a sample.
@kernel(
    _DECODE.format("i4", "None"), _DECODE.format("i8", "None"),
    _DECODE.format("i4", _FED), _DECODE.format("i8", _FED),
)  # fmt: skip
def decode_rows(
    shape: tuple[int, int, int, int],
    samples: npt.NDArray[Any],
    past: npt.NDArray[Any],
    coefficients: Integers,
    feedback: Integers | None,
    weights: Integers,
    far: Integers,
    far_scale: Integers,
    limits: tuple[int, int, int, int, int, int],
    cumulative: npt.NDArray[np.uint32],
    start: Integers,
    low: Integers,
    escapes: npt.NDArray[np.uint64],
    lookup_bits: int,
    entries: npt.NDArray[np.uint64],
    shifts: Integers,
    words: npt.NDArray[np.uint32],
    lanes: tuple[int, int],
    outliers: Integers,
    listed_first: int,
) -> bool:
    """Decode the samples of a plane.

    Parameters
    ----------
    shape : tuple of int
        Slices, bands, rows, width.
    samples, past : int32 or int64 arrays
        With margins (`compress.prediction.wavefront.layout`); written, ``past`` with the absolute
        residuals.
    coefficients : int64 array (S, 7 + terms)
        In 2**-FRACTION; slice z has those of set min(z, S - 1).
    feedback : int64 array (S, 3), optional
        What a location takes of that which it would have left without feedback at W, N and NE, in
        2**-FEEDBACK_FRACTION.
    weights : int64 array (S, 8 + terms + 1)
        In 2**-SCALE_FRACTION; the last is the scale where all else is 0.
    far, far_scale : int64 arrays
        How far back the samples and residuals of the terms behind 7 and 8 are.
    limits : tuple of int
        The largest location, whether tables know phases, the right shift of scales, the lowest half
        octave with a table and how many more there are, and the first sample as it is guessed.
    cumulative, start, low
        The tables, as in `compress.tables.TableSet`; one a half octave, or two with phases.
    escapes : uint64 array (T,)
        Slot of each table that says: the token is listed.
    lookup_bits, entries
        As `compress.coders.Tables.lookup`.
    shifts : int64 array (T,)
        Plain bits below a token of each table.
    words : uint32 array
        A spare word, the words of both bands, and a spare one: read without a branch.
    lanes : tuple of int
        Where the words of each band end.
    outliers : int64 array
        Listed tokens of the first band, two spare ones, those of the second, and two more.
    listed_first : int
        How many are those of the first band.

    Returns
    -------
    bool
        False if the arrays do not fit each other, or the words or outliers do not end with the
        last sample.
    """
    slices, bands, rows, width = shape
    top, phased, down, lowest, highest, guess = limits
    n_tables = low.size
    if not fits(shape, samples, past, coefficients, weights, far, far_scale):
        return False
    if (
        not 0 <= phased <= 1 or not 0 <= down <= 62
        or not 0 <= lowest <= lowest + highest <= MAX_KIND
        or n_tables != (highest + 1) << phased or start.size != n_tables + 1
        or start[0] != 0 or start[n_tables] != cumulative.size
        or escapes.size != n_tables or shifts.size != n_tables
        or not 0 <= lookup_bits <= 16 or entries.size != n_tables << lookup_bits
        or not 0 <= lanes[0] <= lanes[1] < words.size - 1
        or not 0 <= listed_first <= outliers.size - 4
    ):  # fmt: skip
        return False
    if feedback is not None:  # noqa: SIM102 - numba leaves out what None excludes
        if feedback.shape[0] != coefficients.shape[0] or feedback.shape[1] != 3:
            return False
    split = False
    for t in range(n_tables):
        split = split or shifts[t] > 0
        if start[t + 1] - start[t] < 2 or not 0 <= shifts[t] <= 62:
            return False
    stride = width + 2 * SIDE
    tall = (rows + bands - 1) // bands
    block = (tall + 2) * stride
    limit = top << FRACTION
    bits = np.uint64(lookup_bits)
    shift_in = _PRECISION - bits
    # Samples of damaged data wrap, compiled or not.
    narrow = samples.dtype.type
    above = np.uint64(stride)
    floor0, floor1 = _ZERO, np.uint64(lanes[0])
    behind = words[1:]
    good0, state0, place0 = init(behind, floor0, np.uint64(lanes[0]))
    good1, state1, place1 = init(behind, floor1, np.uint64(lanes[1]))
    if not (good0 and good1):
        return False
    # Where more are asked for than there are, the second spare one is where that ends.
    listed0, end0 = _ZERO, np.uint64(listed_first + 1)
    listed1, end1 = end0 + _ONE, np.uint64(outliers.size - 1)
    base0, base1 = np.empty(width, np.int64), np.empty(width, np.int64)
    spread0, spread1 = np.empty(width, np.int64), np.empty(width, np.int64)
    if feedback is not None:
        missed0, missed1 = np.zeros(width + 1, np.int64), np.zeros(width + 1, np.int64)
        feed0, feed1 = np.zeros(width, np.int64), np.zeros(width, np.int64)
    last_weight = NEAR_SCALES + far_scale.size
    for turn in range(slices * tall):
        index, row = turn // tall, turn % tall
        c = coefficients[min(index, coefficients.shape[0] - 1)]
        v = weights[min(index, weights.shape[0] - 1)]
        c0, c4, c5 = c[0], c[4], c[5]
        v0, v4, v5 = v[0], v[4], v[5]
        if feedback is not None:
            f = feedback[min(index, feedback.shape[0] - 1)]
            f0 = f[0]
        # In the first row of a band all that is above is the sample before.
        first = row == 0
        c_first, v_first, v_step = c0, v0, v5
        if first:
            c_first = c0 + c[1] + c[2] + c[3] + c[6]
            for j in range(OWN_TERMS):
                c_first += c[NEAR + j]
            v_first, v_step = v0 + v[1] + v[2] + v[3], v5 + v[6] + v[7]
        both = bands == 2 and row < rows - tall
        at = index * bands * block + (row + 1) * stride + SIDE
        for lane in range(2 if both else 1):
            base, spread = (base1, spread1) if lane == 1 else (base0, spread0)
            here = at + lane * block
            own, own_scales = (OWN_TERMS, OWN_SCALES) if first else (0, 0)
            far_sums(samples, here, c[NEAR:], far, own, 0, base)
            far_sums(
                past, here, v[NEAR_SCALES:last_weight], far_scale, own_scales, v[last_weight],
                spread,
            )  # fmt: skip
            if not first:
                near_sums(samples, past, here - stride, c, v, base, spread)
            if feedback is not None:
                missed, feed = (missed1, feed1) if lane == 1 else (missed0, feed0)
                if first:
                    feed[:] = 0
                else:
                    feed_row(missed, f, feed)
            open_row(samples, here, stride, bands * block, row, guess)
            open_row(past, here, stride, bands * block, row, 0)
        if both and not first:
            i0, i1 = np.uint64(at), np.uint64(at + block)
            w0, ww0 = np.int64(samples[i0 - _ONE]), np.int64(samples[i0 - _TWO])
            rw0, rww0 = np.int64(past[i0 - _ONE]), np.int64(past[i0 - _TWO])
            w1, ww1 = np.int64(samples[i1 - _ONE]), np.int64(samples[i1 - _TWO])
            rw1, rww1 = np.int64(past[i1 - _ONE]), np.int64(past[i1 - _TWO])
            miss0, miss1 = np.int64(0), np.int64(0)
            for x in range(np.uint64(width)):
                n = np.int64(samples[i0 - above])
                nw = np.int64(samples[i0 - above - _ONE])
                edge = min(max(w0 + n - nw, min(w0, n)), max(w0, n))
                t = base0[x] + c5 * ww0 + c4 * edge + c0 * w0
                t = min(max(t, 0), limit)
                if feedback is not None:
                    unfed0 = t
                    t += (feed0[x] + f0 * miss0) >> FEEDBACK_FRACTION
                    t = min(max(t, 0), limit)
                size = spread0[x] + v4 * rww0 + v0 * rw0 + v5 * abs(w0 - nw)
                expected = (t + _HALF) >> FRACTION
                phase, below = phase_of(t - (expected << FRACTION), phased)
                kind = min(max(half_octave(size >> down) - lowest, 0), highest)
                table = np.uint64((kind << phased) + phase)
                wanted = quantile(state0)
                entry = entries[(table << bits) + (wanted >> shift_in)]
                slot, rest, mass = look_up(wanted, entry)
                if rest >= mass:
                    begin = np.uint64(start[table])
                    last = np.uint64(start[table + _ONE]) - _TWO
                    slot, rest, mass = locate(wanted, entry, begin, last, cumulative)
                state0 = (state0 >> _PRECISION) * mass + rest
                filled = (state0 << _WORD) | np.uint64(words[place0])
                short = (state0 < _REFILL) & (place0 > floor0)
                place0 -= np.uint64(short)
                state0 = filled if short else state0
                token = np.int64(slot) + low[table]
                escaped = slot == escapes[table]
                token = outliers[listed0] if escaped else token
                listed0 = min(listed0 + _ONE, end0) if escaped else listed0
                left = shifts[table] if split else 0
                while left > 0:
                    take = np.uint64(min(left, PIECE))
                    gap = _PRECISION - take
                    wanted = quantile(state0)
                    token = (token << np.int64(take)) | np.int64(wanted >> gap)
                    state0 = ((state0 >> _PRECISION) << gap) | (wanted & ((_ONE << gap) - _ONE))
                    filled = (state0 << _WORD) | np.uint64(words[place0])
                    short = (state0 < _REFILL) & (place0 > floor0)
                    place0 -= np.uint64(short)
                    state0 = filled if short else state0
                    left -= PIECE
                off = (token ^ below) - below
                ww0, rww0 = w0, rw0
                w0, rw0 = expected + off, abs(off)
                samples[i0] = narrow(np.int64(w0))
                past[i0] = narrow(np.int64(rw0))
                if feedback is not None:
                    miss0 = (w0 << FRACTION) - unfed0
                    missed0[x] = miss0
                i0 += _ONE
                # The same sample of the lower band.
                n = np.int64(samples[i1 - above])
                nw = np.int64(samples[i1 - above - _ONE])
                edge = min(max(w1 + n - nw, min(w1, n)), max(w1, n))
                t = base1[x] + c5 * ww1 + c4 * edge + c0 * w1
                t = min(max(t, 0), limit)
                if feedback is not None:
                    unfed1 = t
                    t += (feed1[x] + f0 * miss1) >> FEEDBACK_FRACTION
                    t = min(max(t, 0), limit)
                size = spread1[x] + v4 * rww1 + v0 * rw1 + v5 * abs(w1 - nw)
                expected = (t + _HALF) >> FRACTION
                phase, below = phase_of(t - (expected << FRACTION), phased)
                kind = min(max(half_octave(size >> down) - lowest, 0), highest)
                table = np.uint64((kind << phased) + phase)
                wanted = quantile(state1)
                entry = entries[(table << bits) + (wanted >> shift_in)]
                slot, rest, mass = look_up(wanted, entry)
                if rest >= mass:
                    begin = np.uint64(start[table])
                    last = np.uint64(start[table + _ONE]) - _TWO
                    slot, rest, mass = locate(wanted, entry, begin, last, cumulative)
                state1 = (state1 >> _PRECISION) * mass + rest
                filled = (state1 << _WORD) | np.uint64(words[place1])
                short = (state1 < _REFILL) & (place1 > floor1)
                place1 -= np.uint64(short)
                state1 = filled if short else state1
                token = np.int64(slot) + low[table]
                escaped = slot == escapes[table]
                token = outliers[listed1] if escaped else token
                listed1 = min(listed1 + _ONE, end1) if escaped else listed1
                left = shifts[table] if split else 0
                while left > 0:
                    take = np.uint64(min(left, PIECE))
                    gap = _PRECISION - take
                    wanted = quantile(state1)
                    token = (token << np.int64(take)) | np.int64(wanted >> gap)
                    state1 = ((state1 >> _PRECISION) << gap) | (wanted & ((_ONE << gap) - _ONE))
                    filled = (state1 << _WORD) | np.uint64(words[place1])
                    short = (state1 < _REFILL) & (place1 > floor1)
                    place1 -= np.uint64(short)
                    state1 = filled if short else state1
                    left -= PIECE
                off = (token ^ below) - below
                ww1, rww1 = w1, rw1
                w1, rw1 = expected + off, abs(off)
                samples[i1] = narrow(np.int64(w1))
                past[i1] = narrow(np.int64(rw1))
                if feedback is not None:
                    miss1 = (w1 << FRACTION) - unfed1
                    missed1[x] = miss1
                i1 += _ONE
        else:
            for lane in range(2 if both else 1):
                i = np.uint64(at + lane * block)
                base, spread = base0, spread0
                if feedback is not None:
                    missed, feed = (missed1, feed1) if lane == 1 else (missed0, feed0)
                    miss = np.int64(0)
                state, place, floor, listed, end = state0, place0, floor0, listed0, end0
                if lane == 1:
                    base, spread = base1, spread1
                    state, place, floor, listed, end = state1, place1, floor1, listed1, end1
                w, ww = np.int64(samples[i - _ONE]), np.int64(samples[i - _TWO])
                rw, rww = np.int64(past[i - _ONE]), np.int64(past[i - _TWO])
                for x in range(np.uint64(width)):
                    n = np.int64(samples[i - above])
                    nw = np.int64(samples[i - above - _ONE])
                    if first:
                        n, nw = w, ww
                    edge = min(max(w + n - nw, min(w, n)), max(w, n))
                    if first:
                        edge = w
                    t = base[x] + c5 * ww + c4 * edge + c_first * w
                    t = min(max(t, 0), limit)
                    if feedback is not None:
                        unfed = t
                        t += (feed[x] + f0 * miss) >> FEEDBACK_FRACTION
                        t = min(max(t, 0), limit)
                    size = spread[x] + v4 * rww + v_first * rw + v_step * abs(w - nw)
                    expected = (t + _HALF) >> FRACTION
                    phase, below = phase_of(t - (expected << FRACTION), phased)
                    kind = min(max(half_octave(size >> down) - lowest, 0), highest)
                    table = np.uint64((kind << phased) + phase)
                    wanted = quantile(state)
                    entry = entries[(table << bits) + (wanted >> shift_in)]
                    slot, rest, mass = look_up(wanted, entry)
                    if rest >= mass:
                        begin = np.uint64(start[table])
                        last = np.uint64(start[table + _ONE]) - _TWO
                        slot, rest, mass = locate(wanted, entry, begin, last, cumulative)
                    state = (state >> _PRECISION) * mass + rest
                    filled = (state << _WORD) | np.uint64(words[place])
                    short = (state < _REFILL) & (place > floor)
                    place -= np.uint64(short)
                    state = filled if short else state
                    token = np.int64(slot) + low[table]
                    escaped = slot == escapes[table]
                    token = outliers[listed] if escaped else token
                    listed = min(listed + _ONE, end) if escaped else listed
                    left = shifts[table] if split else 0
                    while left > 0:
                        take = np.uint64(min(left, PIECE))
                        gap = _PRECISION - take
                        wanted = quantile(state)
                        token = (token << np.int64(take)) | np.int64(wanted >> gap)
                        state = ((state >> _PRECISION) << gap) | (wanted & ((_ONE << gap) - _ONE))
                        filled = (state << _WORD) | np.uint64(words[place])
                        short = (state < _REFILL) & (place > floor)
                        place -= np.uint64(short)
                        state = filled if short else state
                        left -= PIECE
                    off = (token ^ below) - below
                    ww, rww = w, rw
                    w, rw = expected + off, abs(off)
                    samples[i] = narrow(np.int64(w))
                    past[i] = narrow(np.int64(rw))
                    if feedback is not None:
                        miss = (w << FRACTION) - unfed
                        missed[x] = miss
                    i += _ONE
                if lane == 0:
                    state0, place0, listed0 = state, place, listed
                else:
                    state1, place1, listed1 = state, place, listed
        for lane in range(2 if both else 1):
            here = at + lane * block
            close_row(samples, here, width)
            close_row(past, here, width)
            if first:
                repeat_row(samples, here, width, -stride)
                repeat_row(past, here, width, -stride)
            if row == tall - 1 or (lane == 1 and row == rows - tall - 1):
                repeat_row(samples, here, width, stride)
                repeat_row(past, here, width, stride)
    return bool(
        place0 == floor0 and state0 == _ZERO and place1 == floor1 and state1 == _ZERO
        and listed0 == np.uint64(listed_first) and listed1 == np.uint64(outliers.size - 2)
    )  # fmt: skip
