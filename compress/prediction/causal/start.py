"""Classes of scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.prediction.causal.format import CLASS_OFFSET, CLASS_SHIFT, CLASSES, FIRST_CLASS

__all__ = ["scale_class"]


@kernel(error_model="numpy")
def scale_class(value: float) -> int:
    """Return the class of a non-negative scale: four to the octave, from 2**-4 on."""
    bits: Any = np.float64(value + CLASS_OFFSET).view(np.int64)
    found: int = min((bits >> CLASS_SHIFT) - FIRST_CLASS, CLASSES - 1)
    return found
