"""The coding kernel: every symbol as binary decisions down a tree, each a mix of adaptive cells.

The encoder and the decoder run this same function. For each decision every input gives a
probability from one cell; the logits are weighted, summed and squashed (logistic mixing); then
the cells and the weights learn the answer. Decisions are coded by ANS with 24-bit masses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from compress.coders.ans import Scalar, pop
from compress.prediction.counts_contexts import Recipe
from compress.prediction.counts_logistic import (
    BUCKET,
    BUCKETS,
    COUNT_BITS,
    RECIPROCAL,
    SQUASH,
    SQUASH_LIMIT,
    SQUASH_STEPS,
    STRETCH,
    initial_cells,
)
from compress.prediction.counts_tree import Tree

__all__ = ["Mixer", "code_symbols", "make_mixer", "padding"]

_SLOT = 8  # cells of a slot: a check word and the seven nodes of a group
_FINE = 32  # classes of where a centre lies relative to a node
_COARSE = _FINE // 2
_CLASSES = 18  # classes of node sizes
_LENGTHS = 32  # classes of match lengths
_HISTORY_BITS = 16  # hash width of the positions that a match model remembers
_DEPTHS = 16
_MATCHED = 3  # no match, a match, a long match
_LONG = 16

_START = 0.15  # first weight of an input; the counts of the symbols themselves start higher
_START_OWN = 0.4
_PRIOR_COUNT = 32  # what a transmitted frequency counts as, in decisions seen
_FAST = 255  # cells of particular contexts follow the last 255 decisions, shared ones 1,023
_SLOW = (1 << COUNT_BITS) - 1
_RATE = (0.015, 0.002, 0.002)  # of learning: first, last, decay per symbol

_VALUE, _POSITION, _END, _BEGIN = 0, 1, 2, 3  # kinds of tokens

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FINISH = np.uint64(0xD6E8FEB86659FD93)
_ONE = np.uint64(1)
_FOLD = np.uint64(29)
_COUNT_MASK = np.uint32((1 << COUNT_BITS) - 1)
_TO_COUNT = np.uint32(COUNT_BITS)
_TO_STRETCH = np.uint32(20)
_EMPTY = np.uint32(1 << 31)
_TOP = np.uint32(31)
_LOW24 = np.uint64((1 << 24) - 1)
_WHOLE = np.uint64(1 << 24)
_CLIP = SQUASH_LIMIT - 0.1
_SURE = (1 << 22) - 1


def _bins() -> npt.NDArray[np.int64]:
    """Classify distances in eighths of a node's size: finely near it, coarsely far away."""
    edges = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64, 128, 511)
    bins = np.zeros(512, dtype=np.int64)
    for edge in edges:
        bins[edge:] += 1
    return bins


_BINS = _bins()


class Mixer(NamedTuple):
    """Everything that `code_symbols` looks at or learns; made by `make_mixer`, used once.

    Attributes
    ----------
    nodes, children : int32
        Of the tree.
    cells : uint32
        Hashed slots, then the symbols' own counts, relative contexts and match models.
    tokens : int64, (T, 2)
        The hashed contexts as a chain: kind, lag or period.
    centres : int64, (C, 3)
        Centre, lag, coefficient.
    relatives : int64, (R, 4)
        Kind, centre, centre, first cell.
    matches : int64, (M,)
        Least lengths.
    sizes : int64, (5,)
        Hashed contexts, log2 of their slots, phases, centres, first cell of the match models.
    limits : int64, (inputs,)
        Counts at which cells stop slowing down.
    weights, second, confidence : float64
        Of the mixers, by depth and match, by counts of the contexts, and by input's count.
    history : int32
        Positions by hash, for each match model.
    """

    nodes: npt.NDArray[np.int32]
    children: npt.NDArray[np.int32]
    cells: npt.NDArray[np.uint32]
    tokens: npt.NDArray[np.int64]
    centres: npt.NDArray[np.int64]
    relatives: npt.NDArray[np.int64]
    matches: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    limits: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]
    history: npt.NDArray[np.int32]


