"""Kernels: functions that numba compiles once a machine, and again when any source changes.

numba keeps machine code beside a function's source and compiles anew when that one file changes.
Kernels call kernels of other files, and constants of other files are compiled into them: after an
upgrade that changes only those, old machine code would go on coding in an old format. So what is
kept here is marked with the sources of all modules that a kernel's module imports.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit

__all__ = ["are_compiled", "kernel"]

# Where numba keeps machine code: beside the sources, or elsewhere if it may not write there.
_kept: set[Path] = set()
_IMPORT = re.compile(r"^from ([\w.]+) import \(?([^()#]*?)(?:\)|$)", re.MULTILINE)


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function when it is first called, without the interpreter's lock.

    Parameters
    ----------
    **options
        Of `numba.njit`, beyond ``cache`` and ``nogil``.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = njit(cache=True, nogil=True, **options)(function)
        # Absent where compilation is switched off.
        file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
        if file is not None:
            _kept.add(Path(compiled.stats.cache_path))
            mark = hashlib.blake2b(digest_size=16)
            for name in sorted(_reach(function.__module__)):
                mark.update(_source(name))
            # There is no public way to say what a kernel depends on.
            file._source_stamp = (file._source_stamp, mark.digest())
        return compiled

    return decorate


def are_compiled() -> bool:
    """Return whether this machine has compiled any of the kernels that are loaded."""
    return not _kept or any(any(path.glob("*.nbi")) for path in _kept)


@cache
def _source(module: str) -> bytes:
    path = getattr(sys.modules.get(module), "__file__", None)
    try:
        return Path(path).read_bytes() if path else b""
    except OSError:
        return b""


@cache
def _imports(module: str) -> tuple[str, ...]:
    """List the modules of the same package that a module imports when it is loaded."""
    package = module.split(".", maxsplit=1)[0]
    found = set()
    for base, names in _IMPORT.findall(_source(module).decode()):
        if base.split(".")[0] == package:
            found |= {base, *(f"{base}.{name.strip()}" for name in names.split(","))}
    return tuple(sorted(found & sys.modules.keys()))


def _reach(module: str) -> set[str]:
    """All modules of the package that a module depends on, itself included."""
    reached = {module}
    waiting = [module]
    while waiting:
        fresh = set(_imports(waiting.pop())) - reached
        reached |= fresh
        waiting += fresh
    return reached
