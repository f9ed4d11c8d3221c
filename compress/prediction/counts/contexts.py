"""Which contexts predict a symbol: recipes, made from the shape of a plane alone.

A recipe has a stable number, which stands in the stream; the decoder makes the same contexts
from the number and the shape.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import NamedTuple

__all__ = [
    "CHANNELS", "GRID", "MASK", "MAX_CHANNELS", "PLAIN", "RECIPES", "REPEATS", "SEQUENCE",
    "Recipe", "has_channels",
]  # fmt: skip

MAX_CHANNELS = 16
"""A last axis up to this long is a set of channels rather than a row."""

PLAIN, SEQUENCE, REPEATS, CHANNELS, GRID, MASK = 0, 1, 2, 4, 6, 8
"""Places in `RECIPES`; behind all but the first two stands the strong variant."""

Shape = tuple[int, ...]


class Recipe(NamedTuple):
    """What the coding kernel looks at.

    Attributes
    ----------
    hashed : tuple of tuples of int
        Exact contexts: the values at these lags.
    centres : tuple of tuples of (lag, coefficient)
        Numeric predictions; the coefficients of one sum to 2, so that halves are exact.
    relatives : tuple of (kind, centre, centre)
        Contexts of where a centre lies relative to a tree node. Kind 0: one centre, shared by
        the nodes of a size; 1: one centre, for each node; 2: two centres, shared by size.
    linear : tuple of int
        Lags that an adaptive linear prediction weighs; it is one more centre, the last.
    matches : tuple of int
        The least match length of each match model.
    phases : int
        The period of the position that tells contexts apart.
    second : bool
        Whether a second mixer, selected by how much the contexts have seen, is averaged in.
    """

    hashed: tuple[tuple[int, ...], ...]
    centres: tuple[tuple[tuple[int, int], ...], ...] = ()
    relatives: tuple[tuple[int, int, int], ...] = ()
    linear: tuple[int, ...] = ()
    matches: tuple[int, ...] = ()
    phases: int = 1
    second: bool = False


def has_channels(shape: Shape) -> bool:
    """Whether the last axis is a set of channels."""
    return len(shape) > 1 and 1 < shape[-1] <= MAX_CHANNELS


def _strides(shape: Shape) -> tuple[int, ...]:
    """Give the samples from one index to the next along each axis longer than 1."""
    return tuple(prod(shape[a + 1 :]) for a in range(len(shape)) if shape[a] > 1) or (1,)


def _nearest(shape: Shape, reach: int, count: int) -> tuple[int, ...]:
    """Lags of the nearest causal neighbours in the last three axes, the nearest first."""
    strides = _strides(shape)[-3:]
    if len(strides) == 1:
        return tuple(range(1, count + 1))
    found = []
    for offset in product(range(-reach, reach + 1), repeat=len(strides)):
        lag = sum(o * s for o, s in zip(offset, strides, strict=True))
        first = next((o for o in offset if o), 0)
        if first > 0 and lag > 0:
            found.append((sum(o * o for o in offset), lag))
    lags: list[int] = []
    for _, lag in sorted(found):
        if lag not in lags:
            lags.append(lag)
    return tuple(lags[:count])


def _plain(shape: Shape) -> Recipe:  # noqa: ARG001 - one signature for all recipes
    """Use no context: adaptive counts of the symbols."""
    return Recipe(hashed=())


def _sequence(shape: Shape) -> Recipe:  # noqa: ARG001
    """Use the last value exactly, and the last two as numbers."""
    return Recipe(
        hashed=((1,),),
        centres=(((1, 2),), ((2, 2),)),
        relatives=((0, 0, 0), (2, 0, 1)),
    )


def _repeats(shape: Shape) -> Recipe:
    """Use the last two values exactly as well, and longer repeats."""
    return _sequence(shape)._replace(hashed=((1,), (1, 2)), matches=(6,))


def _sequence_strong(shape: Shape) -> Recipe:  # noqa: ARG001
    """Use the last four values, exactly and as numbers, their means, and repeats."""
    return Recipe(
        hashed=((1,), (1, 2), (1, 2, 3), (2,), (1, 3)),
        centres=(
            ((1, 2),),
            ((2, 2),),
            ((1, 1), (2, 1)),
            ((3, 2),),
            ((1, 4), (2, -2)),
        ),
        relatives=((0, 0, 0), (2, 0, 1), (0, 2, 0), (1, 0, 0), (1, 2, 0), (2, 2, 3), (2, 0, 4)),
        matches=(4, 12),
        second=True,
    )


def _channels(shape: Shape) -> Recipe:
    """Use the same channel one back, and the channels before in this position."""
    c = shape[-1]
    return Recipe(
        hashed=((1,), (c,), (1, 2) if c > 2 else (1, c)),
        centres=(((c, 2),), ((1, 2),), ((2, 2),)),
        relatives=((0, 0, 0), (2, 1, 2), (2, 0, 1), (0, 3, 0)),
        linear=tuple(sorted({1, 2, c})),
        phases=c,
    )


def _channels_strong(shape: Shape) -> Recipe:
    """Use more of the same, with the change of the channel before as a gradient."""
    c = shape[-1]
    return Recipe(
        hashed=((1,), (1, 2), (1, 2, 3), (c,), (c, 2 * c), (1, c)),
        centres=(
            ((c, 2),),
            ((1, 2),),
            ((2, 2),),
            ((1, 2), (c, 2), (c + 1, -2)),
            ((c, 1), (2 * c, 1)),
            ((c, 1), (1, 1)),
        ),
        relatives=(
            (0, 0, 0),
            (2, 1, 2),
            (2, 0, 1),
            (0, 3, 0),
            (2, 1, 3),
            (2, 1, 4),
            (1, 5, 0),
            (0, 6, 0),
            (2, 6, 0),
            (1, 6, 0),
        ),
        linear=tuple(sorted({1, 2, 3, c, c + 1, 2 * c})),
        matches=(2 * c,),
        phases=c,
        second=True,
    )


def _gradient(shape: Shape) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Give left, above, left + above - above-left, and above-right, as centres."""
    strides = _strides(shape)
    x, y = strides[-1], strides[-2] if len(strides) > 1 else 2
    left, above = ((x, 2),), ((y, 2),)
    return left, above, ((x, 2), (y, 2), (x + y, -2)), ((max(y - x, 1), 2),)


