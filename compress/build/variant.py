"""One variant of the extension module, in a process where numba compiles for one processor."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import numba

from compress.build.emit import emit_all
from compress.build.link import NoLinkerError, find_linker, link
from compress.build.make import SUFFIX, tools_digest
from compress.kernels.native import ROOT, load_module
from compress.kernels.registry import KERNELS
from compress.kernels.sources import digest_of, reach


def main(baseline: str, directory: Path, *, verbose: bool) -> int:
    """Compile and link all kernels for a processor, and describe the result.

    Parameters
    ----------
    baseline : str
        The processor, in LLVM's words.
    directory : Path
        For the extension module, its description (``part.json``) and what is needed on the way.
    verbose : bool
        Print a line for each kernel.

    Returns
    -------
    int
        0, or 1 where there is no compiler for C, or what it makes cannot be loaded.
    """

    def report(name: str) -> None:
        if verbose:
            print(f"{baseline}: {name}", file=sys.stderr, flush=True)  # noqa: T201

    module = directory / ("_native_" + baseline.replace("-", "_") + SUFFIX)
    try:
        linker = find_linker()
        link(directory, emit_all(directory, baseline, report), baseline, module, linker)
        # Whatever it may still miss shows when it is loaded.
        load_module(module)
    except (NoLinkerError, ImportError) as error:
        print(f"{baseline}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    modules = {made.function.__module__ for made in KERNELS.values()}
    needed = {name for module_name in modules for name in reach(module_name)}
    files = sorted(str(Path(str(sys.modules[name].__file__)).relative_to(ROOT)) for name in needed)
    described = {
        "sources": files,
        "digest": digest_of([(ROOT / name).read_bytes() for name in files]),
        "machine": platform.machine(),
        "numba": numba.__version__,
        "tools": tools_digest(),
        "linker": "ziglang" if "ziglang" in linker else Path(linker[0]).name,
        "variant": {
            "file": module.name,
            "baseline": baseline,
            "digest": digest_of([module.read_bytes()]),
        },
    }
    (directory / "part.json").write_text(json.dumps(described))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), verbose="-v" in sys.argv))
