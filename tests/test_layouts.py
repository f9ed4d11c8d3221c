"""Every array that numpy can make goes both ways at every level, and is left unchanged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from tests.strategies import arrays, same

Array = NDArray[Any]


class Subclass(np.ndarray[Any, Any]):
    """An array of a class of its own, which refuses what the library need not do with it."""

    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        """Refuse arithmetic."""
        raise AssertionError("arithmetic on a subclass")


def read_only(array: Array) -> Array:
    """Forbid writing."""
    array = array.copy(order="A")
    array.flags.writeable = False
    return array


def buffered(array: Array) -> Array:
    """Lay an array over bytes, which nobody may change."""
    return np.ndarray(array.shape, array.dtype, array.tobytes())


def unaligned(array: Array) -> Array:
    """Begin at an odd address."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    moved = np.ndarray(array.shape, array.dtype, memory, offset=1)
    moved[...] = array
    return moved


def unaligned_read_only(array: Array) -> Array:
    """Begin at an odd address of bytes."""
    return np.ndarray(array.shape, array.dtype, b"x" + array.tobytes(), offset=1)


def backwards(array: Array) -> Array:
    """Run backwards along every axis."""
    # Not np.flip, which makes a scalar of an array of strings without axes.
    index = (*(slice(None, None, -1),) * array.ndim, ...)
    return array[index].copy()[index]


def broadcast(array: Array) -> Array:
    """Repeat along a first axis of no stride."""
    return np.broadcast_to(array, (3, *array.shape))


def broadcast_back(array: Array) -> Array:
    """Repeat along a last axis of no stride."""
    return np.broadcast_to(array[..., np.newaxis], (*array.shape, 2))


def subclass(array: Array) -> Array:
    """Make it an instance of a subclass."""
    return array.view(Subclass)


def record(array: Array) -> Array:
    """Take a field out of packed records."""
    records = np.zeros(array.shape, [("odd", "u1"), ("value", array.dtype)])
    records["value"] = array
    return records["value"]


LAYOUTS: list[Callable[[Array], Array]] = [
    read_only, buffered, unaligned, unaligned_read_only, backwards, np.asfortranarray, broadcast,
    broadcast_back, subclass, record,
]  # fmt: skip


def check(array: Array, **arguments: Any) -> None:
    """There and back, and nothing about the array is changed."""
    # Padding of structured dtypes is not copied.
    before, flags = np.array(array), (str(array.flags), array.strides)
    data = compress.compress(array, threads=1, **arguments)
    assert (str(array.flags), array.strides) == flags
    assert same(before, np.asarray(array))
    model = arguments.get("model")
    assert same(np.asarray(array), compress.decompress(data, threads=1, model=model))


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=120)
@given(arrays(), st.sampled_from(LAYOUTS), st.integers(1, 9))
def test_any_layout(array: Array, layout: Callable[[Array], Array], level: int) -> None:
    """Any dtype, shape, flags and level."""
    check(layout(array), level=level)


@pytest.mark.parametrize("level", range(1, 10))
@pytest.mark.parametrize("dtype", ["<i8", "M8[ns]", "m8[s]", "<f8", "<i4", ">i8"])
def test_read_only_samples(dtype: str, level: int, tmp_path: Path) -> None:
    """Signals of some thousand samples, which every model takes part for, in all layouts."""
    walk = np.cumsum(np.random.default_rng(0).integers(-9, 10, 600)).astype("<i8")
    array = walk.view(dtype) if dtype[1:] == "i8" or dtype[0] in "Mm" else walk.astype(dtype)
    for layout in (buffered, unaligned_read_only, broadcast):
        check(layout(array), level=level)
    path = tmp_path / "array.npy"
    np.save(path, array)
    for mode in ("r", "c"):
        mapped = np.load(path, mmap_mode=mode)
        assert isinstance(mapped, np.memmap)
        check(mapped.reshape(20, 30), level=level)


@pytest.mark.parametrize("level", [1, 3, 5])
def test_read_only_samples_for_a_model(level: int) -> None:
    """`fit` takes them as well, and `compress` with the model."""
    walk = np.cumsum(np.random.default_rng(1).integers(-9, 10, 1500))
    for layout in (buffered, unaligned_read_only):
        model = compress.fit(layout(walk), level=level)
        check(layout(walk), level=level, model=model)
        assert model.fingerprint == compress.fit(walk, level=level).fingerprint


@pytest.mark.parametrize("axes", [33, 40, 64])
@pytest.mark.parametrize("level", [1, 3, 5, 8])
def test_many_axes(axes: int, level: int) -> None:
    """As many axes as numpy has, most of them of one sample, or all short."""
    walk = np.cumsum(np.random.default_rng(2).integers(-9, 10, 1 << 10))
    for shape in (
        (*[1] * (axes - 1), walk.size),
        (walk.size, *[1] * (axes - 1)),
        (*[2] * 10, *[1] * (axes - 10)),
        (1, 32, *[1] * (axes - 3), 32),
    ):
        for dtype in (np.int64, np.int16, np.float64):
            check(walk.astype(dtype).reshape(shape), level=level)
    check(np.zeros((0, *[2] * 20, *[1] * (axes - 21)), np.uint8), level=level)


def test_more_long_axes_than_are_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Axes beyond those that are planned are joined, on both sides alike."""
    monkeypatch.setattr("compress.pipeline.geometry.MOST_AXES", 3)
    walk = np.cumsum(np.random.default_rng(3).integers(-9, 10, 960))
    for shape in ((2, 3, 4, 5, 8), (1, 1, 960, 1), (4, 1, 240, 1, 1), (960,)):
        check(walk.reshape(shape), level=5)


@pytest.mark.parametrize(
    "dtype",
    [
        [("empty", "i4", (0,)), ("full", "i2")],
        [("empty", "f8", (2, 0))],
        [("empty", "c8", (0,)), ("inner", [("nothing", "f4", (0, 3)), ("some", "M8[s]")], (2,))],
        [("long", "i4", (1,) * 40)],
        [("none", [], (3,)), ("some", "u1")],
        [],
    ],
    ids=str,
)
def test_fields_without_samples(dtype: Any) -> None:
    """Subarrays of no samples or of many axes, and structures of nothing."""
    for shape in ((4,), (), (0,), (2, 3)):
        array = np.zeros(shape, dtype)
        for level in (1, 3, 5, 9):
            check(array, level=level)
            if array.size:
                check(array, level=level, model=compress.fit(array, level=level))
