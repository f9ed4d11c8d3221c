"""What steps and plane models say that they take of memory is what they take, or more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.fuzz import PeakMemory
from compress.prediction import (
    causal,
    classes,
    coefficients,
    counts,
    linear,
    raw,
    static,
    wavefront,
)
from compress.prediction.model import PlaneModel
from compress.transforms import STEPS, Step
from compress.transforms.step import Child, Context, Parameters, Plane
from compress.transforms.tolerance import DIGITS, POINTWISE, Tolerance

N = 1 << 18
# What the process itself grows by meanwhile, as pages and caches of code do.
SPARE = 4 << 20


def arrays() -> Iterator[NDArray[Any]]:
    """Make arrays that between them most steps take."""
    rng = np.random.default_rng(0)
    walk, steps = rng.normal(size=N).cumsum(), rng.integers(-9, 10, N)
    yield (np.round(walk * 256) / 256).astype(np.float32)
    yield (np.sin(np.arange(N) / 1e4) + rng.normal(size=N) * 1e-3).astype(np.float32)
    yield np.round(walk, 2)
    yield np.where(rng.random(N) < 0.1, np.nan, np.round(walk, 2))
    yield np.cumsum(np.round(rng.normal(size=N), 1))
    yield steps.cumsum() * 1000 + 7
    yield rng.choice(rng.integers(0, 1 << 40, 100), N)
    yield np.tile(rng.integers(0, 1 << 30, 1000), N // 1000 + 1)[:N]
    yield np.where(rng.random(N) < 0.2, -9999, steps.cumsum())
    yield np.where(rng.random(N) < 0.001, 1 << 40, steps.cumsum())
    yield np.where(np.arange(N) % 16 == 5, rng.integers(0, 1 << 30, N), 0)
    yield np.arange(N) % 1440
    # Distinct strings that share their beginnings, and dates.
    yield np.array([b"%016d%c" % (i * i, 97 + i % 7) for i in range(N // 20)], "S20").view(
        ("S1", (20,))
    )
    yield np.array([b"%08d" % (i * 9) for i in range(N // 8)]).view(("S1", (8,)))


_GROWING = Tolerance(POINTWISE, 1e-3), Tolerance(DIGITS, 3)


def splits(array: NDArray[Any]) -> Iterator[tuple[Step, Parameters, tuple[Child, ...]]]:
    """Yield what steps make of an array, and of it with error bounds."""
    for step in STEPS.values():
        for bound in _GROWING if step.NAME == "relative" else (None, 0.01):
            if step.accepts(array.dtype):
                # Strings are written in several ways, which take more and less.
                every = step.candidates(array, Context(bound))
                for found in islice(every, 3 if step.NAME == "strings" else 1):
                    children = step.split(array, found)
                    if children is not None:
                        yield step, tuple(found), children


def undo(
    step: Step, array: NDArray[Any], parameters: Parameters, children: tuple[Child, ...]
) -> NDArray[Any]:
    """Let a step put its children together."""
    planes = iter([child.plane for child in children])
    return step.inverse(lambda _: next(planes), array.shape, array.dtype, parameters)


def test_steps_hold_no_more_than_they_say() -> None:
    """Beside the planes that they read, on large arrays of many kinds."""
    seen = set()
    for array in arrays():
        for step, parameters, children in splits(array):
            # The first time, code is loaded.
            undo(step, array, parameters, children)
            with PeakMemory() as peak:
                undo(step, array, parameters, children)
            allowed = step.TRAITS.held_bytes * array.size + SPARE
            assert peak.n_bytes <= allowed, (step.NAME, peak.n_bytes / array.size)
            seen.add(step.NAME)
    assert len(seen) > 15


def image() -> Plane:
    """Make a plane with rows, for every model."""
    rng = np.random.default_rng(1)
    return rng.integers(-2, 3, (1 << 9, 1 << 9)).cumsum(1)


def blocks() -> Plane:
    """Make a plane of blocks of 64."""
    return image().reshape(64, 64, 64)


def channels(recipe: int) -> Parameters:
    """Give the parameters of the counting model for `image`."""
    plane = image()
    low = int(plane.min())
    return low, int(plane.max()) - low + 1, recipe, 15, 0


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (raw, lambda: raw.propose(image(), 1)),
        (static, lambda: static.propose(image(), 1)),
        (static, lambda: static.propose(image(), 3)),
        (classes, lambda: classes.propose(image(), 4)),
        (wavefront, lambda: wavefront.propose(image(), 3)),
        (linear, lambda: linear.propose(image().reshape(-1), 3)),
        (causal, lambda: (0, 0, 1, 0, 1, 1, 1, 0)),
        (causal, lambda: (5, 0, 1, 0, 1, 1, 1, 0)),
        (coefficients, lambda: coefficients.propose(blocks(), 8)),
        (counts, lambda: channels(1)),
        (counts, lambda: channels(7)),
    ],
)
def test_plane_models_hold_no_more_than_they_say(
    module: PlaneModel, parameters: Callable[[], Parameters]
) -> None:
    """The plane that comes back among it."""
    plane, chosen = image(), parameters()
    plane = plane.reshape(-1) if module is linear else plane
    plane = blocks() if module is coefficients else plane
    data, shape = memoryview(module.encode(plane, chosen)), plane.shape
    # The first time, code and tables that all streams share are loaded.
    module.decode(data, shape, chosen)
    with PeakMemory() as peak:
        back = module.decode(data, shape, chosen)
    assert peak.n_bytes <= module.demand(data, shape, chosen).n_bytes + SPARE
    np.testing.assert_array_equal(back, plane)
