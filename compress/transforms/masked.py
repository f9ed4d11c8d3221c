"""Fill values and other special values of a plane, set apart as a mask.

A fill value (1e20, -9999, the largest int, NaN after `compress.transforms.ordered`) is far from
everything else and repeats; a background value is simply most of the array. Either way the
predictors of the rest should not see it, and where it lies is an image of its own.

Parameters: layout, then the special values (see `compress.transforms.special`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.transforms.sample import MAX_SPECIALS, Statistics, isolated_among, statistics_of
from compress.transforms.special import check_special, layouts, merge, set_apart
from compress.transforms.step import (
    STAGE_DIGITS,
    STAGE_HOLES,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_plane,
    is_plane,
)

CODE = 6
NAME = "masked"
BACKGROUND = 0.3
# Of a sample: one in 256. Among float64 of full mantissas the mask of rarer ones costs more than a
# fifth of what it saves.
ATOM = 16

TRAITS = Traits(
    STAGE_HOLES,
    estimable=False,
    variant=(0,),
    takes_narrow=True,
    encode_ns=5.0,
    held_bytes=44,
    decode_ns=6.0,
)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for repeated values far from the others, and for a background."""
    if array.size < 16:
        return
    flat = array.reshape(-1)
    seen = context.once(statistics_of, flat)
    specials = _rare_values(flat, seen)
    others = ~np.isin(seen.values, specials) if specials else np.ones(seen.values.size, np.bool_)
    frequent = _frequent_values(seen.values[others], seen.counts[others])
    specials += frequent[: MAX_SPECIALS - len(specials)]
    if specials:
        for layout in layouts(array.shape, np.isin(seen.sample, specials)):
            yield (layout, *specials)


def _rare_values(flat: Plane, seen: Statistics) -> list[int]:
    """Values far from all others, such as fill values."""
    # A rare one can escape a sample, but not the extremes; they count as often as they are.
    ends = np.array([seen.low, seen.high])
    values = np.unique(np.concatenate([ends, seen.values]))
    counts = np.zeros(values.size, np.int64)
    counts[np.searchsorted(values, seen.values)] = seen.counts
    often = counts.copy()
    often[[0, -1]] += 2
    if not isolated_among(values, often):
        return []
    counts[[0, -1]] += [min(2, int(np.count_nonzero(flat == end))) for end in ends]
    return list(isolated_among(values, counts))


def _frequent_values(values: Plane, counts: Plane) -> list[int]:
    """Values that occur far more often than all others, and a background, the most frequent first.

    Exact zeros among full mantissas are atoms in a continuum, and there may be several: both ends
    of a range to which values were clipped.
    """
    total = int(counts.sum())
    if values.size <= 2 or counts.max() < min(ATOM, BACKGROUND * total):
        return []
    order = np.argsort(-counts, kind="stable")[: MAX_SPECIALS + 1]
    ranked = counts[order].tolist()
    # Where the counts fall steeply, the atoms end: below come those that recur by chance.
    atoms = max(
        (i + 1 for i, (n, m) in enumerate(itertools.pairwise(ranked)) if n >= max(ATOM, 8 * m)),
        default=0,
    )
    if atoms == 0 and ranked[0] > BACKGROUND * total:
        atoms = 1
    return [int(values[i]) for i in order[:atoms]]


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Give the mask and the rest."""
    layout, specials = check_special(NAME, parameters, 0)
    good = np.ones(array.shape, np.bool_)
    for special in specials:
        good &= array != special
    return set_apart([array], good, array, layout, specials, STAGE_DIGITS)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the special values back."""
    check_plane(NAME, dtype)
    special = check_special(NAME, parameters, 0)
    return merge(NAME, read, shape, dtype, special, restore=lambda plane, _: plane)
