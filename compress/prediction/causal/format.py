"""Constants of the causal model's format: a stream decodes with these and no others.

They were chosen on all benchmark arrays together (``benchmarks/ablation.py`` tells what each part
of the model is worth). A change of any is a change of the stream format.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# ---- shapes
MAX_CHANNELS = 64
MAX_GRID = 32

# ---- decisions
# No sample takes more of them: the rings double until they leave 61 bits, then halve.
MAX_DECISIONS = 192
# No probability below 128 / 2**24.
MIN_MASS = 128
# Where a decision stands (`compress.prediction.common.cells.NODES`): side, 12 rings a side, 3
# halvings of 6 rings a side.
RINGS = 12
HALVINGS = 3
HALVED_RINGS = 6
# Widths of the rings of decisions around the prediction, in units of the expected error; behind
# the last they double.
RING_WIDTHS = np.array(
    [0.35, 0.35, 0.4, 0.5, 0.6, 0.8, 1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 22, 32, 45, 64, 90, 128]
)
# Bounds that are so many scales away are as good as infinite.
FAR = 64.0

# ---- experts
# The precision of an expert is 1 / (squared error nearby, less than this added).
LEAST_SQUARE = 0.01
# Variance by which a sample teaches an expert, where the errors nearby are 0.
LEAST_VARIANCE = 0.1
# Of a sample that teaches nothing.
NO_LESSON = 1e100
# What the regression of the experts' predictions keeps of the past a sample.
STACK_FORGETTING = 0.998
# Weight of the error of the i-th nearest neighbour: 1 / (1 + i / 2), before they are made to sum
# to 1.
DISTANCE_WEIGHT = 0.5

# ---- scales
# Scales by which each expert is coded: by the errors nearby, and by these and the texture.
VIEWS = 2
# Scale classes: 4 to the octave of the errors nearby, from 2**-4 on; 31 half octaves times 9
# textures.
CLASSES = 280
CLASS_OFFSET = 0.0625
CLASS_SHIFT = 50
FIRST_CLASS = (1023 - 4) << 2
TEXTURES = 9
# Neighbours whose differences are the texture.
TEXTURE_NEIGHBOURS = 6
# The longest memory of a class, in samples.
CLASS_MEMORY = 100.0
# What is added to the errors nearby where a class was not seen yet.
FIRST_SCALE = 0.3
# A scale is made so much wider, by a factor and a summand: errors of few samples are too small.
SCALE_FACTOR = 1.1
SCALE_SUMMAND = 0.02

# ---- mixing and refinement
# The last input of each mixer.
BIAS = 0.3
# What the first weights of all contexts sum to.
CONTEXT_WEIGHT = 0.3
# Contexts of a node: octaves of the scale; signs of four neighbours; octave and phase.
OCTAVES = 16
SIGN_NEIGHBOURS = 4
SIGNS = 1 << SIGN_NEIGHBOURS
PHASE_STEPS = 8
PHASE_OCTAVES = 8
PHASES = PHASE_OCTAVES * PHASE_STEPS
# Logits of the refinement in steps of 1/2 from -8 to 8.
BINS = 33
MIDDLE_BIN = 16
REFINE_RATE = 0.02
# Beyond this place, so that there is a bin above it.
LAST_PLACE = BINS - 1.001

# ---- residues
# Residues are halved when so many are counted.
MOST_RESIDUES = 4000.0


class Settings(NamedTuple):
    """The numbers of a `compress.prediction.causal.recipes.Recipe` that the kernel takes."""

    learn: float
    trust: float
    textures: int
    sharpness: float
    stacking: float
    heed: float
    phase: float
    warp: bool
