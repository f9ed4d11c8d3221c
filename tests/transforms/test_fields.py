"""Any array of the contract comes apart into native fields and together again, bit for bit."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CompressError, CorruptError
from compress.transforms import assemble, describe, field_specs, parse, take_apart
from compress.transforms.dtypes import EXTENSIONS

NATIVE = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
SCALARS = [
    order + code
    for order in "<>"
    for code in (*NATIVE, "c8", "c16", "M8[ns]", "M8[25s]", "M8", "m8[D]", "m8")
]


def scalar_dtypes() -> st.SearchStrategy[np.dtype]:
    """Every scalar dtype of numpy that the contract has."""
    return st.sampled_from(SCALARS).map(np.dtype)


def struct_dtypes(base: st.SearchStrategy[np.dtype]) -> st.SearchStrategy[np.dtype]:
    """Structured dtypes over others: packed, aligned, or with odd gaps."""

    @st.composite
    def build(draw: st.DrawFn) -> np.dtype:
        names = draw(st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=4))
        names = [n for n in names if "\x00" not in n and not n.startswith("\ud800")]
        formats = []
        for _ in names:
            inner = draw(base)
            shape = draw(st.lists(st.integers(0, 3), max_size=2))
            formats.append((inner, tuple(shape)) if shape else inner)
        if draw(st.booleans()):
            return np.dtype({"names": names, "formats": formats}, align=draw(st.booleans()))
        offsets, end = [], 0
        for item in formats:
            offsets.append(end + draw(st.integers(0, 5)))
            end = offsets[-1] + np.dtype(item).itemsize
        itemsize = end + draw(st.integers(0, 5))
        return np.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": itemsize}
        )

    return build()


def any_dtype() -> st.SearchStrategy[np.dtype]:
    """Scalar or nested dtypes."""
    return st.recursive(scalar_dtypes(), struct_dtypes, max_leaves=6)


def filled(dtype: np.dtype, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Array with random bytes in every scalar: all NaN payloads, NaT, infinities."""
    count = int(np.prod(shape))
    raw = np.random.default_rng(seed).integers(0, 256, count * dtype.itemsize, np.uint8)
    array: np.ndarray = np.ndarray(shape, dtype, raw)
    _normalise_bool(array)
    return array


def _normalise_bool(array: np.ndarray) -> None:
    if array.dtype.names:
        for name in array.dtype.names:
            _normalise_bool(array[name])
    elif array.dtype == bool:
        array[...] = array.view(np.uint8) & 1


def scalar_bytes(array: np.ndarray) -> list[bytes]:
    """Bytes of all scalars, without padding (an independent walk over the dtype)."""
    if array.dtype.names is not None:
        return [part for name in array.dtype.names for part in scalar_bytes(array[name])]
    return [array.tobytes()]


@given(dtype=any_dtype(), shape=st.lists(st.integers(0, 3), max_size=3), seed=st.integers(0, 99))
@settings(max_examples=300, deadline=None)
def test_fields_of_any_dtype_and_shape_come_back(
    dtype: np.dtype, shape: list[int], seed: int
) -> None:
    """Random dtypes (nested, padded, big-endian, subarrays) with random bytes are restored."""
    array = filled(dtype, tuple(shape), seed)
    fields = take_apart(array)
    for field in fields:
        assert field.dtype.isnative
        assert field.dtype.kind in "biuf"
        assert field.flags.c_contiguous
    assert [(f.dtype, f.shape) for f in fields] == field_specs(dtype, tuple(shape))
    back = assemble(fields, parse(describe(dtype)), tuple(shape))
    assert back.dtype == dtype
    assert back.shape == array.shape
    assert back.flags.writeable
    assert scalar_bytes(back) == scalar_bytes(array)


@given(dtype=any_dtype())
@settings(max_examples=300, deadline=None)
def test_description_gives_the_dtype_again(dtype: np.dtype) -> None:
    """Description and parsing are inverse, padding, alignment and units included."""
    numbers = describe(dtype)
    assert all(type(n) is int and n >= 0 for n in numbers)
    back = parse(numbers)
    assert back == dtype
    assert back.itemsize == dtype.itemsize
    assert back.isalignedstruct == dtype.isalignedstruct


