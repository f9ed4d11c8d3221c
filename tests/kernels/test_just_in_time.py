"""Kernels that numba compiles work wherever the package can be read.

What numba keeps for the next process may be damaged, and may not be writable at all; each costs a
compilation and nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# One small kernel: what it gives, and how many came from what was kept.
CODE = """
import numpy as np
from compress.coders import bits, pack_bits
words = pack_bits(np.arange(100, dtype=np.uint64), 7)
print(words.hex()[:32], sum(getattr(bits._pack, 'stats').cache_hits.values()))
"""


def _run(before: str = "", path: Path = ROOT, **changes: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(path), "COMPRESS_KERNELS": "jit", **changes}
    environment.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", before + CODE],
        env=environment, cwd=path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.split()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _overwrite(file: Path) -> None:
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 16] = b"\xa5" * 16
    file.write_bytes(data)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Machine code that a process left, and what its kernel gives."""
    cache = tmp_path_factory.mktemp("kept")
    answer, hits = _run(NUMBA_CACHE_DIR=str(cache))
    assert hits == "0"
    assert _run(NUMBA_CACHE_DIR=str(cache)) == [answer, "1"]
    return cache, answer


@pytest.mark.parametrize("damage", [_cut, _empty, _overwrite])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_machine_code_is_compiled_again(
    damage: Callable[[Path], None], kind: str, kept: tuple[Path, str], tmp_path: Path
) -> None:
    """And what is compiled takes its place."""
    sound, answer = kept
    cache = str(shutil.copytree(sound, tmp_path / "cache"))
    files = list(tmp_path.rglob(f"*.{kind}"))
    assert files
    for file in files:
        damage(file)
    assert _run(NUMBA_CACHE_DIR=cache) == [answer, "0"]
    assert _run(NUMBA_CACHE_DIR=cache) == [answer, "1"]


def test_a_full_disk_costs_a_compilation_only(kept: tuple[Path, str], tmp_path: Path) -> None:
    """No file can grow: nothing is kept, everything works."""
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    answer = kept[1]
    assert _run(full, NUMBA_CACHE_DIR=str(tmp_path / "full")) == [answer, "0"]


def test_a_place_that_cannot_be_written_costs_a_compilation_only(tmp_path: Path) -> None:
    """Neither beside the sources, nor in a home directory, nor where the environment says."""
    ignored = shutil.ignore_patterns("__pycache__", "_native*", "native.json")
    shutil.copytree(ROOT / "compress", tmp_path / "compress", ignore=ignored)
    # A file where a directory would have to be made: a hindrance for every user, root too.
    for folder in [path.parent for path in (tmp_path / "compress").rglob("*.py")]:
        (folder / "__pycache__").touch()
    nowhere = {"HOME": os.devnull, "XDG_CACHE_HOME": f"{os.devnull}/cache"}
    answer, hits = _run(path=tmp_path, PYTHONDONTWRITEBYTECODE="1", **nowhere)
    assert hits == "0"
    again = _run(
        path=tmp_path, PYTHONDONTWRITEBYTECODE="1", NUMBA_CACHE_DIR=f"{os.devnull}/x", **nowhere
    )
    assert again == [answer, "0"]
