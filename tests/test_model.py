"""Models on arrays of every kind: exact, never larger than without, and only documented errors."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from compress.errors import CorruptError
from compress.pipeline import trained
from compress.pipeline.chunk import code_chunk, learn
from compress.prediction import causal, classes, counts, linear, raw, static, wavefront
from compress.prediction.kept import Kept
from compress.prediction.model import PlaneModel
from compress.tables import TableSet
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


def test_all_of_a_large_sample_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the first chunk is learned from: here a range that the first lacks."""
    monkeypatch.setattr("compress.pipeline.trained.CHUNK_SAMPLES", 1000)
    quiet = np.random.default_rng(0).integers(-3, 4, 20_000)
    late = np.concatenate([quiet, 50 * quiet])
    learned = compress.fit(late, level=3)
    assert learned != compress.fit(quiet, level=3)
    # Blocks, not all: the search is for what one chunk holds.
    parts = trained.sample_of(late, 500)
    assert parts.size <= 1500
    assert parts.max() > 100
    assert learned == learn(parts, 3)
    check(late[-600:], learned, level=3)


def _messages(seed: int, count: int, size: int) -> list[Array]:
    table = np.zeros((count, size), [(name, "<i2") for name in "abcdefgh"])
    for i, name in enumerate("abcdefgh"):
        walks = np.random.default_rng((seed, i)).normal(size=table.shape).cumsum(1)
        table[name] = walks * (3 + i)
    return list(table)


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_a_sample_of_several_arrays(kind: Any) -> None:
    """A list, a tuple and an iterator of arrays give the same model, which serves each of them."""
    messages = _messages(1, 40, 50)
    model = compress.fit(kind(messages), level=1)
    assert model == compress.fit(messages, level=1)
    coded = [check(message, model, level=1) for message in _messages(2, 20, 50)]
    named = sum(compress.inspect(data).fingerprint is not None for data in coded)
    assert named > 10


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
@given(st.data(), st.sampled_from(DTYPES), st.sampled_from([1, 3, 5]))
def test_samples_of_any_shapes(data: st.DataObject, dtype: np.dtype[Any], level: int) -> None:
    """Arrays of one dtype and any shapes are learned from together; empty ones say nothing."""
    with np.errstate(all="ignore"):
        sample = data.draw(st.lists(arrays(dtype), min_size=1, max_size=4))
        if not any(array.size for array in sample):
            with pytest.raises(ValueError, match="empty"):
                compress.fit(sample, level=level)
            return
        model = compress.fit(sample, level=level)
        assert model.dtype == dtype
        for array in sample:
            check(array, model, level=level)


def test_several_arrays_are_no_worse_than_one_of_them_stacked() -> None:
    """The model that codes the messages themselves in the fewest bytes is chosen."""
    messages = [message["a"] for message in _messages(3, 32, 30)]
    chosen, stacked = compress.fit(messages, level=5), compress.fit(np.stack(messages), level=5)

    def n_bytes(model: compress.Model) -> int:
        return sum(len(compress.compress(m, level=1, model=model)) for m in messages)

    assert n_bytes(chosen) <= n_bytes(stacked)


def test_what_is_no_sample_is_refused() -> None:
    """Several dtypes, nothing, and other things are named; lists of numbers are one array."""
    with pytest.raises(TypeError, match="float64, int64"):
        compress.fit([np.arange(3), np.arange(3.0)])
    for nothing in ([], (), iter([]), [np.empty(0), np.empty((2, 0))]):
        with pytest.raises(ValueError, match="empty"):
            compress.fit(nothing)
    with pytest.raises(TypeError, match="iterable of arrays"):
        compress.fit(iter([1, 2, 3]))
    assert compress.fit([1, 2, 3]) == compress.fit(np.array([1, 2, 3]))
    assert compress.fit([[1, 2], [3, 4]]) == compress.fit(np.array([[1, 2], [3, 4]]))


@pytest.mark.parametrize("level", [3, 4])
def test_tables_of_a_model_are_built_once(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first message builds them, whichever way; threads that do so at once agree."""
    rows = np.stack(_messages(5, 300, 40))
    model = compress.fit(rows, level=level)
    fresh = compress.Model.from_bytes(model.to_bytes())
    data = compress.compress(rows[0], level=1, model=model)
    assert compress.inspect(data).fingerprint == model.fingerprint
    with ThreadPoolExecutor(8) as pool:
        backs = list(pool.map(lambda _: compress.decompress(data, model=fresh), range(32)))
    assert all(same(rows[0], back) for back in [*backs, compress.decompress(data, model=model)])

    def build(*_: object, **__: object) -> None:
        raise AssertionError("a table is built again")

    for name in ("from_densities", "from_cumulative", "concatenate", "entries"):
        monkeypatch.setattr(TableSet, name, build)
    for known in (model, fresh):
        assert same(rows[0], compress.decompress(data, model=known))
    assert fresh == model
    assert hash(fresh) == hash(model)


@pytest.mark.parametrize("module", [static, classes, wavefront, linear, causal, counts, raw])
def test_kept_parameters_code_as_others_do(module: PlaneModel) -> None:
    """What is kept of one plane serves planes of other shapes."""
    rng = np.random.default_rng(6)
    planes = [rng.integers(-2, 3, shape).cumsum(-1) for shape in ((20, 30), (24, 40), (5, 90))]
    levels = [module.propose(planes[0], level) for level in (2, 3, 4, 5)]
    for parameters in filter(None, levels):
        kept = Kept(parameters)
        for plane in (*planes, planes[0]):
            assert outcome(module, plane, kept) == outcome(module, plane, parameters)


def outcome(module: PlaneModel, plane: Array, parameters: tuple[int, ...]) -> object:
    """Code and decode a plane, or give the kind of error."""
    try:
        data = module.encode(plane, parameters)
        back = module.decode(memoryview(data), plane.shape, parameters)
    except (ValueError, CorruptError) as error:
        return type(error)
    np.testing.assert_array_equal(back, plane)
    return data
