"""One chunk: an array that fits in memory several times over, to bytes and back.

Layout: with a model, one integer first (0 for the model's plans, 1 for plans of the chunk's own);
then the plans, unless they are the model's; then what `compress.pipeline.execute` writes.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.container import IntegerReader, write_unsigned
from compress.pipeline.execute import (
    Part,
    decode_fields,
    encode_planes,
    forward,
    read_lengths,
)
from compress.pipeline.model import Model
from compress.pipeline.plan import plan_field
from compress.pipeline.tree import Node, read_node, write_node
from compress.transforms.dtypes import describe
from compress.transforms.fields import assemble, field_specs, take_apart

__all__ = ["check_dtype", "code_chunk", "decode_chunk", "learn", "read_plans"]

Array = NDArray[Any]


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Raise `TypeError` for a dtype that cannot be coded, such as objects and strings."""
    describe(dtype)


def code_chunk(array: Array, level: int, max_error: float | None, model: Model | None) -> bytes:
    """Code a chunk of an array.

    Parameters
    ----------
    array : array
        Not empty, of any dtype that `check_dtype` accepts.
    level : int
    max_error : float or None
    model : Model or None
        Whose plans are used wherever they fit.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If the model is for another dtype.
    """
    fields = take_apart(array)
    if model is None:
        plans, parts = _search(fields, level, max_error)
        return b"".join(map(write_node, plans)) + encode_planes(plans, parts)
    if model.dtype != array.dtype:
        raise ValueError(f"the model is for {model.dtype} arrays, the array is {array.dtype}")
    modelled = [forward(plan, field) for plan, field in zip(model.plans, fields, strict=True)]
    if max_error is None and all(below is not None for below in modelled):
        flat = [(plane, None) for below in modelled if below is not None for plane in below]
        # A sample unlike the one that the model was learned on may be beyond its tables.
        with suppress(ValueError):
            return write_unsigned([0]) + encode_planes(model.plans, flat)
    plans, parts = _search(fields, level, max_error)
    own = write_unsigned([1]) + b"".join(map(write_node, plans))
    return own + encode_planes(plans, parts)


def decode_chunk(
    data: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any], model: Model | None
) -> Array:
    """Return the chunk that `code_chunk` coded.

    Raises
    ------
    CorruptError
        If the data are damaged.
    """
    reader = IntegerReader(data)
    specs = field_specs(dtype, shape)
    plans = read_plans(reader, len(specs), model)
    fields = decode_fields(reader, specs, plans, read_lengths(reader, plans))
    return assemble(fields, dtype, shape)


def read_plans(reader: IntegerReader, n_fields: int, model: Model | None) -> tuple[Node, ...]:
    """Read the plans of a chunk; those of the model where the chunk says so.

    Raises
    ------
    CorruptError
        If the data are damaged.
    """
    if model is not None and reader.unsigned(2) == 0:
        return model.plans
    return tuple(read_node(reader) for _ in range(n_fields))


def learn(array: Array, level: int) -> Model:
    """Learn a model from a sample that is not empty."""
    plans, _ = _search(take_apart(array), level, None)
    return Model(array.dtype, tuple(plans))


def _search(
    fields: list[Array], level: int, max_error: float | None
) -> tuple[list[Node], list[Part]]:
    plans: list[Node] = []
    parts: list[Part] = []
    for field in fields:
        plan, below = plan_field(field, level, max_error)
        plans.append(plan)
        parts += below
    return plans, parts
