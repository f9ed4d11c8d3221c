"""What steps and plane models cost a sample: ``python -m benchmarks costs``.

Prints nanoseconds measured on this machine beside the constants that the search prices plans by:
``TRAITS`` of each step, ``encode_ns`` and ``decode_ns`` of each plane model. Arrays are the
generated structures, and a picture and a signal that are drawn here. One thread, processor time,
the median of the arrays that a step or model takes. The constants are rounded and frozen, so that
every machine makes the same plans; they are renewed where they are off by half or more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from statistics import median
from typing import Any, NamedTuple, cast

import numpy as np
from rich.table import Table

from benchmarks.console import OUT
from benchmarks.structures import STRUCTURES
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
from compress.prediction.causal.recipes import RECIPES
from compress.prediction.model import Parameters, Plane, PlaneModel
from compress.sampling import sample_of
from compress.transforms import STEPS, Step
from compress.transforms.ordered import to_plane
from compress.transforms.step import Context, Shape

__all__ = ["Cost", "main", "model_costs", "step_costs"]

Array = np.ndarray[Any, np.dtype[Any]]
_SAMPLES = 1 << 17
# What detection looks at.
_SAMPLE = 1 << 14
_ROUNDS = 3
# What takes so long is not repeated.
_LONG_NS = 2e8
_MAX_ERROR = 0.01
# Recipes of the counting model: those for sequences come first, then those for channels.
_LAST_SEQUENCE, _LAST_CHANNELS = 3, 5
_ALPHABETS = (2, 16, 256, 4096)


class Cost(NamedTuple):
    """Nanoseconds a sample, measured and committed.

    Attributes
    ----------
    name : str
    measured, committed : tuple of float
        Search (of a step; 0 for a model), encoding, decoding. Measured ones are NaN where no array
        suits.
    """

    name: str
    measured: tuple[float, float, float]
    committed: tuple[float, float, float]


def _ns(job: Callable[[], object], samples: int) -> float:
    """Nanoseconds a sample of processor time: the best of a few runs after one to warm up."""
    job()
    best, spent = float("inf"), 0.0
    for _ in range(_ROUNDS):
        begin = time.thread_time_ns()
        job()
        took = time.thread_time_ns() - begin
        best, spent = min(best, took), spent + took
        if spent > _LONG_NS:
            break
    return best / samples


def _median(values: list[float]) -> float:
    return median(values) if values else float("nan")


def _fields() -> Iterator[Array]:
    """Yield fields and planes on which steps are measured."""
    for structure in STRUCTURES.values():
        if structure.missing() is not None:
            continue
        array = np.ascontiguousarray(structure.make(_SAMPLES, seed=1))
        if array.dtype.kind not in "biuf":
            continue
        yield array
        plane = array if array.dtype == np.int64 else to_plane(array)
        if plane is not array:
            yield plane
        if plane.ndim > 1 and plane.shape[-1] < 32:
            yield np.ascontiguousarray(np.moveaxis(plane, -1, 0))


def step_costs() -> list[Cost]:
    """Measure every step on the structures that it accepts."""
    spent: dict[str, tuple[list[float], list[float], list[float]]] = {
        step.NAME: ([], [], []) for step in STEPS.values()
    }
    for field in _fields():
        for step in STEPS.values():
            if step.accepts(field.dtype):
                for list_, ns in zip(spent[step.NAME], _step_ns(step, field), strict=False):
                    list_.append(ns)
    return [
        Cost(
            step.NAME,
            cast(tuple[float, float, float], tuple(map(_median, spent[step.NAME]))),
            (step.TRAITS.search_ns, step.TRAITS.encode_ns, step.TRAITS.decode_ns),
        )
        for step in STEPS.values()
    ]


def _step_ns(step: Step, field: Array) -> tuple[float, ...]:
    """Nanoseconds of the search, and of encoding and decoding where the step takes the field."""
    context = Context(_MAX_ERROR if step.NAME == "quantised" else None)
    looked = field if step.TRAITS.whole_plane else sample_of(field, _SAMPLE)
    search = _ns(lambda: list(step.candidates(looked, context)), looked.size)
    parameters = next(step.candidates(field, context), None)
    children = None if parameters is None else step.split(field, parameters)
    if parameters is None or children is None:
        return (search,)
    known: Parameters = parameters
    planes = [child.plane for child in children]

    def decode() -> Array:
        left = iter(planes)

        def read(_shape: Shape) -> Plane:
            return next(left).copy()

        return step.inverse(read, field.shape, field.dtype, known)

    encode = _ns(lambda: step.split(field, known), field.size)
    return search, encode, _ns(decode, field.size)


def _picture() -> Plane:
    """Draw a surface with noise, as a photograph has."""
    generator = np.random.default_rng(1)
    y, x = np.mgrid[:384, :384]
    surface = 128 + 60 * np.sin(x / 31) * np.cos(y / 23) + generator.normal(0, 5, x.shape)
    return np.clip(np.rint(surface), 0, 255).astype(np.int64)


def _blocks() -> Plane:
    """Draw blocks of quantised frequencies, as a JPEG of good quality has."""
    rise = np.add.outer(np.arange(8), np.arange(8)).reshape(-1)
    drawn = np.random.default_rng(4).laplace(size=(48, 48, 64)) * 24.0 / (1.0 + rise) ** 1.5
    return np.rint(drawn).astype(np.int64)


def _signal() -> Plane:
    """Draw an autoregressive signal of 8 bits a sample, as sound has."""
    noise = np.random.default_rng(2).normal(0, 60, _SAMPLES).tolist()
    values = [0.0, 0.0]
    for drawn in noise:
        values.append(1.8 * values[-1] - 0.85 * values[-2] + drawn)
    return np.rint(values[2:]).astype(np.int64)


def _markov(size: int) -> Plane:
    """Draw symbols that often stay where they were."""
    generator = np.random.default_rng(3)
    fresh = np.minimum(generator.geometric(min(0.6, 4 / size), _SAMPLES) - 1, size - 1)
    last = np.maximum.accumulate(np.where(generator.random(_SAMPLES) < 0.5, np.arange(_SAMPLES), 0))
    return fresh[last].astype(np.int64)


def _causal(plane: Plane, recipe: int) -> Parameters:
    """Parameters of a recipe with the natural scan: no channels, steps of 2, no grid, no holes."""
    return (recipe, *range(plane.ndim), 0, *(2,) * plane.ndim, 1, 0)


def _counts(plane: Plane, size: int, recipe: int) -> Parameters:
    """Parameters of a recipe for an alphabet, with 2^15 slots and no frequencies."""
    del plane
    return (0, size, recipe, 15, 0)


class _Case(NamedTuple):
    """A plane model, planes for it, and how its parameters come about."""

    name: str
    module: object
    planes: list[Plane]
    fit: Callable[[Plane], Parameters | None]
    # Whether the fit takes all samples, so that it belongs to encoding.
    fits_all: bool = False


def _cases() -> Iterator[_Case]:
    """Yield every plane model with each of its recipes."""
    planes = [_picture(), _signal()]
    yield _Case("plain", raw, planes, lambda plane: raw.propose(plane, 1))
    yield _Case("static", static, planes, lambda plane: static.propose(plane, 1), True)
    # At level 3 classes take signals only.
    for level, some in ((3, planes[1:]), (4, planes)):
        fit = partial(classes.propose, level=level)
        yield _Case(f"classes, level {level}", classes, some, fit, True)
    for level in (2, 3):
        fit = partial(wavefront.propose, level=level)
        yield _Case(f"wavefront, level {level}", wavefront, planes[:1], fit, True)
    for level in (2, 3, 4):
        fit = partial(linear.propose, level=level)
        yield _Case(f"linear, level {level}", linear, [_signal()], fit, True)
    fit = partial(coefficients.propose, level=8)
    yield _Case("coefficients", coefficients, [_blocks()], fit)
    for recipe in RECIPES:
        yield _Case(f"causal, recipe {recipe}", causal, planes, partial(_causal, recipe=recipe))
    for recipe in range(len(counts.RECIPES)):
        for size in _ALPHABETS:
            plane = _markov(size)
            if recipe > _LAST_SEQUENCE:
                plane = plane.reshape(-1, 1 << 8 if recipe > _LAST_CHANNELS else 4)
            name = f"counts, recipe {recipe}, {size} symbols"
            yield _Case(name, counts, [plane], partial(_counts, size=size, recipe=recipe))


def model_costs() -> Iterator[Cost]:
    """Measure every plane model with each of its recipes."""
    for case in _cases():
        model = cast(PlaneModel, case.module)
        encode = decode = 0.0
        parameters: Parameters = ()
        for plane in case.planes:
            parameters = case.fit(plane) or ()
            coded = memoryview(model.encode(plane, parameters))
            if case.fits_all:
                encode += _ns(partial(case.fit, plane), plane.size)
            encode += _ns(partial(model.encode, plane, parameters), plane.size)
            decode += _ns(partial(model.decode, coded, plane.shape, parameters), plane.size)
        n = len(case.planes)
        committed = (0.0, model.encode_ns(parameters), model.decode_ns(parameters))
        yield Cost(case.name, (0.0, encode / n, decode / n), committed)


def _table(title: str, costs: Iterable[Cost]) -> Table:
    table = Table(title=title, caption="nanoseconds a sample: measured / committed")
    table.add_column("name")
    for column in ("search", "encode", "decode"):
        table.add_column(column, justify="right")
    for cost in costs:
        pairs = zip(cost.measured, cost.committed, strict=True)
        table.add_row(cost.name, *(f"{ns:.1f} / {frozen:.1f}" for ns, frozen in pairs))
    return table


def main() -> int:
    """Measure everything and print it; takes some minutes."""
    OUT.print(_table("steps", step_costs()))
    OUT.print(_table("plane models", model_costs()))
    return 0