def _grid(shape: Shape) -> Recipe:
    """Use the two to four nearest samples, exactly and as numbers."""
    near = _nearest(shape, 2, 4)
    return Recipe(
        hashed=(near[:2], near[:4]),
        centres=_gradient(shape),
        relatives=((0, 2, 0), (2, 0, 1)),
    )


def _grid_strong(shape: Shape) -> Recipe:
    """Use neighbourhoods of one to ten samples, exactly and as numbers."""
    near = _nearest(shape, 3, 10)
    return Recipe(
        hashed=(near[:1], near[:2], near[:3], near[:4], near[:6], near[:10]),
        centres=_gradient(shape),
        relatives=((0, 2, 0), (2, 0, 1), (2, 1, 3), (2, 0, 2), (2, 2, 3), (1, 2, 0), (0, 4, 0)),
        linear=near[:6],
        second=True,
    )


def _mask(shape: Shape) -> Recipe:
    """Use neighbourhoods of four to sixteen samples of a plane of two symbols."""
    near = _nearest(shape, 3, 16)
    return Recipe(hashed=(near[:4], near[:10], near[:16]))


def _mask_strong(shape: Shape) -> Recipe:
    """Use neighbourhoods of four to thirty-six samples of a plane of two symbols."""
    near = _nearest(shape, 5, 36)
    sizes = (4, 8, 12, 16, 22, 28, 36)
    return Recipe(hashed=tuple(near[:size] for size in sizes), second=True)


RECIPES: tuple[Callable[[Shape], Recipe], ...] = (
    _plain,
    _sequence,
    _repeats,
    _sequence_strong,
    _channels,
    _channels_strong,
    _grid,
    _grid_strong,
    _mask,
    _mask_strong,
)
"""Recipe by its number in the stream; each takes the shape."""
