"""Both registries find the codecs by name, in a process that imports zarr or numcodecs alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import zarr

from compress.integrations.numcodecs import FourierCompress
from compress.integrations.zarr import FourierCompressCodec

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give an environment that has the package as an installer would record it.

    The metadata are made of `pyproject.toml` here, so that nothing has to be built or downloaded.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    record = tmp_path / "site" / "fourier_compress-0.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: fourier-compress\nVersion: 0\n")
    groups = project["entry-points"].items()
    lines = [
        line
        for group, points in groups
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    (record / "entry_points.txt").write_text("\n".join(lines) + "\n")
    path = os.pathsep.join([str(ROOT), str(record.parent)])
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error"}


def fresh(script: str, environment: dict[str, str], folder: Path) -> str:
    """Run a script in a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_zarr_alone_reads_an_array(tmp_path: Path, environment: dict[str, str]) -> None:
    """Format 3, in shards and not; a writer may give the name only."""
    array = np.arange(400, dtype=np.int32).reshape(20, 20)
    for name, shards in (("plain", None), ("sharded", (10, 10))):
        zarr.create_array(
            tmp_path / name,
            data=array,
            chunks=(5, 5),
            shards=shards,
            serializer=FourierCompressCodec(level=1),
            compressors=None,
        )
    script = """
import sys
import zarr
assert not any(name.startswith("compress") for name in sys.modules)
print(sum(int(zarr.open_array(name, mode="r")[3:, 7:].sum()) for name in ("plain", "sharded")))
serializer = {"name": "fourier_compress", "configuration": {"level": 2}}
zarr.create_array("new", data=zarr.open_array("plain")[...], serializer=serializer)
"""
    assert fresh(script, environment, tmp_path) == str(2 * array[3:, 7:].sum())
    assert np.array_equal(zarr.open_array(tmp_path / "new")[...], array)


def test_numcodecs_alone_decodes(tmp_path: Path, environment: dict[str, str]) -> None:
    """`get_codec` by id, and arrays of the zarr format 2."""
    array = np.arange(400, dtype=np.int32).reshape(20, 20)
    codec = FourierCompress(level=1)
    (tmp_path / "data").write_bytes(codec.encode(array))
    zarr.create_array(tmp_path / "v2", data=array, zarr_format=2, compressors=codec)
    script = """
import sys
import numcodecs
assert not any(name.startswith("compress") for name in sys.modules)
codec = numcodecs.get_codec({"id": "fourier_compress", "level": 1})
print(int(codec.decode(open("data", "rb").read()).sum()))
import zarr
print(int(zarr.open_array("v2", mode="r")[...].sum()))
"""
    assert fresh(script, environment, tmp_path).split() == [str(array.sum())] * 2
