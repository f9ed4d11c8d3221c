"""The coefficient model: exact on any blocks, safe on any bytes, the same without a compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction import coefficients
from compress.prediction.coefficients.format import MAX_COEFFICIENT, RINGS, ZIGZAG


def _blocks(rows: int, columns: int, scale: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    fall = 1.0 + np.add.outer(np.arange(8), np.arange(8)).reshape(-1)
    wide = rng.laplace(size=(rows, columns, 64)) * scale / fall**1.5
    return np.clip(np.rint(wide), -MAX_COEFFICIENT, MAX_COEFFICIENT).astype(np.int64)


@given(
    st.integers(1, 5), st.integers(1, 5), st.sampled_from([0.0, 0.3, 5.0, 400.0, 1e7]),
    st.integers(0, 99),
)  # fmt: skip
@settings(deadline=None, max_examples=20)
def test_round_trip(rows: int, columns: int, scale: float, seed: int) -> None:
    """Blocks of zeros, of pictures, and of the largest numbers."""
    plane = _blocks(rows, columns, scale, seed)
    parameters = coefficients.propose(plane, 8)
    assert parameters is not None
    data = coefficients.encode(plane, parameters)
    back = coefficients.decode(memoryview(data), plane.shape, parameters)
    np.testing.assert_array_equal(back, plane)


def test_other_planes_are_declined() -> None:
    """Other shapes, numbers too large, levels below 4, planes with holes."""
    plane = _blocks(2, 2, 5.0, 1)
    assert coefficients.propose(plane, 8) is not None
    assert coefficients.propose(plane.reshape(-1), 8) is None
    assert coefficients.propose(plane, 3) is None
    assert coefficients.propose(plane, 8, True) is None
    assert coefficients.propose(plane + MAX_COEFFICIENT, 8) is None


def test_blocks_take_less_than_their_order_0_entropy() -> None:
    """Where neighbours say how large coefficients are."""
    plane = _blocks(24, 24, 12.0, 2)
    plane[6:12] = plane[18:] = 0
    plane[:, 8:16] //= 3
    parameters = coefficients.propose(plane, 8)
    assert parameters is not None
    bits = 0.0
    for column in plane.reshape(-1, 64).T:
        share = np.unique(column, return_counts=True)[1] / column.size
        bits -= column.size * float(share @ np.log2(share))
    assert 8 * len(coefficients.encode(plane, parameters)) < 0.95 * bits


@given(st.binary(max_size=200), st.sampled_from([1, 100, MAX_COEFFICIENT]))
@settings(deadline=None, max_examples=30)
def test_any_bytes_give_a_plane_or_an_error(data: bytes, largest: int) -> None:
    """Of the shape, and within the range."""
    try:
        back = coefficients.decode(memoryview(data), (2, 2, 64), (largest,))
    except CorruptError:
        return
    assert back.shape == (2, 2, 64)
    assert np.abs(back).max() <= largest


@pytest.mark.parametrize("parameters", [(), (0,), (MAX_COEFFICIENT + 1,), (1, 1)])
def test_impossible_parameters_are_refused(parameters: tuple[int, ...]) -> None:
    """Whatever the bytes."""
    with pytest.raises(CorruptError):
        coefficients.decode(memoryview(b""), (1, 1, 64), parameters)


def test_constants_of_the_format() -> None:
    """Every frequency once, rising; magnitudes without gaps up to the largest."""
    assert sorted(ZIGZAG) == list(range(64))
    assert list(ZIGZAG[:6]) == [0, 1, 8, 16, 9, 2]
    assert np.all(np.diff(RINGS) > 0)
    assert RINGS[-1] > MAX_COEFFICIENT


_WITHOUT_COMPILER = """
import warnings
import numpy as np
from compress.prediction import coefficients
warnings.simplefilter("ignore")
plane = np.load({plane!r})
data = coefficients.encode(plane, coefficients.propose(plane, 8))
assert np.array_equal(coefficients.decode(memoryview(data), plane.shape, ({largest},)), plane)
print(data.hex())
"""


def test_without_the_compiler_it_gives_the_same_bytes(tmp_path: Path) -> None:
    """Every kernel run as plain Python."""
    plane = _blocks(2, 3, 30.0, 3)
    path = tmp_path / "plane.npy"
    np.save(path, plane)
    parameters = coefficients.propose(plane, 8)
    assert parameters is not None
    code = _WITHOUT_COMPILER.format(plane=str(path), largest=parameters[0])
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert run.stdout.strip() == coefficients.encode(plane, parameters).hex()
