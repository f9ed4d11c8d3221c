"""Coding of rows, part by part and column by column.

The bytes: "FDR", a version, 8 bytes of the density's fingerprint, the number of rows, the
resolution of continuous columns (8 bytes), lowest and highest value of each column in steps where
they are not the density's own, the words of one lane, a checksum.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.coders import encode_intervals
from compress.coders.lanes import open_lane
from compress.container.integers import IntegerReader, write_signed, write_unsigned
from compress.densities import AutoregressiveDensity
from compress.densities._shapes import Leaf, Tree, assigned, leaves
from compress.densities.autoregressive.density import Conditional, ends_of
from compress.errors import CorruptError, FormatError, LimitError, ModelMismatchError
from compress.vectors.kernel import MOST_DIGITS, pop_column, record_column

__all__ = ["decode", "encode"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MAGIC = b"FDR"
_VERSION = 0
_ROWS = 2048  # coded together: their states stay in the cache
# Values in steps are below this, so that they and their edges are exact in float64.
_MOST_STEPS = 1 << 52
# So many of the coarsest steps are still a number.
_COARSEST = 2.0**960


class _Column(NamedTuple):
    """A column as the kernels take it."""

    lattice: Floats
    bend: Floats
    tree: Tree
    real: Floats
    imaginary: Floats
    ends: tuple[float, float] | None


def encode(rows: ArrayLike, density: AutoregressiveDensity, *, bin_width: float = 0.0) -> bytes:
    """Encode rows with the conditionals of a density.

    Parameters
    ----------
    rows : array_like of real numbers, shape (n, d)
        Columns on a lattice must lie on it. Integers, and columns of two values, come back exactly;
        other lattices as multiples of their step.
    density : AutoregressiveDensity
        With which they are decoded, too; it is not in the bytes.
    bin_width : float
        Resolution of the continuous columns: what comes back is the nearest multiple. Must be
        positive where there are such columns.

    Returns
    -------
    bytes
        Of about the length that ``density.code_length(rows, bin_width=bin_width)`` says.

    Raises
    ------
    ValueError
        If the shape is wrong, a value is not finite, off its lattice or more than 2^52 steps from
        its origin, or `bin_width` is missing.
    """
    array = np.asarray(rows)
    if array.ndim != 2 or array.shape[1] != density.n_features:
        raise ValueError(f"rows must have shape (n, {density.n_features}), not {array.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"rows must be real numbers, not {array.dtype}")
    array = array.astype(np.float64)
    if not np.all(np.isfinite(array)):
        raise ValueError("rows must be finite")
    if not 0.0 <= bin_width < np.inf:
        raise ValueError(f"bin_width must be finite and not negative, not {bin_width}")
    if bin_width > _COARSEST:
        raise ValueError(f"bin_width must be 2^960 at most, not {bin_width}")
    if bin_width == 0.0 and min(density.steps) == 0.0:
        raise ValueError("continuous columns need a positive bin_width")
    columns = _columns(density, bin_width)
    steps = _in_steps(array[:, density.order], density, columns)
    ranges, written = _ranges(steps, density)
    starts: list[NDArray[np.uint32]] = []
    masses: list[NDArray[np.uint32]] = []
    for first in range(0, len(steps), _ROWS):
        part = steps[first : first + _ROWS]
        z = np.empty(part.shape)
        for j, arguments in _distributions(density, columns, z):
            start, mass = np.empty((2, MOST_DIGITS * len(part)), np.uint32)
            values = np.ascontiguousarray(part[:, j])
            n = record_column(values, *ranges[j], *arguments, start, mass)
            starts.append(start[:n].copy())
            masses.append(mass[:n].copy())
            z[:, j] = _mapped(density, columns, j, values)
    words = encode_intervals(
        np.concatenate([np.empty(0, np.uint32), *starts]),
        np.concatenate([np.empty(0, np.uint32), *masses]),
    )
    head = _MAGIC + bytes([_VERSION]) + _fingerprint(density) + write_unsigned([len(steps)])
    head += struct.pack("<d", bin_width) + written
    body = head + words.astype("<u4").tobytes()
    return body + struct.pack("<I", zlib.crc32(body))


def decode(
    data: bytes, density: AutoregressiveDensity, *, max_bytes: int | None = 1 << 32
) -> Floats:
    """Decode what `encode` encoded with the same density.

    Parameters
    ----------
    data : bytes
    density : AutoregressiveDensity
    max_bytes : int, optional
        Limit of the size of the result.

    Returns
    -------
    ndarray of float64, shape (n, d)

    Raises
    ------
    FormatError
        If the bytes are not of this kind, or of a newer version.
    ModelMismatchError
        If they were coded with another density.
    CorruptError
        If they are damaged.
    LimitError
        If the result were larger than `max_bytes`.
    """
    head = len(_MAGIC) + 1
    if data[: len(_MAGIC)] != _MAGIC:
        raise FormatError("these are no coded rows")
    if len(data) < head + 16:
        raise CorruptError("the data end in their head")
    if data[len(_MAGIC)] > _VERSION:
        raise FormatError(
            f"version {data[len(_MAGIC)]} of coded rows is newer than version {_VERSION}, "
            "which this library has"
        )
    if zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise CorruptError("the checksum does not fit the data")
    if data[head : head + 8] != _fingerprint(density):
        raise ModelMismatchError("the rows were coded with another density")
    reader = IntegerReader(data[head + 8 : -4])
    n = reader.unsigned()
    rest = data[head + 8 + reader.position : -4]
    if len(rest) < 8:
        raise CorruptError("the data end in their head")
    bin_width = struct.unpack("<d", rest[:8])[0]
    if not 0.0 <= bin_width < np.inf or (bin_width == 0.0 and min(density.steps) == 0.0):
        raise CorruptError(f"{bin_width} is no resolution")
    d = density.n_features
    if max_bytes is not None and 8 * n * d > max_bytes:
        raise LimitError(f"{n} rows of {d} take more than {max_bytes} bytes")
    ranges, coded = _read_ranges(rest[8:], density) if n else ([], rest[8:])
    if bin_width > _COARSEST:
        raise CorruptError(f"{bin_width} is no resolution")
    if len(coded) % 4:
        raise CorruptError("the words are cut off")
    words = np.frombuffer(coded, "<u4").astype(np.uint32)
    return _decoded(words, n, ranges, density, bin_width)


def _ranges(steps: Integers, density: AutoregressiveDensity) -> tuple[list[tuple[int, int]], bytes]:
    """Lowest and highest value of each column, and how they are written.

    A bit a column says whether it keeps to the few levels that the density has; the others' two
    integers follow.
    """
    if not len(steps):
        return [], b""
    found = []
    bits = np.zeros(steps.shape[1], np.bool_)
    for j, column in enumerate(density.columns):
        low, high = int(steps[:, j].min()), int(steps[:, j].max())
        if column.levels and column.levels[0] <= low and high <= column.levels[1]:
            bits[j], (low, high) = True, column.levels
        found.append((low, high))
    others = (v for known, pair in zip(bits, found, strict=True) if not known for v in pair)
    return found, np.packbits(bits).tobytes() + write_signed(others)


def _read_ranges(
    data: bytes, density: AutoregressiveDensity
) -> tuple[list[tuple[int, int]], bytes]:
    d = density.n_features
    length = -(-d // 8)
    if len(data) < length:
        raise CorruptError("the data end in their head")
    bits = np.unpackbits(np.frombuffer(data[:length], np.uint8))
    reader = IntegerReader(data[length:])
    ranges = []
    for column, known in zip(density.columns, bits[:d], strict=True):
        if not known:
            low, high = reader.signed(), reader.signed()
        elif column.levels:
            low, high = column.levels
        else:
            raise CorruptError("a column is said to have few levels that has not")
        if not -_MOST_STEPS < low <= high < _MOST_STEPS:
            raise CorruptError(f"{low} to {high} is no range of values")
        ranges.append((low, high))
    if bits[d:].any():
        raise CorruptError("bits beyond the columns are set")
    return ranges, data[length + reader.position :]


def _decoded(
    words: NDArray[np.uint32],
    n: int,
    ranges: list[tuple[int, int]],
    density: AutoregressiveDensity,
    bin_width: float,
) -> Floats:
    state, place = open_lane(words, 0, len(words))
    states, places = np.array([state], np.uint64), np.array([place], np.uint64)
    spare = np.append(words, np.uint32(0))
    columns = _columns(density, bin_width)
    rows = np.empty((n, density.n_features))
    for first in range(0, n, _ROWS):
        part = rows[first : first + _ROWS]
        z = np.empty(part.shape)
        for j, arguments in _distributions(density, columns, z):
            values = np.empty(len(part), np.int64)
            pop_column(spare, states, places, *ranges[j], *arguments, values)
            part[:, density.order[j]] = _values(columns[j], values)
            z[:, j] = _mapped(density, columns, j, values)
    if states[0] or places[0]:
        raise CorruptError("there are more words than rows")
    return rows


def _columns(density: AutoregressiveDensity, bin_width: float) -> list[_Column]:
    found = []
    for column, tree in zip(density.columns, density.trees, strict=True):
        shapes = [leaf.coefficients for leaf in leaves(tree)]
        terms = max(real.size for real, _ in shapes)
        real, imaginary = np.zeros((len(shapes), terms)), np.zeros((len(shapes), terms))
        for i, (a, b) in enumerate(shapes):
            real[i, : a.size], imaginary[i, : b.size] = a, b
        lattice = np.array([column.origin, column.step or bin_width])
        bend = np.array([column.loc, column.scale, column.skew, column.tail])
        found.append(_Column(lattice, bend, tree, real, imaginary, ends_of(column)))
    return found


def _in_steps(rows: Floats, density: AutoregressiveDensity, columns: list[_Column]) -> Integers:
    steps = np.empty(rows.shape, np.int64)
    for j, column in enumerate(density.columns):
        origin, step = columns[j].lattice
        k = np.floor((rows[:, j] - origin) / step + 0.5)
        if np.any(np.abs(k) >= _MOST_STEPS):
            raise ValueError(f"column {density.order[j]} has values beyond 2^52 steps of {step}")
        steps[:, j] = k
        if column.beside(rows[:, j]).any():
            raise ValueError(f"column {density.order[j]} has values off its lattice of {step}")
    return steps


def _values(column: _Column, k: Integers) -> Floats:
    return np.asarray(column.lattice[0] + k * column.lattice[1])


def _mapped(density: AutoregressiveDensity, columns: list[_Column], j: int, k: Integers) -> Floats:
    return density.columns[j].map(_values(columns[j], k))[0]


def _distributions(
    density: AutoregressiveDensity, columns: list[_Column], z: Floats
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Arguments of the kernels for each column, given the mapped values of those before it."""
    n = z.shape[0]
    for j, conditional in density.conditionals(z):
        column = columns[j]
        yield (
            j,
            (
                column.lattice,
                column.bend,
                *conditional,
                _leaf_of(column.tree, z),
                column.real,
                column.imaginary,
                _ends(conditional, column, n),
                density.doubt,
            ),
        )


