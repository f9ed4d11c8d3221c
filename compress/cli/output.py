"""Where results go: files that appear whole or not at all, and standard output."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from compress.cli.interrupts import forgotten, remembered

__all__ = ["check_terminal", "opened_output", "save_figure"]


def check_terminal(*, force: bool) -> None:
    """Refuse to write bytes where a person would see them; ValueError."""
    if sys.stdout.isatty() and not force:
        raise ValueError(
            "standard output is a terminal, and bytes do not belong there; --force writes them"
        )


@contextmanager
def opened_output(
    target: Path | None, *, force: bool, source: Path | None = None
) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of the target when the block has ended.

    A path is written to a temporary file beside it and renamed when the block ends without an
    error; on an error, and where a signal ends the process, nothing remains, and an earlier file
    stays as it was. Devices and pipes are written to as they are.

    Parameters
    ----------
    target : Path or None
        None for standard output.
    force : bool
        Whether an existing file may be replaced.
    source : Path, optional
        A file whose permissions and times the target gets.

    Yields
    ------
    binary file
        One with a name, where the target is a file.

    Raises
    ------
    FileExistsError
        If the path exists and `force` is false; checked before the block runs and again before
        the rename.
    ValueError
        If target and source are the same file.
    """
    if target is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    _refuse_source(target, source)
    if target.exists() and not target.is_file():
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a directory")
        with target.open("wb") as stream:
            yield stream
        return
    # Behind a link, the file is replaced and not the link.
    place = target.resolve() if target.is_symlink() else target
    _refuse_existing(target, force)
    handle, name = _beside(place, target)
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(handle)
        _dress(name, source)
        _refuse_existing(target, force)
        forgotten(name, lambda: os.replace(name, place))
    except BaseException:
        forgotten(name, lambda: Path(name).unlink(missing_ok=True))
        raise


def save_figure(figure: Any, target: str) -> None:
    """Write a picture of matplotlib, in the format that its name says."""
    suffix = Path(target).suffix.lstrip(".") or "png"
    with opened_output(Path(target), force=True) as stream:
        figure.savefig(stream, format=suffix)


def _beside(place: Path, target: Path) -> tuple[int, str]:
    try:
        return remembered(lambda: tempfile.mkstemp(prefix=".fdz-", dir=place.parent))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{target}: there is no directory {place.parent}") from error
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(target)) from error


def _dress(name: str, source: Path | None) -> None:
    """Give a file the permissions and times of another, or those of a new file."""
    if source is None:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        return
    like = source.stat()
    with suppress(OSError):
        # What only root may; the mode comes after it, which it would change.
        os.chown(name, like.st_uid, like.st_gid)
    os.chmod(name, stat.S_IMODE(like.st_mode) & 0o777)
    os.utime(name, ns=(like.st_atime_ns, like.st_mtime_ns))


def _refuse_existing(target: Path, force: bool) -> None:
    if target.exists() and not force:
        raise FileExistsError(f"{target} exists; --force overwrites it")


def _refuse_source(target: Path, source: Path | None) -> None:
    if source is not None and target.exists() and target.samefile(source):
        raise ValueError(f"{target} is the input itself; give another output")
