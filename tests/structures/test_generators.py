"""The generators of structures: deterministic, of the sizes asked for, of the information said."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.errors import MissingArrayError
from benchmarks.structures import GROUPS, STRUCTURES, Structure
from benchmarks.structures.structure import Discrete, coin, field, geometric, normal, rare, uniform

HERE = [structure for structure in STRUCTURES.values() if structure.missing() is None]
EVERY = pytest.mark.parametrize("structure", HERE, ids=lambda structure: str(structure.name))


@EVERY
def test_the_same_seed_gives_the_same_array(structure: Structure) -> None:
    """Two calls agree bit for bit; another seed gives another array, unless nothing is drawn."""
    first = structure.make(3000, seed=5)
    assert first.tobytes() == structure.make(3000, seed=5).tobytes()
    if structure.name != "accumulated_tenths":
        assert first.tobytes() != structure.make(3000, seed=6).tobytes()


@EVERY
@pytest.mark.parametrize("n", [64, 1000, 8000])
def test_an_array_has_about_the_samples_that_were_asked_for(structure: Structure, n: int) -> None:
    """C-contiguous, native, and within the rounding of a shape."""
    array = structure.make(n)
    assert array.flags.c_contiguous
    assert array.dtype.isnative
    assert 0.6 * n - 64 <= array.size <= 1.4 * n + 256


def test_the_groups_have_what_they_are_for() -> None:
    """Eight plain rows, the relatives of the second table, 20 sources and all kinds of dtype."""
    groups = {group: [s for s in STRUCTURES.values() if s.group == group] for group in GROUPS}
    assert list(groups) == ["plain", "relatives", "sources"]
    assert len(groups["plain"]) == 8
    assert len(groups["relatives"]) >= 22
    assert len(groups["sources"]) >= 20
    assert all(source.information is not None for source in groups["sources"])
    arrays = [structure.make(64) for structure in HERE]
    assert {array.ndim for array in arrays} == {1, 2, 3}
    kinds = {array.dtype.kind + str(array.dtype.itemsize) for array in arrays}
    assert kinds >= {
        "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "M8",
    }  # fmt: skip


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A structure that needs one raises MissingArrayError."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingArrayError, match="package PIL is not installed"):
        STRUCTURES["dark_photograph"].make(100)


def _empirical(values: np.ndarray) -> float:
    """Entropy of the values' frequencies, with the first term of its bias put right."""
    _, counts = np.unique(values, return_counts=True)
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum() + (counts.size - 1) / (2 * np.log(2) * values.size))


INDEPENDENT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "jittered_times": lambda a: np.minimum(np.diff(a), 1004),
    "small_noise": lambda a: a,
    "waiting_times": lambda a: a,
    "heavy_tails": lambda a: a,
    "ternary_weights": lambda a: a,
    "zipf_categories": lambda a: a,
    "clock_times": lambda a: a,
    "offset_multiples": lambda a: a,
    "cent_prices": lambda a: np.rint(100 * np.diff(a)),
    "kelvins": lambda a: a.round(6),
    "gapped_counter": np.diff,
    "gridded_times": lambda a: np.diff(a.astype(np.int64)),
    "wrapping_counter": np.diff,
    "minutes_of_day": lambda a: np.diff(a) % 1440,
    "field_ids": lambda a: a >> 24,
    "step_function": lambda a: np.diff(a) % 1000,
    "sparse_events": lambda a: a,
    "walk_with_a_jump": np.diff,
    "accumulated_steps": lambda a: np.rint(10 * np.diff(a)),
    "percentages": lambda a: a,
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_the_information_is_the_entropy_of_the_draws(name: str) -> None:
    """Where the draws can be read off the array, their frequencies say the same to 1 %."""
    structure = STRUCTURES[name]
    draws = INDEPENDENT[name](structure.make(200_000))
    assert structure.information is not None
    gaps = 1e-3 * 20 if name == "jittered_times" else 0.0  # their lengths were cut off above
    assert _empirical(draws) + gaps == pytest.approx(structure.information, rel=0.01)


def _transitions(states: np.ndarray) -> float:
    """Conditional entropy of a state given the one before."""
    pairs = states[:-1].astype(int) * 256 + states[1:]
    return _empirical(pairs) - _empirical(states)


@pytest.mark.parametrize("name", ["markov_states", "switching_flags"])
def test_the_information_of_a_chain_is_that_of_its_transitions(name: str) -> None:
    """Entropy of pairs less that of single states."""
    structure = STRUCTURES[name]
    rate = _transitions(structure.make(200_000))
    assert rate == pytest.approx(structure.information, rel=0.02)


def test_discrete_distributions() -> None:
    """Entropies of coins and dice, a mixture's mass, and the fold to residues."""
    assert uniform(3, 64).entropy == pytest.approx(6)
    assert coin(0.5) == pytest.approx(1)
    assert normal(10).entropy == pytest.approx(np.log2(10 * np.sqrt(2 * np.pi * np.e)), abs=1e-6)
    mixed = rare(0.25, uniform(0, 2), uniform(10, 4))
    assert mixed.entropy == pytest.approx(coin(0.25) + 0.75 + 0.25 * 2)
    folded = geometric(5).folded(3)
    assert folded.masses.sum() == pytest.approx(1)
    assert folded.masses[0] == pytest.approx(geometric(5).masses[::3].sum())
    drawn = Discrete(-1, [1, 2, 1])(np.random.default_rng(0), 4000)
    np.testing.assert_allclose(np.bincount(drawn + 1) / 4000, [0.25, 0.5, 0.25], atol=0.03)


def test_a_field_is_a_one_to_one_function_of_its_innovations() -> None:
    """Forecasts from the finished field give the innovations back."""
    innovations = normal(9)(np.random.default_rng(1), 400).reshape(20, 20)
    made = field(innovations, 220, 200)
    padded = np.pad(made, ((1, 0), (1, 0)))
    forecast = 256 * (220 * padded[1:, :-1] + 200 * padded[:-1, 1:]) - 220 * 200 * padded[:-1, :-1]
    np.testing.assert_array_equal(made - ((forecast + 32768) >> 16), innovations)
