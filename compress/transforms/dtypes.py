"""A dtype as a short list of integers, and back with every check.

The list is what the stream holds. It is the same on every machine: the byte order of a scalar is
written as little or big, never as native.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from compress.errors import CorruptError, FormatError

__all__ = ["describe", "extension_name", "parse"]

# Codes are the positions in these lists, so only ever append.
SCALARS = (
    "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "M8", "m8",
)  # fmt: skip
STRUCT = 16
SUBARRAY = 17
# Strings of so many characters, of one byte (two codes, for bytes and for raw void) and of four.
STRINGS = {18: "S", 19: "U", 20: "V"}
EXTENSION = 32
EXTENSIONS = (
    "bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn",
    "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float6_e2m3fn",
    "float6_e3m2fn", "float4_e2m1fn", "int2", "int4", "uint2", "uint4",
)  # fmt: skip
UNITS = ("generic", "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")

MAX_FIELDS = 1 << 12
MAX_NAME = 1 << 10
MAX_DEPTH = 32
MAX_AXES = 64
MAX_ITEMSIZE = 1 << 30


def extension_name(dtype: np.dtype[Any]) -> str | None:
    """Name of a dtype of the ``ml_dtypes`` package, ``None`` for numpy's own dtypes."""
    return dtype.type.__name__ if dtype.type.__module__.startswith("ml_dtypes") else None


def describe(dtype: np.dtype[Any]) -> tuple[int, ...]:
    """Write a dtype as non-negative integers.

    Parameters
    ----------
    dtype : numpy.dtype
        Any dtype of the contract: bool, (u)int8-64, float16/32/64, complex64/128, datetime64,
        timedelta64, fixed-length bytes, strings and raw void, the small dtypes of ``ml_dtypes``,
        and structured dtypes of all these.

    Returns
    -------
    tuple of int
        What `parse` takes.

    Raises
    ------
    TypeError
        The dtype is none of these (objects, strings of any length, long double), or its fields
        overlap.
    """
    numbers: list[int] = []
    _describe(dtype, numbers, 0)
    return tuple(numbers)


