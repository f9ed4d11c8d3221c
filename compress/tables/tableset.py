"""`TableSet`: integer tables, one or many, with ragged alphabets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.tables.kernels import build_tables, fill_lookup
from compress.tables.knots import base_knots, sine_knots
from compress.tables.rounding import round_masses
from compress.tables.terms import cdf_terms

__all__ = ["PRECISION", "TOTAL", "TableSet"]

PRECISION = 24
TOTAL = 1 << PRECISION


class Density(Protocol):
    """What `TableSet.from_densities` needs to know; `compress.tables.DensityTable` is one."""

    @property
    def low(self) -> int:
        """The first symbol."""

    @property
    def size(self) -> int:
        """How many symbols."""

    @property
    def escape(self) -> int:
        """Mass of the escape: 0 for none, -1 for what the density has outside the range."""

    @property
    def base(self) -> str:
        """A name of `compress.tables.knots.BASES`."""

    @property
    def coefficients(self) -> tuple[int, ...]:
        """Real and imaginary parts of the amplitude's Fourier coefficients."""

    @property
    def unit_bits(self) -> int:
        """Fractional bits of the coefficients."""

    def place(self) -> tuple[int, int, int]:
        """Location, inverse scale and shift as `compress.tables.kernels` takes them."""


class Cumulative(Protocol):
    """What `TableSet.from_density` needs to know; every `compress.densities.Density` is one."""

    def mass(self, low: npt.ArrayLike, high: npt.ArrayLike) -> Any:
        """Probability of ``low < x <= high``."""

    def cdf(self, x: npt.ArrayLike) -> Any:
        """Probability of at most x."""

    def sf(self, x: npt.ArrayLike) -> Any:
        """Probability of more than x."""


