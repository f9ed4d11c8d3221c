"""The codec for the zarr format 3: what is stored comes back, whatever zarr hands over."""

from __future__ import annotations

import asyncio
import json
import pickle
import warnings
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import zarr
import zarr.testing.strategies as zst
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray
from zarr.codecs import ShardingCodec, TransposeCodec
from zarr.core.buffer import BufferPrototype
from zarr.testing.buffer import NDBufferUsingTestNDArrayLike, StoreExpectingTestBuffer, TestBuffer

import compress
from compress.integrations.zarr import FourierCompressBytesCodec, FourierCompressCodec
from tests.integrations.battery import ARRAYS
from tests.strategies import same

# zarr warns that the JSON of structured dtypes is not yet part of the specification.
pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")

some = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=30)
QUICK = FourierCompressCodec(level=1)  # where it is the codec that is tried, not the compression
CODECS = [
    FourierCompressCodec(),
    FourierCompressCodec(level=1),
    FourierCompressCodec(level=9, max_error=1e-9),
]


def native(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in the byte order that zarr reads the format 3 with."""
    return array.astype(array.dtype.newbyteorder("="))


def stored(array: NDArray[Any], **options: Any) -> zarr.Array[Any]:
    """Store an array, and open it again from what was written alone."""
    keys: dict[str, Any] = {}
    options = {"serializer": QUICK, "compressors": None, **options}
    # How empty chunks are written is not stored with an array, and opening takes no heed of it.
    # Before 3.1.4, an array cannot be told so later, and the one at hand has the dtype of its data.
    told = hasattr(zarr.Array, "with_config") or "config" not in options
    created = zarr.create_array(keys, data=array if told else native(array), **options)
    if not told:
        return created
    reopened = zarr.open_array(keys, mode="r+")
    return reopened.with_config(options["config"]) if "config" in options else reopened


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_every_array_of_the_battery(array: NDArray[Any]) -> None:
    """Every dtype that zarr and the library share, in every memory layout and byte order."""
    assert same(stored(array)[...], native(array))


@pytest.mark.parametrize("name", ["|b1 C", "<i8 Fortran", ">M8[ms] transposed"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_chunks_of_any_size(name: str, order: str) -> None:
    """Chunks that the shape is no multiple of, in both memory orders, written in parts."""
    array = ARRAYS[name]
    z = stored(np.zeros_like(array), chunks=(5, 4), config={"order": order})
    z[:7] = array[:7]
    z[7:] = array[7:]
    assert same(z[...], native(array))
    z.append(array)
    assert same(z[len(array) :], native(array))


@some
@given(st.data())
def test_arrays_and_chunks_of_zarr_itself(data: st.DataObject) -> None:
    """Zarr's own strategies: any array, chunks, shards, and basic and orthogonal selections."""
    numbers = zst.dtypes().filter(lambda dtype: dtype.kind not in "SU" and dtype != np.longdouble)
    array, chunks = data.draw(
        zst.np_array_and_chunks(
            arrays=numbers.flatmap(lambda dtype: zst.numpy_arrays(dtype=dtype)),
        )
    )
    shards = None
    if array.size and all(chunks):
        shards = data.draw(st.none() | zst.shard_shapes(shape=array.shape, chunk_shape=chunks))
    # Otherwise zarr itself leaves out chunks equal to the fill value, as -0.0 is equal to 0.
    z = stored(array, chunks=chunks, shards=shards, config={"write_empty_chunks": True})
    assert same(z[...], native(array))
    if array.size:
        selection = data.draw(zst.basic_indices(shape=array.shape))
        np.testing.assert_array_equal(z[selection], array[selection])
        ours, numpys = data.draw(zst.orthogonal_indices(shape=array.shape))
        np.testing.assert_array_equal(z.oindex[ours], array[numpys])
        z[selection] = array[selection]
        assert same(z[...], native(array))


@pytest.mark.parametrize("dtype", ["string", "variable_length_bytes"])
@pytest.mark.parametrize("shards", [None, (4,)])
@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
def test_dtypes_that_are_no_numbers(dtype: str, shards: tuple[int] | None) -> None:
    """They are refused when the array is made, inside shards too; nothing is written."""
    keys: dict[str, Any] = {}
    with pytest.raises(TypeError, match="cannot be compressed"):
        zarr.create_array(
            keys,
            shape=(8,),
            chunks=(2,),
            shards=shards,
            dtype=dtype,
            serializer=FourierCompressCodec(),
            compressors=None,
        )
    assert not keys


def test_an_array_without_fixed_chunks_before_it() -> None:
    """Filters before and compressors after the codec work as with any serializer."""
    array = ARRAYS["<i4 C"]
    z = stored(array, filters=[TransposeCodec(order=(1, 0))], compressors="auto")
    assert [type(codec).__name__ for codec in z.metadata.codecs] == [
        "TransposeCodec",
        "FourierCompressCodec",
        "ZstdCodec",
    ]
    assert same(z[...], array)


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_the_configuration_is_json(codec: FourierCompressCodec) -> None:
    """It round-trips, through `zarr.json` too; pickles and hashes agree."""
    entry = json.loads(json.dumps(codec.to_dict()))
    assert entry["name"] == "fourier_compress"
    assert FourierCompressCodec.from_dict(entry) == codec
    assert pickle.loads(pickle.dumps(codec)) == codec  # noqa: S301 - made in this line
    assert hash(FourierCompressCodec.from_dict(entry)) == hash(codec)
    z = stored(np.arange(8.0), serializer=codec, chunks=(2,), shards=(4,))
    (sharding,) = z.metadata.codecs
    assert isinstance(sharding, ShardingCodec)
    assert sharding.codecs == (codec,)


def test_configuration_by_name_alone() -> None:
    """A dict is enough, so that a writer need not import the codec; settings have defaults."""
    for entry in (
        {"name": "fourier_compress"},
        {"name": "fourier_compress", "configuration": {}},
        {"name": "fourier_compress", "configuration": {"level": 5, "max_error": None}},
    ):
        z = stored(np.arange(9), serializer=entry)
        assert z.metadata.codecs == (FourierCompressCodec(),)
        assert z.serializer.to_dict() == {
            "name": "fourier_compress",
            "configuration": {"level": 5},
        }


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [
        (
            {"configuration": {"levle": 3}},
            ValueError,
            "'levle'; known are 'level', 'max_error', 'model'",
        ),
        ({"configuration": {"z": 1, "level": 1, "a": 2}}, ValueError, "'a', 'z'"),
        ({"must_understand": True}, ValueError, "'must_understand'"),
        ({"configuration": 5}, TypeError, "must be a mapping, not 5"),
        ({"configuration": {"level": 11}}, ValueError, "level must be from 1"),
        ({"configuration": {"level": "5"}}, TypeError, "'5'"),
        ({"configuration": {"max_error": -0.5}}, ValueError, "-0.5"),
        ({"configuration": {"model": "AAAA"}}, ValueError, "model cannot be read"),
        ({"configuration": {"model": "é"}}, ValueError, "model cannot be read"),
        ({"configuration": {"model": 3}}, TypeError, "base64 text, or None, not 3"),
        ({"name": "gzip"}, ValueError, "for 'gzip', not for 'fourier_compress'"),
    ],
)
def test_what_a_configuration_may_not_be(
    entry: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Unknown keys are refused by name, bad values by what they may be."""
    with pytest.raises(error, match=words):
        FourierCompressCodec.from_dict({"name": "fourier_compress", **entry})


def test_unknown_keys_in_a_stored_array() -> None:
    """An array of a later version's codec is refused when it is opened, not read wrongly."""
    keys: dict[str, Any] = {}
    zarr.create_array(keys, data=np.arange(3), serializer=FourierCompressCodec(), compressors=None)
    text = keys["zarr.json"].to_bytes().decode()
    changed = text.replace('"level"', '"depth": 1, "level"')
    assert changed != text
    keys["zarr.json"] = type(keys["zarr.json"]).from_bytes(changed.encode())
    with pytest.raises(ValueError, match="unknown configuration 'depth'"):
        zarr.open_array(keys)


@pytest.mark.parametrize("settings", [{"level": 0}, {"level": 10}, {"max_error": -1}])
def test_settings_are_checked_at_once(settings: dict[str, Any]) -> None:
    """A bad setting is refused when the codec is made."""
    with pytest.raises(ValueError, match=next(iter(settings))):
        FourierCompressCodec(**settings)


def test_numpy_numbers_become_plain_ones() -> None:
    """A level from a numpy computation still makes JSON."""
    codec = FourierCompressCodec(level=np.int64(3), max_error=np.float32(0.5))
    assert json.loads(json.dumps(codec.to_dict()))["configuration"] == {
        "level": 3,
        "max_error": 0.5,
    }


def test_the_encoded_size_is_not_computable() -> None:
    """The codec may not be used where zarr needs a fixed size, such as a shard's index."""
    z = stored(np.arange(4))
    with pytest.raises(NotImplementedError, match="depends on its samples"):
        z.serializer.compute_encoded_size(32, None)
    assert not FourierCompressCodec.is_fixed_size


def test_buffers_of_another_kind() -> None:
    """The caller's buffer prototype is used for bytes and for arrays."""
    prototype = BufferPrototype(buffer=TestBuffer, nd_buffer=NDBufferUsingTestNDArrayLike)
    array = ARRAYS["<f4 C"]

    async def scenario() -> None:
        z = await zarr.api.asynchronous.create_array(
            StoreExpectingTestBuffer(),
            shape=array.shape,
            chunks=(5, 5),
            dtype=array.dtype,
            serializer=FourierCompressCodec(),
            compressors=None,
        )
        await z.setitem(..., array, prototype=prototype)
        await z.setitem((0, slice(3, 4)), array[0, 3:4], prototype=prototype)
        back = await z.getitem(..., prototype=prototype)
        assert same(np.asarray(back), array)

    asyncio.run(scenario())


@pytest.mark.parametrize("fill", [-9999.0, 1e20, 0.3, 0.0, -0.0, np.inf])
def test_fill_values_are_exact_under_a_bound(fill: float) -> None:
    """A sample equal to the fill value means "missing", so it comes back equal; others within."""
    rng = np.random.default_rng(3)
    array = rng.normal(size=(40, 40)).astype(np.float32)
    array[rng.random(array.shape) < 0.02] = fill
    array[5, 6] = np.nan
    codec = FourierCompressCodec(level=1, max_error=0.01)
    z = stored(array, serializer=codec, fill_value=fill, chunks=(20, 20), shards=(40, 40))
    back = z[...]
    missing, finite = array == array.dtype.type(fill), np.isfinite(array)
    assert missing.any()
    assert same(back[missing], array[missing])
    assert np.isnan(back[5, 6])
    assert np.abs(back[finite].astype(np.float64) - array[finite]).max() <= 0.01


@pytest.mark.parametrize("name", ["<i2 C", "|u1 C", "<f2 C", "<c8 C", "structured", "<M8[ms] C"])
def test_a_bound_on_every_dtype(name: str) -> None:
    """A bound may be set on any dtype: what has no error stays exact, the rest keeps it."""
    array = ARRAYS[name]
    back = stored(array, serializer=FourierCompressCodec(level=1, max_error=2))[...]
    assert back.dtype == native(array).dtype
    for field in array.dtype.names or [()]:
        a, b = array[field], back[field]
        if a.dtype.kind in "fc":
            exact = ~np.isfinite(a)
            parts = (a.real, b.real), (a.imag, b.imag)
        elif a.dtype.kind in "Mm":
            exact = np.isnat(a)
            parts = ((a.view("<i8").astype(np.float64), b.view("<i8").astype(np.float64)),)
        else:
            exact = np.zeros(a.shape, bool)
            parts = ((a.astype(np.float64), b.astype(np.float64)),)
        assert same(b[exact], native(a[exact]))
        for x, y in parts:
            assert np.abs(x[~exact] - y[~exact]).max() <= 2


def test_the_stream_is_the_librarys_own() -> None:
    """A chunk is what `compress.compress` returns: it can be read and inspected without zarr."""
    keys: dict[str, Any] = {}
    array = ARRAYS["<f4 C"]
    zarr.create_array(keys, data=array, serializer=FourierCompressCodec(level=3), compressors=None)
    (chunk,) = (value for key, value in keys.items() if key.startswith("c/"))
    data = chunk.to_bytes()
    assert same(compress.decompress(data), array)
    assert compress.inspect(data).level == 3


def test_a_model_in_the_metadata() -> None:
    """Learned once, it codes every chunk that it suits; a reader needs the metadata alone."""
    array = np.random.default_rng(0).integers(0, 99, (64, 48)).cumsum(1).astype(np.int16)
    model = compress.fit(array, level=3)
    codec = FourierCompressCodec(level=1, model=model)
    assert FourierCompressCodec.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
    keys: dict[str, Any] = {}
    zarr.create_array(keys, data=array, chunks=(16, 16), serializer=codec, compressors=None)
    assert same(zarr.open_array(keys, mode="r")[...], array)
    streams = [value.to_bytes() for key, value in keys.items() if key.startswith("c/")]
    needed = [len(data) for data in streams if compress.inspect(data).fingerprint is not None]
    parts = [array[i : i + 16, j : j + 16] for i in range(0, 64, 16) for j in range(0, 48, 16)]
    alone = max(len(compress.compress(part, level=1)) for part in parts)
    assert needed
    assert max(map(len, streams)) <= alone + 32


def test_a_model_of_another_dtype() -> None:
    """It is refused when the array is made."""
    codec = FourierCompressCodec(model=compress.fit(np.arange(99), level=1))
    with pytest.raises(ValueError, match="the model is for int64 arrays, the array is float32"):
        stored(np.zeros(3, np.float32), serializer=codec)


@pytest.mark.parametrize("shards", [None, (12, 10)])
def test_chunks_do_not_depend_on_their_order(shards: tuple[int, int] | None) -> None:
    """Written one by one, backwards, or all at once: the same bytes."""
    array = ARRAYS["<i4 C"]
    written: list[dict[str, bytes]] = []
    for order in (slice(None), slice(None, None, -1), None):
        keys: dict[str, Any] = {}
        z = zarr.create_array(
            keys,
            shape=array.shape,
            dtype=array.dtype,
            chunks=(6, 5),
            shards=shards,
            serializer=QUICK,
            compressors=None,
        )
        if order is None:
            z[...] = array
        else:
            rows, columns = shards or (6, 5)
            for i in list(range(0, array.shape[0], rows))[order]:
                for j in list(range(0, array.shape[1], columns))[order]:
                    place = slice(i, i + rows), slice(j, j + columns)
                    z[place] = array[place]
        written.append({key: value.to_bytes() for key, value in keys.items()})
    assert written[0] == written[1] == written[2]


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_among_the_compressors(array: NDArray[Any]) -> None:
    """Behind zarr's bytes codec, every array of the battery comes back as without a compressor."""
    z = stored(array, serializer="auto", compressors=FourierCompressBytesCodec(level=1))
    assert same(z[...], stored(array, serializer="auto")[...])


@pytest.mark.parametrize("shards", [None, (12, 15)])
def test_among_the_compressors_it_knows_the_samples(shards: tuple[int, int] | None) -> None:
    """Their shape and dtype, so that the stream is that of the array, in shards as well."""
    array = ARRAYS["<f4 C"]
    keys: dict[str, Any] = {}
    codec = FourierCompressBytesCodec(level=1)
    zarr.create_array(keys, data=array, chunks=(12, 15), shards=shards, compressors=codec)
    (chunk,) = (value.to_bytes() for key, value in keys.items() if key.startswith("c/"))
    assert compress.compress(array, level=1) in chunk
    assert same(zarr.open_array(keys, mode="r")[...], array)
    text = keys["zarr.json"].to_bytes()
    assert FourierCompressBytesCodec.from_dict(codec.to_dict()) == codec
    assert b"fourier_compress_bytes" in text


@pytest.mark.parametrize(
    "before", [{"serializer": zarr.codecs.BytesCodec(endian="big")}, {"dtype": "U3"}, {"gzip": 1}]
)
def test_among_the_compressors_behind_others(before: dict[str, Any]) -> None:
    """Bytes that are not those of native samples are bytes, and come back, too."""
    array = ARRAYS["<i4 C"].astype(before.get("dtype", "<i4"))
    compressors: list[Any] = [FourierCompressBytesCodec(level=1)]
    if "gzip" in before:
        compressors.insert(0, zarr.codecs.GzipCodec())
    options = {"serializer": before.get("serializer", "auto")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of strings, which format 3 does not specify
        z = stored(array, compressors=compressors, **options)
        assert np.array_equal(z[...], array)


def test_the_serializer_is_no_compressor() -> None:
    """What zarr says then, for a class and for a dict, is that it expects a BytesBytesCodec."""
    for codec in (FourierCompressCodec(), {"name": "fourier_compress"}):
        with pytest.raises(TypeError, match=r"Expected a.* BytesBytesCodec"):
            stored(np.arange(3), serializer="auto", compressors=codec)
