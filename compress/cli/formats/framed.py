"""Samples between a head and a tail: raw samples, WAV, and portable grey- and pixmaps.

Head and tail are kept as they are, so that files come back byte for byte.
"""

from __future__ import annotations

import re
import struct
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from compress.cli.formats.document import KEY, Document, Restored, Source, as_bytes, as_text

__all__ = ["SUFFIX", "read_netpbm", "read_raw", "read_wave", "write"]

Array = NDArray[Any]
SUFFIX = ".raw"
# Of what stands around the samples, in bytes: names and marks, no data.
_MOST_AROUND = 1 << 22
# Samples that are unpacked at a time.
_BLOCK = 1 << 20
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_WAVE_DTYPES = {
    (_PCM, 8): "u1",
    (_PCM, 16): "<i2",
    (_PCM, 32): "<i4",
    (_FLOAT, 32): "<f4",
    (_FLOAT, 64): "<f8",
}


def read_raw(source: Source) -> Document:
    """Read samples of the dtype that was given; `ValueError` where they do not fill the shape."""
    try:
        dtype = np.dtype(source.dtype)
    except TypeError as error:
        raise ValueError(f"--dtype {source.dtype} is no dtype: {error}") from error
    if not dtype.itemsize or dtype.hasobject:
        raise ValueError(f"--dtype {source.dtype} has no samples of a fixed size")
    if source.size % dtype.itemsize:
        raise ValueError(f"{source.name}: {source.size} bytes are no whole number of {dtype}")
    count = source.size // dtype.itemsize
    shape = _shape(source.shape, count)
    return Document(source.samples(dtype, 0, count).reshape(shape), {KEY: {"format": "raw"}})


def _shape(given: str | None, count: int) -> tuple[int, ...]:
    """Return a shape of so many samples; one -1 stands for what is left."""
    if given is None:
        return (count,)
    if not re.fullmatch(r"(-1|\d+)([,x](-1|\d+))*", given):
        raise ValueError(f"--shape is numbers with commas between them, such as -1,640: {given!r}")
    sizes = [int(size) for size in re.split("[,x]", given)]
    if sizes.count(-1) == 1:
        others = prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = count // others if others else 0
    if prod(sizes) != count or -1 in sizes:
        raise ValueError(f"--shape {given} does not hold the {count} samples of the file")
    return tuple(sizes)


def read_wave(source: Source) -> Document:
    """Read the samples of a WAV file: (n,) or (n, channels), as many bits as they have."""
    head = source.read(0, 12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ValueError(f"{source.name} is not a WAV file")
    position, layout = 12, None
    while True:
        tag = source.read(position, 8)
        if len(tag) < 8:
            raise ValueError(f"{source.name} is a WAV file without samples")
        name, length = tag[:4], int.from_bytes(tag[4:], "little")
        position += 8
        if name == b"data":
            break
        if name == b"fmt ":
            layout = _wave_layout(source.name, source.read(position, length))
        position += length + length % 2
    if layout is None:
        raise ValueError(f"{source.name} is a WAV file that does not say what its samples are")
    kind, channels, rate, bits = layout
    # A file that was never finished says that it has more samples than there are.
    n_bytes = min(length, source.size - position) // (channels * bits // 8) * (channels * bits // 8)
    if (kind, bits) == (_PCM, 24):
        samples = _unpacked(source.samples(np.dtype("u1"), position, n_bytes))
        packed = 24
    else:
        dtype = np.dtype(_WAVE_DTYPES[kind, bits])
        samples = source.samples(dtype, position, n_bytes // dtype.itemsize)
        packed = 0
    shape = (-1, channels) if channels > 1 else (-1,)
    details = _around(source, "wav", position, position + n_bytes) | {"packed": packed}
    return Document(samples.reshape(shape), {"sample_rate": rate, KEY: details})


def _wave_layout(name: str, chunk: bytes) -> tuple[int, int, int, int]:
    if len(chunk) < 16:
        raise ValueError(f"{name} is a WAV file that does not say what its samples are")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        kind = int.from_bytes(chunk[24:26], "little")
    if channels == 0 or ((kind, bits) not in _WAVE_DTYPES and (kind, bits) != (_PCM, 24)):
        raise ValueError(
            f"{name}: WAV samples of format {kind} with {bits} bits are coded already, or unknown; "
            "PCM of 8, 16, 24 and 32 bits and floats of 32 and 64 are read"
        )
    return kind, channels, rate, bits


def _unpacked(data: Array) -> Array:
    """Give samples of three bytes as int32."""
    triples = data.reshape(-1, 3)
    out = np.empty(len(triples), np.int32)
    for begin in range(0, len(triples), _BLOCK):
        part = triples[begin : begin + _BLOCK]
        words = np.zeros((len(part), 4), np.uint8)
        words[:, 1:] = part
        out[begin : begin + _BLOCK] = words.view("<i4")[:, 0] >> 8
    return out


def read_netpbm(source: Source) -> Document:
    """Read a binary greymap (P5) or pixmap (P6): (rows, columns) or (rows, columns, 3)."""
    head = source.read(0, 1 << 12)
    found = re.match(rb"(P[56])((?:\s+|#[^\n]*\n)+\d+){3}\s", head)
    numbers = [] if found is None else re.findall(rb"\d+", re.sub(rb"#[^\n]*\n", b"\n", found[0]))
    if found is None or len(numbers) != 4:
        raise ValueError(f"{source.name} is not a binary portable greymap or pixmap (P5, P6)")
    columns, rows, most = map(int, numbers[1:])
    dtype = np.dtype("u1" if most < 256 else ">u2")
    shape = (rows, columns) if found[1] == b"P5" else (rows, columns, 3)
    end = found.end() + prod(shape) * dtype.itemsize
    if end > source.size:
        raise ValueError(f"{source.name} has fewer samples than its {rows} x {columns} say")
    samples = source.samples(dtype, found.end(), prod(shape)).reshape(shape)
    details = _around(source, "pgm" if found[1] == b"P5" else "ppm", found.end(), end)
    return Document(samples, {KEY: details})


def _around(source: Source, name: str, begin: int, end: int) -> dict[str, Any]:
    """Keep what is before and behind the samples."""
    if begin + source.size - end > _MOST_AROUND:
        raise ValueError(f"{source.name} has more than {_MOST_AROUND} bytes beside its samples")
    tail = source.read(end)
    return {"format": name, "head": as_text(source.read(0, begin)), "tail": as_text(tail)}


def write(restored: Restored, stream: BinaryIO) -> None:
    """Write head, samples and tail."""
    details = restored.details
    stream.write(as_bytes(details.get("head", "")))
    for part in restored.parts:
        samples = np.ascontiguousarray(part)
        if details.get("packed"):
            samples = samples.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3]
        stream.write(samples.tobytes())
    stream.write(as_bytes(details.get("tail", "")))
