"""Sizes that can be known in advance."""

import numpy as np
import pytest
from scipy import stats

import compress


def test_independent_samples_reach_their_entropy() -> None:
    """A million samples of a known density in 12 bits: within 0.5 % of n times the entropy."""
    rng = np.random.default_rng(3)
    n = 1_000_000
    edges = np.linspace(-1, 1, 4097)
    weights, locations, scales = [0.5, 0.3, 0.2], [-0.4, 0.1, 0.5], [0.05, 0.15, 0.02]
    which = rng.choice(3, n, p=weights)
    x = rng.normal(np.take(locations, which), np.take(scales, which)).clip(-1, 1 - 1e-9)
    samples = np.floor((x + 1) * 2048).astype(np.uint16)
    cdf = sum(w * stats.norm.cdf(edges, m, s)
              for w, m, s in zip(weights, locations, scales, strict=True))  # fmt: skip
    cdf[0], cdf[-1] = 0, 1
    mass = np.diff(cdf)
    entropy = -np.sum(mass * np.log2(mass, where=mass > 0, out=np.zeros_like(mass)))
    data = compress.compress(samples)
    assert 8 * len(data) <= 1.005 * n * entropy
    assert np.array_equal(compress.decompress(data), samples)


@pytest.mark.parametrize("array", [np.zeros(10**6), np.full((300, 400), 7, np.uint8),
                                   np.full(10**5, "2024-01-01", "M8[s]")], ids=str)  # fmt: skip
def test_constant_arrays_cost_nothing(array: np.ndarray) -> None:  # type: ignore[type-arg] # any dtype
    """A constant array is a few dozen bytes."""
    assert len(compress.compress(array)) <= 48


@pytest.mark.parametrize(
    "array", [np.uint8([[5, 7, 200]] * 400), np.float32([1.5] * 3000), np.zeros(1 << 20)], ids=str
)
def test_overhead(array: np.ndarray) -> None:  # type: ignore[type-arg] # any dtype
    """At most 24 bytes stand around the coded data and the plan."""
    data = compress.compress(array)
    information = compress.inspect(data)
    assert len(data) - sum(chunk.n_bytes for chunk in information.chunks) <= 24
