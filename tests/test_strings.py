"""Arrays of strings through the public functions."""

from __future__ import annotations

import lzma
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import compress
from compress.pipeline.header import read_header
from tests.strategies import same

RNG = np.random.default_rng(0)
PLACES = RNG.choice(["Bergen", "Ålesund", "", "Kirkwall"], 600)
HOURS = np.datetime_as_string(np.arange("2024-01-01T00", "2024-02-01T00", dtype="M8[h]"))
RECORD = np.dtype(
    [("flag", "i1"), ("name", "S6"), ("pair", ">U3", (2,)), ("raw", "V5"), ("none", "S0"),
     ("value", "f8")], align=True,
)  # fmt: skip


def records() -> NDArray[Any]:
    """Make records with strings of every kind."""
    array = np.zeros(60, RECORD)
    array["name"] = RNG.choice([b"ab", b"c\0d", b""], 60)
    array["pair"] = RNG.choice(["x", "yz"], (60, 2))
    array["raw"] = RNG.integers(0, 256, (60, 5), np.uint8).view("V5").reshape(-1)
    array["value"] = np.arange(60)
    return array


@pytest.mark.parametrize("level", [1, 5])
@pytest.mark.parametrize(
    "array",
    [
        PLACES, PLACES.astype(">U9"), np.char.encode(PLACES, "utf-8"), HOURS, HOURS.astype("S13"),
        np.asfortranarray(PLACES.reshape(20, 30)), PLACES[::-2], np.array("Ada"), np.array(b"\0\0"),
        np.empty((0, 3), "U4"), np.ndarray((3,), "S0"), np.ndarray((2, 2), "U0"),
        np.ndarray((4,), "V0"), np.broadcast_to(np.array("one"), (5, 4)), records(),
        records()[::3], RNG.integers(0, 256, (40, 9), np.uint8).view("S9"),
        RNG.integers(0, 1 << 32, (40, 3), np.uint32).view("U3"),
    ],
    ids=lambda array: f"{array.dtype.str} {array.shape}",
)  # fmt: skip
def test_every_bit_comes_back(array: NDArray[Any], level: int) -> None:
    """Zeros inside, bytes of no encoding, no characters, no strings, structures, any layout."""
    data = compress.compress(array, level=level, max_error=0.25, threads=1)
    back = compress.decompress(data, threads=1)
    assert same(array[...], back) or (array.dtype == RECORD and _alike(array, back))


def _alike(array: NDArray[Any], back: NDArray[Any]) -> bool:
    """Compare records whose numbers may have changed."""
    names = [name for name in RECORD.names or () if name != "value"]
    exact = all(same(array[name], back[name]) for name in names)
    return exact and bool(np.abs(array["value"] - back["value"]).max() <= 0.25)


def test_columns_are_small() -> None:
    """Categories take their entropy, regular times next to nothing, each less than xz makes."""
    for column in (PLACES, HOURS):
        size = len(compress.compress(column, threads=1))
        assert size < len(lzma.compress(column.tobytes(), preset=9))
    assert len(compress.compress(PLACES, threads=1)) < 2 * PLACES.size / 8 + 100
    assert len(compress.compress(HOURS, threads=1)) < 160


def test_a_model_is_for_strings_too() -> None:
    """Messages of strings are coded with a model of such."""
    model = compress.fit([PLACES[:100], PLACES[100:200]], level=3)
    data = compress.compress(PLACES[200:260], level=3, model=model)
    assert same(compress.decompress(data, model=model), PLACES[200:260])


def test_files_hold_strings() -> None:
    """Blocks of strings are appended and read in parts."""
    import io  # noqa: PLC0415

    out = io.BytesIO()
    with compress.Writer(out, level=1) as writer:
        writer.append(PLACES[:300])
        writer.append(PLACES[300:])
    with compress.open(out.getvalue()) as array:
        assert same(array[100:400], PLACES[100:400])


def test_the_header_of_the_page() -> None:
    """The bytes that `docs/format/strings.md` shows are the bytes."""
    header = bytes.fromhex("05 01 01 26 02")
    assert header in compress.compress(np.array(["ab"]))
    assert read_header(header).dtype == np.dtype("<U2")
