"""The counting plane model: few distinct symbols, each predicted from what followed before.

For dictionary indexes of table columns, labels, palettes and masks. A symbol is coded as binary
decisions down a tree over the ordered alphabet (`tree`); each decision mixes adaptive
cells of several contexts (`contexts`, `kernel`). Coding is causal and symmetric:
the decoder learns what the encoder learned.

Parameters: the lowest symbol, the size of the alphabet, the recipe of contexts,
log2 of the slots of a hashed context, and whether symbol frequencies are sent. Data: the
words of one ANS lane, holding first the frequencies, then the symbols.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from compress.coders import encode_decisions
from compress.coders.lanes import open_lane
from compress.coders.recorded import decision_bits
from compress.errors import CorruptError
from compress.prediction.counts.contexts import (
    CHANNELS,
    GRID,
    MASK,
    PLAIN,
    RECIPES,
    REPEATS,
    SEQUENCE,
    Recipe,
    has_channels,
)
from compress.prediction.counts.kernel import code_symbols
from compress.prediction.counts.layout import learned_bytes, make_mixer, padding
from compress.prediction.counts.lengths import code_lengths, symbol_lengths, weights_of
from compress.prediction.counts.tree import DEEPER, build_tree
from compress.prediction.demand import Demand
from compress.prediction.model import MOST
from compress.sampling import rows_of
from compress.work import check, flag

__all__ = ["CODE", "NAME", "decisions", "decode", "encode", "glance", "propose"]

CODE = 5
NAME = "counts"
KNOWS_HOLES = False
FITS_ON_A_PART = False

Plane = npt.NDArray[np.int64]
Parameters = tuple[int, ...]

_ALPHABET = 1 << 16
_LONGEST_PLANE = 1 << 24  # the encoder holds four bytes a decision
_SLOT_BITS = (6, 17)
_MOST_CHANNELS = 64  # that a decoder takes; the contexts of each have 0.1 MiB
_STRONG_LEVEL = 7
_SLOWER = 0.01  # what the next slower recipe has to save below the strong levels
_SHALLOWER = 0.03  # what a tree of no depth might cost there
# Nanoseconds a decision, either way, by recipe.
_DECISION_NS = (28.0, 60.0, 100.0, 300.0, 125.0, 450.0, 95.0, 280.0, 100.0, 330.0)


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters | None:
    """Choose contexts by trial; None for a wide alphabet, or below level 5."""
    del holes
    if level < 5:
        return glance(plane, level)
    if plane.size == 0 or plane.size > _LONGEST_PLANE:
        return None
    low, high = int(plane.min()), int(plane.max())
    size = high - low + 1
    if size > _ALPHABET:
        return None
    if size == 1:
        return (low, 1, PLAIN, _SLOT_BITS[0], 0)
    block = _trial_block(plane, level)
    share = block.size / plane.size
    # A later recipe is slower, and a tree by frequencies faster where it is less deep.
    patience = 0.0 if level >= _STRONG_LEVEL else 1.0
    best, least, depth = PLAIN, np.inf, 1
    for number in _candidates(plane, block, level):
        _, bits, depth = _trial(block, low, size, number, whole=share == 1.0, informed=False)
        if bits < (1.0 - _SLOWER * patience) * least:
            best, least = number, bits
    head, bits, less = _trial(block, low, size, best, whole=share == 1.0, informed=True)
    gain = _SHALLOWER * patience * (1.0 - less / max(depth, 1))
    informed = int(share * head + bits < (1.0 + gain) * least)
    return (low, size, best, _slot_bits(plane.size, size, level), informed)


def glance(plane: Plane, level: int) -> Parameters | None:
    """Choose the contexts that promise most, without a trial; None as `propose`."""
    if level < 4 or plane.size == 0 or plane.size > _LONGEST_PLANE:
        return None
    low, high = int(plane.min()), int(plane.max())
    size = high - low + 1
    if size > _ALPHABET:
        return None
    recipe = _candidates(plane, plane, level)[-1] if size > 1 else PLAIN
    return (low, size, recipe, _slot_bits(plane.size, size, level), 0)


def _candidates(plane: Plane, block: Plane, level: int) -> tuple[int, ...]:
    """List the recipes that may suit a plane, the fast ones first."""
    strong = level >= _STRONG_LEVEL
    if int(plane.max()) - int(plane.min()) == 1:
        return (PLAIN, MASK, MASK + 1)[: 2 + strong]
    if sum(length > 1 for length in plane.shape) > 1:
        first = CHANNELS if has_channels(plane.shape) else GRID
        return (PLAIN, first, first + 1)[: 2 + strong]
    if strong:
        return (SEQUENCE, REPEATS, REPEATS + 1)
    if _repeated(plane) > _repeated(block) + 0.1:
        return (REPEATS,)  # from so far back that a trial does not see them
    return (PLAIN, SEQUENCE, REPEATS)


def _repeated(plane: Plane) -> float:
    """Estimate how many of the runs of sixteen symbols occurred before."""
    flat = plane.reshape(-1).astype(np.uint64)
    if flat.size < 256:
        return 0.0
    code = np.zeros(flat.size - 15, dtype=np.uint64)
    for k in range(16):
        code = (code ^ flat[k : k + code.size]) * np.uint64(0x9E3779B97F4A7C15)
        code ^= code >> np.uint64(29)
    chosen = code[code & np.uint64(15) == 0]  # the same sixteenth of all runs wherever they are
    distinct: int = np.unique(chosen).size
    return 1.0 - distinct / max(len(chosen), 1)


def _slot_bits(n: int, size: int, level: int) -> int:
    """Give a hashed context about a slot for each time that a group of nodes is visited."""
    visits = n * (1 + (size - 1).bit_length() // 3)
    return min(
        max(visits.bit_length(), _SLOT_BITS[0]),
        _SLOT_BITS[1] if level >= _STRONG_LEVEL else _SLOT_BITS[1] - 2,
    )


def _trial_block(plane: Plane, level: int) -> Plane:
    """Take whole rows from the middle of a plane that is long, so that a trial is cheap."""
    part = 16 if level >= _STRONG_LEVEL else 32
    length = min(max(plane.size // part, 1 << 14), 1 << 17)
    if plane.size <= 2 * length:
        return plane
    return rows_of(plane, length, 1)


def _trial(
    block: Plane, low: int, size: int, number: int, *, whole: bool, informed: bool
) -> tuple[float, float, int]:
    """Give the bits of a block's frequencies and symbols, and the number of decisions.

    In a part of a plane, the first half is for learning and only the second half counts.
    """
    recipe = RECIPES[number](block.shape)
    symbols = (block.reshape(-1) - low).astype(np.int32)
    slot_bits = _slot_bits(block.size, size, 5)
    head, masses = decisions(symbols, size, recipe, slot_bits, informed=informed)
    return (
        decision_bits(head),
        decision_bits(masses[0 if whole else len(masses) // 2 :]),
        len(masses),
    )


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    low, size, recipe, slot_bits, informed = _parse(parameters, plane.shape)
    symbols = (plane.ravel() - low).astype(np.int32)
    head, masses = decisions(symbols, size, recipe, slot_bits, informed=informed)
    kinds = np.unique(symbols).size if informed else size
    if len(masses) > len(symbols) * ((kinds - 1).bit_length() + DEEPER):
        raise ValueError(f"counts: {len(masses)} decisions, more than a decoder takes")
    masses = np.concatenate([head, masses])
    return encode_decisions(masses).astype("<u4").tobytes()


def decode(data: memoryview | bytes, shape: tuple[int, ...], parameters: Parameters) -> Plane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    low, size, recipe, slot_bits, informed = _parse(parameters, shape)
    if len(data) % 4:
        raise CorruptError(f"counts: {len(data)} bytes are not whole words")
    words = np.append(np.frombuffer(data, dtype="<u4"), 0).astype(np.uint32)
    if prod(shape) == 0 or size == 1:
        if len(data):
            raise CorruptError("counts: words for a plane that needs none")
        return np.full(shape, low, dtype=np.int64)
    state, place = (np.uint64(part) for part in open_lane(words, 0, len(words) - 1))
    none = np.zeros(0, dtype=np.uint32)
    lengths = np.ones(size, dtype=np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        if informed:
            state, place, count = code_lengths(lengths, none, words, state, place)
            if count < 0:
                raise CorruptError("counts: impossible symbol frequencies")
            # Kernels return Python's integers, which would be taken for signed ones.
            state, place = np.uint64(state), np.uint64(place)
        present = np.flatnonzero(lengths)
        if len(present) == 0:
            raise CorruptError("counts: no symbol occurs")
        pad = padding(recipe)
        symbols = np.zeros(pad + prod(shape), dtype=np.int32)
        if len(present) > 1:
            tree = build_tree(weights_of(lengths[present]))
            mixer = make_mixer(recipe, tree, slot_bits, informed=informed)
            state, place, _ = code_symbols(symbols, pad, *mixer, none, words, state, place, flag())
            check()
    if state != 0 or place != 0:
        raise CorruptError("counts: words are left over or missing")
    return (present[symbols[pad:]] + low).reshape(shape)


def decisions(
    symbols: npt.NDArray[np.int32], size: int, recipe: Recipe, slot_bits: int, *, informed: bool
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Give the decisions that code the frequencies and the symbols.

    A decision is its mass of "yes", with the answer in the top bit.

    Parameters
    ----------
    symbols : int32, (n,)
        From 0 to ``size - 1``.
    size : int
        Of the alphabet.
    recipe : Recipe
    slot_bits : int
        Log2 of the slots of a hashed context.
    informed : bool
        Whether the frequencies of the symbols are sent.
    """
    none = np.zeros(0, dtype=np.uint32)
    zero = np.uint64(0)
    if len(symbols) == 0 or size == 1:
        return none, none
    counts = np.bincount(symbols, minlength=size)
    if len(counts) != size:
        raise ValueError(f"symbols up to {len(counts) - 1} in an alphabet of {size}")
    lengths = np.ones(size, dtype=np.int64)
    head, masses = none, none
    with np.errstate(over="ignore", invalid="ignore"):
        if informed:
            lengths = symbol_lengths(counts)
            head = np.empty(64 * size, dtype=np.uint32)
            _, _, count = code_lengths(lengths, head, none, zero, zero)
            head = head[:count]
        present = np.flatnonzero(lengths)
        if len(present) > 1:
            tree = build_tree(weights_of(lengths[present]))
            rank = np.zeros(size, dtype=np.int32)
            rank[present] = np.arange(len(present), dtype=np.int32)
            pad = padding(recipe)
            padded = np.zeros(pad + len(symbols), dtype=np.int32)
            padded[pad:] = rank[symbols]
            masses = np.empty(int(tree.depth[padded[pad:]].sum()), dtype=np.uint32)
            mixer = make_mixer(recipe, tree, slot_bits, informed=informed)
            code_symbols(padded, pad, *mixer, masses, none, zero, zero, flag())
            check()
    return head, masses


