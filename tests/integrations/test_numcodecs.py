"""The numcodecs codec: numcodecs' own checks, and the rest of what its users rely on."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

import compress
from compress.integrations.numcodecs import FourierCompress
from tests.integrations.battery import ARRAYS, BUFFERS
from tests.strategies import arrays, same

try:
    from numcodecs.tests import common
except ImportError:  # from 0.17 on, numcodecs does not install its tests
    common = None
its_own = pytest.mark.skipif(common is None, reason="numcodecs does not install its tests")

CODECS = [FourierCompress(), FourierCompress(level=1), FourierCompress(9), FourierCompress(3, 1e-9)]
QUICK = FourierCompress(level=1)  # where it is the codec that is tried, not the compression
NUMERIC = {name: a for name, a in ARRAYS.items() if a.dtype.kind not in "Mm" and a.size}


def as_given(decoded: Any, array: NDArray[Any]) -> NDArray[Any]:
    """View what `decode` returned as the dtype that was encoded."""
    result: NDArray[Any] = decoded.view(array.dtype)
    return result


@its_own
@pytest.mark.parametrize("array", NUMERIC.values(), ids=NUMERIC)
def test_numcodecs_own_array_check(array: NDArray[Any]) -> None:
    """`check_encode_decode_array`: same dtype and values, with and without ``out``."""
    common.check_encode_decode_array(array, QUICK)


@its_own
@pytest.mark.parametrize("name", ["<f4 C", ">f4 Fortran", "<i8 C", "|u1 C", "<c8 C", "<M8[ms] C"])
def test_numcodecs_own_buffer_check(name: str) -> None:
    """`check_encode_decode`: every kind of buffer, encoded and decoded."""
    common.check_encode_decode(ARRAYS[name], QUICK)


@its_own
@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_numcodecs_own_configuration_checks(
    codec: FourierCompress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check_config` and `check_repr`: the configuration is JSON, the repr is the constructor."""
    monkeypatch.setattr(common, "FourierCompress", FourierCompress, raising=False)
    common.check_config(codec)
    common.check_repr(repr(codec))


@its_own
def test_numcodecs_own_object_checks() -> None:
    """Object arrays are refused on both sides."""
    common.check_err_encode_object_buffer(FourierCompress())
    common.check_err_decode_object_buffer(FourierCompress())


