"""Holes in a plane: exact whatever they are, nearly free where they repeat, and out of the way."""

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
from compress.prediction import Autoregressive, causal
from compress.prediction.causal.recipes import RECIPES

Plane = npt.NDArray[np.int64]

VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 3),
    st.integers(-1000, 1000),
    st.sampled_from([-(2**63), 2**63 - 1, 2**62, -(2**62), 2**60]),
)
PLANES = hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=0, max_dims=6, min_side=1, max_side=6), elements=VALUES
)


def _field(shape: tuple[int, int], seed: int = 3) -> Plane:
    generator = np.random.default_rng(seed)
    smooth = np.cumsum(np.cumsum(generator.normal(size=shape), 0), 1) * 20
    return np.rint(smooth + generator.normal(size=shape) * 50).astype(np.int64)


def _land(shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    waves = np.sin(np.arange(shape[0])[:, None] / 9) + np.cos(np.arange(shape[1]) / 11)
    return waves < np.quantile(waves, 0.4)


def _marked(plane: Plane, land: npt.NDArray[np.bool_]) -> Plane:
    return np.where(land, plane[~land].min() - 1, plane)


def _parameters(plane: Plane, recipe: int, holes: int = 1) -> tuple[int, ...]:
    n = min(max(sum(side > 1 for side in plane.shape), 1), 5)
    return (recipe, *range(n), 0, *(2,) * n, 1, holes)


@settings(max_examples=80, deadline=None)
@given(PLANES, st.sampled_from(sorted(RECIPES)))
def test_every_plane_comes_back(plane: Plane, recipe: int) -> None:
    """Any plane has smallest samples; as holes they and all others come back, bit for bit."""
    parameters = _parameters(plane, recipe)
    data = causal.encode(plane, parameters)
    decoded = causal.decode(memoryview(data), plane.shape, parameters)
    np.testing.assert_array_equal(decoded, plane)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([5, 8]), st.sampled_from([0.02, 0.3, 0.97]))
def test_scattered_holes_come_back(seed: int, level: int, share: float) -> None:
    """Holes anywhere, in any number, under the parameters that are proposed."""
    generator = np.random.default_rng(seed)
    plane = np.where(generator.random((30, 41)) < share, -9999, _field((30, 41), seed))
    parameters = causal.propose(plane, level)
    assert parameters is not None
    data = causal.encode(plane, parameters)
    np.testing.assert_array_equal(causal.decode(memoryview(data), plane.shape, parameters), plane)


@pytest.mark.parametrize("level", [5, 6, 8])
def test_land_is_found_and_costs_little(level: int) -> None:
    """The search finds the holes; samples cost what they do in the field without land."""
    shape = (150, 180)
    field, land = _field(shape), _land(shape)
    plane = _marked(field, land)
    parameters = causal.propose(plane, level)
    assert parameters is not None
    assert parameters[-1] == 1
    whole = causal.propose(field, level)
    assert whole is not None
    assert whole[-1] == 0
    bits = causal.code_lengths(plane, parameters)
    data = causal.encode(plane, parameters)
    assert bits.sum() == pytest.approx(8 * len(data), abs=200)
    assert bits[land].mean() < 0.1
    assert bits[~land].mean() < causal.code_lengths(field, whole)[~land].mean() + 0.3


def test_a_mask_that_repeats_is_nearly_free() -> None:
    """What was a hole last month is one this month: 0.001 bit a sample."""
    generator = np.random.default_rng(8)
    mask = np.repeat(generator.random((1, 20, 30)) < 0.4, 60, axis=0)
    plane = np.where(mask, 0, 1)
    data = causal.encode(plane, _parameters(plane, 1))
    assert 8 * len(data) < 20 * 30 * 1.5 + 59 * 20 * 30 * 0.01 + 200


def test_holes_are_kept_to_in_what_is_drawn() -> None:
    """Samples that could follow a field with land have land too, and good values elsewhere."""
    plane = _marked(_field((40, 50)), np.broadcast_to(np.arange(50) % 25 < 10, (40, 50)))
    model = Autoregressive(level=5).fit(plane)
    assert model.parameters_[-1] == 1
    shape = (9, 50) if model.parameters_[1] == 0 else (40, 9)
    drawn = model.rvs(shape, rng=1)
    assert drawn.shape == shape
    assert drawn.min() >= plane.min()
    assert drawn.max() <= plane.max()
    if shape[0] == 9:
        assert ((drawn == plane.min()) == (plane[:9] == plane.min())).mean() > 0.9


@pytest.mark.parametrize("value", [0, -(2**63), 2**63 - 1])
def test_nothing_but_holes(value: int) -> None:
    """A plane without a good sample costs its head and a few words."""
    plane = np.full((20, 30), value)
    data = causal.encode(plane, _parameters(plane, 0))
    assert len(data) <= 32
    decoded = causal.decode(memoryview(data), plane.shape, _parameters(plane, 0))
    np.testing.assert_array_equal(decoded, plane)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 400), st.integers(0, 7))
def test_damaged_planes_raise_or_decode_to_the_shape(seed: int, place: int, bit: int) -> None:
    """Nothing but `CorruptError` escapes from a plane with holes of which a bit is flipped."""
    plane = _marked(_field((20, 21), seed), _land((20, 21)))
    parameters = _parameters(plane, 1)
    data = bytearray(causal.encode(plane, parameters))
    data[place % len(data)] ^= 1 << bit
    try:
        decoded = causal.decode(memoryview(bytes(data)), plane.shape, parameters)
    except CorruptError:
        return
    assert decoded.shape == plane.shape


_WITHOUT_COMPILER = """
import warnings
import numpy as np
from compress.prediction import causal
warnings.simplefilter("ignore")
plane = np.load({plane!r})
data = causal.encode(plane, {parameters})
assert (causal.decode(memoryview(data), plane.shape, {parameters}) == plane).all()
print(data.hex())
"""


@pytest.mark.parametrize("recipe", [0, 6])
def test_compiled_and_interpreted_kernels_write_the_same_bytes(
    recipe: int, tmp_path: os.PathLike[str]
) -> None:
    """The arithmetic does not depend on the compiler."""
    plane = _marked(_field((12, 13)), _land((12, 13)))
    path = os.path.join(tmp_path, "plane.npy")
    np.save(path, plane)
    outputs = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        code = _WITHOUT_COMPILER.format(plane=path, parameters=_parameters(plane, recipe))
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert outputs[0] == outputs[1]
