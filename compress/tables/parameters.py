"""The small integers from which both sides of a stream rebuild the same tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.tables.knots import BASES, SCALE_STEPS, inverse_scales
from compress.tables.packing import EXACT, pack_weights, round_weights, unpack_weights
from compress.tables.rounding import round_masses
from compress.tables.tableset import TOTAL, TableSet

__all__ = [
    "LOCATION_STEPS",
    "MAX_COEFFICIENT",
    "MAX_SIZE",
    "MAX_TERMS",
    "MAX_UNIT_BITS",
    "SCALE_LIMITS",
    "DensityTable",
    "HistogramTable",
    "TableParameters",
    "count_symbols",
    "density_grid",
    "read_parameters",
    "read_table",
]

MAX_SIZE = 1 << 20
MAX_TERMS = 64
# Limits of the quantised scale: 2**-10 to 2**24 symbols.
SCALE_LIMITS = (-10 * SCALE_STEPS, 24 * SCALE_STEPS)
# A location is in 1/64 of the scale rounded down to a power of two.
_LOCATION_STEPS_BITS = 6
LOCATION_STEPS = 1 << _LOCATION_STEPS_BITS
MAX_UNIT_BITS = 12
MAX_COEFFICIENT = 1 << 20
_BASE_NAMES = tuple(BASES)


def _take(integers: Iterator[int], low: int, high: int, what: str) -> int:
    """Take the next integer and check it."""
    value = next(integers, None)
    if value is None:
        raise CorruptError(f"the table parameters end before the {what}")
    if not low <= value <= high:
        raise CorruptError(f"a table's {what} is {value}, allowed are {low}..{high}")
    return int(value)


def _take_range(integers: Iterator[int], most: int) -> tuple[int, int]:
    """Take the first symbol and the number of symbols, which must lie within int64."""
    low = _take(integers, -(1 << 63), (1 << 63) - 1, "first symbol")
    size = _take(integers, 1, min(most, (1 << 63) - low), "number of symbols")
    return low, size


@dataclass(frozen=True)
class DensityTable:
    """A table of a base density, modulated by Fourier terms.

    Attributes
    ----------
    low, size : int
        The symbols are ``low .. low + size - 1``.
    escape : int
        Mass of the escape: 0 for none, -1 for what the density has outside the range.
    base : str
        A name of `compress.tables.knots.BASES`; ``"uniform"`` spans the range and has
        neither location nor scale.
    location : int
        Relative to the middle symbol, in 1/64 of the scale rounded down to a power of two.
    scale : int
        64 times the binary logarithm of the scale in symbols.
    coefficients : tuple of int
        Real and imaginary parts of the amplitude's ``a_1 .. a_N``, in ``2**-unit_bits`` of ``a_0``.
    unit_bits : int
    """

    low: int
    size: int
    escape: int
    base: str
    location: int = 0
    scale: int = 0
    coefficients: tuple[int, ...] = ()
    unit_bits: int = 0

    KIND = 0

    def to_integers(self) -> tuple[int, ...]:
        """Return the integers that `read_parameters` reads, this table's kind first."""
        shape = () if self.base == "uniform" else (self.location, self.scale)
        head = (self.KIND, _BASE_NAMES.index(self.base), self.low, self.size, self.escape)
        terms = len(self.coefficients) // 2
        fourier = (terms, self.unit_bits, *self.coefficients) if terms else (0,)
        return (*head, *shape, *fourier)

    @classmethod
    def from_integers(cls, integers: Iterator[int], most: int = MAX_SIZE) -> DensityTable:
        """Read what `to_integers` wrote after the kind; raises `CorruptError`."""
        base = _BASE_NAMES[_take(integers, 0, len(_BASE_NAMES) - 1, "base")]
        low, size = _take_range(integers, most)
        escape = _take(integers, -1, TOTAL // 2, "escape mass")
        location = scale = 0
        if base != "uniform":
            location = _take(integers, -(1 << 31), 1 << 31, "location")
            scale = _take(integers, *SCALE_LIMITS, "scale")
        terms = _take(integers, 0, MAX_TERMS, "number of Fourier terms")
        unit_bits = _take(integers, 0, MAX_UNIT_BITS, "Fourier precision") if terms else 0
        coefficients = tuple(
            _take(integers, -MAX_COEFFICIENT, MAX_COEFFICIENT, "Fourier coefficient")
            for _ in range(2 * terms)
        )
        return cls(low, size, escape, base, location, scale, coefficients, unit_bits)

    def place(self) -> tuple[int, int, int]:
        """Location, inverse scale and shift as `build_tables` takes them."""
        octave, fraction = divmod(self.scale, SCALE_STEPS)
        shift = octave + 16 - _LOCATION_STEPS_BITS
        offset = self.location << shift if shift >= 0 else self.location >> -shift
        location = min(max(offset + ((self.size // 2) << 16), -(1 << 40)), 1 << 40)
        return location, int(inverse_scales()[fraction]), octave + 14

    def build(self) -> TableSet:
        """Build the table; a pure function of the integers."""
        return TableSet.from_densities([self])


def density_grid(
    base: str,
    scales: Sequence[int],
    phases: int,
    reach: int,
    *,
    max_size: int = 1 << 12,
    coefficients: tuple[int, ...] = (),
    unit_bits: int = 0,
) -> list[DensityTable]:
    """Tables for a residual whose location falls between integers: scale by location phase.

    Parameters
    ----------
    base : str
        A base other than ``"uniform"``.
    scales : sequence of int
        As `DensityTable.scale`.
    phases : int
        Table ``c * phases + p`` has scale c and the location ``p / phases`` symbols.
    reach : int
        The tables go this many scales to each side; what lies outside is the escape's.
    max_size : int
        The most symbols of a table.
    coefficients, unit_bits
        As `DensityTable`, the same for all.

    Returns
    -------
    list of DensityTable
        To be built with `TableSet.from_densities`.
    """
    tables = []
    for scale in scales:
        octave = scale // SCALE_STEPS
        half = min(max((reach << max(octave + 1, 0)) >> max(-octave - 1, 0), 1), max_size // 2 - 1)
        for phase in range(phases):
            # The location in steps of 2**octave / 64 symbols.
            shift = _LOCATION_STEPS_BITS - octave
            location = (phase << shift if shift >= 0 else phase >> -shift) // phases
            tables.append(
                DensityTable(
                    -half, 2 * half + 1, -1, base, location, scale, coefficients, unit_bits
                )
            )
    return tables


@dataclass(frozen=True)
class HistogramTable:
    """A table of explicit weights, rounded to masses with `round_masses`.

    Attributes
    ----------
    low : int
        The first symbol.
    weights : tuple of int
        One non-negative integer a symbol; zeros get the smallest mass.
    escape : int
        Weight of the escape, 0 for none.
    precision : int
        How exactly the weights are kept; see `compress.tables.packing.round_weights`. The weights
        are rounded when the table is made.
    """

    low: int
    weights: tuple[int, ...]
    escape: int = 0
    precision: int = EXACT

    KIND = 1

    def __post_init__(self) -> None:
        rounded = round_weights(self.weights, self.precision)
        object.__setattr__(self, "weights", tuple(rounded.tolist()))

    def to_integers(self) -> tuple[int, ...]:
        """Return the integers that `read_parameters` reads, this table's kind first."""
        packed = pack_weights(self.weights, self.precision)
        head = (self.KIND, self.low, len(self.weights), self.escape, self.precision, len(packed))
        return (*head, *packed)

    @classmethod
    def from_integers(cls, integers: Iterator[int], most: int = MAX_SIZE) -> HistogramTable:
        """Read what `to_integers` wrote after the kind; raises `CorruptError`."""
        low, weights, escape, precision = _read_histogram(integers, most)
        return cls(low, tuple(weights.tolist()), escape, precision)

    def build(self) -> TableSet:
        """Build the table; a pure function of the integers."""
        return _built(self.low, np.array(self.weights, dtype=np.int64), self.escape)


def _read_histogram(
    integers: Iterator[int], most: int
) -> tuple[int, npt.NDArray[np.int64], int, int]:
    """Read first symbol, weights, weight of the escape and precision."""
    low, size = _take_range(integers, most)
    escape = _take(integers, 0, 1 << 32, "escape weight")
    precision = _take(integers, -EXACT, EXACT, "precision")
    # No weight takes more bits than two chunks have.
    count = _take(integers, 0, 2 * size, "length of the packed weights")
    packed = list(islice(integers, count))
    if len(packed) < count:
        raise CorruptError("a table's packed weights are cut short")
    weights = unpack_weights(packed, size, precision)
    if not escape and not weights.any():
        raise CorruptError("a table's weights are all zero")
    return low, weights, escape, precision


def _built(low: int, weights: npt.NDArray[np.int64], escape: int) -> TableSet:
    """Build the table of a histogram."""
    values = np.empty(weights.size + (escape > 0))
    values[: weights.size] = weights
    values[weights.size :] = escape
    cumulative = np.zeros(values.size + 1, np.uint32)
    np.cumsum(round_masses(values, TOTAL), out=cumulative[1:], dtype=np.uint32)
    return TableSet.from_cumulative(cumulative, low, escape=escape > 0)


TableParameters = DensityTable | HistogramTable


def read_table(integers: Iterator[int], most: int = MAX_SIZE) -> TableSet:
    """Read one table's parameters and build it: ``read_parameters(integers, most).build()``.

    Raises
    ------
    CorruptError
        If an integer is missing or not allowed.
    """
    if _take(integers, DensityTable.KIND, HistogramTable.KIND, "kind") == DensityTable.KIND:
        return DensityTable.from_integers(integers, most).build()
    low, weights, escape, _ = _read_histogram(integers, most)
    return _built(low, weights, escape)


def count_symbols(integers: Sequence[int]) -> int:
    """Return how many symbols the table has that `read_table` would build, or 0 for none."""
    # Behind the kind stand the base, of densities only, and the first symbol.
    place = 3 if integers and integers[0] == DensityTable.KIND else 2
    return max(integers[place], 0) if len(integers) > place else 0


def read_parameters(integers: Iterator[int], most: int = MAX_SIZE) -> TableParameters:
    """Read one table's parameters, of either kind, as `to_integers` wrote them.

    Parameters
    ----------
    integers : iterator of int
    most : int
        Symbols that a table may have: a few integers describe tables of any size, and a stream may
        hold many.

    Raises
    ------
    CorruptError
        If an integer is missing or not allowed.
    """
    if _take(integers, DensityTable.KIND, HistogramTable.KIND, "kind") == DensityTable.KIND:
        return DensityTable.from_integers(integers, most)
    return HistogramTable.from_integers(integers, most)
