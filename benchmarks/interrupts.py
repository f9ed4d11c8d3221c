"""How long an interrupt takes: ``python -m benchmarks.interrupts [LEVEL ...]``.

A process codes or decodes a large float32 grid and is sent SIGINT while it does; printed are the
seconds until KeyboardInterrupt is caught, and until the process has ended, after several delays.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.table import Table

from benchmarks.console import OUT

__all__ = ["main"]

_CODE = """
import sys, time
import numpy as np
import compress
level, threads, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(0)
array = rng.normal(size=(2048, 2048)).cumsum(0).cumsum(1).astype(np.float32)
if path:
    data = open(path, "rb").read()
print("begun", flush=True)
try:
    if path:
        compress.decompress(data, threads=threads)
    else:
        compress.compress(array, level=level, threads=threads)
except KeyboardInterrupt:
    print(time.time(), flush=True)
"""


def _seconds(level: int, threads: int, path: str, delay: float) -> tuple[float, float]:
    """Interrupt a process; give the seconds until it knows, and until it has ended."""
    command = [sys.executable, "-c", _CODE, str(level), str(threads), path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        begin = time.time()
        os.kill(process.pid, signal.SIGINT)
        caught = process.stdout.readline()
        process.wait()
        ended = time.time()
    return (float(caught) - begin if caught else float("nan")), ended - begin


def main(levels: list[int]) -> None:
    """Print the table."""
    table = Table("work", "level", "threads", "after s", "KeyboardInterrupt s", "end of process s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grid.fdz"
        make = (
            "import numpy as np, compress, sys\n"
            "rng = np.random.default_rng(0)\n"
            "a = rng.normal(size=(1024, 1024)).cumsum(0).cumsum(1).astype(np.float32)\n"
            "open(sys.argv[1], 'wb').write(compress.compress(a, level=6, threads=1))\n"
        )
        subprocess.run([sys.executable, "-c", make, str(path)], check=True)  # noqa: S603
        for level in levels:
            for threads in (1, 2):
                for delay in (2.0, 8.0):
                    known, ended = _seconds(level, threads, "", delay)
                    words = "compress", level, threads, delay, f"{known:.2f}", f"{ended:.2f}"
                    table.add_row(*map(str, words))
        for delay in (0.5, 1.5):
            known, ended = _seconds(6, 1, str(path), delay)
            table.add_row(*map(str, ("decompress", 6, 1, delay, f"{known:.2f}", f"{ended:.2f}")))
    OUT.print(table)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [8])
