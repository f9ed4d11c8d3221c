"""Steps, as their page describes them and as the library undoes them.

`tests.reference_decoder` was written from the page alone, so what both give alike the page says.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compress
from compress.transforms import STEPS
from tests.reference_cases import CASES, Case, children_of, stream_of
from tests.reference_decoder.outer import decode
from tests.reference_decoder.reader import RefusedError
from tests.strategies import same

# Steps that the second decoder does not have.
LATER = {"jpeg", "relative", "strings"}
ENDS = (0, 1, -1, 3, -(1 << 63), (1 << 63) - 1, 1 << 62, 1 << 24, 256)


@pytest.fixture(autouse=True, scope="module")
def long_chunks() -> Iterator[None]:
    """Let chunks of plain planes be longer than their bits, on both sides."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("compress.pipeline.chunk._SPARE", 1 << 16)
        patch.setattr("tests.reference_decoder.chunks._SPARE", 1 << 16)
        yield


def test_every_step_is_undone_alike() -> None:
    """All steps, with all their ways: both decoders give the same bits."""
    for case in CASES:
        data = stream_of(case, children_of(case))
        assert same(compress.decompress(data, threads=1), decode(data)), case
    assert {case.step for case in CASES} | LATER == {step.NAME for step in STEPS.values()}


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Case, bytes]:
    """Draw a case with one or two integers of its parameters, planes or shape altered."""
    case = draw(st.sampled_from(CASES))
    planes = children_of(case)
    parameters, shape = list(case.parameters), list(case.array.shape)
    places = [(list_, i) for list_ in (parameters, shape) for i in range(len(list_))]
    places += [(plane.reshape(-1), -1) for plane in planes if plane.size] * 2
    for _ in range(draw(st.integers(1, 2))):
        integers, i = draw(st.sampled_from(places)) if places else (parameters, 0)
        i = draw(st.integers(0, len(integers) - 1)) if i < 0 else i
        value = int(integers[i]) if places else 0
        ways = st.integers(-2, 2).map(value.__add__) | st.sampled_from(ENDS) | st.just(-value)
        least = 0 if integers is shape else -(1 << 63)
        most = 1 << 8 if integers is shape else (1 << 63) - 1
        altered = min(max(draw(ways), least), most)
        if places:
            integers[i] = altered
        else:
            parameters.append(altered)
    case = case._replace(parameters=tuple(parameters))
    return case, stream_of(case, planes, shape=tuple(shape))


@settings(deadline=None, max_examples=100)
@given(damaged())
def test_the_same_is_refused(drawn: tuple[Case, bytes]) -> None:
    """What the page says that readers refuse, the library refuses, and nothing else."""
    case, data = drawn
    try:
        found = decode(data)
    except RefusedError:
        found = None
    try:
        expected = compress.decompress(data, threads=1)
    except compress.CompressError:
        # At holes a reader may refuse more.
        assert found is None or _has_holes(case)
        return
    assert found is not None
    assert same(expected, found)


def _has_holes(case: Case) -> bool:
    layouts = {"scaled": 4, "affine": 4, "fixed": 2, "ratios": 2, "truncated": 1, "quantised": 3}
    place = layouts.get(case.step, len(case.parameters))
    return place < len(case.parameters) and case.parameters[place] in (1, 2)
