"""A real dataset through xarray and zarr: how much smaller than with zarr's default compressor.

``python -m benchmarks.codecs`` stores ``E1_north_america.nc`` (package ``iris-sample-data``)
losslessly and with ``max_error=0.01`` in the zarr format 3, reads it back, checks every sample,
and prints the sizes of the chunks. It fails where a sample is off or a bar is missed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr.registry

from benchmarks.sources import locate
from compress.integrations.settings import NAME
from compress.integrations.zarr import FourierCompressCodec

VARIABLE = "air_temperature"
BOUND = 0.01
BARS = {"lossless": 0.30, f"max_error={BOUND}": 0.75}
"""How much smaller than zarr's default the chunks have to be."""


@dataclass(frozen=True)
class Stored:
    """A variable as it was written.

    Attributes
    ----------
    n_bytes : int
        Of the chunks, without metadata.
    chunks : tuple of int
    largest_error : float
        Over all samples; infinite if a missing value or the coordinates changed.
    seconds : tuple of float
        To write and to read.
    """

    n_bytes: int
    chunks: tuple[int, ...]
    largest_error: float
    seconds: tuple[float, float]


def store(dataset: xr.Dataset, encoding: dict[str, Any], folder: Path) -> Stored:
    """Write the dataset with an encoding of the variable, read it, and compare."""
    start = time.perf_counter()
    dataset.to_zarr(folder, encoding={VARIABLE: encoding}, zarr_format=3, consolidated=False)
    written = time.perf_counter()
    back = xr.open_zarr(folder, consolidated=False, chunks=None).load()
    read = time.perf_counter()
    before, after = (d[VARIABLE].values.astype(np.float64) for d in (dataset, back))
    missing = np.isnan(before)
    whole = np.array_equal(missing, np.isnan(after)) and back.time.equals(dataset.time)
    files = [file for file in (folder / VARIABLE / "c").rglob("*") if file.is_file()]
    return Stored(
        n_bytes=sum(file.stat().st_size for file in files),
        chunks=zarr.open_array(folder, path=VARIABLE, mode="r").chunks,
        largest_error=float(np.abs(after - before)[~missing].max()) if whole else np.inf,
        seconds=(written - start, read - written),
    )


def main() -> int:
    """Print the rows; return the number of missed bars."""
    zarr.registry.register_codec(NAME, FourierCompressCodec)
    with xr.open_dataset(locate("iris_sample_data", "sample_data/E1_north_america.nc")) as file:
        dataset = file.load()
    whole = dataset[VARIABLE].shape
    missed = 0
    print(f"{VARIABLE}: {dataset[VARIABLE].dtype} {whole}, {dataset[VARIABLE].nbytes:,} bytes")
    for title, chunks in (("zarr's own chunks", {}), ("one chunk", {"chunks": whole})):
        encodings: dict[str, dict[str, Any]] = {
            "zarr's default": {},
            "lossless": {"serializer": FourierCompressCodec(), "compressors": None},
            f"max_error={BOUND}": {
                "serializer": FourierCompressCodec(max_error=BOUND),
                "compressors": None,
            },
        }
        default = 0
        for name, encoding in encodings.items():
            with tempfile.TemporaryDirectory() as folder:
                row = store(dataset, {**encoding, **chunks}, Path(folder) / "dataset.zarr")
            default = default or row.n_bytes
            smaller = 1 - row.n_bytes / default
            allowed = BOUND if "max_error" in name else 0.0
            verdict = ""
            if name in BARS:
                good = row.largest_error <= allowed and smaller >= BARS[name]
                verdict = f"  bar {BARS[name]:.0%}: {'held' if good else 'MISSED'}"
                missed += not good
            print(
                f"{title} {row.chunks}, {name}: {row.n_bytes:,} bytes, {smaller:.1%} smaller, "
                f"largest error {row.largest_error:.3g}, "
                f"{row.seconds[0]:.1f} s to write, {row.seconds[1]:.1f} s to read{verdict}"
            )
    return missed


if __name__ == "__main__":
    sys.exit(main())
