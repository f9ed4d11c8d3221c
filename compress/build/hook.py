"""Hatchling's hook: machine code in wheels and editable installations, where it can be built."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MAKE = """
import json, sys
from pathlib import Path
from compress.build.make import make
files = make(*map(Path, sys.argv[1:]))
print(json.dumps([str(file) for file in files]))
"""


class KernelsHook(BuildHookInterface[Any]):
    """Compiles the kernels before the files of a wheel are gathered."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for a C compiler from the package index where the machine has none."""
        compilers = [os.environ.get("CC", "").split(" ")[0], "cc", "gcc", "clang"]
        return [] if any(name and shutil.which(name) for name in compilers) else ["ziglang>=0.13"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the kernels; without success, the wheel is one of sources alone."""
        if self.target_name != "wheel":
            return
        if sysconfig.get_config_var("Py_GIL_DISABLED") or sys.implementation.name != "cpython":
            self.app.display_warning("machine code is built for CPython with the global lock only")
            return
        if importlib.util.find_spec("numba") is None:
            self.app.display_warning("numba is missing: no machine code is built")
            return
        in_place = version == "editable"
        self._scratch = tempfile.TemporaryDirectory()
        files = self._make([] if in_place else [self._scratch.name])
        if not files:
            return
        build_data["pure_python"] = False
        system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{system}"
        if not in_place:
            for file in files:
                build_data["force_include"][file] = f"compress/kernels/{Path(file).name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was built on the way."""
        del version, build_data, artifact_path
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()

    def _make(self, out: list[str]) -> list[str]:
        # Build frontends may say there where the build's own requirements lie.
        path = os.pathsep.join(filter(None, [self.root, os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(  # noqa: S603 (this interpreter)
            [sys.executable, "-c", _MAKE, *out],
            cwd=self.root, env=environment, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            self.app.display_warning("building the kernels failed: no machine code is built")
            return []
        return [str(file) for file in json.loads(done.stdout.splitlines()[-1])]
