"""Pictures that pillow reads and writes without loss: PNG, BMP and TIFF of one page."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from compress.cli.formats.document import KEY, Document, Restored, Source, as_bytes, as_text

__all__ = ["SUFFIX", "read", "write"]

Array = NDArray[Any]
SUFFIX = ".png"
_FORMATS = ("PNG", "BMP", "TIFF")
# Colour types, and how numpy holds their samples.
_MODES = {
    "1": "?", "L": "u1", "P": "u1", "LA": "u1", "RGB": "u1", "RGBA": "u1", "CMYK": "u1",
    "I;16": "<u2", "I": "<i4", "F": "<f4",
}  # fmt: skip
# What pillow writes again where it has read it.
_KEPT = ("dpi", "gamma", "transparency", "icc_profile", "exif")


def read(source: Source) -> Document:
    """Read the samples of a picture, and what is written with them.

    Raises
    ------
    ValueError
        If the picture would not come back the same: several pages, colours of 16 bits.
    """
    image_module = _pillow(source.name)
    data = source.read()
    try:
        image = image_module.open(io.BytesIO(data))
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{source.name} is no picture that pillow reads: {error}") from error
    if image.format not in _FORMATS:
        raise ValueError(
            f"{source.name}: {image.format} pictures are coded with a loss, or for the web; "
            f"{', '.join(_FORMATS)} are read, and pixels that are saved as .npy"
        )
    if getattr(image, "n_frames", 1) > 1:
        raise ValueError(f"{source.name} has {image.n_frames} pages; save them as one .npy array")
    if image.mode not in _MODES or _has_lost_bits(data, image):
        raise ValueError(
            f"{source.name}: pillow does not read all bits of this {image.format} picture "
            f"({image.mode}); save its pixels as .npy"
        )
    array = _samples(image)
    details = {"format": image.format.lower(), "mode": image.mode} | _details(image)
    _check(source.name, image_module, array, details, image)
    return Document(array, {KEY: details})


def write(restored: Restored, stream: BinaryIO) -> None:
    """Write a picture of the same samples, colour type and marks."""
    details = restored.details
    image_module = _pillow(f"a {details['format']} picture")
    stream.write(_encoded(image_module, restored.whole(), details))


def _pillow(name: str) -> Any:
    try:
        from PIL import Image  # noqa: PLC0415 - an optional dependency
    except ModuleNotFoundError as error:
        raise ValueError(f"{name} needs pillow: pip install pillow") from error
    return Image


def _samples(image: Any) -> Array:
    """Return the samples of a picture; pillow's truth values are 0 and 255."""
    samples: Array = np.asarray(image.convert("L") if image.mode == "1" else image)
    return samples > 0 if image.mode == "1" else samples.astype(_MODES[image.mode], copy=False)


def _has_lost_bits(data: bytes, image: Any) -> bool:
    """Whether a PNG has colours of 16 bits, or grey of 2 and 4, which pillow makes to 8."""
    if image.format == "PNG":
        depth, colours = data[24], data[25]
        return (depth == 16 and colours != 0) or (depth in (2, 4) and colours == 0)
    return False


def _details(image: Any) -> dict[str, Any]:
    """Keep what stands beside the samples, as JSON holds it."""
    kept: dict[str, Any] = {}
    if image.mode == "P":
        palette = image.palette
        kept["palette"] = [palette.mode, as_text(palette.tobytes())]
    for name in _KEPT:
        value = image.info.get(name)
        if isinstance(value, bytes):
            kept[name] = {"bytes": as_text(value)}
        elif isinstance(value, tuple):
            kept[name] = [float(one) if name == "dpi" else int(one) for one in value]
        elif isinstance(value, int | float):
            kept[name] = value
    text = getattr(image, "text", None)
    if image.format == "PNG" and text:
        kept["text"] = {str(key): str(value) for key, value in text.items()}
    if image.format == "TIFF":
        kept["compression"] = str(image.info.get("compression", "raw"))
    return kept


def _encoded(image_module: Any, array: Array, details: Mapping[str, Any]) -> bytes:
    """Return the bytes of a picture."""
    mode, name = details["mode"], str(details["format"]).upper()
    if name not in _FORMATS or mode not in _MODES:
        raise ValueError(f"{name} pictures of the colour type {mode} are not known")
    size = array.shape[1::-1]
    samples = np.ascontiguousarray(array)
    raw = np.packbits(samples, axis=1) if mode == "1" else samples
    image = image_module.frombytes(mode, size, raw.tobytes())
    if "palette" in details:
        kind, colours = details["palette"]
        image.putpalette(as_bytes(colours), kind)
    options: dict[str, Any] = {}
    for key in _KEPT:
        if key in details:
            value = details[key]
            if isinstance(value, dict):
                value = as_bytes(value["bytes"])
            options[key] = tuple(value) if isinstance(value, list) else value
    if name == "BMP":
        options = {key: value for key, value in options.items() if key == "dpi"}
    if name == "PNG":
        options["pnginfo"] = _chunks(details)
    if name == "TIFF":
        compression = details.get("compression", "raw")
        options["compression"] = None if compression == "raw" else compression
        options.pop("transparency", None)
        options.pop("gamma", None)
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def _chunks(details: Mapping[str, Any]) -> Any:
    """Return what pillow does not write by itself: texts and the gamma value."""
    from PIL import PngImagePlugin  # noqa: PLC0415 - an optional dependency

    chunks = PngImagePlugin.PngInfo()
    if "gamma" in details:
        chunks.add(b"gAMA", round(100_000 * float(details["gamma"])).to_bytes(4, "big"))
    for key, value in details.get("text", {}).items():
        chunks.add_itxt(key, value)
    return chunks


def _check(
    name: str, image_module: Any, array: Array, details: Mapping[str, Any], image: Any
) -> None:
    """Write the picture and read it: it must be the same."""
    again = image_module.open(io.BytesIO(_encoded(image_module, array, details)))
    again.load()
    same = np.array_equal(_samples(again), array)
    palette = image.mode != "P" or again.palette.tobytes() == image.palette.tobytes()
    if again.mode != image.mode or not same or not palette:
        raise ValueError(
            f"{name}: pillow would not write this {details['format'].upper()} picture again as it "
            "is; save its pixels as .npy"
        )
