"""The plane models by their code in the stream."""

from __future__ import annotations

from typing import cast

from compress.prediction import (
    causal,
    classes,
    coefficients,
    counts,
    linear,
    raw,
    static,
    wavefront,
)
from compress.prediction.model import PlaneModel

__all__ = ["MODELS"]

MODELS: dict[int, PlaneModel] = {
    module.CODE: cast(PlaneModel, module)
    for module in (static, classes, causal, linear, counts, raw, wavefront, coefficients)
}
