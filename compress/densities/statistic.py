"""The sufficient statistic that every fit of this package starts from: a mergeable histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities._counting import count_cells, extent

__all__ = ["NanPolicy", "Statistic", "samples_of"]

Floats = NDArray[np.float64]
NanPolicy = Literal["raise", "omit"]

# A grid never has more cells than this between the smallest and the largest sample ...
_RANGE_CELLS = 1 << 16
# ... unless fewer than this many of them would be occupied (heavy tails): then it is finer.
_OCCUPIED_CELLS = 1 << 14
# How much finer than those of the range cells are tried before samples are sorted.
_FINER_LEVELS = (3, 6)
_SMALLEST_LEVEL = -1022
_LARGEST = math.ldexp(1.0, 1022)  # so that ranges and widths do not overflow


def samples_of(
    x: ArrayLike, weights: ArrayLike | None = None, nan_policy: NanPolicy = "raise"
) -> tuple[NDArray[Any], Floats | None]:
    """Check samples and weights and make them flat.

    Parameters
    ----------
    x : array_like of real numbers, any shape
        The samples.
    weights : array_like, shape of `x`, optional
        Non-negative, finite; a weight of 2 is the sample given twice. Samples of weight 0 are
        dropped.
    nan_policy : {"raise", "omit"}
        What to do with NaN and infinite samples.

    Returns
    -------
    x : ndarray, shape (n,), float64 or an integer dtype
    weights : ndarray of float64, shape (n,), or None

    Raises
    ------
    TypeError
        If the samples are not real numbers.
    ValueError
        If nothing is left, a sample is not finite (and ``nan_policy="raise"``) or larger than
        2^1022, or the weights are negative, not finite, all zero, or of another shape.
    """
    array, mass, _ = _checked(x, weights, nan_policy)
    return array, mass


def _checked(
    x: ArrayLike, weights: ArrayLike | None, nan_policy: NanPolicy
) -> tuple[NDArray[Any], Floats | None, tuple[float, float] | None]:
    """Give what `samples_of` does, and the extremes of floats where they are known already."""
    if nan_policy not in ("raise", "omit"):
        raise ValueError(f"nan_policy must be 'raise' or 'omit', not {nan_policy!r}")
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"samples must be real numbers, not {array.dtype}")
    shape = array.shape
    array = array.ravel()
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    elif array.dtype.kind == "f":
        array = np.ascontiguousarray(array, dtype=np.float64)
    mass: Floats | None = None
    if weights is not None:
        mass = np.asarray(weights, dtype=np.float64)
        if mass.shape != shape:
            raise ValueError(f"weights have shape {mass.shape}, samples have {shape}")
        mass = np.ascontiguousarray(mass.ravel())
        if not np.all(np.isfinite(mass)) or np.any(mass < 0.0):
            raise ValueError("weights must be finite and not negative")
        if array.size and not np.any(mass > 0.0):
            raise ValueError("the weights are all zero")
    extremes: tuple[float, float] | None = None
    if array.dtype.kind == "f" and array.size:
        low, high, bad = extent(array)
        extremes = low, high
        if max(-low, high) > _LARGEST:
            raise ValueError(f"samples must be at most 2^1022 in magnitude, not {max(-low, high)}")
        if bad:
            if nan_policy == "raise":
                raise ValueError(
                    f"{bad} of {array.size} samples are NaN or infinite; "
                    "nan_policy='omit' leaves them out"
                )
            keep = np.isfinite(array)
            array = array[keep]
            mass = mass if mass is None else mass[keep]
    if mass is not None and np.any(mass == 0.0):
        keep = mass > 0.0
        array, mass, extremes = array[keep], mass[keep], None
    if array.size == 0:
        raise ValueError("there are no samples to fit")
    return array, mass, extremes


@dataclass(frozen=True, eq=False)
class Statistic:
    """A histogram of samples on a grid that depends on the set of samples only.

    Cells are dyadic intervals ``[i 2^level, (i + 1) 2^level)``. The level is the
    smaller of two: the finest at which the range spans at most
    2^16 cells, or, where fewer than 2^14 of those are occupied, the coarsest at which 2^14 are.
    Fewer than 2^14 distinct values are kept as they are. Both levels can only rise when samples
    are added, so that merging statistics of parts gives *exactly* the statistic of the whole
    (with weights: up to the rounding of their sums).

    Parameters
    ----------
    values : ndarray of float64, shape (k,)
        Strictly rising: the distinct values, or the centres of the occupied cells.
    counts : ndarray of float64, shape (k,)
        The summed weights, all positive.
    level : int or None
        Cells are 2^level wide; None where the values are exact.
    minimum, maximum : float
        The extreme samples, exactly.
    """

    values: Floats
    counts: Floats
    level: int | None
    minimum: float
    maximum: float

    @classmethod
    def of(
        cls,
        x: ArrayLike | Statistic,
        weights: ArrayLike | None = None,
        nan_policy: NanPolicy = "raise",
    ) -> Statistic:
        """Statistic of samples (see `samples_of`); a `Statistic` is handed through."""
        if isinstance(x, Statistic):
            if weights is not None:
                raise ValueError("a Statistic carries its weights already")
            return x
        array, mass, extremes = _checked(x, weights, nan_policy)
        if array.dtype.kind in "iu":
            low, high = int(array.min()), int(array.max())
            if high - low < _RANGE_CELLS and max(-low, high) < 1 << 53:
                return _from_integers(array.astype(np.int64) - low, mass, low, high)
            array = array.astype(np.float64)
        if extremes is None:
            extremes = extent(array)[:2]
        return _from_floats(array, mass, *extremes)

    @property
    def width(self) -> float:
        """Width of a cell, 0.0 where the values are exact."""
        return 0.0 if self.level is None else math.ldexp(1.0, self.level)

    @property
    def total(self) -> float:
        """Sum of all weights: the number of samples."""
        return float(self.counts.sum())

    @property
    def resolution(self) -> float:
        """Smallest scale that can mean anything for these samples."""
        largest = max(abs(self.minimum), abs(self.maximum))
        relative = max(math.ldexp(abs(self.quantile(0.5)), -40), math.ldexp(largest, -200))
        return max(self.width, relative, math.ldexp(1.0, -1000))

    def merge(self, other: Statistic) -> Statistic:
        """Statistic of both sets of samples together."""
        levels = [s.level for s in (self, other) if s.level is not None]
        level = max(levels) if levels else None
        values = np.concatenate([self.values, other.values])
        counts = np.concatenate([self.counts, other.counts])
        low = min(self.minimum, other.minimum)
        high = max(self.maximum, other.maximum)
        if level is not None:
            values = _centres(values, level)
        return _canonical(*_distinct(values, counts), level, low, high)

    def shares(self) -> Floats:
        """Share of each value in the total."""
        return np.asarray(self.counts / self.total)

    def quantile(self, q: float) -> float:
        """Smallest value at which the cumulated share reaches `q`."""
        cumulative = np.cumsum(self.counts)
        at = int(np.searchsorted(cumulative, q * cumulative[-1]))
        return float(self.values[min(at, self.values.size - 1)])


def _from_integers(
    offsets: NDArray[np.int64], mass: Floats | None, low: int, high: int
) -> Statistic:
    counts = np.bincount(offsets, weights=mass).astype(np.float64)
    at = np.flatnonzero(counts)
    return _canonical((at + low).astype(np.float64), counts[at], None, float(low), float(high))


def _from_floats(x: Floats, mass: Floats | None, low: float, high: float) -> Statistic:
    level = _range_level(low, high)
    first = math.floor(math.ldexp(low, -level))
    last = math.floor(math.ldexp(high, -level))
    if x.size >= _OCCUPIED_CELLS:
        weights = np.empty(0) if mass is None else mass
        # heavy tails ask for finer cells: counting once more is quicker than sorting
        for finer in (0, *_FINER_LEVELS):
            if level - finer < _floor_level(low, high) or x.size < (last - first) << finer >> 3:
                break
            start, size = first << finer, (last - first + 1) << finer
            counts = np.zeros(size)
            count_cells(x, weights, math.ldexp(1.0, finer - level), float(start), counts)
            at = np.flatnonzero(counts)
            if at.size >= _OCCUPIED_CELLS:
                centres = np.ldexp(at + (start + 0.5), level - finer)
                return _canonical(centres, counts[at], level - finer, low, high)
    if mass is None:
        values = np.sort(x)
        counts = np.ones(x.size)
    else:
        order = np.argsort(x, kind="stable")
        values, counts = x[order], mass[order]
    return _canonical(*_runs(values, counts), None, low, high)


def _canonical(
    values: Floats, counts: Floats, level: int | None, low: float, high: float
) -> Statistic:
    """Coarsen distinct values (cells of `level`, or exact) to the level that the set asks for."""
    coarsest = _range_level(low, high)
    if level is not None and level >= coarsest:
        return _gridded(values, counts, level, low, high)
    if level is None and values.size < _OCCUPIED_CELLS:
        return Statistic(values, counts, None, low, high)
    if _occupied(values, coarsest) >= _OCCUPIED_CELLS:
        target = coarsest
    else:
        # occupied(fine) is large enough, occupied(coarse) is not: bisect the level between
        coarse = coarsest
        fine = _finest_level(low, high) if level is None else level
        while coarse - fine > 1:
            middle = (coarse + fine) // 2
            if _occupied(values, middle) >= _OCCUPIED_CELLS:
                fine = middle
            else:
                coarse = middle
        target = fine
    if level is None or target > level:
        values, counts = _runs(_centres(values, target), counts)
    return _gridded(values, counts, target, low, high)


def _gridded(values: Floats, counts: Floats, level: int, low: float, high: float) -> Statistic:
    """Statistic of cells; the outermost centres are kept inside the range of the samples."""
    return Statistic(np.clip(values, low, high), counts, level, low, high)


def _range_level(low: float, high: float) -> int:
    """Smallest level at which [low, high] touches at most 2^16 cells."""
    floor = _floor_level(low, high)
    half = high / 2.0 - low / 2.0  # the difference itself may overflow
    level = floor if half == 0.0 else max(floor, math.frexp(half)[1] - 16)
    while (
        math.floor(math.ldexp(high, -level)) - math.floor(math.ldexp(low, -level)) >= _RANGE_CELLS
    ):
        level += 1
    return level


def _floor_level(low: float, high: float) -> int:
    """Level below which cell numbers of the largest sample would not be exact in float64."""
    largest = max(abs(low), abs(high))
    return max(_SMALLEST_LEVEL, math.frexp(largest)[1] - 51)


def _finest_level(low: float, high: float) -> int:
    """Level below which scaling the largest sample to cells would overflow."""
    return max(_SMALLEST_LEVEL, math.frexp(max(abs(low), abs(high)))[1] - 900)


def _centres(values: Floats, level: int) -> Floats:
    cells = np.floor(np.ldexp(values, -level))
    # a cell finer than the spacing of float64 there holds one value, which stands for it
    half = np.where(np.abs(cells) < 2.0**52, 0.5, 0.0)
    return np.asarray(np.ldexp(cells + half, level))


def _occupied(values: Floats, level: int) -> int:
    cells = np.floor(np.ldexp(values, -level))
    return 1 + int(np.count_nonzero(cells[1:] != cells[:-1]))


def _distinct(values: Floats, counts: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(values, kind="stable")
    return _runs(values[order], counts[order])


def _runs(values: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Join equal neighbours."""
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    if starts.size == values.size:
        return values, counts
    return values[starts], np.add.reduceat(counts, starts)
