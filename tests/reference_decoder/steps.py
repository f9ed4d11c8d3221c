"""The inverses of all steps, by their codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.reference_decoder import steps_floats as floats
from tests.reference_decoder import steps_order as order
from tests.reference_decoder import steps_planes as planes
from tests.reference_decoder import steps_strings as strings
from tests.reference_decoder.jpeg import jpeg
from tests.reference_decoder.samples import Array, Read, Shape, need

__all__ = ["STEPS"]

Inverse = Callable[[Read, Shape, np.dtype[Any], Sequence[int]], Array]


def _of_planes(inverse: Callable[[Read, Shape, Sequence[int]], Array]) -> Inverse:
    """Give a step that makes planes, and refuses to make anything else."""

    def checked(read: Read, shape: Shape, dtype: np.dtype[Any], p: Sequence[int]) -> Array:
        need(dtype == np.int64, "a step of planes makes no other array")
        return inverse(read, shape, p)

    return checked


STEPS: dict[int, Inverse] = {
    1: floats.ordered,
    4: floats.scaled,
    5: floats.truncated,
    14: floats.quantised,
    16: floats.fixed,
    30: floats.ratios,
    31: floats.accumulated,
    33: floats.affine,
    40: strings.strings,
    41: strings.relative,
    **{
        code: _of_planes(inverse)
        for code, inverse in {
            2: planes.constant,
            3: planes.dictionary,
            6: planes.masked,
            7: planes.sparse,
            8: planes.multiples,
            9: planes.unwrapped,
            10: order.folded,
            11: order.transposed,
            12: order.unstacked,
            13: planes.decorrelated,
            15: order.repeated,
            17: planes.seasonal,
            18: order.mirrored,
            19: planes.lookback,
            20: planes.delta,
            21: order.interleaved,
            22: order.matched,
            23: planes.digits,
            24: planes.outliers,
            25: planes.framed,
            32: planes.binned,
            34: jpeg,
        }.items()
    },
}
