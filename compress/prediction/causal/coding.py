"""Samples in scan order to words and back: sets the kernel's tables up and runs it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders import encode_intervals
from compress.coders.recorded import interval_bits
from compress.errors import CorruptError
from compress.prediction.causal.format import DISTANCE_WEIGHT, MAX_DECISIONS, RING_WIDTHS
from compress.prediction.causal.holes import COASTS
from compress.prediction.causal.kernel import run
from compress.prediction.causal.recipes import Recipe
from compress.prediction.causal.state import new_state
from compress.prediction.common.cells import cells_of
from compress.prediction.common.logistic import SQUASH, STRETCH
from compress.prediction.common.scan import Scan, margins, nearest
from compress.prediction.model import Plane
from compress.work import check, flag

__all__ = ["code_lengths", "decode", "encode", "extend", "tables_of"]

_run: Any = run
Words = npt.NDArray[np.uint32]

# Intervals that take no time to make room for.
_LITTLE_ROOM = 1 << 14


def encode(samples: Plane, scan: Scan, recipe: Recipe, largest: int) -> Words:
    """Code samples.

    Parameters
    ----------
    samples : ndarray of int64
        In scan order, from 0 to ``largest``.
    scan : Scan
    recipe : Recipe
    largest : int
        Below 2**61.

    Returns
    -------
    ndarray of uint32
    """
    starts, masses, _ = _intervals(samples, scan, recipe, largest)
    return encode_intervals(starts, masses)


def code_lengths(
    samples: Plane, scan: Scan, recipe: Recipe, largest: int
) -> npt.NDArray[np.float64]:
    """Return the bits that each sample costs, as `encode` would code them; see there."""
    _, masses, ends = _intervals(samples, scan, recipe, largest)
    bits = np.concatenate([[0.0], np.cumsum(interval_bits(masses))])[ends]
    return np.diff(bits, prepend=0.0).reshape(samples.shape)


def extend(
    samples: Plane, shape: tuple[int, ...], scan: Scan, recipe: Recipe, largest: int, words: Words
) -> Plane:
    """Decode words behind samples that are known: random words give random samples.

    Parameters
    ----------
    samples : ndarray of int64
        The first of the result, in scan order.
    shape : tuple of int
        Of the result.
    scan, recipe, largest
        See `encode`.
    words : ndarray of uint32
        Enough; missing ones are zeros.

    Returns
    -------
    ndarray of int64, of ``shape``
    """
    known = samples.size
    flat = np.zeros(prod(shape), np.int64)
    flat[:known] = samples.ravel()
    return _decoded(flat, known, shape, scan, recipe, largest, words)[0].reshape(shape)


def _decoded(
    flat: Plane,
    known: int,
    shape: tuple[int, ...],
    scan: Scan,
    recipe: Recipe,
    largest: int,
    words: Words,
) -> tuple[Plane, bool]:
    tables = tables_of(shape, scan, recipe, largest)
    # Each known sample takes its intervals, and the last place must have room for one more.
    room = (known + 1) * MAX_DECISIONS + 1 if known else MAX_DECISIONS
    starts, masses = np.empty(room, np.uint32), np.empty(room, np.uint32)
    past, ends = np.zeros_like(flat), np.empty(flat.size, np.int64)
    spare = np.append(words, np.uint32(0))
    holes = np.zeros(flat.size if scan.holes else 0, np.uint8)
    _, whole = _run(
        known, flat, past, holes, *tables, starts, masses, ends, spare, *_anew(shape, scan, recipe),
        flag(),
    )  # fmt: skip
    check()
    if scan.holes:
        past[holes > 0] = 0
    return past, bool(whole)


def _anew(shape: tuple[int, ...], scan: Scan, recipe: Recipe) -> tuple[Any, ...]:
    """Return what is passed to the kernel where nothing was learned before."""
    models = scan.states(shape)[0] + (COASTS if scan.holes else 0)
    state = new_state(recipe, models, max(recipe.orders), scan.grid, cells_of(prod(shape)))
    return (*state, np.zeros((0, 3)), False)


def _intervals(
    samples: Plane, scan: Scan, recipe: Recipe, largest: int
) -> tuple[Words, Words, npt.NDArray[np.int64]]:
    flat = samples.ravel()
    tables = tables_of(samples.shape, scan, recipe, largest)
    past, ends = np.empty_like(flat), np.empty(flat.size, np.int64)
    room = flat.size * (6 if largest < 1 << 10 else 10) + MAX_DECISIONS
    # Room for all that there may be costs little where there are few samples.
    room = max(room, min(flat.size * MAX_DECISIONS, _LITTLE_ROOM))
    none = np.zeros(1, np.uint32)
    recorded = -1
    while recorded < 0:
        starts, masses = np.empty(room, np.uint32), np.empty(room, np.uint32)
        past.fill(0)
        holes = np.zeros(flat.size if scan.holes else 0, np.uint8)
        room_made = starts, masses, ends, none
        learned = _anew(samples.shape, scan, recipe)
        recorded, _ = _run(flat.size, flat, past, holes, *tables, *room_made, *learned, flag())
        check()
        room *= 2
    return starts[:recorded], masses[:recorded], ends


def decode(words: Words, shape: tuple[int, ...], scan: Scan, recipe: Recipe, largest: int) -> Plane:
    """Return the samples that `encode` coded.

    Raises
    ------
    CorruptError
        If the words do not end with the last sample.
    """
    flat = np.zeros(prod(shape), np.int64)
    samples, whole = _decoded(flat, 0, shape, scan, recipe, largest, words)
    if not whole:
        raise CorruptError("the words of a causal plane do not end with its last sample")
    return samples.reshape(shape)


def tables_of(shape: tuple[int, ...], scan: Scan, recipe: Recipe, largest: int) -> tuple[Any, ...]:
    """Return the arguments of the kernel that follow from the shape and the parameters."""
    states, stride = scan.states(shape)
    most = max(recipe.orders) + 1
    # Errors are compared within a channel only.
    apart = tuple(
        1 << 20 if place == scan.channel else step for place, step in enumerate(scan.steps)
    )
    own = Scan(scan.axes, scan.channel, apart)
    offsets = np.stack(
        [
            np.concatenate(
                [
                    _same_channel_first(nearest(shape, scan, index, most), scan.channel),
                    nearest(shape, own, index, recipe.nearby),
                ]
            )
            for index in range(states)
        ]
    )
    strides = np.array([prod(shape[axis + 1 :]) for axis in range(len(shape))], np.int64)
    closeness = np.array([1.0 / (1.0 + DISTANCE_WEIGHT * i) for i in range(recipe.nearby)])
    return (
        np.array(shape, np.int64),
        largest,
        stride,
        states,
        offsets,
        (offsets * strides).sum(axis=2),
        margins(offsets),
        scan.grid,
        np.array(recipe.orders, np.int64),
        np.array([1.0 - 1.0 / memory for memory in recipe.memories]),
        closeness / sum(closeness.tolist()),
        recipe.settings,
        _filled(recipe.contexts),
        SQUASH,
        STRETCH,
        RING_WIDTHS,
    )


def _filled(contexts: tuple[tuple[int, ...], ...]) -> npt.NDArray[np.int64] | None:
    """Write contexts as rows of properties, filled up with -1; None where there are none."""
    if not contexts:
        return None
    rows = np.full((len(contexts), max(map(len, contexts))), -1, np.int64)
    for row, context in zip(rows, contexts, strict=True):
        row[: len(context)] = context
    return rows


def _same_channel_first(offsets: npt.NDArray[np.int64], channel: int) -> npt.NDArray[np.int64]:
    if channel < 0:
        return offsets
    first = int(np.argmax(offsets[:, channel] == 0))
    return np.concatenate([offsets[first : first + 1], offsets[:first], offsets[first + 1 :]])
