"""Chunks: every sample in exactly one, none too large, slabs contiguous."""

from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import compress
from compress.pipeline.geometry import cut, with_axes
from compress.pipeline.header import cut_array

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


@given(shapes, st.integers(0, 9))
def test_any_shape_is_one_of_any_number_of_axes(shape: tuple[int, ...], axes: int) -> None:
    """The samples stay, the last axes too; an array with axes keeps one at least."""
    other = with_axes(shape, axes)
    assert len(other) == (max(axes, 1) if shape else axes)
    assert prod(other) == prod(shape)
    kept = min(len(shape), axes) - 1
    assert kept < 1 or other[-kept:] == shape[-kept:]
    assert len(shape) != axes or other == shape


def test_small_arrays_are_one_chunk() -> None:
    """An array at or below the target is not cut."""
    assert cut((240, 37, 49), 1 << 20).n_chunks == 1
    assert cut((), 1 << 20).n_chunks == 1
    assert cut((0, 5), 1 << 20).n_chunks == 0


def test_a_mirror_image_is_cut_only_where_it_must_be() -> None:
    """Half of it says all, which two chunks would not know; decoders accept twice as much."""
    half = np.random.default_rng(1).integers(0, 256, (700, 1000), dtype=np.uint8)
    image = np.concatenate([half, half[::-1]])
    assert cut_array(image).n_chunks == 1
    assert cut_array(np.concatenate([half, half])).n_chunks == 2
    assert cut_array(np.concatenate([image, image[::-1]])).n_chunks == 3
    data = compress.compress(image, level=1)
    assert len(data) < 1.01 * half.size
    np.testing.assert_array_equal(compress.decompress(data), image)
