"""``.npy`` files."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import numpy as np

from compress.cli.formats.document import Document, Restored, Source

__all__ = ["SUFFIX", "read", "write"]

SUFFIX = ".npy"


def read(source: Source) -> Document:
    """Read an array; that of a file is mapped."""
    try:
        if source.path is None:
            loaded: Any = np.load(io.BytesIO(source.read()), allow_pickle=False)
        else:
            loaded = np.load(source.path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{source.name} is not an .npy file of a plain array: {error}") from error
    return Document(loaded, {})


def write(restored: Restored, stream: BinaryIO) -> None:
    """Write an array part by part."""
    parts = iter(restored.parts)
    first = next(parts, None)
    one = first is not None and first.shape == restored.shape
    fortran = one and first is not None and first.ndim > 1 and not first.flags.c_contiguous
    head = {
        "descr": np.lib.format.dtype_to_descr(restored.dtype),
        "fortran_order": fortran,
        "shape": restored.shape,
    }
    np.lib.format.write_array_header_1_0(stream, head)
    if first is None:
        return
    stream.write(first.T.tobytes() if fortran else np.ascontiguousarray(first).data.cast("B"))
    for part in parts:
        stream.write(np.ascontiguousarray(part).data.cast("B"))
