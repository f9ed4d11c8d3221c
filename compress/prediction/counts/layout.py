"""Where the coding kernel keeps what it learns: cells, weights, and the contexts as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compress.prediction.counts.contexts import Recipe
from compress.prediction.counts.linear import VARIANCE
from compress.prediction.counts.logistic import BUCKETS, COUNT_BITS, SQUASH, initial_cells
from compress.prediction.counts.tree import Tree

__all__ = [
    "BEGIN",
    "CLASSES",
    "COARSE",
    "DEPTHS",
    "EMPTY",
    "END",
    "FINE",
    "HISTORY_MORE",
    "LENGTHS",
    "MATCHED",
    "POSITION",
    "SLOT",
    "STEP_BITS",
    "VALUE",
    "Mixer",
    "learned_bytes",
    "make_mixer",
    "padding",
]

SLOT = 8  # cells of a slot: a check word and the seven nodes of a group
EMPTY = np.uint32(1 << 31)  # a cell that has seen nothing: even odds
FINE = 32  # classes of where a centre lies relative to a node
COARSE = FINE // 2
CLASSES = 18  # classes of node sizes
LENGTHS = 32  # classes of match lengths
HISTORY_MORE = 2  # bits of the hash of remembered positions beyond those of a slot
DEPTHS = 16  # rows of weights: depths of a node
MATCHED = 3  # rows of weights: no match, a match, a long match
VALUE, POSITION, END, BEGIN = 0, 1, 2, 3  # kinds of tokens

STEP_BITS = 7  # log2 of the steps of the squash table from knot to knot of a refinement
_REFINED_BITS = (2, 14)  # rows of refinements: two bits fewer than slots, at most 2**14

_START = 1.0  # what the first weights of the inputs sum to
_PRIOR_COUNT = 32  # what a transmitted frequency counts as, in decisions seen
_FAST = 255  # cells of particular contexts follow the last 255 decisions, shared ones 1,023
_SLOW = (1 << COUNT_BITS) - 1


class Mixer(NamedTuple):
    """Everything that `code_symbols` looks at or learns; made by `make_mixer`.

    Attributes
    ----------
    nodes, children : int32
        Of the tree.
    cells : uint32
        Hashed slots, then the symbols' own counts, relative contexts and match models; a slot that
        stays empty.
    tokens : int64, (T, 2)
        The hashed contexts as a chain: kind, lag or period.
    centres : int64, (C, 3)
        Centre, lag, coefficient.
    relatives : int64, (R, 4)
        Kind, centre, centre, first cell.
    linear : int64, (L,)
        Lags of the adaptive linear prediction, which is the last centre.
    matches : int64, (M,)
        Least lengths.
    sizes : int64, (7,)
        Hashed contexts, log2 of their slots, phases, centres, first cell of the match models; the
        symbols that were learned from before; 1 where nothing but the linear prediction is learned.
    limits : int64, (inputs,)
        Counts at which cells stop slowing down.
    weights, second, confidence : float64
        Of the mixers, by depth and match, by counts of the contexts, and by input's count.
    refined : int64, (2 * rows, knots)
        For a strong recipe: what came true, by the mix and the node, and by a context.
    history : int32
        Positions by hash, for each match model.
    coefficients, covariance : float64
        Of the adaptive linear prediction, by phase.
    """

    nodes: npt.NDArray[np.int32]
    children: npt.NDArray[np.int32]
    cells: npt.NDArray[np.uint32]
    tokens: npt.NDArray[np.int64]
    centres: npt.NDArray[np.int64]
    relatives: npt.NDArray[np.int64]
    linear: npt.NDArray[np.int64]
    matches: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    limits: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]
    refined: npt.NDArray[np.int64]
    history: npt.NDArray[np.int32]
    coefficients: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]


def _cells_of(recipe: Recipe, n_nodes: int) -> dict[int, int]:
    """Count the cells of a relative context of each kind."""
    return {
        0: recipe.phases * CLASSES * FINE,
        1: n_nodes * COARSE,
        2: recipe.phases * CLASSES * COARSE * COARSE,
    }


def learned_bytes(recipe: Recipe, size: int, slot_bits: int) -> int:
    """Bytes of what `make_mixer` makes for an alphabet, about."""
    each = _cells_of(recipe, size)
    cells = len(recipe.hashed) * (SLOT << slot_bits) + size
    cells += sum(each[kind] for kind, *_ in recipe.relatives)
    places = len(recipe.matches) << (slot_bits + HISTORY_MORE)
    rows = 2 << min(slot_bits - _REFINED_BITS[0], _REFINED_BITS[1]) if recipe.second else 0
    return 4 * (cells + places) + 8 * rows * (len(SQUASH) >> STEP_BITS) + (1 << 18)


def padding(recipe: Recipe) -> int:
    """Give the number of zeros that must stand before the first symbol: the longest lag."""
    hashed = (lag for context in recipe.hashed for lag in context)
    return max((*hashed, *(lag for terms in recipe.centres for lag, _ in terms), *recipe.linear, 0))


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
            tokens.append((BEGIN, 0))
            if recipe.phases > 1:
                tokens.append((POSITION, recipe.phases))
            chain = ()
        tokens.extend((VALUE, lag) for lag in lags[len(chain) :])
        tokens.append((END, 0))
        chain = lags
    hashed, n_nodes = len(recipe.hashed), len(tree.nodes)
    own = hashed * (SLOT << slot_bits)
    start = own + n_nodes
    relatives = []
    cells_of = _cells_of(recipe, n_nodes)
    for kind, first, other in recipe.relatives:
        relatives.append((kind, first, other, start))
        start += cells_of[kind]
    inputs = hashed + 1 + len(relatives) + len(recipe.matches)
    limits = np.full(inputs, _FAST, dtype=np.int64)
    limits[hashed] = _SLOW
    for number, (kind, *_) in enumerate(relatives):
        limits[hashed + 1 + number] = _FAST if kind == 1 else _SLOW
    cells = np.full(start + len(recipe.matches) * LENGTHS + SLOT, EMPTY, dtype=np.uint32)
    cells[:own:SLOT] = 0
    if informed:
        cells[own : own + n_nodes] = initial_cells(tree.ones, tree.totals, _PRIOR_COUNT)
    weight = _START / inputs
    weights = np.full((DEPTHS * MATCHED, inputs), weight)
    second = np.full((BUCKETS * BUCKETS * MATCHED if recipe.second else 0, inputs), weight)
    # An input that has seen little starts with little weight.
    confidence = np.full((inputs, BUCKETS), -weight / (1.0 + 2.0 * np.arange(BUCKETS)))
    confidence[hashed] = 0.0
    rows = 2 << min(slot_bits - _REFINED_BITS[0], _REFINED_BITS[1]) if recipe.second else 0
    last = np.append(SQUASH, SQUASH[-1:])[:: 1 << STEP_BITS].astype(np.int64)
    refined = np.repeat(last[np.newaxis], rows, axis=0)
    centres = [
        (number, lag, factor)
        for number, terms in enumerate(recipe.centres)
        for lag, factor in terms
    ]
    order = len(recipe.linear) + 1
    coefficients = np.zeros((recipe.phases, order))
    if recipe.linear:
        coefficients[:, 0] = 1.0
    return Mixer(
        tree.nodes,
        tree.children,
        cells,
        np.array(tokens, dtype=np.int64).reshape(-1, 2),
        np.array(centres, dtype=np.int64).reshape(-1, 3),
        np.array(relatives, dtype=np.int64).reshape(-1, 4),
        np.array(recipe.linear, dtype=np.int64),
        np.array(recipe.matches, dtype=np.int64),
        np.array(
            [hashed, slot_bits, recipe.phases, len(recipe.centres), start, 0, 0], dtype=np.int64
        ),
        limits,
        weights,
        second,
        confidence,
        refined,
        np.zeros(len(recipe.matches) << (slot_bits + HISTORY_MORE), dtype=np.int32),
        coefficients,
        np.repeat(VARIANCE * np.eye(order)[np.newaxis], recipe.phases, axis=0),
    )
