"""Batches of messages: exact, each decodable alone, few bytes around them, safe when damaged."""

import zlib
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from compress.container import IntegerReader
from compress.errors import CompressError, CorruptError, FormatError, LimitError
from compress.pipeline.batch import read_batch
from compress.pipeline.model import Model
from compress.pipeline.warm import read_warm, write_warm
from compress.prediction import causal, counts
from compress.prediction.causal.messages import fill_one, push_one, words_in_message
from tests.strategies import DTYPES, arrays, same

Array = NDArray[Any]
FEW = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=12)


def walks(seed: int, n: int, shape: tuple[int, ...], dtype: str = "<i4", step: int = 4) -> Array:
    """Make messages that are smooth along their last axis."""
    rng = np.random.default_rng(seed)
    made: Array = (rng.integers(-step, step + 1, (n, *shape)).cumsum(-1) + 60).astype(dtype)
    return made


KINDS: dict[str, tuple[int, Array]] = {
    "a signal": (causal.CODE, walks(1, 60, (24,), step=40)),
    "channels": (causal.CODE, walks(2, 30, (20, 3), "<i2", step=60)),
    "wide floats": (causal.CODE, walks(3, 60, (24,), ">f8", step=4000) / 10),
    "few values": (counts.CODE, walks(4, 60, (24,), "u1", step=1) % 9),
    "a mask": (counts.CODE, walks(5, 40, (6, 6), "u1") % 2 == 0),
}


@cache
def model_of(kind: str) -> Model:
    """Learn from the first half of a kind."""
    messages = KINDS[kind][1]
    return compress.fit(list(messages[::2]))


@pytest.mark.parametrize("kind", KINDS)
def test_messages_come_back_together_and_alone(kind: str) -> None:
    """All, one, some; by the plane model that the kind is for; smaller than streams by far."""
    code, messages = KINDS[kind]
    model = model_of(kind)
    assert model.warm is not None
    assert model.warm.code == code
    others = messages[1::2]
    data = model.compress_many(others)
    assert same(others, model.decompress_many(data))
    assert data == model.compress_many(list(others))
    for i in (0, 1, len(others) - 1, -1):
        assert same(others[i], model.decompress_many(data, i))
    assert same(others[2:5], model.decompress_many(data, slice(2, 5)))
    assert read_batch(memoryview(data), model, None).others == frozenset()
    assert len(data) < 0.7 * sum(len(compress.compress(m, level=1)) for m in others)
    again = Model.from_bytes(model.to_bytes())
    assert again == model
    assert same(others, again.decompress_many(data))


@pytest.mark.parametrize("kind", ["a signal", "few values"])
def test_no_message_depends_on_those_beside_it(kind: str) -> None:
    """A message takes the same bytes first, last and alone: nothing is learned between them."""
    model, messages = model_of(kind), KINDS[kind][1][1::2]

    def pieces(chosen: Array) -> list[bytes]:
        batch = read_batch(memoryview(model.compress_many(chosen)), model, None)
        return [batch.bytes_of(i, i + 1) for i in range(batch.n)]

    assert pieces(messages) == pieces(messages[::-1].copy())[::-1]
    assert pieces(messages[3:4]) == pieces(messages)[3:4]


@pytest.mark.parametrize("level", [5, 8])
def test_longer_messages_learn_while_they_are_coded(level: int) -> None:
    """Beyond the number of samples up to which tables are frozen, and with contexts."""
    messages = walks(6, 24, (30, 20), "u1", step=3)
    model = compress.fit(list(messages[::2]), level=level)
    assert model.warm is not None
    data = model.compress_many(messages[1::2])
    assert same(messages[1::2], model.decompress_many(data))
    assert same(messages[5], model.decompress_many(data, 2))
    shorter = messages[1::2, :25].copy()
    assert same(shorter, model.decompress_many(model.compress_many(shorter)))


@FEW
@given(st.data(), st.sampled_from(DTYPES))
def test_any_messages_by_the_model_of_any_others(data: st.DataObject, dtype: Any) -> None:
    """Whatever was learned, messages of the dtype come back, by chunks of their own if need be."""
    with np.errstate(all="ignore"):
        sample = data.draw(arrays(dtype).filter(lambda array: array.size > 0))
        model = compress.fit([sample] * 8, level=1)
        one = data.draw(arrays(dtype))
        for message in (sample, one):
            stacked = np.stack([message] * 3, dtype=message.dtype)
            batch = model.compress_many(stacked)
            assert same(np.ascontiguousarray(stacked), model.decompress_many(batch))
            assert same(stacked[1].copy(), np.asarray(model.decompress_many(batch, 1)))
            alone = compress.compress(message, level=1, model=model)
            assert same(message, compress.decompress(alone, model=model))
            assert len(alone) <= len(compress.compress(message, level=1))


