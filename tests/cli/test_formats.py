"""Formats: files come back as what they were."""

from __future__ import annotations

import builtins
import io
import struct
import wave
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compress
from compress.cli.coding import chunks_of
from compress.cli.formats import Restored, Source, tables
from tests.cli.shell import run, said

RNG = np.random.default_rng(0)
SAMPLES = np.cumsum(RNG.integers(-9, 10, (40, 30)), axis=1)


def restored(path: Path) -> bytes:
    """Compress and remove a file, decompress it under its own name, and return it."""
    said("-1", "--rm", path)
    assert not path.exists()
    said("-d", f"{path}.fdz")
    return path.read_bytes()


def wav(channels: int, width: int, *, tail: bytes = b"") -> bytes:
    """Write random PCM samples."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(22050)
        out.writeframes(RNG.bytes(50 * channels * width))
    return stream.getvalue() + tail


def float_wav() -> bytes:
    """Write a WAV file of floats, which the standard library does not."""
    samples = RNG.normal(size=60).astype("<f4").tobytes()
    layout = struct.pack("<HHIIHH", 3, 2, 48000, 48000 * 8, 8, 32)
    body = b"WAVEfmt \x10\0\0\0" + layout + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


CSV = (
    'id,price,"a name",when,gap\r\n'
    '1,2.50,"x, ""y""",2020-01-01,\r\n'
    "2,-0.25,z,2020-01-02,7\r\n"
    "-3,10.00,z,2020-01-03,1e-05\r\n"
)
FILES = {
    "mono.wav": wav(1, 2),
    "stereo8.wav": wav(2, 1),
    "deep.wav": wav(2, 3, tail=b"LIST\x04\0\0\0abcd"),
    "whole.wav": wav(1, 4),
    "float.wav": float_wav(),
    "grey.pgm": b"P5\n# made by hand\n30 40\n255\n" + SAMPLES.astype("u1").tobytes(),
    "deep.pgm": b"P5 30 40 65535\n" + SAMPLES.astype(">u2").tobytes() + b"more",
    "colour.ppm": b"P6 10 40 255\n" + SAMPLES.astype("u1").tobytes(),
    "table.csv": CSV.encode(),
    "numbers.csv": b"1.5\n2.25\n1e-07",
    "tabs.tsv": "größe\tb\n1\tNA\n2\t3\n".encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_files_come_back_byte_for_byte(name: str, tmp_path: Path) -> None:
    """Samples, and all that stands around them."""
    path = tmp_path / name
    path.write_bytes(FILES[name])
    assert restored(path) == FILES[name]


def test_users_of_the_array_get_what_they_miss(tmp_path: Path) -> None:
    """The sample rate of a WAV file, the names of columns; samples as numbers."""
    for name in ("stereo8.wav", "table.csv"):
        (tmp_path / name).write_bytes(FILES[name])
        said("-1", tmp_path / name)
    with compress.open(tmp_path / "stereo8.wav.fdz") as sound:
        assert sound.attrs["sample_rate"] == 22050
        assert (sound.shape, sound.dtype) == ((50, 2), np.uint8)
    with compress.open(tmp_path / "table.csv.fdz") as table:
        assert table[...]["price"].tolist() == [2.5, -0.25, 10.0]
        assert table[...]["id"].tolist() == [1, 2, -3]
        assert table.attrs["columns"] == ["id", "price", "a name", "when", "gap"]


fields = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False).map(repr),
    st.decimals(-999, 999, places=2).map(str),
    st.sampled_from(
        ["", "NA", "-0", "+1", "01", "1.", ".5", "1e5", "nan", "inf", "é", '"a,\n""b"']
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(fields, min_size=n, max_size=n),
       min_size=1, max_size=6)), st.sampled_from(["\n", "\r\n"]), st.booleans())  # fmt: skip
def test_any_table_comes_back(rows: list[list[str]], newline: str, ends: bool) -> None:
    """Whatever its fields look like."""
    data = (newline.join(";".join(row) for row in rows) + newline * ends).encode()
    try:
        document = tables.read(Source("a.csv", None, data))
    except ValueError as error:
        # The delimiter or the line ends may be taken for others, and the rows for uneven ones.
        assert "fields" in str(error) or "empty" in str(error) or "quote" in str(error)  # noqa: PT017
        return
    stream = io.BytesIO()
    array = document.array
    details = document.attrs["fdz"]
    tables.write(Restored([array], array.dtype, array.shape, details), stream)
    assert stream.getvalue() == data


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_pictures_come_back_with_their_colour_type(mode: str, tmp_path: Path) -> None:
    """Every sample of a PNG, the colour type, the palette, and the resolution."""
    image_module = pytest.importorskip("PIL.Image")
    image = image_module.fromarray(SAMPLES.astype("u2") if mode == "I;16" else SAMPLES.astype("u1"))
    image = image if image.mode == mode else image.convert(mode)
    path = tmp_path / "a.png"
    image.save(path, dpi=(300, 300))
    before = image_module.open(path)
    before.load()
    restored(path)
    after = image_module.open(path)
    assert (after.mode, after.info["dpi"]) == (mode, before.info["dpi"])
    assert after.tobytes() == before.tobytes()
    assert after.getpalette() == before.getpalette()


