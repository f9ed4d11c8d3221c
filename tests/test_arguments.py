"""Bad arguments: an error that says what was given and what is allowed."""

from typing import Any

import numpy as np
import pytest

import compress


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([object()]), np.array([b"x"])])
def test_objects_and_strings(array: np.ndarray[Any, Any]) -> None:
    """Dtypes outside the contract are named in a TypeError."""
    with pytest.raises(TypeError, match=r"object|<U1|\|S1"):
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
        ({"max_error": 0}, ValueError, "positive"),
        ({"max_error": "0.1"}, TypeError, "number"),
        ({"max_error": True}, TypeError, "number"),
        ({"max_error": -1.0}, ValueError, "-1.0"),
        ({"max_error": float("nan")}, ValueError, "finite"),
        ({"threads": 0}, ValueError, "1 or more"),
        ({"threads": 1.5}, TypeError, "1.5"),
        ({"model": "x"}, TypeError, "str"),
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
