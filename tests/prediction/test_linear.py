"""The linear model: exact on any signal, near what is known of its source, safe on any bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction import linear
from compress.prediction.linear.coding import Model
from compress.prediction.linear.layout import arrange, restore
from compress.prediction.model import Parameters, Plane

slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=30)
shapes = st.sampled_from(
    [(512,), (1023,), (1301, 1), (600, 2), (517, 3), (400, 4), (300, 12), (303, 63)]
)
levels = st.sampled_from([2, 3, 4])


def _signal(n: int, scale: float = 40.0) -> Plane:
    """Draw a resonance with some noise: an autoregressive process of order 2."""
    noise = np.random.default_rng(3).normal(0, scale, n)
    out = np.zeros(n)
    for i in range(2, n):
        out[i] = 1.8 * out[i - 1] - 0.9 * out[i - 2] + noise[i]
    return np.rint(out).astype(np.int64)


def _fitted(plane: Plane, level: int) -> Parameters:
    parameters = linear.propose(plane, level)
    assert parameters is not None
    return parameters


def _trip(plane: Plane, parameters: Parameters) -> bytes:
    data = linear.encode(plane, parameters)
    np.testing.assert_array_equal(linear.decode(memoryview(data), plane.shape, parameters), plane)
    return data


@slow
@given(shapes, levels, st.integers(0, 2**32 - 1), st.integers(0, 63), st.booleans())
def test_round_trip(shape: tuple[int, ...], level: int, seed: int, bits: int, ends: bool) -> None:
    """Signals, noise and walks come back, up to both ends of int64."""
    rng = np.random.default_rng(seed)
    high = (1 << bits) - 1
    plane = rng.integers(-high - 1, high, shape, endpoint=True)
    if seed % 3 == 1:
        plane = plane.cumsum(axis=0)
    elif seed % 3 == 2:
        time = np.arange(plane.size).reshape(shape)
        plane = (np.sin(0.05 * time) * 0.99 * high).astype(np.int64) ^ (plane & 3)
    if ends:
        plane[:: max(seed % 97, 5)] = rng.choice([-(1 << 63), (1 << 63) - 1])
    _trip(plane, _fitted(plane, level))


@slow
@given(shapes, st.integers(0, 2**32 - 1), levels)
def test_parameters_of_another_plane(shape: tuple[int, ...], seed: int, level: int) -> None:
    """What was learned on one plane codes any other, of any length."""
    parameters = _fitted(_signal(2000), level)
    rng = np.random.default_rng(seed)
    for rows in (1, 3, 4, 7, shape[0]):
        _trip(rng.integers(-(2**63), 2**63 - 1, (rows, *shape[1:])), parameters)
        _trip(rng.integers(-9, 9, (rows, *shape[1:])), parameters)


@pytest.mark.parametrize(("level", "share"), [(2, 1.02), (3, 1.01), (4, 1.01)])
@pytest.mark.parametrize("scale", [3.0, 40.0, 3e4])
def test_near_the_entropy_of_a_source(level: int, share: float, scale: float) -> None:
    """An autoregressive source takes little more than the entropy of its noise."""
    plane = _signal(60_000, scale)
    bits = 8 * len(_trip(plane, _fitted(plane, level))) / plane.size
    # Rounding the samples to integers adds noise, which counts where the scale is small.
    entropy = 0.5 * np.log2(2 * np.pi * np.e * (scale**2 + 5 / 12))
    assert bits < share * entropy + 0.06


@pytest.mark.parametrize("level", [2, 3, 4])
def test_follows_loudness_and_pitch(level: int) -> None:
    """What is loud here and quiet there, and changes its pitch, costs what its parts cost."""
    plane = _signal(40_000)
    alone = 8 * len(linear.encode(plane, _fitted(plane, level)))
    sign = np.where(np.arange(plane.size) % 2, -1, 1)
    mixed = np.concatenate([plane, sign * plane, 64 * plane])
    bits = 8 * len(_trip(mixed, _fitted(mixed, level)))
    assert bits < 3.05 * alone + 6 * plane.size


def test_the_bound_is_near_what_is_coded() -> None:
    """The search compares it with other models' bounds, and lets none go that may be better."""
    plane = _signal(100_000)
    bits = 8 * len(linear.encode(plane, _fitted(plane, 3)))
    assert 0.94 < linear.bound(plane, plane.size) / bits < 1.0