def test_tiff_and_bmp(tmp_path: Path) -> None:
    """TIFF of floats and BMP, through the same library."""
    image_module = pytest.importorskip("PIL.Image")
    for name, dtype in (("a.tif", "f4"), ("a.bmp", "u1")):
        image_module.fromarray(SAMPLES.astype(dtype)).save(tmp_path / name)
        restored(tmp_path / name)
        assert np.array_equal(np.asarray(image_module.open(tmp_path / name)), SAMPLES.astype(dtype))


def test_archives(tmp_path: Path) -> None:
    """The arrays of an .npz, deflated or not; damage is found."""
    arrays = {"a": SAMPLES, "b": np.arange(3.0), "scalar": np.array(7)}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "m.npz", **arrays)
        restored(tmp_path / "m.npz")
        with np.load(tmp_path / "m.npz") as back:
            assert {name: back[name].tobytes() for name in back} == {
                name: array.tobytes() for name, array in arrays.items()
            }
        (tmp_path / "m.npz").unlink()
        assert "m.npz.fdz:a.npy" in said("list", tmp_path / "m.npz.fdz")
        said("-t", tmp_path / "m.npz.fdz")
        damaged = bytearray((tmp_path / "m.npz.fdz").read_bytes())
        damaged[120] ^= 1
        (tmp_path / "m.npz.fdz").write_bytes(damaged)
        assert "m.npz.fdz" in said("-t", tmp_path / "m.npz.fdz", status=1)
        (tmp_path / "m.npz.fdz").unlink()


def test_raw_samples(tmp_path: Path) -> None:
    """With a dtype and a shape, from a file and from standard input."""
    path = tmp_path / "samples.bin"
    data = SAMPLES.astype(">i2").tobytes()
    path.write_bytes(data)
    said("-1", "--dtype", ">i2", "--shape", "-1,30", path)
    information = compress.inspect(Path(f"{path}.fdz").read_bytes())
    assert (information.shape, information.dtype) == ((40, 30), np.dtype(">i2"))
    packed = run("-1", "--dtype", ">i2", stdin=data)
    assert run("-d", stdin=packed.out).out == data
    for shape in ("7,-1", "-1,-1", "3", "a"):
        assert "--shape" in said("-f", "--dtype", ">i2", f"--shape={shape}", path, status=1)
    assert "no dtype" in said("-f", "--dtype", "nonsense", path, status=1)


