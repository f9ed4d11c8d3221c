"""No plan is written that a decoder refuses, and none that is longer than the bits themselves."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import compress
from compress.container import IntegerReader
from compress.errors import CorruptError
from compress.pipeline import chunk
from compress.pipeline.budget import Budget
from compress.pipeline.execute import Part, check_plan, decode_fields
from compress.pipeline.tree import Branch, Leaf, Node
from compress.prediction import raw, static
from compress.transforms import STEPS, constant, masked, multiples, ordered, unwrapped
from compress.transforms.step import Traits
from tests.strategies import same

COUNTER = (np.cumsum(np.random.default_rng(0).integers(1, 30, 5000)) % 1440).astype(np.uint64)
PLANE = np.arange(12).reshape(3, 4)
BITS = Leaf(raw.CODE, (64,))

Plan = tuple[Node, list[Part]]


def refused_parameters() -> Plan:
    """Give a step a parameter that its inverse refuses."""
    leaf = Leaf(raw.CODE, (64,))
    return Branch(unwrapped.CODE, (1, 0), (leaf,)), [(PLANE.ravel(), None)]


def refused_below_another_step() -> Plan:
    """Give it to a step whose shape only the mask in front of it tells."""
    inner = Branch(multiples.CODE, (0, 0, 0), (BITS,))
    good = np.zeros(12, np.int64)
    good[3] = 1
    plan = Branch(masked.CODE, (0, 7), (BITS, inner))
    return plan, [(good, None), (np.arange(11), None)]


def too_deep() -> Plan:
    """Stack more steps than a decoder reads."""
    node: Node = BITS
    for _ in range(30):
        node = Branch(multiples.CODE, (2, 0, 0), (node,))
    return node, [(PLANE.ravel(), None)]


def too_many_children() -> Plan:
    """Give a step a child that it does not read."""
    return Branch(constant.CODE, (7,), (BITS,)), [(PLANE.ravel(), None)]


def wrong_shape() -> Plan:
    """Give a step a plane of another shape than it reads."""
    return Branch(multiples.CODE, (2, 0, 0), (BITS,)), [(PLANE, None)]


def refused_by_the_model() -> Plan:
    """Give a plane model parameters that it refuses."""
    return Leaf(static.CODE, (99, 99)), [(PLANE.ravel(), None)]


@pytest.mark.parametrize(
    "make",
    [refused_parameters, refused_below_another_step, too_deep, too_many_children, wrong_shape,
     refused_by_the_model],
)  # fmt: skip
def test_a_plan_that_decoders_refuse_is_not_written(
    make: Callable[[], Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fault the search has, the array is coded as plain bits instead."""
    monkeypatch.setattr("compress.pipeline.chunk.plan_field", lambda *_: make())
    array = np.arange(12) * 5
    data = compress.compress(array)
    assert compress.inspect(data).chunks[0].plan[0].startswith("plain")
    assert same(compress.decompress(data), array)


