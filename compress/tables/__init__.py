"""Integer probability tables: the integers that stand for a shape.

A table is a row of 24-bit masses, each at least 1, that sum to 2**24 exactly. `TableSet` holds
one or many. `DensityTable` and `HistogramTable` are the small integers from which both sides of
a stream rebuild the same table; `fit_table` chooses them by total code length.
"""

from __future__ import annotations

from compress.tables.fitting import count_densest, fit_counts, fit_table
from compress.tables.parameters import (
    DensityTable,
    HistogramTable,
    TableParameters,
    count_symbols,
    density_grid,
    read_parameters,
    read_table,
)
from compress.tables.tableset import PRECISION, TOTAL, TableSet

__all__ = [
    "PRECISION",
    "TOTAL",
    "DensityTable",
    "HistogramTable",
    "TableParameters",
    "TableSet",
    "count_densest",
    "count_symbols",
    "density_grid",
    "fit_counts",
    "fit_table",
    "read_parameters",
    "read_table",
]
