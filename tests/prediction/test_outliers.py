"""Outliers cost their own bits: neither experts nor scales, tables or ranges are ruined by them."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compress
from compress.errors import CorruptError
from compress.prediction import causal, classes
from compress.prediction.common.spikes import (
    put_back,
    put_back_jumps,
    read_spikes,
    take_out,
    take_out_jumps,
)

Plane = npt.NDArray[np.int64]

SIZE = 20_000
LEVELS = range(1, 10)


@cache
def _signal() -> Plane:
    """AR(2), of 4.1 bits."""
    noise = np.random.default_rng(0).normal(0, 4.1, SIZE)
    signal = np.zeros(SIZE)
    for t in range(2, SIZE):
        signal[t] = 1.6 * signal[t - 1] - 0.8 * signal[t - 2] + noise[t]
    return np.rint(signal).astype(np.int64)


@cache
def _walk() -> Plane:
    return np.cumsum(np.random.default_rng(1).integers(-9, 10, SIZE))


@cache
def _picture() -> Plane:
    """Shades, an edge all around a disc, and noise as a camera has it."""
    y, x = np.mgrid[0:120, 0:120]
    disc = (x - 60) ** 2 + (y - 50) ** 2 < 900
    shades = 120 + 60 * np.sin(x / 23) + 50 * np.cos(y / 17 + x / 40) + 40 * disc
    noise = np.random.default_rng(2).laplace(0, 2.5, shades.shape)
    return np.rint(shades + noise).clip(0, 255).astype(np.int64)


@cache
def _bytes(name: str, level: int) -> int:
    plane = {"signal": _signal, "walk": _walk, "picture": _picture}[name]()
    return len(compress.compress(plane, level=level))


def _with(plane: Plane, changes: dict[int, int]) -> Plane:
    changed = plane.copy()
    for place, value in changes.items():
        changed.reshape(-1)[place] = value
    return changed


def _check(name: str, changed: Plane, level: int) -> None:
    data = compress.compress(changed, level=level)
    assert len(data) <= 1.01 * _bytes(name, level)
    np.testing.assert_array_equal(compress.decompress(data), changed)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [10**4, 10**6, 2**40])
def test_one_spike_costs_at_most_one_percent(size: int, level: int) -> None:
    """Half way, of any size, at every level."""
    _check("signal", _with(_signal(), {SIZE // 2: size}), level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_few_spikes_cost_at_most_one_percent(level: int) -> None:
    """Up and down, of different sizes, two of them beside one another."""
    places = {2900: 10**6, 6600: -(10**5), 6601: 10**5, 15000: 10**9}
    _check("signal", _with(_signal(), places), level)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["signal", "walk"])
def test_a_jump_that_stays_costs_at_most_one_percent(name: str, level: int) -> None:
    """The same signal goes on a million higher."""
    plane = (_signal() if name == "signal" else _walk()).copy()
    plane[SIZE // 2 :] += 10**6
    _check(name, plane, level)


@pytest.mark.parametrize("level", LEVELS)
def test_broken_pixels_cost_at_most_one_percent(level: int) -> None:
    """Three of them, one the largest int32."""
    pixels = {120 * 65 + 51: 2**31 - 1, 120 * 90 + 100: -(10**5), 120 * 30 + 31: 10**4}
    _check("picture", _with(_picture(), pixels), level)


@pytest.mark.parametrize("level", [5, 6, 8])
@pytest.mark.parametrize("width", [3, 7])
def test_experts_recover_within_a_hundred_samples(width: int, level: int) -> None:
    """Behind bursts that are too wide to be listed, samples cost what they did without them."""
    signal = _signal()
    burst = signal.copy()
    noise = np.random.default_rng(3).integers(-(10**8), 10**8, width)
    burst[SIZE // 2 : SIZE // 2 + width] += noise
    parameters = causal.propose(signal, level)
    assert parameters is not None
    before = causal.code_lengths(signal, parameters)
    after = causal.code_lengths(burst, parameters)
    part = slice(SIZE // 2 + width + 100, SIZE // 2 + width + 3100)
    assert after[part].sum() < 1.01 * before[part].sum()
    assert after.sum() < before.sum() + 100 * width + 300


@pytest.mark.parametrize("level", [5, 8])
def test_a_signal_that_becomes_louder_is_learned(level: int) -> None:
    """What is an outlier of the silence is none of the noise: 64 samples are enough to see it."""
    generator = np.random.default_rng(4)
    noise = generator.normal(0, 1e5, 4000)
    plane = np.rint(np.concatenate([generator.normal(0, 2, 4000), noise])).astype(np.int64)
    parameters = causal.propose(plane, level)
    assert parameters is not None
    bits = causal.code_lengths(plane, parameters)
    entropy = np.log2(1e5 * np.sqrt(2 * np.pi * np.e))
    assert bits[4064:].mean() < 1.03 * entropy


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 899), st.integers(-(2**63), 2**63 - 1)), max_size=40),
    st.sampled_from([(900,), (30, 30)]),
    st.sampled_from([5, 8]),
)
def test_any_outliers_come_back(
    changes: list[tuple[int, int]], shape: tuple[int, ...], level: int
) -> None:
    """Wherever they are, also behind one another, whatever they are."""
    plane = _with(_signal()[:900], dict(changes)).reshape(shape)
    parameters = causal.propose(plane, level)
    assert parameters is not None
    data = causal.encode(plane, parameters)
    np.testing.assert_array_equal(causal.decode(memoryview(data), shape, parameters), plane)
    smooth, spikes, _ = take_out(plane)
    fitted = classes.propose(smooth, 4)
    if fitted is not None:
        data = classes.encode(smooth, fitted)
        np.testing.assert_array_equal(classes.decode(memoryview(data), shape, fitted), smooth)
    np.testing.assert_array_equal(put_back(smooth.copy(), spikes), plane)


def test_planes_without_spikes_are_not_copied() -> None:
    """Looking for them costs a pass at most, and a byte."""
    for plane in (_signal(), _walk(), _picture(), np.zeros(0, np.int64), np.arange(7) ** 40):
        smooth, (places, _), listed = take_out(plane)
        assert smooth is plane
        assert places.size == 0
        assert listed == b"\0"


@given(st.data())
def test_lists_of_spikes_come_back(data: st.DataObject) -> None:
    """Places and values as they were, and what follows the list."""
    places = data.draw(st.lists(st.integers(1, 19_999), min_size=1, max_size=9, unique=True))
    values = data.draw(st.lists(st.integers(10**5, 2**62), min_size=9, max_size=9))
    plane = _with(_signal(), dict(zip(places, values, strict=False)))
    smooth, _, listed = take_out(plane)
    spikes, rest = read_spikes(memoryview(listed + b"rest"), SIZE)
    assert bytes(rest) == b"rest"
    np.testing.assert_array_equal(put_back(smooth.copy(), spikes), plane)


@given(st.binary(max_size=40), st.integers(0, 10**6))
def test_damaged_lists_raise(data: bytes, samples: int) -> None:
    """Nothing but `CorruptError`, and no place outside the plane."""
    try:
        (places, values), _ = read_spikes(memoryview(data), samples)
    except CorruptError:
        return
    assert places.size == values.size
    assert places.size == 0 or 0 < places.min() <= places.max() < samples


@pytest.mark.parametrize("height", [10**6, -(10**9), 2**62])
def test_jumps_are_listed_and_put_back(height: int) -> None:
    """What is left is the signal without them, and the list leads back to it."""
    plane = _signal().copy()
    plane[5000:] += height
    plane[12000:] -= height
    smooth, listed = take_out_jumps(plane)
    assert int(np.abs(np.diff(smooth)).max()) <= int(np.abs(np.diff(_signal())).max())
    jumps, rest = read_spikes(memoryview(listed + b"rest"), plane.size)
    assert bytes(rest) == b"rest"
    np.testing.assert_array_equal(put_back_jumps(smooth, jumps), plane)


def test_a_signal_without_jumps_is_left_as_it_is() -> None:
    """Also one of the largest steps that int64 has, and one of several axes."""
    for plane in (_signal(), np.resize([-(2**63), 2**63 - 1], 1000), _picture()):
        smooth, listed = take_out_jumps(plane)
        assert smooth is plane
        assert listed == b"\0"
