"""What makes a function a kernel, and which machine code it gets.

The environment variable ``COMPRESS_KERNELS`` forces one kind: ``native`` (built with the package)
or ``jit`` (numba, when first called). With numba's own ``NUMBA_DISABLE_JIT`` or
``NUMBA_BOUNDSCHECK`` it is numba as well.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

from compress.kernels.native import Native, load

__all__ = [
    "KERNELS",
    "Kernel",
    "are_compiled",
    "choice",
    "for_numba",
    "inlined",
    "kernel",
    "later",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Kernel(NamedTuple):
    """A function that runs as machine code.

    Attributes
    ----------
    function : callable
        Its source.
    signatures : tuple of str
        Argument types by which it is called from Python; none for what only kernels call.
    options : dict
        Of `numba.njit`.
    is_inlined : bool
        Whether it is part of the kernels that call it, and of no use alone.
    """

    function: FunctionType
    signatures: tuple[str, ...]
    options: dict[str, Any]
    is_inlined: bool


# All kernels whose modules are loaded, by ``module.name``.
KERNELS: dict[str, Kernel] = {}
# Which kernel the function in a module is, by its id, where that is not numba's.
_names: dict[int, tuple[Any, str]] = {}
# Kernels that numba compiled because no machine code took their arguments.
later: list[str] = []


def kernel(*signatures: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a kernel: machine code that runs without the interpreter's lock.

    Parameters
    ----------
    *signatures : str
        By which it is called from Python: ``"i8(const(u4[::1]), f8[:, ::1], None)"``, in numba's
        short names; `const` marks arrays that are only read, a named tuple stands as a call of its
        class. None for a function that only other kernels call.
    **options
        Of `numba.njit`, beyond ``cache`` and ``nogil``.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function: Any) -> Any:
        return _made(Kernel(function, signatures, options, is_inlined=False))

    return decorate


def inlined(**options: Any) -> Callable[[_Function], _Function]:
    """Make a function a part of the kernels that call it.

    Parameters
    ----------
    **options
        Of `numba.njit`.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function: Any) -> Any:
        return _made(Kernel(function, (), options, is_inlined=True))

    return decorate


def are_compiled() -> bool:
    """Return whether kernels run at once: built, or compiled on this machine before."""
    if choice().functions:
        return True
    from compress.kernels.just_in_time import are_kept  # noqa: PLC0415 (loads numba)

    return are_kept()


def for_numba(function: Callable[..., Any]) -> Any:
    """Return what functions that numba compiles can call for a kernel, or for a part of kernels.

    Parameters
    ----------
    function : callable
        As its module has it, whichever machine code that is.

    Returns
    -------
    callable
        A dispatcher of numba's.
    """
    known = _names.get(id(function))
    return function if known is None else _twin(known[1])


@cache
def choice() -> Native:
    """Decide, once a process, for machine code that was built or for none.

    Raises
    ------
    ImportError
        If ``COMPRESS_KERNELS`` asks for what there is not.
    """
    wanted = os.environ.get("COMPRESS_KERNELS", "")
    if wanted not in ("", "native", "jit"):
        raise ImportError(f"COMPRESS_KERNELS is {wanted!r}; it may be 'native' or 'jit'")
    if wanted == "jit":
        return Native({}, "COMPRESS_KERNELS asks for compilation just in time", {})
    numba_asks = [
        name
        for name in ("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK")
        if os.environ.get(name, "0") not in ("", "0")
    ]
    if numba_asks and not wanted:
        return Native({}, f"{numba_asks[0]} is set", {})
    native = load(_otherwise, _raise)
    if wanted and not native.functions:
        raise ImportError(f"COMPRESS_KERNELS asks for built machine code, but {native.reason}")
    return native


def _made(made: Kernel) -> Any:
    name = f"{made.function.__module__}.{made.function.__qualname__}"
    KERNELS[name] = made
    built = choice().functions
    if not built:
        return _compiled(made)
    function: Any = made.function if made.is_inlined else built.get(name) or _deferred(name)
    _names[id(function)] = function, name
    return function


def _compiled(made: Kernel, function: FunctionType | None = None) -> Any:
    from numba import njit  # noqa: PLC0415 (slow to load)

    from compress.kernels.just_in_time import compile_lazily  # noqa: PLC0415 (loads numba)

    source = function or made.function
    if made.is_inlined:
        return njit(**made.options)(source)
    return compile_lazily(source, made.options)


def _deferred(name: str) -> Callable[..., Any]:
    """Return a function that numba compiles when it is called from Python after all."""

    def call(*arguments: Any) -> Any:
        return _otherwise(name, arguments)

    return call


def _otherwise(name: str, arguments: tuple[Any, ...]) -> Any:
    """Call a kernel that numba compiles, with arguments for which none was built."""
    if name not in later:
        later.append(name)
    return _twin(name)(*arguments)


@cache
def _twin(name: str) -> Any:
    """Compile a kernel by numba in a process whose other kernels were built."""
    made = KERNELS[name]
    source = made.function
    known = sys.modules[source.__module__].__dict__
    names = {key: _names.get(id(known.get(key))) for key in source.__code__.co_names}
    twins = {key: _twin(found[1]) for key, found in names.items() if found and found[1] != name}
    function = FunctionType(
        source.__code__, {**known, **twins}, source.__name__, source.__defaults__
    )
    function.__module__ = source.__module__
    function.__qualname__ = source.__qualname__
    return _compiled(made, function)


def _raise(pickled: bytes) -> None:
    """Raise the exception of a kernel, as numba describes it."""
    kind, arguments, _ = pickle.loads(pickled)  # noqa: S301 (constants of the kernels themselves)
    raise kind(*(arguments or ()))
