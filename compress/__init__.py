"""Small, exact and fast: numeric arrays compressed with learned one-dimensional densities.

>>> import numpy as np, compress
>>> array = np.cumsum(np.ones(1000, np.int32))
>>> data = compress.compress(array)
>>> bool((compress.decompress(data) == array).all())
True
"""

from compress.errors import (
    CompressError,
    CorruptError,
    FormatError,
    LimitError,
    ModelMismatchError,
)
from compress.facade import compress, decompress, fit, inspect
from compress.inspection import ChunkInformation, Information
from compress.pipeline.model import Model

__version__ = "0.1.0.dev0"

__all__ = [
    "ChunkInformation",
    "CompressError",
    "CorruptError",
    "FormatError",
    "Information",
    "LimitError",
    "Model",
    "ModelMismatchError",
    "compress",
    "decompress",
    "fit",
    "inspect",
]
