"""Stated error bounds against SZ3 and zfp at equal bounds: ``python -m benchmarks.bounds [LEVEL]``.

Bytes for climate grids. The range and the PSNR are modes of SZ3. Its Python package has no bound
relative to each sample, so it is given what SZ2 made of that mode: logarithms of magnitudes within
log(1 + bound), the signs as bits beside them; in float64, as float32 breaks the bound. zfp is given
the same absolute bounds; for the others the least precision that was measured to keep them. All
results are decoded and checked against the bound; "broken" says that one did not keep it.
"""

from __future__ import annotations

import importlib
import lzma
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.arrays import load
from benchmarks.console import OUT
from compress import ErrorBound, compress, decompress

__all__ = ["main"]

Array = NDArray[Any]
_ARRAYS = ("climate", "air_levels", "brightness", "goes_xray")
_BOUNDS = (
    ErrorBound.relative(1e-2),
    ErrorBound.relative(1e-4),
    ErrorBound.pointwise_relative(1e-2),
    ErrorBound.pointwise_relative(1e-4),
    ErrorBound.significant_digits(3),
    ErrorBound.significant_digits(5),
    ErrorBound.psnr(60),
    ErrorBound.psnr(90),
)


def _keeps(array: Array, back: Array, bound: ErrorBound) -> bool:
    """Whether a bound is kept, with room for the last bit of float32."""
    one, other = array.astype(np.float64), back.astype(np.float64).reshape(array.shape)
    good = np.isfinite(one)
    one, other = one[good], other[good]
    error, extent = np.abs(one - other), one.max() - one.min()
    if bound.kind == "psnr":
        ratio = extent / np.sqrt(np.mean(error**2))
        return bool(20 * np.log10(ratio) >= bound.value)
    if bound.kind == "relative":
        most = bound.value * extent
    elif bound.kind == "pointwise_relative":
        most = bound.value * np.abs(one)
    else:
        with np.errstate(divide="ignore"):
            decade = np.floor(np.log10(np.abs(one)))
        most = 0.5 * 10.0 ** (decade + 1 - bound.value) + np.spacing(np.abs(back.max())) / 2
    return bool(np.all(error <= most * (1 + 1e-9)))


def _sz3(array: Array, bound: ErrorBound) -> tuple[int, Array] | None:
    pysz = importlib.import_module("pysz")
    config = pysz.szConfig()
    # Its buffers are as large as the data and a little: lead with data that compress.
    if bound.kind == "relative":
        config.errorBoundMode = pysz.szErrorBoundMode.REL
        config.relErrorBound = bound.value
    elif bound.kind == "psnr":
        config.errorBoundMode = pysz.szErrorBoundMode.PSNR
        config.psnrErrorBound = bound.value
    elif bound.kind == "pointwise_relative":
        config.errorBoundMode = pysz.szErrorBoundMode.ABS
        config.absErrorBound = float(np.log1p(bound.value)) * (1 - 1e-6)
        magnitude = np.abs(array.astype(np.float64))
        zero = magnitude == 0
        lowest = magnitude[~zero].min() if not zero.all() else 1.0
        logs = np.log(np.where(zero, lowest / 2, magnitude))
        data = pysz.sz.compress(logs, config)[0]
        back = np.exp(pysz.sz.decompress(data, logs.dtype, logs.shape)[0])
        back = np.where(zero, 0.0, back) * np.where(np.signbit(array), -1, 1)
        flags = np.concatenate([np.packbits(np.signbit(array)), np.packbits(zero)])
        return data.nbytes + len(lzma.compress(flags.tobytes())), back
    else:
        return None
    data = pysz.sz.compress(array, config)[0]
    return data.nbytes, pysz.sz.decompress(data, array.dtype, array.shape)[0]


def _zfp(array: Array, bound: ErrorBound) -> tuple[int, Array] | None:
    zfpy = importlib.import_module("zfpy")
    finite = array[np.isfinite(array)].astype(np.float64)
    if bound.kind == "relative":
        data = zfpy.compress_numpy(array, tolerance=bound.value * (finite.max() - finite.min()))
        return len(data), zfpy.decompress_numpy(data)
    for precision in range(1, 33):
        data = zfpy.compress_numpy(array, precision=precision)
        back = zfpy.decompress_numpy(data)
        if _keeps(array, back, bound):
            return len(data), back
    return None


def _shown(peer: Callable[..., tuple[int, Array] | None], array: Array, bound: ErrorBound) -> str:
    if not np.isfinite(array).all():
        return "-"
    found = peer(array, bound)
    if found is None:
        return "-"
    return f"{found[0]:,}" if _keeps(array, found[1], bound) else "broken"


def main(level: int) -> None:
    """Print the table."""
    table = Table("array", "bytes", "bound", f"level {level}", "SZ3", "zfp")
    for name in _ARRAYS:
        array = np.ascontiguousarray(load(name))
        for bound in _BOUNDS:
            data = compress(array, level=level, max_error=bound, threads=1)
            if not _keeps(array, decompress(data, threads=1), bound):
                raise SystemExit(f"{name}: {bound} is not kept")
            peers = [_shown(peer, array, bound) for peer in (_sz3, _zfp)]
            table.add_row(name, f"{array.nbytes:,}", str(bound), f"{len(data):,}", *peers)
    OUT.print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
