"""The ANS stack with what latents need: cells and plain numbers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from compress.coders import Stack
from compress.latent.cells import Cells, Normals
from compress.latent.kernels import pop_cells, pop_uniform
from compress.tables import TableSet

__all__ = ["LatentStack", "seed_words"]

Integers = npt.NDArray[np.int64]

_PRECISION = 24
# A mixing function's constants, Steele, Lea and Flood, "Fast splittable pseudorandom number
# generators", 2014.
_GAMMA, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def seed_words(n: int) -> npt.NDArray[np.uint32]:
    """The first n words with which every bits-back stream begins; fixed, none is 0."""
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

    def pop_choice(self, weights: Integers) -> int:
        """Pop one number by integer weights, each at least 1."""
        return int(self.pop(1, _choice(weights))[0])

    def push_choice(self, value: int, weights: Integers) -> None:
        """Push one number by integer weights; undone by `pop_choice`."""
        self.push(np.array([value]), _choice(weights))


def _choice(weights: Integers) -> TableSet:
    """Table whose masses are in the ratio of weights, which sum to less than 2^24."""
    ends = np.cumsum(weights)
    cumulative = np.concatenate([[0], (ends << _PRECISION) // ends[-1]])
    return TableSet.from_cumulative(cumulative.astype(np.uint32), 0, escape=False)


def _flat(values: Integers) -> Integers:
    return np.ascontiguousarray(values, np.int64).ravel()
