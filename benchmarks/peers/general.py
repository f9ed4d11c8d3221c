"""Compressors of bytes: zlib, bz2, xz, zstd, blosc2."""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.peer import Array, Job, Peer

Bytes = Callable[[bytes], bytes]


def _job(array: Array, encode: Callable[[Any], bytes], decode: Bytes) -> Job:
    return Job(
        array.tobytes(),
        encode,
        decode,
        lambda data: np.frombuffer(data, array.dtype).reshape(array.shape),
    )


def _stream(encode: Bytes, decode: Bytes) -> Callable[[Array, float | None], Job]:
    return lambda array, _bound: _job(array, encode, decode)


def shuffle(data: bytes, width: int) -> bytes:
    """Group the first bytes of all samples, then the second ones, and so on."""
    return np.frombuffer(data, np.uint8).reshape(-1, width).T.tobytes()


def unshuffle(data: bytes, width: int) -> bytes:
    """Undo `shuffle`."""
    return np.frombuffer(data, np.uint8).reshape(width, -1).T.tobytes()


def _zstd(level: int, shuffled: bool) -> Callable[[Array, float | None], Job | None]:
    def prepare(array: Array, _bound: float | None) -> Job | None:
        zstandard = importlib.import_module("zstandard")
        pack, unpack = zstandard.ZstdCompressor(level=level), zstandard.ZstdDecompressor()
        width = array.dtype.itemsize
        if not shuffled:
            return _job(array, pack.compress, unpack.decompress)
        if width == 1:
            return None
        return _job(
            array,
            lambda data: bytes(pack.compress(shuffle(data, width))),
            lambda data: unshuffle(unpack.decompress(data), width),
        )

    return prepare


def _blosc2(codec: str, filters: str) -> Callable[[Array, float | None], Job]:
    def prepare(array: Array, _bound: float | None) -> Job:
        blosc2 = importlib.import_module("blosc2")
        cparams = {
            "typesize": array.dtype.itemsize,
            "codec": blosc2.Codec[codec],
            "clevel": 9,
            "nthreads": 1,
            "filters": [blosc2.Filter[filters]],
            "filters_meta": [0],
        }
        return _job(
            array,
            lambda data: bytes(blosc2.compress2(data, cparams=cparams)),
            lambda data: bytes(blosc2.decompress2(data, dparams={"nthreads": 1})),
        )

    return prepare


XZ = 9 | lzma.PRESET_EXTREME

PEERS = (
    Peer("zlib 6", "zlib", (), _stream(lambda b: zlib.compress(b, 6), zlib.decompress), quick=True),
    Peer("zlib 9", "zlib", (), _stream(lambda b: zlib.compress(b, 9), zlib.decompress)),
    Peer("bz2 9", "bz2", (), _stream(lambda b: bz2.compress(b, 9), bz2.decompress)),
    Peer(
        "xz 9e",
        "xz",
        (),
        _stream(lambda b: lzma.compress(b, preset=XZ), lzma.decompress),
        quick=True,
    ),
    Peer("zstd 3", "zstd", ("zstandard",), _zstd(3, shuffled=False)),
    Peer("zstd 19", "zstd", ("zstandard",), _zstd(19, shuffled=False)),
    Peer("zstd 3 shuffle", "zstd", ("zstandard",), _zstd(3, shuffled=True)),
    Peer("zstd 19 shuffle", "zstd", ("zstandard",), _zstd(19, shuffled=True), quick=True),
    Peer("blosc2 lz4 9 shuffle", "blosc2", ("blosc2",), _blosc2("LZ4", "SHUFFLE")),
    Peer("blosc2 zstd 9 shuffle", "blosc2", ("blosc2",), _blosc2("ZSTD", "SHUFFLE")),
    Peer("blosc2 zstd 9 bitshuffle", "blosc2", ("blosc2",), _blosc2("ZSTD", "BITSHUFFLE")),
)
