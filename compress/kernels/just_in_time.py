"""Kernels that numba compiles when they are first called, and keeps for the next process.

numba keeps machine code beside a function's source and compiles anew when that one file changes.
Kernels call kernels of other files, and constants of other files are compiled into them: after an
upgrade that changes only those, old machine code would go on coding in an old format. So what is
kept here is marked with the sources of all modules that a kernel's module imports. It is kept where
that works, and checked: a directory that cannot be written, a full disk or a damaged file cost the
time to compile again, never more.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import IndexDataCacheFile

from compress.kernels.sources import digest_of_module

__all__ = ["are_kept", "compile_lazily"]

# Where numba keeps machine code: beside the sources, or elsewhere if it may not write there.
_kept: set[Path] = set()
# Bytes of the digest behind machine code that is kept.
_CHECK = 16


class _CheckedFile(IndexDataCacheFile):  # type: ignore[misc]
    """The files of a kernel, whose machine code carries a digest; what fails counts as absent."""

    def load(self, key: Any) -> Any:
        """Return what is kept under a key, or None where nothing sound is."""
        try:
            kept = super().load(key)
        except Exception:  # noqa: BLE001 (pickle raises what the damage makes of the bytes)
            return None
        # Processes that start at once may give one name to two kernels' code.
        return kept[1] if kept is not None and kept[0] == key else None

    def save(self, key: Any, data: Any) -> None:
        """Keep machine code under a key, where that is possible."""
        try:
            super().save(key, (key, data))
        except OSError:
            pass
        except Exception:  # noqa: BLE001 (the index is damaged: begin a new one)
            with suppress(OSError):
                self.flush()
                super().save(key, (key, data))

    def _load_data(self, name: str) -> Any:
        data = Path(self._data_path(name)).read_bytes()
        kept, check = data[:-_CHECK], data[-_CHECK:]
        if hashlib.blake2b(kept, digest_size=_CHECK).digest() != check:
            return None
        return pickle.loads(kept)  # noqa: S301 (numba's own way of keeping code)

    def _save_data(self, name: str, data: Any) -> None:
        kept = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(kept + hashlib.blake2b(kept, digest_size=_CHECK).digest())


def compile_lazily(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Compile a function when it is first called, without the interpreter's lock.

    Parameters
    ----------
    function : callable
    options : dict
        Of `numba.njit`, beyond ``cache`` and ``nogil``.

    Returns
    -------
    callable
        A dispatcher of numba's, or the function where compilation is switched off.
    """
    try:
        compiled = njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:
        # There is nowhere to keep machine code.
        return njit(nogil=True, **options)(function)
    # Absent where compilation is switched off. There is no public way to say what a kernel
    # depends on, nor to check what is kept.
    kept = getattr(compiled, "_cache", None)
    if kept is not None:
        _kept.add(Path(compiled.stats.cache_path))
        old = kept._cache_file
        stamp = old._source_stamp, digest_of_module(function.__module__)
        base = old._index_name.removesuffix(".nbi")
        kept._cache_file = _CheckedFile(old._cache_path, base, stamp)
    return compiled


def are_kept() -> bool:
    """Return whether this machine has compiled any of the kernels that are loaded."""
    return not _kept or any(any(path.glob("*.nbi")) for path in _kept)
