"""Gigabytes written by a cluster, of which a worker dies: ``python -m benchmarks.dask_store``.

Two processes of dask.distributed make and write 2 GB of chunks with one model in all of them. When
a quarter of the chunks is stored, one of the processes is killed. Afterwards the same array is
written by one worker that nobody kills. Every chunk must be there, and the same bytes in both.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import zarr
import zarr.registry
from distributed import Client, LocalCluster

from compress.integrations.dask import fit
from compress.integrations.zarr import FourierCompressCodec

_SIDE = 2048
_CHUNK_BYTES = 4 * _SIDE * _SIDE


def make(block_id: tuple[int, int]) -> Any:
    """Make a chunk of 16 MiB of float32: a surface with noise, of a seed of its own."""
    rng = np.random.default_rng(block_id)
    surface = rng.normal(size=(2, _SIDE)).astype(np.float32).cumsum(axis=1)
    noise = rng.integers(-40, 41, (_SIDE, _SIDE), np.int32)
    return surface[0][:, None] + surface[1] + noise.astype(np.float32) / 64


def write(array: Any, path: Path, workers: int, level: int, kill: bool) -> tuple[float, float, int]:
    """Fit, write, and perhaps kill a worker; returns seconds of both and the workers that died."""
    options: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1}
    with LocalCluster(dashboard_address=":0", **options) as cluster, Client(cluster) as client:
        before = set(client.run(os.getpid).values())
        begin = time.perf_counter()
        codec = FourierCompressCodec(level=level, model=fit(array, level=level))
        fitted = time.perf_counter()
        stored = zarr.create_array(
            path,
            shape=array.shape,
            chunks=array.chunksize,
            dtype=array.dtype,
            serializer=codec,
            compressors=None,
        )
        future = client.compute(array.to_zarr(stored, compute=False))
        if kill:
            while len(list(path.rglob("c/*/*"))) < array.npartitions // 4:
                time.sleep(0.05)
            os.kill(min(before), signal.SIGKILL)
        future.result()
        end = time.perf_counter()
        died = len(before - set(client.run(os.getpid).values()))
    return fitted - begin, end - fitted, died


def digest(path: Path) -> tuple[int, int, str, int]:
    """Return the files that zarr reads, their bytes, a hash of names and contents; other files."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    # A process that is killed while it writes leaves a temporary file, which is no chunk.
    read = [file for file in files if file.name.isdecimal() or file.name == "zarr.json"]
    found = hashlib.blake2b(digest_size=8)
    for file in read:
        found.update(str(file.relative_to(path)).encode() + file.read_bytes())
    size = sum(file.stat().st_size for file in read)
    return len(read), size, found.hexdigest(), len(files) - len(read)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--level", type=int, default=1)
    arguments = parser.parse_args()
    # Where the package is importable but not installed, zarr does not find the codec by its name.
    zarr.registry.register_codec("fourier_compress", FourierCompressCodec)
    rows = max(2, round(arguments.gigabytes * 1e9 / _CHUNK_BYTES / 8))
    array = da.map_blocks(make, chunks=((_SIDE,) * rows, (_SIDE,) * 8), dtype=np.float32)
    print(f"{array.nbytes / 1e9:.2f} GB in {array.npartitions} chunks, level {arguments.level}")
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for name, workers, kill in (("two, one killed", 2, True), ("one", 1, False)):
            path = Path(folder, name.replace(" ", "_"))
            fitting, writing, died = write(array, path, workers, arguments.level, kill)
            files, size, content, others = digest(path)
            print(
                f"workers: {name}; died: {died}; fit {fitting:.1f} s, write {writing:.1f} s; "
                f"{files} files, {size / 1e9:.3f} GB, {content}; {others} of no use"
            )
            found.append((files, size, content))
        places = [(0, 0), (rows - 1, 7), (rows // 2, 3)]
        read = zarr.open_array(path, mode="r")
        for i, j in places:
            part = read[i * _SIDE : (i + 1) * _SIDE, j * _SIDE : (j + 1) * _SIDE]
            assert np.array_equal(part, make((i, j)))
    complete = found[0] == found[1] and found[0][0] == array.npartitions + 1
    print("complete, the same bytes" if complete else "NOT the same")
    raise SystemExit(not complete)


if __name__ == "__main__":
    main()
