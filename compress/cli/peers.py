"""Other compressors, as far as they are installed: what each makes of an array."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Peer", "peers_for"]

Array = NDArray[Any]


class Peer(NamedTuple):
    """A compressor with its settings.

    Attributes
    ----------
    name : str
    encode : callable
        An array to bytes.
    decode : callable
        Bytes to an array, or to its bytes.
    """

    name: str
    encode: Callable[[Array], bytes]
    decode: Callable[[bytes], Any]


def peers_for(array: Array) -> Iterator[Peer]:
    """Yield the compressors that are installed and take an array of such a dtype and shape.

    One thread each, without loss.
    """
    for given in (_of_bytes(), _of_columns(array), _of_floats(array), _of_pictures(array),
                  _of_sound(array)):  # fmt: skip
        yield from given


def _installed(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _of_bytes() -> Iterator[Peer]:
    if zlib := _installed("zlib"):
        yield Peer("gzip 6", _of_raw(zlib.compress, 6), zlib.decompress)
    if bz2 := _installed("bz2"):
        yield Peer("bz2 9", _of_raw(bz2.compress, 9), bz2.decompress)
    if lzma := _installed("lzma"):
        yield Peer("xz 6", _of_raw(partial(lzma.compress, preset=6)), lzma.decompress)
    newer, older = _installed("compression.zstd"), _installed("zstandard")
    for level in (3, 19):
        if newer is not None:
            yield Peer(f"zstd {level}", _of_raw(newer.compress, level), newer.decompress)
        elif older is not None:
            coder, decoder = older.ZstdCompressor(level), older.ZstdDecompressor()
            yield Peer(f"zstd {level}", _of_raw(coder.compress), decoder.decompress)


def _of_raw(function: Callable[..., bytes], *options: Any) -> Callable[[Array], bytes]:
    """Return a function of arrays for one of bytes, with its options."""
    return lambda array: function(array.tobytes(), *options)


def _of_columns(array: Array) -> Iterator[Peer]:
    if array.dtype.kind not in "biuf":
        return
    if blosc2 := _installed("blosc2"):
        blosc2.set_nthreads(1)
        codec, width = blosc2.Codec.ZSTD, array.dtype.itemsize

        def packed(a: Array) -> bytes:
            packed = blosc2.compress2(
                a.tobytes(), codec=codec, clevel=9, typesize=width, nthreads=1,
                filters=[blosc2.Filter.SHUFFLE], filters_meta=[0],
            )  # fmt: skip
            return bytes(packed)

        yield Peer("blosc2 zstd 9 shuffle", packed, blosc2.decompress2)
    pcodec, standalone = _installed("pcodec"), _installed("pcodec.standalone")
    if pcodec is not None and standalone is not None and array.dtype.kind != "b":
        for level in (8, 12):
            yield Peer(
                f"pcodec {level}",
                _flat(standalone.simple_compress, pcodec.ChunkConfig(compression_level=level)),
                standalone.simple_decompress,
            )


def _flat(function: Callable[..., bytes], *options: Any) -> Callable[[Array], bytes]:
    """Return a function of arrays for one of arrays with one axis, with its options."""
    return lambda array: function(array.reshape(-1), *options)


def _of_floats(array: Array) -> Iterator[Peer]:
    if array.dtype not in (np.float32, np.float64) or not 1 <= array.ndim <= 4:
        return
    if fpzip := _installed("fpzip"):
        yield Peer("fpzip", lambda a: bytes(fpzip.compress(a, precision=0)), fpzip.decompress)
    if zfpy := _installed("zfpy"):
        yield Peer("zfp lossless", zfpy.compress_numpy, zfpy.decompress_numpy)


def _of_pictures(array: Array) -> Iterator[Peer]:
    colours = array.ndim == 3 and array.shape[2] in (3, 4)
    if array.dtype not in (np.uint8, np.uint16) or not (array.ndim == 2 or colours):
        return
    imagecodecs = _installed("imagecodecs")
    if imagecodecs is None:
        return
    yield Peer("PNG 9", partial(imagecodecs.png_encode, level=9), imagecodecs.png_decode)
    if imagecodecs.JPEGLS.available:
        yield Peer("JPEG-LS", imagecodecs.jpegls_encode, imagecodecs.jpegls_decode)
    if imagecodecs.JPEGXL.available:
        encode, decode = imagecodecs.jpegxl_encode, imagecodecs.jpegxl_decode
        for effort in (3, 7, 9):
            settings = {"lossless": True, "effort": effort, "numthreads": 1}
            yield Peer(
                f"JPEG XL e{effort}", partial(encode, **settings), partial(decode, numthreads=1)
            )


def _of_sound(array: Array) -> Iterator[Peer]:
    few = array.ndim == 1 or (array.ndim == 2 and 1 <= array.shape[1] <= 8)
    soundfile = _installed("soundfile") if array.dtype == np.int16 and few else None
    if soundfile is None:
        return
    for level in (5, 8):
        yield Peer(
            f"FLAC {level}",
            partial(_flac, soundfile, level),
            lambda data: soundfile.read(io.BytesIO(data), dtype="int16")[0],
        )


def _flac(soundfile: Any, level: int, array: Array) -> bytes:
    stream = io.BytesIO()
    settings = {"format": "FLAC", "subtype": "PCM_16", "compression_level": level / 8}
    # The rate is of no account for the size.
    soundfile.write(stream, array, 44100, **settings)
    return stream.getvalue()
