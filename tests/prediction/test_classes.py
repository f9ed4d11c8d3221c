"""The scale-class model: exact on any plane, learned from the data, safe on any bytes."""

from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction import classes
from compress.prediction.classes.fit import MOST_TOKENS, fit_location, fit_scale
from compress.tables import HistogramTable

slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=20)
shapes = st.sampled_from(
    [(256,), (300, 1), (1, 300), (17, 19), (8, 9, 7), (20, 20, 3), (2, 3, 4, 5, 6)]
)


@slow
@given(shapes, st.integers(0, 2**32 - 1), st.integers(0, 38), st.sampled_from([3, 4]))
def test_round_trip(shape: tuple[int, ...], seed: int, bits: int, level: int) -> None:
    """Planes of one to five axes, rough or smooth, narrow or wide, come back exactly."""
    rng = np.random.default_rng(seed)
    plane = rng.integers(-(1 << bits), (1 << bits) + 1, shape)
    if seed % 2:
        plane = plane.cumsum(axis=seed // 2 % len(shape))
    parameters = classes.propose(plane, level)
    if parameters is None:
        rows = sum(n > 16 for n in shape) > 1
        assert int(plane.max()) - int(plane.min()) >= 1 << 40 or (level == 3 and rows)
        return
    data = classes.encode(plane, parameters)
    assert np.array_equal(classes.decode(memoryview(data), shape, parameters), plane)


@slow
@given(st.integers(0, 2**32 - 1))
def test_parameters_of_another_plane(seed: int) -> None:
    """What was learned on one plane codes any other of the same shape, only less well."""
    rng = np.random.default_rng(seed)
    learned = rng.normal(0, 20, (20, 30)).cumsum(0).astype(np.int64)
    parameters = classes.propose(learned, 4)
    assert parameters is not None
    other = rng.integers(-(2**63), 2**63 - 1, (20, 30))
    data = classes.encode(other, parameters)
    assert np.array_equal(classes.decode(memoryview(data), other.shape, parameters), other)


def test_not_for_every_plane() -> None:
    """Low levels, tiny planes, planes wider than the arithmetic and, at level 3, with rows."""
    plane = np.arange(1000)
    assert classes.propose(plane, 2) is None
    assert classes.propose(plane[:100], 3) is None
    assert classes.propose(plane << 40, 3) is None
    # Planes with rows and columns are the wavefront's at level 3.
    assert classes.propose(plane.reshape(20, 50), 3) is None
    assert classes.propose(plane.reshape(20, 50), 4) is not None


def test_beats_its_own_location_without_classes() -> None:
    """Where the noise changes from place to place, the classes find it: bits near the entropy."""
    rng = np.random.default_rng(2)
    scale = np.exp(np.linspace(-1, 5, 200))[:, None] * np.ones((200, 200))
    plane = np.round(rng.laplace(0, scale)).astype(np.int64)
    parameters = classes.propose(plane, 4)
    assert parameters is not None
    bits = 8 * len(classes.encode(plane, parameters)) / plane.size
    known = np.mean(np.maximum(np.log2(2 * np.e * scale), 0.3))
    assert bits < known + 0.25


def test_fits_find_known_weights() -> None:
    """Coefficients and scale weights of made-up data are recovered."""
    rng = np.random.default_rng(0)
    features = rng.normal(0, 50, (5000, 3))
    target = features @ [1.0, -0.5, 0.25] + rng.laplace(0, 1, 5000)
    assert np.allclose(fit_location(target, features), [1.0, -0.5, 0.25], atol=0.01)
    sizes = np.abs(rng.normal(0, 5, (20_000, 2)))
    magnitudes = rng.exponential(sizes @ [0.7, 0.2] + 1.0)
    found = fit_scale(magnitudes, np.column_stack([sizes, np.ones(len(sizes))]))
    assert np.allclose(found, [0.7, 0.2, 1.0], atol=0.1)


@slow
@given(st.data())
def test_hostile_parameters_and_words(data: st.DataObject) -> None:
    """Altered parameters or words give a plane or `CorruptError`."""
    shape = (12, 8, 3)
    plane = np.random.default_rng(1).normal(0, 9, shape).cumsum(0).astype(np.int64)
    parameters = list(classes.propose(plane, 3) or ())
    coded = bytearray(classes.encode(plane, tuple(parameters)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(parameters) - 1))
        parameters[at] = data.draw(st.integers(-4, 4) | st.integers(-(2**63), 2**63 - 1))
    if data.draw(st.booleans()):
        coded[data.draw(st.integers(0, len(coded) - 1))] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del coded[data.draw(st.integers(0, len(coded))) :]
    try:
        back = classes.decode(memoryview(bytes(coded)), shape, tuple(parameters))
    except CorruptError:
        return
    assert back.shape == shape
    assert back.dtype == np.int64


@pytest.mark.parametrize("shape", [(300,), (12, 25), (5, 6, 10)])
def test_prefix_of_parameters(shape: tuple[int, ...]) -> None:
    """Parameters that end early are refused."""
    plane = np.arange(prod(shape)).reshape(shape) % 37
    parameters = classes.propose(plane, 3)
    assert parameters is not None
    coded = memoryview(classes.encode(plane, parameters))
    for end in range(len(parameters)):
        with pytest.raises(CorruptError):
            classes.decode(coded, shape, parameters[:end])


def test_bytes_behind_the_last_plain_bit_are_refused() -> None:
    """There is one way to end the data of a plane, with plain bits or without."""
    for spread in (3.0, 3e5):
        plane = np.random.default_rng(4).normal(0, spread, 400).astype(np.int64)
        parameters = classes.propose(plane, 4)
        assert parameters is not None
        coded = classes.encode(plane, parameters)
        assert np.array_equal(classes.decode(memoryview(coded), plane.shape, parameters), plane)
        with pytest.raises(CorruptError, match="end with"):
            classes.decode(memoryview(coded + bytes(4)), plane.shape, parameters)


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (1, 1, 5), (2, 3)])
def test_no_neighbour_lies_outside_of_a_small_plane(shape: tuple[int, ...]) -> None:
    """Channels of one sample have neighbours in the plane, the first one has itself."""
    axes = range(len(shape))
    channel = int(np.argmax(shape))
    head = (len(shape), *axes, channel, *(1 for _ in axes), 4, 1, -9, 9)
    of_channels = (0,) * 3 * shape[channel] + (0, 0, 1) * shape[channel]
    table = HistogramTable(-9, (1,) * 19).to_integers()
    parameters = (*head, *of_channels, 0, 1, 0, *table)
    walk = classes._parse(parameters, shape).walk(shape)
    for i, place in enumerate(np.ndindex(shape)):
        inside = np.all((place >= walk.margins[:, 0]) & (place < shape - walk.margins[:, 1]))
        jumps = walk.jumps[place[channel]]
        assert not inside or np.all((i + jumps >= 0) & (jumps < 0))
    plane = np.arange(prod(shape)).reshape(shape) - 2
    coded = classes.encode(plane, parameters)
    assert np.array_equal(classes.decode(memoryview(coded), shape, parameters), plane)


def test_tables_are_no_larger_than_any_that_is_written() -> None:
    """A few integers cannot ask for a hundred tables of a million tokens each."""
    plane = np.full(300, 7)
    learned = classes.propose(plane, 4)
    assert learned is not None
    # Of a constant plane there is one table, with one token.
    assert learned[-3] == 1
    coded = memoryview(classes.encode(plane, learned))
    with pytest.raises(CorruptError, match="number of symbols"):
        classes.decode(coded, plane.shape, (*learned[:-3], MOST_TOKENS + 1, *learned[-2:]))
