"""What the causal kernel has learned: what changes fast, and what changes slowly.

The experts, and what is known of residues and outliers, change with a few samples; the scales and
the tables of the mixers do not. A message of few samples copies the former and leaves the latter as
they are, for copying them would take longer than coding the message.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.causal.format import (
    BINS,
    CLASSES,
    CONTEXT_WEIGHT,
    MIDDLE_BIN,
    OCTAVES,
    PHASES,
    SIGNS,
    VIEWS,
)
from compress.prediction.causal.outliers import FIRST, KEPT
from compress.prediction.causal.recipes import Recipe
from compress.prediction.common.cells import BUCKETS, NODES
from compress.prediction.common.logistic import SQUASH, squash

__all__ = ["STATE", "State", "new_state"]

Floats = npt.NDArray[np.float64]

STATE = "f8[:, :, ::1], f8[:, ::1], f8[:, :, ::1], " + "f8[:, ::1], " * 11 + "f8[::1], i8[::1]"
"""Types of a `State`, as signatures of kernels name them."""


class State(NamedTuple):
    """What is learned while samples are coded; the first seven change fast.

    Attributes
    ----------
    inverse, weights : float64, (models * experts, features, features) and (..., features)
        Of the recursive least squares; there is a model for each channel, and for coasts.
    inverse_stack, weights_stack : float64, (models, width, width) and (models, width)
        Of the regression of the experts.
    residues, warp : float64, (models, grid)
    kept : float64, (models, KEPT)
        What is known of outliers.
    scales, counts : float64, (models * inputs, CLASSES)
        Scales by class, and how often each was seen.
    mix_octave, mix_node : float64, (..., inputs + 1)
        Mixers by node and octave, and by node.
    refine_signs, refine_phase : float64, (..., BINS)
        Refinements by node and signs, and by node and phase.
    mix_cells : float64, (NODES * OCTAVES, contexts + 1)
    trust_cells : float64, (contexts * NODES * BUCKETS,)
    cells : int64, (2**bits,)
        Of the contexts; one where there are none.
    """

    inverse: Floats
    weights: Floats
    inverse_stack: Floats
    weights_stack: Floats
    residues: Floats
    warp: Floats
    kept: Floats
    scales: Floats
    counts: Floats
    mix_octave: Floats
    mix_node: Floats
    refine_signs: Floats
    refine_phase: Floats
    mix_cells: Floats
    trust_cells: Floats
    cells: npt.NDArray[np.int64]

    def copied(self) -> State:
        """Return a state of its own."""
        return State._make(array.copy() for array in self)


def new_state(recipe: Recipe, models: int, features: int, grid: int, bits: int) -> State:
    """Return what there is before anything is learned.

    Parameters
    ----------
    recipe : Recipe
    models : int
        Channels, and coasts where there are holes.
    features : int
        Neighbours that predict.
    grid : int
    bits : int
        Of the number of cells of contexts.
    """
    n = len(recipe.orders)
    inputs = VIEWS * (n + 2 if n > 1 else 1)
    width = (n + 3) // 4 * 4
    contexts = len(recipe.contexts)
    phases = NODES * PHASES if grid > 1 and recipe.phase * recipe.trust > 0.0 else 1
    state = State(
        np.zeros((models * n, features, features)),
        np.zeros((models * n, features)),
        np.zeros((models, width, width)),
        np.zeros((models, width)),
        np.ones((models, grid)),
        np.zeros((models, grid)),
        np.zeros((models, KEPT)),
        np.zeros((models * inputs, CLASSES)),
        np.zeros((models * inputs, CLASSES)),
        np.zeros((NODES * OCTAVES, inputs + 1)),
        np.zeros((NODES, inputs + 1)),
        np.empty((NODES * SIGNS, BINS)),
        np.empty((phases, BINS)),
        np.ones((NODES * OCTAVES, contexts + 1)),
        np.zeros(contexts * NODES * BUCKETS),
        np.zeros(1 << bits if contexts else 1, np.int64),
    )
    state.inverse[:, range(features), range(features)] = 1.0
    state.inverse_stack[:, range(width), range(width)] = 1.0
    state.kept[:] = FIRST
    # Mixers average their inputs, and their bias, the last weight, is 0.
    state.mix_octave[:, :inputs] = 1.0 / inputs
    state.mix_node[:, :inputs] = 1.0 / inputs
    # Those of contexts take the experts' logit, the last input, and little of each context.
    if contexts:
        state.mix_cells[:, :contexts] = CONTEXT_WEIGHT / contexts
    # Refinements leave every probability as it is, by bins of its logit.
    as_it_is = np.zeros(BINS)
    _squashed(as_it_is, SQUASH)
    state.refine_signs[:] = as_it_is
    state.refine_phase[:] = as_it_is
    return state


@kernel("void(f8[::1], const(f8[::1]))", error_model="numpy")
def _squashed(row: Floats, squashes: Floats) -> None:
    for j in range(len(row)):
        row[j] = squash((j - MIDDLE_BIN) * 0.5, squashes)
