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
from pathlib import Path
from typing import Any

from llvmlite.binding import get_host_cpu_features

from compress.kernels.native import DESCRIPTION, ROOT
from compress.kernels.sources import digest_of

__all__ = ["SUFFIX", "make"]

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
    if not force and (known := _current(out)):
        _say(verbose, "the machine code there belongs to these sources")
        return known
    description = out / DESCRIPTION.name
    for old in [*out.glob(f"_native*{SUFFIX}"), description]:
        old.unlink(missing_ok=True)
    began = time.perf_counter()
    baselines = _baselines()
    with tempfile.TemporaryDirectory() as scratch:
        directories = [Path(scratch) / baseline for baseline in baselines]
        running = [_start(directory, out, verbose=verbose) for directory in directories]
        statuses = [process.wait() for process in running]
        if any(statuses):
            print(  # noqa: T201 (what a user must know)
                "no machine code was built: kernels will be compiled when first called",
                file=sys.stderr,
            )
            return []
        parts = [json.loads((directory / "part.json").read_text()) for directory in directories]
    whole: dict[str, Any] = {**parts[0], "variants": [part.pop("variant") for part in parts]}
    whole.pop("variant", None)
    description.write_text(json.dumps(whole, indent=1) + "\n")
    seconds = time.perf_counter() - began
    _say(verbose, f"machine code for {', '.join(baselines)} in {seconds:.0f} s")
    return _current(out)


def _baselines() -> list[str]:
    """Choose what to compile for: all that is asked for, or the best that this processor runs."""
    known = _BASELINES.get(platform.machine(), {})
    if asked := os.environ.get("COMPRESS_BASELINES", ""):
        return ([*known] or ["generic"]) if asked == "all" else asked.split(",")
    has = get_host_cpu_features()
    return [name for name, needs in known.items() if all(has.get(need) for need in needs)][:1] or [
        "generic"
    ]


def _current(out: Path) -> list[Path]:
    """List the files of a build that belongs to these sources, or none."""
    description = out / DESCRIPTION.name
    try:
        known = json.loads(description.read_text())
        sources = [(ROOT / name).read_bytes() for name in known["sources"]]
        files = [out / variant["file"] for variant in known["variants"]]
        digests = [digest_of([file.read_bytes()]) for file in files]
        noted = [variant["digest"] for variant in known["variants"]]
        fits = digest_of(sources) == known["digest"] and digests == noted
        return [*files, description] if fits and known["machine"] == platform.machine() else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _start(directory: Path, out: Path, *, verbose: bool) -> subprocess.Popen[bytes]:
    """Compile a variant in a process of its own: numba is told its processor when it is loaded."""
    (directory / "numba").mkdir(parents=True)
    environment = {
        **os.environ,
        "COMPRESS_KERNELS": "jit",
        "NUMBA_CACHE_DIR": str(directory / "numba"),
        "NUMBA_CPU_NAME": directory.name,
        "NUMBA_CPU_FEATURES": "",
        "PYTHONPATH": os.pathsep.join([str(ROOT.parent), os.environ.get("PYTHONPATH", "")]),
    }
    for name in ("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK", "NUMBA_DEBUGINFO"):
        environment.pop(name, None)
    arguments = ["-m", "compress.build.variant", directory.name, str(directory), str(out)]
    command = [sys.executable, *arguments, *(["-v"] if verbose else [])]
    return subprocess.Popen(command, env=environment)  # noqa: S603 (this interpreter)


def _say(verbose: bool, text: str) -> None:
    if verbose:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 (the build's progress)
