"""The registry of arrays: what is promised about each entry, and what happens without a package."""

from __future__ import annotations

import importlib.util
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import arrays, sources
from benchmarks.entry import FRESH
from benchmarks.errors import MissingArrayError


def test_there_are_at_least_70_real_arrays_of_every_kind_in_the_suite() -> None:
    """Names are unique, and the kinds cover pictures, signals, grids, tables and weights."""
    assert len(arrays.REAL) >= 70
    assert len(arrays.ENTRIES) == len(arrays.REAL) + len(arrays.SYNTHETIC)
    kinds = {entry.kind for entry in arrays.REAL}
    assert kinds >= {
        "photo grey", "photo RGB", "medical", "astronomy", "audio", "signal", "grid",
        "elevation", "table", "time", "price", "weights", "points", "mesh", "labels", "survey",
        "health", "posterior", "spectra", "map", "series", "genomics", "microscopy",
    }  # fmt: skip


def test_fresh_arrays_come_from_packages_of_their_own() -> None:
    """At least 20 of 12 packages, of which nothing came before; of sizes that say something."""
    fresh = list(arrays.select([FRESH]))
    assert {entry.group for entry in fresh} == {FRESH}
    assert len(fresh) >= 20
    packages = {entry.source for entry in fresh}
    assert len(packages) >= 12
    assert not packages & {entry.source for entry in arrays.DEVELOPED_ON}
    assert all(20_000 <= entry.size <= 1_200_000 for entry in fresh)
    assert len({entry.group for entry in arrays.SYNTHETIC}) == 1


@pytest.mark.parametrize("entry", arrays.ENTRIES.values(), ids=lambda entry: str(entry.name))
def test_each_installed_array_has_the_registered_shape_and_native_order(
    entry: arrays.Entry,
) -> None:
    """`load` gives the shape and dtype that were registered; a missing package says so by name."""
    if entry.missing():
        with pytest.raises(MissingArrayError, match=entry.source.rpartition("/")[2]):
            entry.load()
        return
    array = arrays.load(entry.name)
    assert array.shape == entry.shape
    assert array.dtype == np.dtype(entry.dtype)
    assert array.dtype.isnative
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_loading_twice_gives_independent_copies() -> None:
    """Writing into one does not reach the next."""
    first = arrays.load("noise")
    first[:] = 0
    assert arrays.load("noise").any()


def test_an_absent_package_is_named_and_not_an_import_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An entry whose package is not installed reports it, and loading raises MissingArrayError."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    entry = arrays.entry("camera")
    assert entry.missing() == "package skimage is not installed"
    with pytest.raises(MissingArrayError, match="skimage"):
        entry.load()


def test_another_version_of_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes of another shape must not enter a record under the same name."""
    (tmp_path / "Front_Center.wav").write_bytes(b"")
    monkeypatch.setattr(sources, "directory", lambda _module: tmp_path)
    entry = replace(arrays.entry("speech"), read=lambda _path: np.zeros(3, np.int16))
    with pytest.raises(MissingArrayError, match="registered as int16"):
        entry.load()


def test_an_unknown_name_lists_the_known_ones() -> None:
    """A typing error is answered with what there is."""
    with pytest.raises(ValueError, match=r"'camra'.*camera"):
        arrays.entry("camra")
    with pytest.raises(ValueError, match="camera"):
        list(arrays.select(["camra"]))


def test_select_takes_names_and_kinds() -> None:
    """``--arrays audio,camera`` gives the camera and every sound."""
    chosen = {entry.name for entry in arrays.select(["audio", "camera"])}
    assert {"camera", "speech", "music"} <= chosen
    assert all(arrays.entry(name).kind in {"audio", "photo grey"} for name in chosen)


@pytest.mark.parametrize("name", ["mixture", "laplace", "coins_biased"])
def test_the_entropy_of_an_iid_source_is_that_of_its_samples(name: str) -> None:
    """The empirical entropy lies just below the source's, by about (values - 1) / (2 n ln 2)."""
    entry = arrays.entry(name)
    values, counts = np.unique(arrays.load(name), return_counts=True)
    p = counts / counts.sum()
    bias = values.size / (2 * np.log(2) * entry.size)
    assert entry.entropy is not None
    assert -(p * np.log2(p)).sum() + bias == pytest.approx(entry.entropy, abs=0.005)


def test_safetensors_are_read_without_the_library(tmp_path: Path) -> None:
    """A file made by hand: length, header, two tensors."""
    first, second = np.arange(6, dtype="<f4"), np.arange(8, dtype="<f4").reshape(2, 4)
    header = json.dumps(
        {
            "a": {"dtype": "F32", "shape": [6], "data_offsets": [0, 24]},
            "b": {"dtype": "F32", "shape": [2, 4], "data_offsets": [24, 56]},
        }
    ).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + first.tobytes() + second.tobytes())
    np.testing.assert_array_equal(sources.safetensors(path, "a"), first)
    np.testing.assert_array_equal(sources.safetensors(path, "b"), second)


def test_half_precision_tensors_are_read_too(tmp_path: Path) -> None:
    """Two bytes a sample."""
    values = np.array([0.5, -2.0, 65504.0], "<f2")
    header = json.dumps({"a": {"dtype": "F16", "shape": [3], "data_offsets": [0, 6]}}).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + values.tobytes())
    np.testing.assert_array_equal(sources.safetensors(path, "a"), values)


def test_decimals_are_read_as_the_nearest_float64(tmp_path: Path) -> None:
    """Sixteen digits, an empty field, a comment; one column or several."""
    path = tmp_path / "table.csv"
    path.write_text("a,b\n# a remark\n0.1,1007.6833330000001\n,2.469999999999997\n")
    assert sources.decimals(path, "b").tolist() == [1007.6833330000001, 2.469999999999997]
    table = sources.decimals(path)
    assert table.dtype == np.float64
    assert table.shape == (2, 2)
    assert np.isnan(table[1, 0])


def test_bfloat16_rounds_to_nearest_even() -> None:
    """1 + 2^-8 lies half-way between two bfloat16 and goes to the even one."""
    values = np.array([1.0, 1.0 + 2.0**-8, 1.0 + 3 * 2.0**-8, -2.5], np.float32)
    assert sources.bfloat16_bits(values).tolist() == [0x3F80, 0x3F80, 0x3F82, 0xC020]
