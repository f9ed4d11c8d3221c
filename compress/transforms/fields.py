"""Take an array apart into native scalar fields, and put it together again.

A field is a C-contiguous array of bool, (u)int8-64, float16/32/64 or of characters in the byte
order of the machine. Complex numbers are two fields, a date is its int64, a structured dtype is the
fields of its fields (a subarray adds its axes at the end), and the small floats of ``ml_dtypes``
are integers in the order of their values. Strings are characters, of one byte (``S1``; raw void
too) or of four (``U1``), along a further axis at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.transforms.dtypes import describe, extension_name

__all__ = ["are_numbers", "assemble", "field_specs", "scalars", "take_apart"]

Field = np.ndarray[Any, np.dtype[Any]]


def _leaves(array: Field) -> Iterator[Field]:
    """Yield views of all scalars of an array, of dtypes that have a native field."""
    dtype = array.dtype
    if dtype.names is not None:
        for name in dtype.names:
            yield from _leaves(array[name])
    elif dtype.kind == "c":
        yield array.real
        yield array.imag
    elif extension_name(dtype) is not None:
        yield array.view(_extension_integer(dtype))
    elif dtype.kind in "Mm":
        yield array.view(f"{dtype.str[0]}i8")
    elif dtype.kind in "SUV":
        character = f"{dtype.str[0]}U1" if dtype.kind == "U" else "S1"
        n_characters = dtype.itemsize // np.dtype(character).itemsize
        yield array.view((character, (n_characters,)))
    else:
        yield array


def _extension_integer(dtype: np.dtype[Any]) -> str:
    name = extension_name(dtype) or ""
    unsigned = name.startswith("uint") or name == "float8_e8m0fnu"
    return f"{dtype.str[0]}{'u' if unsigned else 'i'}{dtype.itemsize}"


def scalars(dtype: np.dtype[Any]) -> list[np.dtype[Any]]:
    """Give for each field of a dtype the scalar dtype that it is of."""
    if dtype.subdtype is not None:
        return scalars(dtype.subdtype[0])
    if dtype.names is not None:
        fields: Any = dtype.fields
        return [scalar for name in dtype.names for scalar in scalars(fields[name][0])]
    return [dtype] * (2 if dtype.kind == "c" else 1)


def are_numbers(dtype: np.dtype[Any]) -> list[bool]:
    """Say for each field of a dtype whether its values are those of the array.

    The integers of the small floats of ``ml_dtypes`` are not: an error of 1 is another one there.
    Nor are characters.
    """
    return [one.kind not in "SUV" and extension_name(one) is None for one in scalars(dtype)]


def _magnitudes(dtype: np.dtype[Any]) -> list[bool]:
    """Say for each leaf of a dtype whether it is sign and magnitude in an integer."""
    names = map(extension_name, scalars(dtype))
    return [name is not None and "float" in name and name != "float8_e8m0fnu" for name in names]


def _flip(field: Field) -> Field:
    """Map sign-and-magnitude integers to integers in order, or back: -0 and -1 change places."""
    flat = field.reshape(-1)  # arithmetic on 0-d arrays would give scalars
    flipped: Field = flat ^ ((flat >> (8 * field.dtype.itemsize - 1)) & np.iinfo(field.dtype).max)
    return flipped.reshape(field.shape)


def take_apart(array: Field) -> list[Field]:
    """Split an array into its fields.

    Parameters
    ----------
    array : numpy.ndarray
        Any shape and layout; any dtype that `describe` accepts.

    Returns
    -------
    list of numpy.ndarray
        C-contiguous, native, aligned and writable, for kernels are compiled for such arrays; their
        dtypes and shapes are those of `field_specs`. A field may share memory with ``array``:
        nothing may write to it.

    Raises
    ------
    TypeError
        For dtypes that are not in the contract, such as objects.
    """
    describe(array.dtype)
    fields = []
    for leaf, magnitude in zip(_leaves(array), _magnitudes(array.dtype), strict=True):
        field = np.require(leaf, leaf.dtype.newbyteorder("="), ("C", "A", "W", "E"))
        fields.append(_flip(field) if magnitude else field)
    return fields


def field_specs(
    dtype: np.dtype[Any], shape: tuple[int, ...]
) -> list[tuple[np.dtype[Any], tuple[int, ...]]]:
    """Dtype and shape of each field of an array, in the order of `take_apart`.

    Parameters
    ----------
    dtype : numpy.dtype
        From `parse` or of an array.
    shape : tuple of int

    Returns
    -------
    list of (numpy.dtype, tuple of int)
    """
    # np.empty would make strings of no characters longer.
    empty: Field = np.ndarray((0,), dtype)
    return [(leaf.dtype.newbyteorder("="), shape + leaf.shape[1:]) for leaf in _leaves(empty)]


def assemble(fields: Iterable[Field], dtype: np.dtype[Any], shape: tuple[int, ...]) -> Field:
    """Put the fields of `take_apart` together again.

    Parameters
    ----------
    fields : iterable of numpy.ndarray
        Each is asked for when the one before it is in its place, so that few are held.
    dtype : numpy.dtype
    shape : tuple of int

    Returns
    -------
    numpy.ndarray
        C-contiguous, writable, of exactly that dtype and shape; padding bytes are zero. May share
        memory with the field if there is only one.

    Raises
    ------
    CorruptError
        The fields are not those of the dtype and shape.
    """
    specs = field_specs(dtype, shape)
    if len(specs) == 1 and specs[0] == (dtype, shape):
        found = list(fields)
        if len(found) != 1:
            raise CorruptError(f"there are {len(found)} fields where the declared dtype has one")
        _check_field(found[0], specs[0])
        return np.require(found[0], requirements=["C", "W"])
    # np.zeros would give generic datetimes the byte order of the machine.
    array: Field = np.ndarray(shape, dtype, np.zeros(math.prod(shape) * dtype.itemsize, np.uint8))
    places = zip(_leaves(array), _magnitudes(dtype), specs, strict=True)
    for field in fields:
        place = next(places, None)
        if place is None:
            raise CorruptError("there are more fields than the declared dtype has")
        leaf, magnitude, spec = place
        _check_field(field, spec)
        leaf[...] = _flip(field) if magnitude else field
        del field
    if next(places, None) is not None:
        raise CorruptError("there are fewer fields than the declared dtype has")
    return array


def _check_field(field: Field, spec: tuple[np.dtype[Any], tuple[int, ...]]) -> None:
    if (field.dtype, field.shape) != spec:
        raise CorruptError("the fields are not those of the declared dtype and shape")
