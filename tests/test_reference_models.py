"""Plane models and tables, as their pages describe them and as the library writes them.

`tests.reference_decoder` was written from the pages alone, so what it decodes the pages say.
"""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from compress.prediction.registry import MODELS
from tests.reference_decoder import bases
from tests.reference_decoder.planes import decode_plane

PAGES = Path(__file__).parent.parent / "docs" / "format"
CAUSAL, COUNTS = 2, 5

Plane = NDArray[np.int64]


def _decodes(model: int, plane: Plane, parameters: tuple[int, ...]) -> bool:
    wide = np.ascontiguousarray(plane, np.int64)
    payload = MODELS[model].encode(wide, parameters)
    return np.array_equal(decode_plane(model, parameters, payload, wide.shape), wide)


@pytest.mark.parametrize("recipe", range(10))
def test_every_recipe_of_counts(recipe: int) -> None:
    """Contexts of sequences, of rows of channels, of pictures and of volumes, as the page says."""
    rng = np.random.default_rng(recipe)
    walk = np.cumsum(rng.integers(-1, 2, (30, 4)), 0)
    picture = np.add.outer(np.arange(12) // 3, np.arange(14) // 4) + rng.integers(0, 2, (12, 14))
    volume = rng.integers(0, 3, (4, 5, 6)).cumsum(0)
    for informed, plane in enumerate((walk[:, 0], walk, picture, volume)):
        low, high = int(plane.min()), int(plane.max())
        assert _decodes(COUNTS, plane, (low, high - low + 1, recipe, 6, informed % 2))


@pytest.mark.parametrize("recipe", range(9))
def test_every_recipe_of_causal(recipe: int) -> None:
    """Outliers, channels, combs and holes, as the page says."""
    rng = np.random.default_rng(recipe)
    plane = np.add.outer(np.arange(9) * 9, np.arange(8) * 7) + rng.integers(0, 9, (9, 8))
    comb = np.array([0, 5, 11, 16, 21, 27, 32])[rng.integers(0, 7, plane.shape)]
    holed = np.where(rng.random(plane.shape) < 0.3, plane.min() - 1, plane)
    colours = np.stack([plane, plane + 5 + rng.integers(0, 3, plane.shape)], -1)
    spiked = plane.copy()
    spiked[6, 4] = 10**6
    assert _decodes(CAUSAL, spiked, (recipe, 0, 1, 0, 2, 2, 1, 0))
    assert _decodes(CAUSAL, comb, (recipe, 1, 0, 0, 2, 2, 16, 0))
    assert _decodes(CAUSAL, holed, (recipe, 0, 1, 0, 2, 3, 1, 1))
    assert _decodes(CAUSAL, colours, (recipe, 0, 1, 2, 3, 2, 2, 1, 1, 0))


def test_the_fixed_tables_are_those_of_the_page() -> None:
    """What is computed anew from exact values has the checksums that the page gives."""
    page = (PAGES / "coding.md").read_text(encoding="utf-8")
    given = re.findall(r"^\| ([\w, ]+) \| [-\d ]+ \| `([0-9a-f]{8})` \|$", page, re.MULTILINE)
    knots = [np.ravel(bases.knots(base)).tolist() for base in range(1, 10)]
    tables = [list(bases.inverse()), list(bases.sines()), *knots]
    found = [f"{zlib.crc32(struct.pack(f'<{len(table)}q', *table)):08x}" for table in tables]
    assert [checksum for _, checksum in given] == found
