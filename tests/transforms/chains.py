"""Run a step there and back the way a stream would."""

from __future__ import annotations

import numpy as np

from compress.errors import CorruptError
from compress.transforms.step import NARROW, Context, Parameters, Plane, Shape, Step


class Children:
    """Gives stored children one after another, and remembers the shapes asked for."""

    def __init__(self, planes: tuple[Plane, ...]) -> None:
        self.planes = list(planes)
        self.asked: list[Shape] = []

    def __call__(self, shape: Shape) -> Plane:
        self.asked.append(shape)
        if not self.planes or self.planes[0].shape != tuple(shape):
            raise CorruptError("a child of another shape")
        return self.planes.pop(0)


def propose(step: Step, array: np.ndarray, max_error: float | None = None) -> Parameters | None:
    """Give the step's first candidate; ``None`` where it has none."""
    return next(step.candidates(array, Context(max_error)), None)


def forward(step: Step, array: np.ndarray, parameters: Parameters) -> tuple[np.ndarray, ...] | None:
    """Give the planes of the step's children."""
    children = step.split(array, parameters)
    return None if children is None else tuple(child.plane for child in children)


def round_trip(step: Step, array: np.ndarray, parameters: Parameters) -> np.ndarray | None:
    """Forward, check the children, inverse; ``None`` if the step declines on verification."""
    children = forward(step, array, parameters)
    if children is None:
        return None
    for child in children:
        assert isinstance(child, np.ndarray)
        assert child.dtype == np.int64
        assert child.flags.c_contiguous
    back = _inverse(step, children, array, parameters)
    if step.TRAITS.takes_narrow:
        narrow = tuple(_narrowed(child) for child in children)
        assert_identical(back, _inverse(step, narrow, array, parameters))
    return back


def _inverse(
    step: Step, children: tuple[np.ndarray, ...], array: np.ndarray, parameters: Parameters
) -> np.ndarray:
    read = Children(children)
    back = step.inverse(read, array.shape, array.dtype, parameters)
    assert not read.planes, "a child was not read"
    if array.dtype == np.int64 and back.dtype in NARROW:
        return back.astype(np.int64)
    return back


def _narrowed(plane: Plane) -> np.ndarray:
    """Give a plane as narrow as its samples, as decoders do."""
    low, high = int(plane.min(initial=0)), int(plane.max(initial=0))
    fits = (t for t in NARROW if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return plane.astype(next(fits))


def assert_identical(a: np.ndarray, b: np.ndarray) -> None:
    """Compare dtype, shape and bytes."""
    assert isinstance(b, np.ndarray)
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def check_step(step: Step, array: np.ndarray, level: int = 5) -> Parameters | None:
    """If the step proposes something and does not decline, it must come back identical."""
    assert step.accepts(array.dtype)
    del level
    parameters = propose(step, array)
    if parameters is None:
        return None
    assert all(type(p) is int for p in parameters)
    back = round_trip(step, array, parameters)
    if back is None:
        return None
    assert_identical(array, back)
    return parameters
