"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_output"]

Write = Callable[[bytes | memoryview], None]


@contextmanager
def atomic_output(target: Path | BinaryIO, *, force: bool) -> Iterator[Write]:
    """Give a function that writes an output whole.

    A path is written to a temporary name beside it and renamed when the block ends without an
    error; on an error nothing remains and an earlier file stays as it was.

    Parameters
    ----------
    target : Path or binary stream
    force : bool
        Whether an existing file may be replaced.

    Yields
    ------
    callable
        Takes bytes.

    Raises
    ------
    FileExistsError
        If the path exists and `force` is false; checked before the block runs and again before
        the rename.
    """
    if not isinstance(target, Path):
        written: list[bytes | memoryview] = []
        yield written.append
        for part in written:
            target.write(part)
        target.flush()
        return
    _refuse_existing(target, force)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield lambda data: (stream.write(data), None)[1]
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        _refuse_existing(target, force)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _refuse_existing(target: Path, force: bool) -> None:
    if target.exists() and not force:
        raise FileExistsError(f"{target} exists; --force overwrites it")
