"""However random an array is, it grows by no more than 0.1 % and 32 bytes, at any level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from compress.container import write_unsigned
from compress.transforms import describe
from tests.strategies import DTYPES, arrays, same

KINDS = ("bits", "exponents", "alternating", "sorted", "sparse", "blocks", "few and far")
# Axes that the 32 bytes have room for; each further one takes what its length takes.
_AXES = 4
_MANY = 3000


def bound(array: NDArray[Any], **arguments: Any) -> float:
    """Give the most bytes that an array may take.

    The description of the dtype is not counted, for names of fields may be of any length, nor the
    lengths of further axes; an error bound or a model's fingerprint are ten bytes more.
    """
    dtype = write_unsigned(describe(array.dtype))
    axes = write_unsigned(array.shape[_AXES:])
    return 1.001 * array.nbytes + 32 + len(dtype) + len(axes) + 10 * len(arguments)


def check(array: NDArray[Any], level: int, **arguments: Any) -> None:
    """Compress, compare lengths, and decompress."""
    data = compress.compress(array, level=level, threads=1, **arguments)
    assert len(data) <= bound(array, **arguments), compress.inspect(data)
    back = compress.decompress(data, threads=1, model=arguments.get("model"))
    if "max_error" not in arguments:
        assert same(array, back)


@st.composite
def adversaries(draw: st.DrawFn) -> NDArray[Any]:
    """Draw arrays that look as if a transform or a model had something to find in them."""
    dtype = np.dtype(draw(st.sampled_from([d for d in DTYPES if d.names is None])))
    size = draw(st.sampled_from([1, 2, 3, 5, 17, 64, 300, 2000]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    raw = rng.bytes(size * dtype.itemsize)
    array = np.frombuffer(raw, np.uint8) & 1 if dtype.kind == "b" else np.frombuffer(raw, dtype)
    array = array.view(dtype).copy()
    kind = draw(st.sampled_from(KINDS))
    if kind == "exponents" and issubclass(dtype.type, np.floating):
        info = np.finfo(dtype)
        exponents = rng.integers(info.minexp - info.nmant, info.maxexp, size)
        array = np.ldexp(rng.uniform(-2, 2, size), exponents).astype(dtype)
    elif kind == "alternating":
        array[::2] = array[0]
    elif kind == "sorted" and dtype.kind in "iu":
        array.sort()
    elif kind == "sparse":
        array[rng.random(size) < 0.9] = array[0]
    elif kind == "blocks":
        array[size // 2 :] = array[0]
    elif kind == "few and far":
        array = array[rng.integers(0, min(size, 9), size)]
    rows = draw(st.sampled_from([1, 1, 2, 3, 8]))
    return array.reshape(rows, -1) if size % rows == 0 else array


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=120)
@given(adversaries(), st.integers(1, 9))
@example(np.random.default_rng(0).integers(0, 1 << 32, 20_000, np.uint32).view("f4"), 1)
def test_random_and_adversarial_arrays(array: NDArray[Any], level: int) -> None:
    """Random bits of every dtype, and structures laid into them."""
    with np.errstate(all="ignore"):
        check(array, level)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)
@given(arrays(), st.integers(1, 9))
def test_small_arrays_of_every_dtype(array: NDArray[Any], level: int) -> None:
    """A handful of samples, structures among them: what stands around them is 32 bytes."""
    check(array, level)


@pytest.mark.parametrize("level", range(1, 10))
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floats_over_the_whole_range_of_exponents(dtype: str, level: int) -> None:
    """Floats of any exponent, which look like fixed-point numbers to some step."""
    rng = np.random.default_rng(5)
    info = np.finfo(dtype)
    exponents = rng.integers(info.minexp, info.maxexp, _MANY)
    check(np.ldexp(rng.uniform(-2, 2, _MANY), exponents).astype(dtype), level)
    check(np.ldexp(rng.uniform(1, 2, _MANY), exponents).astype(dtype).reshape(50, -1), level)


@pytest.mark.parametrize("fields", [1, 10, 300])
def test_structures_of_many_fields(fields: int) -> None:
    """Fields of one random row: neither plans nor lengths are written for each of them."""
    dtype = np.dtype([(f"f{i}", "<f8") for i in range(fields)])
    for rows in (1, 3, 100):
        array = np.frombuffer(np.random.default_rng(1).bytes(rows * dtype.itemsize), dtype)
        check(array, 1)


def test_bounded_and_modelled_arrays() -> None:
    """An error bound that helps nothing and a model that does not fit cost no more."""
    rng = np.random.default_rng(2)
    array = np.frombuffer(rng.bytes(8000), np.float64)
    check(array, 3, max_error=1e-300)
    # Most samples of so heavy a tail are beyond any level.
    tail = (rng.standard_cauchy(4000) ** 7).astype(np.float32)
    for level in (1, 3, 5, 8):
        check(tail, level, max_error=1e-3)
    check(array, 3, model=compress.fit(np.linspace(0, 1, 1000), level=3))


def test_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a chunk takes beside its bits is ten bytes, nothing beside half a million samples."""
    monkeypatch.setattr("compress.pipeline.header.CHUNK_SAMPLES", 1000)
    array = np.frombuffer(np.random.default_rng(3).bytes(80_000), np.complex128)
    data = compress.compress(array, level=1)
    chunks = len(compress.inspect(data).chunks)
    assert chunks == math.ceil(array.size / 1000)
    assert len(data) <= array.nbytes + 32 + 10 * chunks
    assert same(array, compress.decompress(data))


def test_raw_bits_are_shown() -> None:
    """A stream of raw bits is described like any other."""
    array = np.frombuffer(np.random.default_rng(4).bytes(800), np.complex128)
    assert compress.inspect(compress.compress(array)).chunks[0].plan == (
        "ordered() -> plain(64)",
    ) * 2  # fmt: skip