def _parse(parameters: Parameters, shape: tuple[int, ...]) -> tuple[int, int, Recipe, int, bool]:
    """Check parameters: lowest symbol, size of the alphabet, contexts, slot bits, informed."""
    if len(parameters) != 5:
        raise CorruptError(f"counts: {len(parameters)} parameters instead of 5")
    low, size, number, slot_bits, informed = parameters
    if not (-1 << 63 <= low <= (1 << 63) - size and 1 <= size <= _ALPHABET):
        raise CorruptError(f"counts: an alphabet of {size} from {low}")
    if not (0 <= number < len(RECIPES) and informed in {0, 1}):
        raise CorruptError(f"counts: recipe {number}, informed {informed}")
    if not shape and number in {CHANNELS, CHANNELS + 1}:
        raise CorruptError("counts: a recipe of channels for a plane of no axis")
    n = prod(shape)
    if n > _LONGEST_PLANE:
        raise CorruptError(f"counts: a plane of {n} samples")
    # More slots than twice the visits are never taken: a short plane does not allocate much.
    if not _SLOT_BITS[0] <= slot_bits <= _slot_bits(2 * n + 2, size, _STRONG_LEVEL):
        raise CorruptError(f"counts: {slot_bits} bits of slots")
    contexts = RECIPES[number](shape)
    # What is kept for each channel would take more memory than a plane of many short rows.
    if contexts.phases > _MOST_CHANNELS:
        raise CorruptError(f"counts: {contexts.phases} channels, at most {_MOST_CHANNELS}")
    return low, size, contexts, slot_bits, bool(informed)


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes (``python -m benchmarks costs``)."""
    _, size, recipe, *_ = parameters
    return _DECISION_NS[recipe] * max(1, (size - 1).bit_length())


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that encoding takes, without the choice of recipe."""
    return decode_ns(parameters)


def demand(data: memoryview | bytes, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    _, size, recipe, slot_bits, informed = _parse(parameters, shape)
    n = prod(shape)
    if size == 1 or n == 0:
        return Demand(2e4 + 2.0 * n, 8 * n)
    learned = learned_bytes(recipe, size, slot_bits)
    depth = (size - 1).bit_length() + informed
    ns = 4e5 + 90.0 * size + 0.5 * learned + 1.2 * _DECISION_NS[parameters[2]] * depth * n
    return Demand(ns, 20 * n + 60 * size + learned + 2 * len(data))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Bits that ``total`` samples take at least, by a cheap look at some: unknown."""
    del plane, total, most
    return 0.0