def test_not_for_every_plane() -> None:
    """Pictures, many channels and short planes are declined, by the bound as well."""
    for plane in (np.zeros((8, 8, 8)), np.zeros((999, 65)), np.zeros(100), np.zeros((15, 40))):
        samples = plane.astype(np.int64)
        assert linear.propose(samples, 3) is None
        assert linear.bound(samples, samples.size) == np.inf


@slow
@given(shapes, st.integers(0, 9))
def test_sequences_are_the_plane(shape: tuple[int, ...], more: int) -> None:
    """Channels in pieces, and what is left, make the plane again."""
    plane = np.arange((shape[0] + more) * int(np.prod(shape[1:]))).reshape(-1, *shape[1:]) - 99
    sequences, left = arrange(plane)
    assert len(sequences) % 4 == 0
    np.testing.assert_array_equal(restore(sequences, left, plane.shape), plane)


@pytest.mark.parametrize("rows", [301, 302, 303])
def test_many_channels_that_end_in_wide_samples(rows: int) -> None:
    """What is left at the end of odd channels can take more than a thousand bytes."""
    plane = np.random.default_rng(1).integers(-(2**62), 2**62, (rows, 63))
    data = _trip(plane, _fitted(plane, 3))
    left = rows % 4 * 63
    for size in (0, 7, 9, 255):
        damaged = memoryview(data[:3] + bytes([size]) + data[4:])
        with pytest.raises(CorruptError):
            linear.decode(damaged, plane.shape, _fitted(plane, 3))
    with pytest.raises(CorruptError, match=f"{left} samples"):
        linear.decode(memoryview(data[: 12 + 8 * left - 1]), plane.shape, _fitted(plane, 3))


def test_scratch_is_in_proportion_to_the_plane() -> None:
    """A stream of many short planes cannot have each of them clear megabytes for a long block."""
    short = _signal(300)
    model = Model.from_integers(_fitted(short, 3), 4)
    assert replace(model, block_bits=16).walk(False, 75).block == 75
    assert replace(model, block_bits=6).walk(False, 75).block == 64
    assert model.walk(False, 0).block == 1
    _trip(short, replace(model, block_bits=16).to_integers())


@slow
@given(st.data())
def test_hostile_parameters_and_bytes(data: st.DataObject) -> None:
    """Altered parameters or bytes give a plane or `CorruptError`."""
    plane = _signal(1500) << data.draw(st.sampled_from([0, 45]))
    parameters = list(_fitted(plane, data.draw(levels)))
    coded = bytearray(linear.encode(plane, tuple(parameters)))
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(parameters) - 1))
        parameters[at] = data.draw(st.integers(-4, 80) | st.integers(-(2**63), 2**63 - 1))
    for _ in range(data.draw(st.integers(0, 3))):
        coded[data.draw(st.integers(0, len(coded) - 1))] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del coded[data.draw(st.integers(0, len(coded))) :]
    shape = data.draw(st.sampled_from([(1500,), (1501,), (750, 2), (3,), (500, 3), (15, 10, 10)]))
    try:
        back = linear.decode(memoryview(bytes(coded)), shape, tuple(parameters))
    except CorruptError:
        return
    assert back.shape == shape
    assert back.dtype == np.int64


def test_prefix_of_parameters() -> None:
    """Parameters of a model that end before its tables are refused, too many as well."""
    plane = _signal(1000)
    parameters = _fitted(plane, 2)
    coded = memoryview(linear.encode(plane, parameters))
    for end in range(len(parameters)):
        with pytest.raises(CorruptError):
            linear.decode(coded, plane.shape, parameters[:end])
    with pytest.raises(CorruptError):
        linear.decode(coded, plane.shape, (*parameters, 0, *(0,) * 1000))


def test_parameters_are_what_they_were() -> None:
    """A model is written and read."""
    model = Model(10, 1, -(1 << 63), 3, 6, 12, 4, -5, 7, (1, 0, -2))
    assert Model.from_integers(model.to_integers(), 2) == model
