"""The static model: exact on any plane, and its parts against plain arithmetic."""

from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction import static
from compress.prediction.static.lorenzo import axis_sets, differences, sums

slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
shapes = st.lists(st.integers(1, 9), max_size=4).map(tuple)


@slow
@given(shapes, st.integers(0, 2**32 - 1), st.integers(0, 62))
def test_round_trip(shape: tuple[int, ...], seed: int, bits: int) -> None:
    """Any plane with at least one sample comes back, whatever its range."""
    plane = np.random.default_rng(seed).integers(-(1 << bits), (1 << bits) + 1, shape)
    parameters = static.propose(plane, 1)
    assert parameters is not None
    data = static.encode(plane, parameters)
    assert np.array_equal(static.decode(memoryview(data), shape, parameters), plane)


@slow
@given(shapes, st.integers(0, 2**32 - 1), st.data())
def test_lorenzo_differences_are_reversible(
    shape: tuple[int, ...], seed: int, data: st.DataObject
) -> None:
    """Differences along any set of axes are undone by sums, wrapping included."""
    plane = np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, shape)
    axes = data.draw(st.sampled_from(axis_sets(len(shape))))
    assert np.array_equal(sums(differences(plane, axes), axes), plane)


def test_lorenzo_is_what_it_says() -> None:
    """Two axes give x - left - above + above-left."""
    x = np.random.default_rng(0).integers(0, 99, (5, 6))
    residual = differences(x, 0b11)
    assert np.array_equal(residual[1:, 1:], x[1:, 1:] - x[1:, :-1] - x[:-1, 1:] + x[:-1, :-1])


@slow
@given(st.integers(0, 63), st.integers(0, 70), st.booleans(), st.integers(0, 2**32 - 1))
def test_finish_is_shift_or_and_sum(low_bits: int, n: int, adding: bool, seed: int) -> None:
    """The one-pass kernel agrees with shifting, or-ing and summing Python integers."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(-4, 5, n)
    low = [int(v) >> (63 - low_bits) for v in rng.integers(0, 2**63, n)]
    packed = sum(v << (i * low_bits) for i, v in enumerate(low))
    data = packed.to_bytes((n * low_bits + 7) // 8, "little")
    expected, total = [], 0
    for token, bits in zip(tokens.tolist(), low, strict=True):
        total = (total if adding else 0) + ((token << low_bits) | bits)
        expected.append((total + 2**63) % 2**64 - 2**63)
    assert static.finish(tokens, static._as_words(memoryview(data)), low_bits, adding)
    assert tokens.tolist() == expected


def test_finish_checks_lengths() -> None:
    """Too few packed words are refused, not read."""
    assert not static.finish(np.zeros(100, np.int64), np.zeros(1, np.uint64), 7, False)


@slow
@given(st.data())
def test_hostile_parameters_and_data(data: st.DataObject) -> None:
    """Altered parameters or bytes give a plane or `CorruptError`."""
    shape = (7, 9)
    plane = np.arange(prod(shape)).reshape(shape) ** 3
    parameters = list(static.propose(plane, 1) or ())
    coded = bytearray(static.encode(plane, tuple(parameters)))
    at = data.draw(st.integers(0, len(parameters) - 1))
    parameters[at] = data.draw(st.integers(-4, 70) | st.integers(-(2**63), 2**63 - 1))
    if data.draw(st.booleans()):
        coded[data.draw(st.integers(0, len(coded) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        back = static.decode(memoryview(bytes(coded)), shape, tuple(parameters))
    except CorruptError:
        return
    assert back.shape == shape


@pytest.mark.parametrize("share", [0.0, 0.002, 0.01, 0.03])
def test_far_residuals_cost_their_bits_and_no_more(share: float) -> None:
    """Rare samples anywhere in 31 bits are escaped, and the others keep their narrow table."""
    rng = np.random.default_rng(0)
    plane = np.rint(rng.normal(0, 3, 50_000)).astype(np.int64)
    far = rng.random(plane.size) < share
    plane[far] = rng.integers(-(1 << 30), 1 << 30, np.count_nonzero(far))
    parameters = static.propose(plane, 1)
    assert parameters is not None
    bits = 8 * len(static.encode(plane, parameters)) / plane.size
    assert bits < 3.66 + share * 45