class TableSet:
    """T integer probability tables with ragged alphabets.

    Parameters
    ----------
    cumulative : ndarray, uint32
        All tables one after another; the entries of a table rise strictly from 0 to 2**24.
    start : ndarray, int64, shape (T + 1,)
        Table t occupies ``cumulative[start[t]:start[t + 1]]``.
    low : ndarray, int64, shape (T,)
        The symbol value of a table's first mass.
    escape : ndarray, bool, shape (T,)
        Whether a table's last mass is the escape, which stands for every symbol outside.

    Raises
    ------
    ValueError
        If the arrays do not describe valid tables.
    """

    def __init__(
        self,
        cumulative: npt.NDArray[np.uint32],
        start: npt.NDArray[np.int64],
        low: npt.NDArray[np.int64],
        escape: npt.NDArray[np.bool_],
    ) -> None:
        self.cumulative = np.ascontiguousarray(cumulative, dtype=np.uint32)
        self.start = np.ascontiguousarray(start, dtype=np.int64)
        self.low = np.ascontiguousarray(low, dtype=np.int64)
        self.escape = np.ascontiguousarray(escape, dtype=np.bool_)
        self._check()
        for array in (self.cumulative, self.start, self.low, self.escape):
            array.flags.writeable = False

    def _check(self) -> None:
        tables = len(self.low)
        if self.start.shape != (tables + 1,) or self.escape.shape != (tables,) or tables == 0:
            raise ValueError(
                f"start must have T + 1 and low and escape T entries (T >= 1), got "
                f"{self.start.shape}, {self.low.shape}, {self.escape.shape}"
            )
        lengths = np.diff(self.start)
        if self.start[0] != 0 or self.start[-1] != len(self.cumulative) or lengths.min() < 2:
            raise ValueError("start must rise from 0 to len(cumulative) by at least 2 a table")
        step = np.diff(self.cumulative.astype(np.int64))
        step = np.delete(step, self.start[1:-1] - 1)
        if (
            step.min() < 1
            or np.any(self.cumulative[self.start[:-1]] != 0)
            or np.any(self.cumulative[self.start[1:] - 1] != TOTAL)
        ):
            raise ValueError("the entries of a table must rise strictly from 0 to 2**24")
        if np.any(self.low > np.iinfo(np.int64).max - (lengths - 2 - self.escape)):
            raise ValueError("a table's alphabet must lie within int64")

    @classmethod
    def from_masses(
        cls,
        masses: Sequence[npt.NDArray[Any]],
        low: npt.ArrayLike = 0,
        escape: npt.ArrayLike = False,
    ) -> TableSet:
        """Tables from integer masses: one array a table, each >= 1 and summing to 2**24."""
        lengths = np.array([len(row) + 1 for row in masses], dtype=np.int64)
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        cumulative = np.zeros(int(start[-1]), np.int64)
        for t, row in enumerate(masses):
            np.cumsum(np.asarray(row, dtype=np.int64), out=cumulative[start[t] + 1 : start[t + 1]])
        if np.any(cumulative < 0) or np.any(cumulative > TOTAL):
            raise ValueError("the masses of a table must be positive and sum to 2**24")
        tables = len(masses)
        return cls(
            cumulative.astype(np.uint32),
            start,
            np.broadcast_to(np.asarray(low, dtype=np.int64), tables),
            np.broadcast_to(np.asarray(escape, dtype=np.bool_), tables),
        )

    @classmethod
    def from_cumulative(
        cls, cumulative: npt.NDArray[np.uint32], low: int, *, escape: bool
    ) -> TableSet:
        """One table that is sound by the way in which it was made, and is not checked again."""
        self = cls.__new__(cls)
        self.cumulative = cumulative
        self.start = np.array([0, len(cumulative)], np.int64)
        self.low = np.array([low], np.int64)
        self.escape = np.array([escape], np.bool_)
        for array in (self.cumulative, self.start, self.low, self.escape):
            array.flags.writeable = False
        return self

    @classmethod
    def from_pmf(
        cls, pmf: npt.ArrayLike, low: npt.ArrayLike = 0, escape: float | None = None
    ) -> TableSet:
        """Tables that minimise the expected code length under ``pmf``.

        Parameters
        ----------
        pmf : array_like, shape (K,) or (T, K)
            Probabilities; each row is scaled to sum to 1. Zeros get the smallest mass.
        low : int or array_like of shape (T,)
            The symbol value of the first column.
        escape : float, optional
            Probability, on the scale of ``pmf``, of a symbol outside; ``None``: no escape.

        Returns
        -------
        TableSet

        Raises
        ------
        ValueError
            If the shape is wrong or a probability is negative, infinite or NaN.
        """
        rows = np.atleast_2d(np.asarray(pmf, dtype=np.float64))
        if rows.ndim != 2 or rows.size == 0:
            raise ValueError(f"pmf must have shape (K,) or (T, K), got {np.shape(pmf)}")
        if escape is not None:
            rows = np.column_stack([rows, np.full(len(rows), escape)])
        return cls.from_masses([round_masses(row, TOTAL) for row in rows], low, escape is not None)

    @classmethod
    def from_counts(
        cls, counts: npt.ArrayLike, low: npt.ArrayLike = 0, escape: float | None = None
    ) -> TableSet:
        """Tables that minimise the code length of data with these counts.

        The parameters are those of `from_pmf`, with counts in place of probabilities. A row
        without any count gives a uniform table.
        """
        rows = np.atleast_2d(np.asarray(counts, dtype=np.float64))
        if rows.ndim != 2 or rows.size == 0:
            raise ValueError(f"counts must have shape (K,) or (T, K), got {np.shape(counts)}")
        empty = ~np.any(rows, axis=1, keepdims=True)
        return cls.from_pmf(np.where(empty, 1.0, rows), low, escape)

    @classmethod
    def from_densities(cls, tables: Sequence[Density]) -> TableSet:
        """Tables from density parameters; a pure function of their integers.

        The tables must have one Fourier shape. For a grid of scales and location phases, see
        `compress.tables.density_grid`.

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
        sines, cosines = cdf_terms(*shape)
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
        if len(tables) == 1:
            return cls.from_cumulative(cumulative, tables[0].low, escape=tables[0].escape != 0)
        return cls(
            cumulative,
            start,
            np.array([table.low for table in tables], dtype=np.int64),
            np.array([table.escape != 0 for table in tables]),
        )

    @classmethod
    def from_density(
        cls, density: Cumulative, low: int, high: int, *, escape: bool = True
    ) -> TableSet:
        """One table for the whole numbers from `low` to `high`, by the masses of their bins.

        Symbol k gets the mass of ``k - 1/2 < x <= k + 1/2``. The masses come from floating-point
        functions, whose last bits differ from machine to machine: keep the table, or integers
        from which it is made, beside what it codes.

        Parameters
        ----------
        density : Density
            Any density of `compress.densities`, or what has its `mass`, `cdf` and `sf`.
        low, high : int
            First and last symbol, at most 2**22 of them.
        escape : bool
            Whether symbols outside can be coded too; the escape has what the density has there.

        Returns
        -------
        TableSet

        Raises
        ------
        ValueError
            If there are no symbols or too many, or the density has no mass on them.
        """
        first, last = int(low), int(high)
        if not 0 <= last - first < 1 << 22:
            raise ValueError(f"low and high must enclose 1 to 2**22 symbols, got {low} and {high}")
        k = np.arange(last - first + 1, dtype=np.float64) + first
        pmf = np.asarray(density.mass(k - 0.5, k + 0.5), dtype=np.float64)
        if not np.all(np.isfinite(pmf)) or pmf.sum() <= 0.0:
            raise ValueError(f"the density has no mass from {low} to {high}")
        if not escape:
            return cls.from_pmf(pmf, first)
        outside = float(density.cdf(first - 0.5)) + float(density.sf(last + 0.5))
        return cls.from_pmf(pmf, first, min(max(outside, 0.0), 1.0))

    def to_constriction(self, t: int = 0) -> Any:
        """Table `t` as an entropy model of constriction, exactly.

        Its symbols are int32 and count from 0: symbol ``value - low[t]`` stands for a value, and
        the last one for the escape, where there is one. What constriction's coders make with it
        are the words of `compress.coders` in one lane.

        Parameters
        ----------
        t : int
            Number of the table.

        Returns
        -------
        constriction.stream.model.Categorical

        Raises
        ------
        IndexError
            If there is no such table.
        ValueError
            If the table has one mass only, which constriction refuses.
        ImportError
            If constriction is not installed.
        """
        masses = self.masses(t)
        if len(masses) < 2:
            raise ValueError(f"constriction has no model of one symbol, and table {t} has one mass")
        import constriction  # noqa: PLC0415 - only who codes with it needs it

        # each mass beyond the 1 that constriction gives to every symbol
        weights = (masses - 1).astype(np.float64)
        return constriction.stream.model.Categorical(weights, perfect=False)

    @classmethod
    def concatenate(cls, sets: Sequence[TableSet]) -> TableSet:
        """One set that holds the tables of several, in their order."""
        offsets = np.cumsum([0] + [len(one.cumulative) for one in sets])
        starts = [one.start[:-1] + offset for one, offset in zip(sets, offsets, strict=False)]
        return cls(
            np.concatenate([one.cumulative for one in sets]),
            np.concatenate([*starts, offsets[-1:]]),
            np.concatenate([one.low for one in sets]),
            np.concatenate([one.escape for one in sets]),
        )

    def __len__(self) -> int:
        return len(self.low)

    def __repr__(self) -> str:
        return f"TableSet({len(self)} tables, {len(self.cumulative) - len(self)} masses)"

    def masses(self, t: int = 0) -> npt.NDArray[np.int64]:
        """Return the masses of table ``t``, the escape last where there is one; int64."""
        if not 0 <= t < len(self):
            raise IndexError(f"table {t} of {len(self)}")
        row = self.cumulative[self.start[t] : self.start[t + 1]].astype(np.int64)
        return row[1:] - row[:-1]

    @cached_property
    def lookup(self) -> tuple[int, npt.NDArray[np.uint64]]:
        """Where to look for a quantile: ``(bits, entries)``.

        ``entries[(t << bits) + (quantile >> (24 - bits))]`` is the first mass of table t that
        such a quantile can lie in, as `compress.coders.Tables.lookup` defines it. Built when
        first asked for; at most 2**17 entries (1 MiB) or 16 a table, whichever is more.
        """
        # Small enough for the first level cache, as long as few cells hold two masses or more.
        if len(self) == 1:
            bits = min(max(len(self.cumulative).bit_length() + 2, 12), 16)
            return bits, self.entries(bits)
        widest = int(np.diff(self.start).max())
        bits = min(max(widest.bit_length() + 1, 11), 16)
        while bits > 4 and len(self) << bits > 1 << 17:
            bits -= 1
        return bits, self.entries(bits)

    def entries(self, bits: int) -> npt.NDArray[np.uint64]:
        """Build the entries of a look-up by the upper ``bits`` bits of a quantile.

        Parameters
        ----------
        bits : int
            0 to 24.

        Returns
        -------
        ndarray, uint64, shape (T << bits,)
            As `compress.coders.Tables.lookup` defines them; read-only.
        """
        if not 0 <= bits <= PRECISION:
            raise ValueError(f"bits must lie in 0..{PRECISION}, got {bits}")
        entries = np.empty(len(self) << bits, np.uint64)
        if not fill_lookup(self.cumulative, self.start, self.escape, bits, entries):
            raise AssertionError("a checked table set does not fit itself")
        entries.flags.writeable = False
        return entries

    def code_length(self, symbols: npt.ArrayLike, indexes: npt.ArrayLike | None = None) -> float:
        """Ideal code length of ``symbols`` in bits.

        A symbol outside its table costs the escape plus the bits of its distance, as in
        `compress.coders`.

        Parameters
        ----------
        symbols : array_like of int
            Any shape.
        indexes : array_like of int, optional
            The table of each symbol, in the shape of ``symbols``; ``None``: table 0 for all.

        Returns
        -------
        float
            Infinite if a symbol lies outside a table that has no escape.

        Raises
        ------
        IndexError
            If an index names no table.
        """
        values = np.asarray(symbols).astype(np.int64).ravel()
        tables = np.zeros(len(values), np.int64)
        if indexes is not None:
            tables = np.broadcast_to(np.asarray(indexes, np.int64), np.shape(symbols)).ravel()
        if values.size == 0:
            return 0.0
        if tables.min() < 0 or tables.max() >= len(self):
            raise IndexError(f"indexes must lie in 0..{len(self) - 1}")
        low = self.low[tables]
        size = np.diff(self.start)[tables] - 1 - self.escape[tables]
        # Two's complement wraps, so the distance is right as an unsigned number.
        above = values.astype(np.uint64) - low.astype(np.uint64)
        inside = (values >= low) & (above < size.astype(np.uint64))
        if np.any(~inside & ~self.escape[tables]):
            return float("inf")
        slot = self.start[tables] + np.where(inside, above, size.astype(np.uint64)).astype(np.int64)
        mass = self.cumulative[slot + 1] - self.cumulative[slot]
        total = float(np.sum(PRECISION - np.log2(mass.astype(np.float64))))
        outside = ~inside
        if np.any(outside):
            beyond = np.where(
                values[outside] < low[outside],
                low[outside].astype(np.uint64) - values[outside].astype(np.uint64),
                above[outside] - size[outside].astype(np.uint64) + np.uint64(1),
            )
            total += float(np.sum(7 + np.frexp(beyond.astype(np.float64))[1] - 1))
        return total
