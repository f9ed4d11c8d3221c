"""zarr-python's own test suite with this library's codec as its default serializer.

``python -m benchmarks.zarr_suite CHECKOUT [pytest's arguments]`` takes a checkout of zarr-python of
the version that is installed, with what its tests need (pytest-asyncio, pytest-timeout and
hypothesis), and runs ``CHECKOUT/tests``. Wherever zarr would choose its ``bytes`` codec for an
array of the format 3 whose dtype this library codes, it takes ours. The environment variable
``LEVEL`` sets the level (default: 1); ``LEVEL=0`` leaves zarr as it is, for comparison.

Some tests say in as many words that zarr's default is its own codec. They are expected to fail,
each for a reason that is given below, and it is an error if one of them passes.

The module is the plugin of pytest, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import zarr.core.array

from compress.integrations.settings import check_dtype
from compress.integrations.zarr import FourierCompressCodec

__all__ = ["main", "pytest_collection_modifyitems", "pytest_configure"]

ROOT = Path(__file__).resolve().parents[1]
# Seconds after which a test is stalled.
_STALLED = 60


# Tests, or parts of their parameters, and why they cannot pass with another default.
_NAMED = "expects the name of zarr's own default codec"
_REASONS = {
    "TestInfo::test_info_v3": _NAMED,
    "TestInfo::test_info_v3_async": _NAMED,
    "TestInfo::test_info_complete": _NAMED,
    "TestInfo::test_info_complete_async": _NAMED,
    "test_array.py::test_roundtrip_numcodecs": _NAMED,
    "test_group.py::test_group_child_iterators[local-zarr3-True]": _NAMED,
    "test_group.py::test_group_child_iterators[memory-zarr3-True]": _NAMED,
    "test_group.py::test_group_child_iterators[zip-zarr3-True]": _NAMED,
    "TestConsolidated::test_consolidated": _NAMED,
    "TestConsolidated::test_consolidated_sync": _NAMED,
    "test_sharding.py::test_delete_empty_shards": "expects a shard as long as its samples",
    "test_numcodecs.py::test_generic_compressor[Shuffle]": (
        "shuffles what the serializer returns, which must be a multiple of the samples' size"
    ),
}


def pytest_configure(config: Any) -> None:
    """Put the codec in the place of zarr's default."""
    del config
    level = int(os.environ.get("LEVEL", "1"))
    zarrs = zarr.core.array.default_serializer_v3

    def ours(dtype: Any) -> Any:
        try:
            check_dtype(dtype.to_native_dtype())
        except TypeError:
            return zarrs(dtype)
        return FourierCompressCodec(level=level)

    if level:
        zarr.core.array.default_serializer_v3 = ours


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that cannot pass."""
    if not int(os.environ.get("LEVEL", "1")):
        return
    for item in items:
        for name, reason in _REASONS.items():
            if item.nodeid.endswith(name) or f"{name}[" in item.nodeid:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def main(arguments: list[str]) -> int:
    """Run the tests of a checkout; returns pytest's exit status."""
    checkout = Path(arguments[0]).resolve()
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "-p", "benchmarks.zarr_suite", f"--timeout={_STALLED}", *(arguments[1:] or ["tests"]),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        # Processes that tests start find the codec by its name, as if it were installed.
        record = Path(folder, "fourier_compress-0.dist-info")
        record.mkdir()
        metadata = "Metadata-Version: 2.1\nName: fourier-compress\nVersion: 0\n"
        (record / "METADATA").write_text(metadata)
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        points = project["entry-points"]["zarr.codecs"].items()
        lines = ["[zarr.codecs]", *(f"{name} = {target}" for name, target in points)]
        (record / "entry_points.txt").write_text("\n".join(lines) + "\n")
        path = os.pathsep.join([str(ROOT), folder, os.environ.get("PYTHONPATH", "")])
        return subprocess.run(  # noqa: S603 - what the caller names
            command, cwd=checkout, env={**os.environ, "PYTHONPATH": path}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
