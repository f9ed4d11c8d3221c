"""The causal kernel: encoder and decoder are one function, so they cannot disagree.

Per sample: experts predict; the errors nearby give every expert two scales; then the sample is
found by binary decisions (a side of the prediction, a ring around it, a place in the ring), each
with a probability that is mixed from all experts' distributions, corrected by what was counted in
the same contexts, and refined by what such probabilities came to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import init, pop_interval, quantile
from compress.coders.recorded import TOTAL, uniform
from compress.kernels import kernel
from compress.prediction.causal.contexts import PROPERTIES, describe
from compress.prediction.causal.format import (
    BIAS,
    CLASS_MEMORY,
    CLASSES,
    FAR,
    FIRST_SCALE,
    HALVED_RINGS,
    HALVINGS,
    LAST_PLACE,
    LEAST_SQUARE,
    LEAST_VARIANCE,
    MAX_DECISIONS,
    MIDDLE_BIN,
    MIN_MASS,
    NO_LESSON,
    OCTAVES,
    PHASE_OCTAVES,
    PHASE_STEPS,
    PHASES,
    REFINE_RATE,
    RINGS,
    SCALE_FACTOR,
    SCALE_SUMMAND,
    SIGN_NEIGHBOURS,
    SIGNS,
    STACK_FORGETTING,
    TEXTURE_NEIGHBOURS,
    TEXTURES,
    VIEWS,
    Settings,
)
from compress.prediction.causal.holes import CELLS, CONTEXTS, pass_over
from compress.prediction.causal.outliers import most_of, narrow, observe, set_apart
from compress.prediction.causal.residues import count_residue
from compress.prediction.causal.start import scale_class
from compress.prediction.causal.state import STATE
from compress.prediction.common.cells import NODES, cells_of, consult, teach
from compress.prediction.common.copying import copy_2, copy_3
from compress.prediction.common.gather import advance, gather
from compress.prediction.common.logistic import squash, stretch, student
from compress.prediction.common.rls import bound, predict, update

__all__ = ["run"]

_ZERO, _ONE = np.uint64(0), np.uint64(1)


# Without contexts and with.
_SIGNATURES = [
    f"Tuple((i8, b1))(i8, const(i8[::1]), i8[::1], u1[::1], const(i8[::1]), i8, i8, i8, "
    "const(i8[:, :, ::1]), const(i8[:, ::1]), const(i8[:, ::1]), i8, const(i8[::1]), "
    "const(f8[::1]), const(f8[::1]), Settings(f8, f8, i8, f8, f8, f8, f8, b1), "
    f"{contexts}, const(f8[::1]), const(f8[::1]), const(f8[::1]), u4[::1], u4[::1], "
    f"i8[::1], const(u4[::1]), {STATE}, const(f8[:, ::1]), b1, const(u1[::1]))"
    for contexts in ("None", "const(i8[:, ::1])")
]


@kernel(*_SIGNATURES, error_model="numpy")
def run(
    known: int,
    y: npt.NDArray[np.int64],
    past: npt.NDArray[np.int64],
    holes: npt.NDArray[np.uint8],
    shape: npt.NDArray[np.int64],
    largest: int,
    stride: int,
    states: int,
    offsets: npt.NDArray[np.int64],
    jumps: npt.NDArray[np.int64],
    margin: npt.NDArray[np.int64],
    grid: int,
    orders: npt.NDArray[np.int64],
    forgetting: npt.NDArray[np.float64],
    closeness: npt.NDArray[np.float64],
    settings: Settings,
    contexts: npt.NDArray[np.int64] | None,
    squashes: npt.NDArray[np.float64],
    stretches: npt.NDArray[np.float64],
    rings: npt.NDArray[np.float64],
    starts: npt.NDArray[np.uint32], masses: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.int64], words: npt.NDArray[np.uint32],
    inverse: Any, weights: Any, inverse_stack: Any, weights_stack: Any, residues: Any, warp: Any,
    kept: Any, scales: Any, counts: Any, mix_octave: Any, mix_node: Any, refine_signs: Any,
    refine_phase: Any, mix_cells: Any, trust_cells: Any, cells: Any,
    openings: npt.NDArray[np.float64], frozen: bool, stop: npt.NDArray[np.uint8],
) -> tuple[Any, Any]:  # fmt: skip
    """Code or decode all samples.

    Parameters
    ----------
    known : int
        Samples before this one are coded, from it on they are decoded: all are known to an
        encoder, none to a decoder.
    y : ndarray of int64, shape (n,)
        The samples in scan order, 0 to ``largest``; `past` itself when decoding.
    past : ndarray of int64, shape (n,)
        Written: the samples as far as they are coded. All prediction reads here, so outliers are
        replaced while the kernel runs.
    holes : ndarray of uint8, shape (n,) or (0,)
        Written: which samples are 0 and hence no samples but holes, of which ``past`` has their
        surroundings. Without elements where 0 is a sample like all others.
    shape : ndarray of int64
        In scan order.
    largest, stride, states : int
        Samples from one channel to the next, and the number of channels.
    offsets, jumps : ndarray of int64, shape (states, t, axes) and (states, t)
        Neighbours as coordinates and as distances in ``y``: those that predict, then as many as
        ``closeness`` has whose errors set the scale.
    margin : ndarray of int64, shape (axes, 2)
        How far from the borders all offsets stay inside.
    grid : int
        Residues modulo this are expected to be unequally frequent; 1 for none.
    orders, forgetting : ndarray, shape (experts,)
        Of the recursive least squares.
    closeness : ndarray of float64
        Weights of the errors nearby.
    settings : Settings
    contexts : ndarray of int64, shape (contexts, any), or None
        Properties that are counted together, filled up with -1.
    squashes, stretches, rings : ndarray of float64
        Constants of the format.
    starts, masses : ndarray of uint32
        Written: the intervals of all coded decisions in order, for `encode_intervals`; one element
        when all is decoded.
    ends : ndarray of int64, shape (n,)
        Written: the number of intervals up to and with each sample.
    words : ndarray of uint32
        What is decoded, and one more; one element when coding.
    inverse, ..., cells : ndarray
        What was learned before, and goes on being learned: `compress.prediction.causal.state`.
    openings : ndarray of float64, shape (states, 3) or (0, 3)
        In a message: of the first sample of each channel what is expected, by how much it differs,
        and by how much the sample behind it differs from it.
    frozen : bool
        Whether what changes slowly is left as it is; not with contexts.
    stop : ndarray of uint8, shape (1,)
        Another thread may write it: not 0 ends the work, and what there is then is of no use.

    Returns
    -------
    recorded : int
        Intervals written; -1 when there was not room for all.
    whole : bool
        Whether decoding ended with the last word.
    """
    n = past.size
    n_near = closeness.size
    n_features = jumps.shape[1] - n_near - 1
    n_recursive = orders.size
    # Of several, also their average by recent precision and a regression on all of them.
    n_experts = n_recursive + 2 if n_recursive > 1 else 1
    last = n_experts - 1
    n_inputs = n_experts * VIEWS
    width_stack = (n_recursive + 3) // 4 * 4
    top = float(largest) + 0.5
    # Read before the loop: reading a tuple inside it counts references.
    learn, trust_signs, textures = settings.learn, settings.trust, settings.textures
    sharpness, stacking, heed = settings.sharpness, settings.stacking, settings.heed
    warping = grid > 1 and settings.warp
    trust = 1.0 - trust_signs
    # On a grid the phase of the prediction tells the next integers apart, elsewhere it does not.
    trust_phase = settings.phase * trust_signs if grid > 1 else 0.0
    trust_signs -= trust_phase
    # ---- what is learned
    marked = holes.size == n
    warm = len(openings) > 0
    # Of its own while it runs: where all arrays are the caller's, decoding takes 1.3 times as long.
    known_inverse, known_weights = inverse, weights
    inverse, weights = known_inverse.copy(), known_weights.copy()
    # Nothing of what changes slowly is learned where it is frozen.
    learn = 0.0 if frozen else learn
    refine_rate = 0.0 if frozen else REFINE_RATE
    class_memory = -1.0 if frozen else CLASS_MEMORY
    class_rate = 0.0 if frozen else 1.0
    answers = np.full((CONTEXTS + 1 if marked else 0, CELLS, 2), 0.5)
    # ---- what is known of the sample
    errors = np.zeros((n, n_experts), np.float32)
    features = np.zeros(n_features)
    predictions = np.zeros(width_stack)
    gain = np.zeros(max(n_features, width_stack))
    index = np.zeros(jumps.shape[1], np.uint64)
    classes = np.zeros(n_inputs, np.uint64)
    location = np.zeros(n_experts)
    local = np.zeros(n_experts)
    at = np.zeros(n_inputs)
    rate = np.zeros(n_inputs)
    below = np.zeros(n_inputs)
    above = np.zeros(n_inputs)
    middle = np.zeros(n_inputs)
    logits = np.zeros(n_inputs + 1)
    logits[n_inputs] = BIAS
    coordinates = np.zeros(shape.size, np.int64)
    # Compiled apart for each: where there are no contexts, the code for them is left out.
    if contexts is not None:
        n_contexts = len(contexts)
        bits = cells_of(len(cells) >> 2)
        properties, keys = np.zeros(PROPERTIES, np.int64), np.zeros(n_contexts, np.int64)
        slots, buckets = np.zeros(n_contexts, np.uint64), np.zeros(n_contexts, np.uint64)
        offered = np.zeros(n_contexts + 1)
        signed = np.zeros(n, np.float32)
    outliers = np.int64(0)
    places, values = np.empty(most_of(n), np.int64), np.empty(most_of(n), np.int64)
    # ---- coder
    recorded: Any = np.int64(0)
    whole, state, place = init(words, _ZERO, np.uint64(len(words) - 1))
    if known < n and not whole:
        return -1, False
    for pos in range(n):
        if stop[0] != 0:
            break
        channel = _ZERO if states == 1 else np.uint64((pos // stride) % states)
        gather(index, pos, channel, coordinates, shape, offsets, jumps, margin)
        decoding = pos >= known
        # In a message nothing is known of the first sample of a channel but what others began with.
        opening = warm and pos == np.int64(channel) * stride
        if opening:
            index[:] = pos
            past[pos] = np.int64(openings[channel, 0])
            errors[pos, :] = openings[channel, 1]
        if recorded + MAX_DECISIONS > len(starts):
            return -1, False
        if marked:
            hole, channel, state, place, recorded = pass_over(
                pos, channel, states, decoding, y, past, holes, errors, closeness, index, answers,
                squashes, stretches, starts, masses, ends, recorded, words, state, place,
            )  # fmt: skip
            if hole:
                advance(coordinates, shape)
                continue
        first_recursive = channel * np.uint64(n_recursive)
        first_input = channel * np.uint64(n_inputs)
        nearest = past[index[0]]
        texture = 0.0
        for k in range(n_features):
            features[k] = past[index[k + 1]] - nearest
            if k < TEXTURE_NEIGHBOURS:
                texture += abs(features[k])
        # 1 for a sample that teaches the experts nothing.
        unlearned = narrow(features, kept, channel, texture, bool(outliers > 0))
        texture_class = scale_class(texture) >> 1
        # ---- experts: where
        for e in range(n_recursive):
            row = first_recursive + np.uint64(e)
            location[e] = predict(weights, row, features, orders[e]) + nearest
        numerator = 0.0
        denominator = 0.0
        stacked = 0.0
        for e in range(n_experts):
            near = 0.0
            for k in range(n_near):
                near += closeness[k] * errors[index[n_features + 1 + k], e]
            local[e] = near
            v = location[e]
            if e == n_recursive:
                v = numerator / denominator
                for k in range(n_recursive):
                    predictions[k] = location[k] - v
                stacked = predict(weights_stack, channel, predictions, width_stack)
                stacked = v + stacking * stacked
            elif e > n_recursive:
                v = stacked
            # Also for what is not a number.
            if not v > -0.5:
                v = -0.5
            if not v < top:
                v = top
            location[e] = v
            precision = 1.0 / (sharpness * near * near + LEAST_SQUARE)
            numerator += precision * v
            denominator += precision
            # ---- how wide
            nearby_class = scale_class(near)
            for j in range(VIEWS):
                i = e * VIEWS + j
                c = nearby_class
                if j == 1:
                    c = min(c >> 1, CLASSES // TEXTURES - 1)
                    c += min(max(texture_class - c, 0) >> 1, textures - 1) * (CLASSES // TEXTURES)
                known_class = np.uint64(c)
                classes[i] = known_class
                row = first_input + np.uint64(i)
                scale = scales[row, known_class]
                scale = scale if counts[row, known_class] > 0.0 else near + FIRST_SCALE
                at[i] = v + 0.5
                rate[i] = 1.0 / (scale * SCALE_FACTOR + SCALE_SUMMAND)
        # ---- contexts
        scale = 1.0 / rate[n_inputs - VIEWS]
        centre = location[last]
        base = min(max(math.ceil(centre), 0), largest)
        size_octave: Any = np.int64(classes[n_inputs - VIEWS]) >> 2
        octave = min(size_octave, OCTAVES - 1)
        signs = 0
        for k in range(SIGN_NEIGHBOURS):
            signs = signs * 2 + (1 if past[index[k]] > centre else 0)
        phase = int((centre + 1.0 - base) * float(PHASE_STEPS))
        phase = min(phase, PHASE_STEPS - 1)
        phase += min(octave, PHASE_OCTAVES - 1) * PHASE_STEPS
        shift: Any = np.int64(0)
        if contexts is not None:
            shift = describe(
                keys, properties, contexts, past, signed, index, coordinates,
                np.int64(channel), base, centre, scale, size_octave,
            )  # fmt: skip
        # ---- decisions
        value = y[pos]
        coding = 0 if decoding else 1
        low: Any = np.int64(1) if marked else np.int64(0)
        high = largest + 1
        warped_low = low + warp[channel, low % grid]
        warped_high = high + warp[channel, high % grid]
        for i in range(n_inputs):
            z = (warped_low - at[i]) * rate[i]
            below[i] = student(z) if z > -FAR else 0.0
            z = (warped_high - at[i]) * rate[i]
            above[i] = student(z) if z < FAR else 1.0
        stage = 0
        up = 0
        ring = 0
        depth = 0
        edge = 0
        width = 0.0
        while high - low > 1:
            if stage == 0:
                split = base
                node = 0
                if split <= low or split >= high:
                    up = 1 if split <= low else 0
                    stage = 1
                    continue
            elif stage == 1:
                width = rings[ring] * scale if ring < rings.size else width * 2.0
                edge += int(min(max(width, 1.0), top + 0.5))
                split = base + edge if up else base - edge
                node = 1 + min(ring, RINGS - 1) * 2 + up
                if split <= low or split >= high:
                    stage = 2
                    continue
            else:
                # On a grid even neighbouring integers differ, elsewhere the rest is flat.
                if depth >= HALVINGS and grid == 1:
                    value, state, place, recorded = uniform(
                        decoding, value, low, high, state, place, words, starts, masses, recorded
                    )
                    break
                split = (low + high) >> 1
                node = min(depth, HALVINGS - 1) * HALVED_RINGS
                node += min(ring, HALVED_RINGS - 1)
                node = 1 + 2 * RINGS + 2 * node + up
            warped = split + warp[channel, np.uint64(split % grid if grid > 1 else 0)]
            row = np.uint64(node * OCTAVES + octave)
            kind = np.uint64(node)
            dot = logits[n_inputs] * mix_octave[row, n_inputs]
            dot_node = logits[n_inputs] * mix_node[kind, n_inputs]
            for i in range(n_inputs):
                f = student((warped - at[i]) * rate[i])
                middle[i] = f
                logit = stretch(above[i] - f, f - below[i], stretches)
                logits[i] = logit
                dot += mix_octave[row, i] * logit
                dot_node += mix_node[kind, i] * logit
            twice = dot + dot_node
            mixed = squash(twice * 0.5, squashes)
            corrected = mixed
            if contexts is not None:
                decision = (((split - base) >> shift) & 0xFFFFFF) * NODES + node
                said = consult(
                    cells, bits, keys, decision, mixed, twice * 0.5, mix_cells, row,
                    trust_cells, node, slots, buckets, offered, stretches,
                )  # fmt: skip
                corrected = squash(said, squashes)
                twice = said * 2.0
            # ---- refinement, between the two nearest bins
            position = min(max(twice + MIDDLE_BIN, 0.0), LAST_PLACE)
            bin_ = np.uint64(int(position))
            part = position - int(position)
            row_signs = np.uint64(node * SIGNS + signs)
            left, right = refine_signs[row_signs, bin_], refine_signs[row_signs, bin_ + _ONE]
            p = corrected * trust + (left + part * (right - left)) * trust_signs
            row_phase = np.uint64(node * PHASES + phase)
            if trust_phase > 0.0:
                left, right = refine_phase[row_phase, bin_], refine_phase[row_phase, bin_ + _ONE]
                p += (left + part * (right - left)) * trust_phase
            zero = min(max(TOTAL - int(p * float(TOTAL)), MIN_MASS), TOTAL - MIN_MASS)
            bit = np.int64(quantile(state)) >= zero if decoding else value >= split
            start = zero if bit else 0
            mass = TOTAL - zero if bit else zero
            # Both are done on both sides, because numba counts references to an array at
            # every use under a condition; the side that does not need it has no room for it.
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
            bin_ += _ONE if part > 0.5 else _ZERO
            refine_signs[row_signs, bin_] += (one - refine_signs[row_signs, bin_]) * refine_rate
            if trust_phase > 0.0:
                refine_phase[row_phase, bin_] += (one - refine_phase[row_phase, bin_]) * refine_rate
            if contexts is not None:
                miss = one - corrected
                teach(cells, mix_cells, row, trust_cells, slots, buckets, offered, one, miss)
            step = (one - mixed) * learn
            for i in range(n_inputs + 1):
                mix_octave[row, i] += step * logits[i]
                mix_node[kind, i] += step * logits[i]
            low = split if bit else low
            high = high if bit else split
            for i in range(n_inputs):
                below[i] = middle[i] if bit else below[i]
                above[i] = above[i] if bit else middle[i]
            if stage == 0:
                up = 1 if bit else 0
                stage = 1
            elif stage == 1:
                if bit == (up == 1):
                    ring += 1
                else:
                    stage = 2
            else:
                depth += 1
        if high - low == 1:
            value = low
        past[pos] = value
        ends[pos] = recorded
        # ---- learning of the sample
        outlying, most = observe(kept, channel, abs(value - location[last]))
        if outlying:
            expected = min(max(int(location[last] + 0.5), 1 if marked else 0), largest)
            outliers = set_apart(
                past, index, n_features + 1, pos, expected, most, kept, channel, places, values,
                outliers,
            )  # fmt: skip
            unlearned = 1.0
        for e in range(n_experts):
            size = abs(value - location[e])
            errors[pos, e] = local[e] if outlying else size
            errors[pos, e] = openings[channel, 2] if opening else errors[pos, e]
            size = min(size, most)
            for j in range(VIEWS):
                i = e * VIEWS + j
                row = first_input + np.uint64(i)
                c = classes[i]
                seen = counts[row, c]
                if seen == 0.0 and not frozen:
                    scales[row, c] = 0.5 * (size + 1.0 / rate[i])
                if seen < class_memory:
                    seen += 1.0
                    counts[row, c] = seen
                scales[row, c] += class_rate * (size - scales[row, c]) / (seen + 1.0)
        if contexts is not None:
            signed[pos] = 0.0 if outlying else value - location[last]
        for e in range(n_recursive):
            row = first_recursive + np.uint64(e)
            if not update(
                weights, inverse, row, features, gain, orders[e], value - location[e],
                heed * local[e] * math.sqrt(local[e]) + LEAST_VARIANCE + unlearned * NO_LESSON,
                max(forgetting[e], unlearned),
            ):  # fmt: skip
                bound(inverse, row, orders[e])
        if n_recursive > 1 and not update(
            weights_stack, inverse_stack, channel, predictions, gain, width_stack,
            value - location[last],
            heed * local[last] * math.sqrt(local[last]) + LEAST_VARIANCE + unlearned * NO_LESSON,
            max(STACK_FORGETTING, unlearned),
        ):  # fmt: skip
            bound(inverse_stack, channel, width_stack)
        if warping:
            count_residue(residues, warp, channel, value % grid)
        advance(coordinates, shape)
    for k in range(outliers):
        past[places[k]] = values[k]
    copy_3(known_inverse, inverse)
    copy_2(known_weights, weights)
    return recorded, place == _ZERO and state == _ZERO
