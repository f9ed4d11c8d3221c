"""What the causal kernel has learned, in two arrays: what changes fast, and what changes slowly.

The first holds the experts and what is known of outliers and residues; a few samples change it. The
second holds the scales and the tables of the mixers. A message of few samples copies the first and
leaves the second as it is, for copying it would take longer than coding the message.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.causal.contexts import BUCKETS
from compress.prediction.causal.format import (
    BINS,
    CLASSES,
    NODES,
    OCTAVES,
    PHASES,
    SIGNS,
)
from compress.prediction.causal.outliers import KEPT, record
from compress.prediction.causal.start import context_mixers, even_mixers, refinements
from compress.prediction.common.rls import reset

__all__ = ["agile_part", "begin", "resumed", "sizes", "slow_part"]

Floats = npt.NDArray[np.float64]


@kernel(error_model="numpy")
def sizes(
    models: int, recursive: int, features: int, width: int, inputs: int, grid: int, phases: bool,
    contexts: int,
) -> tuple[int, int]:  # fmt: skip
    """Return how many numbers both arrays have.

    Parameters
    ----------
    models : int
        Channels, and those at holes.
    recursive, features, width, inputs : int
        Experts, neighbours that predict, and the width of the regression of experts; inputs of a
        mixer.
    grid : int
    phases : bool
        Whether the phase of the prediction refines.
    contexts : int
    """
    agile = models * (recursive * features * (features + 1) + width * (width + 1) + 2 * grid + KEPT)
    slow = 2 * models * inputs * CLASSES + (NODES * OCTAVES + NODES) * (inputs + 1)
    slow += (NODES * SIGNS + (NODES * PHASES if phases else 1)) * BINS
    slow += NODES * OCTAVES * (contexts + 1) + contexts * NODES * BUCKETS
    return agile, slow


@kernel(error_model="numpy")
def agile_part(
    flat: Floats, models: int, recursive: int, features: int, width: int, grid: int
) -> Any:
    """Return views of what changes fast.

    Of the experts the inverse covariances and the weights; of their regression the same; residues
    and warp; what is kept of outliers.
    """
    rows = models * recursive
    a = rows * features * features
    b = a + rows * features
    c = b + models * width * width
    d = c + models * width
    e = d + models * grid
    f = e + models * grid
    return (
        flat[:a].reshape((rows, features, features)),
        flat[a:b].reshape((rows, features)),
        flat[b:c].reshape((models, width, width)),
        flat[c:d].reshape((models, width)),
        flat[d:e].reshape((models, grid)),
        flat[e:f].reshape((models, grid)),
        flat[f : f + models * KEPT].reshape((models, KEPT)),
    )


@kernel(error_model="numpy")
def slow_part(flat: Floats, models: int, inputs: int, phases: bool, contexts: int) -> Any:
    """Return views of what changes slowly.

    Scales and how often they were seen; mixers by octave and by node; refinements by signs and by
    phase; mixers of the contexts and how far their cells are trusted.
    """
    a = models * inputs * CLASSES
    b = 2 * a
    c = b + NODES * OCTAVES * (inputs + 1)
    d = c + NODES * (inputs + 1)
    e = d + NODES * SIGNS * BINS
    rows = NODES * PHASES if phases else 1
    f = e + rows * BINS
    g = f + NODES * OCTAVES * (contexts + 1)
    return (
        flat[:a].reshape((models * inputs, CLASSES)),
        flat[a:b].reshape((models * inputs, CLASSES)),
        flat[b:c].reshape((NODES * OCTAVES, inputs + 1)),
        flat[c:d].reshape((NODES, inputs + 1)),
        flat[d:e].reshape((NODES * SIGNS, BINS)),
        flat[e:f].reshape((rows, BINS)),
        flat[f:g].reshape((NODES * OCTAVES, contexts + 1)),
        flat[g : g + contexts * NODES * BUCKETS],
    )


@kernel("void(f8[::1], f8[::1], i8, i8, i8, i8, i8, i8, b1, i8, const(f8[::1]))",
        error_model="numpy")  # fmt: skip
def begin(
    agile: Floats, slow: Floats, models: int, recursive: int, features: int, width: int,
    inputs: int, grid: int, phases: bool, contexts: int, squashes: Floats,
) -> None:  # fmt: skip
    """Fill both arrays, all zeros so far, with what is there before anything is learned."""
    inverse, _, inverse_stack, _, residues, _, kept = agile_part(
        agile, models, recursive, features, width, grid
    )
    for i in range(models * recursive):
        reset(inverse, i, features)
    for i in range(models):
        reset(inverse_stack, i, width)
    residues[:] = 1.0
    kept[:] = record(models)
    _, _, octaves, nodes, signs, phase, cells, _ = slow_part(slow, models, inputs, phases, contexts)
    octaves[:] = even_mixers(NODES * OCTAVES, inputs)
    nodes[:] = even_mixers(NODES, inputs)
    signs[:] = refinements(NODES * SIGNS, squashes)
    phase[:] = refinements(len(phase), squashes)
    if contexts > 0:
        cells[:] = context_mixers(NODES * OCTAVES, contexts)


@kernel(error_model="numpy")
def resumed(
    agile: Floats, slow: Floats, models: int, recursive: int, features: int, width: int,
    inputs: int, grid: int, phases: bool, contexts: int, squashes: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return both arrays, or new ones where they have no elements."""
    if len(slow) == 0:
        n_agile, n_slow = sizes(models, recursive, features, width, inputs, grid, phases, contexts)
        agile, slow = np.zeros(n_agile), np.zeros(n_slow)
        begin(
            agile, slow, models, recursive, features, width, inputs, grid, phases, contexts,
            squashes,
        )  # fmt: skip
    return agile, slow