def padding(recipe: Recipe) -> int:
    """Give the number of zeros that must stand before the first symbol: the longest lag."""
    hashed = (lag for context in recipe.hashed for lag in context)
    return max((*hashed, *(lag for terms in recipe.centres for lag, _ in terms), 0))


def make_mixer(recipe: Recipe, tree: Tree, slot_bits: int, *, informed: bool) -> Mixer:
    """Lay out cells and weights.

    Parameters
    ----------
    recipe : Recipe
    tree : Tree
    slot_bits : int
        Log2 of the slots (32 bytes each) of a hashed context.
    informed : bool
        Whether the tree's weights are the symbols' frequencies.
    """
    tokens: list[tuple[int, int]] = []
    chain: tuple[int, ...] = ()
    for number, lags in enumerate(recipe.hashed):
        if number == 0 or lags[: len(chain)] != chain:
            tokens.append((_BEGIN, 0))
            if recipe.phases > 1:
                tokens.append((_POSITION, recipe.phases))
            chain = ()
        tokens.extend((_VALUE, lag) for lag in lags[len(chain) :])
        tokens.append((_END, 0))
        chain = lags
    hashed, n_nodes = len(recipe.hashed), len(tree.nodes)
    own = hashed * (_SLOT << slot_bits)
    start = own + n_nodes
    relatives = []
    cells_of = {
        0: recipe.phases * _CLASSES * _FINE,
        1: n_nodes * _COARSE,
        2: recipe.phases * _CLASSES * _COARSE * _COARSE,
    }
    for kind, first, other in recipe.relatives:
        relatives.append((kind, first, other, start))
        start += cells_of[kind]
    inputs = hashed + 1 + len(relatives) + len(recipe.matches)
    limits = np.full(inputs, _FAST, dtype=np.int64)
    limits[hashed] = _SLOW
    for number, (kind, *_) in enumerate(relatives):
        limits[hashed + 1 + number] = _FAST if kind == 1 else _SLOW
    cells = np.full(start + len(recipe.matches) * _LENGTHS, _EMPTY, dtype=np.uint32)
    cells[:own:_SLOT] = 0
    if informed:
        cells[own : own + n_nodes] = initial_cells(tree.ones, tree.totals, _PRIOR_COUNT)
    weights = np.full((_DEPTHS * _MATCHED, inputs), _START)
    second = np.full((BUCKETS * BUCKETS * _MATCHED if recipe.second else 0, inputs), _START)
    weights[:, hashed] = _START_OWN
    second[:, hashed] = _START_OWN
    # An input that has seen little starts with little weight.
    confidence = np.full((inputs, BUCKETS), -_START / (1.0 + 2.0 * np.arange(BUCKETS)))
    confidence[hashed] = 0.0
    centres = [
        (number, lag, factor)
        for number, terms in enumerate(recipe.centres)
        for lag, factor in terms
    ]
    return Mixer(
        tree.nodes,
        tree.children,
        cells,
        np.array(tokens, dtype=np.int64).reshape(-1, 2),
        np.array(centres, dtype=np.int64).reshape(-1, 3),
        np.array(relatives, dtype=np.int64).reshape(-1, 4),
        np.array(recipe.matches, dtype=np.int64),
        np.array([hashed, slot_bits, recipe.phases, len(recipe.centres), start], dtype=np.int64),
        limits,
        weights.ravel(),
        second.ravel(),
        confidence.ravel(),
        np.zeros(len(recipe.matches) << _HISTORY_BITS, dtype=np.int32),
    )


@njit(inline="always")
def _logistic(x: Scalar) -> Scalar:
    x = min(max(x, -_CLIP), _CLIP)
    y = (x + SQUASH_LIMIT) * SQUASH_STEPS
    k = np.int64(y)
    f = y - k
    return SQUASH[k] * (1.0 - f) + SQUASH[k + 1] * f


