"""What the coefficient kernel starts from, before it has learned anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.prediction.coefficients.format import CLASSES, CONTEXT_WEIGHT

__all__ = ["context_mixers", "even_mixers", "size_class"]

# Two classes an octave, from 2**-4 on.
_OFFSET, _SHIFT, _FIRST = 0.0625, 51, (1023 - 4) << 1


@kernel(error_model="numpy")
def size_class(value: float) -> int:
    """Return the class of a size that is not negative."""
    bits: Any = np.float64(value + _OFFSET).view(np.int64)
    found: int = min((bits >> _SHIFT) - _FIRST, CLASSES - 1)
    return found


@kernel(error_model="numpy")
def even_mixers(rows: int, inputs: int) -> npt.NDArray[np.float64]:
    """Return mixers that average their inputs, and whose bias, the last weight, is 0."""
    weights = np.zeros((rows, inputs + 1))
    weights[:, :inputs] = 1.0 / inputs
    return weights


@kernel(error_model="numpy")
def context_mixers(rows: int, contexts: int) -> npt.NDArray[np.float64]:
    """Return mixers that take the logit, the last input, and little of each context."""
    weights = np.ones((rows, contexts + 1))
    weights[:, :contexts] = CONTEXT_WEIGHT / contexts
    return weights
