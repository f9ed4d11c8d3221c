"""One ANS coder: the state and the words of a lane.

The state is constriction's: 64 bits, refilled by 32-bit words, 24-bit precision. An encoder
writes words upwards and is last in first out; a decoder reads them downwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["ESCAPE_WORDS", "pop", "pop_escape", "push", "push_escape"]

# The integer types of a kernel have no names in Python's typing.
Scalar = Any

_PRECISION = np.uint64(24)
_WORD = np.uint64(32)
_MASK = np.uint64((1 << 24) - 1)
_WORD_MASK = np.uint64((1 << 32) - 1)
_RENORM = np.uint64(40)
_PIECE = 16
# The most words that the pieces behind an escape can take.
ESCAPE_WORDS = 5


@njit(inline="always")
def push(
    state: Scalar, start: Scalar, mass: Scalar, words: np.ndarray, place: Scalar
) -> tuple[Scalar, Scalar]:
    """Encode the interval ``start .. start + mass``; all uint64 but ``place``.

    Returns the new state and place; a place past the end of ``words`` is not written, so the
    caller checks once.
    """
    if (state >> _RENORM) >= mass:
        if place < len(words):
            words[place] = np.uint32(state & _WORD_MASK)
        place += 1
        state = state >> _WORD
    quotient = state // mass
    return (quotient << _PRECISION) + start + (state - quotient * mass), place


@njit(inline="always")
def pop(
    state: Scalar, start: Scalar, mass: Scalar, words: np.ndarray, place: Scalar
) -> tuple[Scalar, Scalar]:
    """Undo `push`: consume the interval that the state's low 24 bits lie in."""
    state = (state >> _PRECISION) * mass + ((state & _MASK) - start)
    if (state >> _WORD) == np.uint64(0) and 0 < place <= len(words):
        place -= 1
        state = (state << _WORD) | np.uint64(words[place])
    return state, place


@njit(inline="always")
def push_piece(
    state: Scalar, value: Scalar, width: Scalar, words: np.ndarray, place: Scalar
) -> tuple[Scalar, Scalar]:
    """Encode ``width`` uniform bits (1 to 23)."""
    mass = np.uint64(1) << (_PRECISION - np.uint64(width))
    return push(state, value * mass, mass, words, place)


@njit(inline="always")
def pop_piece(
    state: Scalar, width: Scalar, words: np.ndarray, place: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Decode ``width`` uniform bits; returns value, state, place."""
    shift = _PRECISION - np.uint64(width)
    value = (state & _MASK) >> shift
    state, place = pop(state, value << shift, np.uint64(1) << shift, words, place)
    return value, state, place


@njit(cache=True, nogil=True)
def push_escape(
    state: Scalar, symbol: Scalar, low: Scalar, high: Scalar, words: np.ndarray, place: Scalar
) -> tuple[Scalar, Scalar]:
    """Encode a symbol outside ``low .. high`` (both included).

    A side bit and the bit length of the distance (7 bits), then the distance below its leading
    one, 16 bits a piece from the lowest; pushed in reverse.
    """
    one = np.uint64(1)
    if symbol < low:
        side = np.uint64(1)
        distance = np.uint64(low) - np.uint64(symbol)
    else:
        side = np.uint64(0)
        distance = np.uint64(symbol) - np.uint64(high)
    length = 0
    while length < 63 and (distance >> np.uint64(length + 1)) != np.uint64(0):
        length += 1
    for piece in range((length - 1) // _PIECE, -1, -1):
        if length == 0:
            break
        width = min(_PIECE, length - piece * _PIECE)
        value = (distance >> np.uint64(piece * _PIECE)) & ((one << np.uint64(width)) - one)
        state, place = push_piece(state, value, width, words, place)
    return push_piece(state, (np.uint64(length) << one) | side, 7, words, place)


@njit(cache=True, nogil=True)
def pop_escape(
    state: Scalar, low: Scalar, high: Scalar, words: np.ndarray, place: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Decode what `push_escape` encoded; returns symbol, state, place."""
    one = np.uint64(1)
    head, state, place = pop_piece(state, 7, words, place)
    length = int(head >> one)
    distance = np.uint64(0)
    done = 0
    while done < length:
        width = min(_PIECE, length - done)
        value, state, place = pop_piece(state, width, words, place)
        distance |= value << np.uint64(done)
        done += width
    distance |= one << np.uint64(length)
    if head & one:
        return np.int64(np.uint64(low) - distance), state, place
    return np.int64(np.uint64(high) + distance), state, place
