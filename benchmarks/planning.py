"""What planning costs: ``python -m benchmarks planning``.

Planning is what encoding takes beyond carrying out the plan that it ends in. Carrying out is the
steps of the plan on whole fields, the fits of those plane models that learn from all samples, and
the coding of every plane once; all of this is timed by itself, in turns with encoding. Fits stand
in a column of their own. The search ends by coding the planes, and these bytes are the output, so
nothing is counted twice.

Fields are generated structures, a surface that is drawn here, and registry arrays that are
installed, cut to three sizes. One thread, processor time, medians of some rounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

import compress
from benchmarks import arrays
from benchmarks.console import OUT
from benchmarks.errors import MissingArrayError
from benchmarks.structures import STRUCTURES
from compress.pipeline.chunk import learn
from compress.pipeline.effort import EFFORT
from compress.pipeline.execute import encode_leaves, forward
from compress.pipeline.geometry import fold_axes
from compress.pipeline.header import cut_array
from compress.pipeline.tree import Leaf, Node, leaves
from compress.prediction.model import Plane
from compress.transforms.fields import take_apart

__all__ = ["CASES", "LEVELS", "SIZES", "Spent", "carry_out", "held", "main", "measure", "plans_of"]

Array = np.ndarray[Any, np.dtype[Any]]
SIZES = (5_000, 50_000, 500_000)
LEVELS = (1, 3, 5, 8)
# Generated structures by dtype, and arrays of the registry that have 500,000 samples.
_DRAWN = (
    "resonance", "slow_sound", "cent_prices", "single_temperatures", "filled_mask", "kelvins",
    "gridded_times", "markov_states", "many_regimes", "correlated_channels",
)  # fmt: skip
_LOADED = ("astronaut", "t1_slab", "example4d", "seismic", "mortgages", "embedding")
CASES = (*_DRAWN, "surface", *_LOADED)
# Shares and milliseconds that planning is held to.
_MOST_SHARE, _LARGE = 0.25, 500_000
_MOST_MS, _SMALL = 2.0, 50_000
# Rounds, and seconds after which the rounds of an array stop.
_ROUNDS, _SECONDS = 7, 0.4


class Spent(NamedTuple):
    """Milliseconds of encoding an array, and of what it would take with the plan known.

    Attributes
    ----------
    total : float
        Of `compress.compress`.
    steps, fits, coding : float
        Of carrying out the plan.
    """

    total: float
    steps: float
    fits: float
    coding: float

    @property
    def planning(self) -> float:
        """Milliseconds of the search apart from what is kept of it."""
        return max(0.0, self.total - self.steps - self.fits - self.coding)

    @property
    def share(self) -> float:
        """Planning as a share of encoding."""
        return self.planning / self.total


def _surface(samples: int) -> Array:
    """Draw a smooth float32 surface with noise far above its last bits, as measured grids have."""
    side = round(samples**0.5)
    y, x = np.mgrid[:side, :side]
    noise = np.random.default_rng(4).normal(0, 0.02, x.shape)
    return (20 + 9 * np.sin(x / 57) * np.cos(y / 41) + noise).astype(np.float32)


def _cut(array: Array, samples: int) -> Array:
    """Cut an array to a number of samples: all axes but channels alike, from the first sample."""
    if array.size <= samples:
        return array
    long = [axis for axis, n in enumerate(array.shape) if n > 16]
    share = (samples / array.size) ** (1 / len(long))
    sides = [max(1, round(n * share)) if n > 16 else n for n in array.shape]
    return np.ascontiguousarray(array[tuple(slice(side) for side in sides)])


def make(name: str, samples: int) -> Array:
    """Return an array of about so many samples.

    Raises
    ------
    MissingArrayError
        The package that holds it is not installed.
    """
    if name == "surface":
        return _surface(samples)
    if name in STRUCTURES:
        return STRUCTURES[name].make(samples)
    return _cut(arrays.load(name), samples)


def plans_of(array: Array, level: int) -> list[tuple[Array, Node]]:
    """Search the plans of an array: each field of each chunk, and its plan."""
    found = []
    for index in cut_array(array):
        chunk = np.ascontiguousarray(array[(*index, ...)])
        fields = [field.reshape(fold_axes(field.shape)) for field in take_apart(chunk)]
        found += zip(fields, learn(chunk, level).plans, strict=True)
    return found


def _refit(leaf: Leaf, plane: Plane, level: int) -> None:
    """Fit the model of a leaf as the search did, where the fit takes all samples."""
    for fit in EFFORT[level].fits:
        if leaf.model == fit.model.CODE and not fit.model.FITS_ON_A_PART:
            fit.model.propose(plane, fit.level, False)
            return


def carry_out(plans: Iterable[tuple[Array, Node]], level: int) -> tuple[int, int, int]:
    """Carry out known plans of fields; return nanoseconds of steps, fits and coding."""
    steps = fits = coding = 0
    for field, plan in plans:
        begin = time.thread_time_ns()
        planes = forward(plan, field)
        assert planes is not None
        split = time.thread_time_ns()
        for leaf, plane in zip(leaves(plan), planes, strict=True):
            if plane.size:
                _refit(leaf, plane, level)
        fitted = time.thread_time_ns()
        encode_leaves(plan, [(plane, None) for plane in planes])
        steps += split - begin
        fits += fitted - split
        coding += time.thread_time_ns() - fitted
    return steps, fits, coding


def measure(array: Array, level: int, rounds: int = _ROUNDS, seconds: float = _SECONDS) -> Spent:
    """Time encoding and the carrying out of its plan in turns; the medians of some rounds."""
    plans = plans_of(array, level)
    compress.compress(array, level=level, threads=1)
    taken: list[tuple[float, ...]] = []
    end = time.perf_counter() + seconds
    while len(taken) < rounds and (not taken or time.perf_counter() < end):
        begin = time.thread_time_ns()
        compress.compress(array, level=level, threads=1)
        total = time.thread_time_ns() - begin
        taken.append((total, *carry_out(plans, level)))
    return Spent(*(median(each) / 1e6 for each in zip(*taken, strict=True)))


def held(spent: Spent, samples: int, level: int) -> bool | None:
    """Say whether planning is within its bar; None where there is none."""
    if samples >= 0.95 * _LARGE:
        return spent.share <= _MOST_SHARE
    return spent.planning <= _MOST_MS if level == 1 and samples >= 0.95 * _SMALL else None


def _rows(
    names: Iterable[str], sizes: Iterable[int], levels: Iterable[int]
) -> Iterator[tuple[str, Array, int, Spent]]:
    for size in sizes:
        for name in names:
            try:
                array = make(name, size)
            except MissingArrayError:
                continue
            for level in levels:
                yield name, array, level, measure(array, level)


def main(
    names: Iterable[str] = CASES, sizes: Iterable[int] = SIZES, levels: Iterable[int] = LEVELS
) -> int:
    """Print a table of every array, and the medians of each size and level; 1 if a bar is missed.

    Parameters
    ----------
    names : iterable of str
        Structures, ``surface``, or arrays of the registry.
    sizes, levels : iterable of int
    """
    table = Table(title="milliseconds; planning is total less steps, fits and coding")
    medians = Table(title="medians over arrays")
    for name in ("array", "level", "total", "steps", "fits", "coding", "planning", "share", "bar"):
        table.add_column(name, justify="left" if name == "array" else "right")
    for name in ("samples", "level", "planning, ms", "most", "share", "most", "over a bar"):
        medians.add_column(name, justify="right")
    levels, groups = tuple(levels), {}
    for name, array, level, spent in _rows(tuple(names), sizes, levels):
        bar = held(spent, array.size, level)
        said = "" if bar is None else "held" if bar else "over"
        title = f"{name} {array.dtype} {'x'.join(map(str, array.shape))}"
        cells = [*spent, spent.planning]
        shown = (*(f"{ms:.2f}" for ms in cells), f"{spent.share:.0%}", said)
        table.add_row(title if level == levels[0] else "", str(level), *shown)
        size = max((size for size in SIZES if size <= 1.1 * array.size), default=0)
        groups.setdefault((size, level), []).append((spent.planning, spent.share, bar is False))
    for (size, level), each in sorted(groups.items()):
        planning, shares, over = zip(*each, strict=True)
        cells = [f"{median(planning):.2f}", f"{max(planning):.2f}"]
        cells += [f"{median(shares):.0%}", f"{max(shares):.0%}", f"{sum(over)} of {len(over)}"]
        medians.add_row(f"{size:,}", str(level), *cells)
    OUT.print(table)
    OUT.print(medians)
    return int(any(over for each in groups.values() for *_, over in each))
