"""What goes in comes out, bit for bit, over the whole contract."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from tests.strategies import DTYPES, arrays, same

slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=300)


@slow
@given(arrays(), st.integers(1, 9))
def test_any_array(array: NDArray[Any], level: int) -> None:
    """Any dtype, shape, layout and level: the same array, C or Fortran order kept."""
    before = array.copy()
    data = compress.compress(array, level=level, threads=1)
    back = compress.decompress(data, threads=1)
    assert same(array, back)
    assert same(array, before)
    if array.ndim > 1 and array.flags.f_contiguous != array.flags.c_contiguous:
        assert back.flags.f_contiguous == array.flags.f_contiguous
    assert back.flags.writeable


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (1000,), (40, 50)], ids=str)
def test_every_dtype(dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Every dtype at its shapes, the corners included; a random array grows by little."""
    rng = np.random.default_rng(0)
    n = int(np.prod(shape, dtype=np.int64))
    if dtype.names is None and dtype.kind != "b":
        array = np.frombuffer(rng.bytes(n * dtype.itemsize), dtype).reshape(shape)
    else:
        array = np.zeros(shape, dtype)
    data = compress.compress(array)
    assert same(array, compress.decompress(data))
    names_and_plans = 160 if dtype.names is not None else 0
    assert len(data) <= 1.02 * array.nbytes + 64 + names_and_plans


def test_special_floats() -> None:
    """NaN payloads, signalling NaN, infinities, both zeros and denormals keep their bits."""
    bits64 = np.array(
        [0, 1 << 63, 0x7FF0 << 48, 0xFFF0 << 48, (0x7FF8 << 48) + 5, (0x7FF0 << 48) + 1,
         (0xFFF8 << 48) + 77, 1, (1 << 63) + 1, (1 << 64) - 1],
        np.uint64,
    )  # fmt: skip
    array = np.tile(bits64, 50).view(np.float64)
    assert same(array, compress.decompress(compress.compress(array)))
    bits16 = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(np.float16)
    assert same(bits16, compress.decompress(compress.compress(bits16)))


@pytest.mark.parametrize("threads", [1, 2, None])
def test_many_chunks(threads: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array cut into chunks comes back; the bytes do not depend on the number of threads."""
    monkeypatch.setattr("compress.pipeline.header.CHUNK_SAMPLES", 1000)
    array = np.random.default_rng(1).normal(size=(7, 3, 450)).cumsum(-1).astype(np.float32)
    data = compress.compress(array, threads=threads)
    assert data == compress.compress(array, threads=1)
    assert compress.inspect(data).chunks[0].shape == (2, 450)
    assert same(array, compress.decompress(data, threads=threads))


def test_scalars_and_lists() -> None:
    """What numpy takes as an array is taken."""
    assert compress.decompress(compress.compress(3.5)) == 3.5
    assert compress.decompress(compress.compress([[1, 2], [3, 4]])).tolist() == [[1, 2], [3, 4]]


def test_data_may_be_any_buffer() -> None:
    """bytes, bytearray, memoryview (also strided) and arrays of bytes are taken as data."""
    array = np.arange(100)
    data = compress.compress(array)
    doubled = bytes(b for pair in zip(data, data, strict=True) for b in pair)
    for buffer in (bytearray(data), memoryview(data), memoryview(doubled)[::2],
                   np.frombuffer(data, np.uint8)):  # fmt: skip
        assert same(array, compress.decompress(buffer))
