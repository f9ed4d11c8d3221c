"""Rows coded by a density of vectors come back, in as many bytes as the density says."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress import vectors
from compress.densities import AutoregressiveDensity
from compress.errors import (
    CompressError,
    CorruptError,
    FormatError,
    LimitError,
    ModelMismatchError,
)


def _rows(n, seed=0):
    """Two values, a skewed column that depends on them, counts that depend on both."""
    rng = np.random.default_rng(seed)
    flag = rng.random(n) < 0.3
    x = np.exp(0.5 * rng.normal(size=n) + flag)
    return np.stack([2.5 * flag, x, rng.poisson(2.0 + x)], axis=1)


@pytest.fixture(scope="module")
def density():
    """Fitted to 3,000 rows."""
    return AutoregressiveDensity.fit(_rows(3000), order=(0, 1, 2))


def test_bytes_are_what_the_density_says(density):
    """Within 1 %, of rows that were not fitted; lattices exact, the rest to half a step."""
    rows = _rows(5000, seed=1)
    rows[:, 1] = np.round(rows[:, 1] / 0.01) * 0.01
    data = vectors.encode(rows, density, bin_width=0.01)
    back = vectors.decode(data, density)
    np.testing.assert_array_equal(back[:, [0, 2]], rows[:, [0, 2]])
    np.testing.assert_allclose(back[:, 1], rows[:, 1], atol=1e-12)
    ideal = density.code_length(rows, bin_width=0.01) / 8
    assert ideal * 0.999 < len(data) < ideal * 1.01


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 2.5]),
            st.floats(-1e9, 1e9),
            st.integers(-(10**9), 10**9),
        ),
        max_size=20,
    ),
    st.sampled_from([1e-6, 0.01, 1.0, 1000.0]),
)
def test_any_rows_come_back(density, rows, bin_width):
    """However far from those that were fitted, at any resolution."""
    array = np.array(rows, dtype=np.float64).reshape(-1, 3)
    back = vectors.decode(vectors.encode(array, density, bin_width=bin_width), density)
    np.testing.assert_array_equal(back[:, [0, 2]], array[:, [0, 2]])
    np.testing.assert_allclose(back[:, 1], array[:, 1], atol=0.5001 * bin_width, rtol=1e-15)


def test_many_columns_and_shapes_come_back():
    """Twelve columns of which some depend on others in ways that make trees grow."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, 12))
    rows[:, 6:] = np.where(rows[:, :6] < 0.3, rng.exponential(size=(4000, 6)), -rows[:, 6:])
    density = AutoregressiveDensity.fit(rows, components=2)
    back = vectors.decode(vectors.encode(rows, density, bin_width=1e-3), density)
    np.testing.assert_allclose(back, rows, atol=0.5001e-3)


@pytest.mark.parametrize("values", [(0.1, 0.3), (-1e10, 1e-3), (0.1, 1e17), (-7.7, 3.3)])
def test_two_values_come_back_exactly(values):
    """Also where the difference of the two is rounded."""
    rows = np.array(values)[np.random.default_rng(0).integers(0, 2, (40, 1))]
    density = AutoregressiveDensity.fit(rows)
    if density.steps[0] > 0.0:
        data = vectors.encode(rows, density)
        np.testing.assert_array_equal(vectors.decode(data, density), rows)
        assert len(data) < 40
    else:
        assert values == (-1e10, 1e-3)


def test_multiples_of_a_decimal_step_come_back():
    """As multiples, for 0.3 is none of 0.1 in binary."""
    rows = np.random.default_rng(0).integers(0, 60, (200, 2)) / 10.0
    density = AutoregressiveDensity.fit(rows, bin_width=0.1)
    back = vectors.decode(vectors.encode(rows, density), density)
    np.testing.assert_allclose(back, rows, rtol=1e-15)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_rows_are_enough(n):
    """To fit a density that codes them."""
    for rows in (
        np.random.default_rng(n).normal(size=(n, 3)),
        np.random.default_rng(n).standard_cauchy((n, 2)),
        np.full((n, 2), 2.5),
        np.arange(3 * n).reshape(n, 3),
    ):
        density = AutoregressiveDensity.fit(rows)
        assert np.all(np.isfinite(density.logpdf(rows)))
        back = vectors.decode(vectors.encode(rows, density, bin_width=0.25), density)
        np.testing.assert_allclose(back, rows, atol=0.1251)


def _checked(body):
    return body + struct.pack("<I", zlib.crc32(body))


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_damaged_bytes_raise_our_errors(density, data):
    """Cut, or changed with a checksum that fits: one of our errors, or rows."""
    whole = vectors.encode(_rows(60, seed=2), density, bin_width=0.01)
    body = bytearray(whole[:-4])
    if data.draw(st.booleans()):
        del body[data.draw(st.integers(0, len(body))) :]
    for _ in range(data.draw(st.integers(0, 3))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        rows = vectors.decode(_checked(bytes(body)), density, max_bytes=1 << 16)
    except CompressError:
        return
    assert rows.shape[1] == 3


def test_each_damage_has_its_error(density):
    """Other bytes, a newer version, a wrong checksum, another density, a limit."""
    rows = _rows(200, seed=3)
    data = vectors.encode(rows, density, bin_width=0.01)
    with pytest.raises(FormatError, match="no coded rows"):
        vectors.decode(b"other bytes that are long enough", density)
    with pytest.raises(FormatError, match="version 9 of coded rows is newer than version 0"):
        vectors.decode(data[:3] + b"\x09" + data[4:], density)
    with pytest.raises(CorruptError, match="checksum"):
        vectors.decode(data[:-1] + bytes([data[-1] ^ 1]), density)
    other = AutoregressiveDensity.fit(_rows(500, seed=4))
    with pytest.raises(ModelMismatchError):
        vectors.decode(data, other)
    with pytest.raises(LimitError):
        vectors.decode(data, density, max_bytes=100)


def test_rows_that_cannot_be_coded_are_refused(density):
    """A wrong shape, NaN, values off a lattice, no resolution."""
    rows = _rows(10)
    with pytest.raises(ValueError, match="shape"):
        vectors.encode(rows[:, :2], density, bin_width=0.1)
    with pytest.raises(ValueError, match="finite"):
        vectors.encode(np.full((2, 3), np.nan), density, bin_width=0.1)
    with pytest.raises(ValueError, match="lattice"):
        vectors.encode(rows + 0.1, density, bin_width=0.1)
    with pytest.raises(ValueError, match="bin_width"):
        vectors.encode(rows, density)
    with pytest.raises(TypeError, match="real numbers"):
        vectors.encode(rows.astype(complex), density, bin_width=0.1)


def test_interpreted_kernels_decode_the_same(density, tmp_path: Path):
    """The decoder's arithmetic does not depend on the compiler."""
    rows = _rows(25, seed=5)
    data = vectors.encode(rows, density, bin_width=0.01)
    (tmp_path / "density").write_bytes(pickle.dumps(density))
    (tmp_path / "data").write_bytes(data)
    code = (
        "import pickle, sys; from pathlib import Path; from compress import vectors;"
        "at = Path(sys.argv[1]); density = pickle.loads((at / 'density').read_bytes());"
        "rows = vectors.decode((at / 'data').read_bytes(), density);"
        "sys.stdout.write(rows.tobytes().hex())"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == vectors.decode(data, density).tobytes().hex()
