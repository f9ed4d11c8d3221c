"""Models on arrays of every kind: exact, never larger than without, and only documented errors."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from compress.pipeline.chunk import code_chunk
from tests.strategies import DTYPES, arrays, same

Array = NDArray[Any]


@cache
def walks() -> Array:
    """Make rows of few values, which the counting model codes best."""
    steps = np.random.default_rng(0).integers(-1, 2, (4000, 8))
    return np.clip(np.cumsum(steps, 1) + 8, 0, 16).astype(np.uint8)


def check(array: Array, model: compress.Model, **arguments: Any) -> bytes:
    """Compress with a model, decompress, and compare with the stream without one."""
    data = compress.compress(array, model=model, threads=1, **arguments)
    assert len(data) <= len(compress.compress(array, threads=1, **arguments))
    back = compress.decompress(data, model=model)
    assert "max_error" in arguments or same(array, back)
    if compress.inspect(data).fingerprint is None:
        assert same(back, compress.decompress(data))
    return data


@pytest.mark.parametrize("level", [1, 5, 8, 9])
def test_messages_shorter_than_the_sample(level: int) -> None:
    """One row of the sample, some, all: with as many axes as the sample, fewer and more."""
    rows = walks()
    model = compress.fit(rows, level=level)
    for array in (rows[:1], rows[:10], rows[:100], rows[:0], rows[0], rows[0, 0], rows):
        check(array, model, level=level)
    for array in (rows[:64].reshape(8, 8, 8), rows[:50].reshape(-1), rows[:30].T, rows[None, :9]):
        check(array, model, level=level)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=300)
@given(st.data(), st.sampled_from(DTYPES), st.sampled_from([1, 3, 5]), st.integers(1, 3))
def test_any_array_by_the_model_of_any_other(
    data: st.DataObject, dtype: np.dtype[Any], level: int, copies: int
) -> None:
    """Whatever the sample was, an array of its dtype comes back, and is no larger for it."""
    with np.errstate(all="ignore"):
        sample = data.draw(arrays(dtype).filter(lambda array: array.size > 0))
        longer = np.repeat(np.atleast_1d(sample), copies, axis=0)
        check(data.draw(arrays(dtype)), compress.fit(longer, level=level), level=level)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=20)
@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 4), st.sampled_from([1, 5, 7]))
def test_signals_by_the_model_of_another(seed: int, other: int, axes: int, level: int) -> None:
    """Structure that steps find in one signal is not taken for granted in the next."""
    model = compress.fit(signal(seed, 1200), level=level)
    shape = (1, 5, 2, 30)[-axes:]
    size = int(np.prod(shape))
    check(signal(other, size).reshape(shape), model, level=level)
    check(signal(seed, 1200)[-size:].reshape(shape), model, level=level)


def signal(seed: int, size: int) -> Array:
    """Make one of several kinds of structure, in float64."""
    rng = np.random.default_rng(seed)
    walk = rng.integers(-9, 10, size).cumsum()
    kinds = [
        walk * 0.25,
        walk % 50 / 100,
        np.where(rng.random(size) < 0.05, np.nan, walk * 0.1),
        np.tile(rng.integers(0, 99, 40), size // 40 + 1)[:size] * 1.0,
        np.exp(rng.normal(size=size)).round(2),
        np.concatenate([walk[: size // 2], walk[: size - size // 2][::-1]]) / 3,
        walk.astype(np.float32).astype(np.float64),
        rng.normal(size=size),
    ]
    return np.asarray(kinds[seed % len(kinds)])


def test_a_row_is_coded_by_the_plans_of_a_matrix() -> None:
    """What is learned on many records serves one of them, and a block of them."""
    dtype = np.dtype([(name, "<i4") for name in "abcdefgh"])
    table = np.zeros((300, 40), dtype)
    for i, name in enumerate("abcdefgh"):
        steps = np.random.default_rng(i).integers(-9 - i, 10 + i, table.shape)
        table[name] = steps.cumsum(axis=1) * 7
    model = compress.fit(table, level=3)
    for array in (table[0], table[:2], table[:4].reshape(2, 2, 40)):
        data = check(array, model, level=3)
        assert compress.inspect(data).fingerprint == model.fingerprint
        assert len(data) < len(compress.compress(array, level=3))
        with pytest.raises(compress.ModelMismatchError):
            compress.decompress(data)
        assert same(array, compress.decompress(data, model=compress.Model.from_bytes(
            model.to_bytes())))  # fmt: skip


def test_fortran_order_is_that_of_the_sample() -> None:
    """A model learned on an array in Fortran order codes that very array by its plans."""
    rows = np.asfortranarray(np.random.default_rng(3).integers(-9, 10, (30, 200)).cumsum(1))
    model = compress.fit(rows, level=3)
    assert model == compress.fit(np.ascontiguousarray(rows.T), level=3)
    check(rows, model, level=3)


def test_larger_arrays_are_searched_where_the_model_is_bad() -> None:
    """A model that is no help costs no bytes either; one that is, spares the search."""
    walk = np.random.default_rng(4).integers(-3, 4, 20_000).cumsum()
    model = compress.fit(walk, level=5)
    check(walk, model)
    check(walk[::-1] * 1000 + np.arange(walk.size) % 7, model)
    check(np.arange(20_000), model)
    check(np.random.default_rng(5).integers(-(2**62), 2**62, 20_000), model)


def test_chunks_with_and_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk takes what is smaller for it; damage in what tells which is noticed."""
    monkeypatch.setattr("compress.pipeline.header.CHUNK_SAMPLES", 1000)
    dtype = np.dtype([(name, "<i4") for name in "abcdefgh"])
    table = np.zeros(3000, dtype)
    for i, name in enumerate("abcdefgh"):
        table[name] = np.random.default_rng(i).integers(0, 100 + i, table.shape) * 7
    model = compress.fit(table[:1000], level=2)
    table["c"][1000:2000] = 5
    data = check(table, model, level=2)
    plans = [bool(chunk.plan) for chunk in compress.inspect(data).chunks]
    assert plans == [False, True, False]


def test_a_quick_look_at_level_1_guides_no_other_chunk() -> None:
    """Where the model spares the search of a chunk, the next one is searched at its own level."""
    rows = walks()
    model = compress.fit(rows)
    assert code_chunk(rows, 5, None, model).guide is None
    assert code_chunk(rows, 1, None, model).guide is not None
    assert code_chunk(rows[:, ::-1] * np.uint8(3), 5, None, model).guide is not None


@pytest.mark.parametrize("bound", [0.01, 1.0, 1e300])
def test_an_error_bound_beside_a_model(bound: float) -> None:
    """The bound is kept, and the model named only where its plans are used."""
    walk = np.random.default_rng(6).integers(-9, 10, 500).cumsum() * 0.1
    model = compress.fit(walk)
    data = check(walk, model, max_error=bound)
    assert np.abs(compress.decompress(data, model=model) - walk).max() <= bound
    noise = np.random.default_rng(7).normal(size=3000)
    data = check(noise, model, max_error=bound)
    assert np.abs(compress.decompress(data) - noise).max() <= bound


def test_another_dtype_is_refused_whatever_the_size() -> None:
    """Byte order counts; an array without samples is no exception."""
    model = compress.fit(np.arange(9, dtype="<i4"))
    for array in (np.zeros(3, ">i4"), np.zeros(3, "<f4"), np.zeros(0, "<i8")):
        with pytest.raises(ValueError, match="the model is for int32 arrays"):
            compress.compress(array, model=model)
