"""The package as its users get it: built, installed with its extra, and found by name.

``python -m tests.integrations.clean_environment`` makes a virtual environment of its own, installs
``.[zarr]`` and what the script below reads its data with, runs the script in two fresh processes,
and prints what they print. It needs a package index, so it is no part of the tests;
`test_discovery` is, and shows the same without an installation.
"""

from __future__ import annotations

import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
OTHERS = ["xarray", "netCDF4", "iris-sample-data"]

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
from pathlib import Path
import numpy as np
import zarr

names = ("default", "exact", "bounded")
arrays = {name: zarr.open_group(name)["air_temperature"] for name in names}
size = {n: sum(f.stat().st_size for f in Path(n, "air_temperature/c").rglob("*") if f.is_file())
        for n in arrays}
true, exact, bounded = (array[...].astype("f8") for array in arrays.values())
same = (true == exact).all()
print(f"lossless: {1 - size['exact'] / size['default']:.1%} smaller, exact: {same}")
error = np.abs(true - bounded).max()
print(f"max_error=0.01: {1 - size['bounded'] / size['default']:.1%} smaller, largest error {error}")
assert np.array_equal(true, exact) and error <= 0.01
"""


def main() -> None:
    """Install and run."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(next(Path(folder).glob("[bS]*/python*")))
        install = [python, "-m", "pip", "install", "--quiet", f"{ROOT}[zarr]", *OTHERS]
        for command in (install, [python, "-c", WRITE], [python, "-c", READ]):
            subprocess.run(command, check=True, cwd=folder)


if __name__ == "__main__":
    main()
