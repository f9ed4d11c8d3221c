"""Several sources in turn in one column: a plane for each.

`compress.transforms.folded` keeps the sources together, for models that see across them; here they
are apart, so that each has its own steps and tables. Parameter: the number of sources. Children:
every so many samples from the first one on, from the second one on, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from compress.errors import CorruptError
from compress.sampling import middle
from compress.transforms.period import period_of
from compress.transforms.sample import central_value
from compress.transforms.step import (
    STAGE_HOLES,
    STAGE_WHOLE,
    Array,
    Child,
    Context,
    Parameters,
    Plane,
    Read,
    Shape,
    Traits,
    check_parameters,
    check_plane,
    is_plane,
)

CODE = 21
NAME = "interleaved"
MAX_SOURCES = 64
_LEAST = 256
_WINDOW = 1 << 12
# Autocorrelation above what chance makes, and how many of its peaks are looked at.
_CHANCE, _PEAKS = 6.0, 3
# Bits a sample that sources must gain, and that more sources must.
_GAIN, _MORE = 0.15, 0.05
# Numbers of bits that a distance may have.
_LENGTHS = 66

TRAITS = Traits(STAGE_WHOLE, whole_plane=True, search_ns=40.0, encode_ns=1.0, decode_ns=1.0)
accepts = is_plane


def candidates(array: Array, context: Context) -> Iterator[Parameters]:
    """Find a short period in the values, or in how large the values or their changes are."""
    if array.size < _LEAST or array.size != max(array.shape):
        return
    flat = array.reshape(-1)
    window = middle(flat, _WINDOW)
    periods = {*_beats(_magnitudes(window)[:-1]), *_beats(_magnitudes(np.diff(window)))}
    period = period_of(flat, context)
    if period is not None:
        periods.add(period)
    # A multiple of the number of sources does as well, but for its shorter planes.
    periods |= {d for d in range(2, MAX_SOURCES + 1) if any(p % d == 0 for p in periods)}
    cost, best = _cost(window, 1) - _GAIN, 1
    for period in sorted(periods):
        if 2 <= period <= min(MAX_SOURCES, window.size // 16):
            bits = _cost(window, period)
            if bits < cost:
                cost, best = bits - _MORE, period
    if best > 1:
        yield (best,)


def _magnitudes(values: Plane) -> Any:
    return np.log2(1 + np.abs((values - central_value(values)).astype(np.float64)))


def _beats(signal: Any) -> list[int]:
    """Lags at which a signal resembles itself most."""
    signal = signal - np.mean(signal)
    energy = float(np.sum(signal**2))
    if energy == 0:
        return []
    spectrum = np.fft.rfft(signal, 1 << (signal.size + MAX_SOURCES).bit_length())
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: MAX_SOURCES + 1] / energy
    peaks = np.argsort(-correlation[2:])[:_PEAKS] + 2
    return [int(lag) for lag in peaks if correlation[lag] > _CHANCE / np.sqrt(signal.size)]


def _cost(window: Plane, sources: int) -> float:
    """Bits of a sample, about, where each source is coded by its values or its changes."""
    rows = window[: window.size // sources * sources].reshape(-1, sources)
    costs = []
    for values in (rows, np.diff(rows, axis=0)):
        centres = np.partition(values, len(values) // 2, axis=0)[len(values) // 2]
        distances = (values - centres).astype(np.float64)
        lengths = np.frexp(np.abs(distances))[1].astype(np.int64)
        places = lengths + _LENGTHS * np.arange(sources)
        counts = np.bincount(places.reshape(-1), minlength=_LENGTHS * sources)
        shares = counts.reshape(sources, _LENGTHS) / len(values)
        entropies = -np.sum(shares * np.log2(np.maximum(shares, 1e-9)), axis=1)
        # The number of samples and values is finite: entropies are too small by this (Miller).
        excess = 0.72 * (np.count_nonzero(shares, axis=1) - 1) / len(values)
        costs.append(entropies + excess + np.mean(lengths, axis=0))
    return float(np.mean(np.minimum(*costs)))


def split(array: Array, parameters: Parameters) -> tuple[Child, ...] | None:
    """Take the sources."""
    (sources,) = parameters
    flat = array.reshape(-1)
    planes = [np.ascontiguousarray(flat[i::sources]) for i in range(min(sources, flat.size))]
    return tuple(Child(plane, "channel", next_stage=STAGE_HOLES) for plane in planes)


def inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> Array:
    """Put the samples in turn."""
    check_plane(NAME, dtype)
    check_parameters(NAME, parameters, (1, MAX_SOURCES))
    (sources,) = parameters
    plane = np.empty(shape, np.int64)
    flat = plane.reshape(-1)
    if flat.size < sources:
        raise CorruptError(f"{NAME}: {flat.size} samples are not of {sources} sources")
    for i in range(sources):
        flat[i::sources] = read((-(-(flat.size - i) // sources),))
    return plane
