"""What a linear model is, as numbers and as arrays: both sides of a stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.prediction.linear.encoder import tokens_of
from compress.prediction.linear.scale import CLASSES
from compress.prediction.linear.tables import BASES, MOST_OFF, tables_of
from compress.prediction.linear.walk import Integers, Reflections, Walk
from compress.prediction.model import Parameters

__all__ = ["Model", "Predictors", "tokens"]

Predictors = tuple[Integers, Reflections]

_LEAST_BLOCK, _MOST_BLOCK = 6, 16
_MOST_RATE, _MOST_START = 15, 56
_INT64 = (-(1 << 63), (1 << 63) - 1)


@dataclass(frozen=True)
class Model:
    """The parameters, parsed.

    Attributes
    ----------
    block_bits : int
        Samples of a block, in powers of two.
    fit : int
        How predictors are fitted; says nothing to a decoder.
    centre, fast, slow, start
        As in `compress.prediction.linear.walk.Walk`.
    base : int
        Of the tables.
    off : int
        How far the scale of a class is from the expected one, in eighths of an octave.
    first : int
        The class that is first to be further off.
    offs : tuple of int
        How much further that class is, and those after it.
    """

    block_bits: int
    fit: int
    centre: int
    fast: int
    slow: int
    start: int
    base: int
    off: int
    first: int = 0
    offs: tuple[int, ...] = ()

    def walk(self, wide: bool, length: int) -> Walk:
        """Return what the kernels take for sequences of some length.

        A block is no longer than these, for kernels have scratch for a whole one.
        """
        block = min(1 << self.block_bits, max(length, 1))
        return Walk(block, self.centre, wide, self.fast, self.slow, self.start)

    def chosen(self) -> npt.NDArray[np.int64]:
        """Return the table of each class on the ladder of the base."""
        offs = np.full(CLASSES, self.off, np.int64)
        offs[self.first : self.first + len(self.offs)] += np.array(self.offs, np.int64)
        return tables_of(offs)

    def to_integers(self) -> Parameters:
        """Write the model."""
        head = (self.block_bits, self.fit, self.centre, self.fast, self.slow, self.start)
        tail = (self.first, *self.offs) if self.offs else ()
        return (*head, self.base, self.off, *tail)

    @classmethod
    def from_integers(cls, parameters: Parameters, fits: int) -> Model:
        """Read what `to_integers` wrote; raises `CorruptError`."""
        limits = (
            (_LEAST_BLOCK, _MOST_BLOCK), (0, fits - 1), _INT64, (0, _MOST_RATE), (0, _MOST_RATE),
            (0, _MOST_START), (0, len(BASES) - 1), (-MOST_OFF, MOST_OFF),
        )  # fmt: skip
        head, tail = parameters[: len(limits)], parameters[len(limits) :]
        first, offs = tail[0] if tail else 0, tail[1:]
        good = len(head) == len(limits) and 0 <= first <= CLASSES - len(offs)
        good = good and all(low <= n <= high for n, (low, high) in zip(head, limits, strict=True))
        if not good or not all(-MOST_OFF <= off <= MOST_OFF for off in offs):
            raise CorruptError("a linear model has parameters that cannot be")
        block_bits, fit, centre, fast, slow, start, base, off = head
        return cls(block_bits, fit, centre, fast, slow, start, base, off, first, offs)


def tokens(
    sequences: Integers, predictors: Predictors, how: Walk, chosen: Integers
) -> tuple[Integers, npt.NDArray[np.int32], npt.NDArray[np.uint64], int]:
    """Return tokens, tables, low bits in words, and how many low bits; mends the predictors."""
    found = np.empty(sequences.size, np.int64)
    kinds = np.empty(sequences.size, np.int32)
    # Memory that is not touched costs nothing.
    packed = np.empty(sequences.size + 2, np.uint64)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        count = tokens_of(sequences, *predictors, how, chosen, found, kinds, packed)
    if count < 0:
        raise ValueError("a linear model does not fit a plane")
    return found, kinds, packed, count
