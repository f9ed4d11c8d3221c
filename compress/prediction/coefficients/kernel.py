"""The coefficient kernel: encoder and decoder are one function, so they cannot disagree."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import init, pop_interval, quantile
from compress.coders.recorded import TOTAL
from compress.kernels import kernel
from compress.prediction.coefficients.contexts import describe
from compress.prediction.coefficients.features import collect
from compress.prediction.coefficients.format import (
    BIAS,
    CLASSES,
    CONTEXTS,
    EXPERTS,
    FEATURES,
    FORGETTING,
    LEARN,
    MAX_DECISIONS,
    MIN_MASS,
    SIDE,
    SIZE,
    ZONES,
)
from compress.prediction.coefficients.start import (
    context_mixers,
    even_mixers,
    size_class,
)
from compress.prediction.common.cells import BUCKETS, NODES, cells_of, consult, teach
from compress.prediction.common.logistic import squash, stretch, student
from compress.prediction.common.rls import bound, predict, reset, update

__all__ = ["run"]

_ZERO = np.uint64(0)


@kernel(
    "Tuple((i8, b1))(b1, const(i8[::1]), i8[::1], i8, i8, i8, const(i8[::1]), const(i8[::1]), "
    "const(f8[::1]), const(f8[::1]), u4[::1], u4[::1], const(u4[::1]))",
    error_model="numpy",
)
def run(
    decoding: bool,
    y: npt.NDArray[np.int64],
    past: npt.NDArray[np.int64],
    rows: int,
    columns: int,
    largest: int,
    order: npt.NDArray[np.int64],
    rings: npt.NDArray[np.int64],
    squashes: npt.NDArray[np.float64],
    stretches: npt.NDArray[np.float64],
    starts: npt.NDArray[np.uint32],
    masses: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint32],
) -> tuple[Any, Any]:
    """Code or decode all blocks.

    Parameters
    ----------
    decoding : bool
    y : ndarray of int64, shape (64 rows columns,)
        The coefficients, block by block; ``past`` itself when decoding.
    past : ndarray of int64
        Written: the coefficients as far as they are coded. All prediction reads here.
    rows, columns : int
        Of blocks.
    largest : int
        No magnitude is larger.
    order, rings, squashes, stretches : ndarray
        Constants of the format.
    starts, masses : ndarray of uint32
        Written: the intervals of all decisions in order, for `encode_intervals`; room for those of
        one coefficient when decoding.
    words : ndarray of uint32
        What is decoded, and one more; one element when coding.

    Returns
    -------
    recorded : int
        Intervals written; -1 when there was not room for all.
    whole : bool
        Whether decoding ended with the last word.
    """
    n = rows * columns * SIZE
    inverse = np.zeros((SIZE, FEATURES, FEATURES))
    weights = np.zeros((SIZE, FEATURES))
    for k in range(SIZE):
        reset(inverse, k, FEATURES)
    scales = np.zeros((EXPERTS * ZONES, CLASSES))
    counts = np.zeros((EXPERTS * ZONES, CLASSES))
    mix_zone = even_mixers(NODES * ZONES, EXPERTS)
    mix_class = even_mixers(NODES * CLASSES, EXPERTS)
    errors = np.zeros(n, np.float32)
    usual = np.full(SIZE, 0.5)
    seen = np.zeros(SIZE)
    features = np.zeros(FEATURES)
    gain = np.zeros(FEATURES)
    near = np.zeros(8)
    at, rate = np.zeros(EXPERTS), np.zeros(EXPERTS)
    below, above, middle = np.zeros(EXPERTS), np.zeros(EXPERTS), np.zeros(EXPERTS)
    size = np.zeros(EXPERTS)
    classes = np.zeros(EXPERTS, np.int64)
    logits = np.zeros(EXPERTS + 1)
    logits[EXPERTS] = BIAS
    bits = cells_of(n)
    cells = np.zeros(1 << bits, np.int64)
    mix_cells = context_mixers(NODES * ZONES, CONTEXTS)
    trust_cells = np.zeros(CONTEXTS * NODES * BUCKETS)
    keys = np.zeros(CONTEXTS, np.int64)
    slots, buckets = np.zeros(CONTEXTS, np.uint64), np.zeros(CONTEXTS, np.uint64)
    offered = np.zeros(CONTEXTS + 1)
    recorded: Any = np.int64(0)
    coding = 0 if decoding else 1
    whole, state, place = init(words, _ZERO, np.uint64(len(words) - 1))
    if decoding and not whole:
        return -1, False
    for block in range(rows * columns):
        row, column = block // columns, block % columns
        here = block * SIZE
        left = here - SIZE if column > 0 else -1
        up = here - columns * SIZE if row > 0 else -1
        nonzero = 0
        for z in range(SIZE):
            k = order[z]
            pos = here + k
            zone = k // SIDE + k % SIDE
            if recorded + MAX_DECISIONS > len(starts):
                return -1, False
            collect(features, near, past, errors, usual, column, columns, here, left, up, k)
            learning = usual[k] > 0.02
            centre = predict(weights, k, features, FEATURES) if learning else 0.0
            if not -1e6 < centre < 1e6:
                centre = 0.0
            # ---- experts
            size[0] = near[0] + 0.25 * near[2]
            size[1] = near[2] + 0.3 * near[3]
            for e in range(EXPERTS):
                c = size_class(size[e])
                classes[e] = c
                i = e * ZONES + zone
                known = scales[i, c] if counts[i, c] > 0.0 else size[e] + 0.1
                rate[e] = 1.0 / (known * 1.05 + 0.02)
            # ---- contexts
            describe(keys, past, near, here, k, centre, nonzero, classes)
            # ---- decisions
            value = y[pos]
            wanted = abs(value)
            stage = 0
            node = 0
            low: Any = np.int64(0)
            high: Any = largest + 1
            split = np.int64(0)
            ring = 0
            sign = 1
            depth = 0
            while True:
                if stage == 0:
                    for e in range(EXPERTS):
                        below[e] = student((-0.5 - centre) * rate[e])
                        above[e] = 1.0 - student((0.5 - centre) * rate[e])
                        no = 1.0 - below[e] - above[e]
                        logits[e] = stretch(below[e] + above[e], no, stretches)
                    node = 0
                elif stage == 1:
                    for e in range(EXPERTS):
                        logits[e] = stretch(above[e], below[e], stretches)
                    node = 1
                else:
                    if high - low <= 1:
                        break
                    if stage == 2:
                        ring += 1
                        split = rings[ring]
                        node = min(1 + ring, 39)
                        if split >= high:
                            stage = 3
                            continue
                    else:
                        split = (low + high) >> 1
                        node = 40 + min(depth, 3) * 6 + min(ring // 4, 5)
                        depth += 1
                    for e in range(EXPERTS):
                        f = student((split - 0.5 - at[e]) * rate[e])
                        middle[e] = f
                        logits[e] = stretch(above[e] - f, f - below[e], stretches)
                r1 = np.uint64(node * ZONES + zone)
                r2 = np.uint64(node * CLASSES + classes[0])
                dot = 0.0
                for e in range(EXPERTS + 1):
                    dot += (mix_zone[r1, e] + mix_class[r2, e]) * logits[e]
                mixed = squash(dot * 0.5, squashes)
                said = consult(
                    cells, bits, keys, (split * 2 + (1 if sign > 0 else 0)) * NODES + node, mixed,
                    dot * 0.5, mix_cells, r1, trust_cells, node, slots, buckets, offered, stretches,
                )  # fmt: skip
                corrected = squash(said, squashes)
                zero = min(max(TOTAL - int(corrected * float(TOTAL)), MIN_MASS), TOTAL - MIN_MASS)
                if stage == 0:
                    answer = wanted > 0
                elif stage == 1:
                    answer = value > 0
                else:
                    answer = wanted >= split
                bit = np.int64(quantile(state)) >= zero if decoding else answer
                start = zero if bit else 0
                mass = TOTAL - zero if bit else zero
                after, behind = pop_interval(
                    state, place, _ZERO, words, np.uint64(start), np.uint64(mass)
                )
                state = after if decoding else state
                place = behind if decoding else place
                starts[recorded] = start
                masses[recorded] = mass
                recorded += coding
                # ---- learning of the decision
                one = 1.0 if bit else 0.0
                teach(
                    cells, mix_cells, r1, trust_cells, slots, buckets, offered, one, one - corrected
                )
                step = (one - mixed) * LEARN
                for e in range(EXPERTS + 1):
                    mix_zone[r1, e] += step * logits[e]
                    mix_class[r2, e] += step * logits[e]
                if stage == 0:
                    if not bit:
                        high = np.int64(1)
                        break
                    low = np.int64(1)
                    stage = 1
                elif stage == 1:
                    sign = 1 if bit else -1
                    for e in range(EXPERTS):
                        at[e] = centre * sign
                        below[e] = student((0.5 - at[e]) * rate[e])
                        above[e] = 1.0
                    stage = 2
                else:
                    if bit:
                        low = split
                    else:
                        high = split
                    for e in range(EXPERTS):
                        below[e] = middle[e] if bit else below[e]
                        above[e] = above[e] if bit else middle[e]
                    if stage == 2 and not bit:
                        stage = 3
            value = low * sign
            past[pos] = value
            # ---- learning of the coefficient
            magnitude = abs(value)
            nonzero += 1 if magnitude > 0 else 0
            for e in range(EXPERTS):
                i, c = e * ZONES + zone, classes[e]
                miss = abs(value - centre)
                if counts[i, c] == 0.0:
                    scales[i, c] = 0.5 * (miss + size[e] + 0.1)
                if counts[i, c] < 100.0:
                    counts[i, c] += 1.0
                scales[i, c] += (miss - scales[i, c]) / (counts[i, c] + 1.0)
            miss = value - centre
            errors[pos] = abs(miss)
            seen[k] = min(seen[k] + 1.0, 200.0)
            usual[k] += (magnitude - usual[k]) / (seen[k] + 1.0)
            if learning:
                local = size[0] + 0.05
                if not update(
                    weights, inverse, k, features, gain, FEATURES, miss,
                    local * math.sqrt(local) + 0.01, FORGETTING,
                ):  # fmt: skip
                    bound(inverse, k, FEATURES)
    return recorded, place == _ZERO and state == _ZERO
