"""How often each symbol occurs, roughly: the prior of the tree, as code lengths in the stream.

A symbol's length is 0 where it does not occur, else 1 plus the rounded binary logarithm of n over
its count. Lengths are coded by adaptive binary decisions: absent or not (under whether the one
before was), then the change against the last length in unary.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.coders.ans import Scalar, pop_interval, quantile
from compress.coders.recorded import ANSWER_SHIFT, TOTAL
from compress.kernels import kernel

__all__ = ["LONGEST", "code_lengths", "symbol_lengths", "weights_of"]

LONGEST = 27
_STEPS = 2 * LONGEST + 1
# The weight of a symbol is two to this less its length.
_SCALE = 36
# A cell is a probability in units of 2**-12, which starts at a half and keeps away from 0 and 1. It
# moves by one part in the number of decisions that it has seen, at least by one in so many.
_CELL_BITS = 12
_EVEN = 1 << (_CELL_BITS - 1)
_LEAST, _MOST = 32, (1 << _CELL_BITS) - 32
_MEMORY = 32
_MASS_SHIFT = 24 - _CELL_BITS
# Cells: absent or not, under whether the one before was; then the steps of a change, under the
# change before (none, one step, more).
_PRESENCE = 2
_CHANGES = 3
_CELLS = _PRESENCE + _CHANGES * (_STEPS + 1)


def symbol_lengths(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Round -log2 of the frequencies (encoder only); the shortest is 1, absent is 0."""
    total = max(int(counts.sum()), 1)
    length = np.round(np.log2(total / np.maximum(counts, 1))).astype(np.int64) + 1
    return np.where(counts > 0, np.minimum(length, LONGEST), 0)


def weights_of(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Weights of symbols that occur: powers of two, at most 65,536 of them within 2**52."""
    weights: npt.NDArray[np.int64] = np.left_shift(np.int64(1), np.int64(_SCALE) - lengths)
    return weights


@kernel("Tuple((u8, u8, i8))(i8[::1], u4[::1], const(u4[::1]), u8, u8)")
def code_lengths(
    lengths: np.ndarray, masses: np.ndarray, words: np.ndarray, state: Scalar, place: Scalar
) -> tuple[Scalar, Scalar, int]:
    """Code ``lengths`` in place; with no room for ``masses``, decode them from ``words``.

    Parameters
    ----------
    lengths : int64, (K,)
    masses : uint32, (M,)
        Encoding: the masses of "yes" of the decisions, the answers in their top bits.
    words : uint32
        A spare one behind those of the lane.
    state, place : uint64
        Of the ANS decoder.

    Returns
    -------
    state, place, count
        Of the decoder; decisions written by the encoder, or -1 for impossible lengths.
    """
    decoding = len(masses) == 0
    cells = np.full(_CELLS, _EVEN, dtype=np.int64)
    seen = np.zeros(len(cells), dtype=np.int64)
    zero = np.uint64(0)
    whole = np.uint64(TOTAL)
    answer = np.uint32(ANSWER_SHIFT)
    count = 0
    before = 1
    change = 0
    absent = 0
    for k in range(len(lengths)):
        here = lengths[k]
        zigzag = 0
        if not decoding and here > 0:
            zigzag = 2 * (here - before) if here >= before else 2 * (before - here) - 1
        step = -1
        while True:
            cell = absent
            if step >= 0:
                cell = _PRESENCE + min(change, _CHANGES - 1) * (_STEPS + 1) + step
            mass = np.uint64(cells[cell] << _MASS_SHIFT)
            if decoding:
                bit = 1 if quantile(state) < mass else 0
                start = zero if bit else mass
                mass = mass if bit else whole - mass
                state, place = pop_interval(state, place, zero, words, start, mass)
            else:
                bit = 1 if (here == 0 if step < 0 else zigzag > step) else 0
                if count >= len(masses):
                    return state, place, -1
                masses[count] = np.uint32(mass) | (np.uint32(bit) << answer)
                count += 1
            seen[cell] += 1
            cells[cell] += ((bit << _CELL_BITS) - cells[cell]) // min(seen[cell] + 1, _MEMORY)
            cells[cell] = min(max(cells[cell], _LEAST), _MOST)
            if step < 0:
                absent = bit
                if bit == 1:
                    here = 0
                    break
            elif bit == 0:
                zigzag = step
                here = before + (zigzag >> 1) if zigzag % 2 == 0 else before - ((zigzag + 1) >> 1)
                break
            step += 1
            if step >= _STEPS:
                return state, place, -1
        if here > 0:
            change = zigzag
            before = here
        if here < 0 or here > LONGEST or (absent == 0 and here < 1):
            return state, place, -1
        lengths[k] = here
    return state, place, count
