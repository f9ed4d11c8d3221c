"""Numbers of given widths in bits, packed into words of 56 bits, the lowest bits first."""

from __future__ import annotations

import numpy as np

from compress.errors import CorruptError
from compress.kernels import kernel
from compress.transforms.step import Plane, Read

__all__ = ["WORD", "pack", "read_words", "unpack"]

# A word is never negative, and its bits are cheap to code as they are.
WORD = 56


@kernel("void(const(i8[::1]), const(i8[::1]), i8[::1])")
def _pack(values: Plane, widths: Plane, words: Plane) -> None:
    word, place = 0, 0
    for i in range(min(values.size, widths.size)):
        value, width = values[i], widths[i]
        while width > 0 and word < words.size:
            some = min(width, WORD - place)
            words[word] |= (value & ((np.int64(1) << some) - 1)) << np.int64(place)
            value >>= some
            width -= some
            place += some
            if place == WORD:
                word, place = word + 1, 0


@kernel("void(const(i8[::1]), const(i8[::1]), i8[::1])")
def _unpack(words: Plane, widths: Plane, values: Plane) -> None:
    word, place = 0, 0
    for i in range(min(values.size, widths.size)):
        value, done, width = np.int64(0), np.int64(0), widths[i]
        while done < width and word < words.size:
            some = min(width - done, WORD - place)
            part = (words[word] >> np.int64(place)) & ((np.int64(1) << some) - 1)
            value |= part << done
            done += some
            place += some
            if place == WORD:
                word, place = word + 1, 0
        values[i] = value


def pack(values: Plane, widths: Plane) -> Plane:
    """Pack the low bits of non-negative numbers.

    Parameters
    ----------
    values, widths : numpy.ndarray of int64
        One-dimensional; widths from 0 to 63.

    Returns
    -------
    numpy.ndarray of int64
        Words, as many as are needed.
    """
    words = np.zeros(-(-int(widths.sum()) // WORD), np.int64)
    _pack(values, widths, words)
    return words


def unpack(words: Plane, widths: Plane) -> Plane:
    """Undo `pack`."""
    values = np.empty(widths.size, np.int64)
    _unpack(words, widths, values)
    return values


def read_words(name: str, read: Read, bits: int) -> Plane:
    """Read the words that so many bits take, and check them.

    Parameters
    ----------
    name : str
        Of the step, for messages.
    read : callable
        As in `compress.transforms.step.Step.inverse`.
    bits : int
    """
    words = read((-(-bits // WORD),))
    if words.size and (int(words.min()) < 0 or int(words.max()) >> WORD):
        raise CorruptError(f"{name}: a word has more than {WORD} bits")
    return words
