"""Messages of few samples of a small alphabet, coded alone, that start from what others taught.

As in `compress.prediction.causal.messages`: what is learned follows from the sample that the model
keeps. The tree is balanced by how often symbols occurred there; those that did not are in it too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compress.coders.messages import fill_words, push_message, words_in
from compress.coders.recorded import ANSWER_SHIFT, TOTAL
from compress.errors import CorruptError
from compress.kernels import kernel
from compress.prediction.common.copying import copy_1, copy_2, copy_3
from compress.prediction.counts.contexts import (
    CHANNELS,
    GRID,
    MASK,
    PLAIN,
    RECIPES,
    SEQUENCE,
    has_channels,
)
from compress.prediction.counts.kernel import code_symbols
from compress.prediction.counts.layout import Mixer, make_mixer, padding
from compress.prediction.counts.tree import DEEPER, build_tree

__all__ = ["Learned", "decode", "encode", "fits", "learn", "recipes"]

Planes = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

MAX_ALPHABET = 1 << 13
"""Of messages: beyond that a sample of usual length says too little of each symbol."""
# Up to so many samples nothing is learned in a message but the linear prediction.
FROZEN = 512
# What a symbol seen once weighs, where one that was not seen weighs 1.
_WEIGHT = 16
_SLOT_BITS = 13
_PLACE = 5
_MIXER = (
    "const(i4[:, ::1]), const(i4[:, ::1]), u4[::1], const(i8[:, ::1]), const(i8[:, ::1]), "
    "const(i8[:, ::1]), const(i8[::1]), const(i8[::1]), i8[::1], const(i8[::1]), f8[:, ::1], "
    "f8[:, ::1], f8[:, ::1], i8[:, ::1], i4[::1], f8[:, ::1], f8[:, :, ::1]"
)


class Learned(NamedTuple):
    """What messages start from.

    Attributes
    ----------
    shape : tuple of int
        Of a message.
    pad : int
        Zeros before the first symbol.
    size : int
        Of the alphabet.
    mixer : Mixer
    """

    shape: tuple[int, ...]
    pad: int
    size: int
    mixer: Mixer


def fits(number: int, shape: tuple[int, ...]) -> bool:
    """Whether messages can be coded under a recipe: not if it remembers places of before."""
    return 0 <= number < len(RECIPES) and not RECIPES[number](shape).matches


def recipes(shape: tuple[int, ...], size: int, *, strong: bool) -> list[int]:
    """List the recipes that may suit messages of a shape, the fast ones first."""
    if size == 2:
        numbers = [PLAIN, MASK, MASK + 1]
    elif len(shape) == 1:
        numbers = [PLAIN, SEQUENCE]
    else:
        first = CHANNELS if has_channels(shape) else GRID
        numbers = [PLAIN, first, first + 1]
    return [number for number in numbers[: 2 + strong] if fits(number, shape)]


def learn(planes: Planes, number: int, size: int) -> Learned:
    """Learn from messages.

    Parameters
    ----------
    planes : ndarray of int64, shape (n, ...)
        Symbols from 0 to ``size - 1``.
    number : int
        Of the recipe of contexts.
    size : int
        At least 2.

    Returns
    -------
    Learned
    """
    shape = planes.shape[1:]
    recipe = RECIPES[number](shape)
    flat = planes.reshape(len(planes), -1)
    tree = build_tree(_WEIGHT * np.bincount(flat.reshape(-1), minlength=size).astype(np.int64) + 1)
    mixer = make_mixer(recipe, tree, _SLOT_BITS, informed=True)
    pad = padding(recipe)
    learned = Learned(shape, pad, size, mixer)
    _code_all(
        flat.astype(np.int32), pad, True, *mixer, False, np.zeros(0, np.uint8),
        np.zeros(0, np.int64),
    )  # fmt: skip
    return learned


def encode(planes: Planes, learned: Learned) -> tuple[Bytes, npt.NDArray[np.int64]]:
    """Code messages.

    Parameters
    ----------
    planes : ndarray of int64, shape (n, ...)
        Those beyond the alphabet are not coded.
    learned : Learned

    Returns
    -------
    data : ndarray of uint8
        Of all messages, one behind the other.
    lengths : ndarray of int64, shape (n,)
        Of each; -1 where it cannot be coded.
    """
    flat = planes.reshape(len(planes), -1)
    symbols = np.where((flat >= 0) & (flat < learned.size), flat, -1).astype(np.int32)
    lengths = np.full(len(flat), -1, np.int64)
    out = np.zeros(flat.size * 9 + 16 * len(flat) + 64, np.uint8)
    frozen = flat.shape[1] <= FROZEN
    used = _code_all(symbols, learned.pad, False, *learned.mixer, frozen, out, lengths)
    return out[:used], lengths


def decode(
    data: Bytes, lengths: npt.NDArray[np.int64], shape: tuple[int, ...], learned: Learned
) -> Planes:
    """Return the messages that `encode` coded, all of which it could code.

    Raises
    ------
    CorruptError
        If the bytes of one do not end with its last sample.
    """
    symbols = np.zeros((len(lengths), int(np.prod(shape, dtype=np.int64))), np.int32)
    frozen = symbols.shape[1] <= FROZEN
    if not _decode_all(symbols, learned.pad, *learned.mixer, frozen, data, lengths):
        raise CorruptError("the bytes of a message are not those of its samples")
    return symbols.astype(np.int64).reshape(-1, *shape)


@kernel(f"i8(const(i4[:, ::1]), i8, b1, {_MIXER}, b1, u1[::1], i8[::1])")
def _code_all(  # type: ignore[no-untyped-def]
    planes, pad, teaching, nodes, children, cells, tokens, centres, relatives, linear, matches,
    sizes, limits, weights, second, confidence, refined, history, coefficients, covariance,
    frozen, out, lengths,
):  # fmt: skip
    """Code messages one by one, or learn from them one after another; see `encode`, `learn`."""
    n = planes.shape[1]
    most = n * (_depth(len(nodes) + 1) + DEEPER)
    symbols = np.zeros(pad + n, np.int32)
    masses, none = np.empty(most + 1, np.uint32), np.zeros(1, np.uint32)
    starts, wide = np.empty(most + 1, np.uint32), np.empty(most + 1, np.uint32)
    words = np.empty(most + 4, np.uint32)
    # Messages are short: what interrupts them waits for the end.
    never = np.zeros(1, np.uint8)
    copied = not teaching and not frozen
    own = sizes.copy()
    own[_PLACE + 1] = 1 if frozen else 0
    a, b = cells.copy() if copied else cells, weights.copy() if copied else weights
    c, d = second.copy() if copied else second, confidence.copy() if copied else confidence
    e = refined.copy() if copied else refined
    f = coefficients if teaching else coefficients.copy()
    g = covariance if teaching else covariance.copy()
    used = 0
    for i in range(len(planes)):
        inside = True
        for k in range(n):
            symbols[pad + k] = planes[i, k]
            if planes[i, k] < 0:
                inside = False
        if not teaching:
            lengths[i] = -1
            copy_2(f, coefficients)
            copy_3(g, covariance)
        if copied:
            copy_1(a, cells)
            copy_2(b, weights)
            copy_2(c, second)
            copy_2(d, confidence)
            copy_2(e, refined)
        if inside:
            _, _, count = code_symbols(
                symbols, pad, nodes, children, a, tokens, centres, relatives, linear, matches, own,
                limits, b, c, d, e, history, f, g, masses, none, np.uint64(0), np.uint64(0),
                never,
            )  # fmt: skip
            if teaching:
                own[_PLACE] += n
            elif count <= most:
                for k in range(count):
                    yes = masses[k] & np.uint32(TOTAL - 1)
                    bit = masses[k] >> np.uint32(ANSWER_SHIFT)
                    starts[k] = np.uint32(0) if bit else yes
                    wide[k] = yes if bit else np.uint32(TOTAL) - yes
                lengths[i] = push_message(starts, wide, count, words, out, used)
                used += max(lengths[i], 0)
    if teaching:
        sizes[_PLACE] = own[_PLACE]
    return used


@kernel()
def _depth(size: int) -> int:
    """Return the bits of an alphabet."""
    depth = 0
    while (1 << depth) < size:
        depth += 1
    return depth


@kernel(f"b1(i4[:, ::1], i8, {_MIXER}, b1, const(u1[::1]), const(i8[::1]))")
def _decode_all(  # type: ignore[no-untyped-def]
    planes, pad, nodes, children, cells, tokens, centres, relatives, linear, matches, sizes, limits,
    weights, second, confidence, refined, history, coefficients, covariance, frozen, data, lengths,
):  # fmt: skip
    """Decode messages one by one; see `decode`."""
    n = planes.shape[1]
    most = n * (_depth(len(nodes) + 1) + DEEPER)
    symbols, none = np.zeros(pad + n, np.int32), np.zeros(0, np.uint32)
    never, own = np.zeros(1, np.uint8), sizes.copy()
    own[_PLACE + 1] = 1 if frozen else 0
    a, b = cells if frozen else cells.copy(), weights if frozen else weights.copy()
    c, d = second if frozen else second.copy(), confidence if frozen else confidence.copy()
    e = refined if frozen else refined.copy()
    f, g = coefficients.copy(), covariance.copy()
    begin = 0
    for i in range(len(planes)):
        length = lengths[i]
        if length < 0 or begin + length > len(data):
            return False
        words = np.zeros(words_in(length), np.uint32)
        fill_words(data, begin, length, words)
        begin += length
        copy_2(f, coefficients)
        copy_3(g, covariance)
        if not frozen:
            copy_1(a, cells)
            copy_2(b, weights)
            copy_2(c, second)
            copy_2(d, confidence)
            copy_2(e, refined)
        state, place = np.uint64(0), np.uint64(len(words) - 1)
        for _ in range(2):
            if place > np.uint64(0):
                place -= np.uint64(1)
                state = (state << np.uint64(32)) | np.uint64(words[place])
        symbols[:] = 0
        _, _, count = code_symbols(
            symbols, pad, nodes, children, a, tokens, centres, relatives, linear, matches, own,
            limits, b, c, d, e, history, f, g, none, words, state, place, never,
        )  # fmt: skip
        if count > most:
            return False
        for k in range(n):
            planes[i, k] = symbols[pad + k]
    return True
