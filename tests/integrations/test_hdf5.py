"""HDF5 datasets: what is written comes back, part by part, and says what reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compress
from compress.integrations import hdf5
from compress.integrations.hdf5 import is_ours, read_dataset, write_dataset
from tests.integrations.battery import ARRAYS
from tests.strategies import same

GRID = (np.add.outer(np.arange(37) ** 2, np.arange(53)) + 1).astype(np.float32)
SHARED = {name: a for name, a in ARRAYS.items() if a.dtype.kind not in "Mm" and a.ndim}


@pytest.fixture
def file() -> Iterator[h5py.File]:
    """Make a file in memory."""
    with h5py.File("test.h5", "w", driver="core", backing_store=False) as opened:
        yield opened


@pytest.mark.parametrize("array", SHARED.values(), ids=SHARED)
def test_every_array_of_the_battery(array: np.ndarray[Any, Any], file: h5py.File) -> None:
    """Every dtype that HDF5 and the library share, in either byte order and any layout."""
    dataset = write_dataset(file, "a/b", array, level=1)
    assert is_ours(dataset)
    assert (dataset.shape, dataset.dtype) == (array.shape, array.dtype)
    assert same(read_dataset(file["a/b"]), array)


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_selections_are_those_of_numpy(data: st.DataObject) -> None:
    """Any integers, slices and an ellipsis; chunks that no multiple of the shape is."""
    dataset = _in_chunks(data.draw(st.sampled_from([(37, 53), (10, 20), (37, 7), (8, 53)])))
    bounds = st.none() | st.integers(-60, 60)
    slices = st.builds(slice, bounds, bounds, st.none() | st.integers(1, 30))
    item = [st.integers(-n, n - 1) | slices for n in GRID.shape]
    selection = data.draw(
        st.tuples(*item) | st.tuples(st.just(...), item[1]) | st.tuples(item[0]) | item[0]
    )
    assert same(read_dataset(dataset, selection), np.asarray(GRID[selection]))


@cache
def _in_chunks(chunks: tuple[int, int]) -> h5py.Dataset:
    opened = h5py.File(f"{chunks}.h5", "w", driver="core", backing_store=False)
    return write_dataset(opened, "x", GRID, chunks=chunks, level=1)


def test_only_chunks_that_are_touched_are_decoded(
    file: h5py.File, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row in the middle: the chunks of that row; a step over chunks: not those between."""
    calls = []

    def counted(data: bytes, **options: Any) -> Any:
        calls.append(len(data))
        return compress.decompress(data, **options)

    monkeypatch.setattr(hdf5, "decompress", counted)
    dataset = write_dataset(file, "x", GRID, chunks=(8, 10), level=1)
    for selection, expected in [(17, 6), ((3, 4), 1), (slice(1, 37, 32), 12), ((slice(0), 1), 0)]:
        calls.clear()
        assert same(read_dataset(dataset, selection), GRID[selection])
        assert len(calls) == expected


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        ((1, 2, 3), IndexError),
        (37, IndexError),
        ((..., 1, ...), IndexError),
        (slice(None, None, -1), ValueError),
        ([1, 2], TypeError),
        (True, TypeError),
        ("x", TypeError),
    ],
)
def test_what_is_no_selection(selection: Any, error: type[Exception], file: h5py.File) -> None:
    """It is refused by name."""
    dataset = write_dataset(file, "x", GRID, level=1)
    with pytest.raises(error):
        read_dataset(dataset, selection)


def test_other_readers_are_told(file: h5py.File) -> None:
    """h5py fails rather than give bytes for samples, and an attribute says what reads them."""
    dataset = write_dataset(file, "x", GRID, level=1)
    with pytest.raises(OSError, match="read data"):
        dataset[:]
    told = json.loads(dataset.attrs["fourier_compress"])
    assert "compress.integrations.hdf5.read_dataset" in told["reader"]
    plain = file.create_dataset("plain", data=GRID)
    assert not is_ours(plain)
    assert same(read_dataset(plain, (3, slice(5))), GRID[3, :5])


def test_a_bound_and_fill_values(file: h5py.File) -> None:
    """Samples come back within the bound, the fill value exactly; chunks not there hold it."""
    values = np.random.default_rng(0).normal(0, 9, GRID.shape).astype(np.float32)
    values[3:9, 4] = -9999.5
    dataset = write_dataset(
        file, "x", values, chunks=(10, 53), maxshape=(None, 53), fillvalue=-9999.5, level=1,
        max_error=0.25,
    )  # fmt: skip
    dataset.resize(50, axis=0)
    back = read_dataset(dataset)
    assert np.abs(back[:37].astype("f8") - values).max() <= 0.25
    assert not np.array_equal(back[:37], values)
    assert (back[:37][values == -9999.5] == -9999.5).all()
    assert (back[40:] == -9999.5).all()


