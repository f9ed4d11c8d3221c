"""The coefficient plane model: blocks of 64 quantised frequencies, from low to high.

A coefficient is predicted by a regression on the blocks to the left and above and on lower
frequencies of its own block; two distributions around that give every decision (is it zero, its
sign, how large) a probability, which is mixed and corrected by what was counted in the same
circumstances. Everything is learned while coding, on both sides alike.

Parameters: the largest magnitude. Data: the words of one ANS coder.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders import encode_intervals
from compress.errors import CorruptError
from compress.prediction.coefficients.format import (
    MAX_COEFFICIENT,
    MAX_DECISIONS,
    RINGS,
    SIZE,
    ZIGZAG,
)
from compress.prediction.coefficients.kernel import run
from compress.prediction.common.logistic import SQUASH, STRETCH
from compress.prediction.demand import Demand
from compress.prediction.model import MOST, Parameters, Plane

__all__ = ["CODE", "NAME", "decode", "encode", "propose"]

CODE = 8
NAME = "coefficients"
KNOWS_HOLES = False
FITS_ON_A_PART = False

_run: Any = run
# Nanoseconds a coefficient, either way, and by how many bits it takes twice as long.
_NS, _DOUBLE = 1500.0, 6.0
_LEARNED_BYTES = 12 << 20
_ROOM = 4


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters | None:
    """Take planes of blocks; None for all others, and below level 4."""
    if level < 4 or holes or plane.ndim != 3 or plane.shape[2] != SIZE or plane.size == 0:
        return None
    largest = max(int(plane.max()), -int(plane.min()), 1)
    return (largest,) if largest <= MAX_COEFFICIENT else None


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    rows, columns, largest = _parse(parameters, plane.shape)
    flat = plane.reshape(-1)
    if max(int(flat.max()), -int(flat.min())) > largest:
        raise ValueError(f"coefficients: larger than {largest}")
    past = np.zeros_like(flat)
    room = flat.size * _ROOM + MAX_DECISIONS
    recorded, none = -1, np.zeros(1, np.uint32)
    while recorded < 0:
        starts, masses = np.empty(room, np.uint32), np.empty(room, np.uint32)
        past.fill(0)
        recorded, _ = _run(
            False, flat, past, rows, columns, largest, ZIGZAG, RINGS, SQUASH, STRETCH, starts,
            masses, none,
        )  # fmt: skip
        room *= 2
    return encode_intervals(starts[:recorded], masses[:recorded]).astype("<u4").tobytes()


def decode(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Plane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    rows, columns, largest = _parse(parameters, shape)
    if len(data) % 4:
        raise CorruptError(f"coefficients: {len(data)} bytes are not whole words")
    words = np.append(np.frombuffer(data, "<u4"), 0).astype(np.uint32)
    past = np.zeros(prod(shape), np.int64)
    scratch: list[npt.NDArray[np.uint32]] = [np.empty(MAX_DECISIONS, np.uint32) for _ in range(2)]
    _, whole = _run(
        True, past, past, rows, columns, largest, ZIGZAG, RINGS, SQUASH, STRETCH, *scratch, words
    )
    if not whole:
        raise CorruptError("the words of coefficients do not end with the last of them")
    return past.reshape(shape)


def _parse(parameters: Parameters, shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(parameters) != 1 or not 1 <= parameters[0] <= MAX_COEFFICIENT:
        raise CorruptError(f"coefficients: impossible parameters {parameters}")
    if len(shape) != 3 or shape[2] != SIZE:
        raise CorruptError(f"coefficients: a plane of shape {shape}")
    return shape[0], shape[1], parameters[0]


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes (``python -m benchmarks costs``)."""
    del parameters
    return _NS


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that encoding takes."""
    return decode_ns(parameters)


def demand(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    _, _, largest = _parse(parameters, shape)
    n = prod(shape)
    ns = 5e6 + _NS * n * (1.0 + largest.bit_length() / _DOUBLE)
    return Demand(ns, 24 * n + _LEARNED_BYTES + 2 * len(data))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Bits that ``total`` samples take at least, by a cheap look at some: unknown."""
    del plane, total, most
    return 0.0
