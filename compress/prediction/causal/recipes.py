"""What each level of the causal model computes: its experts and their settings.

A recipe's number is written into the stream; its content is part of the format. The settings
were chosen on all benchmark arrays together.
"""

from __future__ import annotations

from dataclasses import dataclass

from compress.prediction.causal.contexts import (
    ERRORS,
    LEVELS,
    N0,
    N1,
    N2,
    N3,
    N4,
    N5,
    OCTAVE,
    PATTERN,
    PHASE,
    PLACE,
    PREDICTION,
    SIDES,
)
from compress.prediction.causal.format import Settings

__all__ = ["ELEVEN", "RECIPES", "Recipe", "recipes_of"]

# Contexts of recipes 5 to 8, by their properties. Others get a tuple of their own: these are in
# streams.
ELEVEN = (
    (PREDICTION,),
    (PREDICTION, N0, N1),
    (N0, N1, N2, N3),
    (N0, N4),
    (N1, N5),
    (PLACE, N0, N1),
    (PLACE, PATTERN, OCTAVE),
    (ERRORS, OCTAVE),
    (PHASE, OCTAVE),
    (SIDES, OCTAVE),
    (LEVELS,),
)


@dataclass(frozen=True)
class Recipe:
    """Experts and settings of the causal kernel.

    Parameters
    ----------
    orders : tuple of int
        Of each recursive least squares expert, multiples of four.
    memories : tuple of int
        Of each, in samples: it forgets by one part in so many a sample.
    nearby : int
        How many neighbours' errors set the scale.
    learn : float
        Rate of learning of the mixer: the fewer inputs, the faster.
    trust : float
        Weight of the refined probabilities.
    contexts : tuple of tuples of int
        Properties that are counted together; see `compress.prediction.causal.contexts`.
    textures : int
        Classes of the texture nearby, on which the second scale of each expert depends.
    sharpness : float
        How much the average of several experts follows those that were right; 0 is equal weights.
    stacking : float
        Weight of the regression of several experts' predictions beside that average.
    heed : float
        How much less samples in noisy surroundings teach the experts.
    phase : float
        On a grid, the part of the refinement that depends on the prediction's phase; nothing where
        contexts do.
    warp : bool
        Whether residues that are rare get little room.
    """

    orders: tuple[int, ...]
    memories: tuple[int, ...]
    nearby: int
    learn: float
    trust: float
    contexts: tuple[tuple[int, ...], ...] = ()
    textures: int = 9
    sharpness: float = 1.0
    stacking: float = 1.0
    heed: float = 1.0
    phase: float = 0.5
    warp: bool = True

    @property
    def settings(self) -> Settings:
        """What the kernel is told."""
        return Settings(
            self.learn, self.trust, self.textures, self.sharpness, self.stacking, self.heed,
            self.phase, self.warp,
        )  # fmt: skip


RECIPES = {
    0: Recipe((8,), (300,), 8, 0.015, 0.6),
    1: Recipe((16,), (400,), 8, 0.015, 0.6),
    2: Recipe((28,), (500,), 8, 0.015, 0.6),
    3: Recipe((8, 16), (100, 400), 8, 0.006, 0.6),
    4: Recipe((12, 32), (100, 600), 8, 0.006, 0.6),
    5: Recipe((8, 20, 32), (60, 300, 1500), 8, 0.004, 0.4, ELEVEN, phase=0.0),
    6: Recipe((4, 12, 20, 32), (50, 150, 500, 2000), 10, 0.003, 0.4, ELEVEN, phase=0.0),
    7: Recipe((16, 16, 32, 32, 64), (60, 150, 300, 1000, 3000), 14, 0.003, 0.4, ELEVEN, phase=0.0),
    8: Recipe(
        (4, 8, 16, 16, 32, 32, 64, 64, 96),
        (40, 40, 80, 200, 300, 1000, 800, 3000, 6000),
        14,
        0.002,
        0.4,
        ELEVEN,
        phase=0.0,
    ),
}
# From the cheapest to the dearest; each must be worth its time on a trial. What level 9 adds learns
# for longer than a trial: it is compared with the choice of level 8 on the whole plane.
_LEVELS = {4: (0,), 5: (0, 1, 2), 6: (3, 4), 7: (5,), 8: (6, 7), 9: (8,)}


def recipes_of(level: int) -> tuple[int, ...]:
    """Return the recipes that a level chooses from; 4 stands for a quick look."""
    return _LEVELS[min(level, 9)]
