"""Dtypes, and the fields of their arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.samples import Array, Shape, need, ranged

__all__ = ["Field", "fields_of", "planned_shape", "put_together", "read_dtype", "zeros"]

_PLAIN = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
_TIMES = {14: "M8", 15: "m8"}
_UNITS = (
    "generic", "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as",
)  # fmt: skip
_STRUCTURE, _SUBARRAY, _OTHERS = 16, 17, 32
_STRINGS = {18: "S", 19: "U", 20: "V"}
_ML_DTYPES = (
    "bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn",
    "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float6_e2m3fn",
    "float6_e3m2fn", "float4_e2m1fn", "int2", "int4", "uint2", "uint4",
)  # fmt: skip
_UNSIGNED_BYTES = ("float8_e8m0fnu", "uint2", "uint4")
_SIGNED_BYTES = ("int2", "int4")
_MOST_DEPTH, _MOST_FIELDS, _MOST_NAME, _MOST_AXES = 32, 4096, 1024, 64
_MOST_ITEMSIZE = 1 << 30
_PLANNED_AXES = 32

# The dtype of a field, and the shape of what one element of an array has of it.
Field = tuple[np.dtype[Any], Shape]


def read_dtype(reader: Reader) -> np.dtype[Any]:
    """Read a dtype, which is all that is left."""
    described = _read(reader, 0)
    need(described.subdtype is None and not reader.remaining, "a dtype")
    return described


def _read(reader: Reader, depth: int) -> np.dtype[Any]:
    need(depth <= _MOST_DEPTH, "structures in structures")
    code, big = divmod(reader.unsigned(), 2)
    if code == _STRUCTURE:
        need(not big, "a big-endian structure")
        return _read_structure(reader, depth)
    if code == _SUBARRAY:
        need(not big, "a big-endian subarray")
        axes = ranged(reader.unsigned(), 0, _MOST_AXES)
        shape = tuple(reader.unsigned() for _ in range(axes))
        element = _read(reader, depth + 1)
        need(prod(shape) * element.itemsize <= _MOST_ITEMSIZE, "a large subarray")
        return np.dtype((element, shape))
    if code in _STRINGS:
        return _read_string(_STRINGS[code], reader.unsigned(), big)
    if code >= _OTHERS:
        need(code - _OTHERS < len(_ML_DTYPES), f"no dtype {code}")
        found = np.dtype(getattr(import_module("ml_dtypes"), _ML_DTYPES[code - _OTHERS]))
    elif code in _TIMES:
        unit, count = ranged(reader.unsigned(), 0, 13), ranged(reader.unsigned(), 0, (1 << 31) - 1)
        need(unit or count == 1, "a count of no unit")
        name = _TIMES[code]
        found = np.dtype(f"{name}[{count}{_UNITS[unit]}]" if unit else name)
    else:
        need(code < len(_PLAIN), f"no dtype {code}")
        found = np.dtype(_PLAIN[code])
    if found.itemsize > 1 or code >= _OTHERS:
        return found.newbyteorder(">" if big else "<")
    need(not big, "a big-endian byte")
    return found


def _read_string(kind: str, characters: int, big: int) -> np.dtype[Any]:
    need(kind == "U" or not big, "big-endian bytes")
    ranged(characters, 0, _MOST_ITEMSIZE // (4 if kind == "U" else 1))
    return np.dtype(f"{'>' if big else '<'}{kind}{characters}")


def _read_structure(reader: Reader, depth: int) -> np.dtype[Any]:
    aligned = ranged(reader.unsigned(), 0, 1)
    itemsize = ranged(reader.unsigned(), 0, _MOST_ITEMSIZE)
    names: list[str] = []
    titles: list[str | None] = []
    offsets, formats = [], []
    for _ in range(ranged(reader.unsigned(), 0, _MOST_FIELDS)):
        offsets.append(reader.unsigned())
        names.append(_read_text(reader))
        titles.append(_read_text(reader) or None)
        formats.append(_read(reader, depth + 1))
        need(offsets[-1] + formats[-1].itemsize <= itemsize, "a field outside of its structure")
    everything = [*names, *(title for title in titles if title)]
    need(len(set(everything)) == len(everything), "a name that another field has")
    described: dict[str, Any] = {
        "names": names, "formats": formats, "offsets": offsets, "itemsize": itemsize,
    }  # fmt: skip
    if any(titles):
        described["titles"] = titles
    need(sum(map(_held, formats)) <= itemsize, "more scalars than the itemsize holds")
    try:
        return np.dtype(described, align=bool(aligned))
    except ValueError as error:
        raise RefusedError("a structure is not aligned as it says") from error


def _held(dtype: np.dtype[Any]) -> int:
    """Count the bytes of the scalars of a dtype."""
    if dtype.subdtype is not None:
        element, shape = dtype.subdtype
        return prod(shape) * _held(element)
    if dtype.names is not None and dtype.fields is not None:
        return sum(_held(dtype.fields[name][0]) for name in dtype.names)
    return dtype.itemsize


def _read_text(reader: Reader) -> str:
    size = ranged(reader.unsigned(), 0, _MOST_NAME)
    text = bytes(ranged(reader.unsigned(), 0, 255) for _ in range(size))
    try:
        return text.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        need(False, "a name that is no UTF-8")
        raise


def fields_of(dtype: np.dtype[Any]) -> list[Field]:
    """List the fields of a dtype."""
    element: Array = np.ndarray((), dtype)
    return [(native, place.shape) for native, place, _ in _places(element)]


def zeros(shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Make an array of zero bytes; that of numpy loses the byte order of times of no unit."""
    return np.ndarray(shape, dtype, np.zeros(prod(shape) * dtype.itemsize, np.uint8))


