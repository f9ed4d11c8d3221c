"""The ANS stack with what latents need: cells and plain numbers."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from compress.coders import Stack
from compress.errors import CorruptError
from compress.latent.cells import DRAW_BITS, Cells, Normals
from compress.latent.kernels import pop_cells, pop_uniform
from compress.tables import TableSet

__all__ = ["LatentStack", "even_table", "mixed", "seed_words"]

Integers = npt.NDArray[np.int64]

_PRECISION = 24
_DRAW_MASK = (1 << DRAW_BITS) - 1
# A mixing function's constants, Steele, Lea and Flood, "Fast splittable pseudorandom number
# generators", 2014.
_GAMMA, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def seed_words(n: int) -> npt.NDArray[np.uint32]:
    """Return the first n words with which every bits-back stream begins; fixed, none is 0."""
    return (mixed(np.arange(n)) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)


def mixed(numbers: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """64 bits for each number that look random, the same everywhere."""
    with np.errstate(over="ignore"):
        z = (np.asarray(numbers).astype(np.uint64) + np.uint64(1)) * np.uint64(_GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
        return np.asarray(z ^ (z >> np.uint64(31)))


class LatentStack(Stack):
    """A `compress.coders.Stack` that also holds cells of normal distributions and numbers."""

    def __init__(self, words: npt.ArrayLike | None = None) -> None:
        super().__init__(words)
        self.lowest = int(self._place[0])

    def mark(self) -> None:
        """Keep in ``lowest`` how many words were never reached; to be called after pops."""
        self.lowest = min(self.lowest, int(self._place[0]))

    @property
    def code_length(self) -> float:
        """Bits that it holds, with the fraction of one in the state."""
        return 32.0 * int(self._place[0]) + math.log2(max(int(self._state[0]), 1))

    @property
    def n_words(self) -> int:
        """How many words `words` would give."""
        state = int(self._state[0])
        return int(self._place[0]) + (state > 0) + (state >> 32 > 0)

    def pop_uniform(self, sizes: Integers) -> Integers:
        """Pop numbers, each uniform below its size (1 to 2^24)."""
        values = np.empty(len(sizes), np.int64)
        pop_uniform(self._words, self._state, self._place, _flat(sizes), values)
        return values

    def push_uniform(self, values: Integers, sizes: Integers) -> None:
        """Push numbers, each uniform below its size; undone by `pop_uniform`."""
        starts = -((-values << _PRECISION) // sizes)
        ends = -((-(values + 1) << _PRECISION) // sizes)
        self.push_intervals(starts.astype(np.uint32), (ends - starts).astype(np.uint32))

    def pop_normal(self, cells: Cells, of: Normals) -> Integers:
        """Pop one cell of each distribution."""
        values = np.empty(len(of.means), np.int64)
        pop_cells(
            self._words,
            self._state,
            self._place,
            _flat(of.means),
            _flat(of.inverses),
            cells.edges,
            cells.knots,
            values,
        )
        return values

    def push_normal(self, values: Integers, cells: Cells, of: Normals) -> None:
        """Push one cell of each distribution; undone by `pop_normal`."""
        starts, masses = cells.intervals(values, of, _PRECISION, 2)
        self.push_intervals(starts.astype(np.uint32), masses.astype(np.uint32))

    def pop_quantiles(self, n: int, item: int, place: int) -> Integers:
        """Pop numbers below ``2^DRAW_BITS`` by which to draw latents.

        What lies on the stack was pushed for the item before and is not random: its latents would
        choose those of the next. So a number that looks random, by item and place, is added.
        """
        values = self.pop(n, even_table(DRAW_BITS))
        self.lowest = min(self.lowest, int(self._place[0]))
        return (values + _added(n, item, place)) & _DRAW_MASK

    def push_quantiles(self, values: Integers, item: int, place: int) -> None:
        """Push them back; undoes `pop_quantiles`."""
        self.push((values - _added(len(values), item, place)) & _DRAW_MASK, even_table(DRAW_BITS))

    def pop_choice(self, weights: Integers, item: int) -> int:
        """Pop one number by integer weights."""
        wanted = int(self.pop_quantiles(1, item, -1)[0])
        ends = _ends(weights)
        value = int(np.searchsorted(ends, wanted, side="right")) - 1
        left, right = ends[value : value + 2]
        self.push_uniform(np.array([wanted - left]), np.array([right - left]))
        return value

    def push_choice(self, value: int, weights: Integers, item: int) -> None:
        """Push one number by integer weights; undone by `pop_choice`.

        Raises
        ------
        CorruptError
            If no `pop_choice` gives it.
        """
        left, right = _ends(weights)[value : value + 2]
        if right <= left:
            raise CorruptError("the stream holds a choice that no encoder makes")
        wanted = left + self.pop_uniform(np.array([right - left]))
        self.push_quantiles(wanted, item, -1)


def _ends(weights: Integers) -> Integers:
    """Cumulative masses, of ``2^DRAW_BITS`` together, in the ratio of weights."""
    ends = np.cumsum(weights)
    return np.concatenate([[0], (ends << DRAW_BITS) // ends[-1]])


def _added(n: int, item: int, place: int) -> Integers:
    numbers = (np.int64(item) << 24) + np.int64(place) + np.arange(n)
    return mixed(numbers).astype(np.int64) & _DRAW_MASK


@cache
def even_table(bits: int) -> TableSet:
    """One table of ``2^bits`` equal masses."""
    cumulative = np.arange((1 << bits) + 1, dtype=np.uint32) << np.uint32(24 - bits)
    return TableSet.from_cumulative(cumulative, 0, escape=False)


def _flat(values: Integers) -> Integers:
    return np.ascontiguousarray(values, np.int64).ravel()