def _leaf_of(tree: Tree, z: Floats) -> Integers:
    places = {id(leaf): i for i, leaf in enumerate(leaves(tree))}
    found = np.zeros(z.shape[0], np.int64)
    for leaf, rows in assigned(tree, z, np.arange(z.shape[0])):
        found[rows] = places[id(leaf)]
    return found


def _ends(conditional: Conditional, column: _Column, n: int) -> Floats:
    if column.ends is None:
        return np.empty((0, 2))
    return np.stack([conditional.cdf(np.full(n, end)) for end in column.ends], axis=1)


def _fingerprint(density: AutoregressiveDensity) -> bytes:
    """8 bytes of a hash of all numbers that the conditionals depend on."""
    digest = hashlib.sha256(repr(density.order).encode())
    for array in density.chain:
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    digest.update(struct.pack("<d", density.doubt))
    for column in _columns(density, 1.0):
        for array in (column.lattice, column.bend, column.real, column.imaginary):
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        digest.update(np.array(column.ends or (), dtype="<f8").tobytes())
        digest.update(repr(_thresholds(column.tree)).encode())
    return digest.digest()[:8]


def _thresholds(tree: Tree) -> Any:
    if isinstance(tree, Leaf):
        return ()
    return (
        tree.column,
        tree.threshold.hex(),
        _thresholds(tree.below),
        _thresholds(tree.above),
    )
