"""Where the bytes of a file come from: a map of it, a file object, or memory."""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from compress.arguments import as_bytes
from compress.errors import CorruptError

__all__ = ["Source", "open_source"]


class Source:
    """Bytes that are read from anywhere, by several threads.

    Attributes
    ----------
    size : int
    view : memoryview or None
        All bytes, where they can be had without reading them.
    """

    def __init__(self, size: int, view: memoryview | None, file: Any, owned: list[Any]) -> None:
        self.size, self.view = size, view
        self._file, self._owned = file, owned
        self._lock = Lock()

    def read(self, offset: int, length: int) -> bytes | memoryview:
        """Return so many bytes from an offset on, fewer at the end."""
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        length = min(length, self.size - offset)
        if self.view is not None:
            return self.view[offset : offset + length]
        with self._lock:
            self._file.seek(offset)
            data = self._file.read(length)
            while 0 < len(data) < length:
                more = self._file.read(length - len(data))
                if not more:
                    break
                data += more
        if len(data) < length:
            raise CorruptError(f"the file ends after {offset + len(data)} bytes, not {self.size}")
        return bytes(data)

    def close(self) -> None:
        """Let go of a file that this opened; views of it that are in use keep it until then."""
        with suppress(BufferError):
            if self.view is not None and self._owned:
                self.view.release()
            while self._owned:
                self._owned.pop().close()


def open_source(path_or_file: Any) -> Source:
    """Open a path, bytes, or anything with ``seek`` and ``read``.

    Raises
    ------
    TypeError
        None of these.
    OSError
        The file cannot be read.
    """
    if isinstance(path_or_file, str | os.PathLike):
        file = Path(path_or_file).open("rb")  # noqa: SIM115 (closed with the source)
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            file.close()
            return Source(0, memoryview(b""), None, [])
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            # Not every file system maps.
            return Source(size, None, file, [file])
        file.close()
        return Source(size, memoryview(mapped), None, [mapped])
    if all(callable(getattr(path_or_file, name, None)) for name in ("seek", "read")):
        size = path_or_file.seek(0, os.SEEK_END)
        if size is None:
            size = path_or_file.tell()
        return Source(int(size), None, path_or_file, [])
    try:
        view = as_bytes(path_or_file)
    except TypeError:
        raise TypeError(
            "a path, bytes, or a file with seek and read is needed, "
            f"not {type(path_or_file).__name__}"
        ) from None
    return Source(len(view), view, None, [])