def put_together(fields: Iterator[Array], dtype: np.dtype[Any], shape: Shape) -> Array:
    """Make an array of its fields, each in a shape that begins with that of the array."""
    out = zeros(shape, dtype)
    for (_, place, way), field in zip(_places(out), fields, strict=True):
        place[...] = way(field).reshape(place.shape)
    return out


def _as_it_is(field: Array) -> Array:
    return field


def _places(array: Array) -> Iterator[tuple[np.dtype[Any], Array, Callable[[Array], Array]]]:
    """Give the dtype of each field, where it is in an array, and what makes its values of it."""
    dtype = array.dtype
    if dtype.names is not None:
        for name in dtype.names:
            yield from _places(array[name])
        return
    little = dtype.newbyteorder("=")
    if dtype.kind == "c":
        part = np.dtype(f"f{dtype.itemsize // 2}")
        yield part, array.real, _as_it_is
        yield part, array.imag, _as_it_is
    elif dtype.kind in "SUV" and dtype.name not in _ML_DTYPES:
        yield _place_of_string(array, dtype)
    elif dtype.kind in "Mm":
        yield np.dtype("i8"), array.view(np.dtype("i8").newbyteorder(dtype.byteorder)), _as_it_is
    elif dtype.name in _ML_DTYPES:
        yield from _places_of_other(array, dtype)
    else:
        yield little, array, _as_it_is


def _place_of_string(
    array: Array, dtype: np.dtype[Any]
) -> tuple[np.dtype[Any], Array, Callable[[Array], Array]]:
    """Give the dtype of a character, where they are along one axis more, and their codes."""
    code = np.dtype("u4").newbyteorder(dtype.byteorder) if dtype.kind == "U" else np.dtype("u1")

    def codes(field: Array) -> Array:
        return field.view(f"u{code.itemsize}")

    place = array.view((code, (dtype.itemsize // code.itemsize,)))
    return np.dtype("U1" if dtype.kind == "U" else "S1"), place, codes


def _places_of_other(
    array: Array, dtype: np.dtype[Any]
) -> Iterator[tuple[np.dtype[Any], Array, Callable[[Array], Array]]]:
    if dtype.name in _UNSIGNED_BYTES or dtype.name in _SIGNED_BYTES:
        byte = np.dtype("u1" if dtype.name in _UNSIGNED_BYTES else "i1")
        yield byte, array.view(byte), _as_it_is
        return
    pattern = np.dtype(f"i{dtype.itemsize}")
    bits = 8 * dtype.itemsize

    def unordered(field: Array) -> Array:
        return field ^ ((field >> (bits - 1)) & pattern.type((1 << (bits - 1)) - 1))

    yield pattern, array.view(pattern.newbyteorder(dtype.byteorder)), unordered


def planned_shape(shape: Shape) -> Shape:
    """Give the shape in which a field is planned."""
    if len(shape) <= _PLANNED_AXES:
        return shape
    longer = tuple(length for length in shape if length != 1)
    spare = len(longer) - _PLANNED_AXES
    return (prod(longer[: spare + 1]), *longer[spare + 1 :]) if spare > 0 else longer
