"""What each feature of the causal model is worth: bits per sample without it.

``python -m benchmarks.ablation [samples]`` prints, for the arrays of the autoregressive issue,
the bits of the strongest recipe and of the same recipe with one feature off; then, for each
array, what it costs that its recipe was chosen on the other arrays (leave one out).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.arrays import load
from benchmarks.errors import MissingArrayError
from compress.prediction import causal, coding
from compress.prediction.neighbourhood import Scan, arrange
from compress.prediction.recipes import RECIPES, Recipe

Plane = npt.NDArray[np.int64]
Variant = Callable[[Recipe, Scan], tuple[Recipe, Scan]]

ARRAYS = (
    "camera", "astronaut", "example4d", "ecg", "speech", "seismic", "climate", "jacksboro",
    "eurusd_close",
)  # fmt: skip
_STRONGEST = 8


def _only(index: int) -> Variant:
    def change(recipe: Recipe, scan: Scan) -> tuple[Recipe, Scan]:
        kept = min(index, len(recipe.orders) - 1)
        alone = replace(recipe, orders=(recipe.orders[kept],), memories=(recipe.memories[kept],))
        return alone, scan

    return change


def _no_scan(recipe: Recipe, scan: Scan) -> tuple[Recipe, Scan]:
    axes = tuple(range(len(scan.axes)))
    return recipe, Scan(axes, -1, (2,) * len(axes), scan.grid)


VARIANTS: dict[str, Variant] = {
    "all": lambda recipe, scan: (recipe, scan),
    "shortest alone": _only(0),
    "middle alone": _only(2),
    "longest alone": _only(9),
    "no refinement": lambda recipe, scan: (replace(recipe, trust=0.0), scan),
    "no learned mix": lambda recipe, scan: (replace(recipe, learn=0.0), scan),
    "nearby 4": lambda recipe, scan: (replace(recipe, nearby=4), scan),
    "natural scan": _no_scan,
    "equal steps": lambda recipe, scan: (recipe, replace(scan, steps=(2,) * len(scan.steps))),
    "no grid": lambda recipe, scan: (recipe, replace(scan, grid=1)),
}


def as_plane(array: npt.NDArray[np.generic]) -> Plane:
    """Map to integers in the order of the samples: floats by their bits, prices by 1e-5."""
    if array.dtype == np.float64:
        return np.rint(array * 1e5).astype(np.int64)
    if array.dtype == np.float32:
        bits = array.view(np.int32).astype(np.int64)
        return np.where(bits < 0, -(2**31) - bits, bits)
    return array.astype(np.int64)


def planes(longest: int) -> Iterator[tuple[str, Plane]]:
    """Give the arrays that are installed, cut along their first axis."""
    for name in ARRAYS:
        try:
            array = load(name)
        except MissingArrayError:
            continue
        rows = max(1, longest // array[0].size)
        start = max(0, (len(array) - rows) // 2)
        plane = as_plane(np.ascontiguousarray(array[start : start + rows]))
        yield name, plane - plane.min()


def bits(plane: Plane, recipe: Recipe, scan: Scan) -> float:
    """Give bits per sample under a recipe and a scan."""
    samples = arrange(plane, scan)
    return float(coding.code_lengths(samples, scan, recipe, int(plane.max())).mean())


def leave_one_out(names: list[str], table: npt.NDArray[np.float64]) -> None:
    """Print, for each array, the recipe that is best on the others and what it costs here."""
    relative = table / table.min(axis=1, keepdims=True)
    print("\nleave one out: recipe chosen on the others, and its cost over the array's own best")
    for k, name in enumerate(names):
        chosen = int(np.delete(relative, k, axis=0).mean(axis=0).argmin())
        print(name.ljust(14), f"recipe {chosen}".rjust(12), f"{relative[k, chosen]:10.4f}")


def main(longest: int) -> None:
    """Print both tables, for as many samples of an array."""
    print("bits".ljust(14), *(name.rjust(14) for name in VARIANTS))
    names: list[str] = []
    recipes: list[list[float]] = []
    for name, plane in planes(longest):
        parameters = causal.propose(plane, _STRONGEST)
        assert parameters is not None
        n = plane.ndim
        scan = Scan(
            parameters[1 : n + 1], parameters[n + 1] - 1, parameters[n + 2 : -1], parameters[-1]
        )
        strongest = RECIPES[parameters[0]]
        row = [bits(plane, *change(strongest, scan)) for change in VARIANTS.values()]
        print(name.ljust(14), *(f"{value:14.4f}" for value in row), flush=True)
        names.append(name)
        recipes.append([bits(plane, recipe, scan) for recipe in RECIPES.values()])
    leave_one_out(names, np.array(recipes))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000)
