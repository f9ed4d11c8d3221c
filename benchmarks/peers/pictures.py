"""Compressors of pictures: JPEG XL, JPEG-LS, WebP, PNG (through imagecodecs)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.layout import Layout, best
from benchmarks.peers.peer import Array, Job, Peer, plain

Encode = Callable[[Array], bytes]
Decode = Callable[[bytes], Any]


def narrowed(array: Array) -> tuple[Array, int] | None:
    """Return integers of at most 16 bits of range as uint8 or uint16, and their offset.

    None for other dtypes and wider ranges: no picture coder here takes them.
    """
    if array.dtype.kind not in "biumM" or not array.size:
        return None
    numbers = plain(array)
    low, high = int(numbers.min()), int(numbers.max())
    if high - low >= 1 << 16:
        return None
    dtype = np.uint8 if high - low < 1 << 8 else np.uint16
    return (numbers - numbers.dtype.type(low)).astype(dtype), low


def _job(array: Array, label: str, trial: Encode, encode: Encode, decode: Decode) -> Job | None:
    small = narrowed(array)
    if small is None or array.ndim < 2:
        return None
    pixels, low = small
    numbers = plain(array)
    if array.ndim == 3 and array.shape[-1] in {3, 4}:
        layout: Layout | None = Layout((0, 1, 2), 3)
    else:
        layout = best(pixels, 2, label, trial)
    if layout is None:
        return None

    def restore(back: Array) -> Array:
        wide = layout.undo(np.asarray(back), array.shape).astype(numbers.dtype)
        wide += numbers.dtype.type(low)
        return wide.view(array.dtype)

    return Job(layout.apply(pixels), encode, decode, restore)


def _jpeg_xl(effort: int) -> Callable[[Array, float | None], Job | None]:
    def prepare(array: Array, _bound: float | None) -> Job | None:
        codec = importlib.import_module("imagecodecs")

        def encode(pixels: Array, effort: int = effort) -> bytes:
            return bytes(codec.jpegxl_encode(pixels, lossless=True, effort=effort, numthreads=1))

        # two orientations are tried as they are, the many of a volume at a fast setting
        trial = effort if array.ndim == 2 else 3
        return _job(
            array,
            f"JPEG XL {trial}",
            lambda pixels: encode(pixels, trial),
            encode,
            lambda data: codec.jpegxl_decode(data, numthreads=1),
        )

    return prepare


def _jpeg_ls(array: Array, _bound: float | None) -> Job | None:
    codec = importlib.import_module("imagecodecs")

    def encode(pixels: Array) -> bytes:
        return bytes(codec.jpegls_encode(pixels))

    return _job(array, "JPEG-LS", encode, encode, codec.jpegls_decode)


def _webp(array: Array, _bound: float | None) -> Job | None:
    codec = importlib.import_module("imagecodecs")
    small = narrowed(array)
    if small is None or small[0].dtype != np.uint8:
        return None
    grey = array.ndim != 3 or array.shape[-1] not in {3, 4}

    def encode(pixels: Array) -> bytes:
        rgb = np.repeat(pixels[..., None], 3, axis=2) if grey else pixels
        return bytes(codec.webp_encode(rgb, 100, lossless=True, numthreads=1))

    def decode(data: bytes) -> Array:
        rgb = np.asarray(codec.webp_decode(data))
        return np.ascontiguousarray(rgb[..., 0]) if grey else rgb

    return _job(array, "WebP", encode, encode, decode)


def _png(array: Array, _bound: float | None) -> Job | None:
    codec = importlib.import_module("imagecodecs")

    def encode(pixels: Array, level: int = 9) -> bytes:
        return bytes(codec.png_encode(pixels, level))

    return _job(array, "PNG", lambda pixels: encode(pixels, 3), encode, codec.png_decode)


NEEDS = ("imagecodecs",)

PEERS = (
    Peer("JPEG XL e1", "JPEG XL", NEEDS, _jpeg_xl(1)),
    Peer("JPEG XL e3", "JPEG XL", NEEDS, _jpeg_xl(3), quick=True),
    Peer("JPEG XL e7", "JPEG XL", NEEDS, _jpeg_xl(7), quick=True),
    Peer("JPEG XL e9", "JPEG XL", NEEDS, _jpeg_xl(9)),
    Peer("JPEG XL e10", "JPEG XL", NEEDS, _jpeg_xl(10)),
    Peer("JPEG-LS", "JPEG-LS", NEEDS, _jpeg_ls, quick=True),
    Peer("WebP", "WebP", NEEDS, _webp),
    Peer("PNG", "PNG", NEEDS, _png),
)
