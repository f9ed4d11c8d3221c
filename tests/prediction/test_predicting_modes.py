"""Models that predict make of any bytes the same whether their kernels are compiled or not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np

from compress.errors import CorruptError
from compress.prediction import linear, wavefront
from compress.prediction.model import Parameters, Plane, PlaneModel


def _outcomes(model: PlaneModel, plane: Plane, parameters: Parameters) -> bytes:
    """Give what is coded, and what damage to it makes of the plane."""
    data = model.encode(plane, parameters)
    found = [data]
    for place in range(3, 60, 5):
        damaged = bytearray(data)
        damaged[place % len(data)] ^= 1 << place % 8
        try:
            back = model.decode(memoryview(bytes(damaged)), plane.shape, parameters)
            found.append(back.astype(np.int64).tobytes())
        except CorruptError as error:
            found.append(str(error).encode())
    return b"".join(found)


def lines() -> list[str]:
    """Digests of smooth planes and of rough ones, near the ends of what they are kept in."""
    rng = np.random.default_rng(0)
    found = []
    for bits in (2, 28, 36):
        smooth = rng.integers(-3, 4, (18, 16)).cumsum(0).cumsum(1)
        rough = rng.integers(0, 1 << bits, smooth.shape)
        # Samples that are listed, which damage makes larger.
        peaks = smooth.copy()
        peaks.reshape(-1)[::50] = 1 << bits + 1
        for plane in (smooth + (rough >> 3), rough, peaks):
            parameters = wavefront.propose(plane, 3)
            assert parameters is not None
            found.append(_outcomes(wavefront, plane, parameters))
            # And with residuals of neighbours in the location.
            fed = (*parameters[:3], 4, *parameters[4:16], 70, -128, 128, *parameters[16:])
            assert parameters[:4] == (2, 0, 1, 1)
            found.append(_outcomes(wavefront, plane, fed))
            signal = plane.reshape(-1)
            parameters = linear.propose(signal, 3)
            assert parameters is not None
            found.append(_outcomes(linear, signal, parameters))
    return [hashlib.sha256(outcome).hexdigest() for outcome in found]


def test_compiled_and_interpreted_kernels_agree() -> None:
    """Whole streams and damaged ones, where samples wrap in what they are kept in."""
    code = "from tests.prediction.test_predicting_modes import lines; print(*lines())"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    environment.pop("COMPRESS_KERNELS", None)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == lines()
