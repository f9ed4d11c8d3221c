"""Every structure at every level: what comes back, and that more effort is never larger."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

import compress
from benchmarks.structures import STRUCTURES, Structure

SAMPLES = 4000
# Nine levels of all structures: `python -m benchmarks structures` does it at full length.
FEW = 1000
LEVELS = range(1, 10)
HERE = [structure for structure in STRUCTURES.values() if structure.missing() is None]
EVERY = pytest.mark.parametrize("structure", HERE, ids=lambda structure: str(structure.name))


@cache
def _stream(name: str, level: int, samples: int = SAMPLES) -> bytes:
    return compress.compress(STRUCTURES[name].make(samples), level=level, threads=1)


@EVERY
@pytest.mark.parametrize("level", [1, 3, 5])
def test_a_structure_comes_back_as_it_was(structure: Structure, level: int) -> None:
    """Every bit, the shape and the dtype."""
    array = structure.make(SAMPLES)
    back = compress.decompress(_stream(structure.name, level))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back.view(np.uint8), array.view(np.uint8))


@EVERY
def test_a_higher_level_is_never_larger(structure: Structure) -> None:
    """Level n + 1 takes at most 0.1 % and 16 bytes more than level n, for n from 1 to 8."""
    sizes = {level: len(_stream(structure.name, level, FEW)) for level in LEVELS}
    larger = [
        f"level {high}: {sizes[high]} bytes, level {low}: {sizes[low]}"
        for low, high in pairwise(LEVELS)
        if sizes[high] > 1.001 * sizes[low] + 16
    ]
    assert not larger
