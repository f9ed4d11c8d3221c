"""What `compress.inspect` returns: a stream described without decoding it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.bounds import ErrorBound, of_fields
from compress.container import Frame, IntegerReader
from compress.pipeline.candidates import OPEN
from compress.pipeline.chunk import OWN, check_length, explain
from compress.pipeline.chunk import read_layout as read_layout_of_chunk
from compress.pipeline.header import Header
from compress.pipeline.plan import Considered
from compress.pipeline.tree import Leaf, Node
from compress.prediction.registry import MODELS
from compress.store.layout import read_layout
from compress.store.payload import without_sum
from compress.transforms import STEPS, field_specs

__all__ = [
    "ChunkInformation",
    "Information",
    "PlaneInformation",
    "describe_file",
    "describe_stream",
]


@dataclass(frozen=True, slots=True)
class PlaneInformation:
    """A coded plane of a chunk.

    Attributes
    ----------
    field : int
        Which scalar field of the dtype it is of.
    steps : tuple of str
        The steps that lead to it; one that makes several planes with the number of this one, as
        ``fixed[1]``.
    model : str
        What codes it.
    n_bytes : int
        Compressed length.
    """

    field: int
    steps: tuple[str, ...]
    model: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class ChunkInformation:
    """A chunk of a stream.

    Attributes
    ----------
    shape : tuple of int
    n_bytes : int
        Compressed length.
    plan : tuple of str
        One line of steps and models for each scalar field; empty where a model's plans are used.
    candidates : tuple of str
        One line for each candidate that the search judged, in its order: on how many samples, its
        cost in bits a sample (time included), and its plan. Only where it was asked for.
    planes : tuple of PlaneInformation
        In the order in which they are coded; none where a model's plans are used. What a chunk
        has beyond them is its plans and lengths.
    """

    shape: tuple[int, ...]
    n_bytes: int
    plan: tuple[str, ...]
    candidates: tuple[str, ...] = ()
    planes: tuple[PlaneInformation, ...] = ()


@dataclass(frozen=True, slots=True)
class Information:
    """What a stream holds.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    fortran : bool
        Whether the array comes back in Fortran order.
    level : int
    max_error : float or None
        The absolute bound that is kept: of several fields, the largest.
    fingerprint : int or None
        Of the model that the stream needs.
    n_bytes : int
        Compressed length.
    array_bytes : int
        Length of the array.
    bits_per_sample : float
        NaN for an empty array.
    chunks : tuple of ChunkInformation
    attrs : mapping
        Metadata of a file of a `Writer`.
    error_bound : ErrorBound or None
        The bound as it was stated; None where the array is lossless.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    level: int
    max_error: float | None
    fingerprint: int | None
    n_bytes: int
    array_bytes: int
    bits_per_sample: float
    chunks: tuple[ChunkInformation, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    error_bound: ErrorBound | None = None

    def __str__(self) -> str:
        """Return the description, a line each."""
        order = ", Fortran order" if self.fortran else ""
        ratio = f", ratio {self.array_bytes / self.n_bytes:.2f}" if self.array_bytes else ""
        lines = [
            f"array       {self.dtype} {self.shape}{order}",
            f"level       {self.level}",
            f"max error   {self._bound()}",
            f"size        {self.n_bytes:,} of {self.array_bytes:,} bytes{ratio}",
            f"bits        {self.bits_per_sample:.4f} per sample",
        ]
        if self.fingerprint is not None:
            lines.append(f"model       {self.fingerprint:016x}")
        lines += [f"attribute   {name}: {value!r}" for name, value in self.attrs.items()]
        for i, chunk in enumerate(self.chunks):
            lines.append(f"chunk {i:<5} {chunk.shape}, {chunk.n_bytes:,} bytes")
            lines += [f"            {line}" for line in chunk.plan or ("plans of the model",)]
            lines += [f"  candidate {line}" for line in chunk.candidates]
        return "\n".join(lines)

    def _bound(self) -> str:
        """Return the error bound in words: absolute ones are their number."""
        if self.error_bound is None or self.error_bound.kind == "absolute":
            return "lossless" if self.max_error is None else str(self.max_error)
        absolute = "" if self.max_error is None else f" (absolute {self.max_error})"
        return f"{self.error_bound}{absolute}"


def _stated(max_error: float | None) -> ErrorBound | None:
    return None if max_error is None else ErrorBound.absolute(max_error)


def describe_stream(frame: Frame, header: Header, array: NDArray[Any] | None = None) -> Information:
    """Describe a stream whose frame and header are parsed.

    With the array that it holds, in the order of its chunks, the search is run on it again for the
    candidates that it judges.
    """
    chunks = []
    for i in range(frame.n_chunks):
        shape = header.geometry.chunk_shape(i)
        judged = []
        if array is not None:
            part = array[(*header.geometry.index(i), ...)]
            bounds = header.max_error if header.stated is None else of_fields(header.stated, array)
            judged = explain(part, header.level, bounds)
        modelled = header.fingerprint is not None
        plan, planes = _plans(frame.chunk(i), shape, header.dtype, modelled=modelled)
        candidates = tuple(map(_judged, judged))
        chunks.append(ChunkInformation(shape, frame.chunk_length(i), plan, candidates, planes))
    samples = header.n_bytes // header.dtype.itemsize if header.dtype.itemsize else 0
    return Information(
        shape=header.shape,
        dtype=header.dtype,
        fortran=header.fortran,
        level=header.level,
        max_error=header.max_error,
        fingerprint=header.fingerprint,
        n_bytes=frame.n_bytes,
        array_bytes=header.n_bytes,
        bits_per_sample=8 * frame.n_bytes / samples if samples else float("nan"),
        chunks=tuple(chunks),
        error_bound=header.stated or _stated(header.max_error),
    )


def describe_file(data: memoryview) -> Information:
    """Describe a file of a `Writer`; every checksum is verified."""
    layout = read_layout(lambda offset, length: data[offset : offset + length], len(data))
    head, grid = layout.head, layout.grid
    chunks = []
    for slab in range(grid.counts[0]):
        for tile in range(grid.n_tiles):
            payload, entry = layout.payload(slab, tile)
            shape = entry.rows, *grid.chunk_shape(slab, tile)[1:]
            coded = without_sum(payload)[0] if head.sums else payload
            modelled = head.fingerprint is not None
            plan, planes = _plans(coded, shape, head.dtype, modelled=modelled)
            chunks.append(ChunkInformation(shape, entry.length, plan, planes=planes))
    samples = prod(grid.shape)
    return Information(
        shape=grid.shape,
        dtype=head.dtype,
        fortran=False,
        level=head.level,
        max_error=head.max_error,
        fingerprint=head.fingerprint,
        n_bytes=len(data),
        array_bytes=samples * head.dtype.itemsize,
        bits_per_sample=8 * len(data) / samples if samples else float("nan"),
        chunks=tuple(chunks),
        attrs=layout.attributes,
        error_bound=_stated(head.max_error),
    )


def _plans(
    data: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any], *, modelled: bool
) -> tuple[tuple[str, ...], tuple[PlaneInformation, ...]]:
    """Return the plan of each field of a chunk as a line, and its planes; none of a model's."""
    check_length(data, shape, dtype)
    reader = IntegerReader(data)
    if modelled and reader.unsigned(3) != OWN:
        return (), ()
    plans, lengths = read_layout_of_chunk(reader, field_specs(dtype, shape))
    found = [(i, *path) for i, plan in enumerate(plans) for path in _paths(plan)]
    planes = tuple(
        PlaneInformation(*path, length) for path, length in zip(found, lengths, strict=True)
    )
    return tuple(map(_line, plans)), planes


