"""Pictures that were a JPEG: what its decoder made comes back from far fewer bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import idctn

import compress
from compress.transforms import jpeg
from compress.transforms.jpeg.blocks import BLOCK, INVERSE, blocks_of, frequencies, samples
from compress.transforms.jpeg.colour import enlarged, fitted, from_rgb, to_rgb
from compress.transforms.jpeg.lattice import find_steps, grid_of, quantised
from compress.transforms.step import Context

from .chains import Children

Plane = npt.NDArray[np.int64]

_FALL = np.add.outer(np.arange(8), np.arange(8)).reshape(-1)
_STEPS = 3 + 2 * _FALL


def _blocks(rows: int, columns: int, seed: int) -> Plane:
    """Multiples whose size falls with frequency, as those of pictures do."""
    rng = np.random.default_rng(seed)
    wide = 40.0 / (1.0 + _FALL) ** 1.7
    return np.rint(rng.laplace(size=(rows, columns, BLOCK)) * wide).astype(np.int64)


def _decoded(multiples: Plane, steps: Plane = _STEPS) -> Plane:
    plane = np.empty((multiples.shape[0] * 8, multiples.shape[1] * 8), np.int64)
    samples(multiples, steps, INVERSE, plane)
    return plane


def _there_and_back(array: Plane) -> tuple[int, ...]:
    """Split an array and put it together again; return the parameters."""
    (parameters,) = jpeg.candidates(array, Context())
    children = jpeg.split(array, parameters)
    assert children is not None
    read = Children(tuple(child.plane for child in children))
    back = jpeg.inverse(read, array.shape, np.dtype(np.int64), tuple(parameters))
    np.testing.assert_array_equal(back, array)
    return parameters


def test_blocks_are_the_inverse_cosine_transform() -> None:
    """Within one of the rounded transform of scipy, in nearly all samples equal."""
    multiples = _blocks(20, 20, 1)
    wanted = idctn((multiples * _STEPS).reshape(20, 20, 8, 8), axes=(2, 3), norm="ortho") + 128
    exact = np.clip(np.rint(wanted), 0, 255).reshape(20, 20, BLOCK)
    made = blocks_of(_decoded(multiples))
    assert np.abs(made - exact).max() <= 1
    assert np.mean(made != exact) < 0.05


def test_steps_and_multiples_are_found() -> None:
    """From the samples alone, every one of them where samples are within their range."""
    multiples = _blocks(30, 30, 2)
    blocks = blocks_of(_decoded(multiples)).reshape(-1, BLOCK).astype(np.float64)
    steps, gain, _ = find_steps(frequencies(blocks))
    seen = np.any(multiples.reshape(-1, BLOCK) != 0, axis=0)
    np.testing.assert_array_equal(steps[seen], _STEPS[seen])
    found, outside = quantised(blocks, blocks - 0.53, blocks + 0.53, steps)
    inside = np.all((blocks > 0) & (blocks < 255), axis=1) & (outside == 0)
    assert inside.mean() > 0.5
    assert gain > 10
    np.testing.assert_array_equal(found[inside], multiples.reshape(-1, BLOCK)[inside])


@pytest.mark.parametrize("grid", [(0, 0), (3, 5), (7, 1)])
def test_the_grid_is_found_wherever_a_picture_was_cut(grid: tuple[int, int]) -> None:
    """And none in noise."""
    plane = _decoded(_blocks(9, 9, 3))
    assert grid_of(plane[-grid[0] % 8 :, -grid[1] % 8 :].astype(np.float64)) == grid
    noise = np.random.default_rng(4).integers(0, 256, plane.shape)
    assert grid_of(noise.astype(np.float64)) is None


@given(
    st.integers(33, 60), st.integers(33, 60), st.integers(0, 1000), st.sampled_from([0, 1, 2, 3]),
    st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=12)
def test_pictures_come_back(height: int, width: int, seed: int, mode: int, damaged: bool) -> None:
    """Of any size, grey or in colour, chroma whole or halved, some samples changed afterwards."""
    rng = np.random.default_rng(seed)
    luma = _decoded(_blocks(8, 8, seed))[:height, :width]
    picture = luma
    if mode:
        small = [64 + _decoded(_blocks(8, 8, seed + i)) // 2 for i in (1, 2)]
        shape = -(-height // (1 + (mode == 3))), -(-width // (1 + (mode > 1)))
        chroma = [np.ascontiguousarray(plane[: shape[0], : shape[1]]) for plane in small]
        blue, red = (enlarged(plane, mode, (height, width)) for plane in chroma)
        picture = to_rgb(np.clip(luma, 60, 190), blue, red)
    picture = picture.copy()
    if damaged:
        picture.reshape(-1)[rng.integers(0, picture.size, 9)] = 7
    for parameters in jpeg.candidates(picture, Context()):
        assert parameters[0] <= 3
        _there_and_back(picture)


def test_exact_pictures_need_no_corrections() -> None:
    """Grey: no plane of corrections at all."""
    multiples = _blocks(10, 12, 5) // 2
    parameters = _there_and_back(_decoded(multiples))
    assert parameters[:4] == (0, 0, 0, 0)


@pytest.mark.parametrize("mode", [2, 3])
def test_small_chroma_is_found(mode: int) -> None:
    """From what doubling made of it, in nearly all samples."""
    small = 64 + _decoded(_blocks(6, 6, 6)) // 2
    wide = enlarged(small, mode, (48 * (1 + (mode == 3)), 96))
    assert np.mean(enlarged(fitted(wide, mode), mode, wide.shape[:2]) == wide) > 0.9


def test_luma_and_chroma_are_found() -> None:
    """Of all colours that whole luma and chroma make."""
    rng = np.random.default_rng(7)
    luma, blue, red = rng.integers(80, 176, (3, 40, 40))
    colours = to_rgb(luma, 100 + blue // 4, 100 + red // 4)
    *found, known = from_rgb(colours)
    assert known.all()
    np.testing.assert_array_equal(to_rgb(*found), colours)


def test_a_picture_takes_less_than_half() -> None:
    """Of what it takes where no step looks for blocks (level 5), through the public function."""
    picture = _decoded(_blocks(12, 12, 8)).astype(np.uint8)
    data = compress.compress(picture, level=6)
    np.testing.assert_array_equal(compress.decompress(data), picture)
    assert "jpeg" in str(compress.inspect(data).chunks[0].plan)
    assert len(data) < 0.6 * len(compress.compress(picture, level=5))


@pytest.mark.parametrize("colour", [False, True])
def test_what_a_decoder_made_needs_few_corrections(colour: bool) -> None:
    """Grey or with chroma halved both ways, written and read by libjpeg-turbo."""
    codecs = pytest.importorskip("imagecodecs")
    rng = np.random.default_rng(9)
    smooth = rng.normal(size=(96, 112, 3)).cumsum(0).cumsum(1)
    smooth = 60 + 130 * (smooth - smooth.min()) / np.ptp(smooth) + rng.normal(size=smooth.shape) * 3
    source = smooth.astype(np.uint8) if colour else smooth[..., 0].astype(np.uint8)
    coded = codecs.jpeg8_encode(source, level=85, subsampling="420" if colour else None)
    picture = codecs.jpeg8_decode(coded).astype(np.int64)
    parameters = _there_and_back(picture)
    children = jpeg.split(picture, parameters)
    assert children is not None
    *_, last = children
    if colour:
        assert parameters[0] == 3
        assert len(parameters) == 2 + 3 * 66
        assert np.mean(last.plane != 0) < 0.1
    elif parameters[1]:
        # Steps of frequencies that occur a few times only are found nearly.
        assert np.mean(last.plane != 0) < 0.02
