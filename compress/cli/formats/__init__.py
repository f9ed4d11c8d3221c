"""Files of other formats as arrays, and back.

The question of the package: what array is in this file, and what else does it take to write the
file again?
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import PurePath
from typing import Any, cast

from compress.cli.formats.document import KEY, Document, Format, Restored, Source

__all__ = ["KEY", "Document", "Restored", "Source", "format_of", "has_numbers", "read"]

_BY_SUFFIX = {
    ".npy": "npy",
    ".wav": "wave",
    ".wave": "wave",
    ".pgm": "netpbm",
    ".ppm": "netpbm",
    ".pnm": "netpbm",
    ".png": "images",
    ".bmp": "images",
    ".tif": "images",
    ".tiff": "images",
    ".csv": "tables",
    ".tsv": "tables",
    ".parquet": "columns",
}
# What files begin with.
_BY_MAGIC = {
    b"\x93NUMPY": "npy",
    b"RIFF": "wave",
    b"P5": "netpbm",
    b"P6": "netpbm",
    b"\x89PNG": "images",
    b"BM": "images",
    b"II*\x00": "images",
    b"MM\x00*": "images",
    b"PAR1": "columns",
}
# How files are written again, by what is kept of their format.
_WRITERS = {
    "npy": "npy",
    "raw": "framed",
    "wav": "framed",
    "pgm": "framed",
    "ppm": "framed",
    "png": "images",
    "bmp": "images",
    "tiff": "images",
    "csv": "tables",
    "parquet": "columns",
}
_FRAMED = {"wave": "read_wave", "netpbm": "read_netpbm"}
# Of what is lossy or coded already: their samples are no numbers to begin with.
_REFUSED = {
    ".jpg": "has lost samples already; .png and .npy hold pixels",
    ".jpeg": "has lost samples already; .png and .npy hold pixels",
    ".mp3": "has lost samples already; .wav and .npy hold samples",
    ".flac": "is compressed already; decode it to .wav",
    ".fdz": "is compressed already; -d decompresses it",
}


def read(source: Source) -> Document:
    """Read a file as an array, by its name or else by how it begins.

    Raises
    ------
    ValueError
        If it is of no format that is known, is damaged, or its library is not installed.
    OSError
        If it cannot be read.
    """
    if source.dtype is not None:
        return cast(Document, _module("framed").read_raw(source))
    suffix = PurePath(source.name).suffix.lower()
    name = _BY_SUFFIX.get(suffix) or _begins(source)
    if name is None:
        if suffix in _REFUSED:
            raise ValueError(f"{source.name} {_REFUSED[suffix]}")
        raise ValueError(
            f"{source.name} is of no format that fdz reads ({' '.join(_BY_SUFFIX)} .npz); "
            "raw samples need --dtype, and --shape if they have several axes"
        )
    if name in _FRAMED:
        return cast(Document, getattr(_module("framed"), _FRAMED[name])(source))
    return cast(Format, _module(name)).read(source)


def has_numbers(document: Document) -> bool:
    """Whether all samples are quantities, and none an index into something else."""
    details = document.attrs.get(KEY, {})
    return details.get("format") not in ("csv", "parquet") and details.get("mode") != "P"


def format_of(attrs: Mapping[str, Any]) -> tuple[Format, Mapping[str, Any], str]:
    """Return what writes a file again, what was kept of it, and the suffix of such files.

    Raises
    ------
    ValueError
        If a newer version, or somebody else, has written the attributes.
    """
    details = attrs.get(KEY, {})
    name = details.get("format", "npy") if isinstance(details, Mapping) else None
    if not isinstance(name, str) or name not in _WRITERS:
        raise ValueError(f"the file was compressed from a format that is not known here: {name!r}")
    module = cast(Format, _module(_WRITERS[name]))
    suffix = module.SUFFIX if name == "npy" else f".{name}"
    return module, details, suffix


def _begins(source: Source) -> str | None:
    head = source.read(0, 8)
    return next((name for magic, name in _BY_MAGIC.items() if head.startswith(magic)), None)


def _module(name: str) -> Any:
    return import_module(f"compress.cli.formats.{name}")
