"""What each feature of the counting model is worth: bits per sample without it.

``python -m benchmarks.counts [samples]`` prints, for dictionary indexes, labels and masks, the
bits of the strong recipe and of the same recipe with one feature off; then, for each array, what
it costs that its features were chosen on the other arrays (leave one out).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.arrays import load
from benchmarks.errors import MissingArrayError
from compress.coders.recorded import decision_bits
from compress.prediction import counts
from compress.prediction.counts.contexts import RECIPES, Recipe

Plane = npt.NDArray[np.int64]

ARRAYS = (
    "sched_dep_time", "air_time", "dep_delay", "distance", "flight", "time_hour", "carat",
    "price", "depth", "xyz", "horse", "jacksboro",
)  # fmt: skip
MASKS = ("camera", "sea_months")
SLOT_BITS = 15


def _own(recipe: Recipe) -> Recipe:
    return Recipe(hashed=recipe.hashed[:1], phases=recipe.phases)


def _no_linear(recipe: Recipe) -> Recipe:
    last = len(recipe.centres)
    kept = tuple(row for row in recipe.relatives if last not in row[1:])
    return recipe._replace(linear=(), relatives=kept if recipe.linear else recipe.relatives)


def _no_numbers(recipe: Recipe) -> Recipe:
    return recipe._replace(relatives=(), centres=(), linear=())


VARIANTS: dict[str, Callable[[Recipe], Recipe]] = {
    "all": lambda recipe: recipe,
    "no second": lambda recipe: recipe._replace(second=False),
    "no match": lambda recipe: recipe._replace(matches=()),
    "no linear": _no_linear,
    "no numbers": _no_numbers,
    "no exact": lambda recipe: recipe._replace(hashed=recipe.hashed[:1]),
    "one context": _own,
}


def planes(longest: int) -> Iterator[tuple[str, Plane]]:
    """Give the arrays that are installed, as indexes of their sorted values."""
    for name in ARRAYS + MASKS:
        try:
            array = load(name)
        except MissingArrayError:
            continue
        row = max(1, array[0].size)
        array = array[: max(1, longest // row)]
        if name in MASKS:
            array = array > np.median(array)
            name = f"{name} mask"  # noqa: PLW2901 - a mask of it has a name of its own
        _, indexes = np.unique(array, return_inverse=True)
        if 1 <= indexes.max() < 1 << 16:
            yield name, indexes.reshape(array.shape).astype(np.int64)


def bits(plane: Plane, recipe: Recipe) -> float:
    """Give bits per sample under a recipe."""
    symbols = plane.reshape(-1).astype(np.int32)
    size = int(plane.max()) + 1
    _, masses = counts.decisions(symbols, size, recipe, SLOT_BITS, informed=False)
    return decision_bits(masses) / plane.size


def main(longest: int) -> None:
    """Print both tables, for as many samples of an array."""
    rows: dict[str, list[float]] = {}
    print("bits per sample".ljust(22), *(name.rjust(12) for name in VARIANTS))
    for name, plane in planes(longest):
        parameters = counts.propose(plane, 8)
        assert parameters is not None
        recipe = RECIPES[parameters[2]](plane.shape)
        rows[name] = [bits(plane, change(recipe)) for change in VARIANTS.values()]
        print(name.ljust(22), *(f"{value:12.4f}" for value in rows[name]), flush=True)
    table = np.array(list(rows.values()))
    relative = table / table.min(axis=1, keepdims=True)
    print("\nleave one out: features chosen on the others, and their cost over its own best")
    for k, name in enumerate(rows):
        chosen = int(np.delete(relative, k, axis=0).mean(axis=0).argmin())
        print(name.ljust(22), list(VARIANTS)[chosen].rjust(12), f"{relative[k, chosen]:12.4f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