@pytest.mark.parametrize(
    ("name", "library"), [("a.png", "PIL"), ("a.parquet", "pyarrow"), ("a.tif", "PIL")]
)
def test_a_missing_library_is_named(
    name: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how to install it; nothing is said of pickles."""
    load = builtins.__import__

    def without(module: str, *arguments: Any, **options: Any) -> Any:
        if module.split(".", maxsplit=1)[0] == library:
            raise ModuleNotFoundError(f"No module named {library!r}", name=library)
        return load(module, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    (tmp_path / name).write_bytes(b"whatever")
    printed = said(tmp_path / name, status=1)
    assert "pip install" in printed
    assert "pickle" not in printed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.csv", "2 fields, where the first line has 1"),
        ("a.wav", "not a WAV"),
        ("a.png", "no picture"),
        ("a.pgm", "not a binary portable"),
        ("a.jpg", "has lost samples already"),
        ("a.fdz", "is compressed already"),
        ("a.xyz", "--dtype"),
        ("a.npy", "not an .npy file"),
    ],
)
def test_what_is_no_such_file(name: str, words: str, tmp_path: Path) -> None:
    """Each says in one line what is wrong, and nothing of pickles but where they may be."""
    if name == "a.png":
        pytest.importorskip("PIL.Image")
    (tmp_path / name).write_bytes(b"a\nb,c\n")
    printed = said(tmp_path / name, status=1)
    assert words in printed
    assert "pickle" not in printed or name == "a.npy"


def test_bounds_are_for_samples(tmp_path: Path) -> None:
    """A table has indexes into texts, which may not be off."""
    (tmp_path / "a.csv").write_bytes(FILES["table.csv"])
    assert "come back exactly" in said("--max-error", "1", tmp_path / "a.csv", status=1)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=4).map(tuple), st.integers(1, 3))
def test_chunks_are_within_what_a_file_may_have(shape: tuple[int, ...], per: int) -> None:
    """Of no more samples than a chunk of `compress.compress`, and as many axes as the array."""
    chunks = chunks_of(shape, per)
    if chunks is not None:
        assert len(chunks) == len(shape)
        assert np.prod(chunks, dtype=object) * per <= 1 << 20 or chunks[0] == 1


def test_large_arrays_go_chunk_by_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain ones, ones in Fortran order, rows longer than a chunk; from files and from pipes."""
    monkeypatch.setattr("compress.cli.coding._AT_ONCE", 500)
    monkeypatch.setattr("compress.cli.coding._TILE", 250)
    for array in (SAMPLES, np.asfortranarray(SAMPLES), SAMPLES.reshape(1, -1), SAMPLES.ravel()):
        np.save(tmp_path / "a.npy", array)
        data = (tmp_path / "a.npy").read_bytes()
        assert restored(tmp_path / "a.npy") == data
        packed = run("-1", stdin=data)
        assert packed.out == (tmp_path / "a.npy.fdz").read_bytes()
        assert run("-d", stdin=packed.out).out == data
        (tmp_path / "a.npy.fdz").unlink()


def test_a_fault_in_a_chunk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written chunk by chunk is compared as well."""
    from compress.transforms import ordered  # noqa: PLC0415

    inverse = ordered.inverse

    def one_off(*arguments: Any) -> Any:
        plane = inverse(*arguments)
        plane.reshape(-1)[3] += 1
        return plane

    monkeypatch.setattr(ordered, "inverse", one_off)
    path = tmp_path / "a.pgm"
    path.write_bytes(FILES["grey.pgm"])
    assert "please report" in said("-1", path, status=1).lower()
    assert [p.name for p in tmp_path.iterdir()] == ["a.pgm"]


def test_a_wrong_description_is_damage(tmp_path: Path) -> None:
    """Attributes of a stranger give one of our errors, in one line."""
    for details in (
        {"format": "csv"},
        {"format": "csv", "delimiter": ",", "newline": "\n", "texts": "AAAA"},
        {"format": "wav", "head": "no base64"},
        {"format": "png", "mode": "LAB"},
        {"format": "nonsense"},
        7,
    ):
        with compress.Writer(tmp_path / "a.fdz", attrs={"fdz": details}, level=1) as writer:
            writer.append(SAMPLES.astype("u1"))
        printed = said("-d", tmp_path / "a.fdz", "-o", tmp_path / "b", status=1)
        assert printed.startswith("fdz: ")
        assert printed.count("\n") == 1
        assert [p.name for p in tmp_path.iterdir()] == ["a.fdz"]


def test_parquet_tables(tmp_path: Path) -> None:
    """Values, missing ones, types, and what the schema says beside them."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "whole": pa.array([1, None, 3], pa.int64()),
            "float": pa.array([1.5, float("nan"), None]),
            "text": pa.array(["a", None, "é"]),
            "truth": pa.array([True, False, None]),
            "when": pa.array([0, None, 1 << 40], pa.timestamp("us", "UTC")),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        }
    ).replace_schema_metadata({"made by": "a test"})
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    restored(path)
    back = parquet.read_table(path)
    assert back.schema.equals(table.schema)
    assert back.schema.metadata[b"made by"] == b"a test"
    assert [str(one) for one in back.to_pylist()] == [str(one) for one in table.to_pylist()]
    nested = tmp_path / "nested.parquet"
    parquet.write_table(pa.table({"lists": pa.array([[1], [2]])}), nested)
    assert "are not numbers" in said(nested, status=1)


def test_an_archive_of_a_stranger(tmp_path: Path) -> None:
    """Members that could unfold to any size, and other archives, are refused."""
    path = tmp_path / "a.npz.fdz"
    for comment, words in ((b"", "not one of fdz"), (b"fdz npz stored", "not written by fdz")):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.npy.fdz", bytes(10_000))
            archive.comment = comment
        assert words in said("-t", path, status=1)


def test_numbers_of_too_many_decimals_are_not_written(tmp_path: Path) -> None:
    """A stranger's table may not ask for a text of any length."""
    (tmp_path / "a.csv").write_bytes(b"a\n1.5\n")
    document = tables.read(Source("a.csv", tmp_path / "a.csv", None))
    details = dict(document.attrs["fdz"]) | {"kinds": [["decimals", 10**9, None]]}
    with compress.Writer(tmp_path / "a.fdz", attrs={"fdz": details}) as writer:
        writer.append(document.array)
    assert "are not written" in said("-dc", tmp_path / "a.fdz", status=1)
