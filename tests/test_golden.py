"""Golden streams: what was written once is read for ever, compiled or interpreted.

A failure here means that the stream format or a decoder changed. If that was meant, run
``python -m tests.golden_arrays`` and say so in CHANGELOG.md; if not, the change is wrong.
"""

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compress
from compress.prediction.registry import MODELS
from tests.golden_arrays import FOLDER, golden
from tests.strategies import same

GOLDEN = golden()
# Transcendental functions, and sums of floats in an order of numpy's choice.
_INEXACT = (
    "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "arcsin",
    "arccos", "arctan", "arctan2", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh",
    "arctanh", "atanh", "erf", "erfc", "gamma", "lgamma", "power", "float_power", "pow", "cbrt",
    "hypot", "logaddexp", "fsum", "mean", "median", "quantile", "var", "std", "dot", "vdot",
    "inner", "einsum", "matmul",
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_stream_decodes(name: str) -> None:
    """The committed stream gives the array (within the bound where one was set)."""
    _check(name)


def test_no_stream_is_left_over() -> None:
    """Folder and list agree, so no stream is committed that nothing checks."""
    assert {path.stem for path in FOLDER.glob("*.fdz")} == set(GOLDEN)


def test_every_plane_model_has_a_golden_stream() -> None:
    """No plane model can change its format unseen."""
    plans = [
        chunk.plan
        for path in FOLDER.glob("*.fdz")
        for chunk in compress.inspect(path.read_bytes()).chunks
    ]
    found = {name for plan in plans for name in re.findall(r"\w+(?=\()", str(plan))}
    assert {model.NAME for model in MODELS.values()} <= found


def test_golden_streams_decode_without_the_compiler() -> None:
    """The same streams, every kernel run as plain Python: the same arrays bit for bit.

    No function of a mathematical library, whose last bit differs from one to another, is called.
    """
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-m", "tests.test_golden"]
    root = Path(__file__).parent.parent
    result = subprocess.run(
        command, env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert f"{len(GOLDEN)} streams decoded" in result.stdout


def _check(name: str) -> None:
    array, arguments = GOLDEN[name]
    back = compress.decompress((FOLDER / f"{name}.fdz").read_bytes(), threads=1)
    if "max_error" not in arguments:
        assert same(array, back), name
        return
    _within(array, back, arguments["max_error"])


def _most(numbers: np.ndarray[Any, Any], bound: float | compress.ErrorBound) -> Any:
    """Say what numbers may be off by."""
    if not isinstance(bound, compress.ErrorBound):
        return bound
    if bound.kind == "pointwise_relative":
        return bound.value * np.abs(numbers)
    if bound.kind == "significant_digits":
        decades = [len(str(int(one))) if one >= 1 else 0 for one in np.abs(numbers).tolist()]
        return 0.5 * 10.0 ** (np.array(decades) - bound.value) * (1 + 1e-12)
    return (numbers.max() - numbers.min()) * 3**0.5 / 10 ** (bound.value / 20)


def _within(
    array: np.ndarray[Any, Any], back: np.ndarray[Any, Any], bound: float | compress.ErrorBound
) -> None:
    assert (array.dtype, array.shape) == (back.dtype, back.shape)
    finite = np.isfinite(array)
    off = array[finite].astype(np.float64) - back[finite].astype(np.float64)
    assert np.all(np.abs(off) <= _most(array[finite].astype(np.float64), bound))
    assert array[~finite].tobytes() == back[~finite].tobytes()


def _forbid() -> None:
    """Let every function that libraries do not all round alike raise."""

    def raise_(*_: object, **__: object) -> Any:
        raise AssertionError("a decoder calls a function that differs between machines")

    for module in (np, math):
        for name in _INEXACT:
            if hasattr(module, name):
                setattr(module, name, raise_)
    np.linalg.solve = np.linalg.lstsq = raise_


if __name__ == "__main__":
    _forbid()
    for golden_name in GOLDEN:
        _check(golden_name)
    print(f"{len(GOLDEN)} streams decoded")  # noqa: T201 - read by the test above
