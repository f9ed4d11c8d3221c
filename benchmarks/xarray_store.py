"""A real climate file through xarray, by zarr's default and by the codec, read by zarr alone.

``python -m benchmarks.xarray_store`` writes a century of monthly air temperatures (from the package
``iris-sample-data``) three times with xarray: as zarr does by default, lossless, and within 0.01
kelvin. Another process, which imports zarr and nothing of this library, reads the stores and
compares them. With ``--install`` both run in a virtual environment of their own, in which the
package was installed with its extra, ``pip install .[zarr]``. Exit status 0 says that the stores
are at least 30 % and 75 % smaller than the default.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OTHERS = ["xarray", "netCDF4", "iris-sample-data"]

# The dozen lines.
WRITE = """
import iris_sample_data
import xarray as xr

dataset = xr.open_dataset(iris_sample_data.path + "/E1_north_america.nc")
for name, settings in {"default": None, "exact": {}, "bounded": {"max_error": 0.01}}.items():
    codec = {"name": "fourier_compress", "configuration": settings}
    ours = {"serializer": codec, "compressors": None}
    encoding = {"air_temperature": ours if settings is not None else {}}
    dataset.to_zarr(name, encoding=encoding, zarr_format=3, consolidated=False)
"""

READ = """
import sys
from pathlib import Path
import numpy as np
import zarr

assert not any(name.startswith("compress.") for name in sys.modules)
arrays = {name: zarr.open_group(name, mode="r")["air_temperature"] for name in sys.argv[1:]}
size = {n: sum(f.stat().st_size for f in Path(n, "air_temperature/c").rglob("*") if f.is_file())
        for n in arrays}
true, exact, bounded = (array[...].astype("f8") for array in arrays.values())
error = np.abs(true - bounded).max()
saved = [1 - size[name] / size["default"] for name in ("exact", "bounded")]
print(f"{exact.shape} float32, zarr's default: {size['default']} bytes")
print(f"lossless: {size['exact']} bytes, {saved[0]:.1%} smaller, equal: {(true == exact).all()}")
print(f"max_error=0.01: {size['bounded']} bytes, {saved[1]:.1%} smaller, largest error {error:.6f}")
assert np.array_equal(true, exact) and error <= 0.01
sys.exit(not (saved[0] >= 0.30 and saved[1] >= 0.75))
"""


def main() -> None:
    """Install, if asked to, and run both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--install", action="store_true", help="in a new virtual environment")
    arguments = parser.parse_args()
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        python = sys.executable
        if arguments.install:
            venv.create(Path(folder, "venv"), with_pip=True)
            python = str(next(Path(folder, "venv").glob("[bS]*/python*")))
            environment.pop("PYTHONPATH", None)
            install = [python, "-m", "pip", "install", "--quiet", f"{ROOT}[zarr]", *OTHERS]
            subprocess.run(install, check=True, cwd=folder, env=environment)  # noqa: S603
        for script in (["-c", WRITE], ["-c", READ, "default", "exact", "bounded"]):
            subprocess.run([python, *script], check=True, cwd=folder, env=environment)  # noqa: S603


if __name__ == "__main__":
    main()
