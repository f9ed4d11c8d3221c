"""Compressors of numbers: pcodec, fpzip, zfp, SZ3, SPERR, LERC."""

from __future__ import annotations

import importlib
import itertools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.layout import best
from benchmarks.peers.peer import Array, Job, Peer, plain

Prepare = Callable[[Array, float | None], Job | None]


def _pcodec(level: int, delta: str) -> Prepare:
    def prepare(array: Array, _bound: float | None) -> Job | None:
        if delta == "conv" and array.dtype.itemsize > 4:
            return None
        standalone = importlib.import_module("pcodec.standalone")
        pcodec = importlib.import_module("pcodec")
        spec = {
            "auto": pcodec.DeltaSpec.auto,
            "conv": lambda: pcodec.DeltaSpec.try_conv1(32),
            "lookback": pcodec.DeltaSpec.try_lookback,
        }[delta]()
        config = pcodec.ChunkConfig(compression_level=level, delta_spec=spec, enable_8_bit=True)
        numbers = plain(array)

        def encode(columns: list[Array]) -> bytes:
            parts = [standalone.simple_compress(column, config) for column in columns]
            lengths = struct.pack(f"<{len(parts)}I", *map(len, parts)) if len(parts) > 1 else b""
            return lengths + b"".join(parts)

        def decode(data: bytes, count: int) -> Array:
            if count == 1:
                return np.asarray(standalone.simple_decompress(data))
            ends = np.cumsum((4 * count, *struct.unpack_from(f"<{count}I", data)))
            pieces = (data[a:b] for a, b in itertools.pairwise(ends))
            return np.stack([standalone.simple_decompress(piece) for piece in pieces], axis=-1)

        # channels side by side are columns of their own where that is shorter
        columns = [numbers.reshape(-1)]
        if numbers.ndim > 1 and 1 < numbers.shape[-1] <= 16:
            rows = numbers.reshape(-1, numbers.shape[-1])
            apart = [np.ascontiguousarray(rows[:, i]) for i in range(rows.shape[1])]
            columns = min((columns, apart), key=lambda some: len(encode(some)))
        return Job(
            columns,
            encode,
            lambda data: decode(data, len(columns)),
            lambda back: back.reshape(array.shape).view(array.dtype),
        )

    return prepare


def _arranged(
    array: Array,
    axes: int,
    label: str,
    encode: Callable[[Array], bytes],
    decode: Callable[[bytes, Array], Any],
    *,
    least: int = 1,
) -> Job | None:
    layout = best(array, axes, label, encode, least)
    if layout is None:
        return None
    source = layout.apply(array)
    return Job(
        source,
        encode,
        lambda data: decode(data, source),
        lambda back: layout.undo(np.asarray(back), array.shape),
    )


def _fpzip(array: Array, _bound: float | None) -> Job | None:
    if array.dtype.kind != "f" or array.dtype.itemsize < 4:
        return None
    fpzip = importlib.import_module("fpzip")
    return _arranged(
        array,
        4,
        "fpzip",
        lambda source: bytes(fpzip.compress(source, precision=0, order="C")),
        lambda data, source: fpzip.decompress(data, order="C").reshape(source.shape),
    )


def _zfp(array: Array, bound: float | None) -> Job | None:
    if array.dtype.kind not in "fi" or array.dtype.itemsize < 4:
        return None
    if array.dtype.kind == "i" and bound is not None:
        return None
    zfpy = importlib.import_module("zfpy")
    settings = {} if bound is None else {"tolerance": bound}
    return _arranged(
        array,
        4,
        f"zfp {bound}",
        lambda source: bytes(zfpy.compress_numpy(source, **settings)),
        lambda data, _source: zfpy.decompress_numpy(data),
    )


def _sz3(algorithm: str) -> Prepare:
    def prepare(array: Array, bound: float | None) -> Job | None:
        numbers = array.astype(np.int32) if array.dtype.str[1:] in {"i2", "u2", "u1"} else array
        if numbers.dtype.str[1:] not in {"f4", "f8", "i4", "i8"}:
            return None
        pysz = importlib.import_module("pysz")
        config = pysz.szConfig()
        config.errorBoundMode = pysz.szErrorBoundMode.ABS
        config.absErrorBound = bound
        config.cmprAlgo = getattr(pysz.szAlgorithm, algorithm)
        job = _arranged(
            numbers,
            4,
            f"SZ3 {algorithm} {bound}",
            lambda source: bytes(pysz.sz.compress(source, config)[0].tobytes()),
            lambda data, source: pysz.sz.decompress(
                np.frombuffer(data, np.uint8), source.dtype, source.shape
            )[0],
        )
        if job is None or numbers is array:
            return job
        undo = job.restore
        return Job(job.source, job.encode, job.decode, lambda back: undo(back).astype(array.dtype))

    return prepare


def _sperr(array: Array, bound: float | None) -> Job | None:
    if array.dtype.str[1:] not in {"f4", "f8"}:
        return None
    codec = importlib.import_module("imagecodecs")
    return _arranged(
        array,
        3,
        f"SPERR {bound}",
        lambda source: bytes(codec.sperr_encode(source, bound, mode="pwe", numthreads=1)),
        lambda data, _source: codec.sperr_decode(data, numthreads=1),
        least=2,
    )


def _lerc(array: Array, bound: float | None) -> Job | None:
    if array.dtype.kind not in "fiu" or array.dtype.str[1:] in {"i8", "u8", "f2"}:
        return None
    codec = importlib.import_module("imagecodecs")
    return _arranged(
        array,
        2,
        f"LERC {bound}",
        lambda source: bytes(
            codec.lerc_encode(
                source, bound or 0.0, compression="zstd", compressionargs={"level": 19}
            )
        ),
        lambda data, _source: codec.lerc_decode(data),
        least=2,
    )


PEERS = (
    Peer("pcodec 4", "pcodec", ("pcodec",), _pcodec(4, "auto")),
    Peer("pcodec 8", "pcodec", ("pcodec",), _pcodec(8, "auto")),
    Peer("pcodec 12", "pcodec", ("pcodec",), _pcodec(12, "auto"), quick=True),
    Peer("pcodec 12 conv", "pcodec", ("pcodec",), _pcodec(12, "conv")),
    Peer("pcodec 12 lookback", "pcodec", ("pcodec",), _pcodec(12, "lookback")),
    Peer("fpzip", "fpzip", ("fpzip",), _fpzip, quick=True),
    Peer("zfp reversible", "zfp", ("zfpy",), _zfp),
    Peer("LERC", "LERC", ("imagecodecs",), _lerc, fragile=True),
    Peer("zfp", "zfp", ("zfpy",), _zfp, bounded=True, quick=True),
    Peer("SZ3 interpolation", "SZ3", ("pysz",), _sz3("INTERP_LORENZO"), bounded=True, fragile=True),
    Peer(
        "SZ3 lorenzo",
        "SZ3",
        ("pysz",),
        _sz3("LORENZO_REG"),
        bounded=True,
        quick=True,
        fragile=True,
    ),
    Peer("SPERR", "SPERR", ("imagecodecs",), _sperr, bounded=True, quick=True, fragile=True),
    Peer("LERC bounded", "LERC", ("imagecodecs",), _lerc, bounded=True, fragile=True),
)
