"""What stands in streams by number stays what it was: recipes, and the constants behind them."""

from __future__ import annotations

import hashlib

from compress.prediction import causal, counts
from compress.prediction.causal import format as causal_format
from compress.prediction.causal.recipes import RECIPES as CAUSAL_RECIPES
from compress.prediction.common.cells import NODES
from compress.prediction.counts.contexts import RECIPES as COUNTS_RECIPES

SHAPES = ((9000,), (90, 100), (90, 100, 3), (20, 30, 40), (5, 20, 30, 4))
CAUSAL = [
    "fed3b224100f51e9", "f8de260714a89fae", "7e2c20213a102c8e", "ee833ac38e8a4f0e",
    "96f6e8f5e2aa8e70", "e6e0c69bca90b095", "8bcf17e75f476f2f", "c8ba045c04048938",
    "3ce906e49939b9f9",
]  # fmt: skip
CONSTANTS = "daf8276e21de839f"
COUNTS = [
    "2d7324c631de5383", "7e28b26dd3d7694b", "af80bfdafeeea44f", "401cce7f3c571955",
    "79323cb546a750c5", "afb6349cd34bd466", "6226e45c30fdaaff", "0c230bdabaee283e",
    "44b59b60aaa170e2", "eaaf79068f7145db",
]  # fmt: skip


def _digest(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def test_causal_recipes_are_frozen() -> None:
    """A recipe that is in streams is never changed; a better one gets a number of its own."""
    assert [_digest(recipe) for _, recipe in sorted(CAUSAL_RECIPES.items())] == CAUSAL


def test_constants_of_the_causal_format_are_frozen() -> None:
    """A change of any is a change of the format: of this digest, too, and of the golden streams."""
    constants = {name: value for name, value in vars(causal_format).items() if name.isupper()}
    constants["NODES"] = NODES
    constants["RING_WIDTHS"] = causal_format.RING_WIDTHS.tolist()
    assert _digest(*sorted(constants.items())) == CONSTANTS


def test_recipes_of_the_counting_model_are_frozen() -> None:
    """For shapes of one to four axes, with channels and without."""
    found = [_digest(*(recipe(shape) for shape in SHAPES)) for recipe in COUNTS_RECIPES]
    assert found == COUNTS


def test_every_recipe_has_a_price() -> None:
    """The search prices plans by nanoseconds a sample, of which slower recipes take more."""
    for number in CAUSAL_RECIPES:
        assert causal.decode_ns((number,)) > 0.0
        assert causal.encode_ns((number,)) > 0.0
    for number in range(len(COUNTS_RECIPES)):
        prices = [counts.decode_ns((0, size, number, 9, 0)) for size in (1, 2, 3, 1 << 16)]
        assert 0.0 < prices[0] == prices[1] < prices[2] < prices[3]
