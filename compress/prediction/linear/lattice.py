"""Quantised reflection coefficients, and the predictor that they stand for.

A reflection coefficient k is coded as an integer q with ``u = q / STEPS`` and
``k = u * (2 - abs(u))``: steps are as fine towards 1 as they must be there, so that each costs
about the same bits wherever k is. Every q gives a stable predictor. The predictor follows by the
step-up recursion in float64, `+ - *` in a fixed order, on both sides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import inlined

__all__ = ["MOST_ORDER", "STEPS", "Floats", "expand", "quantise", "step_up"]

Floats = npt.NDArray[np.float64]

# Coefficients of a block: what FLAC allows, and what decodes in time.
MOST_ORDER = 32
# Steps from 0 to 1. Finer ones cost more bits than they save in blocks of some hundred to some
# thousand samples (measured: 16, 32, 64).
STEPS = 32


@inlined(forceinline=True)
def expand(q: Any) -> Any:
    """Return the reflection coefficient of an integer."""
    u = np.float64(q) / np.float64(STEPS)
    return u * (2.0 - abs(u))


@inlined(forceinline=True)
def quantise(k: Any) -> Any:
    """Return the integer nearest to a reflection coefficient; encoder only."""
    size = 1.0 - np.sqrt(max(1.0 - abs(k), 0.0))
    q: Any = min(np.int64(size * STEPS + 0.5), STEPS - 1)
    return q if k >= 0.0 else -q


@inlined(forceinline=True)
def step_up(weights: Floats, q: Any, order: Any) -> None:
    """Raise a predictor from ``order`` weights to one more, in place.

    The weight of the sample i + 1 before is ``weights[i]``.
    """
    k = expand(q)
    half = (order + 1) >> 1
    for i in range(half):
        j = order - 1 - i
        near, far = weights[i], weights[j]
        weights[i] = near - k * far
        if i != j:
            weights[j] = far - k * near
    weights[order] = k
