"""The same integers everywhere: golden digests, compiled and interpreted."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.coders.reference import DIGESTS, digests


def test_compiled_kernels_give_the_golden_streams() -> None:
    """Knots, tables and words are those that were recorded."""
    assert digests() == DIGESTS


def test_interpreted_kernels_give_the_golden_streams() -> None:
    """Without the compiler, and with every warning an error, nothing changes."""
    code = "from tests.coders.reference import DIGESTS, digests; assert digests() == DIGESTS"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "error"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