def test_titles_come_back() -> None:
    """Field titles are part of the dtype."""
    dtype = np.dtype([(("a title", "x"), "<f4"), ("y", "<i2")])
    assert parse(describe(dtype)).fields == dtype.fields


@pytest.mark.parametrize("name", EXTENSIONS)
def test_small_floats_come_back_and_are_in_order(name: str) -> None:
    """Every bit pattern of an ``ml_dtypes`` dtype is restored; its integers follow the values."""
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = np.arange(1 << (8 * dtype.itemsize), dtype=np.uint32).astype(f"u{dtype.itemsize}")
    array = bits.view(dtype)
    (field,) = take_apart(array)
    assert parse(describe(dtype)) == dtype
    back = assemble([field], dtype, array.shape)
    assert back.dtype == dtype
    assert back.tobytes() == array.tobytes()
    if dtype.itemsize == 2 or name in {"float8_e5m2", "float8_e4m3fn", "float8_e3m4"}:
        with np.errstate(invalid="ignore"):
            values = array.astype(np.float32)
        good = np.isfinite(values)
        assert np.all(np.diff(values[good][np.argsort(field[good])]) >= 0)


@pytest.mark.parametrize("dtype", ["O", "T", "g", "G", [("a", "O")], [("a", "f4"), ("b", "G")]])
def test_other_dtypes_are_a_type_error(dtype: object) -> None:
    """Objects, strings of any length and long double are refused by name."""
    with pytest.raises(TypeError, match="cannot be compressed"):
        take_apart(np.zeros(2, np.dtype(dtype)))


def test_overlapping_fields_are_a_type_error() -> None:
    """A union would be stored twice; it is refused."""
    dtype = np.dtype({"names": ["a", "b"], "formats": ["<u4", "<u4"], "offsets": [0, 2]})
    with pytest.raises(TypeError, match="overlapping"):
        describe(dtype)


@pytest.mark.parametrize("order", ["C", "F", "strided", "reversed", "broadcast"])
def test_layout_does_not_matter(order: str) -> None:
    """Fortran, strided, reversed and broadcast arrays give the values of their C copy."""
    base = filled(np.dtype([("a", ">f4"), ("b", "<c8")]), (6, 8), 1)
    array = {
        "C": base,
        "F": np.asfortranarray(base),
        "strided": base[::2, 1::3],
        "reversed": base[::-1, ::-1],
        "broadcast": np.broadcast_to(base[0], (4, 8)),
    }[order]
    back = assemble(take_apart(array), array.dtype, array.shape)
    assert back.tobytes() == np.ascontiguousarray(array).tobytes()


@given(numbers=st.lists(st.one_of(st.integers(0, 40), st.integers()), max_size=30))
@settings(max_examples=500, deadline=None)
def test_any_integers_parse_or_are_corrupt(numbers: list[int]) -> None:
    """Arbitrary integers give a dtype that describes to them, or one of our errors."""
    try:
        dtype = parse(numbers)
    except CompressError:
        return
    assert describe(dtype) == tuple(numbers)


@given(dtype=any_dtype(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_altered_descriptions_parse_or_are_corrupt(dtype: np.dtype, data: st.DataObject) -> None:
    """A changed, cut or lengthened description gives a dtype or one of our errors."""
    numbers = list(describe(dtype))
    position = data.draw(st.integers(0, len(numbers) - 1))
    change = data.draw(st.sampled_from(["set", "cut", "insert"]))
    if change == "set":
        numbers[position] = data.draw(st.integers(0, 1 << 34))
    elif change == "cut":
        del numbers[position:]
    else:
        numbers.insert(position, data.draw(st.integers(0, 300)))
    try:
        parsed = parse(numbers)
    except CompressError:
        return
    assert describe(parsed) == tuple(numbers)
    assert parsed.itemsize <= 1 << 30


def test_wrong_fields_are_corrupt() -> None:
    """Fields of another dtype, shape or number are refused."""
    dtype = np.dtype([("a", "<i4"), ("b", "<f4")])
    a, b = take_apart(filled(dtype, (3,), 0))
    for fields in ([a], [a, b, b], [b, a], [a, b[:2]]):
        with pytest.raises(CorruptError):
            assemble(fields, dtype, (3,))
