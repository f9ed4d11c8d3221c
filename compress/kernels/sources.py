"""Which sources machine code belongs to: those that a kernel's module imports, and their digest."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

__all__ = ["digest_of", "reach"]

_IMPORT = re.compile(r"^from ([\w.]+) import \(?([^()#]*?)(?:\)|$)", re.MULTILINE)


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
