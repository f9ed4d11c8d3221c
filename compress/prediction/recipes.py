"""What each level of the causal model computes: its experts and their settings.

A recipe's number is written into the stream; its content is part of the format. The settings
were chosen on all benchmark arrays together.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RECIPES", "Recipe", "recipe_of"]


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
    """

    orders: tuple[int, ...]
    memories: tuple[int, ...]
    nearby: int


RECIPES = {
    0: Recipe((8,), (500,), 8),
    1: Recipe((8, 16), (150, 800), 8),
    2: Recipe((4, 12, 24), (100, 400, 1200), 8),
    3: Recipe((4, 12, 20, 32), (80, 250, 500, 2000), 8),
}
_LEVELS = {5: 0, 6: 1, 7: 2}


def recipe_of(level: int) -> int:
    """Return the recipe for a level from 5 on."""
    return _LEVELS.get(level, 3)
