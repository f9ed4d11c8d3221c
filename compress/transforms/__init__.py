"""Arrays to integers, exactly reversibly.

`take_apart` and `assemble` split an array of any dtype into native scalar fields and put it
together again, `describe` and `parse` write its dtype as integers, and `STEPS` holds every step by
the code that names it in a stream (see `compress.transforms.step`).
"""

from __future__ import annotations

from compress.transforms import (
    accumulated,
    affine,
    binned,
    constant,
    decorrelated,
    delta,
    dictionary,
    digits,
    fixed,
    folded,
    framed,
    interleaved,
    jpeg,
    lookback,
    masked,
    matched,
    mirrored,
    multiples,
    ordered,
    outliers,
    quantised,
    ratios,
    relative,
    repeated,
    scaled,
    seasonal,
    sparse,
    strings,
    transposed,
    truncated,
    unstacked,
    unwrapped,
)
from compress.transforms.dtypes import describe, parse
from compress.transforms.fields import assemble, field_specs, take_apart
from compress.transforms.step import Step

__all__ = ["STEPS", "Step", "assemble", "describe", "field_specs", "parse", "take_apart"]

_ALL: tuple[Step, ...] = (
    ordered,
    constant,
    dictionary,
    scaled,
    truncated,
    masked,
    sparse,
    multiples,
    unwrapped,
    folded,
    transposed,
    unstacked,
    decorrelated,
    quantised,
    repeated,
    fixed,
    seasonal,
    mirrored,
    lookback,
    delta,
    interleaved,
    ratios,
    matched,
    digits,
    outliers,
    framed,
    accumulated,
    binned,
    affine,
    strings,
    relative,
    jpeg,
)

STEPS: dict[int, Step] = {step.CODE: step for step in _ALL}
