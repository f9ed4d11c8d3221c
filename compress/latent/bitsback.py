"""Bits-back coding: a model's bound paid in bytes.

An item's latents are drawn with bits of the stack, which get back into it when the item is
decoded: what an item costs is the bound. Levels are coded one after the other, each giving back
its bits before the next is drawn (Kingma, Abbeel and Ho, "Bit-Swap", 2019). With several particles
one number draws them all, shifted for each, and one of them is chosen by its weight, so that the
cost is the importance-weighted bound (Ruan et al., "Improving lossless compression rates via Monte
Carlo bits-back coding", 2021: coupled importance sampling).

Beneath the first item lie words that are the same for every stream. They are counted, and the
decoder must find them again.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError, LimitError
from compress.latent.cells import DRAW_BITS, Cells, Normals
from compress.latent.logarithms import weights_of
from compress.latent.stack import LatentStack, even_table, mixed, seed_words
from compress.latent.streams import pack_stream, unpack_stream

__all__ = ["MAX_PARTICLES", "Coded", "Model", "decode", "encode"]

Integers = npt.NDArray[np.int64]

MAX_PARTICLES = 64
STREAM_KIND = 1
# Items up to which the plain coder is tried, to see whether bits-back saves anything.
_FEW = 32
_MOST_INITIAL = 1 << 16


class Model(Protocol):
    """What coding needs of a model; `compress.latent.VAE` has it."""

    dims: tuple[int, ...]
    cells: Cells
    observation: Any

    @property
    def fingerprint(self) -> bytes:
        """Eight bytes."""

    def posterior(self, level: int, below: npt.NDArray[Any]) -> Normals:
        """Distributions of a level's latents given what lies below."""

    def prior(self, level: int, above: Integers) -> Normals:
        """Distributions of a level's latents given the level above."""

    def indexes(self, cells: Integers) -> Integers:
        """Tables of the samples."""

    def particles(self, rows: npt.NDArray[Any], quantiles: Integers) -> Any:
        """Latents at quantiles, and their weights."""


class Coded(NamedTuple):
    """A stream, and what it is made of.

    Attributes
    ----------
    data : bytes
    initial_bits : int
        Of words that lay on the stack before the first item.
    bits : ndarray, float64, shape (n,)
        By which each item made the stack grow, in the order of coding (the last item first).
    """

    data: bytes
    initial_bits: int
    bits: npt.NDArray[np.float64]


def encode(model: Model, rows: Integers, particles: int = 1) -> Coded:
    """Encode items.

    Parameters
    ----------
    model : Model
    rows : ndarray, int64, shape (n, samples)
    particles : int
        1: the ordinary bound; more, up to 64: the importance-weighted bound. 0: the plain coder,
        which codes the posterior's median and gets nothing back.

    Returns
    -------
    Coded

    Raises
    ------
    ValueError
        If there are so few items that the plain coder takes fewer bytes, or the number of particles
        is not allowed.
    """
    if not 0 <= particles <= MAX_PARTICLES:
        raise ValueError(f"particles must lie in 0..{MAX_PARTICLES}, got {particles}")
    initial = 2 if particles == 0 else 16 + sum(model.dims)
    while True:
        stack = LatentStack(seed_words(initial)[::-1])
        sizes = [stack.code_length]
        for item in range(len(rows) - 1, -1, -1):
            _push_item(model, stack, rows[item : item + 1], particles, item)
            sizes.append(stack.code_length)
        if particles == 0 or stack.lowest > 0 or initial > _MOST_INITIAL:
            break
        initial *= 4
    # What was never reached need not be kept.
    lowest = 0 if particles == 0 else stack.lowest
    words = stack.words[lowest:]
    head = (len(rows), particles, initial - lowest)
    data = pack_stream(STREAM_KIND, model.fingerprint, head, words)
    if particles and 0 < len(rows) <= _FEW:
        plain = len(encode(model, rows, 0).data)
        if plain < len(data):
            raise ValueError(
                f"{len(rows)} items are too few for bits-back: its initial bits cost more than it "
                f"saves ({len(data)} bytes; {plain} with particles=0, the plain coder)"
            )
    return Coded(data, 32 * (initial - lowest), np.diff(sizes))


def decode(model: Model, data: bytes, max_bytes: int = 1 << 30) -> npt.NDArray[np.uint16]:
    """Decode what `encode` gave.

    Parameters
    ----------
    model : Model
        That with which the items were encoded.
    data : bytes
    max_bytes : int
        Of the array that is returned.

    Returns
    -------
    ndarray, uint16, shape (n, samples)

    Raises
    ------
    FormatError
        If the data are no such stream.
    ModelMismatchError
        If they were coded with another model.
    CorruptError
        If they are damaged.
    LimitError
        If the items would take more than ``max_bytes``.
    """
    stream = unpack_stream(data, STREAM_KIND, model.fingerprint, 3)
    n, particles, initial = stream.integers
    if n * model.observation.n_samples * 2 > max_bytes:
        raise LimitError(f"{n} items take more than max_bytes={max_bytes}")
    if particles > MAX_PARTICLES or not 0 < initial <= max(len(stream.words), 2):
        raise CorruptError("the head of the stream is impossible")
    stack = LatentStack(stream.words)
    found: list[npt.NDArray[np.uint16]] = []
    for item in range(n):
        if stack.n_words < initial - 1:
            raise CorruptError("the stream holds fewer items than it announces")
        found.append(_pop_item(model, stack, particles, item).astype(np.uint16))
    if not np.array_equal(stack.words, seed_words(initial)[::-1]):
        raise CorruptError("beneath the items there is not what every stream begins with")
    return np.array(found, np.uint16).reshape(n, model.observation.n_samples)


