"""Recipes of the plane model `counts`: which contexts there are."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import NamedTuple

__all__ = ["Recipe", "recipe_of"]

Lags = tuple[int, ...]
# Factors and lags that are summed.
Centre = tuple[tuple[int, int], ...]


class Recipe(NamedTuple):
    """Contexts of a plane."""

    hashed: tuple[Lags, ...] = ()
    centres: tuple[Centre, ...] = ()
    relatives: tuple[tuple[int, int, int], ...] = ()
    linear: Lags = ()
    matches: Lags = ()
    phases: int = 1
    strong: bool = False


def _strides(shape: tuple[int, ...]) -> list[int]:
    found = [prod(shape[axis + 1 :]) for axis, size in enumerate(shape) if size > 1]
    return found or [1]


def _near(strides: list[int], reach: int, count: int) -> Lags:
    strides = strides[-3:]
    if len(strides) == 1:
        return tuple(range(1, count + 1))
    found = []
    for offset in product(range(-reach, reach + 1), repeat=len(strides)):
        lag = sum(o * stride for o, stride in zip(offset, strides, strict=True))
        if next((o for o in offset if o), 0) > 0 and lag > 0:
            found.append((sum(o * o for o in offset), lag))
    return tuple(dict.fromkeys(lag for _, lag in sorted(found)))[:count]


def recipe_of(number: int, shape: tuple[int, ...]) -> Recipe:
    """Contexts by a recipe's number and the shape of the plane."""
    strides = _strides(shape)
    x, y = strides[-1], strides[-2] if len(strides) > 1 else 2
    c = shape[-1] if shape else 1
    twice = ((2, 1),), ((2, 2),)
    plain = (0, 0, 0), (2, 0, 1)
    if number == 0:
        return Recipe()
    if number == 1:
        return Recipe(((1,),), twice, plain)
    if number == 2:
        return Recipe(((1,), (1, 2)), twice, plain, matches=(6,))
    if number == 3:
        centres = (*twice, ((1, 1), (1, 2)), ((2, 3),), ((4, 1), (-2, 2)))
        relatives = (*plain, (0, 2, 0), (1, 0, 0), (1, 2, 0), (2, 2, 3), (2, 0, 4))
        hashed = ((1,), (1, 2), (1, 2, 3), (2,), (1, 3))
        return Recipe(hashed, centres, relatives, matches=(4, 12), strong=True)
    above = ((2, c),), *twice
    if number == 4:
        hashed = ((1,), (c,), (1, 2) if c > 2 else (1, c))
        relatives = (0, 0, 0), (2, 1, 2), (2, 0, 1), (0, 3, 0)
        return Recipe(hashed, above, relatives, tuple(sorted({1, 2, c})), phases=c)
    if number == 5:
        hashed = ((1,), (1, 2), (1, 2, 3), (c,), (c, 2 * c), (1, c))
        centres = (
            *above, ((2, 1), (2, c), (-2, c + 1)), ((1, c), (1, 2 * c)), ((1, c), (1, 1)),
        )  # fmt: skip
        relatives = (
            (0, 0, 0), (2, 1, 2), (2, 0, 1), (0, 3, 0), (2, 1, 3), (2, 1, 4), (1, 5, 0),
            (0, 6, 0), (2, 6, 0), (1, 6, 0),
        )  # fmt: skip
        linear = tuple(sorted({1, 2, 3, c, c + 1, 2 * c}))
        return Recipe(hashed, centres, relatives, linear, (2 * c,), c, True)
    gradient = ((2, x),), ((2, y),), ((2, x), (2, y), (-2, x + y)), ((2, max(y - x, 1)),)
    if number == 6:
        lags = _near(strides, 2, 4)
        return Recipe((lags[:2], lags[:4]), gradient, ((0, 2, 0), (2, 0, 1)))
    if number == 7:
        lags = _near(strides, 3, 10)
        hashed = tuple(lags[:k] for k in (1, 2, 3, 4, 6, 10))
        relatives = (
            (0, 2, 0), (2, 0, 1), (2, 1, 3), (2, 0, 2), (2, 2, 3), (1, 2, 0), (0, 4, 0),
        )  # fmt: skip
        linear = tuple(sorted(set(lags[:6])))
        return Recipe(hashed, gradient, relatives, linear, strong=True)
    if number == 8:
        lags = _near(strides, 3, 16)
        return Recipe(tuple(lags[:k] for k in (4, 10, 16)))
    lags = _near(strides, 5, 36)
    return Recipe(tuple(lags[:k] for k in (4, 8, 12, 16, 22, 28, 36)), strong=True)
