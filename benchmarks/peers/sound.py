"""The compressor of sound: FLAC (libFLAC through soundfile)."""

from __future__ import annotations

import importlib
import io
import struct
from collections.abc import Callable

import numpy as np

from benchmarks.peers.peer import Array, Job, Peer, plain

RATE = 48000  # a number in the header; it changes nothing else


def _width(low: int, high: int) -> int | None:
    """Return the bits per sample that FLAC takes and that hold low..high, in two's complement."""
    for bits in (8, 16, 24):
        if -(1 << (bits - 1)) <= low and high < 1 << (bits - 1):
            return bits
    return None


def _flac(level: int) -> Callable[[Array, float | None], Job | None]:
    def prepare(array: Array, _bound: float | None) -> Job | None:
        if array.dtype.kind not in "iu" or not array.size or array.dtype == np.uint64:
            return None
        if array.ndim > 2 or (array.ndim == 2 and array.shape[1] > 16):
            return None
        soundfile = importlib.import_module("soundfile")
        numbers = plain(array).astype(np.int64)
        low, high = int(numbers.min()), int(numbers.max())
        offset, bits = 0, _width(low, high)
        middle = (low + high + 1) // 2
        centred = _width(low - middle, high - middle)
        if centred is not None and (bits is None or centred < bits):
            offset, bits = middle, centred
        if bits is None:
            return None
        # soundfile takes samples at the top of the word
        dtype = np.int16 if bits <= 16 else np.int32
        shift = {8: 8, 16: 0, 24: 8}[bits]
        words = ((numbers - offset) << shift).astype(dtype).reshape(array.shape[0], -1)
        subtype = {8: "PCM_S8", 16: "PCM_16", 24: "PCM_24"}[bits]

        def encode(streams: list[Array]) -> bytes:
            parts = []
            for stream in streams:
                file = io.BytesIO()
                soundfile.write(
                    file, stream, RATE, subtype, format="FLAC", compression_level=level / 8
                )
                data = file.getvalue()
                parts.append(struct.pack("<I", len(data)) + data)
            return b"".join(parts)

        def decode(data: bytes) -> Array:
            streams, at = [], 0
            while at < len(data):
                (length,) = struct.unpack_from("<I", data, at)
                file = io.BytesIO(data[at + 4 : at + 4 + length])
                streams.append(soundfile.read(file, dtype=np.dtype(dtype).name, always_2d=True)[0])
                at += 4 + length
            return np.concatenate(streams, axis=1)

        together = [words]
        apart = [np.ascontiguousarray(words[:, [i]]) for i in range(words.shape[1])]
        options = [apart] if words.shape[1] > 8 else [together, apart]
        source = min(options, key=lambda streams: len(encode(streams)))
        return Job(
            source,
            encode,
            decode,
            lambda back: (
                ((back.astype(np.int64) >> shift) + offset).astype(array.dtype).reshape(array.shape)
            ),
        )

    return prepare


PEERS = (
    Peer("FLAC 5", "FLAC", ("soundfile",), _flac(5)),
    Peer("FLAC 8", "FLAC", ("soundfile",), _flac(8), quick=True),
)
