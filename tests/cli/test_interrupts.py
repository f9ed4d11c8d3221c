"""Signals: the process ends at once, says so, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

# A kernel that does not return: the work hangs in one call that holds no lock of the interpreter.
PROGRAM = """
import sys, time
import compress
compress.compress = lambda *a, **k: time.sleep(600)
compress.recover = lambda _, target, **k: (open(target + ".partial", "w"), time.sleep(600))
from compress.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("name", "status", "words", "command"),
    [
        ("SIGINT", 130, "interrupted", ["-f", "a.npy"]),
        ("SIGTERM", 143, "terminated", ["recover", "a.npy.fdz"]),
        ("SIGHUP", 129, "", ["compress", "-f", "a.npy"]),
    ],
)
def test_a_signal_leaves_nothing_behind(
    name: str, status: int, words: str, command: list[str], tmp_path: Path
) -> None:
    """In the middle of a call that would take ten minutes; the earlier output stays."""
    np.save(tmp_path / "a.npy", np.arange(10))
    (tmp_path / "a.npy.fdz").write_bytes(b"earlier")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *command], cwd=tmp_path, stderr=subprocess.PIPE
    )
    while len(list(tmp_path.iterdir())) == 2 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(getattr(signal, name))
    _, printed = process.communicate(timeout=60)
    assert process.returncode == status, printed
    assert words in printed.decode()
    assert b"Traceback" not in printed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npy", "a.npy.fdz"]
    assert (tmp_path / "a.npy.fdz").read_bytes() == b"earlier"
