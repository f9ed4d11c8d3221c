"""Which sources machine code belongs to: those that a kernel's module imports, and their digest."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

__all__ = ["digest_of", "reach"]

_IMPORT = re.compile(r"^from ([\w.]+) import (?:\(([^()]*)\)|([^\n(#]*))", re.MULTILINE)


@cache
def _source(module: str) -> bytes:
    loaded = sys.modules.get(module)
    path = getattr(loaded, "__file__", None)
    loader: Any = getattr(getattr(loaded, "__spec__", None), "loader", None)
    try:
        # Loaders read what lies in an archive, too.
        return bytes(loader.get_data(path))
    except (OSError, AttributeError):
        return b""


@cache
def _imports(module: str) -> tuple[str, ...]:
    """List the modules of the same package that a module imports when it is loaded."""
    package = module.split(".", maxsplit=1)[0]
    found = set()
    for base, within, after in _IMPORT.findall(_source(module).decode()):
        if base.split(".")[0] == package:
            names = re.sub("#.*", "", within or after).split(",")
            found |= {base, *(f"{base}.{name.strip()}" for name in names)}
    return tuple(sorted(found & sys.modules.keys()))


def reach(module: str) -> set[str]:
    """Return all modules of the package that a loaded module depends on, itself included."""
    reached = {module}
    waiting = [module]
    while waiting:
        fresh = set(_imports(waiting.pop())) - reached
        reached |= fresh
        waiting += fresh
    return reached


def digest_of(sources: Iterable[bytes]) -> str:
    """Return one digest of several sources, in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for source in sources:
        digest.update(len(source).to_bytes(8, "little"))
        digest.update(source)
    return digest.hexdigest()


def digest_of_module(module: str) -> str:
    """Return the digest of a loaded module and of all that it depends on."""
    return digest_of(_source(name) for name in sorted(reach(module)))
