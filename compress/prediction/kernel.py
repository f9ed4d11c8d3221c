"""The causal kernel: encoder and decoder are one function."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from compress.prediction import recursive
from compress.prediction.links import squash, stretch, student

__all__ = ["run"]

_LEFT = np.uint64((1 << 24) - 1)
_FULL = 16777216


@njit(cache=True, nogil=True, error_model="numpy")
def _class(value: float, real: npt.NDArray[np.float64], raw: npt.NDArray[np.int64]) -> int:
    """Class of a non-negative scale: four to the octave, from 2**-4 on."""
    real[0] = value + 0.0625
    return min((raw[0] >> 50) - ((1023 - 4) << 2), 279)


@njit(cache=True, nogil=True, error_model="numpy")
def _pop(state: int, start: int, mass: int, words: npt.NDArray[np.uint32], place: int):
    state = (state >> np.uint64(24)) * mass + ((state & _LEFT) - start)
    if (state >> np.uint64(32)) == np.uint64(0) and 0 < place <= len(words):
        place -= 1
        state = (state << np.uint64(32)) | np.uint64(words[place])
    return state, place


@njit(cache=True, nogil=True)
def _longer(old: npt.NDArray[np.uint32], capacity: int) -> npt.NDArray[np.uint32]:
    new = np.empty(capacity, np.uint32)
    for i in range(len(old)):
        new[i] = old[i]
    return new


@njit(cache=True, nogil=True, error_model="numpy")
def run(
    decoding, y, shape, largest, stride, states, offsets, jumps, orders, forgetting, nearby, closeness,
    settings, squashes, stretches, steps, words,
):
    N = y.size
    nd = shape.size
    K = jumps.shape[1]
    NR = orders.size
    E = NR + 1 if NR > 1 else 1
    NJ = 2
    I = E * NJ
    NI = I + 1
    NF = (K + 2) // 4 * 4  # features: K - 1 differences, padded to a multiple of four
    M = nearby.shape[1]
    top = float(largest) + 0.5
    # ---- state
    inverse = np.zeros((states * NR, NF, NF))
    weights = np.zeros((states * NR, NF))
    for i in range(states * NR):
        recursive.reset(inverse, i, NF)
    features = np.zeros(NF)
    gain = np.zeros(NF)
    index = np.zeros(K, np.int64)
    errors = np.zeros((N, E), np.float32)
    scales = np.zeros((states * E * NJ, 280))
    counts = np.zeros((states * E * NJ, 280))
    classes = np.zeros(I, np.int64)
    location = np.zeros(E)
    local = np.zeros(E)
    slow = np.zeros(E)
    long = np.zeros(E)
    at = np.zeros(I)
    rate = np.zeros(I)
    below = np.zeros(I)
    above = np.zeros(I)
    middle = np.zeros(I)
    chance = np.zeros(I)
    logits = np.zeros(NI)
    NODES = 64
    CONTEXTS = 16
    mix = np.zeros((NODES * CONTEXTS, NI))
    mix2 = np.zeros((NODES, NI))
    for i in range(I):
        for j in range(NODES * CONTEXTS):
            mix[j, i] = settings[0] / I
        for j in range(NODES):
            mix2[j, i] = settings[0] / I
    logits[I] = 0.3
    real = np.zeros(1)
    raw = real.view(np.int64)
    learn = settings[1]
    memory = settings[2]
    # ---- coder
    capacity = 0 if decoding else 8 * N + 512
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
    margin = np.zeros((nd, 2), np.int64)
    for s in range(states):
        for k in range(K):
            for a in range(nd):
                margin[a, 0] = max(margin[a, 0], -offsets[s, k, a])
                margin[a, 1] = max(margin[a, 1], offsets[s, k, a])
    pos = 0
    while pos < N:
        channel = (pos // stride) % states
        # ---- neighbours
        inside = True
        for a in range(nd):
            if coordinates[a] < margin[a, 0] or coordinates[a] + margin[a, 1] >= shape[a]:
                inside = False
        if inside:
            for k in range(K):
                index[k] = pos + jumps[channel, k]
        else:
            for k in range(K):
                q = 0
                for a in range(nd):
                    c = min(max(coordinates[a] + offsets[channel, k, a], 0), shape[a] - 1)
                    q = q * shape[a] + c
                index[k] = q if q < pos else max(pos - 1, 0)
        nearest = y[index[0]] if pos else 0
        for k in range(K - 1):
            features[k] = y[index[k + 1]] - nearest
        # ---- experts
        numerator = 0.0
        denominator = 0.0
        for e in range(E):
            near = 0.0
            for k in range(M):
                near += closeness[k] * errors[index[nearby[channel, k]], e]
            local[e] = near
            if e < NR:
                v = recursive.predict(weights, channel * NR + e, features, orders[e]) + nearest
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
            for j in range(NJ):
                i = e * NJ + j
                if j == 0:
                    t = near
                else:
                    t = slow[e]
                c = _class(t, real, raw)
                classes[i] = c
                row = (channel * E + e) * NJ + j
                sc = scales[row, c]
                if counts[row, c] == 0.0:
                    sc = t + 0.3
                at[i] = v + 0.5
                rate[i] = 1.0 / (sc * 1.1 + 0.02)
        scale = 1.0 / rate[I - NJ]
        centre = location[E - 1]
        # ---- decisions
        value = y[pos]
        base = min(max(int(math.ceil(centre)), 0), largest)
        low = 0
        high = largest + 1
        for i in range(I):
            below[i] = student((low - at[i]) * rate[i])
            above[i] = student((high - at[i]) * rate[i])
        context = min(classes[I - NJ] >> 2, CONTEXTS - 1)
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
                if ring < steps.size:
                    width = steps[ring] * scale
                else:
                    width = width * 2.0
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
                            state, place = _pop(
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
            for i in range(I):
                f = student((split - at[i]) * rate[i])
                middle[i] = f
                total = above[i] - below[i]
                chance[i] = (above[i] - f) / total if total > 1e-12 else 0.5
            dot = logits[I] * mix[node * CONTEXTS + context, I]
            dot2 = logits[I] * mix2[node, I]
            for i in range(I):
                logit = stretch(chance[i], stretches)
                logits[i] = logit
                dot += mix[node * CONTEXTS + context, i] * logit
                dot2 += mix2[node, i] * logit
            pa = squash(dot, squashes)
            pb = squash(dot2, squashes)
            p = squash((dot + dot2) * 0.5, squashes)
            zero = _FULL - int(p * 16777216.0)
            zero = min(max(zero, 128), _FULL - 128)
            if decoding:
                bit = int(state & _LEFT) >= zero
                if bit:
                    state, place = _pop(
                        state, np.uint64(zero), np.uint64(_FULL - zero), words, place
                    )
                else:
                    state, place = _pop(state, np.uint64(0), np.uint64(zero), words, place)
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
            for i in range(I):
                below[i] = middle[i] if bit else below[i]
                above[i] = above[i] if bit else middle[i]
            for i in range(NI):
                mix[node * CONTEXTS + context, i] += wrong * logits[i]
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
        for e in range(E):
            error = value - location[e]
            size = abs(error)
            errors[pos, e] = size
            slow[e] += 0.05 * (size - slow[e])
            for j in range(NJ):
                row = (channel * E + e) * NJ + j
                c = classes[e * NJ + j]
                n = counts[row, c]
                if n == 0.0:
                    scales[row, c] = 0.5 * (size + 1.0 / rate[e * NJ + j])
                if n < memory:
                    n += 1.0
                    counts[row, c] = n
                scales[row, c] += (size - scales[row, c]) / (n + 1.0)
            if e < NR and pos:
                variance = local[e] * local[e] + 0.1
                row = channel * NR + e
                recursive.update(
                    weights, inverse, row, features, gain, orders[e], error, variance,
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


@njit(cache=True, nogil=True)
def words_of(starts, masses, words):
    state = np.uint64(0)
    place = 0
    for i in range(len(starts) - 1, -1, -1):
        mass = np.uint64(masses[i])
        if (state >> np.uint64(40)) >= mass:
            words[place] = np.uint32(state & np.uint64(0xFFFFFFFF))
            place += 1
            state = state >> np.uint64(32)
        q = state // mass
        state = (q << np.uint64(24)) + np.uint64(starts[i]) + (state - q * mass)
    while state:
        words[place] = np.uint32(state & np.uint64(0xFFFFFFFF))
        place += 1
        state >>= np.uint64(32)
    return place
