"""The counting plane model: few distinct symbols, each predicted from what followed before.

For dictionary indexes of table columns, labels, palettes and masks. A symbol is coded as binary
decisions down a tree over the ordered alphabet (`counts_tree`); each decision mixes adaptive
cells of several contexts (`counts_contexts`, `counts_kernel`). Coding is causal and symmetric:
the decoder learns what the encoder learned.

Parameters: the lowest symbol (zigzag), the size of the alphabet, the recipe of contexts, its
lag, log2 of the slots of a hashed context, and whether symbol frequencies are sent. Data: the
words of one ANS lane, holding first the frequencies, then the symbols.
"""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt
from numba import njit

from compress.coders.ans import push
from compress.errors import CorruptError
from compress.prediction.counts_contexts import RECIPES, Recipe, has_channels
from compress.prediction.counts_kernel import code_symbols, make_mixer, padding
from compress.prediction.counts_lengths import code_lengths, symbol_lengths, weights_of
from compress.prediction.counts_tree import build_tree

__all__ = ["CODE", "NAME", "decode", "encode", "propose"]

CODE = 5
NAME = "counts"

Plane = npt.NDArray[np.int64]
Parameters = tuple[int, ...]

_ALPHABET = 1 << 16
_LONGEST_PLANE = 1 << 26
_SLOT_BITS = (6, 18)
_TRIAL = 8192
_PLAIN, _SEQUENCE, _CHANNELS, _GRID, _MASK = 0, 1, 3, 5, 7


def propose(plane: Plane, level: int) -> Parameters | None:
    """Choose contexts by trial; None for a wide alphabet, or below level 5."""
    if level < 5 or plane.size == 0 or plane.size > _LONGEST_PLANE:
        return None
    low, high = int(plane.min()), int(plane.max())
    size = high - low + 1
    if size > _ALPHABET:
        return None
    zigzag = 2 * low if low >= 0 else -2 * low - 1
    if size == 1:
        return (zigzag, 1, _PLAIN, 0, _SLOT_BITS[0], 0)
    block = _trial_block(plane)
    best, cost = None, np.inf
    for number, informed in product(_candidates(plane.shape, size, level), (1, 0)):
        candidate = (zigzag, size, number, 0, _slot_bits(block.size, size, level), informed)
        bits = _code_length(block, candidate)
        if bits < cost:
            best, cost = candidate, bits
    if best is None:
        return None
    return (*best[:4], _slot_bits(plane.size, size, level), best[5])


def _candidates(shape: tuple[int, ...], size: int, level: int) -> tuple[int, ...]:
    """List the recipes that may suit a plane, by its shape."""
    strong = int(level >= 7)
    axes = sum(length > 1 for length in shape)
    if size == 2:
        return (_PLAIN, _MASK + strong)
    if axes > 1:
        return (_PLAIN, (_CHANNELS if has_channels(shape) else _GRID) + strong)
    return (_PLAIN, _SEQUENCE + strong)


