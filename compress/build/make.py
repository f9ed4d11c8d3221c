"""The extension modules for this machine, or for all of this platform, and their description.

What is built is for the best processor that this machine runs code for. Wheels for others are built
with ``COMPRESS_BASELINES=all``; the best variant is then chosen when it is loaded.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llvmlite.binding import get_host_cpu_features

from compress.kernels.native import DESCRIPTION, ROOT
from compress.kernels.sources import digest_of

__all__ = ["SUFFIX", "make", "tools_digest"]

# What LLVM compiles for, the best first, and what a processor must have for it.
_X86 = {"x86-64-v3": ("avx2", "bmi2", "fma"), "x86-64-v2": ("sse4.2", "popcnt")}
_BASELINES: dict[str, dict[str, tuple[str, ...]]] = {"x86_64": _X86, "AMD64": _X86}
# The name that a module of the stable interface ends with.
SUFFIX = ".pyd" if sys.platform == "win32" else ".abi3.so"


def make(
    out: Path = DESCRIPTION.parent, *, verbose: bool = True, force: bool = False
) -> list[Path]:
    """Build the kernels, and say so where that is not possible.

    Parameters
    ----------
    out : Path, optional
        Directory of the extension modules and their description; beside `compress.kernels`.
    verbose : bool, optional
        Print progress.
    force : bool, optional
        Also where what is there belongs to these sources.

    Returns
    -------
    list of Path
        The files; none if kernels will be compiled just in time.
    """
    baselines = _baselines()
    if not force and (known := _current(out, baselines)):
        _say(verbose, "the machine code there belongs to these sources")
        return known
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        directories = [Path(scratch) / baseline for baseline in baselines]
        running = [_start(directory, verbose=verbose) for directory in directories]
        statuses = [process.wait() for process in running]
        if any(statuses):
            print(  # noqa: T201 (what a user must know)
                "no machine code was built: kernels will be compiled when first called",
                file=sys.stderr,
            )
            return []
        parts = [json.loads((directory / "part.json").read_text()) for directory in directories]
        variants = [part.pop("variant") for part in parts]
        for directory, variant in zip(directories, variants, strict=True):
            _place((directory / variant["file"]).read_bytes(), out / variant["file"])
    whole: dict[str, Any] = {**parts[0], "variants": variants}
    _place((json.dumps(whole, indent=1) + "\n").encode(), out / DESCRIPTION.name)
    for old in out.glob(f"_native*{SUFFIX}"):
        if old.name not in [variant["file"] for variant in variants]:
            old.unlink(missing_ok=True)
    seconds = time.perf_counter() - began
    _say(verbose, f"machine code for {', '.join(baselines)} in {seconds:.0f} s")
    return _current(out, baselines)


def tools_digest() -> str:
    """Return the digest of all that turns kernels into machine code, beside numba."""
    names = ("emit.py", "link.py", "signatures.py", "variant.py", "glue.c", "stable.h")
    return digest_of((Path(__file__).parent / name).read_bytes() for name in names)


def _place(data: bytes, path: Path) -> None:
    """Write a file at once, so that no process meets a part of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)


def _baselines() -> list[str]:
    """Choose what to compile for: all that is asked for, or the best that this processor runs."""
    known = _BASELINES.get(platform.machine(), {})
    if asked := os.environ.get("COMPRESS_BASELINES", ""):
        wanted = ([*known] or ["generic"]) if asked == "all" else asked.split(",")
        if unknown := {*wanted} - {*known, "generic"}:
            raise ValueError(f"COMPRESS_BASELINES names {unknown}; there are {[*known]}")
        return wanted
    has = get_host_cpu_features()
    return [name for name, needs in known.items() if all(has.get(need) for need in needs)][:1] or [
        "generic"
    ]


def _current(out: Path, baselines: list[str]) -> list[Path]:
    """List the files of a build that this one would make again, or none."""
    description = out / DESCRIPTION.name
    try:
        known = json.loads(description.read_text())
        sources = [(ROOT / name).read_bytes() for name in known["sources"]]
        files = [out / variant["file"] for variant in known["variants"]]
        digests = [digest_of([file.read_bytes()]) for file in files]
        noted = [variant["digest"] for variant in known["variants"]]
        same = (
            (digest_of(sources), known["digest"]),
            (digests, noted),
            (platform.machine(), known["machine"]),
            (tools_digest(), known["tools"]),
            (version("numba"), known["numba"]),
            (baselines, [variant["baseline"] for variant in known["variants"]]),
        )
        return [*files, description] if all(ours == theirs for ours, theirs in same) else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _start(directory: Path, *, verbose: bool) -> subprocess.Popen[bytes]:
    """Compile a variant in a process of its own: numba is told its processor when it is loaded."""
    (directory / "numba").mkdir(parents=True)
    environment = {
        # No setting of numba's is for machine code that stays.
        **{name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")},
        "COMPRESS_KERNELS": "jit",
        "NUMBA_CACHE_DIR": str(directory / "numba"),
        "NUMBA_CPU_NAME": directory.name,
        "NUMBA_CPU_FEATURES": "",
        "PYTHONPATH": os.pathsep.join([str(ROOT.parent), os.environ.get("PYTHONPATH", "")]),
    }
    arguments = ["-m", "compress.build.variant", directory.name, str(directory)]
    command = [sys.executable, *arguments, *(["-v"] if verbose else [])]
    return subprocess.Popen(command, env=environment)  # noqa: S603 (this interpreter)


def _say(verbose: bool, text: str) -> None:
    if verbose:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 (the build's progress)
