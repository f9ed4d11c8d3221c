"""Fill values and other special values of a plane, set apart as a mask.

A fill value (1e20, -9999, the largest int, NaN after `compress.transforms.ordered`) is far from
everything else and repeats; a background value is simply most of the array. Either way the
predictors of the rest should not see it, and where it lies is an image of its own.

Parameters: layout, then the special values (see `compress.transforms.special`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.transforms.sample import isolated_values, runs
from compress.transforms.special import check_special, layouts, merge, set_apart
from compress.transforms.step import (
    STAGE_DIGITS,
    STAGE_HOLES,
    Array,
    Child,
    Context,
    Parameters,
    Read,
    Shape,
    Traits,
    check_plane,
    is_plane,
)

CODE = 6
NAME = "masked"
SAMPLE = 4096
BACKGROUND = 0.3
ATOM = 32

TRAITS = Traits(STAGE_HOLES, variant=(0,))
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Look for repeated values far from the others, and for a background."""
    del context
    if array.size < 16:
        return
    flat = array.reshape(-1)
    # A rare fill value can escape a sample, but not the extremes; they count as often as they are.
    extremes = np.array([flat.min(), flat.max()])
    sample = runs(flat, SAMPLE)
    sample = np.concatenate([sample, *[np.repeat(v, min(2, _count(flat, v))) for v in extremes]])
    specials = list(isolated_values(sample))
    rest = sample[~np.isin(sample, specials)]
    if rest.size:
        values, counts = np.unique(rest, return_counts=True)
        common = int(np.argmax(counts))
        second = int(np.partition(counts, -2)[-2]) if values.size > 1 else 0
        # An atom in a continuum: all others recur far less often.
        atom = counts[common] > max(ATOM, 8 * second)
        background = BACKGROUND * rest.size < counts[common]
        if (atom or background) and values.size > 2 and len(specials) < 8:
            specials.append(int(values[common]))
    if specials:
        for layout in layouts(array.shape, np.isin(sample, specials)):
            yield (layout, *specials)


def _count(flat: Array, value: Any) -> int:
    return int(np.count_nonzero(flat == value))


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
