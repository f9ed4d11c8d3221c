"""The coding kernel: every symbol as binary decisions down a tree, each a mix of adaptive cells.

The encoder and the decoder run this same function. For each decision every input gives a
probability from one cell; the logits are weighted, summed and squashed (logistic mixing); then
the cells and the weights learn the answer. Decisions are coded by ANS with 24-bit masses.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.coders.ans import Scalar, pop_interval, quantile
from compress.coders.recorded import ANSWER_SHIFT, TOTAL
from compress.kernels import inlined, kernel
from compress.prediction.counts.layout import (
    CLASSES,
    COARSE,
    DEPTHS,
    EMPTY,
    END,
    FINE,
    HISTORY_MORE,
    LENGTHS,
    MATCHED,
    POSITION,
    SLOT,
    STEP_BITS,
    VALUE,
)
from compress.prediction.counts.linear import predict, regress
from compress.prediction.counts.logistic import (
    BUCKET,
    BUCKETS,
    COUNT_BITS,
    RECIPROCAL,
    SQUASH,
    SQUASH_HALF,
    SQUASH_STEPS,
    STRETCH,
)
from compress.prediction.counts.tree import DEEPER

__all__ = ["code_symbols"]

_LONG = 16  # from this length on, classes of match lengths are wider
_RATE = (0.09, 0.002, 0.002)  # of learning: first (shared by the inputs), last, decay per symbol

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FINISH = np.uint64(0xD6E8FEB86659FD93)
_ONE = np.uint64(1)
_FOLD = np.uint64(29)
_COUNT_MASK = np.uint32((1 << COUNT_BITS) - 1)
_TO_COUNT = np.uint32(COUNT_BITS)
_TO_STRETCH = np.uint32(20)
_ANSWER = np.uint32(ANSWER_SHIFT)
_ZERO = np.uint64(0)
_WHOLE = np.uint64(TOTAL)
_SURE = (1 << 22) - 1


def _bins() -> npt.NDArray[np.int64]:
    """Classify distances in eighths of a node's size: finely near it, coarsely far away."""
    edges = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64, 128, 511)
    bins = np.zeros(512, dtype=np.int64)
    for edge in edges:
        bins[edge:] += 1
    return bins


_BINS = _bins()


@inlined(inline="always")
def _knot(x: Scalar) -> Scalar:
    """Give the place of a logit in the squash table."""
    k: Scalar = np.int64(x * SQUASH_STEPS + (SQUASH_HALF + 0.5))
    return min(max(k, 0), 2 * SQUASH_HALF - 1)


@inlined(inline="always")
def _refined(refined: np.ndarray, r: Scalar, knot: Scalar) -> Scalar:
    """Interpolate what came true in row r when the mix said so."""
    k = knot >> STEP_BITS
    f = np.int64(knot & ((1 << STEP_BITS) - 1))
    return (refined[r, k] * ((1 << STEP_BITS) - f) + refined[r, k + 1] * f) >> STEP_BITS


@inlined(inline="always")
def _refine(refined: np.ndarray, r: Scalar, knot: Scalar, bit: Scalar) -> None:
    k = (knot + (1 << (STEP_BITS - 1))) >> STEP_BITS
    refined[r, k] += ((bit << 24) - refined[r, k]) >> 6


@inlined(inline="always")
def _hash(x: Scalar, v: Scalar) -> Scalar:
    x = (x + v + _ONE) * _MULTIPLIER
    return x ^ (x >> _FOLD)


@inlined(inline="always")
def _learn(cells: np.ndarray, a: Scalar, bit: Scalar, limit: Scalar) -> None:
    cell = cells[a]
    seen = np.int64(cell & _COUNT_MASK)
    p = np.int64(cell >> _TO_COUNT)
    p += ((bit * _SURE - p) * np.int64(RECIPROCAL[seen])) >> 16
    cells[a] = np.uint32((p << COUNT_BITS) | min(seen + 1, limit))


