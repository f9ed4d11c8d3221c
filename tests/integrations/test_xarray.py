"""Datasets through xarray's `encoding`: a real one, and one with everything a variable may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import iris_sample_data
import numpy as np
import pytest
import xarray as xr
import zarr

from compress.integrations.numcodecs import FourierCompress
from compress.integrations.xarray import encoding
from compress.integrations.zarr import FourierCompressCodec
from tests.strategies import same


def entry(zarr_format: int, **settings: Any) -> dict[str, Any]:
    """Make the encoding of a variable for either format of zarr."""
    if zarr_format == 2:
        return {"compressors": FourierCompress(level=1, **settings)}
    return {"serializer": FourierCompressCodec(level=1, **settings), "compressors": None}


def through_zarr(
    dataset: xr.Dataset, encoding: dict[str, Any], zarr_format: int, folder: Path
) -> xr.Dataset:
    """Write and read."""
    path = folder / "dataset.zarr"
    dataset.to_zarr(path, encoding=encoding, zarr_format=zarr_format, consolidated=False)
    return xr.open_zarr(path, consolidated=False, chunks=None).load()


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_real_dataset_exactly(zarr_format: int, tmp_path: Path) -> None:
    """Air temperatures, their coordinates and attributes come back identical."""
    with xr.open_dataset(Path(iris_sample_data.path) / "E1_north_america.nc") as dataset:
        part = dataset.isel(time=slice(0, 24)).load()
    encoding = {"air_temperature": entry(zarr_format), "latitude": entry(zarr_format)}
    back = through_zarr(part, encoding, zarr_format, tmp_path)
    xr.testing.assert_identical(back.air_temperature, part.air_temperature)
    xr.testing.assert_identical(back.latitude, part.latitude)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_bound_for_each_variable(zarr_format: int, tmp_path: Path) -> None:
    """Each variable keeps its own bound; missing values stay missing; one without is exact."""
    rng = np.random.default_rng(0)
    times = np.arange("2000-01-01", "2000-04-10", dtype="M8[D]").astype("M8[ns]")
    fields = {
        "fine": rng.normal(size=(100, 30)).cumsum(0),
        "coarse": rng.normal(size=(100, 30)).cumsum(0).astype(np.float32),
        "exact": rng.normal(size=(100, 30)),
    }
    for values in fields.values():
        values[rng.random(values.shape) < 0.05] = np.nan
    dataset = xr.Dataset(
        {name: (("time", "x"), values) for name, values in fields.items()}, {"time": times}
    )
    encoding = {
        "fine": entry(zarr_format, max_error=1e-3),
        "coarse": {**entry(zarr_format, max_error=0.5), "_FillValue": np.float32(-9999)},
        "exact": {**entry(zarr_format), "_FillValue": -9999.0},
        "time": entry(zarr_format),
    }
    back = through_zarr(dataset, encoding, zarr_format, tmp_path)
    for name, bound in (("fine", 1e-3), ("coarse", 0.5), ("exact", 0.0)):
        np.testing.assert_array_equal(np.isnan(back[name]), np.isnan(dataset[name]))
        error = np.abs(back[name].values.astype(np.float64) - dataset[name].values)
        assert np.nanmax(error) <= bound
    assert same(back["exact"].values, dataset["exact"].values)
    xr.testing.assert_identical(back.time, dataset.time)


def test_packed_integers_and_shards(tmp_path: Path) -> None:
    """The encodings that xarray applies before zarr work with the codec, and so do shards."""
    values = np.linspace(0, 30, 4096).reshape(64, 64)
    dataset = xr.Dataset({"t": (("y", "x"), values)})
    encoding = {
        "t": {
            **entry(3),
            "dtype": "int16",
            "scale_factor": 0.01,
            "_FillValue": -32768,
            "chunks": (16, 16),
            "shards": (64, 32),
        }
    }
    back = through_zarr(dataset, encoding, 3, tmp_path)
    assert np.abs(back.t - values).max() <= 0.005 + 1e-12
    stored = zarr.open_array(tmp_path / "dataset.zarr", path="t", mode="r")
    assert (stored.chunks, stored.shards, stored.dtype) == ((16, 16), (64, 32), np.dtype("i2"))


def test_appending(tmp_path: Path) -> None:
    """Appended slices are coded like the first, with the codec of the metadata."""
    values = np.arange(600.0).reshape(30, 20)
    whole = xr.Dataset({"t": (("time", "x"), values)})
    path = tmp_path / "dataset.zarr"
    first, second = whole.isel(time=slice(0, 20)), whole.isel(time=slice(20, None))
    first.to_zarr(path, encoding={"t": entry(3)}, zarr_format=3, consolidated=False)
    second.to_zarr(path, append_dim="time", consolidated=False)
    back = xr.open_zarr(path, consolidated=False, chunks=None).load()
    xr.testing.assert_identical(back, whole)
    stored = zarr.open_array(path, path="t", mode="r")
    assert stored.serializer == FourierCompressCodec(level=1)


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")  # of strings
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_the_encoding_of_a_whole_dataset(zarr_format: int, tmp_path: Path) -> None:
    """Bounds by name and by attribute; coordinates, integers, times exact; strings as ever."""
    rng = np.random.default_rng(0)
    shape = (40, 30)
    dataset = xr.Dataset(
        {
            "named": (("time", "x"), rng.normal(size=shape).cumsum(0)),
            "marked": (("time", "x"), rng.normal(size=shape), {"max_error": np.float32(0.5)}),
            "exact": (("time", "x"), rng.normal(size=shape)),
            "count": (("time", "x"), rng.integers(0, 99, shape)),
            "label": ("x", np.array([f"station {i}" for i in range(30)], object)),
        },
        {
            "time": np.arange("2000-01-01", "2000-02-10", dtype="M8[D]").astype("M8[ns]"),
            "x": np.linspace(0, 1, 30),
        },
    )
    entries = encoding(
        dataset, level=1, max_error={"named": 0.01}, attribute="max_error", zarr_format=zarr_format
    )
    assert "label" not in entries
    back = through_zarr(dataset, entries, zarr_format, tmp_path)
    for name, bound in (("named", 0.01), ("marked", 0.5)):
        error = float(np.abs(back[name] - dataset[name]).max())
        assert 0 < error <= bound
    for name in ("exact", "count", "label", "time", "x"):
        xr.testing.assert_identical(back[name].variable, dataset[name].variable)


def test_one_bound_for_all_that_is_measured() -> None:
    """A number is the bound of floating-point data variables, and of nothing else."""
    dataset = xr.Dataset({"t": ("x", [1.5, 2.5]), "n": ("x", [1, 2])}, {"x": [0.1, 0.2]})
    entries = encoding(dataset, max_error=0.25)
    bounds = {name: entry["serializer"].max_error for name, entry in entries.items()}
    assert bounds == {"t": 0.25, "n": None, "x": None}


def test_packed_variables(tmp_path: Path) -> None:
    """Lossless: packed as they were. With a bound: not packed, and the bound is on the values."""
    values = np.linspace(0, 30, 4096).reshape(64, 64)
    source = tmp_path / "source.nc"
    packing = {"dtype": "int16", "scale_factor": 0.01, "_FillValue": -32768}
    xr.Dataset({"t": (("y", "x"), values)}).to_netcdf(source, encoding={"t": packing})
    with xr.open_dataset(source) as opened:
        dataset = opened.load()
    exact = through_zarr(dataset, encoding(dataset, level=1), 3, tmp_path / "exact")
    xr.testing.assert_equal(exact, dataset)
    stored = zarr.open_array(tmp_path / "exact" / "dataset.zarr", path="t", mode="r")
    assert stored.dtype == np.int16
    back = through_zarr(dataset, encoding(dataset, level=1, max_error=0.1), 3, tmp_path / "bounded")
    assert float(np.abs(back.t - dataset.t).max()) <= 0.1


def test_from_format_3_to_format_2(tmp_path: Path) -> None:
    """What was read from format 3 is written as format 2 without the codecs of format 3."""
    dataset = xr.Dataset({"t": (("y", "x"), np.arange(600.0).reshape(30, 20))})
    read = through_zarr(dataset, encoding(dataset, level=1), 3, tmp_path / "3")
    with pytest.raises(ValueError, match="serializer"):
        through_zarr(read, {}, 2, tmp_path / "fails")
    entries = encoding(read, level=1, zarr_format=2)
    xr.testing.assert_identical(through_zarr(read, entries, 2, tmp_path / "2"), dataset)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"max_error": {"z": 1.0}}, KeyError, "'z'"),
        ({"max_error": {"t": -1.0}}, ValueError, "-1"),
        ({"attribute": "units"}, TypeError, "'K'"),
        ({"zarr_format": 4}, ValueError, "2 or 3"),
        ({"level": 0}, ValueError, "level"),
    ],
)
def test_what_makes_no_encoding(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Refused before anything is written."""
    dataset = xr.Dataset({"t": ("x", [1.5, 2.5], {"units": "K"})})
    with pytest.raises(error, match=words):
        encoding(dataset, **options)