def test_a_model_for_every_chunk(file: h5py.File) -> None:
    """It lies in the file once, and a reader needs nothing else."""
    rows = np.random.default_rng(0).integers(0, 9, (64, 64)).astype(np.int16)
    model = compress.fit(rows, level=3)
    dataset = write_dataset(file, "x", rows, chunks=(16, 16), level=1, model=model)
    assert same(read_dataset(dataset, slice(20, 30)), rows[20:30])
    streams = [dataset.id.read_direct_chunk((i, 0))[1] for i in (0, 16)]
    with pytest.raises(compress.ModelMismatchError):
        compress.decompress(streams[0])


def test_attributes_and_scales_are_kept(file: h5py.File) -> None:
    """Of a dataset that is rewritten: its samples, attributes, labels, and dimension scales."""
    old = file.create_dataset("old", data=GRID)
    old.attrs["units"] = "kelvin"
    file["y"] = np.arange(37.0)
    file["y"].make_scale("y")
    old.dims[0].attach_scale(file["y"])
    old.dims[0].label = "north"
    new = write_dataset(file, "new", old, level=1)
    assert new.attrs["units"] == "kelvin"
    assert new.dims[0].label == "north"
    assert new.dims[0][0] == file["y"]
    assert same(read_dataset(new), GRID)
    other = write_dataset(file, "other", old, level=1, attributes={"a": 1})
    assert set(other.attrs) == {"a", "fourier_compress"}


@pytest.mark.parametrize("place", [0, 5, 40, -1])
def test_damage_names_the_chunk(place: int, file: h5py.File) -> None:
    """A changed byte, three bytes, a foreign stream: the chunk is named; the others still read."""
    dataset = write_dataset(file, "g/x", GRID, chunks=(20, 53), level=1)
    _, data = dataset.id.read_direct_chunk((20, 0))
    damaged = bytearray(data)
    damaged[place] ^= 0x20
    for content in (bytes(damaged), b"\x89FD", compress.compress(GRID)):
        dataset.id.write_direct_chunk((20, 0), content, 0)
        with pytest.raises(compress.CompressError, match=r"chunk at \(20, 0\) of /g/x"):
            read_dataset(dataset)
        assert same(read_dataset(dataset, slice(20)), GRID[:20])


@pytest.mark.parametrize(
    ("data", "options", "error"),
    [
        (np.float32(1), {}, ValueError),
        (np.array([b"ab"], object), {}, TypeError),
        (GRID, {"level": 10}, ValueError),
        (GRID, {"chunks": (5,)}, ValueError),
        (GRID, {"chunks": (0, 5)}, ValueError),
        (GRID, {"model": "AAAA"}, ValueError),
        (GRID, {"model": compress.fit(np.arange(99), level=1)}, ValueError),
        (GRID, {"attributes": {"x": object()}}, TypeError),
    ],
)
def test_what_cannot_be_written_leaves_nothing(
    data: Any, options: dict[str, Any], error: type[Exception], file: h5py.File
) -> None:
    """No dataset without samples stays in the file."""
    with pytest.raises(error):
        write_dataset(file, "x", data, **options)
    assert list(file) == []


def test_chunks_without_the_filter(file: h5py.File) -> None:
    """HDF5 marks chunks that a filter was left out for: such samples are read, too."""
    dataset = write_dataset(file, "x", GRID, chunks=(20, 53), level=1)
    dataset.id.write_direct_chunk((0, 0), GRID[10:30].tobytes(), 1)
    assert same(read_dataset(dataset), np.concatenate([GRID[10:30], GRID[20:]]))
    dataset.id.write_direct_chunk((0, 0), GRID[:3].tobytes(), 1)
    with pytest.raises(compress.CorruptError, match=r"chunk at \(0, 0\)"):
        read_dataset(dataset)


def test_in_a_netcdf_file(tmp_path: Path) -> None:
    """A variable beside those of netCDF, with its dimensions: listed by netCDF4, read here."""
    path = tmp_path / "t.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for name, size in (("y", 37), ("x", 53)):
            dataset.createDimension(name, size)
            dataset.createVariable(name, "f8", (name,))[:] = np.arange(size)
    with h5py.File(path, "r+") as opened:
        new = write_dataset(opened, "t", GRID, level=1, attributes={"units": "K"})
        for dimension, name in zip(new.dims, ("y", "x"), strict=True):
            dimension.attach_scale(opened[name])
    with netCDF4.Dataset(path) as dataset:
        assert dataset["t"].dimensions == ("y", "x")
        assert dataset["t"].units == "K"
        assert np.array_equal(dataset["x"][:], np.arange(53))
        with pytest.raises(RuntimeError):
            dataset["t"][:]
    with h5py.File(path) as opened:
        assert same(read_dataset(opened["t"], (slice(None), 7)), GRID[:, 7])