def _push_item(model: Model, stack: LatentStack, row: Integers, particles: int, item: int) -> None:
    if particles == 0:
        _push_plain(model, stack, row)
    elif particles == 1:
        _push_single(model, stack, row, item)
    else:
        _push_many(model, stack, row, particles, item)


def _push_below(
    model: Model, stack: LatentStack, level: int, below: Integers, cells: Integers
) -> None:
    """Push what lies below a level, given the level."""
    if level == 0:
        stack.push(below[0], model.observation.tables, model.indexes(cells)[0])
    else:
        stack.push_normal(below[0], model.cells, model.prior(level - 1, cells))


def _pop_below(model: Model, stack: LatentStack, level: int, cells: Integers) -> Integers:
    if level == 0:
        indexes = model.indexes(cells)[0]
        return stack.pop(len(indexes), model.observation.tables, indexes)[None]
    return stack.pop_normal(model.cells, model.prior(level - 1, cells))[None]


def _push_top(model: Model, stack: LatentStack, cells: Integers) -> None:
    stack.push(cells[0], even_table(model.cells.bits))


def _pop_top(model: Model, stack: LatentStack) -> Integers:
    return stack.pop(model.dims[-1], even_table(model.cells.bits))[None]


def _push_single(model: Model, stack: LatentStack, row: Integers, item: int) -> None:
    below = row
    for level in range(len(model.dims)):
        of = model.posterior(level, below)
        quantiles = stack.pop_quantiles(len(of.means), item, level << 16)
        cells, starts, masses = model.cells.draw(quantiles, of)
        stack.push_uniform(quantiles - starts, masses)
        _push_below(model, stack, level, below, cells[None])
        below = cells[None]
    _push_top(model, stack, below)


def _pop_item(model: Model, stack: LatentStack, particles: int, item: int) -> Integers:
    chosen = int(stack.pop_uniform(np.array([particles]))[0]) if particles > 1 else 0
    cells = _pop_top(model, stack)
    path = [cells]
    for level in range(len(model.dims) - 1, -1, -1):
        below = _pop_below(model, stack, level, cells)
        if particles == 1:
            of = model.posterior(level, below)
            starts, masses = _held(model, cells[0], of)
            stack.push_quantiles(starts + stack.pop_uniform(masses), item, level << 16)
        path.append(below)
        cells = below
    row = path.pop()
    if particles > 1:
        _return_many(model, stack, row, path[::-1], chosen, particles, item)
    return np.asarray(row[0])


def _held(model: Model, cells: Integers, of: Normals) -> tuple[Integers, Integers]:
    starts, masses = model.cells.intervals(cells, of, DRAW_BITS, 0)
    if masses.min() < 1:
        raise CorruptError("the stream holds latents that no encoder draws")
    return starts, masses


# -- several particles --


@cache
def _shifts(particles: int, n: int) -> Integers:
    """By how much each particle's quantiles differ from those that were drawn."""
    shifts = mixed(np.arange(particles * n)).astype(np.int64) & ((1 << DRAW_BITS) - 1)
    shifts = shifts.reshape(particles, n)
    shifts[0] = 0
    return shifts


def _weighed(
    model: Model, row: Integers, quantiles: Integers, particles: int
) -> tuple[Any, Integers, Integers]:
    """All particles of a draw, their quantiles and their weights."""
    every = (quantiles + _shifts(particles, len(quantiles))) & ((1 << DRAW_BITS) - 1)
    drawn = model.particles(np.repeat(row, particles, axis=0), every)
    return drawn, every, weights_of(drawn.latents + drawn.data)


def _push_many(model: Model, stack: LatentStack, row: Integers, particles: int, item: int) -> None:
    quantiles = stack.pop_quantiles(sum(model.dims), item, 0)
    drawn, every, weights = _weighed(model, row, quantiles, particles)
    chosen = stack.pop_choice(weights, item)
    stack.push_uniform(every[chosen] - drawn.starts[chosen], drawn.masses[chosen])
    below = row
    for level in range(len(model.dims)):
        cells = drawn.cells[level][chosen][None]
        _push_below(model, stack, level, below, cells)
        below = cells
    _push_top(model, stack, below)
    stack.push_uniform(np.array([chosen]), np.array([particles]))


def _return_many(
    model: Model,
    stack: LatentStack,
    row: Integers,
    path: list[Integers],
    chosen: int,
    particles: int,
    item: int,
) -> None:
    """Put the bits back with which the particles were drawn."""
    below = row
    held = []
    for level, cells in enumerate(path):
        held.append(_held(model, cells[0], model.posterior(level, below)))
        below = cells
    starts, masses = (np.concatenate(part) for part in zip(*held, strict=True))
    every = starts + stack.pop_uniform(masses)
    quantiles = (every - _shifts(particles, len(every))[chosen]) & ((1 << DRAW_BITS) - 1)
    weights = _weighed(model, row, quantiles, particles)[2]
    stack.push_choice(chosen, weights, item)
    stack.push_quantiles(quantiles, item, 0)


# -- no bits back --


def _push_plain(model: Model, stack: LatentStack, row: Integers) -> None:
    below = row
    for level in range(len(model.dims)):
        of = model.posterior(level, below)
        middle = np.full(len(of.means), 1 << (DRAW_BITS - 1))
        cells = model.cells.draw(middle, of)[0][None]
        _push_below(model, stack, level, below, cells)
        below = cells
    _push_top(model, stack, below)
