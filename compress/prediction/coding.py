"""Samples in scan order to words and back: sets the kernel's tables up and runs it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.prediction import kernel
from compress.prediction.links import SQUASH, STRETCH
from compress.prediction.model import Plane
from compress.prediction.neighbourhood import Scan, margins, nearest
from compress.prediction.recipes import Recipe

__all__ = ["decode", "encode"]

_run: Any = kernel.run
Words = npt.NDArray[np.uint32]
# Widths of the rings of decisions around the prediction, in units of the expected error.
_RINGS = np.array(
    [0.35, 0.35, 0.4, 0.5, 0.6, 0.8, 1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 22, 32, 45, 64, 90, 128]
)


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
    flat = samples.ravel()
    tables = _tables(samples.shape, scan, recipe, largest)
    past = np.empty_like(flat)
    room = flat.size * (6 if largest < 1 << 10 else 10) + kernel.MOST_DECISIONS
    recorded = -1
    while recorded < 0:
        starts, masses = np.empty(room, np.uint32), np.empty(room, np.uint32)
        past.fill(0)
        recorded, _ = _run(False, flat, past, *tables, starts, masses, np.zeros(1, np.uint32))
        room *= 2
    words = np.empty(recorded + 3, np.uint32)
    return words[: int(kernel.stack(starts[:recorded], masses[:recorded], words))]


def decode(words: Words, shape: tuple[int, ...], scan: Scan, recipe: Recipe, largest: int) -> Plane:
    """Return the samples that `encode` coded.

    Raises
    ------
    CorruptError
        If the words do not end with the last sample.
    """
    samples = np.zeros(prod(shape), np.int64)
    tables = _tables(shape, scan, recipe, largest)
    unused = np.zeros(1, np.uint32)
    _, whole = _run(True, samples, samples, *tables, unused, unused, np.append(words, np.uint32(0)))
    if not whole:
        raise CorruptError("the words of a causal plane do not end with its last sample")
    return samples.reshape(shape)


def _tables(shape: tuple[int, ...], scan: Scan, recipe: Recipe, largest: int) -> tuple[Any, ...]:
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
    closeness = np.array([1.0 / (1.0 + 0.5 * i) for i in range(recipe.nearby)])
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
        np.array([recipe.learn, 100.0, recipe.trust_signs, recipe.trust_phase]),
        SQUASH,
        STRETCH,
        _RINGS,
    )


def _same_channel_first(offsets: npt.NDArray[np.int64], channel: int) -> npt.NDArray[np.int64]:
    if channel < 0:
        return offsets
    first = int(np.argmax(offsets[:, channel] == 0))
    return np.concatenate([offsets[first : first + 1], offsets[:first], offsets[first + 1 :]])
