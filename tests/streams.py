"""Streams made by hand, with valid checksums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compress.container import pack, write_unsigned
from compress.pipeline.geometry import Geometry
from compress.pipeline.header import Header, write_header
from compress.pipeline.tree import Branch, Leaf, Node, write_node
from compress.prediction import causal
from compress.transforms import ordered

__all__ = ["causal_data", "causal_leaf", "native", "stream"]


def stream(
    dtype: Any, shape: tuple[int, ...], plans: Sequence[Node], coded: Sequence[bytes], rows: int = 0
) -> bytes:
    """Write a stream of an array by plans, each chunk of so many rows the same.

    Parameters
    ----------
    dtype : dtype_like
    shape : tuple of int
    plans : sequence of Node
        One for each field.
    coded : sequence of bytes
        One for each leaf.
    rows : int, optional
        Rows of a chunk; all of them by default.
    """
    geometry = Geometry(shape, 0, rows or max(1, shape[0]))
    header = Header(np.dtype(dtype), geometry, False, 5, None, None)
    chunk = b"".join(map(write_node, plans)) + write_unsigned(map(len, coded[:-1]))
    return pack(write_header(header), [chunk + b"".join(coded)] * geometry.n_chunks)


def native(node: Node) -> Node:
    """Put the step that makes native integers before a plan for a plane."""
    return Branch(ordered.CODE, (), (node,))


def causal_data(largest: int = 255) -> bytes:
    """Write the head of a causal plane with samples up to the largest, and no words."""
    length = (largest.bit_length() + 7) // 8
    head = bytes([0, 0]) + bytes(8) + bytes([length])
    return head + largest.to_bytes(length, "little")


def causal_leaf(shape: tuple[int, ...], channel: int = -1) -> Leaf:
    """Make the dearest causal model for a shape."""
    axes = len(shape)
    return Leaf(causal.CODE, (7, *range(axes), channel + 1, *(1,) * axes, 1, 0))
