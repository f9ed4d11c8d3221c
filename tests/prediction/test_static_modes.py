"""The static model makes and reads the same bytes whether its kernels are compiled or not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np

from compress.errors import CorruptError
from compress.prediction import static
from compress.tables import HistogramTable


def lines() -> list[str]:
    """Digests of planes of all types, coded in pairs and not, and of what damage makes of them."""
    rng = np.random.default_rng(0)
    found = []
    for n, scale, axes, paired in (
        (n, scale, axes, paired)
        for n in (5, 4200, 8300)
        for scale in (30, 3000, 1 << 36)
        for axes in (0, 1)
        for paired in (0, 1)
    ):
        residual = np.rint(rng.normal(0, scale, n)).astype(np.int64)
        residual[::500] = 50 * scale
        plane = np.cumsum(residual) if axes else residual
        low_bits = max(0, scale.bit_length() - 3)
        tokens = np.clip((residual >> low_bits) + 20, 0, 40)
        table = HistogramTable(-20, tuple((1 + np.bincount(tokens, minlength=41)).tolist()), 3)
        parameters = (axes, low_bits, paired, *table.to_integers())
        data = static.encode(plane, parameters)
        back = static.decode(memoryview(data), (n,), parameters)
        assert np.array_equal(back, plane)
        damaged = bytearray(data)
        damaged[9 + len(data) // 3] ^= 77
        try:
            outcome = static.decode(memoryview(bytes(damaged)), (n,), parameters).tobytes()
        except CorruptError as error:
            outcome = str(error).encode()
        found.append(hashlib.sha256(data + back.tobytes() + outcome).hexdigest())
    return found


def test_compiled_and_interpreted_kernels_agree() -> None:
    """Whole streams and damaged ones, with every warning an error."""
    code = "from tests.prediction.test_static_modes import lines; print(*lines())"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "error"}
    environment.pop("COMPRESS_KERNELS", None)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == lines()
