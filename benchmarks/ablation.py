"""What each feature of the causal model is worth: bits per sample without it.

``python -m benchmarks.ablation [samples] [level]`` prints the bits of the recipe that a level (8)
chooses and for each feature by how many per cent they grow without it, where it pays most; then,
for each array, what it costs that its recipe was chosen on the other arrays (leave one out).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.arrays import load
from benchmarks.errors import MissingArrayError
from compress.prediction import causal
from compress.prediction.causal import coding
from compress.prediction.causal.recipes import ELEVEN, RECIPES, Recipe
from compress.prediction.common.scan import Scan, arrange

Plane = npt.NDArray[np.int64]
Variant = Callable[[Recipe, Scan], tuple[Recipe, Scan]]

ARRAYS = (
    "camera", "coins", "moon", "m13", "brick", "gravel", "grass", "mr", "chelsea", "astronaut",
    "ihc", "example4d", "ecg", "speech", "seismic", "climate", "ocean", "jacksboro", "eurusd_close",
)  # fmt: skip
# What each of `ELEVEN` knows of, in their order.
_KNOWN = (
    "the value", "the value and two neighbours", "four neighbours", "two along the fastest axis",
    "two along the next axis", "parity and two neighbours", "parity and six neighbours, roughly",
    "the signs of four errors", "the phase", "the sides of twelve neighbours",
    "levels of two neighbours and errors",
)  # fmt: skip
# A feature that pays less than this everywhere is not worth its code.
_PAYS = 0.0002


def _only(index: int) -> Variant:
    def change(recipe: Recipe, scan: Scan) -> tuple[Recipe, Scan]:
        kept = min(index, len(recipe.orders) - 1)
        alone = replace(recipe, orders=(recipe.orders[kept],), memories=(recipe.memories[kept],))
        return alone, scan

    return change


def _without(**settings: object) -> Variant:
    return lambda recipe, scan: (replace(recipe, **settings), scan)  # type: ignore[arg-type]


def _no_context(index: int) -> Variant:
    def change(recipe: Recipe, scan: Scan) -> tuple[Recipe, Scan]:
        kept = recipe.contexts[:index] + recipe.contexts[index + 1 :]
        return replace(recipe, contexts=kept), scan

    return change


def _no_scan(recipe: Recipe, scan: Scan) -> tuple[Recipe, Scan]:
    axes = tuple(range(len(scan.axes)))
    return recipe, Scan(axes, -1, (2,) * len(axes), scan.grid, scan.holes)


VARIANTS: dict[str, Variant] = {
    "all but the shortest expert": _only(0),
    "all but a middle expert": _only(2),
    "all but the longest expert": _only(9),
    "average by precision": _without(sharpness=0.0),
    "regression on all experts": _without(stacking=0.0),
    "noisy samples teach less": _without(heed=0.0),
    "scale: texture": _without(textures=1),
    "scale: more than 4 errors": _without(nearby=4),
    "learned mix": _without(learn=0.0),
    "refinement": _without(trust=0.0),
    "refinement: phase": _without(phase=0.0),
    "residues: warp": _without(warp=False),
    "residues: grid": lambda recipe, scan: (recipe, replace(scan, grid=1)),
    "scan: order of axes": _no_scan,
    "scan: steps": lambda recipe, scan: (recipe, replace(scan, steps=(2,) * len(scan.steps))),
    "contexts: all": _without(contexts=()),
    **{
        f"context: {name}": _no_context(k)
        for k, name in zip(range(len(ELEVEN)), _KNOWN, strict=True)
    },
}


def as_plane(array: npt.NDArray[np.generic]) -> Plane:
    """Map to integers in the order of the samples: floats by their bits, prices by 1e-5."""
    if array.dtype == np.float64:
        return np.rint(np.asarray(array, np.float64) * 1e5).astype(np.int64)
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
        if name == "moon":
            # Every pixel is doubled, which transforms see.
            array = array[::2, ::2]
            rows, start = len(array), 0
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


def main(longest: int = 40_000, level: int = 8) -> None:
    """Print the tables, for as many samples of an array, and the recipe that a level chooses."""
    names: list[str] = []
    costs: list[list[float]] = []
    recipes: list[list[float]] = []
    for name, plane in planes(longest):
        parameters = causal.propose(plane, level)
        assert parameters is not None
        n = plane.ndim
        scan = Scan(
            parameters[1 : n + 1], parameters[n + 1] - 1, parameters[n + 2 : -2], *parameters[-2:]
        )
        recipe = RECIPES[parameters[0]]
        whole = bits(plane, recipe, scan)
        without = [bits(plane, *change(recipe, scan)) for change in VARIANTS.values()]
        costs.append([size / whole - 1.0 for size in without])
        print(f"{name:14}{whole:10.4f} bits", *(f"{cost:+.2%}" for cost in costs[-1]), flush=True)
        names.append(name)
        recipes.append([bits(plane, other, scan) for other in RECIPES.values()])
    print("\n| without | costs most | on | on average |\n|---|---:|---|---:|")
    for feature, row in zip(VARIANTS, np.array(costs).T, strict=True):
        verdict = names[int(row.argmax())] if row.max() > _PAYS else "pays nowhere"
        print(f"| {feature} | {row.max():.2%} | {verdict} | {row.mean():.2%} |")
    leave_one_out(names, np.array(recipes))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