@pytest.mark.parametrize("make", [refused_parameters, too_deep, too_many_children, wrong_shape])
def test_a_plan_that_decoders_refuse_is_not_learned(
    make: Callable[[], Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model is written out where that is shorter, so that its plans are held to the same."""
    array = np.arange(12) * 5
    with monkeypatch.context() as patched:
        patched.setattr("compress.pipeline.chunk.plan_field", lambda *_: make())
        model = compress.fit(array)
    assert compress.Model.from_bytes(model.to_bytes()) == model
    data = compress.compress(array, model=model)
    assert same(compress.decompress(data, model=model), array)


def test_a_plan_longer_than_the_bits_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each field of a structure is coded as plain bits where the search has nothing shorter."""
    noise = np.frombuffer(np.random.default_rng(2).bytes(4000), np.float32)
    array = np.rec.fromarrays([noise, np.arange(1000)], names="a,b").view(np.ndarray)
    array = np.array(array, [("a", "f4"), ("b", "i8")])
    search = chunk.plan_field

    def mistaken(field: np.ndarray[Any, Any], *rest: Any) -> Plan:
        if field.dtype.kind != "f":
            return search(field, *rest)
        plane = ordered.to_plane(field)
        half = plane & 0xFFFF, plane >> 16
        leaves = Leaf(raw.CODE, (64,)), Leaf(raw.CODE, (64,))
        return Branch(multiples.CODE, (1 << 16, 0, 1), leaves), [(part, None) for part in half]

    monkeypatch.setattr(chunk, "plan_field", mistaken)
    data = compress.compress(array)
    plans = compress.inspect(data).chunks[0].plan
    assert plans[0] == "ordered() -> plain(32)"
    assert not plans[1].startswith("plain")
    assert len(data) <= 4000 + 160
    assert same(compress.decompress(data), array)


def test_checking_restores_no_more_than_shapes_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step of a chain is asked for its parameters only."""
    restored: list[str] = []
    monkeypatch.setattr(ordered, "from_plane", lambda *_: restored.append("ordered"))
    inner = Branch(multiples.CODE, (3, 0, 0), (BITS,))
    plan = Branch(ordered.CODE, (), (inner,))
    check_plan(plan, (np.dtype(np.int32), (12,)), [PLANE.ravel()])
    assert restored == []


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float16, np.float64])
def test_integers_are_no_field_of_another_dtype(dtype: type) -> None:
    """A plan without the step that makes floats of integers is refused, not cast."""
    coded = raw.encode(PLANE << 40, (64,))
    for field in (np.dtype(np.int64), np.dtype(dtype)):
        reader = IntegerReader(memoryview(coded))
        fields = decode_fields(
            reader, [(field, PLANE.shape)], [BITS], [len(coded)], Budget(PLANE.nbytes)
        )
        if field == np.int64:
            (back,) = fields
            np.testing.assert_array_equal(back, PLANE << 40)
            continue
        with pytest.raises(CorruptError, match="for a field of"):
            next(fields)


@pytest.mark.parametrize("level", range(1, 10))
@pytest.mark.parametrize(
    "array",
    [
        COUNTER,
        COUNTER.astype(np.int64) - (1 << 42),
        COUNTER.astype(np.int64) + (1 << 62),
        COUNTER.astype(np.int64) + (np.iinfo(np.int64).max - 1439),
        (COUNTER.astype(np.int64) + (np.iinfo(np.int64).min + 1)).view("M8[s]"),
        COUNTER % 24,
        COUNTER * 45 % (1 << 16),
        np.rec.fromarrays([COUNTER, COUNTER[::-1]], names="a,b").view(np.ndarray),
    ],
    ids=["minutes", "below", "above", "upper end", "dates", "hours", "16 bits", "structure"],
)
def test_counters_that_wrap_come_back(array: np.ndarray[Any, Any], level: int) -> None:
    """Counters that start over, wherever they lie in 64 bits."""
    data = compress.compress(array, level=level)
    assert same(compress.decompress(data), np.asarray(array))
    # They are unwrapped or better: 11 bits and less where plain bits would be 64.
    assert len(data) < array.nbytes / 5


@pytest.mark.parametrize("level", [1, 5])
def test_a_model_learned_on_counters(level: int) -> None:
    """A fitted model is checked like any other plan, on the array that it codes."""
    model = compress.fit(COUNTER, level=level)
    for array in (COUNTER, COUNTER[:99], COUNTER + np.uint64(1 << 63), np.uint64([2**64 - 1, 0])):
        data = compress.compress(array, level=level, model=model)
        assert same(compress.decompress(data, model=model), array)


def test_a_checked_step_is_given_what_a_decoder_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow planes are widened for steps that take no others, whose kernels are of int64."""
    given = []

    def inverse(read: Any, shape: tuple[int, ...], *_: object) -> np.ndarray[Any, Any]:
        given.append(read(shape).dtype)
        return np.zeros(read(shape).shape, np.int64)

    wide = SimpleNamespace(NAME="wide", CODE=250, TRAITS=Traits(0), inverse=inverse)
    monkeypatch.setitem(STEPS, wide.CODE, wide)
    behind = Branch(multiples.CODE, (2, 0, 0), (BITS,))
    plan = Branch(wide.CODE, (), (BITS, behind))
    planes = [PLANE.astype(np.int16), PLANE]
    check_plan(plan, (np.dtype(np.int64), PLANE.shape), planes)
    assert given == [np.int64]


def test_a_model_of_another_rank_falls_back() -> None:
    """Plans learned on a matrix do not fit its rows: these get plans of their own."""
    matrix = np.cumsum(np.random.default_rng(1).integers(-9, 9, (64, 80)), axis=1)
    model = compress.fit(matrix)
    for array in (matrix[0], matrix[None], matrix.reshape(4, 16, 80)):
        data = compress.compress(array, model=model)
        assert same(compress.decompress(data, model=model), array)
