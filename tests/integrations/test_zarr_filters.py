"""Filters before the serializer: what they hand over comes back to them, as from zarr's bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import zarr
import zarr.codecs.numcodecs as filters
from numpy.typing import NDArray

from compress.integrations.zarr import FourierCompressCodec
from tests.strategies import same

pytestmark = pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3")

WALK = np.cumsum(np.random.default_rng(0).integers(-9, 10, (60, 80)), axis=1)
INTEGERS, FLOATS = WALK.astype("<i4"), (WALK / 7).astype("<f4")
DECIMALS = WALK / 100
CASES: dict[str, tuple[NDArray[Any], Any]] = {
    "Delta": (INTEGERS, lambda: filters.Delta(dtype="<i4")),
    "Delta, wider": (INTEGERS, lambda: filters.Delta(dtype="<i4", astype="<i8")),
    "Delta, narrower": (INTEGERS, lambda: filters.Delta(dtype="<i4", astype="<i2")),
    "FixedScaleOffset": (
        DECIMALS,
        lambda: filters.FixedScaleOffset(dtype="<f8", astype="<i4", scale=100, offset=0),
    ),
    "BitRound of float32": (FLOATS, lambda: filters.BitRound(keepbits=8)),
    "BitRound of float64": (DECIMALS, lambda: filters.BitRound(keepbits=8)),
    "Quantize": (DECIMALS, lambda: filters.Quantize(digits=2, dtype="<f8")),
    "AsType": (WALK, lambda: filters.AsType(encode_dtype="<i4", decode_dtype="<i8")),
    "PackBits": (WALK > 0, filters.PackBits),
    "Transpose": (WALK, lambda: zarr.codecs.TransposeCodec(order=(1, 0))),
}


def stored(array: NDArray[Any], make: Any, **options: Any) -> NDArray[Any]:
    """Write an array through a filter, and read it from what was written alone."""
    keys: dict[str, Any] = {}
    settings = {"shape": array.shape, "dtype": array.dtype, "chunks": (30, 40)}
    zarr.create_array(keys, filters=[make()], **settings, **options)[...] = array
    return np.asarray(zarr.open_array(keys, mode="r")[...])


@pytest.mark.parametrize("shards", [None, (60, 80)])
@pytest.mark.parametrize("name", CASES)
def test_filters_give_what_they_give_with_bytes(name: str, shards: tuple[int, int] | None) -> None:
    """The same array as with zarr's own serializer, plain and in shards, bit for bit."""
    array, make = CASES[name]
    codec = FourierCompressCodec(level=1)
    back = stored(array, make, serializer=codec, compressors=None, shards=shards)
    assert same(back, stored(array, make, shards=shards))


def test_several_filters() -> None:
    """One behind another."""
    keys: dict[str, Any] = {}
    both = [CASES["FixedScaleOffset"][1](), filters.Delta(dtype="<i4")]
    z = zarr.create_array(
        keys, data=DECIMALS, filters=both, serializer=FourierCompressCodec(), compressors=None
    )
    assert np.array_equal(z[...], DECIMALS)


@pytest.mark.parametrize("name", ["Delta", "BitRound of float32"])
def test_a_bound_behind_filters(name: str) -> None:
    """A bound is that of what filters hand over."""
    array, make = CASES[name]
    codec = FourierCompressCodec(level=1, max_error=0.4)
    back = stored(array, make, serializer=codec, compressors=None)
    assert np.abs(back - stored(array, make)).max() <= 0.4


def test_what_could_not_be_read_is_not_written() -> None:
    """A filter that hands over another dtype than it declares: zarr's bytes are unreadable then."""
    codec = FourierCompressCodec(level=1)
    with pytest.raises(ValueError, match=r"float32 \(30, 40\) where zarr expects float64"):
        stored(
            DECIMALS,
            lambda: filters.Quantize(digits=2, dtype="<f8", astype="<f4"),
            serializer=codec,
            compressors=None,
        )
