"""Signatures of kernels: their text as numba's types, and as the letters that `glue.c` reads."""

from __future__ import annotations

import sys
from typing import Any

from numba.core import types as numba_types

from compress.kernels.registry import Kernel

__all__ = ["check_result", "letters", "parsed"]

# Without mypy's view of it, which is not whole.
types: Any = numba_types
_SCALARS = {
    types.int64: "q",
    types.uint64: "Q",
    types.float64: "d",
    types.boolean: "?",
    types.none: "N",
}
_KINDS = (
    (types.Boolean, "?"),
    (types.Complex, "c"),
    (types.Float, "f"),
)
# Fields of a tuple that a letter can count, and words of 8 bytes that a result may have.
_MOST_FIELDS, _MOST_WORDS = 40, 128


def _const(array: Any) -> Any:
    return array.copy(readonly=True)


def parsed(kernel: Kernel, signature: str) -> tuple[Any, tuple[Any, ...]]:
    """Return the result's type and the arguments' types of a signature.

    Parameters
    ----------
    kernel : Kernel
        Whose module may name tuple classes and shared parts of signatures.
    signature : str

    Raises
    ------
    ValueError
        If it is no call of a type.
    """
    names = {
        **{name: getattr(types, name) for name in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")},
        **{name: getattr(types, name) for name in ("f4", "f8", "c16", "b1", "void")},
        "Tuple": types.Tuple,
        "const": _const,
    }
    found = eval(signature, {**vars(sys.modules[kernel.function.__module__]), **names})  # noqa: S307 (our own text)
    if not hasattr(found, "args") or not hasattr(found, "return_type"):
        raise ValueError(f"{signature!r} is no signature of {kernel.function.__qualname__}")
    return found.return_type, tuple(_typed(argument) for argument in found.args)


def _typed(argument: Any) -> Any:
    """Turn Python's own None and tuples into numba's types."""
    if argument is None:
        return types.none
    if isinstance(argument, tuple):
        fields = tuple(_typed(field) for field in argument)
        if hasattr(argument, "_fields"):
            return types.NamedTuple(fields, type(argument))
        return types.Tuple(fields)
    return argument


def letters(kind: Any) -> str:
    """Return what `glue.c` reads for a type.

    Raises
    ------
    ValueError
        If it takes no such type.
    """
    if kind in _SCALARS:
        return _SCALARS[kind]
    if isinstance(kind, types.Array) and kind.layout == "C" and kind.ndim < 10:
        return "A" + _items(kind.dtype) + str(kind.ndim) + ("w" if kind.mutable else "r")
    if isinstance(kind, types.BaseTuple):
        fields = list(kind)
        if len(fields) > _MOST_FIELDS:
            raise ValueError(f"a tuple of {len(fields)} is too long")
        return "(" + chr(ord("0") + len(fields)) + "".join(letters(field) for field in fields)
    raise ValueError(f"kernels cannot be called with {kind}")


def check_result(kind: Any) -> None:
    """Check that `glue.c` can give a result of a type.

    Raises
    ------
    ValueError
        If it is too large, a tuple in a tuple, or has complex items.
    """
    parts = list(kind) if isinstance(kind, types.BaseTuple) else [kind]
    words = sum(5 + 2 * part.ndim if isinstance(part, types.Array) else 1 for part in parts)
    nested = any(isinstance(part, types.BaseTuple) for part in parts)
    complexes = any(isinstance(getattr(part, "dtype", part), types.Complex) for part in parts)
    if nested or complexes or words > _MOST_WORDS:
        raise ValueError(f"kernels cannot return {kind}")


def _items(dtype: Any) -> str:
    for kind, letter in _KINDS:
        if isinstance(dtype, kind):
            return letter + ("1" if letter == "?" else chr(ord("0") + dtype.bitwidth // 8))
    if isinstance(dtype, types.Integer):
        return ("i" if dtype.signed else "u") + str(dtype.bitwidth // 8)
    raise ValueError(f"kernels cannot take arrays of {dtype}")