def test_values_that_the_sample_lacks() -> None:
    """Infinities, other NaNs, fractions and values far outside go beside the others, exactly."""
    sample = walks(7, 40, (16,), "<f8", step=30)
    sample[::3, 5] = np.nan
    model = compress.fit(list(sample))
    odd = sample[:8].copy()
    odd[1, 3], odd[2, 0], odd[3, 1], odd[4, 2], odd[5, 4] = np.inf, -0.0, 0.5, 1e300, -1e7
    odd[6, 7] = np.array([0x7FF8000000000001], "u8").view("f8")[0]
    data = model.compress_many(odd)
    assert read_batch(memoryview(data), model, None).others == frozenset(range(1, 7))
    assert same(odd, model.decompress_many(data))
    for i in range(8):
        assert same(odd[i], model.decompress_many(data, i))


def test_what_stands_around_a_message_is_short() -> None:
    """Lengths and checksums take less than a byte a message; ends of lanes one on the mean.

    What comes out is undone with Python's integers, by the book of constriction's coder.
    """
    model, messages = model_of("a signal"), np.repeat(KINDS["a signal"][1], 20, axis=0)
    data = model.compress_many(messages)
    batch = read_batch(memoryview(data), model, None)
    assert (len(data) - int(batch.offsets[-1])) / batch.n < 1.0
    rng = np.random.default_rng(0)
    over = []
    for _ in range(200):
        masses = rng.integers(1 << 16, 1 << 24, 60).astype(np.uint32)
        starts = (rng.random(60) * ((1 << 24) - masses)).astype(np.uint32)
        out = np.zeros(400, np.uint8)
        length = push_one(starts, masses, 60, np.empty(63, np.uint32), out, 0)
        over.append(length - float((24 - np.log2(masses)).sum()) / 8)
        words = np.empty(words_in_message(length), np.uint32)
        fill_one(out, 0, length, words)
        waiting = words[:-1].tolist()
        state = waiting.pop() << 32 | waiting.pop() if len(waiting) > 1 else waiting.pop()
        for start, mass in zip(starts.tolist(), masses.tolist(), strict=True):
            place = state & 0xFFFFFF
            assert start <= place < start + mass
            state = (state >> 24) * mass + place - start
            if state < 1 << 32 and waiting:
                state = state << 32 | waiting.pop()
        assert not waiting
    assert 0 < np.mean(over) < 1.3
    assert max(over) < 3


def test_arguments_are_checked() -> None:
    """Several shapes or dtypes, none, another dtype, messages that there are not."""
    model = model_of("a signal")
    messages = KINDS["a signal"][1]
    with pytest.raises(ValueError, match="one shape"):
        model.compress_many([messages[0], messages[1, :5]])
    with pytest.raises(ValueError, match="the model is for int32"):
        model.compress_many(messages.astype(np.int64))
    with pytest.raises(TypeError, match="one dtype"):
        model.compress_many([messages[0], messages[1].astype("i8")])
    with pytest.raises(ValueError, match="not a scalar"):
        model.compress_many(np.array(3, "i4"))
    data = model.compress_many(messages[:3])
    for place in (3, -4):
        with pytest.raises(IndexError, match="batch of 3"):
            model.decompress_many(data, place)
    with pytest.raises(ValueError, match="steps of 1"):
        model.decompress_many(data, slice(None, None, 2))
    assert model.decompress_many(model.compress_many([])).shape[0] == 0
    assert model.decompress_many(data, slice(2, 1)).shape == (0, 24)
    with pytest.raises(LimitError, match="max_bytes=10"):
        model.decompress_many(data, max_bytes=10)
    with pytest.raises(compress.ModelMismatchError):
        model_of("channels").decompress_many(data)
    with pytest.raises(FormatError, match="not a batch"):
        model.decompress_many(compress.compress(messages))


@pytest.mark.parametrize("kind", ["a signal", "few values", "channels"])
def test_damaged_batches(kind: str) -> None:
    """Any byte changed or cut off is noticed; messages of other groups are still decoded."""
    model = model_of(kind)
    data = model.compress_many(np.concatenate([KINDS[kind][1]] * 3))
    batch = read_batch(memoryview(data), model, None)
    for place in np.linspace(0, len(data) - 1, 60).astype(int):
        bad = bytearray(data)
        bad[place] ^= 1 << place % 8
        with pytest.raises(CompressError):
            model.decompress_many(bytes(bad))
        with pytest.raises(CompressError):
            model.decompress_many(data[:place])
    bad = bytearray(data)
    bad[-1] ^= 1
    assert same(model.decompress_many(data, 3), model.decompress_many(bytes(bad), 3))
    with pytest.raises(CorruptError, match=f"to {batch.n - 1} are damaged"):
        model.decompress_many(bytes(bad), -1)


@pytest.mark.parametrize("kind", ["a signal", "few values", "channels"])
def test_bytes_of_messages_that_nobody_wrote(kind: str) -> None:
    """With checksums mended, any bytes give messages of the shape and dtype, or our error."""
    model, rng = model_of(kind), np.random.default_rng(8)
    warm = model.warm
    assert warm is not None
    shape = KINDS[kind][1].shape[1:]
    for _ in range(150):
        lengths = rng.integers(0, 40, 3)
        data = rng.integers(0, 256, int(lengths.sum()), dtype=np.uint8)
        try:
            found = warm.decode(data, lengths, shape)
        except CompressError:
            continue
        assert found.shape == (3, *shape)
        assert found.dtype == model.dtype