@kernel(
    "Tuple((u8, u8, i8))(i4[::1], i8, const(i4[:, ::1]), const(i4[:, ::1]), u4[::1], "
    "const(i8[:, ::1]), const(i8[:, ::1]), const(i8[:, ::1]), const(i8[::1]), const(i8[::1]), "
    "const(i8[::1]), const(i8[::1]), f8[:, ::1], f8[:, ::1], f8[:, ::1], i8[:, ::1], i4[::1], "
    "f8[:, ::1], f8[:, :, ::1], u4[::1], const(u4[::1]), u8, u8, const(u1[::1]))",
)
def code_symbols(  # type: ignore[no-untyped-def]
    symbols,
    pad,
    nodes,
    children,
    cells,
    tokens,
    centres,
    relatives,
    linear,
    matches,
    sizes,
    limits,
    weights,
    second,
    confidence,
    refined,
    history,
    coefficients,
    covariance,
    masses,
    words,
    state,
    place,
    stop,
):
    """Code ``symbols[pad:]``; with no room for ``masses``, decode them from ``words``.

    Parameters
    ----------
    symbols : int32, (pad + n,)
        The padding is zeros. Encoding reads them, decoding fills them in.
    pad : int
        At least the longest lag.
    nodes, ..., covariance
        The fields of a `Mixer`.
    masses : uint32, (decisions,)
        Encoding: gets the mass of "yes" of every decision, the answer in its top bit.
    words : uint32
        A spare one behind those of the lane.
    state, place : uint64
        Of the ANS decoder.
    stop : uint8, (1,)
        Another thread may write it: not 0 ends the work, and what there is then is of no use.

    Returns
    -------
    state, place, count
        Of the decoder; and the decisions. More than `compress.prediction.counts.tree.DEEPER` allows
        are not decoded to the end: the state is 1.
    """
    n = len(symbols) - pad
    hashed, slot_bits, phases, n_centres, match_cells, begun, frozen = sizes
    learning = frozen == 0
    spare = len(cells) - SLOT
    own = hashed * (SLOT << slot_bits)
    n_relatives = len(relatives)
    n_matches = len(matches)
    first_match = hashed + 1 + n_relatives
    inputs = first_match + n_matches
    decoding = len(masses) == 0
    has_second = len(second) > 0
    slot_shift = np.uint64(64 - slot_bits)
    history_bits = slot_bits + HISTORY_MORE
    history_shift = np.uint64(64 - history_bits)
    address = np.zeros(inputs, dtype=np.uint64)
    logit = np.zeros(inputs, dtype=np.float64)
    trust = np.zeros(inputs, dtype=np.uint64)
    base = np.zeros(hashed, dtype=np.int64)
    hashes = np.zeros(hashed, dtype=np.uint64)
    centre = np.zeros(n_centres + 1, dtype=np.int64)
    fine = np.zeros(n_centres + 1, dtype=np.int64)
    order = len(linear)
    scale = 1.0 / (len(nodes) + 1)
    regressors = np.zeros(order + 1, dtype=np.float64)
    regressors[order] = 1.0
    gain = np.zeros(order + 1, dtype=np.float64)
    used_centres = n_centres + (1 if order > 0 else 0)
    guess = 0.0
    pointer = np.full(n_matches, -1, dtype=np.int64)
    length = np.zeros(n_matches, dtype=np.int64)
    expected = np.zeros(n_matches, dtype=np.int64)
    row_mask = len(refined) // 2 - 1
    by_node = by_context = knot = np.int64(0)
    p2 = np.int64(0)
    count = 0
    first_rate = _RATE[0] / inputs
    rate = max(_RATE[1], first_rate / (1.0 + begun * _RATE[2])) / 16777216.0
    most = np.int64(DEEPER)
    while (np.int64(1) << (most - DEEPER)) < len(nodes) + 1:
        most += 1
    most *= n
    for i in range(n):
        if stop[0] != 0:
            break
        if decoding and count > most:
            # Nothing that was encoded takes so many; a state that is not 0 says so.
            return _ONE, place, count
        at = pad + i
        x = np.uint64(0)
        c = 0
        for t in range(len(tokens)):
            kind = tokens[t, 0]
            if kind == VALUE:
                x = _hash(x, np.uint64(symbols[at - tokens[t, 1]]))
            elif kind == END:
                hashes[c] = x
                c += 1
            elif kind == POSITION:
                x = _hash(x, np.uint64(i % tokens[t, 1]))
            else:
                x = np.uint64(c)
        centre[:] = 0
        for t in range(len(centres)):
            centre[centres[t, 0]] += centres[t, 2] * symbols[at - centres[t, 1]]
        phase = i % phases
        if order > 0:
            for k in range(order):
                regressors[k] = symbols[at - linear[k]] * scale
            guess = predict(coefficients[phase], regressors)
            centre[n_centres] = np.int64(guess * (2 * len(nodes) + 2) + 0.5)
        longest = 0
        for m in range(n_matches):
            expected[m] = -1
            if pointer[m] >= 0:
                expected[m] = symbols[pointer[m]]
                longest = max(longest, length[m])
        matched = 0
        if longest > 0:
            matched = 1 if longest < _LONG else 2
        node = np.int64(0)
        symbol = np.int64(symbols[at])
        while True:
            middle = np.int64(nodes[node, 1])
            place_in_group = np.int64(nodes[node, 4])
            size_class = np.int64(nodes[node, 6])
            if place_in_group == 1:
                for j in range(hashed):
                    x = _hash(hashes[j], np.uint64(nodes[node, 3])) * _FINISH
                    check = np.uint32((x >> np.uint64(8)) & np.uint64(0xFFFFFFFF)) | np.uint32(1)
                    slot = np.int64(x >> slot_shift)
                    b = ((j << slot_bits) + slot) * SLOT
                    if cells[b] != check:
                        other = ((j << slot_bits) + (slot ^ 1)) * SLOT
                        if cells[other] == check:
                            b = other
                        elif frozen:
                            b = spare
                        else:
                            # the slot of the two that has seen less makes room
                            if cells[other + 1] & _COUNT_MASK < cells[b + 1] & _COUNT_MASK:
                                b = other
                            cells[b] = check
                            for k in range(1, SLOT):
                                cells[b + k] = EMPTY
                    base[j] = b
            for j in range(hashed):
                address[j] = np.uint64(base[j] + place_in_group)
            address[hashed] = np.uint64(own + node)
            for j in range(used_centres):
                # centres are doubled, and a middle lies between two symbols
                distance = 2 * (centre[j] - 2 * middle + 1)
                if distance >= 0:
                    fine[j] = COARSE + _BINS[min((2 * distance) >> size_class, 511)]
                else:
                    fine[j] = COARSE - 1 - _BINS[min((-2 * distance) >> size_class, 511)]
            for j in range(n_relatives):
                kind = relatives[j, 0]
                f = fine[relatives[j, 1]]
                if kind == 0:
                    a = (phase * CLASSES + size_class) * FINE + f
                elif kind == 1:
                    a = node * COARSE + (f >> 1)
                else:
                    a = ((phase * CLASSES + size_class) * COARSE + (f >> 1)) * COARSE
                    a += fine[relatives[j, 2]] >> 1
                address[hashed + 1 + j] = np.uint64(relatives[j, 3] + a)
            for j in range(first_match):
                cell = cells[address[j]]
                logit[j] = STRETCH[cell >> _TO_STRETCH]
                trust[j] = np.uint64(BUCKET[cell & _COUNT_MASK])
            for m in range(n_matches):
                j = first_match + m
                logit[j] = 0.0
                trust[j] = np.uint64(0)
                if expected[m] >= 0:
                    reach = length[m]
                    if reach >= _LONG:
                        reach = min(_LONG + ((reach - _LONG) >> 3), LENGTHS - 1)
                    address[j] = np.uint64(match_cells + m * LENGTHS + reach)
                    cell = cells[address[j]]
                    v = STRETCH[cell >> _TO_STRETCH]
                    logit[j] = v if expected[m] >= middle else -v
                    trust[j] = np.uint64(BUCKET[cell & _COUNT_MASK])
            depth = np.int64(nodes[node, 5])
            if depth >= DEPTHS:
                depth = np.int64(DEPTHS - 1)
            row2 = 0
            row = weights[depth * MATCHED + matched]
            x1 = 0.0
            for j in range(inputs):
                x1 += (row[j] + confidence[j, trust[j]]) * logit[j]
            p = p1 = np.int64(SQUASH[_knot(x1)])
            if has_second:
                if hashed > 0:
                    row2 = int(trust[0] * np.uint64(BUCKETS) + trust[hashed - 1]) * MATCHED
                row2 += matched
                x2 = 0.0
                for j in range(inputs):
                    x2 += (second[row2, j] + confidence[j, trust[j]]) * logit[j]
                p2 = np.int64(SQUASH[_knot(x2)])
                knot = _knot((x1 + x2) * 0.5)
                # half the mix, a quarter each of what it meant at this node and in this context
                by_node = node & row_mask
                by_context = (np.int64(hashes[0] & np.uint64(row_mask)) ^ by_node) + row_mask + 1
                p = 2 * np.int64(SQUASH[knot]) + _refined(refined, by_node, knot)
                p = (p + _refined(refined, by_context, knot)) >> 2
            mass = np.uint64(p)
            if decoding:
                bit = np.int64(quantile(state) < mass)
                no = np.uint64(bit - 1)  # all ones where the answer is no
                state, place = pop_interval(
                    state, place, _ZERO, words, mass & no, (mass & ~no) | ((_WHOLE - mass) & no)
                )
            else:
                bit = np.int64(symbol >= middle)
                if count < len(masses):
                    masses[count] = np.uint32(mass) | (np.uint32(bit) << _ANSWER)
            count += 1
            step = ((bit << 24) - p1) * rate if learning else 0.0
            for j in range(inputs):
                delta = step * logit[j]
                row[j] += delta
                confidence[j, trust[j]] += delta
            if has_second and learning:
                step = ((bit << 24) - p2) * rate
                for j in range(inputs):
                    second[row2, j] += step * logit[j]
                _refine(refined, by_node, knot, bit)
                _refine(refined, by_context, knot, bit)
            for j in range(first_match if learning else 0):
                _learn(cells, address[j], bit, limits[j])
            for m in range(n_matches):
                if expected[m] >= 0:
                    hit = 1 if (expected[m] >= middle) == (bit == 1) else 0
                    j = first_match + m
                    if learning:
                        _learn(cells, address[j], hit, limits[j])
                    if hit == 0:
                        expected[m] = -1
            child = np.int64(children[node, bit])
            if child < 0:
                symbol = -1 - child
                symbols[at] = symbol
                break
            node = child
        if order > 0:
            regress(
                coefficients[phase], covariance[phase], regressors, gain, symbol * scale - guess
            )
        for m in range(n_matches):
            if pointer[m] >= 0 and symbols[pointer[m]] == symbol:
                pointer[m] += 1
                length[m] += 1
            else:
                pointer[m] = -1
                length[m] = 0
            least = matches[m]
            if i + 1 >= least:
                x = np.uint64(0)
                for t in range(least):
                    x = _hash(x, np.uint64(symbols[at - t]))
                h = np.int64(x >> history_shift) + (m << history_bits)
                if pointer[m] < 0:
                    old = np.int64(history[h])
                    reach = 0
                    while (
                        reach < 32
                        and old - 1 - reach >= pad
                        and symbols[old - 1 - reach] == symbols[at - reach]
                    ):
                        reach += 1
                    if reach >= least:
                        pointer[m] = old
                        length[m] = reach
                history[h] = at + 1
        rate = max(_RATE[1], first_rate / (1.0 + (begun + i) * _RATE[2])) / 16777216.0
    return state, place, count
