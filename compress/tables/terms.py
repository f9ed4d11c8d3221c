"""Fourier terms of a cumulative distribution, from the integers of an amplitude."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["cdf_terms"]

# pi with 30 fractional bits.
_PI_30 = 3373259426


@lru_cache(maxsize=256)
def cdf_terms(coefficients: tuple[int, ...], unit_bits: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Fourier terms of the CDF on [0, 1) from the amplitude ``a_0 = 1, a_1, ..., a_N``.

    The density is ``|A|**2`` over its integral, A(b) = sum a_k exp(2 pi i k b), so it cannot
    be negative. The terms are the autocorrelation, divided by ``pi n``; integers throughout.
    """
    real = [1 << unit_bits, *coefficients[0::2]]
    imaginary = [0, *coefficients[1::2]]
    n_terms = len(real)
    power = sum(r * r + i * i for r, i in zip(real, imaginary, strict=True))
    sines, cosines = [], []
    for n in range(1, n_terms):
        c_real = c_imaginary = 0
        for k in range(n_terms - n):
            # a[k + n] times the conjugate of a[k]
            c_real += real[k + n] * real[k] + imaginary[k + n] * imaginary[k]
            c_imaginary += imaginary[k + n] * real[k] - real[k + n] * imaginary[k]
        divisor = power * _PI_30 * n
        sines.append((c_real << 60) // divisor)
        cosines.append((c_imaginary << 60) // divisor)
    return np.array(sines, dtype=np.int64), np.array(cosines, dtype=np.int64)
