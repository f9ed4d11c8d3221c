"""What would a plane cost? See `compress.prediction.common.entropy` and `compress.sampling`."""

from __future__ import annotations

from compress.prediction.common.entropy import LEAF_BITS, plane_bits
from compress.sampling import SHORT_AXIS as WHOLE_AXIS
from compress.sampling import rows_of, sample_of

__all__ = ["LEAF_BITS", "WHOLE_AXIS", "plane_bits", "rows_of", "sample_of"]
