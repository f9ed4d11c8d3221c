"""The words of a short message as few bytes.

A lane starts at zero and so spends some twenty bits before a bit of it is worth a bit, and its last
word is seldom full. In a long stream that is nothing, in a message of thirty bytes a tenth. Here
the encoder starts from whatever makes the lowest two bytes zero, and those are not written; neither
are the zeros at the other end. The decoder puts both back, wherever the lane started.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders.ans import push_interval
from compress.kernels import kernel

__all__ = ["fill_words", "push_message", "words_in"]

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

_ZERO = np.uint64(0)
_WORD = np.uint64(32)
_BYTE = np.uint64(8)
_LOW = np.uint64(0xFFFF)
# Starts that are tried, so far apart; the first or the second does nearly always.
_STEP = np.uint64(77_777)
_TRIES = 4096
_LEFT_OUT = 2
_WORD_BYTES = 4


@kernel(error_model="numpy")
def _pushed(starts: Words, masses: Words, count: int, first: Any, words: Words) -> Any:
    """Push intervals, last to first, and close the lane; return the number of words."""
    state, place = np.uint64(first), _ZERO
    limit = np.uint64(len(words) - 1)
    for i in range(count - 1, -1, -1):
        state, place = push_interval(
            state, place, limit, words, np.uint64(starts[i]), np.uint64(masses[i])
        )
    while state > _ZERO:
        words[place] = np.uint32(state & np.uint64(0xFFFFFFFF))
        place += np.uint64(1)
        state = state >> _WORD
    return np.int64(place)


@kernel(error_model="numpy")
def push_message(
    starts: Words, masses: Words, count: int, words: Words, out: Bytes, begin: int
) -> int:
    """Write a message.

    Parameters
    ----------
    starts, masses : ndarray of uint32
        Intervals as `compress.coders.recorded` has them.
    count : int
        How many there are.
    words : ndarray of uint32
        Scratch, for ``count + 3`` words.
    out : ndarray of uint8
        Written, from ``begin`` on.
    begin : int

    Returns
    -------
    int
        Bytes written; -1 where there is no room, or no start was found.
    """
    first = _ZERO
    n_words = np.int64(0)
    found = False
    for _ in range(_TRIES):
        n_words = _pushed(starts, masses, count, first, words)
        low = np.uint64(words[0]) & _LOW if n_words > 0 else _ZERO
        if low == _ZERO:
            found = True
            break
        # What is added to the start is added to the lowest word, unless an interval is left.
        n_words = _pushed(starts, masses, count, first + (_LOW + np.uint64(1) - low), words)
        if np.uint64(words[0]) & _LOW == _ZERO:
            found = True
            break
        first += _STEP
    end = _WORD_BYTES * n_words
    if not found or begin + end > len(out):
        return -1
    length: Any = np.int64(0)
    for k in range(_LEFT_OUT, end):
        byte = (np.uint64(words[k >> 2]) >> (_BYTE * np.uint64(k & 3))) & np.uint64(0xFF)
        out[begin + k - _LEFT_OUT] = np.uint8(byte)
        if byte > _ZERO:
            length = k - _LEFT_OUT + 1
    written: int = length
    return written


@kernel(error_model="numpy")
def words_in(length: int) -> int:
    """Return how many words a message of so many bytes has, one spare."""
    return (length + _LEFT_OUT + _WORD_BYTES - 1) // _WORD_BYTES + 1 if length > 0 else 1


@kernel(error_model="numpy")
def fill_words(data: Bytes, begin: int, length: int, words: Words) -> None:
    """Write the words of a message, and the spare one."""
    words[:] = 0
    for k in range(length):
        at = k + _LEFT_OUT
        words[at >> 2] |= np.uint32(np.uint64(data[begin + k]) << (_BYTE * np.uint64(at & 3)))