@njit(inline="always")
def _hash(x: Scalar, v: Scalar) -> Scalar:
    x = (x + v + _ONE) * _MULTIPLIER
    return x ^ (x >> _FOLD)


@njit(inline="always")
def _learn(cells: np.ndarray, a: Scalar, bit: Scalar, limit: Scalar) -> None:
    cell = cells[a]
    seen = np.int64(cell & _COUNT_MASK)
    p = np.int64(cell >> _TO_COUNT)
    p += ((bit * _SURE - p) * RECIPROCAL[seen]) >> 16
    cells[a] = np.uint32((p << COUNT_BITS) | min(seen + 1, limit))


@njit(cache=True, nogil=True)
def code_symbols(  # type: ignore[no-untyped-def]
    symbols,
    pad,
    nodes,
    children,
    cells,
    tokens,
    centres,
    relatives,
    matches,
    sizes,
    limits,
    weights,
    second,
    confidence,
    history,
    masses,
    words,
    state,
    place,
):
    """Code ``symbols[pad:]``; with no room for ``masses``, decode them from ``words``.

    Parameters
    ----------
    symbols : int32, (pad + n,)
        The padding is zeros. Encoding reads them, decoding fills them in.
    pad : int
        At least the longest lag.
    nodes, ..., history
        The fields of a `Mixer`.
    masses : uint32, (decisions,)
        Encoding: gets the mass of "yes" of every decision, the answer in its top bit.
    words : uint32
    state, place : uint64, int64
        Of the ANS decoder.

    Returns
    -------
    state, place, count
        Of the decoder; and the decisions written.
    """
    n = len(symbols) - pad
    hashed, slot_bits, phases, n_centres, match_cells = sizes
    own = hashed * (_SLOT << slot_bits)
    n_relatives = len(relatives)
    n_matches = len(matches)
    first_match = hashed + 1 + n_relatives
    inputs = first_match + n_matches
    decoding = len(masses) == 0
    has_second = len(second) > 0
    slot_shift = np.uint64(64 - slot_bits)
    address = np.zeros(inputs, dtype=np.int64)
    logit = np.zeros(inputs, dtype=np.float64)
    trust = np.zeros(inputs, dtype=np.int64)
    base = np.zeros(hashed, dtype=np.int64)
    hashes = np.zeros(hashed, dtype=np.uint64)
    centre = np.zeros(n_centres, dtype=np.int64)
    fine = np.zeros(n_centres, dtype=np.int64)
    pointer = np.full(n_matches, -1, dtype=np.int64)
    length = np.zeros(n_matches, dtype=np.int64)
    expected = np.zeros(n_matches, dtype=np.int64)
    count = 0
    rate = _RATE[0]
    for i in range(n):
        at = pad + i
        x = np.uint64(0)
        c = 0
        for t in range(len(tokens)):
            kind = tokens[t, 0]
            if kind == _VALUE:
                x = _hash(x, np.uint64(symbols[at - tokens[t, 1]]))
            elif kind == _END:
                hashes[c] = x
                c += 1
            elif kind == _POSITION:
                x = _hash(x, np.uint64(i % tokens[t, 1]))
            else:
                x = np.uint64(c)
        centre[:] = 0
        for t in range(len(centres)):
            centre[centres[t, 0]] += centres[t, 2] * symbols[at - centres[t, 1]]
        phase = i % phases * _CLASSES
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
                    b = ((j << slot_bits) + slot) * _SLOT
                    if cells[b] != check:
                        other = ((j << slot_bits) + (slot ^ 1)) * _SLOT
                        if cells[other] == check:
                            b = other
                        else:
                            # the slot of the two that has seen less makes room
                            if cells[other + 1] & _COUNT_MASK < cells[b + 1] & _COUNT_MASK:
                                b = other
                            cells[b] = check
                            for k in range(1, _SLOT):
                                cells[b + k] = _EMPTY
                    base[j] = b
            for j in range(hashed):
                address[j] = base[j] + place_in_group
            address[hashed] = own + node
            for j in range(n_centres):
                # centres are doubled, and a middle lies between two symbols
                distance = 2 * (centre[j] - 2 * middle + 1)
                if distance >= 0:
                    fine[j] = _COARSE + _BINS[min((2 * distance) >> size_class, 511)]
                else:
                    fine[j] = _COARSE - 1 - _BINS[min((-2 * distance) >> size_class, 511)]
            for j in range(n_relatives):
                kind = relatives[j, 0]
                f = fine[relatives[j, 1]]
                if kind == 0:
                    a = (phase + size_class) * _FINE + f
                elif kind == 1:
                    a = node * _COARSE + (f >> 1)
                else:
                    a = ((phase + size_class) * _COARSE + (f >> 1)) * _COARSE
                    a += fine[relatives[j, 2]] >> 1
                address[hashed + 1 + j] = relatives[j, 3] + a
            for j in range(first_match):
                cell = cells[address[j]]
                logit[j] = STRETCH[cell >> _TO_STRETCH]
                trust[j] = BUCKET[cell & _COUNT_MASK]
            for m in range(n_matches):
                j = first_match + m
                logit[j] = 0.0
                trust[j] = 0
                if expected[m] >= 0:
                    reach = length[m]
                    if reach >= _LONG:
                        reach = min(_LONG + ((reach - _LONG) >> 3), _LENGTHS - 1)
                    address[j] = match_cells + m * _LENGTHS + reach
                    cell = cells[address[j]]
                    v = STRETCH[cell >> _TO_STRETCH]
                    logit[j] = v if expected[m] >= middle else -v
                    trust[j] = BUCKET[cell & _COUNT_MASK]
            depth = np.int64(nodes[node, 5])
            if depth >= _DEPTHS:
                depth = np.int64(_DEPTHS - 1)
            row = (depth * _MATCHED + matched) * inputs
            x1 = 0.0
            for j in range(inputs):
                x1 += (weights[row + j] + confidence[j * BUCKETS + trust[j]]) * logit[j]
            p1 = _logistic(x1)
            p = p1
            p2 = 0.0
            row2 = 0
            if has_second:
                if hashed > 0:
                    row2 = (trust[0] * BUCKETS + trust[hashed - 1]) * _MATCHED * inputs
                row2 += matched * inputs
                x2 = 0.0
                for j in range(inputs):
                    x2 += (second[row2 + j] + confidence[j * BUCKETS + trust[j]]) * logit[j]
                p2 = _logistic(x2)
                p = _logistic((x1 + x2) * 0.5)
            mass = np.uint64(p * 16777216.0)
            if decoding:
                if state & _LOW24 < mass:
                    bit = 1
                    state, place = pop(state, np.uint64(0), mass, words, place)
                else:
                    bit = 0
                    state, place = pop(state, mass, _WHOLE - mass, words, place)
            else:
                bit = 1 if symbol >= middle else 0
                if count < len(masses):
                    masses[count] = np.uint32(mass) | (np.uint32(bit) << _TOP)
                count += 1
            step = (bit - p1) * rate
            for j in range(inputs):
                delta = step * logit[j]
                weights[row + j] += delta
                confidence[j * BUCKETS + trust[j]] += delta
            if has_second:
                step = (bit - p2) * rate
                for j in range(inputs):
                    second[row2 + j] += step * logit[j]
            for j in range(first_match):
                _learn(cells, address[j], bit, limits[j])
            for m in range(n_matches):
                if expected[m] >= 0:
                    hit = 1 if (expected[m] >= middle) == (bit == 1) else 0
                    j = first_match + m
                    _learn(cells, address[j], hit, limits[j])
                    if hit == 0:
                        expected[m] = -1
            child = np.int64(children[node, bit])
            if child < 0:
                symbol = -1 - child
                symbols[at] = symbol
                break
            node = child
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
                h = np.int64(x >> np.uint64(64 - _HISTORY_BITS)) + (m << _HISTORY_BITS)
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
        rate = max(_RATE[1], _RATE[0] / (1.0 + i * _RATE[2]))
    return state, place, count
