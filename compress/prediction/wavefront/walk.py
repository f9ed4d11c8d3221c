"""A plane laid out between margins, and what the encoder's passes make of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.prediction.common.scan import Scan, arrange
from compress.prediction.model import Plane
from compress.prediction.wavefront.kernel import classify, lay_out, residuals
from compress.prediction.wavefront.layout import (
    Shape,
    far_offsets,
    margined_size,
    scale_offsets,
    shape_of,
)

__all__ = ["NARROW", "Walk", "must"]

Samples = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

NARROW = 1 << 30
"""Ranges below it stay within int32 with every sum that is kept."""


class Walk:
    """A plane laid out, and what a model makes of it."""

    def __init__(self, plane: Plane, axes: tuple[int, ...], low: int, top: int, guess: int) -> None:
        self.shape: Shape = shape_of(plane.shape, axes)
        dtype: type[Any] = np.int32 if top < NARROW else np.int64
        n = plane.size
        self.samples = np.empty(margined_size(self.shape), dtype)
        self.past = np.zeros(self.samples.size, dtype)
        self.found: Samples = np.empty(n, dtype)
        self.kinds: npt.NDArray[np.uint8] = np.empty(n, np.uint8)
        self.far, self.far_scale = far_offsets(self.shape), scale_offsets(self.shape)
        scanned = arrange(plane, Scan(axes, -1, (1,) * len(axes))).reshape(-1)
        must(lay_out(self.shape, scanned, low, guess, self.samples))

    def predict(
        self, coefficients: Integers, feedback: Integers, weights: Integers, top: int, phased: int
    ) -> None:
        """Compute residuals and phases."""
        must(
            residuals(
                self.shape, self.samples, self.past, coefficients, feedback, weights, self.far,
                self.far_scale, top, phased, self.found, self.kinds,
            )
        )  # fmt: skip

    def classify(self, coefficients: Integers, weights: Integers, down: int) -> None:
        """Compute half octaves."""
        must(
            classify(
                self.shape, self.samples, self.past, coefficients, weights, self.far,
                self.far_scale, down, self.kinds,
            )
        )  # fmt: skip


def must(good: bool) -> None:
    """Raise what no plane can cause."""
    if not good:
        raise ValueError("the arrays of a wavefront do not fit each other")
