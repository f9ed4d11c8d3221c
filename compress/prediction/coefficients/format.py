"""Constants of the coefficient model's format: a stream decodes with these and no others."""

from __future__ import annotations

import numpy as np

__all__ = [
    "BIAS", "CLASSES", "CONTEXTS", "CONTEXT_WEIGHT", "EXPERTS", "FEATURES", "FORGETTING",
    "LEARN", "MAX_COEFFICIENT", "MAX_DECISIONS", "MIN_MASS",
    "RINGS", "SIDE", "SIZE", "ZIGZAG", "ZONES",
]  # fmt: skip

# Coefficients of a block, by vertical and horizontal frequency.
SIDE = 8
SIZE = SIDE * SIDE
# The order in which a block is coded: by rising frequency.
ZIGZAG = np.array(
    sorted(
        range(SIZE),
        key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8),
    ),
    np.int64,
)
# Larger ones are not coded by this model.
MAX_COEFFICIENT = 1 << 20
# Magnitudes are found by steps to these, then by halving.
RINGS = np.array(
    [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128]
    + [1 << i for i in range(8, 22)],
    np.int64,
)
# No coefficient takes more of them: zero, sign, the rings, and halving the last.
MAX_DECISIONS = 64
# No probability below 128 / 2**24.
MIN_MASS = 128
# ---- experts
# Coefficients that predict one, a multiple of four: 8 of the block to the left, 8 of the one above,
# 8 of the same block, 4 further off.
FEATURES = 28
# What the regressions keep of the past a block.
FORGETTING = 0.998
# Distributions around the prediction: by the errors nearby, by the magnitudes in the same block.
EXPERTS = 2
# Bands of frequency that share scales and mixers, and classes of the size that is expected.
ZONES = 15
CLASSES = 48
BIAS = 0.3
# How fast the weights that mix distributions learn.
LEARN = 0.006
# ---- contexts
CONTEXTS = 4
# What the first weights of all contexts sum to.
CONTEXT_WEIGHT = 0.3
