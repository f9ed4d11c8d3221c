"""Chunks: every sample in exactly one, none too large, slabs contiguous."""

from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compress.pipeline.geometry import cut

shapes = st.lists(st.integers(0, 9), max_size=4).map(tuple)


@given(shapes, st.integers(1, 300))
def test_chunks_partition_the_array(shape: tuple[int, ...], target: int) -> None:
    """Each sample lies in one chunk, chunks are in order and of the shapes they say."""
    geometry = cut(shape, target)
    array = np.arange(prod(shape)).reshape(shape)
    pieces = [array[(*index, ...)] for index in geometry]
    assert [piece.shape for piece in pieces] == [
        geometry.chunk_shape(i) for i in range(geometry.n_chunks)
    ]
    joined = np.concatenate([piece.ravel() for piece in pieces]) if pieces else np.empty(0)
    assert np.array_equal(joined, np.arange(prod(shape)))


@given(shapes.filter(prod), st.integers(1, 300))
def test_chunks_are_small_and_even(shape: tuple[int, ...], target: int) -> None:
    """No chunk exceeds the target; full slabs differ by less than one slab's row count."""
    geometry = cut(shape, target)
    sizes = [prod(geometry.chunk_shape(i)) for i in range(geometry.n_chunks)]
    assert max(sizes) <= target
    assert geometry.n_chunks >= prod(shape) / target


def test_small_arrays_are_one_chunk() -> None:
    """An array at or below the target is not cut."""
    assert cut((240, 37, 49), 1 << 20).n_chunks == 1
    assert cut((), 1 << 20).n_chunks == 1
    assert cut((0, 5), 1 << 20).n_chunks == 0
