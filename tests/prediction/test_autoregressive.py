"""The model as an object: code lengths are what the coder spends, samples follow the data."""

from __future__ import annotations

import numpy as np
import pytest

from compress.prediction import Autoregressive


def _signal(n: int) -> np.ndarray:
    generator = np.random.default_rng(2)
    values = np.zeros(n)
    for i in range(2, n):
        values[i] = 1.8 * values[i - 1] - 0.9 * values[i - 2] + generator.normal() * 20
    return np.rint(values).astype(np.int32)


@pytest.mark.parametrize("level", [5, 8])
def test_the_map_of_bits_sums_to_the_coded_length(level: int) -> None:
    """Per-sample code lengths are exact but for the coder's words."""
    array = _signal(3000).reshape(60, 50)
    model = Autoregressive(level).fit(array)
    bits = model.bits(array)
    data = model.encode(array)
    assert bits.shape == array.shape
    assert (bits > 0).all()
    assert 0 <= len(data) * 8 - bits.sum() < 0.002 * bits.sum() + 256
    np.testing.assert_array_equal(model.decode(data, array.shape), array)


def test_the_map_shows_where_the_surprise_is() -> None:
    """An outlier costs more than anything else, but for what it does to the next predictions."""
    array = _signal(2000)
    array[1500] += 5000
    bits = Autoregressive(5).fit(array).bits(array)
    assert np.argmax(bits[500:]) + 500 in range(1500, 1510)


def test_samples_are_as_probable_as_the_data() -> None:
    """What is drawn behind a process costs as many bits as the process itself.

    A model that learns from its own samples may wander off: the median of several draws counts.
    """
    array = _signal(4000)
    model = Autoregressive(5).fit(array)
    costs = []
    for seed in range(9):
        drawn = model.rvs((4000,), rng=seed)
        assert drawn.shape == (4000,)
        assert np.corrcoef(drawn[1:], drawn[:-1])[0, 1] > 0.5
        costs.append(model.bits(np.concatenate([array, drawn]))[4000:].mean())
    assert np.median(costs) == pytest.approx(model.bits(array).mean(), rel=0.1)


def test_bad_arguments_are_refused() -> None:
    """With an error that says what was given."""
    with pytest.raises(ValueError, match="level"):
        Autoregressive(3)
    with pytest.raises(TypeError, match="float64"):
        Autoregressive().fit(np.zeros(3))
    with pytest.raises(ValueError, match="empty"):
        Autoregressive().fit(np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="does not continue"):
        Autoregressive(5).fit(np.zeros((4, 5), np.int64)).rvs((4, 6))
