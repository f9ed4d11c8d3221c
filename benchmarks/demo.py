"""The main job on a real array, as a new user would run it: ``python -m benchmarks.demo``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

import compress
from benchmarks import arrays


def main() -> None:
    """Compress a photograph, read it back, and print what was saved."""
    photo = arrays.load("camera")
    print(f"camera (scikit-image): {photo.dtype} array of shape {photo.shape}")
    compress.decompress(compress.compress(photo[:64]))  # compiles the kernels, once per machine
    begin = time.perf_counter()
    data = compress.compress(photo)
    middle = time.perf_counter()
    back = compress.decompress(data)
    end = time.perf_counter()
    assert back.dtype == photo.dtype
    assert np.array_equal(back, photo)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "camera.npz"
        np.savez_compressed(path, photo)
        zipped = path.stat().st_size
    print(f"  plain                {photo.nbytes:>9,} bytes")
    print(f"  numpy.savez_compressed {zipped:>7,} bytes")
    print(
        f"  compress.compress    {len(data):>9,} bytes, {8 * len(data) / photo.size:.3f} bits each"
    )
    print(
        f"saved {1 - len(data) / photo.nbytes:.0%}; compressed in {middle - begin:.2f} s, "
        f"restored bit for bit in {end - middle:.2f} s"
    )


if __name__ == "__main__":
    main()
