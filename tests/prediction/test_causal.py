"""The causal plane model: exact on every plane, safe on every byte string, small on real shapes."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.errors import CorruptError
from compress.prediction import causal

Plane = npt.NDArray[np.int64]

INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES = st.one_of(
    INT64,
    st.integers(0, 3),
    st.integers(-1000, 1000),
    st.sampled_from([-(2**63), 2**63 - 1, 0, -1, 2**62, -(2**62), 2**60]),
)
PLANES = hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=0, max_dims=6, min_side=1, max_side=6), elements=VALUES
)


def round_trip(plane: Plane, level: int) -> bytes:
    """Code and decode; returns the data."""
    parameters = causal.propose(plane, level)
    assert parameters is not None
    data = causal.encode(plane, parameters)
    decoded = causal.decode(memoryview(data), plane.shape, parameters)
    assert decoded.dtype == np.int64
    assert decoded.flags.c_contiguous
    np.testing.assert_array_equal(decoded, plane)
    return data


@settings(max_examples=60, deadline=None)
@given(PLANES, st.sampled_from([5, 6, 7, 8, 9]))
def test_every_plane_comes_back(plane: Plane, level: int) -> None:
    """Any int64 content, any shape: exact, the full 64-bit range included."""
    round_trip(plane, level)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([5, 8]), st.integers(1, 63))
def test_noise_of_every_width_costs_little_more_than_its_bits(
    seed: int, level: int, bits: int
) -> None:
    """Uniform noise cannot be compressed; coding it may not expand it by much."""
    n = 600
    noise = np.random.default_rng(seed).integers(0, 2**bits, n)
    assert len(round_trip(noise, level)) * 8 <= n * (bits + 0.8) + 256


@pytest.mark.parametrize("level", [5, 8])
def test_outliers_and_jumps_come_back(level: int) -> None:
    """Smooth data with rare samples anywhere in 64 bits."""
    generator = np.random.default_rng(1)
    plane = np.cumsum(generator.integers(-3, 4, 3000))
    plane[::500] = generator.integers(-(2**63), 2**63 - 1, 6)
    round_trip(plane, level)


def test_below_level_four_it_does_not_propose() -> None:
    """Levels 1 to 4 decode without feedback, which this model cannot; 4 stands for a quick look."""
    plane = np.arange(100)
    assert all(causal.propose(plane, level) is None for level in (1, 2, 3))
    assert causal.propose(plane, 4) is not None


def test_a_constant_plane_costs_its_head_only() -> None:
    """Nothing is coded where nothing is open."""
    assert len(round_trip(np.full((40, 50), -7), 8)) <= 12


def _image(shape: tuple[int, int]) -> Plane:
    generator = np.random.default_rng(3)
    noise = generator.normal(size=shape)
    smooth = np.cumsum(np.cumsum(noise, 0), 1) * 0.2
    return np.rint(smooth + generator.normal(size=shape) * 2).astype(np.int64)


def test_a_channel_that_repeats_another_is_nearly_free() -> None:
    """The scan search finds that the third channel is a sum of the first two."""
    a, b = _image((64, 64)), _image((64, 64)).T
    two = round_trip(np.ascontiguousarray(np.stack([a, b], axis=-1)), 6)
    three = round_trip(np.ascontiguousarray(np.stack([a, b, a + b], axis=-1)), 6)
    assert len(three) < len(two) * 1.15


def test_samples_that_keep_to_some_residues_cost_less() -> None:
    """Multiples of five with an offset now and then: the grid is found, and saves its share."""
    generator = np.random.default_rng(4)
    walk = np.cumsum(generator.integers(-20, 21, 6000))
    offsets = generator.choice([0, 0, 0, 2], 6000)
    comb = walk * 5 + offsets
    parameters = causal.propose(comb, 5)
    assert parameters is not None
    assert parameters[-2] % 5 == 0
    data = round_trip(comb, 5)
    # Two of five residues, three to one: 1.5 bits less than five alike.
    without = causal.encode(comb, (*parameters[:-2], 1, 0))
    assert len(data) * 8 < len(without) * 8 - 6000 * 1.2


def test_parameters_serve_other_planes_of_as_many_axes() -> None:
    """A scan learned on one plane codes another of another range and size."""
    parameters = causal.propose(_image((64, 64)), 5)
    assert parameters is not None
    other = _image((20, 90)) * 1000 - 5
    data = causal.encode(other, parameters)
    np.testing.assert_array_equal(causal.decode(memoryview(data), other.shape, parameters), other)
    with pytest.raises(ValueError, match="shape"):
        causal.encode(np.zeros((3, 4, 5), np.int64), parameters)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([(30,), (5, 6), (2, 3, 4)]), st.integers(0, 1))
def test_random_bytes_raise_or_decode_to_the_shape(
    data: bytes, shape: tuple[int, ...], holes: int
) -> None:
    """Nothing but `CorruptError` escapes from bad bytes."""
    n = len(shape)
    parameters = (0, *range(n), 0, *(2,) * n, 1, holes)
    try:
        plane = causal.decode(memoryview(data), shape, parameters)
    except CorruptError:
        return
    assert plane.shape == shape


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-3, 70), max_size=10))
def test_random_parameters_raise(parameters: list[int]) -> None:
    """Parameters are checked before anything is allocated."""
    plane = np.arange(30).reshape(5, 6)
    good = causal.propose(plane, 5)
    assert good is not None
    data = causal.encode(plane, good)
    try:
        decoded = causal.decode(memoryview(data), plane.shape, tuple(parameters))
    except CorruptError:
        return
    assert decoded.shape == plane.shape


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_a_truncated_plane_raises(cut: int) -> None:
    """Missing words are noticed at the latest at the end."""
    plane = _image((30, 30))
    parameters = causal.propose(plane, 5)
    assert parameters is not None
    data = causal.encode(plane, parameters)
    with pytest.raises(CorruptError):
        causal.decode(memoryview(data[:-cut]), plane.shape, parameters)


_WITHOUT_COMPILER = """
import warnings
import numpy as np
from compress.prediction import causal
warnings.simplefilter("ignore")
plane = np.load({plane!r})
parameters = causal.propose(plane, {level})
data = causal.encode(plane, parameters)
assert (causal.decode(memoryview(data), plane.shape, parameters) == plane).all()
print(parameters, data.hex())
"""


@pytest.mark.parametrize("level", [5, 8])
def test_compiled_and_interpreted_kernels_write_the_same_bytes(
    level: int, tmp_path: os.PathLike[str]
) -> None:
    """The arithmetic does not depend on the compiler."""
    generator = np.random.default_rng(5)
    plane = np.cumsum(generator.integers(-9, 10, (8, 9)), axis=1)
    plane[3, 4] = 2**40
    path = os.path.join(tmp_path, "plane.npy")
    np.save(path, plane)
    outputs = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        code = _WITHOUT_COMPILER.format(plane=path, level=level)
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert outputs[0] == outputs[1]