@its_own
def test_numcodecs_own_fixture_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check_backwards_compatibility`: stored streams decode with the stored configuration.

    (Streams of earlier versions are kept in tests/golden, for they are the same bytes.)
    """
    monkeypatch.chdir(tmp_path)
    fixtures = [ARRAYS["|u1 Fortran"], ARRAYS["<i8 transposed"], ARRAYS["0-d"]]
    for _ in ("write", "read"):
        common.check_backwards_compatibility("fourier_compress", fixtures, CODECS[1:])
    assert len(list(tmp_path.glob("fixture/fourier_compress/codec.*/encoded.*.dat"))) == 9


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_every_array_of_the_battery(array: NDArray[Any]) -> None:
    """Every bit, the shape, and the memory layout come back; the result exports a buffer."""
    decoded = QUICK.decode(QUICK.encode(array))
    assert memoryview(decoded).nbytes == array.nbytes
    assert same(as_given(decoded, array), array)
    assert decoded.flags.f_contiguous == array.flags.f_contiguous


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
@given(arrays())
def test_any_array(array: NDArray[Any]) -> None:
    """Any dtype of the library, shape, bits and memory layout."""
    decoded = QUICK.decode(QUICK.encode(array))
    assert memoryview(decoded).nbytes == array.nbytes
    assert same(as_given(decoded, array), array)


@pytest.mark.parametrize("kind", BUFFERS)
def test_every_kind_of_buffer(kind: str) -> None:
    """What exports a buffer can be encoded and decoded: the same bytes come back."""
    content = np.arange(0, 50, 0.25).tobytes()
    encoded = QUICK.encode(BUFFERS[kind](content))
    assert isinstance(encoded, bytes)
    assert QUICK.decode(encoded).tobytes() == content
    if len(encoded) % 8 == 0 or kind not in {"memoryview of doubles", "array.array of ints"}:
        assert QUICK.decode(BUFFERS[kind](encoded)).tobytes() == content


def test_encoded_data_in_wider_items() -> None:
    """Encoded bytes may come in a buffer of any item size."""
    array = np.arange(100)
    data = QUICK.encode(array)
    while len(data) % 8:
        array = np.append(array, 12345 * len(array))
        data = QUICK.encode(array)
    for kind in BUFFERS:
        assert same(QUICK.decode(BUFFERS[kind](data)), array)


def test_out_is_filled_and_returned() -> None:
    """``out`` may be any writable contiguous buffer of the array's size."""
    array = ARRAYS["<f8 C"]
    data = QUICK.encode(array)
    whole = np.empty_like(array)
    assert QUICK.decode(data, out=whole) is whole
    assert same(whole, array)
    flat = bytearray(array.nbytes)
    QUICK.decode(data, out=flat)
    assert bytes(flat) == array.tobytes()
    part = np.zeros((30, 15))
    QUICK.decode(data, out=part[9:21])
    assert same(part[9:21], array)
    assert not part[:9].any()
    assert not part[21:].any()


@pytest.mark.parametrize("name", ["<M8[ms] C", ">M8[ms] Fortran", ">m8[D] C", "structured"])
def test_out_of_a_dtype_without_a_buffer(name: str) -> None:
    """Datetimes and structures are decoded into arrays of theirs."""
    array = ARRAYS[name]
    out = np.empty_like(array)
    QUICK.decode(QUICK.encode(array), out=out)
    assert same(out, array)


@pytest.mark.parametrize("size", [0, 1, 99, 101, 200])
def test_out_of_the_wrong_size(size: int) -> None:
    """Too small is a limit exceeded, too large a wrong argument; neither is written to."""
    out = np.full(size, 7, np.int32)
    with pytest.raises((compress.LimitError, ValueError), match=f"{4 * size}"):
        QUICK.decode(QUICK.encode(np.arange(100, dtype=np.int32)), out=out)
    assert (out == 7).all()


def test_read_only_out_is_refused() -> None:
    """Bytes are immutable."""
    with pytest.raises(ValueError, match="read-only"):
        QUICK.decode(QUICK.encode(np.arange(4)), out=bytes(32))


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([b"a"]), np.zeros(2, "V3")], ids=str)
def test_strings_come_back(array: NDArray[Any]) -> None:
    """Those of fixed length, in their dtype."""
    back = QUICK.decode(QUICK.encode(array))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", ["O", "T", "g"])
def test_other_dtypes_are_refused(dtype: str) -> None:
    """As everywhere in the library: a clear TypeError."""
    with pytest.raises(TypeError, match=r"cannot be compressed|object"):
        QUICK.encode(np.zeros(2, dtype))


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_a_codec_is_its_configuration(codec: FourierCompress) -> None:
    """JSON, pickle and copies give an equal codec; another setting another one."""
    config = codec.get_config()
    assert config == {"id": "fourier_compress", "level": codec.level, "max_error": codec.max_error}
    for twin in (
        numcodecs.get_codec(json.loads(json.dumps(config))),
        pickle.loads(pickle.dumps(codec)),  # noqa: S301 - made in this line
        copy.deepcopy(codec),
        FourierCompress.from_config({key: config[key] for key in ("level", "max_error")}),
    ):
        assert type(twin) is FourierCompress
        assert twin == codec
        assert twin.encode(np.arange(50.0)) == codec.encode(np.arange(50.0))
    assert codec != FourierCompress(level=4)
    assert codec != numcodecs.Zlib()


def test_numpy_numbers_are_kept_as_plain_ones() -> None:
    """A level from a numpy computation still makes a JSON configuration."""
    codec = FourierCompress(np.int64(3), np.float32(0.5))
    assert json.dumps(codec.get_config())
    assert repr(codec) == "FourierCompress(level=3, max_error=0.5)"


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ({"level": 0}, ValueError, "level must be from 1"),
        ({"level": 10}, ValueError, "not 10"),
        ({"level": 2.5}, TypeError, "2.5"),
        ({"level": None}, TypeError, "None"),
        ({"max_error": "0.1"}, TypeError, "max_error must be a number"),
        ({"max_error": -1}, ValueError, "-1"),
        ({"max_error": float("inf")}, ValueError, "inf"),
        ({"max_error": float("nan")}, ValueError, "nan"),
        ({"levle": 3}, ValueError, "'levle'; known are 'level', 'max_error'"),
        ({"zeta": 1, "level": 2, "alpha": 1}, ValueError, "'alpha', 'zeta'"),
    ],
)
def test_configurations_are_checked_at_once(
    config: dict[str, Any], error: type[Exception], words: str
) -> None:
    """A bad configuration is refused when the codec is made, in words that name the fault."""
    with pytest.raises(error, match=words):
        numcodecs.get_codec({"id": "fourier_compress", **config})


def test_an_error_bound_holds_on_every_sample() -> None:
    """`max_error` bounds the error of finite samples; the others come back as they were."""
    rng = np.random.default_rng(1)
    array = rng.normal(size=(40, 50)).cumsum(0)
    array[3, 4:7] = np.nan, np.inf, -np.inf
    codec = FourierCompress(max_error=0.01)
    back = codec.decode(codec.encode(array))
    finite = np.isfinite(array)
    assert np.abs(back[finite] - array[finite]).max() <= 0.01
    assert same(back[~finite], array[~finite])


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_bound_needs_samples(kind: type) -> None:
    """Bytes that are somebody's floats must not be changed one by one."""
    with pytest.raises(TypeError, match=r"max_error=2\.0 needs samples"):
        FourierCompress(max_error=2).encode(kind(8))


def test_damage_is_told() -> None:
    """Any bit flipped anywhere: an error of the library, never another array."""
    array = np.arange(1000, dtype=np.int32)
    data = QUICK.encode(array)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 16
        with pytest.raises(compress.CompressError):
            QUICK.decode(damaged, out=np.empty_like(array))


def test_one_thread_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers code several chunks side by side, so a codec call starts no threads of its own."""
    threads: list[Any] = []

    def spy(function: Any) -> Any:
        return lambda *args, **options: (
            threads.append(options["threads"]) or function(*args, **options)
        )

    monkeypatch.setattr("compress.integrations.numcodecs.compress", spy(compress.compress))
    monkeypatch.setattr("compress.integrations.numcodecs.decompress", spy(compress.decompress))
    QUICK.decode(QUICK.encode(np.arange(9)))
    assert threads == [1, 1]


def test_a_model_in_the_configuration() -> None:
    """As JSON, and back; what was encoded needs it, and the codec of that configuration has it."""
    array = np.random.default_rng(0).normal(0, 60, 4000).round().astype(np.int64)
    codec = FourierCompress(level=1, model=compress.fit(array, level=1))
    again = numcodecs.get_codec(json.loads(json.dumps(codec.get_config())))
    assert again == codec
    data = codec.encode(array[:300])
    assert compress.inspect(data).fingerprint == codec.model.fingerprint
    assert same(again.decode(data), array[:300])
    with pytest.raises(compress.ModelMismatchError):
        QUICK.decode(data)
    for model, error in (("AAAA", ValueError), (b"AAAA", TypeError)):
        with pytest.raises(error, match="model"):
            FourierCompress(model=model)
