"""``compress(..., verify=True)``: what would not come back is reported, and never returned."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from compress.transforms import ordered
from compress.verification import check_restored
from tests.cli.shell import said
from tests.strategies import arrays

Array = NDArray[Any]
ARRAY = np.cumsum(np.random.default_rng(0).integers(1, 9, 3000)).astype(np.int32)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)
@given(arrays(), st.integers(1, 6), st.sampled_from([None, 1e-3, 1.0, 1e5]))
def test_what_comes_back_is_returned(array: Array, level: int, bound: float | None) -> None:
    """With and without it, the same bytes."""
    with np.errstate(all="ignore"):
        data = compress.compress(array, level=level, max_error=bound, verify=True)
        assert data == compress.compress(array, level=level, max_error=bound)


def test_with_a_model_and_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model and all chunks take part."""
    monkeypatch.setattr("compress.pipeline.header.CHUNK_SAMPLES", 1000)
    model = compress.fit(ARRAY)
    assert compress.compress(ARRAY, model=model, verify=True)
    assert compress.compress(np.asfortranarray(ARRAY.reshape(50, 60)), verify=True)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a transform lose what it should keep, as a fault of the library would."""
    inverse = ordered.inverse

    def one_off(*arguments: Any) -> Array:
        plane = inverse(*arguments)
        plane.reshape(-1)[1234] += 1
        return plane

    monkeypatch.setattr(ordered, "inverse", one_off)


@pytest.mark.usefixtures("faulty")
def test_a_fault_is_an_error_that_says_what_to_report() -> None:
    """Level, dtype, shape and the sample that differs are named."""
    assert compress.compress(ARRAY, level=1)
    message = r"int32 array of shape \(3000,\), coded with level=1.*sample 1234.*report"
    with pytest.raises(compress.VerificationError, match=message) as caught:
        compress.compress(ARRAY, level=1, verify=True)
    assert isinstance(caught.value, compress.CompressError)


def test_undecodable_data_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is what the decoder refuses."""
    monkeypatch.setattr("compress.encoding.pack", lambda head, _: head)
    with pytest.raises(compress.VerificationError, match="does not decode"):
        compress.compress(ARRAY, verify=True)


@pytest.mark.usefixtures("faulty")
def test_the_command_line_verifies(tmp_path: Path) -> None:
    """``fdz compress`` verifies unless told not to, and leaves nothing behind where it fails."""
    path = tmp_path / "a.npy"
    np.save(path, ARRAY)
    assert "report" in said("compress", path, "-l", "1", status=1)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]
    said("compress", path, "-l", "1", "--no-verify")
    assert (tmp_path / "a.npy.fdz").exists()


@pytest.mark.parametrize(
    ("array", "restored", "bound"),
    [
        (np.float64([1.0, 2.0]), np.float64([1.0, 2.5]), None),
        (np.float64([0.0]), np.float64([-0.0]), None),
        (np.float64([1.0]), np.float64([1.2]), 0.1),
        (np.float64([np.nan]), np.float64([0.0]), 1e9),
        (np.float64([0.0]), np.float64([np.inf]), 1e300),
        (np.float32([1.0]), np.float64([1.0]), None),
        (np.int64([1]), np.dtype(">i8").type([1]).astype(">i8"), None),
        (np.zeros((2, 3)), np.zeros((3, 2)), None),
        (np.int64([-(1 << 63)]), np.int64([(1 << 63) - 1]), 1e19),
        (np.bool_([True]), np.bool_([False]), 5.0),
    ],
)
def test_differences_that_are_reported(array: Array, restored: Array, bound: float | None) -> None:
    """Each kind of difference is one."""
    with pytest.raises(compress.VerificationError):
        check_restored(array, restored, bound, "nothing")


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(numbers, numbers, st.floats(5e-324, 1e308))
def test_floats_are_compared_exactly(one: float, other: float, bound: float) -> None:
    """The distance of two float64 is not rounded before it is compared with the bound."""
    within = abs(Fraction(one) - Fraction(other)) <= Fraction(bound)
    assert _accepted(np.array([one]), np.array([other]), bound) == within


@given(st.floats(-1e300, 1e300), st.floats(1e-9, 1e9), st.sampled_from([-1, 0, 1]))
def test_floats_just_at_the_bound(one: float, bound: float, ulps: int) -> None:
    """As above, one unit in the last place from the bound."""
    other = float(np.nextafter(one + bound, np.inf * ulps)) if ulps else one + bound
    within = abs(Fraction(one) - Fraction(other)) <= Fraction(bound)
    assert _accepted(np.array([one]), np.array([other]), bound) == within


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 63), (1 << 63) - 1),
       st.floats(0.5, 1e20))  # fmt: skip
def test_integers_are_compared_exactly(one: int, other: int, bound: float) -> None:
    """Distances of 64-bit integers need 65 bits."""
    within = abs(one - other) <= Fraction(bound)
    assert _accepted(np.array([one]), np.array([other]), bound) == within


def _accepted(array: Array, restored: Array, bound: float) -> bool:
    try:
        check_restored(array, restored, bound, "nothing")
    except compress.VerificationError:
        return False
    return True