def _paths(node: Node) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the names of the steps to each leaf, and of its model, in the order of the leaves."""
    if isinstance(node, Leaf):
        yield (), MODELS[node.model].NAME if node.model in MODELS else f"model {node.model}"
        return
    name = STEPS[node.step].NAME if node.step in STEPS else f"step {node.step}"
    for i, child in enumerate(node.children):
        own = f"{name}[{i}]" if len(node.children) > 1 else name
        for steps, model in _paths(child):
            yield (own, *steps), model


def _judged(one: Considered) -> str:
    """Return a candidate as one line."""
    name = "  " + _line(one.node) if isinstance(one.node, Leaf) else _line(one.node)
    return f"{one.samples:>9,} of {one.size:,} samples: {one.cost / one.size:.4f} bits  {name}"


def _line(node: Node) -> str:
    """Return a plan as one line: ``step(parameters) -> child`` or ``step -> {child; child}``."""
    parameters = ", ".join(map(str, node.parameters[:8])) + ", ..." * (len(node.parameters) > 8)
    if node == OPEN:
        return "..."
    if isinstance(node, Leaf):
        name = MODELS[node.model].NAME if node.model in MODELS else f"model {node.model}"
        return f"{name}({parameters})"
    name = STEPS[node.step].NAME if node.step in STEPS else f"step {node.step}"
    children = "; ".join(map(_line, node.children))
    arrow = f" -> {{{children}}}" if len(node.children) > 1 else f" -> {children}" * bool(children)
    return f"{name}({parameters}){arrow}"
