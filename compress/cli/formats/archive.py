"""``.npz`` archives: an archive of compressed arrays, member by member."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from compress.cli.formats.document import Source

if TYPE_CHECKING:
    import zipfile

__all__ = ["SUFFIX", "arrays_of", "is_archive", "members_of", "pack", "unpack"]

Array = NDArray[Any]
SUFFIX = ".npz"
_MAGIC = b"PK"
_INNER = ".fdz"
# In the comment of the archive: what the original was.
_STORED, _DEFLATED = b"fdz npz stored", b"fdz npz deflated"
# No time of day in the archive, so that it is the same each time.
_WHEN = (1980, 1, 1, 0, 0, 0)


def is_archive(source: Source) -> bool:
    """Whether a file is a zip archive."""
    return source.read(0, 2) == _MAGIC


def arrays_of(source: Source) -> Iterator[tuple[str, Array]]:
    """Yield the arrays of an ``.npz`` with their names, one at a time."""
    with _opened(source) as archive:
        for name in archive.namelist():
            try:
                array = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
            except (ValueError, EOFError, OSError) as error:
                raise ValueError(f"{source.name}: {name} is not a plain array: {error}") from error
            yield name, array


def members_of(source: Source) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an archive with their names."""
    with _opened(source) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def pack(source: Source, stream: BinaryIO, coded: Callable[[Array], bytes]) -> None:
    """Write an archive whose members are compressed arrays."""
    import zipfile  # noqa: PLC0415 (what other files need not wait for)

    with _opened(source) as archive:
        deflated = any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist())
    with zipfile.ZipFile(stream, "w") as out:
        for name, array in arrays_of(source):
            out.writestr(zipfile.ZipInfo(name + _INNER, _WHEN), coded(array))
        out.comment = _DEFLATED if deflated else _STORED


def unpack(source: Source, stream: BinaryIO | None, decoded: Callable[[bytes], Array]) -> None:
    """Write the ``.npz`` again; only decode its arrays where there is no stream."""
    import zipfile  # noqa: PLC0415 (what other files need not wait for)

    with _opened(source) as archive:
        if archive.comment not in (_STORED, _DEFLATED):
            raise ValueError(f"{source.name} is an archive, but not one of fdz")
        kind = zipfile.ZIP_DEFLATED if archive.comment == _DEFLATED else zipfile.ZIP_STORED
        with zipfile.ZipFile(stream or io.BytesIO(), "w", kind) as out:
            for one in archive.infolist():
                if one.compress_type != zipfile.ZIP_STORED:
                    # It could be of any size.
                    raise ValueError(f"{source.name}: {one.filename} was not written by fdz")
                array = decoded(archive.read(one))
                if stream is None:
                    continue
                member = zipfile.ZipInfo(one.filename.removesuffix(_INNER), _WHEN)
                member.compress_type = kind
                with out.open(member, "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)


@contextmanager
def _opened(source: Source) -> Iterator[zipfile.ZipFile]:
    """Open an archive; what is wrong with it is a `ValueError`, whenever it is met."""
    import zipfile  # noqa: PLC0415 (what other files need not wait for)
    import zlib  # noqa: PLC0415

    try:
        with zipfile.ZipFile(source.path or io.BytesIO(source.read())) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, LookupError, RuntimeError) as error:
        raise ValueError(f"{source.name} is no whole archive: {error}") from error
