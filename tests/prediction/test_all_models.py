"""What every plane model owes, whoever adds it: exact planes, prices, no harm from damage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.errors import CorruptError
from compress.prediction.model import Parameters, Plane, PlaneModel
from compress.prediction.registry import MODELS

ALL = list(MODELS.values())
NAMES = [model.NAME for model in ALL]
LEVELS = (1, 3, 5)
PLANES = hnp.arrays(
    np.int64,
    hnp.array_shapes(max_dims=3, max_side=20),
    elements=st.integers(-3, 3) | st.integers(-(1 << 63), (1 << 63) - 1),
)


def _fits(model: PlaneModel, plane: Plane) -> Iterator[Parameters]:
    """Parameters at each level at which the model takes the plane."""
    for level in LEVELS:
        parameters = model.propose(plane, level)
        if parameters is not None:
            yield parameters


def test_codes_and_names_are_unique() -> None:
    """Streams name models by code, people by name."""
    assert list(MODELS) == [model.CODE for model in ALL]
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("model", ALL, ids=NAMES)
@given(plane=PLANES)
@settings(deadline=None, max_examples=15)
def test_planes_come_back_at_a_price(model: PlaneModel, plane: Plane) -> None:
    """Bit for bit, with Python's integers as parameters and some nanoseconds a sample."""
    for parameters in _fits(model, plane):
        assert all(type(parameter) is int for parameter in parameters)
        data = model.encode(plane, parameters)
        back = model.decode(memoryview(data), plane.shape, parameters)
        assert back.dtype in (np.int16, np.int32, np.int64)
        np.testing.assert_array_equal(back, plane)
        assert 0.1 < model.decode_ns(parameters) < 1e5
        assert 0.1 < model.encode_ns(parameters) < 1e5


@pytest.mark.parametrize("model", ALL, ids=NAMES)
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_damage_is_noticed_or_harmless(model: PlaneModel, data: st.DataObject) -> None:
    """Altered parameters, bytes or lengths give a plane of the shape or `CorruptError`."""
    generator = np.random.default_rng(data.draw(st.integers(0, 3)))
    plane = np.cumsum(generator.integers(-2, 3, (16, 20)), axis=1)
    # Some take blocks of 64 only.
    plane = plane if any(_fits(model, plane)) else plane.reshape(5, 1, 64)
    parameters = list(data.draw(st.sampled_from(list(_fits(model, plane)))))
    coded = bytearray(model.encode(plane, tuple(parameters)))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(parameters) + len(coded) - 1))
        if at < len(parameters):
            parameters[at] = data.draw(st.integers(-3, 70) | st.integers(-(1 << 70), 1 << 70))
        else:
            coded[at - len(parameters)] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.integers(0, 4))
    try:
        back = model.decode(
            memoryview(bytes(coded[: len(coded) - end])), plane.shape, tuple(parameters)
        )
    except CorruptError:
        return
    assert back.shape == plane.shape
    assert back.dtype in (np.int16, np.int32, np.int64)
