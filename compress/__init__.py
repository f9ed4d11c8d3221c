"""Small, exact and fast: numeric arrays compressed with learned one-dimensional densities.

>>> import numpy as np, compress
>>> array = np.cumsum(np.ones(1000, np.int32))
>>> data = compress.compress(array)
>>> bool((compress.decompress(data) == array).all())
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from compress.errors import (
    CompressError,
    CorruptError,
    FormatError,
    LimitError,
    ModelMismatchError,
    VerificationError,
)

if TYPE_CHECKING:
    from compress.bounds import ErrorBound
    from compress.facade import compress, decompress, fit, inspect
    from compress.inspection import ChunkInformation, Information
    from compress.kernels import show_config
    from compress.pipeline.model import Model
    from compress.pipeline.summary import Summary
    from compress.store import CompressedArray, Writer, open, recover  # noqa: A004 (as numpy, zarr and xarray say)

__version__ = "0.1.0.dev0"

__all__ = [
    "ChunkInformation",
    "CompressError",
    "CompressedArray",
    "CorruptError",
    "ErrorBound",
    "FormatError",
    "Information",
    "LimitError",
    "Model",
    "ModelMismatchError",
    "Summary",
    "VerificationError",
    "Writer",
    "compress",
    "decompress",
    "fit",
    "inspect",
    "open",
    "recover",
    "show_config",
]

# Loaded when first asked for: who wants the tables and coders alone need not wait for the rest.
_HOMES = {
    "ChunkInformation": "compress.inspection",
    "CompressedArray": "compress.store",
    "ErrorBound": "compress.bounds",
    "Information": "compress.inspection",
    "Model": "compress.pipeline.model",
    "Summary": "compress.pipeline.summary",
    "Writer": "compress.store",
    "compress": "compress.facade",
    "decompress": "compress.facade",
    "fit": "compress.facade",
    "inspect": "compress.facade",
    "open": "compress.store",
    "recover": "compress.store",
    "show_config": "compress.kernels",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
