"""Kernels are compiled anew when a module that they depend on changes, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

# Prints the marks of all kernels of the modules that are named, loaded in that order.
MARKS = """
import importlib, sys
found = {}
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for key, value in vars(module).items():
        file = getattr(getattr(value, "_cache", None), "_cache_file", None)
        if file is not None and value.py_func.__module__ == name:
            found[name, key] = file._source_stamp[1]
print(sorted(found.items()))
"""


def _python(*arguments: str, path: Path = ROOT, cache: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}
    environment["COMPRESS_KERNELS"] = "jit"
    environment.pop("NUMBA_DISABLE_JIT", None)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_change_of_an_imported_module_reaches_the_compiled_kernels(tmp_path: Path) -> None:
    """A constant two imports away is compiled into a kernel, which changes with it."""
    package = tmp_path / "sample"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "far.py").write_text("NUMBER = 1\n")
    (package / "near.py").write_text("from sample.far import NUMBER\nTWICE = 2 * NUMBER\n")
    (package / "code.py").write_text(
        "from compress.kernels import kernel\nfrom sample.near import TWICE\n"
        "@kernel()\ndef add(x):\n    return x + TWICE\n"
    )
    run = "from sample.code import add; print(add(0), sum(add.stats.cache_hits.values()))"
    cache = tmp_path / "cache"
    assert _python("-c", run, path=tmp_path, cache=cache) == "2 0"
    assert _python("-c", run, path=tmp_path, cache=cache) == "2 1"
    (package / "far.py").write_text("NUMBER = 2\n")
    assert _python("-c", run, path=tmp_path, cache=cache) == "4 0"


def test_the_mark_of_a_kernel_does_not_depend_on_the_order_of_imports() -> None:
    """Or programs that load the package in different ways would throw out each other's code."""
    modules = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "compress").rglob("*.py")
        if "@kernel(" in path.read_text()
    )
    assert len(modules) > 10
    assert _python("-c", MARKS, *modules) == _python("-c", MARKS, *reversed(modules))


def test_compiled_kernels_are_found_where_numba_keeps_them(tmp_path: Path) -> None:
    """Also where that is not beside the sources, as in an installation that is read-only."""
    run = (
        "import numpy as np; from compress.kernels import are_compiled;"
        "from compress.coders import pack_bits; before = are_compiled();"
        "pack_bits(np.arange(9, dtype=np.uint64), 4); print(before, are_compiled())"
    )
    cache = tmp_path / "cache"
    assert _python("-c", run, cache=cache) == "False True"
    assert _python("-c", run, cache=cache) == "True True"
