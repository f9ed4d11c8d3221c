"""What a fresh process waits for: ``python -m benchmarks.startup [--install]``.

Every row is a process of its own, timed from outside; medians. The processes find their modules
compiled, as in an installation. With ``--install``, the package is
first installed into a new virtual environment, and the very first call there is timed as well, with
the processor time that the installation takes beyond that of its dependencies.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import arrays

_ROUNDS = 7
_ROOT = Path(__file__).parent.parent
_IMPORT = "import compress, sys; compress.compress; assert 'numba' not in sys.modules"
_BOTH_WAYS = """
import sys
import numpy as np
import compress
image = np.load(sys.argv[1])
data = compress.compress(image, level=int(sys.argv[2]))
assert (compress.decompress(data) == image).all()
"""
_LEVELS = {1: 0.35, 3: 0.45, 5: 0.65}
_IMPORT_BAR, _COMMAND_BAR, _SIGNAL_BAR, _INSTALL_BAR = 0.25, 0.6, 0.5, 60.0
# The status of a process that Ctrl-C ended.
_INTERRUPTED = 130


def _seconds(command: list[str], folder: Path) -> float:
    ignored = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    environment = {key: value for key, value in os.environ.items() if key not in ignored}
    begin = time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, env=environment, capture_output=True)  # noqa: S603 (ours)
    return time.perf_counter() - begin


def _median(command: list[str], folder: Path) -> float:
    return median(_seconds(command, folder) for _ in range(_ROUNDS))


def _rows(python: str, folder: Path, image: Path, *, first: bool) -> list[tuple[str, float, float]]:
    """Time everything with one interpreter; only once each, if it is the first time."""
    timed = _seconds if first else _median
    kind = "the very first" if first else "a fresh process"
    rows = (
        [] if first else [("import compress", timed([python, "-c", _IMPORT], folder), _IMPORT_BAR)]
    )
    for level, bar in _LEVELS.items():
        command = [python, "-c", _BOTH_WAYS, str(image), str(level)]
        rows.append((f"camera both ways, level {level}, {kind}", timed(command, folder), bar))
    return rows


def _commands(python: str, folder: Path, image: Path) -> list[tuple[str, float, float]]:
    fdz = str(Path(python).parent / "fdz")
    packed, back = folder / "camera.fdz", folder / "back.npy"
    compress = [fdz, "-f", str(image), "-o", str(packed)]
    decompress = [fdz, "-df", str(packed), "-o", str(back)]
    return [
        ("fdz", _median(compress, folder), _COMMAND_BAR),
        ("fdz -d", _median(decompress, folder), _COMMAND_BAR),
        ("fdz -9, interrupted", _interrupted([fdz, "-9f", str(image)], folder), _SIGNAL_BAR),
    ]


def _interrupted(command: list[str], folder: Path) -> float:
    """Return the median of the seconds from Ctrl-C in the middle of the work to the end."""
    took = []
    for _ in range(_ROUNDS):
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE) as process:  # noqa: S603 (ours)
            while not list(folder.glob(".fdz-*")) and process.poll() is None:
                time.sleep(0.01)
            # Far into a kernel that does not return for seconds.
            time.sleep(0.5)
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            process.communicate()
            took.append(time.perf_counter() - began)
        assert process.returncode == _INTERRUPTED, process.returncode
        assert not list(folder.glob(".fdz-*"))
    return median(took)


def _install(folder: Path) -> tuple[str, float]:
    """Install the package into a new environment; the processor time of that alone."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)  # noqa: S603 (ours)
    python = str(folder / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet"]

    def spent(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*pip, *arguments], check=True, capture_output=True)  # noqa: S603 (ours)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    spent("numpy", "numba", "constriction")
    return python, spent("--no-deps", str(_ROOT))


def main() -> int:
    """Print the table."""
    table = Table("what", "seconds", "bar")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        image = folder / "camera.npy"
        np.save(image, arrays.load("camera"))
        rows: list[tuple[str, float, float]] = []
        python = sys.executable
        if "--install" in sys.argv[1:]:
            python, took = _install(folder)
            rows.append(("pip install, processor time", took, _INSTALL_BAR))
            rows += _rows(python, folder, image, first=True)
        rows += _rows(python, folder, image, first=False)
        if python == sys.executable:
            rows += _commands(python, folder, image)
    for what, seconds, bar in rows:
        table.add_row(what, f"{seconds:.2f}", f"{bar:.2f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