def _slot_bits(n: int, size: int, level: int) -> int:
    """Give a hashed context about a slot for each time that a group of nodes is visited."""
    visits = n * (1 + (size - 1).bit_length() // 3)
    return min(max(visits.bit_length(), _SLOT_BITS[0]), 17 if level >= 7 else 15)


def _trial_block(plane: Plane) -> Plane:
    """Take whole rows from the middle of a plane that is long, so that a trial is cheap."""
    if plane.size <= 2 * _TRIAL:
        return plane
    row = prod(plane.shape[1:])
    rows = min(max(_TRIAL // row, 1), plane.shape[0])
    start = (plane.shape[0] - rows) // 2
    return plane[start : start + rows]


def _code_length(plane: Plane, parameters: Parameters) -> float:
    """Give the bits that a plane takes."""
    low, size, recipe, slot_bits, informed = _parse(parameters, plane.shape)
    masses = _decisions(
        (plane.ravel() - low).astype(np.int32), size, recipe, slot_bits, informed=informed
    )
    yes = (masses & np.uint32((1 << 24) - 1)).astype(np.float64) / (1 << 24)
    return -float(np.log2(np.where(masses >> 31, yes, 1.0 - yes)).sum())


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    low, size, recipe, slot_bits, informed = _parse(parameters, plane.shape)
    symbols = (plane.ravel() - low).astype(np.int32)
    masses = _decisions(symbols, size, recipe, slot_bits, informed=informed)
    words = np.empty(len(masses) * 9 // 16 + 4, dtype=np.uint32)
    count = _push_all(masses, words)
    return words[:count].astype("<u4").tobytes()


def decode(data: memoryview | bytes, shape: tuple[int, ...], parameters: Parameters) -> Plane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    low, size, recipe, slot_bits, informed = _parse(parameters, shape)
    if len(data) % 4:
        raise CorruptError(f"counts: {len(data)} bytes are not whole words")
    words = np.frombuffer(data, dtype="<u4").astype(np.uint32)
    if prod(shape) == 0 or size == 1:
        if len(words):
            raise CorruptError("counts: words for a plane that needs none")
        return np.full(shape, low, dtype=np.int64)
    state, place = _open(words)
    none = np.zeros(0, dtype=np.uint32)
    lengths = np.ones(size, dtype=np.int64)
    with np.errstate(over="ignore"):
        if informed:
            state, place, count = code_lengths(lengths, none, words, state, place)
            if count < 0:
                raise CorruptError("counts: impossible symbol frequencies")
        present = np.flatnonzero(lengths)
        if len(present) == 0:
            raise CorruptError("counts: no symbol occurs")
        pad = padding(recipe)
        symbols = np.zeros(pad + prod(shape), dtype=np.int32)
        if len(present) > 1:
            tree = build_tree(weights_of(lengths[present]))
            mixer = make_mixer(recipe, tree, slot_bits, informed=informed)
            state, place, _ = code_symbols(
                symbols, pad, *mixer, none, words, np.uint64(state), place
            )
    if state != 0 or place != 0:
        raise CorruptError("counts: words are left over or missing")
    return (present[symbols[pad:]] + low).reshape(shape)


def _decisions(
    symbols: npt.NDArray[np.int32], size: int, recipe: Recipe, slot_bits: int, *, informed: bool
) -> npt.NDArray[np.uint32]:
    """Give every binary decision that codes the symbols: its mass of "yes", and the answer."""
    if len(symbols) == 0 or size == 1:
        return np.zeros(0, dtype=np.uint32)
    none = np.zeros(0, dtype=np.uint32)
    zero = np.uint64(0)
    counts = np.bincount(symbols, minlength=size)
    parts = []
    if len(counts) != size:
        raise ValueError(f"symbols up to {len(counts) - 1} in an alphabet of {size}")
    lengths = np.ones(size, dtype=np.int64)
    with np.errstate(over="ignore"):
        if informed:
            lengths = symbol_lengths(counts)
            head = np.empty(64 * size, dtype=np.uint32)
            _, _, count = code_lengths(lengths, head, none, zero, 0)
            parts.append(head[:count])
        present = np.flatnonzero(lengths)
        if len(present) > 1:
            tree = build_tree(weights_of(lengths[present]))
            rank = np.zeros(size, dtype=np.int32)
            rank[present] = np.arange(len(present), dtype=np.int32)
            pad = padding(recipe)
            padded = np.zeros(pad + len(symbols), dtype=np.int32)
            padded[pad:] = rank[symbols]
            masses = np.empty(int((tree.depth[padded[pad:]]).sum()), dtype=np.uint32)
            mixer = make_mixer(recipe, tree, slot_bits, informed=informed)
            code_symbols(padded, pad, *mixer, masses, none, zero, 0)
            parts.append(masses)
    return np.concatenate(parts)


@njit(cache=True, nogil=True)
def _push_all(masses: np.ndarray, words: np.ndarray) -> int:
    """Encode the decisions, the last first; the number of words."""
    state = np.uint64(0)
    place = 0
    low = np.uint32((1 << 24) - 1)
    for i in range(len(masses) - 1, -1, -1):
        mass = np.uint64(masses[i] & low)
        if masses[i] >> np.uint32(31):
            state, place = push(state, np.uint64(0), mass, words, place)
        else:
            state, place = push(state, mass, np.uint64(1 << 24) - mass, words, place)
    while state > np.uint64(0):
        if place < len(words):
            words[place] = np.uint32(state & np.uint64(0xFFFFFFFF))
        place += 1
        state = state >> np.uint64(32)
    if place > len(words):
        raise ValueError("more words than decisions can need")
    return place


def _open(words: npt.NDArray[np.uint32]) -> tuple[np.uint64, int]:
    """Take the coder's state from the last words."""
    state, place = 0, len(words)
    for _ in range(min(2, place)):
        place -= 1
        state = state << 32 | int(words[place])
    return np.uint64(state), place


def _parse(parameters: Parameters, shape: tuple[int, ...]) -> tuple[int, int, Recipe, int, bool]:
    """Check parameters: lowest symbol, size of the alphabet, contexts, slot bits, informed."""
    if len(parameters) != 6:
        raise CorruptError(f"counts: {len(parameters)} parameters instead of 6")
    zigzag, size, number, lag, slot_bits, informed = parameters
    low = zigzag >> 1 if zigzag % 2 == 0 else -((zigzag + 1) >> 1)
    if not (0 <= zigzag < 1 << 64 and 1 <= size <= _ALPHABET and low + size <= 1 << 63):
        raise CorruptError(f"counts: an alphabet of {size} from {low}")
    if not (0 <= number < len(RECIPES) and 0 <= lag <= prod(shape) and informed in {0, 1}):
        raise CorruptError(f"counts: recipe {number} with lag {lag}")
    if not _SLOT_BITS[0] <= slot_bits <= _SLOT_BITS[1]:
        raise CorruptError(f"counts: {slot_bits} bits of slots")
    return low, size, RECIPES[number](shape, lag), slot_bits, bool(informed)
