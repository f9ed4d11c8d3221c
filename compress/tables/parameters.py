"""The small integers from which both sides of a stream rebuild the same tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.tables.kernels import build_tables
from compress.tables.knots import (
    BASES,
    SCALE_STEPS,
    base_knots,
    inverse_scales,
    sine_knots,
)
from compress.tables.packing import EXACT, pack_weights, round_weight, unpack_weights
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
    "build_densities",
    "read_parameters",
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
# pi with 30 fractional bits.
_PI_30 = 3373259426
_BASE_NAMES = tuple(BASES)


def _take(integers: Iterator[int], low: int, high: int, what: str) -> int:
    """Take the next integer and check it."""
    value = next(integers, None)
    if value is None:
        raise CorruptError(f"the table parameters end before the {what}")
    if not low <= value <= high:
        raise CorruptError(f"a table's {what} is {value}, allowed are {low}..{high}")
    return int(value)


def _take_range(integers: Iterator[int]) -> tuple[int, int]:
    """Take the first symbol and the number of symbols, which must lie within int64."""
    low = _take(integers, -(1 << 63), (1 << 63) - 1, "first symbol")
    size = _take(integers, 1, min(MAX_SIZE, (1 << 63) - low), "number of symbols")
    return low, size


@lru_cache(maxsize=256)
def _cdf_terms(coefficients: tuple[int, ...], unit_bits: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Fourier terms of the CDF on [0, 1) from the amplitude ``a_0 = 1, a_1, ..., a_N``.

    The density is ``|A|**2`` over its integral, A(b) = sum a_k exp(2 pi i k b), so it cannot
    be negative. The terms are the autocorrelation, divided by ``pi n``; integers throughout.
    """
    real = [1 << unit_bits, *coefficients[0::2]]
    imaginary = [0, *coefficients[1::2]]
    n_terms = len(real)
    power = sum(r * r + i * i for r, i in zip(real, imaginary, strict=True))
    sines, cosines = [], []
    for n in range(1, n_terms):
        c_real = c_imaginary = 0
        for k in range(n_terms - n):
            # a[k + n] times the conjugate of a[k]
            c_real += real[k + n] * real[k] + imaginary[k + n] * imaginary[k]
            c_imaginary += imaginary[k + n] * real[k] - real[k + n] * imaginary[k]
        divisor = power * _PI_30 * n
        sines.append((c_real << 60) // divisor)
        cosines.append((c_imaginary << 60) // divisor)
    return np.array(sines, dtype=np.int64), np.array(cosines, dtype=np.int64)


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
    def from_integers(cls, integers: Iterator[int]) -> DensityTable:
        """Read what `to_integers` wrote after the kind; raises `CorruptError`."""
        base = _BASE_NAMES[_take(integers, 0, len(_BASE_NAMES) - 1, "base")]
        low, size = _take_range(integers)
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
        return build_densities([self])


def build_densities(tables: Sequence[DensityTable]) -> TableSet:
    """Build tables of one Fourier shape together; a pure function of the integers.

    Raises
    ------
    ValueError
        If the coefficients of the tables differ.
    CorruptError
        If a parameter is beyond its limits.
    """
    shape = (tables[0].coefficients, tables[0].unit_bits)
    if any((table.coefficients, table.unit_bits) != shape for table in tables):
        raise ValueError("tables built together must have the same Fourier coefficients")
    names = sorted({table.base for table in tables} - {"uniform"})
    lengths = [0, *(table.size + 1 + (table.escape != 0) for table in tables)]
    start = np.cumsum(np.array(lengths, dtype=np.int64))
    places = np.array([table.place() for table in tables], dtype=np.int64)
    bases = [names.index(table.base) if table.base != "uniform" else -1 for table in tables]
    knots = [base_knots(name) for name in names] or [np.empty((800, 4), np.int64)]
    sines, cosines = _cdf_terms(*shape)
    cumulative = np.empty(int(start[-1]), np.uint32)
    if not build_tables(
        start,
        np.array([table.escape for table in tables], dtype=np.int64),
        np.ascontiguousarray(places[:, 0]),
        np.ascontiguousarray(places[:, 1]),
        np.ascontiguousarray(places[:, 2]),
        np.array(bases, dtype=np.int64),
        np.stack(knots),
        sines,
        cosines,
        sine_knots(),
        cumulative,
    ):
        raise CorruptError(f"no tables can be built from parameters like {tables[0]}")
    return TableSet(
        cumulative,
        start,
        np.array([table.low for table in tables], dtype=np.int64),
        np.array([table.escape != 0 for table in tables]),
    )


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
        How exactly the weights are kept; see `compress.tables.packing.round_weight`. The weights
        are rounded when the table is made.
    """

    low: int
    weights: tuple[int, ...]
    escape: int = 0
    precision: int = EXACT

    KIND = 1

    def __post_init__(self) -> None:
        rounded = tuple(round_weight(weight, self.precision) for weight in self.weights)
        object.__setattr__(self, "weights", rounded)

    def to_integers(self) -> tuple[int, ...]:
        """Return the integers that `read_parameters` reads, this table's kind first."""
        head = (self.KIND, self.low, len(self.weights), self.escape, self.precision)
        return (*head, *pack_weights(self.weights, self.precision))

    @classmethod
    def from_integers(cls, integers: Iterator[int]) -> HistogramTable:
        """Read what `to_integers` wrote after the kind; raises `CorruptError`."""
        low, size = _take_range(integers)
        escape = _take(integers, 0, 1 << 32, "escape weight")
        precision = _take(integers, -EXACT, EXACT, "precision")
        weights = unpack_weights(integers, size, precision)
        if not any(weights) and not escape:
            raise CorruptError("a table's weights are all zero")
        return cls(low, tuple(weights), escape, precision)

    def build(self) -> TableSet:
        """Build the table; a pure function of the integers."""
        weights = [*self.weights, self.escape] if self.escape else self.weights
        masses = round_masses(np.array(weights, dtype=np.float64), TOTAL)
        return TableSet.from_masses([masses], self.low, self.escape > 0)


TableParameters = DensityTable | HistogramTable


def read_parameters(integers: Iterator[int]) -> TableParameters:
    """Read one table's parameters, of either kind, as `to_integers` wrote them.

    Raises
    ------
    CorruptError
        If an integer is missing or not allowed.
    """
    if _take(integers, DensityTable.KIND, HistogramTable.KIND, "kind") == DensityTable.KIND:
        return DensityTable.from_integers(integers)
    return HistogramTable.from_integers(integers)