@pytest.mark.parametrize("kind", KINDS)
def test_models_that_nobody_wrote(kind: str) -> None:
    """Mutated models with a mended checksum are refused, or learn and code as others do."""
    whole, rng = model_of(kind).to_bytes(), np.random.default_rng(9)
    messages = KINDS[kind][1][:2]
    for _ in range(60):
        bad = bytearray(whole[:-4])
        for _ in range(rng.integers(1, 4)):
            bad[rng.integers(5, min(len(bad), 120))] = rng.integers(0, 256)
        try:
            model = Model.from_bytes(bytes(bad) + zlib.crc32(bad).to_bytes(4, "little"))
        except CompressError:
            continue
        if model.dtype == messages.dtype:
            assert same(messages, model.decompress_many(model.compress_many(messages)))


def test_what_is_known_of_messages_is_read_as_written() -> None:
    """And a model without it is read as well: the version says which it is."""
    for kind in KINDS:
        warm = model_of(kind).warm
        assert warm is not None
        read = read_warm(IntegerReader(write_warm(warm)), warm.dtype)
        assert (read.mapping, read.code, read.parameters) == (
            warm.mapping, warm.code, warm.parameters)  # fmt: skip
        np.testing.assert_array_equal(read.planes, warm.planes)
    plain = compress.fit(np.arange(300) % 7)
    assert plain.warm is None
    old = bytearray(plain.to_bytes()[:-4])
    old[4] = 0
    assert Model.from_bytes(bytes(old) + zlib.crc32(old).to_bytes(4, "little")) == plain


@pytest.mark.parametrize("level", [8, 9])
def test_a_model_never_loses_to_none_at_the_strongest_levels(level: int) -> None:
    """Whatever the model was learned on and however large the array is."""
    rows = walks(10, 300, (20,), "<i2", step=9)
    model = compress.fit(rows[:100], level=level)
    for array in (rows, np.arange(6000, dtype="<i2"), rows[0], rows[:, ::-1].copy() * 3):
        with_model = compress.compress(array, level=level, model=model)
        assert len(with_model) <= len(compress.compress(array, level=level))
        assert same(array, compress.decompress(with_model, model=model))


def test_a_bounded_error_beside_a_model() -> None:
    """A stream that names the model uses it; others do without, and keep the bound."""
    messages = walks(11, 40, (50,), "<f8", step=100) / 10
    model = compress.fit(list(messages[::2]))
    for bound in (1e-9, 0.3, 50.0):
        data = compress.compress(messages[1], model=model, max_error=bound)
        chunk = compress.inspect(data).chunks[0]
        named = compress.inspect(data).fingerprint is not None
        back = compress.decompress(data, model=model)
        assert np.abs(back - messages[1]).max() <= bound
        if named:
            assert not chunk.plan
        else:
            assert same(back, compress.decompress(data))


def test_summaries_are_the_same_in_any_order() -> None:
    """However parts are cut among workers and merged; the model learned from them too."""
    parts = [walks(seed, 30, (12, 5), step=9) for seed in range(4)]
    made = [compress.Summary.of(list(part), most=3000) for part in parts]
    merged = {
        made[a].merge(made[b].merge(made[c]), made[d]) for a, b, c, d in permutations(range(4))
    }
    assert merged == {compress.Summary.of([one for part in parts for one in part], most=3000)}
    (whole,) = merged
    assert whole.merge(whole) == whole
    assert 3000 <= sum(array.size for array in whole.arrays()) < 3000 + 8192
    every = {one.tobytes() for part in parts for one in part}
    assert {array.tobytes() for array in whole.arrays()} <= every
    model = compress.fit(whole, level=1)
    assert model == compress.fit(whole.arrays(), level=1)
    data = model.compress_many(parts[0])
    assert same(parts[0], model.decompress_many(data))


def test_summaries_of_what_is_no_message() -> None:
    """Long arrays are cut along their rows; nothing, and several dtypes, are refused."""
    long = walks(12, 400, (100,))
    blocks = compress.Summary.of(long, most=1 << 20).arrays()
    assert sorted(len(block) for block in blocks) == [76, 81, 81, 81, 81]
    assert {row.tobytes() for block in blocks for row in block} == {row.tobytes() for row in long}
    wide = np.arange(20_000).reshape(2, -1)
    assert [b.shape for b in compress.Summary.of(wide).arrays()] == [(1, 10_000)] * 2
    with pytest.raises(ValueError, match="empty"):
        compress.Summary.of(np.empty((0, 3)))
    with pytest.raises(TypeError, match="one dtype"):
        compress.Summary.of([np.zeros(3), np.zeros(3, "i4")])
    with pytest.raises(TypeError, match="arrays"):
        compress.Summary.of([1, 2])
    with pytest.raises(ValueError, match="at least one"):
        compress.Summary.of(long, most=0)
    with pytest.raises(ValueError, match="one limit"):
        compress.Summary.of(long).merge(compress.Summary.of(long, most=5))
