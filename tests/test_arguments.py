"""Bad arguments: an error that says what was given and what is allowed."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import compress


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["a", None], object),
        np.array(["a"], np.dtypes.StringDType()),
        np.zeros(2, [("a", "i4"), ("b", "O")]),
    ],
    ids=["objects", "strings as objects", "strings of any length", "structure"],
)
def test_objects_and_strings_of_any_length(array: np.ndarray[Any, Any]) -> None:
    """Dtypes outside the contract are named in a TypeError that says what to do."""
    with pytest.raises(TypeError, match=r"(object|StringDType).*astype\('U'\)"):
        compress.compress(array)


def test_masked_arrays() -> None:
    """A masked array is refused with advice, for its mask would be lost."""
    with pytest.raises(TypeError, match="filled"):
        compress.compress(np.ma.masked_equal([1, 2], 1))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"level": 0}, ValueError, "1 .fast. to 9 .smallest., not 0"),
        ({"level": 10}, ValueError, "not 10"),
        ({"level": 2.5}, TypeError, "2.5"),
        ({"level": True}, TypeError, "True"),
        ({"max_error": "0.1"}, TypeError, "number"),
        ({"max_error": True}, TypeError, "number"),
        ({"max_error": -1.0}, ValueError, "-1.0"),
        ({"max_error": float("nan")}, ValueError, "finite"),
        ({"max_error": 10**400}, ValueError, "finite, not 1000"),
        ({"max_error": 10**5000}, ValueError, "many digits"),
        ({"max_error": np.longdouble("inf")}, ValueError, "finite"),
        ({"max_error": 1j}, TypeError, "number"),
        ({"max_error": np.ones(2)}, TypeError, "number"),
        ({"max_error": Decimal(1)}, TypeError, "number"),
        ({"level": None}, TypeError, "None"),
        ({"level": "5"}, TypeError, "'5'"),
        ({"level": 10**5000}, ValueError, "many digits"),
        ({"level": np.float64(3)}, TypeError, "3.0"),
        ({"threads": 0}, ValueError, "1 or more"),
        ({"threads": -(10**5000)}, ValueError, "many digits"),
        ({"threads": True}, TypeError, "True"),
        ({"verify": 1}, TypeError, "True or False, not 1"),
        ({"threads": 1.5}, TypeError, "1.5"),
        ({"model": "x"}, TypeError, "str"),
        ({"progress": 5}, TypeError, "int"),
    ],
)
def test_compress_arguments(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Each argument outside its range is named with its value."""
    with pytest.raises(error, match=message):
        compress.compress(np.zeros(3), **arguments)


def test_decompress_arguments() -> None:
    """What is not bytes, or a negative limit, is refused."""
    data = compress.compress(np.zeros(3))
    with pytest.raises(TypeError, match="bytes-like, not str"):
        compress.decompress("text")  # type: ignore[arg-type] # that is the test
    with pytest.raises(ValueError, match="-1"):
        compress.decompress(data, max_bytes=-1)
    with pytest.raises(TypeError, match=r"not 2\.5"):
        compress.decompress(data, max_bytes=2.5)  # type: ignore[arg-type] # that is the test
    with pytest.raises(TypeError, match="str"):
        compress.decompress(data, model="x")  # type: ignore[arg-type] # that is the test
    with pytest.raises(TypeError, match="Python objects"):
        compress.decompress(np.array([object()]))  # type: ignore[arg-type] # that is the test
    with pytest.raises(TypeError, match="bytes-like, not ndarray"):
        compress.decompress(np.zeros(3, "M8[s]"))  # type: ignore[arg-type] # that is the test


@pytest.mark.parametrize(
    "data",
    [b"", np.empty(0), np.empty((2, 0), ">i4"), np.zeros(9, ">i4"), np.zeros(9, "c16"),
     np.zeros(4, [("a", "i4"), ("b", "f8")]), np.zeros((3, 4), order="F"), memoryview(b"")],
    ids=lambda data: f"{type(data).__name__} {getattr(data, 'dtype', '')}",
)  # fmt: skip
def test_any_buffer_is_read_as_bytes(data: Any) -> None:
    """Buffers of any format are taken for their bytes, which are not ours here."""
    for read in (compress.decompress, compress.inspect):
        with pytest.raises(compress.CompressError):
            read(data)


def test_arrays_too_large_to_describe() -> None:
    """What no machine holds is refused before anything is coded."""
    with pytest.raises(ValueError, match="impossible array"):
        compress.compress(np.broadcast_to(np.uint8(1), (1 << 31, 1 << 31)))


_junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just(10**400),
    st.binary(max_size=9), st.lists(st.integers(0, 3), max_size=3), st.complex_numbers(),
    st.sampled_from([object(), np.ones(2), np.float32(2), np.int8(3), np.bool_(True), {}, len]),
)  # fmt: skip


def _documented(call: Callable[[], object]) -> None:
    with suppress(TypeError, ValueError, compress.CompressError):
        call()


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
@given(_junk, st.dictionaries(st.sampled_from(
    ["level", "max_error", "model", "verify"]), _junk, max_size=2))  # fmt: skip
def test_nothing_but_documented_errors(value: Any, arguments: dict[str, Any]) -> None:
    """Whatever the public functions are given, an array comes out or a documented error."""
    calls: dict[str, Any] = dict(arguments)
    level = {key: calls[key] for key in calls if key == "level"}
    model = {key: calls[key] for key in calls if key == "model"}
    _documented(lambda: compress.compress(value, threads=1, **calls))
    _documented(lambda: compress.compress([1.5, 2], threads=1, **calls))
    _documented(lambda: compress.fit(value, **level))
    _documented(lambda: compress.decompress(value, threads=1, **model))
    _documented(lambda: compress.decompress(_STREAM, threads=value))
    _documented(lambda: compress.decompress(_STREAM, max_bytes=value))
    _documented(lambda: compress.inspect(value))


_STREAM = compress.compress(np.arange(9), level=1)


def test_max_bytes_is_checked_before_anything_else() -> None:
    """An array above the limit is refused, one at the limit is not."""
    data = compress.compress(np.zeros(1000))
    assert compress.decompress(data, max_bytes=8000).size == 1000
    with pytest.raises(compress.LimitError, match="8000 bytes, more than max_bytes=7999"):
        compress.decompress(data, max_bytes=7999)


def test_errors_have_one_base() -> None:
    """Every error that data can cause is a CompressError."""
    for error in (compress.FormatError, compress.CorruptError, compress.LimitError,
                  compress.ModelMismatchError):  # fmt: skip
        assert issubclass(error, compress.CompressError)
