"""Hypothesis strategies: arrays of every dtype, shape and layout of the contract."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

__all__ = ["DTYPES", "arrays", "same"]

_UNITS = ["Y", "M", "D", "h", "s", "ms", "us", "ns"]
_PLAIN = [
    np.dtype(order + code)
    for code in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
    for order in "<>"
] + [np.dtype(order + code) for code in ("f2", "f4", "f8", "c8", "c16") for order in "<>"]
_TIMES = [
    np.dtype(f"{order}{code}[{unit}]") for code in ("M8", "m8") for unit in _UNITS for order in "<>"
]
_SMALL = [np.dtype(t) for t in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)]
_STRUCTURED = [
    np.dtype([("a", "<i2"), ("b", ">f8")]),
    np.dtype([("rgb", "u1", (3,)), ("when", "M8[s]"), ("inner", [("z", "c8"), ("flag", "?")])]),
    np.dtype([("name", "S5"), ("code", ">U2", (2,)), ("value", "f4"), ("raw", "V3")]),
    np.dtype({"names": ["x", "y"], "formats": ["<f4", "<i8"], "offsets": [4, 16], "itemsize": 32}),
]
_STRINGS = [np.dtype(code) for code in ("S1", "S7", "<U3", ">U3", "V4")]
DTYPES = [*_PLAIN, *_TIMES, *_SMALL, *_STRINGS, *_STRUCTURED]


@st.composite
def arrays(draw: st.DrawFn, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
    """Draw an array: any dtype, 0 to 4 dimensions, any bit pattern, any memory layout."""
    if dtype is None:
        dtype = draw(st.sampled_from(DTYPES))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7))
    count = int(np.prod(shape, dtype=np.int64))
    array = _fill(draw, dtype, count).reshape(shape)
    layout = draw(st.sampled_from(["C", "F", "reversed", "strided", "transposed"]))
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "reversed" and array.ndim:
        return array[::-1]
    if layout == "strided" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "transposed":
        return array.T
    return array


def _fill(draw: st.DrawFn, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """Any bits at all, a ramp, one value, or a few values, so that every plan is met."""
    kind = draw(st.sampled_from(["bits", "ramp", "constant", "few"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    base = np.dtype(dtype)
    if base.kind == "b":
        return rng.integers(0, 2, count).astype(base)
    if base.names is not None:
        # Padding bytes carry nothing, so they are zero here as they come back.
        array = np.zeros(count, base)
        for name in base.names:
            field = base[name]
            inner = field.subdtype[0] if field.subdtype else field
            width = int(np.prod(field.shape, dtype=np.int64))
            array[name] = _fill(draw, inner, count * width).reshape((count, *field.shape))
        return array
    if kind == "ramp" and base.kind in "iuf":
        with np.errstate(all="ignore"):
            return (np.arange(count) * draw(st.integers(-3, 9)) + 40).astype(base)
    few = 1 if kind == "constant" else 5 if kind == "few" else max(count, 1)
    bits = np.frombuffer(rng.bytes(few * base.itemsize), base)
    return bits[rng.integers(0, few, count)] if kind != "bits" else bits[:count].copy()


def same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two arrays agree in dtype, byte order, shape and every bit (padding aside)."""
    if a.dtype != b.dtype or a.dtype.str != b.dtype.str or a.shape != b.shape:
        return False
    if a.dtype.names is not None:
        return all(same(a[name], b[name]) for name in a.dtype.names)
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()
