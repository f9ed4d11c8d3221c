"""What the causal model counts in contexts: cells by themselves, and what they save."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.prediction.causal.coding import code_lengths, decode, encode
from compress.prediction.causal.contexts import PROPERTIES, describe
from compress.prediction.causal.recipes import ELEVEN, RECIPES
from compress.prediction.common.cells import BUCKETS, cells_of, consult, teach
from compress.prediction.common.logistic import STRETCH
from compress.prediction.common.scan import Scan

Plane = npt.NDArray[np.int64]

_NODES = 64
_SCAN = Scan((0, 1), -1, (2, 2))
_WITHOUT = replace(RECIPES[6], contexts=())


class _Cells:
    """Cells with one context, asked and taught one decision at a time."""

    def __init__(self, bits: int = 10) -> None:
        self.bits = bits
        self.cells = np.zeros(1 << bits, np.int64)
        self.weights = np.array([[1.0, 1.0]])
        self.trust = np.zeros(_NODES * BUCKETS)
        self.slots = np.zeros(1, np.uint64)
        self.buckets = np.zeros(1, np.uint64)
        self.offsets = np.zeros(2)

    def ask(self, key: int, decision: int, p: float) -> float:
        """Return the logit that follows from a probability."""
        logit = float(np.log(p / (1 - p)))
        keys = np.array([key], np.int64)
        scratch = self.slots, self.buckets, self.offsets, STRETCH
        answer: float = consult(
            self.cells,
            self.bits,
            keys,
            decision,
            p,
            logit,
            self.weights,
            0,
            self.trust,
            3,
            *scratch,
        )
        return answer

    def tell(self, one: float) -> None:
        """Say how the decision came out, without changing weights."""
        scratch = self.slots, self.buckets, self.offsets
        teach(self.cells, self.weights, 0, self.trust, *scratch, one, 0.0)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 0.99), st.integers(0, 2**32 - 1), st.integers(0, 2**30))
def test_a_new_cell_adds_nothing(p: float, key: int, decision: int) -> None:
    """It starts at the probability that it is asked about."""
    assert _Cells().ask(key, decision, p) == pytest.approx(np.log(p / (1 - p)), abs=0.03)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_a_cell_learns_its_share(share: float) -> None:
    """After many decisions it says how often they came out so, whatever the experts say."""
    cells = _Cells()
    generator = np.random.default_rng(7)
    answers = []
    for one in generator.random(4000) < share:
        answers.append(cells.ask(5, 9, 0.3))
        cells.tell(float(one))
    learned = 1 / (1 + np.exp(-np.array(answers[1000:])))
    assert learned.mean() == pytest.approx(share, abs=0.02)


def test_a_crowded_table_keeps_what_was_seen_most() -> None:
    """A cell that is often used survives many that are used once."""
    cells = _Cells(bits=10)
    for k in range(20_000):
        cells.ask(77, 1, 0.5)
        cells.tell(1.0)
        cells.ask(1000 + 7919 * k, 2, 0.5)
        cells.tell(0.0)
    assert cells.ask(77, 1, 0.5) > 3.0


def test_contexts_are_told_apart_by_their_properties() -> None:
    """The hash of a context changes with its own properties, and with no other's."""
    contexts = np.array([[0, -1], [2, -1], [8, 9]], np.int64)
    keys = np.zeros(3, np.int64)
    properties = np.zeros(PROPERTIES, np.int64)

    def hashes(base: int, row: int, nearest: int) -> list[int]:
        past = np.array([nearest, *range(20)], np.int64)
        describe(
            keys,
            properties,
            contexts,
            past,
            np.zeros(21, np.float32),
            np.arange(16, dtype=np.uint64),
            np.array([row, 4], np.int64),
            0,
            base,
            float(base),
            1.0,
            4,
        )
        return [int(key) for key in keys]

    first = hashes(10, 0, 12)
    assert hashes(10, 2, 12) == first
    assert [a == b for a, b in zip(hashes(10, 1, 12), first, strict=True)] == [True, False, True]
    assert [a == b for a, b in zip(hashes(10, 0, 13), first, strict=True)] == [True, True, False]
    assert hashes(11, 0, 12)[0] != first[0]


def test_the_number_of_cells_follows_the_samples_up_to_a_bound() -> None:
    """Short planes are not charged with a long table, long ones do not take more memory."""
    sizes = [cells_of(n) for n in (1, 1000, 50_000, 10**6, 10**12)]
    assert sizes == sorted(sizes)
    assert sizes[0] <= 10
    assert sizes[-1] <= 20


def _smooth(shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    generator = np.random.default_rng(11)
    noise = np.cumsum(np.cumsum(generator.normal(size=shape), 0), 1) * 0.1
    return np.asarray(noise + generator.normal(size=shape))


def _share(plane: Plane) -> float:
    """Bits with contexts, as a part of the bits without."""
    lengths = [
        float(code_lengths(plane, _SCAN, recipe, int(plane.max())).sum())
        for recipe in (RECIPES[6], _WITHOUT)
    ]
    return lengths[0] / lengths[1]


def test_values_that_never_occur_are_learned() -> None:
    """A comb without a period: a part of the values is missing, which no residue shows."""
    generator = np.random.default_rng(2)
    smooth = np.rint(_smooth((96, 96)) * 4).astype(np.int64)
    smooth -= smooth.min()
    kept = np.flatnonzero(generator.random(int(smooth.max()) + 1) < 0.4)
    comb = kept[np.minimum(np.searchsorted(kept, smooth), len(kept) - 1)]
    assert _share(np.ascontiguousarray(comb)) < 0.93


def test_places_that_depend_on_their_parity_are_learned() -> None:
    """Every second sample lies half-way between two others, as an interpolation leaves it."""
    coarse = np.rint(_smooth((96, 49)) * 6).astype(np.int64)
    plane = np.empty((96, 97), np.int64)
    plane[:, ::2] = coarse
    plane[:, 1::2] = (coarse[:, 1:] + coarse[:, :-1]) // 2
    plane = np.roll(plane, 1, axis=1)[:, 1:]
    assert _share(np.ascontiguousarray(plane - plane.min())) < 1.0


def test_every_context_alone_comes_back() -> None:
    """Encoder and decoder agree on each, near borders and on wide values too."""
    generator = np.random.default_rng(4)
    plane = np.cumsum(generator.integers(-9, 10, (12, 13)), axis=1)
    plane[3, 4] = 2**50
    plane -= plane.min()
    for context in ELEVEN:
        recipe = replace(RECIPES[6], contexts=(context,))
        words = encode(plane, _SCAN, recipe, int(plane.max()))
        back = decode(words, plane.shape, _SCAN, recipe, int(plane.max()))
        np.testing.assert_array_equal(back, plane)
