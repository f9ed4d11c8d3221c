"""Blocks of 8 x 8 frequencies to samples, as JPEG decoders do it: in integers, bit for bit.

The inverse transform is the one of Loeffler, Ligtenberg and Moschytz (1989) with constants of 13
bits, first down the columns, then along the rows. Each pass is linear until it is rounded, so it is
written as a matrix here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel

__all__ = ["BASIS", "BLOCK", "INVERSE", "SAMPLE_MAX", "SIDE", "blocks_of", "frequencies", "samples"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SIDE = 8
BLOCK = SIDE * SIDE
SAMPLE_MAX = 255
_BITS = 13
_FIRST_BITS = 2


def _inverse() -> Integers:
    """Return the matrix of one pass: what each of 8 outputs takes of each of 8 frequencies."""

    def fixed(x: float) -> int:
        return int(x * (1 << _BITS) + 0.5)

    matrix = np.zeros((SIDE, SIDE), np.int64)
    for frequency in range(SIDE):
        x = [int(i == frequency) for i in range(SIDE)]
        # The even half.
        turned = (x[2] + x[6]) * fixed(0.541196100)
        low, high = turned - x[6] * fixed(1.847759065), turned + x[2] * fixed(0.765366865)
        total, difference = (x[0] + x[4]) << _BITS, (x[0] - x[4]) << _BITS
        even = [total + high, difference + low, difference - low, total - high]
        # The odd half.
        both = (x[7] + x[3] + x[5] + x[1]) * fixed(1.175875602)
        a = -(x[7] + x[1]) * fixed(0.899976223)
        b = -(x[5] + x[3]) * fixed(2.562915447)
        c = both - (x[7] + x[3]) * fixed(1.961570560)
        d = both - (x[5] + x[1]) * fixed(0.390180644)
        odd = [
            x[1] * fixed(1.501321110) + a + d,
            x[3] * fixed(3.072711026) + b + c,
            x[5] * fixed(2.053119869) + b + d,
            x[7] * fixed(0.298631336) + a + c,
        ]
        for i in range(4):
            matrix[i, frequency] = even[i] + odd[i]
            matrix[SIDE - 1 - i, frequency] = even[i] - odd[i]
    return matrix


INVERSE = _inverse()


def _basis() -> Floats:
    """Return what each frequency adds to each sample, shape (64, 64), orthonormal."""
    places = np.arange(SIDE)
    waves = 0.5 * np.cos((2 * places[None] + 1) * places[:, None] * np.pi / 16)
    waves[0] *= np.sqrt(0.5)
    return np.asarray(np.einsum("vy,ux->vuyx", waves, waves).reshape(BLOCK, BLOCK))


# Encoder only.
BASIS = _basis()


def blocks_of(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Cut a plane into whole blocks, shape (rows, columns, 64); what is left over is left out."""
    rows, columns = plane.shape[0] // SIDE, plane.shape[1] // SIDE
    cut = plane[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE)
    return np.ascontiguousarray(cut.transpose(0, 2, 1, 3).reshape(rows, columns, BLOCK))


def frequencies(blocks: npt.NDArray[Any]) -> Floats:
    """Return the frequencies of blocks of samples. Encoder only."""
    return np.asarray((blocks - 128.0) @ BASIS.T)


@kernel(
    "void(const(i8[:, :, ::1]), const(i8[::1]), const(i8[:, ::1]), i8[:, ::1])",
    error_model="numpy",
)
def samples(coefficients: Integers, steps: Integers, inverse: Integers, plane: Integers) -> None:
    """Write the samples of blocks, from 0 to 255, into a plane.

    Parameters
    ----------
    coefficients : ndarray of int64, shape (rows, columns, 64)
        Up to 2**31 times their steps.
    steps : ndarray of int64, shape (64,)
    inverse : ndarray of int64
        `INVERSE`.
    plane : ndarray of int64, shape (8 rows, 8 columns) at least
        Written.
    """
    between = np.zeros((8, 8), np.int64)
    for row in range(coefficients.shape[0]):
        for column in range(coefficients.shape[1]):
            for u in range(8):
                for y in range(8):
                    total = np.int64(0)
                    for v in range(8):
                        k = v * 8 + u
                        total += inverse[y, v] * (coefficients[row, column, k] * steps[k])
                    between[y, u] = (total + 1024) >> 11
            for y in range(8):
                for x in range(8):
                    total = np.int64(0)
                    for u in range(8):
                        total += inverse[x, u] * between[y, u]
                    sample: Any = ((total + 131072) >> 18) + 128
                    plane[row * 8 + y, column * 8 + x] = min(max(sample, 0), 255)
