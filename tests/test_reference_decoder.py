"""A second decoder, written from the pages of the format alone: what they say is enough.

It shares no code with the library. ``python -m tests.reference_decoder`` prints a line for each
golden stream.
"""

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import compress
from tests.golden_arrays import FOLDER, golden
from tests.reference_decoder.outer import decode
from tests.reference_decoder.reader import RefusedError
from tests.strategies import arrays, same

ROOT = Path(__file__).parent
GOLDEN = golden()
# The examples at the end of the page of plans, in its order.
EXAMPLES = (np.full(3, 7, np.int64), np.array([1.5, 2.5, 3.0, 4.25], np.float32))


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_golden_stream_decodes_by_the_pages(name: str) -> None:
    """The array comes back bit for bit; with an error bound, what the library makes of it."""
    array, arguments = GOLDEN[name]
    data = (FOLDER / f"{name}.fdz").read_bytes()
    back = decode(data)
    assert same(compress.decompress(data, threads=1) if "max_error" in arguments else array, back)


@settings(deadline=None, max_examples=25)
@given(arrays(), st.integers(1, 5))
def test_any_array_decodes_by_the_pages(array: NDArray[np.generic], level: int) -> None:
    """Any dtype, shape and layout, at the levels that most people use."""
    assert same(array, decode(compress.compress(array, level=level, threads=1)))


@pytest.mark.parametrize("sums", [False, True])
def test_a_file_decodes_by_the_pages(tmp_path: Path, sums: bool) -> None:
    """Slabs, tiles, smaller ones at the ends, a slab that grew, and metadata."""
    array = np.add.outer(np.arange(23) * 5, np.arange(17) ** 2).astype(np.int32)
    path = tmp_path / "array.fdz"
    with compress.Writer(
        path,
        dtype=array.dtype,
        shape=(None, 17),
        chunks=(8, 6),
        attrs={"unit": "m"},
        checksum=sums,
    ) as writer:
        writer.append(array[:5])
        writer.flush()
        writer.append(array[5:])
    assert same(array, decode(path.read_bytes()))


@pytest.mark.parametrize("shape", [(7,), (5, 4), (2, 3, 2)])
def test_a_stream_with_a_model_decodes_by_the_pages(shape: tuple[int, ...]) -> None:
    """Fields of any number of axes, by the plans of a model that was learned on two."""
    dtype = np.dtype([("a", "<i2"), ("b", ">f4", (2,))])
    rng = np.random.default_rng(0)

    def rows(of_shape: tuple[int, ...]) -> NDArray[np.void]:
        array = np.zeros(of_shape, dtype)
        array["a"] = rng.geometric(0.1, of_shape)
        array["b"] = rng.integers(0, 999, (*of_shape, 2)) / 8
        return array

    model, array = compress.fit(rows((200, 4)), level=3), rows(shape)
    data = compress.compress(array, level=3, model=model)
    with pytest.raises(compress.ModelMismatchError):
        compress.decompress(data)
    assert same(array, decode(data, model.to_bytes()))


def test_a_message_of_a_model_is_refused() -> None:
    """What the second decoder does not have is an error, and no array."""
    walk = np.cumsum(np.random.default_rng(1).integers(-9, 10, (64, 128)), 1)
    model = compress.fit(list(walk), level=5)
    data = compress.compress(walk[0], level=5, model=model)
    assert same(walk[0], compress.decompress(data, model=model))
    with pytest.raises(RefusedError, match="a parameter is 2"):
        decode(data, model.to_bytes())


def test_examples_of_the_page_are_streams() -> None:
    """The bytes that the page of plans explains are what its words say, for both decoders."""
    page = (ROOT.parent / "docs" / "format" / "plans.md").read_text(encoding="utf-8")
    lines = page[page.index("## Examples") :].splitlines()
    found, rows = [], bytearray()
    for line in [*lines, "end"]:
        match = re.match(r"\| `([0-9a-f ]+)` \|", line)
        if match:
            rows += bytes.fromhex(match[1])
        elif rows and not line.startswith("|"):
            found.append(bytes(rows))
            rows.clear()
    for data, array in zip(found, EXAMPLES, strict=True):
        assert same(array, decode(data))
        assert same(array, compress.decompress(data))


def test_unknown_versions_are_refused() -> None:
    """The second decoder reads the version that the library writes, and no other."""
    data = bytearray((FOLDER / "int8.fdz").read_bytes())
    data[4] += 1
    with pytest.raises(RefusedError):
        decode(bytes(data))


def test_it_shares_no_code_with_the_library() -> None:
    """What decodes imports the standard library, numpy, the dtypes of `ml_dtypes`, and itself."""
    others = {"numpy", "ml_dtypes", "tests.reference_decoder"}
    for path in (ROOT / "reference_decoder").glob("*.py"):
        if path.name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                parts = name.split(".")
                package = ".".join(parts[:2]) if parts[0] == "tests" else parts[0]
                assert package in others | sys.stdlib_module_names, (path.name, name)