def _describe(dtype: np.dtype[Any], numbers: list[int], depth: int) -> int:
    """Append the description of ``dtype``; return the bytes that its scalars hold."""
    if depth > MAX_DEPTH or dtype.itemsize > MAX_ITEMSIZE:
        raise TypeError(f"dtype {dtype!r:.200} is nested too deeply or too large to be compressed")
    big = int(dtype.str.startswith(">"))
    name = extension_name(dtype)
    if name is not None:
        if name not in EXTENSIONS:
            raise TypeError(f"arrays of dtype {name} cannot be compressed")
        numbers.append(2 * (EXTENSION + EXTENSIONS.index(name)) + big)
    elif dtype.subdtype is not None:
        base, shape = dtype.subdtype
        numbers += [2 * SUBARRAY, len(shape), *shape]
        return math.prod(shape) * _describe(base, numbers, depth + 1)
    elif dtype.names is not None:
        return _describe_struct(dtype, numbers, depth)
    elif dtype.kind in "Mm":
        unit, count = np.datetime_data(dtype)
        numbers += [2 * SCALARS.index(f"{dtype.kind}8") + big, UNITS.index(unit), count]
    elif dtype.kind in "SUV" and not dtype.hasobject:
        code = next(code for code, kind in STRINGS.items() if kind == dtype.kind)
        numbers += [2 * code + big, dtype.itemsize // (4 if dtype.kind == "U" else 1)]
    elif dtype.str[1:] in SCALARS:
        numbers.append(2 * SCALARS.index(dtype.str[1:]) + big)
    else:
        raise TypeError(
            f"arrays of dtype {dtype} cannot be compressed; allowed are bool, integers, float16 to "
            "float64, complex64, complex128, datetime64, timedelta64, fixed-length bytes and "
            f"strings, and structured dtypes of these{_advice(dtype)}"
        )
    return dtype.itemsize


def _advice(dtype: np.dtype[Any]) -> str:
    """Say what to do with an array of another dtype."""
    if dtype.kind in "OT":
        kept = "missing values need a string of their own" if dtype.kind == "O" else "bits are kept"
        return (
            f". Where it holds strings, compress array.astype('U') or .astype('S') ({kept}); where "
            "it holds numbers, give it their dtype"
        )
    return ""


def _describe_struct(dtype: np.dtype[Any], numbers: list[int], depth: int) -> int:
    names: tuple[str, ...] = dtype.names or ()
    fields: Any = dtype.fields
    if len(names) > MAX_FIELDS:
        raise TypeError(f"dtype has {len(names)} fields, allowed are {MAX_FIELDS}")
    numbers += [2 * STRUCT, int(dtype.isalignedstruct), dtype.itemsize, len(names)]
    held = 0
    for name in names:
        base, offset, title = (*fields[name], "")[:3]
        if not isinstance(title, str):
            raise TypeError(f"field {name!r} has a title that is no string: {title!r:.100}")
        numbers.append(offset)
        for text in (name, title):
            code = text.encode("utf-8", "surrogatepass")
            if len(code) > MAX_NAME:
                raise TypeError(f"field name {text[:40]}... is longer than {MAX_NAME} bytes")
            numbers += [len(code), *code]
        held += _describe(base, numbers, depth + 1)
    if held > dtype.itemsize:
        raise TypeError(f"dtype {dtype!r:.200} has overlapping fields, which cannot be compressed")
    return held


def parse(numbers: Sequence[int]) -> np.dtype[Any]:
    """Rebuild the dtype that `describe` wrote.

    Parameters
    ----------
    numbers : sequence of int
        Exactly the integers of `describe`, from a stream that may be damaged.

    Returns
    -------
    numpy.dtype

    Raises
    ------
    CorruptError
        The integers describe no dtype.
    FormatError
        The dtype needs a package that is not installed.
    """
    reader = iter(tuple(numbers))
    try:
        dtype = _parse(reader, 0)
        described = describe(dtype)
    except StopIteration:
        raise CorruptError("the description of the dtype is cut short") from None
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        raise CorruptError(f"the description of the dtype is impossible: {error}") from None
    # One dtype has one description; this also refuses what numpy would silently make of another.
    if dtype.subdtype is not None or described != tuple(numbers):
        raise CorruptError("the description of the dtype is not one that could have been written")
    return dtype


def _dtype(specification: Any, align: bool = False) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(specification, align=align)
    return dtype


def _take(reader: Iterator[int], limit: int) -> int:
    number = next(reader)
    if not 0 <= number <= limit:
        raise CorruptError(f"{number} in the description of the dtype, allowed is 0 to {limit}")
    return number


def _parse(reader: Iterator[int], depth: int) -> np.dtype[Any]:
    if depth > MAX_DEPTH:
        raise CorruptError("the description of the dtype is nested too deeply")
    code, big = divmod(_take(reader, 2 * (EXTENSION + len(EXTENSIONS)) - 1), 2)
    if code >= EXTENSION:
        return _extension(EXTENSIONS[code - EXTENSION]).newbyteorder(">" if big else "<")
    if code == STRUCT:
        return _parse_struct(reader, depth)
    if code == SUBARRAY:
        shape = tuple([_take(reader, MAX_ITEMSIZE) for _ in range(_take(reader, MAX_AXES))])
        base = _parse(reader, depth + 1)
        if math.prod(shape) * base.itemsize > MAX_ITEMSIZE:
            raise CorruptError(f"a subarray of shape {shape} is too large")
        return _dtype((base, shape))
    if code in STRINGS:
        width = 4 if STRINGS[code] == "U" else 1
        return _dtype(f"{'<>'[big]}{STRINGS[code]}{_take(reader, MAX_ITEMSIZE // width)}")
    if code >= len(SCALARS):
        raise CorruptError(f"unknown dtype code {code}")
    scalar = SCALARS[code]
    if scalar in ("M8", "m8"):
        unit, count = UNITS[_take(reader, len(UNITS) - 1)], _take(reader, (1 << 31) - 1)
        scalar += "" if unit == "generic" else f"[{count}{unit}]"
    return _dtype("<>"[big] + scalar)


def _extension(name: str) -> np.dtype[Any]:
    try:
        import ml_dtypes  # noqa: PLC0415 - an optional package, needed for these dtypes only

        return _dtype(getattr(ml_dtypes, name))
    except (ImportError, AttributeError) as error:
        message = f"the array is of dtype {name}, which needs a recent 'ml_dtypes' package"
        raise FormatError(message) from error


def _parse_struct(reader: Iterator[int], depth: int) -> np.dtype[Any]:
    align = bool(_take(reader, 1))
    itemsize = _take(reader, MAX_ITEMSIZE)
    columns: dict[str, list[Any]] = {"names": [], "titles": [], "offsets": [], "formats": []}
    for _ in range(_take(reader, MAX_FIELDS)):
        columns["offsets"].append(_take(reader, itemsize))
        for key in ("names", "titles"):
            letters = [_take(reader, 255) for _ in range(_take(reader, MAX_NAME))]
            text = bytes(letters).decode("utf-8", "surrogatepass")
            columns[key].append(text if text or key == "names" else None)
        columns["formats"].append(_parse(reader, depth + 1))
    if not any(columns["titles"]):
        del columns["titles"]
    return _dtype({**columns, "itemsize": itemsize}, align=align)
