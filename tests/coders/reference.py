"""What the tables and coders must give on every machine, compiled or not.

``python -m tests.coders.reference`` prints the digests; the tests run it with and without the
compiler. A digest may change only with the version of the stream format.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.coders import Stack, decode, encode, encode_intervals, pack_bits, unpack_bits
from compress.tables import DensityTable, HistogramTable, TableSet
from compress.tables.knots import BASES, base_knots, inverse_scales, sine_knots

__all__ = ["DIGESTS", "digests"]

DIGESTS = {
    "knots of normal": "430ab9da8756f3f1",
    "knots of laplace": "06d7ff8829e25b3c",
    "knots of logistic": "419286cdf43786a6",
    "knots of t1": "d4c177cdbe4e525d",
    "knots of t2": "66ae5f7eb45d2434",
    "knots of t3": "c6734df465be8de1",
    "knots of t4": "021c50aaebd47742",
    "knots of t6": "d4a3e6cad49e50b4",
    "knots of t10": "0da345b370de0c7d",
    "knots": "629c8cc321c83d00",
    "density tables": "81c178faa67afa45",
    "histogram table": "70133e1bfb433a1c",
    "1 lanes, a table a symbol": "e446a56123f87f2f",
    "1 lanes, one table": "cf3bde5207c28558",
    "3 lanes, a table a symbol": "d18b4d71c54099f3",
    "3 lanes, one table": "2b1d6b62e9c6e2de",
    "4 lanes, a table a symbol": "ffa8dfb3992b94a5",
    "4 lanes, one table": "bc021ec77d523d93",
    "intervals": "e896e5f4a0031237",
    "popped from noise": "24b7b0065ea5dc4f",
    "bits": "c831d14930313083",
}


def noise(n: int, bound: int, seed: int) -> NDArray[np.int64]:
    """Integers in 0..bound-1 from a fixed linear congruence, the same with any numpy."""
    out = np.empty(n, np.int64)
    state = seed
    for i in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out[i] = (state >> 33) % bound
    return out


def _digest(*arrays: NDArray[Any]) -> str:
    sums = hashlib.sha256()
    for array in arrays:
        sums.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return sums.hexdigest()[:16]


def digests() -> dict[str, str]:
    """Run every path on small inputs."""
    found = {f"knots of {name}": _digest(base_knots(name)) for name in BASES if name != "uniform"}
    found["knots"] = _digest(sine_knots(), inverse_scales())
    shapes = [
        DensityTable(-60, 121, 0 if name == "t1" else -1, name, 17, 150, (20, -9, 5, 30), 6)
        for name in BASES
        if name != "uniform"
    ]
    shapes.append(DensityTable(-60, 121, 99, "uniform"))
    tables = TableSet.concatenate([shape.build() for shape in shapes])
    found["density tables"] = _digest(tables.cumulative)
    weights = tuple((noise(90, 5, 3) * noise(90, 900, 4)).tolist())
    histogram = HistogramTable(-30, weights, 12, 2).build()
    found["histogram table"] = _digest(histogram.cumulative)

    symbols = noise(700, 121, 5) - 60
    indexes = noise(700, len(tables), 6)
    indexes[indexes == list(BASES).index("t1") - 1] = 0
    symbols[::97] = np.iinfo(np.int64).min + noise(8, 1000, 7)
    symbols[50::97] = noise(7, 1 << 31, 8) << 30
    for lanes in (1, 3, 4):
        words = encode(symbols, tables, indexes, lanes=lanes)
        np.testing.assert_array_equal(decode(words, 700, tables, indexes, lanes=lanes), symbols)
        found[f"{lanes} lanes, a table a symbol"] = _digest(words)
        words = encode(symbols, histogram, lanes=lanes)
        np.testing.assert_array_equal(decode(words, 700, histogram, lanes=lanes), symbols)
        found[f"{lanes} lanes, one table"] = _digest(words)

    masses = 1 + noise(400, (1 << 24) - 1, 9)
    starts = noise(400, 1 << 24, 10) % ((1 << 24) - masses + 1)
    found["intervals"] = _digest(
        encode_intervals(starts.astype(np.uint32), masses.astype(np.uint32))
    )
    stack = Stack((1 + noise(60, 1 << 31, 11)).astype(np.uint32))
    found["popped from noise"] = _digest(stack.pop(200, histogram), stack.words)
    values = noise(100, 1 << 31, 12).astype(np.uint64) << np.uint64(20)
    widths = noise(100, 65, 13)
    packed = pack_bits(values, widths)
    found["bits"] = _digest(np.frombuffer(packed, np.uint8), unpack_bits(packed, 100, widths))
    return found


if __name__ == "__main__":
    for key, value in digests().items():
        print(f'    "{key}": "{value}",')  # noqa: T201 - a command
