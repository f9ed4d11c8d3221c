"""The causal kernel: encoder and decoder are one function."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from compress.coders.ans import pop, push
from compress.prediction import recursive
from compress.prediction.links import squash, stretch, student

__all__ = ["run", "stack"]

_LEFT = np.uint64((1 << 24) - 1)
_FULL = 16777216
# Scales by which each expert is coded: of the errors nearby, and of the last ones.
_VIEWS = 2
_NODES = 64
_CONTEXTS = 16


@njit(cache=True, nogil=True, error_model="numpy")
def _class(value: float, real: npt.NDArray[np.float64], raw: npt.NDArray[np.int64]) -> int:
    """Return the class of a non-negative scale: four to the octave, from 2**-4 on."""
    real[0] = value + 0.0625
    found: int = min((raw[0] >> 50) - ((1023 - 4) << 2), 279)
    return found


@njit(cache=True, nogil=True)
def _longer(old: npt.NDArray[np.uint32], capacity: int) -> npt.NDArray[np.uint32]:
    """Copy with more room."""
    new = np.empty(capacity, np.uint32)
    for i in range(len(old)):
        new[i] = old[i]
    return new


@njit(cache=True, nogil=True, error_model="numpy")
def run(
    decoding: bool,
    y: npt.NDArray[np.int64],
    shape: npt.NDArray[np.int64],
    largest: int,
    stride: int,
    states: int,
    offsets: npt.NDArray[np.int64],
    jumps: npt.NDArray[np.int64],
    margin: npt.NDArray[np.int64],
    orders: npt.NDArray[np.int64],
    forgetting: npt.NDArray[np.float64],
    closeness: npt.NDArray[np.float64],
    settings: npt.NDArray[np.float64],
    squashes: npt.NDArray[np.float64],
    stretches: npt.NDArray[np.float64],
    steps: npt.NDArray[np.float64],
    words: npt.NDArray[np.uint32],
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], bool]:
    """Code or decode all samples.

    Parameters
    ----------
    decoding : bool
    y : ndarray of int64, shape (n,)
        The samples in scan order, 0 to ``largest``; written when decoding.
    shape : ndarray of int64
        In scan order.
    largest, stride, states : int
        Samples from one channel to the next, and the number of channels.
    offsets, jumps : ndarray of int64, shape (states, t, axes) and (states, t)
        Neighbours as coordinates and as distances in ``y``: those that predict, then as many as
        ``closeness`` has whose errors set the scale.
    margin : ndarray of int64, shape (axes, 2)
        How far from the borders all offsets stay inside.
    orders, forgetting : ndarray, shape (experts,)
        Of the recursive least squares.
    closeness : ndarray of float64
        Weights of the errors nearby.
    settings, squashes, stretches, steps : ndarray of float64
        Constants of the recipe and of the format.
    words : ndarray of uint32
        What is decoded.

    Returns
    -------
    starts, masses : ndarray of uint32
        The intervals of all decisions in order, for `stack`.
    whole : bool
        Whether decoding ended with the last word.
    """
    n = y.size
    nd = shape.size
    n_offsets = jumps.shape[1]
    n_near = closeness.size
    n_features = n_offsets - n_near
    n_recursive = orders.size
    n_experts = n_recursive + 1 if n_recursive > 1 else 1
    n_inputs = n_experts * _VIEWS
    n_logits = n_inputs + 1
    width_ = (
        (n_features + 2) // 4 * 4
    )  # features: n_features - 1 differences, padded to a multiple of four
    top = float(largest) + 0.5
    # ---- state
    inverse = np.zeros((states * n_recursive, width_, width_))
    weights = np.zeros((states * n_recursive, width_))
    for i in range(states * n_recursive):
        recursive.reset(inverse, i, width_)
    features = np.zeros(width_)
    gain = np.zeros(width_)
    index = np.zeros(n_offsets, np.int64)
    errors = np.zeros((n, n_experts), np.float32)
    scales = np.zeros((states * n_experts * _VIEWS, 280))
    counts = np.zeros((states * n_experts * _VIEWS, 280))
    classes = np.zeros(n_inputs, np.int64)
    location = np.zeros(n_experts)
    local = np.zeros(n_experts)
    slow = np.zeros(n_experts)
    at = np.zeros(n_inputs)
    rate = np.zeros(n_inputs)
    below = np.zeros(n_inputs)
    above = np.zeros(n_inputs)
    middle = np.zeros(n_inputs)
    chance = np.zeros(n_inputs)
    logits = np.zeros(n_logits)
    mix = np.zeros((_NODES * _CONTEXTS, n_logits))
    mix2 = np.zeros((_NODES, n_logits))
    for i in range(n_inputs):
        for j in range(_NODES * _CONTEXTS):
            mix[j, i] = settings[0] / n_inputs
        for j in range(_NODES):
            mix2[j, i] = settings[0] / n_inputs
    logits[n_inputs] = 0.3
    real = np.zeros(1)
    raw = real.view(np.int64)
    learn = settings[1]
    memory = settings[2]
    # ---- coder
    capacity = 0 if decoding else 8 * n + 512
    starts = np.empty(capacity, np.uint32)
    masses = np.empty(capacity, np.uint32)
    recorded = 0
    state = np.uint64(0)
    place = len(words)
    if decoding:
        while place and (state >> np.uint64(32)) == np.uint64(0):
            place -= 1
            state = (state << np.uint64(32)) | np.uint64(words[place])
    # ---- margins
    coordinates = np.zeros(nd, np.int64)
    pos = 0
    while pos < n:
        channel = (pos // stride) % states
        # ---- neighbours
        inside = True
        for a in range(nd):
            if coordinates[a] < margin[a, 0] or coordinates[a] + margin[a, 1] >= shape[a]:
                inside = False
        if inside:
            for k in range(n_offsets):
                index[k] = pos + jumps[channel, k]
        else:
            for k in range(n_offsets):
                q = 0
                for a in range(nd):
                    c = min(max(coordinates[a] + offsets[channel, k, a], 0), shape[a] - 1)
                    q = q * shape[a] + c
                index[k] = q if q < pos else max(pos - 1, 0)
        nearest = y[index[0]] if pos else 0
        for k in range(n_features - 1):
            features[k] = y[index[k + 1]] - nearest
        # ---- experts
        numerator = 0.0
        denominator = 0.0
        for e in range(n_experts):
            near = 0.0
            for k in range(n_near):
                near += closeness[k] * errors[index[n_features + k], e]
            local[e] = near
            if e < n_recursive:
                v = (
                    recursive.predict(weights, channel * n_recursive + e, features, orders[e])
                    + nearest
                )
                if not v > -0.5:
                    v = -0.5
                if not v < top:
                    v = top
                w = 1.0 / (near * near + 0.01)
                numerator += w * v
                denominator += w
            else:
                v = numerator / denominator
            location[e] = v
            for j in range(_VIEWS):
                i = e * _VIEWS + j
                t = near if j == 0 else slow[e]
                c = _class(t, real, raw)
                classes[i] = c
                row = (channel * n_experts + e) * _VIEWS + j
                sc = scales[row, c]
                if counts[row, c] == 0.0:
                    sc = t + 0.3
                at[i] = v + 0.5
                rate[i] = 1.0 / (sc * 1.1 + 0.02)
        scale = 1.0 / rate[n_inputs - _VIEWS]
        centre = location[n_experts - 1]
        # ---- decisions
        value = y[pos]
        base = min(max(math.ceil(centre), 0), largest)
        low = 0
        high = largest + 1
        for i in range(n_inputs):
            below[i] = student((low - at[i]) * rate[i])
            above[i] = student((high - at[i]) * rate[i])
        context = min(classes[n_inputs - _VIEWS] >> 2, _CONTEXTS - 1)
        stage = 0
        up = 0
        ring = 0
        depth = 0
        edge = 0
        width = 0.0
        if not decoding and recorded + 256 > capacity:
            capacity = capacity + capacity // 2
            starts = _longer(starts, capacity)
            masses = _longer(masses, capacity)
        while high - low > 1:
            if stage == 0:
                split = base
                node = 0
                if split <= low or split >= high:
                    up = 1 if split <= low else 0
                    stage = 1
                    continue
            elif stage == 1:
                width = steps[ring] * scale if ring < steps.size else width * 2.0
                edge += int(min(max(width, 1.0), top + 0.5))
                split = base + edge if up else base - edge
                node = 1 + min(ring, 11) * 2 + up
                if split <= low or split >= high:
                    stage = 2
                    continue
            else:
                if depth == 3:
                    # What is left is flat: uniform, 16 bits at most at a time.
                    offset = value - low
                    span = high - low
                    found = 0
                    while span > 1:
                        shift = 0
                        while (span - 1) >> shift > 65535:
                            shift += 1
                        pieces = ((span - 1) >> shift) + 1
                        mass = _FULL // pieces
                        if decoding:
                            piece = min(int(state & _LEFT) // mass, pieces - 1)
                            state, place = pop(
                                state, np.uint64(piece * mass), np.uint64(mass), words, place
                            )
                        else:
                            piece = offset >> shift
                            starts[recorded] = piece * mass
                            masses[recorded] = mass
                            recorded += 1
                        found += piece << shift
                        offset -= piece << shift
                        span = 1 << shift
                    if decoding:
                        value = min(low + found, largest)
                    break
                split = (low + high) >> 1
                node = 26 + depth * 12 + min(ring, 5) * 2 + up
            for i in range(n_inputs):
                f = student((split - at[i]) * rate[i])
                middle[i] = f
                total = above[i] - below[i]
                chance[i] = (above[i] - f) / total if total > 1e-12 else 0.5
            dot = logits[n_inputs] * mix[node * _CONTEXTS + context, n_inputs]
            dot2 = logits[n_inputs] * mix2[node, n_inputs]
            for i in range(n_inputs):
                logit = stretch(chance[i], stretches)
                logits[i] = logit
                dot += mix[node * _CONTEXTS + context, i] * logit
                dot2 += mix2[node, i] * logit
            pa = squash(dot, squashes)
            pb = squash(dot2, squashes)
            p = squash((dot + dot2) * 0.5, squashes)
            zero = _FULL - int(p * 16777216.0)
            zero = min(max(zero, 128), _FULL - 128)
            if decoding:
                bit = int(state & _LEFT) >= zero
                if bit:
                    state, place = pop(
                        state, np.uint64(zero), np.uint64(_FULL - zero), words, place
                    )
                else:
                    state, place = pop(state, np.uint64(0), np.uint64(zero), words, place)
            else:
                bit = value >= split
                if bit:
                    starts[recorded] = zero
                    masses[recorded] = _FULL - zero
                else:
                    starts[recorded] = 0
                    masses[recorded] = zero
                recorded += 1
            one = 1.0 if bit else 0.0
            wrong = (one - pa) * learn
            wrong2 = (one - pb) * learn
            low = split if bit else low
            high = high if bit else split
            for i in range(n_inputs):
                below[i] = middle[i] if bit else below[i]
                above[i] = above[i] if bit else middle[i]
            for i in range(n_logits):
                mix[node * _CONTEXTS + context, i] += wrong * logits[i]
                mix2[node, i] += wrong2 * logits[i]
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
        if decoding:
            if high - low == 1:
                value = low
            y[pos] = value
        # ---- learning
        for e in range(n_experts):
            error = value - location[e]
            size = abs(error)
            errors[pos, e] = size
            slow[e] += 0.05 * (size - slow[e])
            for j in range(_VIEWS):
                row = (channel * n_experts + e) * _VIEWS + j
                c = classes[e * _VIEWS + j]
                seen = counts[row, c]
                if seen == 0.0:
                    scales[row, c] = 0.5 * (size + 1.0 / rate[e * _VIEWS + j])
                if seen < memory:
                    seen += 1.0
                    counts[row, c] = seen
                scales[row, c] += (size - scales[row, c]) / (seen + 1.0)
            if e < n_recursive and pos:
                variance = local[e] * local[e] + 0.1
                row = channel * n_recursive + e
                recursive.update(
                    weights,
                    inverse,
                    row,
                    features,
                    gain,
                    orders[e],
                    error,
                    variance,
                    forgetting[e],
                )
        pos += 1
        a = nd - 1
        while a >= 0:
            coordinates[a] += 1
            if coordinates[a] < shape[a]:
                break
            coordinates[a] = 0
            a -= 1
    clean = place == 0 and state == np.uint64(0)
    return starts[:recorded], masses[:recorded], clean


@njit(cache=True, nogil=True, error_model="numpy")
def stack(
    starts: npt.NDArray[np.uint32],
    masses: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint32],
) -> int:
    """Code recorded intervals, the last one first; returns the number of words."""
    state = np.uint64(0)
    place = 0
    for i in range(len(starts) - 1, -1, -1):
        state, place = push(state, np.uint64(starts[i]), np.uint64(masses[i]), words, place)
    while state:
        words[place] = np.uint32(state & np.uint64(0xFFFFFFFF))
        place += 1
        state >>= np.uint64(32)
    return place
