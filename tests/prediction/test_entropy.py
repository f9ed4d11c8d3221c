"""The estimate of order-0 code lengths: known entropies, and what the static model really takes."""

from __future__ import annotations

from math import e, log2, pi

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.prediction import raw, static
from compress.prediction.common.entropy import LEAF_BITS, order0_bits, plane_bits, token_shift

N = 1 << 14
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
Integers = npt.NDArray[np.int64]


def _integers(values: npt.ArrayLike) -> Integers:
    return np.asarray(values).astype(np.int64)


def _static_bits(values: Integers) -> float:
    """Bits per integer that the static model takes, or plain bits."""
    sizes = (
        len(model.encode(values, model.propose(values, 1) or ()))
        for model in (static, raw)
    )  # fmt: skip
    return 8 * min(sizes) / values.size


DRAWS = np.random.default_rng(0)
KNOWN = {
    "two": (DRAWS.integers(0, 2, N), 1.0),
    "rare": (DRAWS.random(N) < 1 / 64, 0.1161),
    "uniform": (DRAWS.integers(-500, 500, N), log2(1000)),
    "uniform wide": (DRAWS.integers(0, 1 << 40, N), 40.0),
    "normal": (DRAWS.normal(0, 10, N), log2(10 * (2 * pi * e) ** 0.5)),
    "normal wide": (DRAWS.normal(0, 1e9, N), log2(1e9 * (2 * pi * e) ** 0.5)),
    "Laplace": (np.rint(DRAWS.laplace(0, 100, N)), log2(200 * e)),
    "comb": (60 * DRAWS.integers(0, 24, N), log2(24)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_entropies(name: str) -> None:
    """Independent integers of known entropy: within 2 % and 0.03 bits of it."""
    values, bits = KNOWN[name]
    assert order0_bits(_integers(values), 1 << 24) == pytest.approx(bits, rel=0.02, abs=0.03)


ODD = {
    "heavy tails": DRAWS.standard_cauchy(N) * 1000,
    "rare spikes": np.where(DRAWS.random(N) < 1 / 200, DRAWS.integers(0, 1 << 31, N), 3),
    "spikes over a signal": np.where(
        DRAWS.random(N) < 1 / 50, DRAWS.integers(0, 1 << 31, N), DRAWS.normal(0, 20, N)
    ),
    "wide comb": 1000 * DRAWS.integers(0, 1 << 20, N),
    "atoms far apart": DRAWS.choice([5, 10**9, -(10**15)], N),
}


@pytest.mark.parametrize("name", ODD)
def test_the_estimate_is_what_the_static_model_takes(name: str) -> None:
    """Within 7 % and 0.03 bits: also where a table cannot have what a list of the values could."""
    values = _integers(ODD[name])
    assert order0_bits(values) == pytest.approx(_static_bits(values), rel=0.07, abs=0.03)


def test_a_value_alone_costs_nothing() -> None:
    """Neither does an empty sample."""
    assert order0_bits(_integers([])) == order0_bits(_integers([7] * 9)) == 0.0
    assert order0_bits(_integers([-(1 << 63)])) == 0.0


def test_both_ends_of_int64() -> None:
    """Distances beyond int64 neither overflow nor cost more than plain bits."""
    ends = _integers([-(1 << 63), (1 << 63) - 1] * 500)
    assert 1.0 <= order0_bits(ends) <= 64.1
    assert order0_bits(_integers(range(-(1 << 63), 5 - (1 << 63)))) == pytest.approx(log2(5))


@given(st.lists(INT64, min_size=1, max_size=200), st.integers(0, 1 << 40))
@settings(deadline=None)
def test_any_integers_have_an_estimate(values: list[int], more: int) -> None:
    """It lies between nothing and plain bits, and a table with such low bits is possible."""
    sample = _integers(values)
    bits = order0_bits(sample, len(values) + more)
    assert 0.0 <= bits <= (max(values) - min(values)).bit_length() + 0.1
    assert 0 <= token_shift(sample, len(values) + more) <= 52


def test_a_plane_is_judged_by_its_best_prediction() -> None:
    """A surface costs what is left above differences; an empty plane and a constant nothing."""
    noise = DRAWS.integers(0, 4, (200, 300))
    surface = _integers(np.add.outer(np.arange(200) * 50, np.arange(300) * 70) + noise)
    assert plane_bits(surface) < 3.2 * surface.size < order0_bits(surface) * surface.size / 3
    assert plane_bits(_integers([])) == 0.0
    assert plane_bits(_integers(np.full((9, 9), 4))) == LEAF_BITS


def test_a_part_stands_for_the_whole() -> None:
    """Bits of a sample are scaled to the total that it is a sample of."""
    noise = _integers(DRAWS.integers(0, 256, 1 << 14))
    assert plane_bits(noise, 10 * noise.size) == pytest.approx(10 * plane_bits(noise), rel=0.02)
